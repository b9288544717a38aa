"""Every error that leaves a route becomes an answer of one shape."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import compile_path

from ..errors import EngineError
from .faults import LONGEST_VALUE, STATUS, described, unforeseen
from .schema import FaultAnswer

_STATUSES = (400, 403, 404, 408, 409, 413, 422, 500, 503, 507)
FAULTS: dict[int | str, dict[str, Any]] = {status: {"model": FaultAnswer} for status in _STATUSES}
"""For the description of the interface: how every route tells an error."""
_SCHEMA = {"schema": {"$ref": "#/components/schemas/FaultAnswer"}}
STREAM_FAULTS: dict[int | str, dict[str, Any]] = {
    status: {"description": HTTPStatus(status).phrase, "content": {"application/json": _SCHEMA}}
    for status in _STATUSES
}
"""The same of a route whose answers are a stream: its errors are JSON all the same."""
_CODES = {403: "forbidden", 404: "not-found", 405: "method", 413: "too-large"}


def answer(error: EngineError) -> JSONResponse:
    """The answer to a request that ended in `error`."""
    return JSONResponse({"error": described(error)}, STATUS.get(error.code, 500))


def install(app: FastAPI) -> None:
    """Let every error that leaves a route become such an answer."""

    @app.exception_handler(EngineError)
    async def engine(_request: Request, error: EngineError) -> JSONResponse:
        return answer(error)

    @app.exception_handler(RequestValidationError)
    async def request(_request: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse({"error": validation_fault(error.errors())}, STATUS["request"])

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        code = _CODES.get(error.status_code, "request")
        fault = {"code": code, "cause": str(error.detail), "value": None, "remedy": "see /v1/openapi.json"}
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(_methods(request))
        return JSONResponse({"error": fault}, error.status_code, headers)


def _methods(request: Request) -> list[str]:
    """What may be done at a path: routes say it of themselves alone, and several share a path."""
    described: dict[str, dict[str, object]] = request.app.openapi()["paths"]
    fitting = (path for path in described if compile_path(path)[0].match(request.scope["path"]))
    return sorted({method.upper() for path in fitting for method in described[path]})


def internal(error: Exception) -> JSONResponse:
    """The answer to a request that ended in an error that nobody foresaw."""
    return JSONResponse({"error": unforeseen(error)}, STATUS["internal"])


def validation_fault(errors: Any) -> dict[str, Any]:
    """The first of pydantic's complaints: where it is, what is wrong, what was given."""
    first = errors[0]
    place = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path"))
    cause = f"{place}: {first['msg']}" if place else str(first["msg"])
    given = first.get("input")
    value = None if given is None or isinstance(given, (dict, list)) else ascii(given)[:LONGEST_VALUE]
    more = f"{len(errors) - 1} more of that kind; " if len(errors) > 1 else ""
    return {"code": "request", "cause": cause, "value": value, "remedy": f"{more}see /v1/openapi.json"}
