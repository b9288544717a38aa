"""Every held-out sample with its reference and what was said of it, as a table."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from pyproj import Transformer

from ..output import whole_file
from ..probes.table import SampleTable
from .validation import Result, Validation


def write_heldout(validation: Validation, path: Path, *, overwrite: bool = False) -> None:
    """CSV: scheme, reference, predicted (codes, or values in the response's unit), place, date, polygon or site.

    Places are `x`, `y` in the samples' own CRS, and `lon`, `lat` in degrees (WGS 84). `predicted` is by the first
    probe; of quantities, a column `by NAME` for each other method stands beside it."""
    table, columns = validation.table, []
    for scheme in validation.schemes:
        found = validation.results[validation.headline, scheme.name]
        held = table.take(found.rows)
        named = {"scheme": np.full(len(held), scheme.name), "reference": held.y, "predicted": found.predicted}
        if table.response.classes is not None:
            named["predicted"] = found.predicted.astype(np.int64)
        if held.position is not None:
            named |= {"x": held.position[:, 0], "y": held.position[:, 1], **_degrees(held)}
        if held.day is not None:
            named["date"] = held.day.astype(str)
        named |= {key: held.keys[key] for key in ("polygon", "site") if key in held.keys}
        if table.response.classes is None:
            named |= {f"by {name}": _of(validation, name, found) for name in validation.methods[1:]}
        columns.append(pd.DataFrame(named))
    with whole_file(path, overwrite=overwrite) as partial:
        pd.concat(columns).to_csv(partial, index=False, float_format="%.10g")


def _degrees(held: SampleTable) -> dict[str, npt.NDArray[np.float64]]:
    """Whoever reads the table has another map before them than the samples are of: x and y alone say nothing."""
    if held.position is None or not held.crs:
        return {}
    lon, lat = Transformer.from_crs(held.crs, "EPSG:4326", always_xy=True).transform(*held.position.T)
    return {"lon": lon, "lat": lat}


def _of(validation: Validation, method: str, first: Result) -> npt.NDArray[np.float64]:
    """What another method said of the same rows; NaN where it was not asked."""
    other = validation.results[method, first.scheme]
    said = np.full(len(validation.table), np.nan)
    said[other.rows] = other.predicted
    return said[first.rows]
