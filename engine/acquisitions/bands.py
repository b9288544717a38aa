"""What files call the bands, and what they are."""

import re
from collections.abc import Iterable

from ..errors import BandError
from .modality import SENTINEL1, SENTINEL2, Modality

MASK_BAND = "SCL"

_ALIASES: dict[str, dict[str, tuple[str, ...]]] = {
    SENTINEL2.name: {
        "B02": ("blue",),
        "B03": ("green",),
        "B04": ("red",),
        "B05": ("rededge1", "rededge", "re1"),
        "B06": ("rededge2", "re2"),
        "B07": ("rededge3", "re3"),
        "B08": ("nir", "nir1", "nirbroad", "broadnir"),
        "B8A": ("nir08", "nir2", "nirnarrow", "narrownir", "rededge4", "re4"),
        "B11": ("swir16", "swir1"),
        "B12": ("swir22", "swir2"),
        MASK_BAND: ("sceneclassification", "sceneclassificationmap", "sceneclassificationlayer"),
    },
    SENTINEL1.name: {"VV": (), "VH": ()},
}
_SENSOR = re.compile(
    r"^(s[12][abc]?|sentinel[ -]?[12]|l2a|l1c|grd|rtc|iw|boa|sr|surface|reflectance|intensity)$"
)
_NOISE = re.compile(
    r"^(\d{1,2}m|db|linear|lin|pow|power|sigma0?|gamma0?|sigmanought|gammanought|tc|ml|s0|g0|band|raster|data)$"
)


def band_of(name: str, modality: Modality) -> str | None:
    """The modality's band (or `SCL`) that a file's band name means; None where it means none.

    `B2`, `B02`, `b02_10m`, `S2-L2A-B02`, `blue`, `Sigma0_VV_db`, `narrow nir` are understood."""
    words = [w for w in re.split(r"[^a-z0-9]+", name.lower()) if w]
    words = [w for w in words if not _SENSOR.match(w) and not _NOISE.match(w)]
    joined = "".join(words)
    if match := re.fullmatch(r"b0?([0-9]{1,2})", joined):
        joined = f"b{int(match[1]):02d}"
    for band, aliases in _ALIASES.get(modality.name, {}).items():
        if joined in (band.lower(), *aliases):
            return band
    return None


def other_modality_of(name: str, modality: Modality) -> bool:
    """Whether a band name belongs to another modality than this one."""
    others = (m for m in (SENTINEL1, SENTINEL2) if m.name != modality.name)
    return any(band_of(name, m) for m in others)


def known_names(modality: Modality) -> str:
    """All names that are understood, for error messages."""
    aliases = _ALIASES.get(modality.name, {})
    return ", ".join(" = ".join((band, *aliases.get(band, ()))) for band in modality.bands)


def check_required(found: Iterable[str], required: Iterable[str], modality: Modality, where: str) -> None:
    """`BandError` unless all required bands, and at least one band, were found."""
    have = sorted(set(found) & set(modality.bands), key=modality.bands.index)
    wanted = [band_of(name, modality) or name for name in required]
    unknown = [name for name in wanted if name not in modality.bands]
    if unknown:
        raise BandError(
            f"{modality.name} has no such band",
            value=", ".join(unknown),
            remedy=f"known: {known_names(modality)}",
        )
    missing = [name for name in wanted if name not in have]
    if missing:
        raise BandError(
            f"bands that are required are missing in {where}",
            value=", ".join(missing),
            remedy=f"there are {', '.join(have)}; add files or require fewer bands",
        )
