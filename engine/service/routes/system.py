"""The service itself: who it is, how it fares, what the machine offers, its end."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from ..overview import overview
from ..schema import Diagnostics, Hello, Status
from ..service import Here

router = APIRouter(tags=["system"])


@router.get("/hello")
async def hello(service: Here) -> Hello:
    """Version and protocol; the first thing that a face asks for."""
    return Hello.model_validate(service.hello())


@router.get("/status")
async def status(service: Here) -> Status:
    """Uptime, jobs by state, memory."""
    return Status.model_validate(service.status())


@router.get("/diagnostics")
async def diagnostics(service: Here) -> Diagnostics:
    """What a bug report should carry; takes some seconds."""
    return Diagnostics.model_validate(await service.diagnostics())


@router.post("/shutdown", status_code=202)
async def shutdown(service: Here) -> Status:
    """End the service; jobs that run are interrupted and can be resumed."""
    service.shutdown()
    return Status.model_validate(service.status())


@router.get("/docs", include_in_schema=False)
async def docs(request: Request) -> HTMLResponse:
    """A page that lists everything that can be asked."""
    return HTMLResponse(overview(request.app.openapi()))
