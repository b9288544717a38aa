"""The demo's probes: land cover and GPP learnt from a few simulated parcels, judged on others, drawn and exported."""

from pathlib import Path

import numpy as np
import rasterio
from rasterio.enums import ColorInterp

from ..acquisitions.simulate import Landscape
from ..grid import Window
from ..labels.pixels import LabelPixels
from ..labels.simulated import LAND_COVER_CLASSES, simulated_gpp_labels, simulated_land_cover_labels
from ..mapping.apply import ApplyOptions, apply_probe
from ..output import make_folder
from ..probes.estimators import ProbeRecipe
from ..probes.features import sample
from ..probes.files import save_probe
from ..probes.fitting import fit_probe
from ..probes.probe import Origin, Probe
from ..probes.slots import Period
from ..probes.spec import FeatureSpec
from ..trust.calibration import calibrate
from ..validation.fits import recipe_fit
from ..validation.report import Report
from ..validation.report_files import write_report
from ..validation.validation import validate
from ..views.colour import Bytes, Floats
from ..views.layer import Layer, Palette
from ..views.page import Picture, Row
from .chapter import Chapter

SEASON_PARTS = 3
GPP_DATES = 12
HIGHEST_GPP = 15.0  # gC m-2 d-1, end of the palette


def probe_rows(chapter: Chapter, truth: Landscape, shown: int) -> list[Row]:
    """Fit, judge, apply and draw both probes; `shown`: the target date of the GPP map."""
    return [Row(*_land_cover(chapter, truth)), Row(*_gpp(chapter, truth, shown))]


def _land_cover(chapter: Chapter, truth: Landscape) -> tuple[str, list[Picture]]:
    labels = simulated_land_cover_labels(truth, parcels_per_class=12, pixels_per_parcel=12)
    recipe = ProbeRecipe(FeatureSpec("season", parts=SEASON_PARTS))
    season = Period.of((chapter.times[0].date(), chapter.times[-1].date()))
    probe, lead = _probe(chapter, labels, recipe, "land-cover", season)
    maps = _apply(chapter, probe, season, "land-cover", ("class", "confidence", "set-size"))
    legend = [(c.colour, c.name) for c in LAND_COVER_CLASSES]
    colours = {c.code: (*c.rgb, 255) for c in LAND_COVER_CLASSES}
    palette = Palette(dict.fromkeys(range(256), (0, 0, 0, 0)) | colours, 1, 255)
    text = f"Land cover, learnt from {len(labels):,} pixels of simulated parcels. {lead}"
    return text, [
        chapter.draw(
            _layer(chapter, maps["class"], "Land cover, predicted (simulated)", palette),
            "land-cover-predicted",
            "Land cover, predicted",
            legend=legend,
        ),
        chapter.draw(
            _layer(chapter, maps["confidence"], "Probability of the class", Palette.named("cividis", 0, 1)),
            "land-cover-confidence",
            "Probability of the predicted class",
            caption="Blue: unsure, yellow: sure.",
        ),
    ]


def _gpp(chapter: Chapter, truth: Landscape, shown: int) -> tuple[str, list[Picture]]:
    dates = np.unique(np.linspace(0, len(chapter.times) - 1, GPP_DATES).round().astype(int))
    labels = simulated_gpp_labels(truth, chapter.store.times[dates].astype("datetime64[D]"), parcels=40)
    probe, lead = _probe(chapter, labels, ProbeRecipe(FeatureSpec("date")), "gpp", None)
    day = Period.of(chapter.times[shown].date())
    maps = _apply(chapter, probe, day, "gpp", ("value", "interval", "applicability"))
    palette = Palette.named("viridis", 0, HIGHEST_GPP, "gC m-2 d-1")
    true = Layer(
        "GPP, the simulated truth",
        truth.grid,
        lambda window: _indices(truth.gpp(window, [np.floor(chapter.store.days[shown])])[0], palette),
        ("GPP",),
        palette,
    )
    scale = f"0 (dark) to {HIGHEST_GPP:g} gC m⁻² d⁻¹ (yellow)."
    text = f"GPP of the cloudy day above, learnt from {len(labels):,} simulated pixel-days. {lead}"
    return text, [
        chapter.draw(
            _layer(chapter, maps["value"], "GPP, predicted (simulated)", palette),
            "gpp-predicted",
            "GPP, predicted",
            caption=scale,
        ),
        chapter.draw(true, "gpp-truth", "GPP, the simulated truth", caption=scale),
    ]


def _probe(
    chapter: Chapter, labels: LabelPixels, recipe: ProbeRecipe, name: str, when: Period | None
) -> tuple[Probe, str]:
    """The calibrated probe, kept beside its report, and what the report says first."""
    drawn = sample(chapter.store, labels, recipe.spec, sources=chapter.sources, when=when)
    chapter.setting.cancel.check()
    probe, _ = calibrate(fit_probe(drawn.table, recipe, origin=Origin.of(chapter.store)), drawn.table)
    found = validate(drawn.table, {"embedding (linear)": recipe_fit(recipe)}, curve=False)
    report = Report(f"{drawn.table.response.name} of the demo", found, "simulated")
    overwrite = chapter.setting.overwrite
    write_report(report, chapter.folder, name=f"{name}-report", overwrite=overwrite)
    save_probe(probe, chapter.folder / f"{name}.probe", overwrite=overwrite)
    return probe, f"{report.lead} See {chapter.name}/{name}-report.html."


def _apply(
    chapter: Chapter, probe: Probe, when: Period, name: str, layers: tuple[str, ...]
) -> dict[str, Path]:
    """GeoTIFFs with their styles, by the name of the map."""
    applied = apply_probe(
        probe,
        chapter.store,
        when,
        make_folder(chapter.folder / "probe-maps") / name,
        options=ApplyOptions(layers=layers, note="simulated"),
        overwrite=chapter.setting.overwrite,
        cancel=chapter.setting.cancel,
    )
    return {layer: written.raster for layer, written in applied[0].files.items()}


def _layer(chapter: Chapter, path: Path, title: str, palette: Palette) -> Layer:
    """An exported map as a picture: its classes, or its values over the palette."""

    def render(window: Window) -> Bytes:
        rows, cols = window.slices
        with rasterio.open(path) as raster:
            numbers = raster.read(1, window=rasterio.windows.Window.from_slices(rows, cols), masked=True)
            if raster.colorinterp[0] == ColorInterp.palette:
                return np.asarray(numbers.filled(0), np.uint8)[None]
            values = numbers.astype(np.float32) * raster.scales[0] + raster.offsets[0]
        return _indices(values.filled(np.nan), palette)

    return Layer(title, chapter.store.grid, render, ("value",), palette)


def _indices(values: Floats, palette: Palette) -> Bytes:
    """[y, x] → palette index [1, y, x]; 0 where there is none."""
    level = np.clip((values - palette.low) / (palette.high - palette.low), 0, 1)
    return np.where(np.isfinite(values), 1 + np.rint(np.nan_to_num(level) * 254), 0).astype(np.uint8)[None]
