"""Which rules of units belong to which modality."""

from .modality import SENTINEL1, SENTINEL2, Modality
from .options import ReadOptions
from .sentinel1 import check_backscatter, resolve_backscatter
from .sentinel2 import check_reflectance, resolve_reflectance
from .units import Check, Encoding, Raw, Resolve, Stated

_RULES: dict[str, tuple[Resolve, Check]] = {
    SENTINEL1.name: (resolve_backscatter, check_backscatter),
    SENTINEL2.name: (resolve_reflectance, check_reflectance),
}


def resolve(
    modality: Modality, stated: Stated, options: ReadOptions, *, sample: Raw, band: str, where: str
) -> Encoding:
    """How a band's stored numbers become the modality's unit; `UnitError` where nobody says, or they can't.

    `sample` are some of the stored numbers, of any shape."""
    resolve_unit, check = _RULES[modality.name]
    encoding = resolve_unit(stated, options, sample, band, where)
    values, valid = encoding.decode(sample)
    check(values[valid], encoding, f"{where} ({band})")
    return encoding
