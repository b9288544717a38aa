"""A small area of the forest sample, as flags of `phenolens embed`."""

from pathlib import Path

SAMPLE = Path(__file__).parents[2] / "resources" / "samples" / "romania" / "romania_10m_2019_2021.nc"
BOUNDS = "22.150,45.204,22.1525,45.2055"
AREA = ["--s2", str(SAMPLE), "--s2-as", "s2-dn", f"--bounds={BOUNDS}", "--crs", "EPSG:3035"]
DATES = ["--dates", "2019-07-01,2019-07-21,2019-08-30"]


def names_in(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir())
