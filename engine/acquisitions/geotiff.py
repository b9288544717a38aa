"""Folders of GeoTIFFs: one multi-band file per date, or one file per band and date."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ..errors import BandError, CrsError, DateError
from .bands import MASK_BAND, band_of, known_names
from .cube import Acquisition
from .modality import Modality
from .options import ReadOptions
from .productid import direction_of, facts_of, time_of
from .rasterfile import PlacelessError, RasterFile
from .reading import Reading
from .scenes import Findings, Layer, MaskLayer, Scene, UnreadableError
from .sensors import resolve

SUFFIXES = (".tif", ".tiff")
_TIME_TAGS = (
    "DATETIME",
    "ACQUISITIONDATETIME",
    "ACQUISITION_DATE",
    "SENSING_TIME",
    "PRODUCT_START_TIME",
    "TIME",
    "DATE",
)
_WORD = re.compile(r"[A-Za-z0-9]+")


@dataclass
class _Parts:
    """What belongs to one scene, perhaps from several files."""

    acquisition: Acquisition
    bands: dict[str, Layer] = field(default_factory=dict)
    masks: list[MaskLayer] = field(default_factory=list)


def scan_geotiffs(paths: Sequence[Path], reading: Reading) -> Findings:
    """The scenes of GeoTIFFs; files that differ in nothing but the band's name make one scene."""
    found, modality, options = Findings(), reading.modality, reading.options
    scenes: dict[tuple[Path, str], _Parts] = {}
    strangers: list[str] = []
    placeless: list[PlacelessError | CrsError] = []
    for path in paths:
        try:
            file = RasterFile(path, reading.pool, options.crs)
        except (UnreadableError, PlacelessError, CrsError) as error:
            found.skip(path, error, strict=options.strict)
            placeless += [] if isinstance(error, UnreadableError) else [error]
            continue
        names = _band_names(file, modality, options)
        if not any(_is_wanted(n, modality, options) for n in names):
            strangers += [n or "(no name)" for n in names]
            found.ignored.append((path.name, f"no {modality.name} band"))
            continue
        try:
            parts = scenes.setdefault(_scene_key(path, modality), _Parts(_acquisition(file, options)))
        except DateError as error:
            found.leave_undated(error, strict=options.strict)
            continue
        _add_bands(parts, file, names, reading)
    found.scenes += [Scene(p.acquisition, p.bands, tuple(p.masks)) for p in scenes.values()]
    if found.undated or any(p.bands for p in scenes.values()):
        return found
    if strangers:
        raise _no_bands(strangers, modality)
    if placeless:
        raise placeless[0]
    return found


def _no_bands(strangers: list[str], modality: Modality) -> BandError:
    return BandError(
        f"no {modality.name} band among the GeoTIFFs",
        value=", ".join(dict.fromkeys(strangers)),
        remedy=f"state band_names in the files' order, or describe the bands; known: {known_names(modality)}",
    )


def _is_wanted(name: str, modality: Modality, options: ReadOptions) -> bool:
    return band_of(name, modality) is not None or name in options.mask_names


def _band_names(file: RasterFile, modality: Modality, options: ReadOptions) -> list[str]:
    """Names of a file's bands: their descriptions, the names given, or the word in the file's own name."""
    described = [d or "" for d in file.file.descriptions]
    if any(_is_wanted(d, modality, options) for d in described):
        return described
    if len(options.band_names) == len(described):
        return list(options.band_names)
    if len(described) == 1:
        words = [w for w in _WORD.findall(file.path.stem) if _is_wanted(w, modality, options)]
        return [words[-1] if words else described[0]]
    return described


def _scene_key(path: Path, modality: Modality) -> tuple[Path, str]:
    """The file's name without what names a band or its resolution."""
    words = [
        w for w in _WORD.findall(path.stem) if band_of(w, modality) is None and not re.fullmatch(r"\d\dm", w)
    ]
    return path.parent, "_".join(words)


def _acquisition(file: RasterFile, options: ReadOptions) -> Acquisition:
    tags = {k.upper(): str(v) for k, v in file.file.tags().items()}
    facts = facts_of(file.path.stem)
    direction = direction_of(tags.get("ORBIT_DIRECTION", tags.get("SENSING_ORBIT_DIRECTION", "")))
    return Acquisition(
        time=_time(file.path, tags, options),
        sources=(file.name,),
        platform=facts.platform,
        orbit_direction=options.orbit_direction or direction or facts.orbit_direction,
        relative_orbit=facts.relative_orbit,
        processing_baseline=tags.get("PROCESSING_BASELINE") or facts.processing_baseline,
    )


def _time(path: Path, tags: dict[str, str], options: ReadOptions) -> datetime:
    texts = [path.stem, *(tags.get(name, "") for name in _TIME_TAGS), path.parent.name]
    when = next((t for text in texts if (t := time_of(text))), options.time)
    if when is None:
        raise DateError(
            "a file has no date",
            value=path,
            remedy="put it into its name (20180704 or 2018-07-04T10:50:31) or a DATETIME tag, or state the day",
        )
    return when


def _add_bands(parts: _Parts, file: RasterFile, names: list[str], reading: Reading) -> None:
    for k, name in enumerate(names):
        band = band_of(name, reading.modality)
        if band == MASK_BAND or (band is None and name in reading.options.mask_names):
            parts.masks.append(MaskLayer(file, k, is_scl=band == MASK_BAND))
        elif band is not None and _is_finer(file, parts.bands.get(band)):
            stated, sample = file.stated(k), file.sample(k)
            encoding = resolve(
                reading.modality, stated, reading.options, sample=sample, band=name, where=file.name
            )
            parts.bands[band] = Layer(file, k, encoding)


def _is_finer(file: RasterFile, other: Layer | None) -> bool:
    return other is None or abs(file.grid.transform.a) < abs(other.raster.grid.transform.a)
