"""What a sensor measures, as data: a third modality is one more of these values."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Modality:
    """A sensor as the engine sees it: bands, physical unit, and the linear map to the model's units."""

    name: str
    """Short name, used as key everywhere: `s1`, `s2`."""
    bands: tuple[str, ...]
    unit: str
    """Unit of cube values: `reflectance` (0-1) or `dB`."""
    valid_range: tuple[float, float]
    """Physically possible values in that unit; clipped to it before the model sees them."""
    offset: float
    """Model units = (value - offset) / scale."""
    scale: float
    conditioning: tuple[str, ...] = ()
    """Per-acquisition facts that the encoder is told: `orbit_direction`."""


SENTINEL2 = Modality(
    name="s2",
    bands=("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12"),
    unit="reflectance",
    valid_range=(0.0, 1.0),
    offset=0.0,
    scale=1.0,
)

# −30…5 dB spans noise floor to bright targets; the publication scales the same range to 0…1
SENTINEL1 = Modality(
    name="s1",
    bands=("VV", "VH"),
    unit="dB",
    valid_range=(-30.0, 5.0),
    offset=-30.0,
    scale=35.0,
    conditioning=("orbit_direction",),
)

MODALITIES = {modality.name: modality for modality in (SENTINEL1, SENTINEL2)}
