"""The machines behind `--dask`: a scheduler that runs already, or workers that are started for this run alone.

What a cluster needs beyond its size (queue, account, cores, image, TLS) is Dask's own configuration
(`~/.config/dask/*.yaml`, `DASK_…` variables): it is not invented a second time here. dask.distributed is imported only
when a cluster is asked for.
"""

import logging
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, cast

from ..errors import InputError, ResourceError

if TYPE_CHECKING:
    from distributed import Client

log = logging.getLogger(__name__)

Kind = Literal["address", "local", "ssh", "slurm", "k8s"]
_ADDRESS = re.compile(r"(tcp|tls|ws|wss|ucx)://[^\s/]+:\d+")
_COUNT = re.compile(r"(\d+)(?:-(\d+))?")
REMEDY = "write tcp://host:8786, local:2, ssh:host1,host2, slurm:4 or k8s:4; 1-20 for a number that adapts"
CONNECT_SECONDS = 20
# Dask has workers give freed memory back at once. A block's arrays are freed and asked for all the time: the system
# spent as long on handing pages out as the model on computing. One machine leaves it to the C library, and so do they.
_KEEP_MEMORY = {"distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None}
_KEEP_MEMORY_IN_SHELL = ["export MALLOC_TRIM_THRESHOLD_=1073741824", "export MALLOC_MMAP_THRESHOLD_=33554432"]


@dataclass(frozen=True)
class ClusterChoice:
    """Where the workers of a run come from, and how many there are."""

    kind: Kind
    address: str = ""
    """Of a scheduler that runs already."""
    hosts: tuple[str, ...] = ()
    """ssh: the first one runs the scheduler as well."""
    least: int = 1
    most: int = 1
    """Above `least`: workers (slurm: jobs) come and go with the work."""

    @classmethod
    def parse(cls, text: str) -> "ClusterChoice":
        """`tcp://host:8786`, `local:2`, `slurm:4`, `slurm:0-20`, `k8s:4`, `ssh:host1,host2`; else `InputError`."""
        if _ADDRESS.fullmatch(text):
            return cls("address", address=text)
        kind, _, rest = text.partition(":")
        hosts = tuple(host.strip() for host in rest.split(","))
        if kind == "ssh" and all(hosts):
            return cls("ssh", hosts=hosts, least=len(hosts), most=len(hosts))
        count = _COUNT.fullmatch(rest or "1")
        if kind not in ("local", "slurm", "k8s") or count is None:
            raise InputError("this names no Dask cluster", value=text, remedy=REMEDY)
        least = int(count[1])
        most = int(count[2] or least)
        if most < max(least, 1):
            raise InputError("a cluster needs at least one worker", value=text, remedy=REMEDY)
        return cls(cast(Kind, kind), least=least, most=most)

    @property
    def adapts(self) -> bool:
        return self.most > self.least


@contextmanager
def connected(choice: ClusterChoice) -> "Iterator[Client]":
    """A client of the cluster; workers that were started for it end with the block.

    `ResourceError` where a package is not installed, the scheduler can't be reached or workers can't be started."""
    distributed = _imported("distributed", "cluster")
    for name in (
        "distributed.client",
        "distributed.utils",
    ):  # what they log of a lost scheduler, errors say again
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if choice.kind == "address":
        with _client(distributed, choice.address) as client:
            yield client
        return
    with (
        _imported("dask", "cluster").config.set(_KEEP_MEMORY),
        _started(choice) as cluster,
        _client(distributed, cluster) as client,
    ):
        yield client


def _client(distributed: Any, where: Any) -> Any:
    try:
        return distributed.Client(where, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise ResourceError(
            "the Dask scheduler can't be reached",
            value=where,
            remedy=f"check that it runs and that this machine may connect to it ({error})",
        ) from error


def _started(choice: ClusterChoice) -> Any:
    starters = {"local": _local, "ssh": _ssh, "slurm": _slurm, "k8s": _kubernetes}
    try:
        return starters[choice.kind](choice)
    except ImportError as error:  # TLS of local workers, or SSH, without their packages
        raise _missing(str(error.name or error), "cluster") from error
    except (OSError, RuntimeError, ValueError, TypeError) as error:  # what the managers say of wrong settings
        raise ResourceError(
            f"the {choice.kind} workers can't be started",
            value=str(error).splitlines()[0] if str(error) else type(error).__name__,
            remedy="check Dask's configuration for it, see resources/help/scaling.md",
        ) from error


def _local(choice: ClusterChoice) -> Any:
    from distributed import LocalCluster  # noqa: PLC0415 - only when it is asked for

    # errors come back to the caller; that a worker died and was replaced does not
    logging.getLogger("distributed.nanny").setLevel(logging.WARNING)
    # pages that every user of this machine could read
    pages: dict[str, list[str]] = {f"distributed.{side}.http.routes": [] for side in ("scheduler", "worker")}
    with _interrupts_ignored(), import_module("dask").config.set(pages):
        cluster = LocalCluster(
            n_workers=choice.least,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
            # TLS: through an open port other users of this machine could run code as this one
            security=True,
        )
    return _adapting(cluster, choice)


def _ssh(choice: ClusterChoice) -> Any:
    from distributed import SSHCluster  # noqa: PLC0415 - only when it is asked for

    return SSHCluster([choice.hosts[0], *choice.hosts], worker_options={"nthreads": 1})


def _slurm(choice: ClusterChoice) -> Any:
    jobqueue = _imported("dask_jobqueue", "cluster")  # brings its settings into Dask's configuration
    given = import_module("dask").config.get("jobqueue.slurm.job-script-prologue")
    cluster = jobqueue.SLURMCluster(job_script_prologue=[*given, *_KEEP_MEMORY_IN_SHELL])
    if choice.adapts:  # a job may hold several workers: both ends are counted in jobs
        cluster.adapt(minimum_jobs=choice.least, maximum_jobs=choice.most)
    else:
        cluster.scale(jobs=choice.least)
    return cluster


def _kubernetes(choice: ClusterChoice) -> Any:
    operator = _imported("dask_kubernetes.operator", "kubernetes")
    return _adapting(operator.KubeCluster(n_workers=choice.least, quiet=True), choice)


def _adapting(cluster: Any, choice: ClusterChoice) -> Any:
    if choice.adapts:
        cluster.adapt(minimum=choice.least, maximum=choice.most)
    return cluster


def _imported(name: str, extra: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise _missing(name, extra) from error


def _missing(name: str, extra: str) -> ResourceError:
    return ResourceError(
        "a package for work on several machines is not installed",
        value=name,
        remedy=f"pip install 'phenolens[{extra}]'",
    )


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Ctrl-C reaches all processes of a terminal: those started here leave it to this one to stop them in order."""
    if threading.current_thread() is not threading.main_thread():  # signals belong to the main thread
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
