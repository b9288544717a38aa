"""What nobody may see, and what the engine never does, whatever it is asked for."""

import ast
import os
import stat
from pathlib import Path

import phenolens.engine
import psutil
import pytest
from phenolens.engine.service import guard
from phenolens.engine.service.serve import _PrivateLog

FOLDER = Path(phenolens.engine.__file__).parent
SOURCES = sorted(path for path in FOLDER.rglob("*.py") if "__pycache__" not in path.parts)
TABLE = b"lon,lat\n25,45\n"


def texts_of(folder, *but):
    return [
        path.read_bytes().decode(errors="replace")
        for path in folder.rglob("*")
        if path.is_file() and path.name not in but
    ]


def open_to_others(folder):
    """What isn't for its user alone, by its mode."""
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}
    return {
        str(path): oct(mode) for path, mode in modes.items() if mode != (0o700 if path.is_dir() else 0o600)
    }


def test_everything_that_a_service_writes_for_itself_is_for_its_user_alone(serve):
    """With the umask of a careless user, in a folder that others may read."""
    before = os.umask(0)
    try:
        service = serve()
        (service.root / "data").mkdir()
        service.ask.run("chat")
        service.ask.run("crash")
        service.client.post("/v1/files", params={"name": "a.csv"}, content=TABLE)
        found = open_to_others(service.root / ".phenolens") | open_to_others(service.root / "uploads")
        names = {path.name for path in service.root.rglob("*")}
    finally:
        os.umask(before)
    assert {"log.txt", "service.log", "service.json", "jobs.sqlite", "a.csv"} <= names
    assert not found


def test_a_log_that_is_begun_anew_is_for_its_user_alone(tmp_path):
    path = tmp_path / "service.log"
    before = os.umask(0)
    try:
        log = _PrivateLog(path, maxBytes=100, backupCount=1, encoding="utf-8")
        log.doRollover()
        log.close()
    finally:
        os.umask(before)
    assert [stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()] == [0o600, 0o600]


def test_settings_and_notes_of_jobs_are_for_this_user_alone(workspace, tmp_path):
    from phenolens.engine.service.jobs.context import JobContext

    before = os.umask(0)
    try:
        workspace.add_data_folder(tmp_path)
        JobContext(workspace, workspace.state / "jobs").own(workspace.root / "out.zarr")
    finally:
        os.umask(before)
    files = [path for path in workspace.state.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"settings.json", "owned.json"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_the_token_is_nowhere_but_in_the_discovery_file(serve, fifo):
    """Not in answers, errors, logs, history, the report of diagnostics, or what `ps` shows of any process."""
    service = serve()
    token = service.discovery["token"]
    assert len(token) >= 43  # 32 bytes
    service.ask.submit("hold", fifo=str(fifo))
    fifo.read_text()
    family = [
        psutil.Process(service.process.pid),
        *psutil.Process(service.process.pid).children(recursive=True),
    ]
    assert len(family) > 1  # a worker, too
    shown = [" ".join(process.cmdline()) for process in family]
    shown += [" ".join(process.environ().values()) for process in family]
    wrong = {"Authorization": f"Bearer {token}x"}
    asked = [
        service.client.get("/v1/diagnostics"),
        service.client.get("/v1/hello"),
        service.client.get("/v1/openapi.json"),
        service.client.get("/v1/hello", headers=wrong),
        service.client.get("/v1/absent"),
        service.client.get("/v1/jobs", params={"state": "none"}),
        service.client.post("/v1/jobs", content=b"{"),
        service.client.get("/v1/files", params={"path": "absent"}),
    ]
    assert [answer.status_code for answer in asked] == [200, 200, 200, 403, 404, 422, 422, 400]
    service.client.post("/v1/shutdown")
    said = service.process.communicate()
    told = [*shown, *said, service.said, *(answer.text for answer in asked)]
    told += texts_of(service.root, "service.json")
    assert not open_to_others(service.root / ".phenolens")
    assert not [text[:200] for text in told if token in text]


def test_a_token_is_compared_in_constant_time(monkeypatch, ask):
    compared = []

    def compare(given, wanted):
        compared.append((given, wanted))
        return given == wanted

    monkeypatch.setattr(guard.hmac, "compare_digest", compare)
    assert ask.client.get("/v1/hello", headers={"Authorization": "Bearer wrong"}).status_code == 403
    assert ask.client.get("/v1/hello").status_code == 200
    assert compared[0][0] == b"Bearer wrong"
    assert len(compared) == 2
    tree = ast.parse(Path(guard.__file__).read_text(encoding="utf-8"))
    plain = [node for node in ast.walk(tree) if isinstance(node, ast.Compare)]
    assert not [
        ast.unparse(node) for node in plain if "wanted" in ast.unparse(node) or "token" in ast.unparse(node)
    ]


def test_two_services_have_two_tokens(serve):
    first = serve()
    token = first.discovery["token"]
    first.client.post("/v1/shutdown")
    first.process.communicate()
    second = serve()
    assert second.discovery["token"] != token
    assert second.client.get("/v1/hello", headers={"Authorization": f"Bearer {token}"}).status_code == 403


def test_it_listens_on_this_machine_alone(serve):
    service = serve()
    listening = psutil.Process(service.process.pid).net_connections(kind="inet")
    assert {line.laddr.ip for line in listening if line.status == psutil.CONN_LISTEN} == {"127.0.0.1"}


FORBIDDEN = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"}


def unsafe(tree):
    """What of a module could run code that a file holds, by line."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [
                (node.lineno, alias.name) for alias in node.names if alias.name.partition(".")[0] in FORBIDDEN
            ]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = {node.module.partition(".")[0], *(alias.name for alias in node.names)}
            found += [(node.lineno, node.module)] if names & FORBIDDEN else []
        elif isinstance(node, ast.Call) and not safe_call(node):
            found.append((node.lineno, ast.unparse(node)))
    return found


def safe_call(node):
    name, given = ast.unparse(node.func), {one.arg: ast.unparse(one.value) for one in node.keywords}
    if given.get("allow_pickle", "False") != "False" or (None in given and name.startswith("np.")):
        return False
    if name in {"torch.load", "torch.jit.load"}:
        return given.get("weights_only") == "True"
    read = name.endswith((".read_pickle", ".to_pickle", "yaml.load", "yaml.unsafe_load"))
    return not (
        read
        or name in {"eval", "exec", "compile", "__import__", "os.system", "os.popen"}
        or given.get("shell", "False") != "False"
    )


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "import os, pickle as p",
        "import joblib",
        "from joblib import load",
        "from sklearn.externals import joblib",
        "np.load(path, allow_pickle=True)",
        "np.load(path, **more)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "torch.load(path, weights_only=flag)",
        "pandas.read_pickle(path)",
        "subprocess.run(text, shell=True)",
        "eval(text)",
    ],
)
def test_what_the_search_for_pickles_looks_for_is_found(line):
    assert unsafe(ast.parse(line))


def test_no_module_reads_pickles_or_runs_text():
    """But one, which needs the name of the error that torch's own safe reader raises."""
    found = {
        f"{path.relative_to(FOLDER).as_posix()}:{line}": what
        for path in SOURCES
        for line, what in unsafe(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert len(SOURCES) > 100
    named = {place.partition(":")[0]: what for place, what in found.items()}
    assert named == {"representation/published.py": "pickle"}, found
    text = (FOLDER / "representation" / "published.py").read_text(encoding="utf-8")
    tree = ast.parse(text)
    used = [
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "pickle"
    ]
    assert used == ["UnpicklingError"]
