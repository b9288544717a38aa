"""Where workers come from: clusters named in one word, Slurm, and what is missing for them."""

import os
import subprocess
import sys

import pytest
from phenolens.engine.__main__ import main
from phenolens.engine.errors import InputError, ResourceError
from phenolens.engine.inference import cluster
from phenolens.engine.inference.cluster import ClusterChoice, connected

pytest.importorskip("distributed")

# a killed worker's sockets and tasks are left by distributed to be collected, some time later, and then complain
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("nothing_left"),
]


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("tcp://10.0.0.7:8786", ClusterChoice("address", address="tcp://10.0.0.7:8786")),
        ("tls://head.cluster:8786", ClusterChoice("address", address="tls://head.cluster:8786")),
        ("local:3", ClusterChoice("local", least=3, most=3)),
        ("slurm", ClusterChoice("slurm")),
        ("slurm:0-20", ClusterChoice("slurm", least=0, most=20)),
        ("k8s:4", ClusterChoice("k8s", least=4, most=4)),
        ("ssh:a,b", ClusterChoice("ssh", hosts=("a", "b"), least=2, most=2)),
    ],
)
def test_a_cluster_is_named_in_one_word(text, choice):
    assert ClusterChoice.parse(text) == choice


@pytest.mark.parametrize(
    "text", ["", "local:0", "local:-1", "local:5-2", "local:many", "ssh", "ssh:a,", "tcp://host", "pbs:2"]
)
def test_what_names_no_cluster_is_an_input_error(text):
    with pytest.raises(InputError, match=r"names no Dask cluster|at least one worker"):
        ClusterChoice.parse(text)


def test_the_command_refuses_what_names_no_cluster_before_it_reads(capsys):
    assert main(["embed", "--s2", "none.nc", "--dask", "pbs:2"]) == 2
    assert "names no Dask cluster" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "package"), [("k8s:1", "kubernetes"), ("slurm:1", "cluster")])
def test_a_package_that_is_not_installed_is_named(text, package, monkeypatch):
    for name in ("dask_kubernetes", "dask_jobqueue"):
        monkeypatch.setitem(sys.modules, name, None)
    with (
        pytest.raises(ResourceError, match=rf"not installed.*phenolens\[{package}\]"),
        connected(ClusterChoice.parse(text)),
    ):
        pytest.fail("there is no such cluster")


def test_slurm_without_its_settings_says_what_is_missing():
    pytest.importorskip("dask_jobqueue")
    with (
        pytest.raises(ResourceError, match=r"slurm workers can't be started.*scaling\.md"),
        connected(ClusterChoice.parse("slurm:1")),
    ):
        pytest.fail("no cores and no memory were stated")


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """A folder of the job scripts that were handed to a stand-in for Slurm, which runs them on this machine."""
    import dask

    pytest.importorskip("dask_jobqueue")
    queue = tmp_path / "queue"
    queue.mkdir()
    number = 'number=$(ls "$0.jobs" 2>/dev/null | wc -l); mkdir -p "$0.jobs"; touch "$0.jobs/$number"'
    run = f'cp "$1" {queue}/$number.sh; setsid bash {queue}/$number.sh >{queue}/$number.log 2>&1 &'
    commands = {
        "sbatch": f'{number}\n{run}\necho $! >{queue}/$number.pid\necho "Submitted batch job $number"',
        "scancel": f"kill -TERM -- -$(cat {queue}/$1.pid)\nmv {queue}/$1.pid {queue}/$1.cancelled",
    }
    for name, lines in commands.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{lines}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    settings = {"cores": 1, "memory": "2GB", "walltime": "00:05:00", "queue": "standard"}
    settings["scheduler-options"] = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    with dask.config.set({f"jobqueue.slurm.{name}": value for name, value in settings.items()}):
        yield queue


def test_slurm_jobs_come_with_the_work_and_are_cancelled_after_it(slurm):
    with connected(ClusterChoice.parse("slurm:0-2")) as client:
        assert not list(slurm.iterdir())
        assert client.submit(abs, -3).result(timeout=60) == 3
    script = (slurm / "0.sh").read_text()
    assert "#SBATCH -p standard" in script
    assert "#SBATCH --mem=2G" in script
    assert "export MALLOC_TRIM_THRESHOLD_=" in script
    assert "--nthreads 1" in script
    assert (slurm / "0.cancelled").exists()


def test_a_scheduler_that_is_not_there_is_an_error(monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.2)
    with (
        pytest.raises(ResourceError, match="can't be reached"),
        connected(ClusterChoice.parse("tcp://127.0.0.1:9")),
    ):
        pytest.fail("nobody listens there")


def test_the_engine_does_without_dask_until_it_is_asked_for():
    program = (
        "import sys; import phenolens.engine.inference.cluster, phenolens.engine.inference.runner; "
        "import phenolens.engine.commands.embed, phenolens.engine.commands.scaled; "
        "sys.exit('distributed' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
