"""The engine as a face sees it: one object for one workspace's service."""

from __future__ import annotations

from types import TracebackType

from .discovery import PROTOCOL, AnyPath
from .errors import VersionMismatch
from .files import Files
from .jobs import Jobs
from .loopback import LoopbackTransport
from .probes import Probes
from .projections import Projections
from .results import Diagnostics, Hello, Status
from .sampling import Sampling
from .sources import SourcesAtHand
from .transport import Request, Transport
from .views import Views

DIAGNOSTICS_S = 120.0  # a process that loads PyTorch on a busy machine


class EngineClient:
    """Asks one service: its jobs, what it shows of stores, its probes, its files, the data at hand, samples of maps.

    Safe to use from several threads. Every method raises a `ServiceError` that says cause, value and remedy.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.jobs = Jobs(transport)
        self.views = Views(transport)
        self.projections = Projections(transport)
        self.probes = Probes(transport)
        self.files = Files(transport)
        self.sources = SourcesAtHand(transport)
        self.sampling = Sampling(transport)

    @classmethod
    def of_workspace(cls, workspace: AnyPath) -> EngineClient:
        """The client of the service that runs in `workspace`; checks that both speak the same protocol.

        `NotRunning` if there is none (see `launch.start`), `VersionMismatch` if it can't be understood.
        """
        client = cls(LoopbackTransport.of_workspace(workspace))
        try:
            client.hello()
        except BaseException:
            client.close()
            raise
        return client

    def __enter__(self) -> EngineClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of connections; the service goes on."""
        self._transport.close()

    def hello(self) -> Hello:
        """Who answers; `VersionMismatch` if it speaks another protocol than this client."""
        told = self._transport.send(Request("GET", "/v1/hello")).checked().parsed()
        _check_protocol(told)  # first: another protocol may tell the rest otherwise
        return Hello.from_json(told)

    def status(self) -> Status:
        return Status.from_json(self._transport.send(Request("GET", "/v1/status")).checked().parsed())

    def diagnostics(self) -> Diagnostics:
        """What a bug report should carry; takes some seconds."""
        request = Request("GET", "/v1/diagnostics", timeout_s=DIAGNOSTICS_S)
        return Diagnostics.from_json(self._transport.send(request).checked().parsed())

    def shutdown(self) -> None:
        """End the service; jobs that run are interrupted and can be resumed."""
        self._transport.send(Request("POST", "/v1/shutdown")).checked()


def _check_protocol(told: object) -> None:
    there = told.get("protocol") if isinstance(told, dict) else None
    if there == PROTOCOL or not isinstance(there, int):
        return
    older = "the engine" if there < PROTOCOL else "this program (the app or the QGIS plugin)"
    raise VersionMismatch(
        "this program and the engine's service don't speak the same protocol",
        value=f"{PROTOCOL} here, {there} there",
        remedy=f"update {older}, then start the service again",
    )
