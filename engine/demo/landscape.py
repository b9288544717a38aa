"""The demo's simulated place: both sensors, clouds, and a truth to compare with."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt

from ..acquisitions.cube import CubeSource, clear_share, days_since_epoch
from ..acquisitions.samples import open_sample
from ..acquisitions.simulate import LAND_COVER, Landscape
from ..grid import Window
from ..inference.reach import Days
from ..views.composite import SENTINEL1_COMPOSITE, TRUE_COLOUR
from ..views.curves import Axis, Curve
from ..views.layer import Layer, Palette
from ..views.page import Picture, Row, Section
from ..views.series import Place
from .chapter import Chapter, Setting, band_curve, cloudiest, embedding_curves
from .probing import probe_rows

PART = Window(
    64, 64, 128, 128
)  # of the sample, with all its classes: half as wide takes a quarter of the time
FIRST, LAST = datetime(2020, 4, 1, tzinfo=UTC), datetime(2020, 10, 31, tzinfo=UTC)
SUMMER = range(6, 9)
WINTER_CEREAL, MAIZE = 1, 2


def landscape_section(setting: Setting) -> tuple[Chapter, Section]:
    """Embed a part of the sample `landscape` every few days of a growing season and draw it."""
    sample = open_sample("landscape")
    assert isinstance(sample.truth, Landscape)
    truth = replace(sample.truth, grid=sample.grid.crop(PART))
    sources = {name: truth.source(name) for name in ("s1", "s2")}
    clear = _within_season(sources["s2"], clear_share(sources["s2"]))
    cloudy = cloudiest(clear, _times(sources["s2"]), SUMMER)
    frames = [_clearest(_times(sources["s2"]), clear, months) for months in ((4, 5), (7, 8), (9, 10))]
    shown = frames if cloudy is None else [*frames, cloudy]
    chapter = Chapter.embedded(setting, "landscape", sources, _targets(sources["s2"], clear, shown))
    rows = [
        *_seasons(chapter, frames),
        Row(_ROW_CLOUD, _under_cloud(chapter, truth, cloudy) if cloudy is not None else []),
        Row("", [_curves(chapter, truth)]),
        *probe_rows(chapter, truth, chapter.nearest(_times(sources["s2"])[shown[-1]])),
    ]
    return chapter, _section(chapter, rows, sample.attribution)


_ROW_CLOUD = (
    "A day on which simulated clouds hid everything: the embedding, filled from the dates around it and from radar; "
    "what it rests on; and the land cover that the simulation was made from."
)


def _times(source: CubeSource) -> list[datetime]:
    return [acquisition.time for acquisition in source.acquisitions]


def _within_season(source: CubeSource, clear: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Clear shares, NaN outside the season."""
    return np.where([FIRST <= time <= LAST for time in _times(source)], clear, np.nan)


def _targets(source: CubeSource, clear: npt.NDArray[np.float64], shown: Sequence[int]) -> Days:
    """Every other Sentinel-2 date of the season, clear or not, and those that are shown."""
    season = np.flatnonzero(np.isfinite(clear))
    times = _times(source)
    return np.array([days_since_epoch(times[frame]) for frame in np.union1d(season[::2], shown)])


def _section(chapter: Chapter, rows: Sequence[Row], credit: str) -> Section:
    counts = {
        name: sum(FIRST <= time <= LAST for time in _times(source))
        for name, source in chapter.sources.items()
    }
    facts = [
        ("area", chapter.size),
        ("simulated acquisitions", f"{counts['s2']} of Sentinel-2, {counts['s1']} of Sentinel-1"),
        ("embedded dates", f"{len(chapter.times)}, {FIRST:%B} to {LAST:%B %Y}"),
    ]
    text = (
        "Every pixel here is simulated: fields, forests, water and a town with known land cover and productivity, "
        "seen by a simulated Sentinel-2 and Sentinel-1. It shows both sensors together, which the bundled real place "
        "can't. What works here need not work on a real place."
    )
    return Section("Simulated landscape, Sentinel-2 and Sentinel-1", text, rows, "simulated", facts, credit)


def _seasons(chapter: Chapter, frames: Sequence[int]) -> list[Row]:
    """True colour, radar and embedding in spring, summer and autumn."""
    optical, radar = _times(chapter.sources["s2"]), _times(chapter.sources["s1"])
    days = [optical[frame] for frame in frames]
    passes = [int(np.argmin([abs((time - day).total_seconds()) for time in radar])) for day in days]
    return [
        Row(
            "Sentinel-2 in true colour (simulated).",
            [chapter.composite(TRUE_COLOUR, frame) for frame in frames],
        ),
        Row(
            "Sentinel-1 (simulated): VV, VH and VV−VH in dB as red, green and blue, speckle included.",
            [chapter.composite(SENTINEL1_COMPOSITE, frame) for frame in passes],
        ),
        Row(
            "The embedding, from both sensors, in colours fitted once over all dates.",
            [chapter.pca(chapter.nearest(day)) for day in days],
        ),
    ]


def _clearest(times: Sequence[datetime], clear: npt.NDArray[np.float64], months: tuple[int, int]) -> int:
    inside = np.array([time.month in months for time in times])
    return int(np.nanargmax(np.where(inside, clear, np.nan)))


def _under_cloud(chapter: Chapter, truth: Landscape, frame: int) -> list[Picture]:
    """A day on which the simulated Sentinel-2 saw nothing, what was made of it, and the truth."""
    date = chapter.nearest(_times(chapter.sources["s2"])[frame])
    return [
        chapter.pca(date, caption="Gap-filled embedding, in the colours of above."),
        chapter.support(date),
        _land_cover(chapter, truth),
    ]


def _land_cover(chapter: Chapter, truth: Landscape) -> Picture:
    """The truth behind the simulation, in the colours of its classes."""
    palette = Palette(
        dict.fromkeys(range(256), (0, 0, 0, 0)) | {c.code: _rgba(c.colour) for c in LAND_COVER}, 1, 255
    )
    layer = Layer(
        "Simulated land cover", truth.grid, lambda w: truth.land_cover(w)[None], ("land cover",), palette
    )
    legend = [(c.colour, c.name) for c in LAND_COVER]
    return chapter.draw(layer, "land-cover-truth", "Land cover, the simulated truth", legend=legend)


def _rgba(colour: str) -> tuple[int, int, int, int]:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue, 255


def _curves(chapter: Chapter, truth: Landscape) -> Picture:
    """Two crops over the season, with the productivity that the simulation knows."""
    classes = truth.land_cover(truth.grid.window)
    cereal, maize = _inner(classes, WINTER_CEREAL, "winter cereal"), _inner(classes, MAIZE, "maize")
    rows = [
        row for row in chapter.series([cereal, maize]) if FIRST.isoformat() <= row["date"] <= LAST.isoformat()
    ]
    both = (cereal, maize)
    axes = [
        Axis("NDVI (–)", [band_curve(rows, place, "NDVI", place.name) for place in both]),
        Axis("VH (dB)", [band_curve(rows, place, "VH", place.name) for place in both]),
        Axis("true GPP\n(gC m⁻² d⁻¹)", [_productivity(truth, place) for place in both]),
        *(Axis(f"embedding (–)\n{place.name}", embedding_curves(rows, place)) for place in both),
    ]
    caption = (
        "All simulated. Dots: single acquisitions, cloud left out. Embedding: filled dots where Sentinel-2 saw the "
        "pixel that day, open dots where it was gap-filled."
    )
    return chapter.curves("series", "Two crops over a season (simulated)", axes, caption)


def _productivity(truth: Landscape, place: Place) -> Curve:
    days = np.array([day for day in truth.days if days_since_epoch(FIRST) <= day <= days_since_epoch(LAST)])
    values = truth.gpp(Window(place.row, place.col, 1, 1), days)[:, 0, 0]
    return Curve(place.name, [datetime.fromtimestamp(int(day) * 86_400, UTC) for day in days], values)


def _inner(classes: npt.NDArray[np.uint8], code: int, name: str) -> Place:
    """The pixel of a class that lies deepest within it, away from mixed pixels at edges."""
    row, col = np.unravel_index(np.argmax(distance_transform_edt(classes == code)), classes.shape)
    return Place(name, int(row), int(col))
