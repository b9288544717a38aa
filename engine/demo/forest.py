"""The demo's real place: a forest in Romania, seen by Sentinel-2 alone, in which clearings appear."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter

from ..acquisitions.cube import CubeSource, clear_share, days_since_epoch
from ..acquisitions.local import open_local
from ..acquisitions.options import ReadOptions
from ..acquisitions.samples import Sample, open_sample
from ..acquisitions.source import LocalSource
from ..views.composite import TRUE_COLOUR
from ..views.curves import Axis
from ..views.page import Picture, Row, Section
from ..views.series import Place
from .chapter import Chapter, Setting, band_curve, cloudiest, embedding_curves

SUMMER = range(6, 10)
MOSTLY_CLEAR = 0.5  # fewer dates than `embed` takes, so that the demo stays short


def forest_section(setting: Setting) -> tuple[Chapter, Section]:
    """Embed the sample `romania` and draw it."""
    sample = open_sample("romania")
    source = sample.sources["s2"]
    times = [acquisition.time for acquisition in source.acquisitions]
    clear = clear_share(source)
    cloudy = cloudiest(clear, times, SUMMER)
    days = np.array([days_since_epoch(time) for time in times])
    wanted = (clear >= MOSTLY_CLEAR) | (np.arange(len(days)) == cloudy)
    chapter = Chapter.embedded(setting, "romania", sample.sources, days[wanted])
    summers = _clear_summers(times, clear)
    dates = [chapter.nearest(times[frame]) for frame in summers]
    rows = [
        Row(
            "Sentinel-2 in true colour, one clear day a summer.",
            [chapter.composite(TRUE_COLOUR, f) for f in summers],
        ),
        Row(_ROW_PCA, [chapter.pca(date) for date in dates]),
        Row(_ROW_CLOUD, _under_cloud(chapter, sample, cloudy) if cloudy is not None else []),
        Row("", [_curves(chapter, sample, summers)]),
    ]
    return chapter, _section(chapter, sample, rows)


_ROW_PCA = (
    "The embedding on the same days: its first three principal components as red, green and blue. The colours were "
    "fitted once, over all dates, so that they can be compared between dates."
)
_GAP_FILLED = "Gap-filled embedding, in the colours of above. Patches: where it rests on other dates."
_ROW_CLOUD = (
    "A day on which clouds hid the ground: as recorded, as filled by the model, and what that rests on."
)


def _section(chapter: Chapter, sample: Sample, rows: Sequence[Row]) -> Section:
    acquisitions = sample.sources["s2"].acquisitions
    years = f"{acquisitions[0].time.year} to {acquisitions[-1].time.year}"
    facts = [
        ("area", chapter.size),
        ("acquisitions", f"{len(acquisitions)} of Sentinel-2, {years}"),
        ("embedded dates", str(len(chapter.times))),
        ("Sentinel-1", "absent"),
    ]
    text = (
        f"Measured by Sentinel-2, nothing simulated. Clearings spread as the forest is cut. {_seen(chapter)}"
    )
    return Section(sample.title, text, rows, "real", facts, sample.attribution)


def _seen(chapter: Chapter) -> str:
    """Whether the model was trained on this very place, from its own record."""
    data = chapter.setting.checkpoint.training.get("data", [])
    if any("romania" in entry["name"] and entry["split"] == "train" for entry in data):
        return (
            "The model was trained on this place, among others: it shows the path, not the skill elsewhere."
        )
    return ""


def _clear_summers(times: Sequence[datetime], clear: npt.NDArray[np.float64], most: int = 4) -> list[int]:
    """The clearest acquisition of each July to September, of up to `most` years."""
    years = sorted({time.year for time in times})
    best = []
    for year in years:
        mine = [i for i, time in enumerate(times) if time.year == year and time.month in (7, 8, 9)]
        if mine and clear[mine].max() > 0.97:
            best.append(max(mine, key=lambda i: clear[i]))
    return (
        [best[i] for i in np.unique(np.linspace(0, len(best) - 1, most).round().astype(int))] if best else []
    )


def _under_cloud(chapter: Chapter, sample: Sample, frame: int) -> list[Picture]:
    """A date on which nothing was seen: as recorded, gap-filled, and how far that reached."""
    day = sample.sources["s2"].acquisitions[frame].time
    date = chapter.nearest(day)
    return [
        chapter.composite(TRUE_COLOUR, frame, of=_unmasked(sample), caption="As recorded."),
        chapter.pca(date, caption=_GAP_FILLED),
        chapter.support(date),
    ]


def _unmasked(sample: Sample) -> CubeSource:
    """The same acquisitions, clouds left in."""
    source = sample.sources["s2"]
    assert isinstance(source, LocalSource)
    paths = sorted(Path(path) for path in source.report.paths)
    options = ReadOptions.sentinel2_dn().but(scl_invalid=frozenset({0}), mask_dilation=0)
    return open_local(paths, source.modality, grid=sample.grid, options=options)


def _curves(chapter: Chapter, sample: Sample, summers: Sequence[int]) -> Picture:
    """Two pixels: one that stayed forest, one that was cut."""
    stayed, cut = _places(sample.sources["s2"], summers)
    rows = chapter.series([stayed, cut])
    axes = [
        Axis(
            "NDVI (–)",
            [band_curve(rows, stayed, "NDVI", "stayed forest"), band_curve(rows, cut, "NDVI", "was cut")],
        ),
        Axis("embedding (–)\nstayed forest", embedding_curves(rows, stayed)),
        Axis("embedding (–)\nwas cut", embedding_curves(rows, cut)),
    ]
    caption = (
        f"Pixel {stayed.row}, {stayed.col} and pixel {cut.row}, {cut.col} (row, column): the least and the largest "
        "change of summer NDVI. Filled dots: the pixel was clear that day; open dots: gap-filled."
    )
    return chapter.curves("series", "Two pixels over all dates", axes, caption)


def _places(source: CubeSource, summers: Sequence[int]) -> tuple[Place, Place]:
    """The green pixel whose NDVI changed least from the first to the last summer, and the one that lost most."""
    cube = source.read(source.grid.window, [summers[0], summers[-1]])
    red, infrared = (cube.values[:, cube.modality.bands.index(band)] for band in ("B04", "B08"))
    ndvi = (infrared - red) / np.maximum(infrared + red, 1e-3)
    change = uniform_filter(ndvi[0] - ndvi[1], 3)  # of 3 × 3 pixels, so that no speck is taken for a clearing
    loss = np.where((ndvi[0] > 0.7) & cube.validity[:, 2].all(axis=0), change, np.nan)
    stayed = np.unravel_index(np.nanargmin(np.abs(loss)), loss.shape)
    cut = np.unravel_index(np.nanargmax(loss), loss.shape)
    return Place("stayed forest", int(stayed[0]), int(stayed[1])), Place("was cut", int(cut[0]), int(cut[1]))
