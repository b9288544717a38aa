"""A window over a real service with a small store of a real forest, without a screen."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# the browser of the area map ends a program of root's
os.environ.setdefault("QTWEBENGINE_DISABLE_SANDBOX", "1")

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr
from phenolens.engine.client import EngineClient
from phenolens.engine.client.launch import stop
from PySide6.QtCore import QEvent, QSettings, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit
from rasterio.transform import from_origin

WAIT_MS = 120_000
STORE = "forest.zarr"
DAYS = ",".join(f"{year}-{month:02}-15" for year in (2019, 2020) for month in range(3, 11))
X, Y = 600_000, 5_000_000
"""The upper left corner of files that a test makes, in metres of UTM 32 north."""
SHOTS = os.environ.get("PHENOLENS_SHOTS")
"""A folder that gets a picture of what tests look at."""


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corner of the real forest sample (48 × 48 pixels) and its embeddings."""
    folder = tmp_path_factory.mktemp("prepared")
    sample = Path(str(resources.files("phenolens.resources") / "samples" / "romania"))
    with xr.open_dataset(sample / "romania_10m_2019_2021.nc", engine="h5netcdf", decode_cf=False) as whole:
        corner = whole.isel(x=slice(0, 48), y=slice(0, 48)).load()
    for variable in corner.variables.values():
        variable.encoding.clear()
    corner.to_netcdf(folder / "forest.nc", engine="h5netcdf")
    asked = {"--s2": "forest.nc", "--s2-as": "s2-dn", "--dates": DAYS, "--out": STORE}
    embed = ["embed", *(word for pair in asked.items() for word in pair)]
    subprocess.run(
        [sys.executable, "-m", "phenolens.engine", *embed], check=True, capture_output=True, cwd=folder
    )
    return folder


@pytest.fixture(scope="module")
def workspace(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy with a service of its own: what the tests of one file leave is nothing to those of another."""
    folder = tmp_path_factory.mktemp("workspace")
    shutil.copytree(prepared, folder, dirs_exist_ok=True)
    yield folder
    stop(folder)


@pytest.fixture
def window(qtbot, workspace: Path, tmp_path: Path) -> Iterator:
    """The main window, with the engine ready and nothing open; the test may move it to another workspace."""
    from phenolens.app.engine_link import EngineLink
    from phenolens.app.main_window import MainWindow
    from phenolens.app.theme import apply_theme, theme_named

    application = QApplication.instance()
    theme = theme_named("light")
    apply_theme(application, theme)
    link = EngineLink(workspace)
    settings = QSettings(str(tmp_path / "app.ini"), QSettings.Format.IniFormat)
    shown = MainWindow(link, theme, settings)
    shown.resize(1440, 900)
    shown.show()
    QTest.keyClick(shown, Qt.Key.Key_Control)  # Shift of the last click of the test before is held no more
    assert QGuiApplication.keyboardModifiers() == Qt.KeyboardModifier.NoModifier
    link.start()
    qtbot.waitUntil(lambda: link.state.name in ("ready", "busy"), timeout=WAIT_MS)
    yield shown
    if moved := link.workspace != workspace:  # what still starts can't be stopped
        qtbot.waitUntil(lambda: link.state.name in ("ready", "busy"), timeout=WAIT_MS)
    shown.close()
    if moved:
        stop(link.workspace)
    shown.deleteLater()  # else every further window takes longer: a style is set for all there are
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def until(qtbot, workspace: Path) -> Callable[[Callable[[], bool]], None]:
    """`until(condition)` lets the window live until it holds; else it tells what the engine was at."""

    def wait(condition: Callable[[], bool]) -> None:
        try:
            qtbot.waitUntil(condition, timeout=WAIT_MS)
        except qtbot.TimeoutError:
            pytest.fail(f"waited in vain; the last jobs: {_last_jobs(workspace)}")

    return wait


def _last_jobs(workspace: Path) -> list[str]:
    with EngineClient.of_workspace(workspace) as client:
        return [f"{job.kind} {job.state} {job.error or ''}" for job in client.jobs.list(limit=5).jobs]


@pytest.fixture
def opened(window, until):
    """The window with the store open and its map drawn."""
    window.stores.open(STORE)
    until(lambda: "base" in window.map.shown)
    return window


@pytest.fixture
def trigger() -> Callable:
    """`trigger(window, "Guide")` does what the entry of a menu does."""

    def do(window, name: str) -> None:
        next(action for action in window.actions() if action.text() == name).trigger()

    return do


@pytest.fixture
def choose() -> Callable:
    """`choose(window, path)` answers the file dialog that is open as a user does who types."""

    def do(window, path: Path) -> None:
        dialog = window.findChild(QFileDialog)
        assert dialog.isVisible()
        dialog.findChild(QLineEdit, "fileNameEdit").setText(str(path))
        dialog.accept()
        assert not dialog.isVisible()

    return do


@pytest.fixture
def areas(window, until):
    """What there is of the first two steps, not shown yet, with the samples known."""
    from phenolens.app.features.areas import Areas

    found = window.findChild(Areas)
    until(lambda: len(found.data_at_hand.at_hand) >= 2)
    return found


@pytest.fixture
def landscape() -> tuple[float, float, float, float]:
    """A corner of the simulated sample: 30 by 33 pixels."""
    return 10.300, 46.030, 10.304, 46.033


@pytest.fixture
def look(request: pytest.FixtureRequest) -> Callable:
    """Keeps a picture of a widget where `PHENOLENS_SHOTS` names a folder."""

    def keep(widget, name: str = "") -> None:
        picture = widget.grab()
        assert not picture.isNull()
        if SHOTS:
            Path(SHOTS).mkdir(parents=True, exist_ok=True)
            picture.save(str(Path(SHOTS) / f"{request.node.name}{name}.png"))

    return keep


@pytest.fixture
def radar(tmp_path) -> Path:
    """A Sentinel-1 cube that doesn't say what its numbers are."""
    axes = {
        "time": np.array(["2020-01-05", "2020-01-17"], "datetime64[ns]"),
        "y": Y - 10 * np.arange(40) - 5,
        "x": X + 10 * np.arange(40) + 5,
    }
    values = np.full((2, 40, 40), 400, np.uint16)
    cube = xr.Dataset(dict.fromkeys(("VV", "VH"), (("time", "y", "x"), values)), axes)
    cube["crs"] = ((), 0, {"spatial_ref": "EPSG:32632"})
    for band in ("VV", "VH"):
        cube[band].attrs["grid_mapping"] = "crs"
    (tmp_path / "cube").mkdir()
    cube.to_netcdf(tmp_path / "cube" / "radar.nc", engine="h5netcdf")
    return tmp_path / "cube" / "radar.nc"


@pytest.fixture
def nameless(tmp_path) -> Path:
    """Two GeoTIFFs of four bands that nobody described, in units that nobody stated."""
    folder = tmp_path / "nameless"
    folder.mkdir()
    profile = {"driver": "GTiff", "count": 4, "dtype": "uint16", "width": 40, "height": 40,
               "crs": "EPSG:32632", "transform": from_origin(X, Y, 10, 10)}  # fmt: skip
    for day in ("20200105", "20200117"):
        with rasterio.open(folder / f"scene_{day}.tif", "w", **profile) as file:
            file.write(np.arange(4 * 40 * 40, dtype=np.uint16).reshape(4, 40, 40) + 300)
    return folder
