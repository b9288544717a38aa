"""Talk to a Phenolens service from any Python: the standard library alone, Python 3.9 or newer.

    from phenolens.engine.client import EngineClient, start

    start("~/landscape")                                  # unless it runs already
    with EngineClient.of_workspace("~/landscape") as client:
        job = client.jobs.submit("embed", {"sources": {"sample": "landscape"}, "out": "landscape.zarr"})
        client.jobs.wait(job.id, listener=print).outcome()

The QGIS plugin carries this folder under a name of its own, so it imports nothing else of the engine.
"""

from .discovery import PROTOCOL, Discovery, find
from .engine_client import EngineClient
from .errors import ServiceError
from .launch import start, stop
from .loopback import LoopbackTransport
from .transport import Request, Response, Stream, Transport

__all__ = [
    "PROTOCOL",
    "Discovery",
    "EngineClient",
    "LoopbackTransport",
    "Request",
    "Response",
    "ServiceError",
    "Stream",
    "Transport",
    "find",
    "start",
    "stop",
]
