"""What a path holds: which files, of which kind."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ..errors import AcquisitionError, BandError, DateError
from .cubefile import SUFFIXES as CUBE_SUFFIXES
from .cubefile import scan_cube
from .geotiff import SUFFIXES as GEOTIFF_SUFFIXES
from .geotiff import scan_geotiffs
from .reading import Reading
from .safe import METADATA, check_level, scan_safe
from .scenes import Findings, UnreadableError

SAMPLED_PRODUCTS = 3  # a block of a JPEG 2000 band takes a tenth of a second to decode


@dataclass
class Inventory:
    """Files by kind, in order of name."""

    products: list[Path] = field(default_factory=list)
    cubes: list[Path] = field(default_factory=list)
    geotiffs: list[Path] = field(default_factory=list)
    refused: list[tuple[Path, AcquisitionError]] = field(default_factory=list)
    """What isn't read at all, beside what is."""

    @property
    def kinds(self) -> tuple[str, ...]:
        named = ("SAFE", self.products), ("NetCDF/Zarr cube", self.cubes), ("GeoTIFF", self.geotiffs)
        return tuple(name for name, files in named if files)


def take_stock(paths: Sequence[Path]) -> Inventory:
    """All files under the paths that could be acquisitions, each once; `AcquisitionError` where there are none."""
    stock, seen = Inventory(), set[Path]()
    for path in paths:
        try:
            path.stat()
        except FileNotFoundError:
            raise AcquisitionError(
                "there is no such file or folder", value=path, remedy="check the path"
            ) from None
        except OSError as error:
            raise _closed(path, error) from error
        for found in _walk(path, stock):
            if found.resolve() not in seen:
                seen.add(found.resolve())
                _list_for(found, stock).append(found)
    if not stock.kinds and stock.refused:
        raise stock.refused[0][1]
    if not stock.kinds:
        raise AcquisitionError(
            "there is nothing to read here",
            value=", ".join(map(str, paths)),
            remedy="give NetCDF, Zarr, GeoTIFF or an unpacked Sentinel-2 SAFE folder",
        )
    return stock


def _walk(path: Path, stock: Inventory) -> Iterator[Path]:
    """The path itself if it is one thing, else the readable things below it; what is refused is noted."""
    try:
        if path.is_dir():  # names may be listed where what they name may not be looked at
            next(path.iterdir(), path).lstat()
    except OSError as error:
        stock.refused.append((path, _closed(path, error)))
        return
    if path.name == METADATA:
        yield path.parent
    elif _is_product(path) or _is_zarr(path):
        try:
            check_level(path)
        except AcquisitionError as error:
            stock.refused.append((path, error))
        else:
            yield path
    elif path.is_dir():
        for child in sorted(path.iterdir()):
            if not child.name.startswith(".") and (
                child.is_dir() or _is_readable(child) or _is_packed(child)
            ):
                yield from _walk(child, stock)
    elif _is_readable(path):
        yield path
    else:
        remedy = "unpack it first" if path.suffix == ".zip" else "give NetCDF, Zarr, GeoTIFF or a SAFE folder"
        stock.refused.append(
            (path, AcquisitionError("files of this kind are not read", value=path, remedy=remedy))
        )


def _closed(path: Path, error: OSError) -> AcquisitionError:
    return AcquisitionError(
        f"this can't be looked into: {error.strerror}",
        value=path,
        remedy="allow reading it, or give another one",
    )


def _is_product(path: Path) -> bool:
    return path.is_dir() and (path.suffix.upper() == ".SAFE" or (path / METADATA).exists())


def _is_zarr(path: Path) -> bool:
    return any((path / name).exists() for name in ("zarr.json", ".zgroup", ".zmetadata"))


def _is_readable(path: Path) -> bool:
    return path.suffix.lower() in CUBE_SUFFIXES + GEOTIFF_SUFFIXES


def _is_packed(path: Path) -> bool:
    """Whether it is a product as it is downloaded."""
    return path.suffix.lower() == ".zip" and bool(re.match(r"S[12][A-D]_", path.name))


def _list_for(path: Path, stock: Inventory) -> list[Path]:
    if _is_product(path):
        return stock.products
    return stock.geotiffs if path.suffix.lower() in GEOTIFF_SUFFIXES else stock.cubes


def scan(stock: Inventory, reading: Reading) -> Findings:
    """The scenes of all files. Those of no use are noted, and are an error if there are no others."""
    found, errors = Findings(), []
    step = max(1, len(stock.products) // SAMPLED_PRODUCTS)
    jobs: list[tuple[Path, Callable[[], Findings]]] = [
        (product, partial(scan_safe, product, reading, sample=k % step == 0))
        for k, product in enumerate(stock.products)
    ]
    jobs += [(cube, partial(scan_cube, cube, reading)) for cube in stock.cubes]
    if stock.geotiffs:
        jobs.append((stock.geotiffs[0].parent, partial(scan_geotiffs, stock.geotiffs, reading)))
    for path, job in jobs:
        try:
            found.add(job())
        except BandError as error:
            found.ignored.append((path.name, error.cause))
            errors.append(error)
        except DateError as error:
            found.leave_undated(error, strict=reading.options.strict)
        except UnreadableError as error:
            found.skip(path, error, strict=reading.options.strict or len(jobs) == 1)
    found.ignored += [(path.name, error.cause) for path, error in stock.refused]
    if not any(scene.bands for scene in found.scenes):
        raise next(iter((*found.undated, *errors)), None) or _nothing_left(found)
    return found


def _nothing_left(found: Findings) -> AcquisitionError:
    return AcquisitionError(
        "none of the files can be read",
        value="; ".join(f"{name}: {why}" for name, why in found.skipped),
        remedy="fetch them again",
    )
