"""What is found below a path, where not all of it may be looked into."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from phenolens.engine.acquisitions.discover import take_stock
from phenolens.engine.errors import AcquisitionError

NOBODY = 65534


@pytest.fixture
def scenes() -> Iterator[Path]:
    """A folder in which somebody without special rights looks for scenes, in two others below it."""
    if not hasattr(os, "geteuid"):
        pytest.skip("rights are another matter here")
    root = os.geteuid() == 0  # who may look into everything
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        for kind in ("open", "closed"):
            (folder / kind).mkdir()
            (folder / kind / "S2_20200501.tif").touch()
        if root:
            os.seteuid(NOBODY)
        yield folder
        if root:
            os.seteuid(0)
        (folder / "closed").chmod(0o755)


def close(folder: Path, rights: int) -> None:
    mine = os.geteuid()
    if folder.stat().st_uid != mine:
        os.seteuid(folder.stat().st_uid)
    folder.chmod(rights)
    os.seteuid(mine)


@pytest.mark.parametrize("rights", [0o000, 0o444], ids=["nothing", "names alone"])
def test_a_folder_that_may_not_be_looked_into_is_left_out_beside_others(scenes: Path, rights: int) -> None:
    close(scenes / "closed", rights)
    stock = take_stock([scenes])
    assert [one.parent.name for one in stock.geotiffs] == ["open"]
    ((path, error),) = stock.refused
    assert path == scenes / "closed"
    assert "Permission denied" in error.cause


def test_alone_it_is_an_error_with_a_way_out(scenes: Path) -> None:
    close(scenes / "closed", 0o000)
    for path in (scenes / "closed", scenes / "closed" / "S2_20200501.tif"):
        with pytest.raises(AcquisitionError, match="can't be looked into: Permission denied") as error:
            take_stock([path])
        assert error.value.remedy == "allow reading it, or give another one"
