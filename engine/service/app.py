"""The service as a web application: guarded, described, errors of one shape."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from .. import __version__
from .answers import FAULTS, install
from .guard import Guard
from .routes import area, files, jobs, probes, projections, reads, sources, system
from .service import Service


def create_app(service: Service) -> FastAPI:
    """The application of a service, which it starts and stops with itself."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await service.start()
        try:
            yield
        finally:
            await service.stop()

    app = FastAPI(
        title="Phenolens",
        version=__version__,
        lifespan=lifespan,
        openapi_url="/v1/openapi.json",
        docs_url=None,  # those pages load their scripts from the web
        redoc_url=None,
        responses=FAULTS,
    )
    app.state.service = service
    install(app)
    for router in (
        system.router,
        jobs.router(service.queue.kinds),
        reads.router,
        projections.router,
        probes.router,
        files.router,
        area.router,
        sources.router,
    ):
        app.include_router(router, prefix="/v1")
    app.add_middleware(Guard, service=service)
    return app
