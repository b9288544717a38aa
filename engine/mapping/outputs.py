"""Which maps a probe makes of a window: the prediction itself, and how far to trust it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..classes import ClassTable, LandClass
from ..errors import ProbeError
from ..export.product import ProductBand, Ramp, Stored
from ..probes.probe import Prediction
from ..probes.table import Floats
from ..response import Response
from ..store_layout import NO_FRAME
from ..trust.calibration import APPLICABILITY as KNOWN
from ..trust.calibration import INTERVAL, SET, SUMS, Trust

Bools = npt.NDArray[np.bool_]
INSIDE, OUTSIDE = 1, 2
APPLICABILITY = ClassTable((LandClass(INSIDE, "inside", "#2c7fb8"), LandClass(OUTSIDE, "outside", "#d95f0e")))
"""Whether a pixel is like the training samples."""
OF_DAYS = ("date", "window")
"""Kinds of features that predict day by day: such quantities have sums."""
OF_SIMILARITY = ("applicability", "dissimilarity")
SENSORS = {"s1": "Sentinel-1", "s2": "Sentinel-2"}


@dataclass(frozen=True, eq=False)
class Judged:
    """The prediction for the valid pixels of a window, and what the layers need beside it."""

    valid: Bools
    """[y, x]"""
    features: Floats
    """[n, feature] of the valid pixels, row by row."""
    prediction: Prediction
    dissimilarity: Floats | None
    """[n]; None where no map needs it."""
    support: Mapping[str, Floats]
    """`clear_count_<m>` and `nearest_days_<m>` of every modality, [y, x]; NaN = none."""

    def spread(self, band: ProductBand, values: npt.NDArray[Any]) -> Stored:
        """[n] → [y, x] as stored, nodata where not valid."""
        whole = np.full(self.valid.shape, np.nan)
        whole[self.valid] = values
        return band.encode(whole)


@dataclass(frozen=True)
class MapLayer:
    """One of the maps that a probe makes."""

    name: str
    """Part of the file name."""
    title: str
    bands: tuple[ProductBand, ...]
    draw: Callable[[Judged], Stored]
    """[band, y, x]"""


def map_layers(
    response: Response, trust: Trust, modalities: Sequence[str], wanted: Sequence[str] | None = None
) -> list[MapLayer]:
    """The maps that a probe of this response can make, or those `wanted` of them.

    `ProbeError` where one is wanted that needs what the probe lacks, or that there is not."""
    if response.task == "classification":
        layers = [*_of_classes(response), *_of_sets(response, trust)]
    else:
        layers = [_of_values(response), *_of_intervals(response, trust)]
    made = {layer.name: layer for layer in [*layers, *_of_similarity(trust), _of_support(modalities)]}
    if wanted is None:
        return list(made.values())
    for name in wanted:
        if name not in made:
            raise ProbeError(
                "this probe makes no such map",
                value=name,
                remedy=f"there are {', '.join(made)}; intervals, sets and applicability need a calibrated probe",
            )
    return [made[name] for name in dict.fromkeys(wanted)]


def names_of_maps(task: str, features: str, attached: Collection[str]) -> tuple[str, ...]:
    """The maps that a probe can make, `sum` and `sum-interval` over a period included, by what its file says.

    `features`: their kind; `attached`: the names of its attachments."""
    if task == "classification":
        own = {"class": True, "probability": True, "confidence": True, "set-size": SET in attached}
    else:
        daily = features in OF_DAYS
        own = {
            "value": True,
            "interval": INTERVAL in attached,
            "sum": daily,
            "sum-interval": daily and SUMS in attached,
        }
    known = dict.fromkeys(OF_SIMILARITY, KNOWN in attached)
    return tuple(name for name, made in {**own, **known, "support": True}.items() if made)


def _of_classes(response: Response) -> list[MapLayer]:
    assert response.classes is not None
    cover = ProductBand.of_classes(response.name, response.classes)
    shares = tuple(
        ProductBand.of_probability(c.name, f"probability of class {c.code}, {c.name}, as the probe states it")
        for c in response.classes
    )
    surest = ProductBand.of_probability("largest probability", "of the class that is mapped")

    def probabilities(judged: Judged) -> Floats:
        if judged.prediction.probabilities is None:
            raise ProbeError("the probe states no probabilities", remedy="ask for the class map alone")
        return judged.prediction.probabilities

    def drawn_shares(judged: Judged) -> Stored:
        given = probabilities(judged)
        return np.stack([judged.spread(band, given[:, i]) for i, band in enumerate(shares)])

    return [
        MapLayer("class", response.name, (cover,), lambda j: j.spread(cover, j.prediction.values)[None]),
        MapLayer("probability", f"{response.name}, probability of each class", shares, drawn_shares),
        MapLayer(
            "confidence",
            f"{response.name}, probability of the mapped class",
            (surest,),
            lambda j: j.spread(surest, probabilities(j).max(axis=1, initial=0))[None],
        ),
    ]


def _of_sets(response: Response, trust: Trust) -> list[MapLayer]:
    """How many classes can't be ruled out at the nominal coverage."""
    sets = trust.sets
    if sets is None:
        return []
    assert response.classes is not None
    about = f"classes that can't be ruled out at {trust.coverage:.0%} coverage; 0 = unlike all of them"
    about += f". {trust.promise}" if trust.promise else ""
    ramp = Ramp.named("magma_r", 1, len(response.classes))
    band = ProductBand("classes in the set", "1", "uint8", 255, description=about, ramp=ramp)

    def drawn(judged: Judged) -> Stored:
        assert judged.prediction.probabilities is not None
        return judged.spread(band, sets(judged.prediction.probabilities).sum(axis=1))[None]

    title = f"{response.name}, size of the {trust.coverage:.0%} set{_resting_on(trust)}"
    return [MapLayer("set-size", title, (band,), drawn)]


def _of_values(response: Response) -> MapLayer:
    """As float32 in the unit itself: software that ignores scale and offset shows the right number too."""
    band = ProductBand(response.name, response.unit)
    return MapLayer("value", response.name, (band,), lambda j: j.spread(band, j.prediction.values)[None])


def _of_intervals(response: Response, trust: Trust) -> list[MapLayer]:
    interval = trust.interval
    if interval is None:
        return []
    share = f"{trust.coverage:.0%}"
    bands = tuple(
        ProductBand(
            f"{response.name}, {end} end of the {share} interval", response.unit, description=trust.promise
        )
        for end in ("low", "high")
    )
    width = ProductBand(
        f"{response.name}, width of the {share} interval{_resting_on(trust)}",
        response.unit,
        ramp=Ramp.named("magma"),
    )

    def ends(judged: Judged) -> tuple[Floats, Floats]:
        return interval(judged.prediction.values)

    def drawn(judged: Judged) -> Stored:
        pairs = zip((width, *bands), _with_width(*ends(judged)), strict=True)
        return np.stack([judged.spread(band, values) for band, values in pairs])

    title = f"{response.name}, {share} interval{_resting_on(trust)}"
    return [MapLayer("interval", title, (width, *bands), drawn)]


def _resting_on(trust: Trust) -> str:
    """An interval from three towers looks like one from thirty."""
    return f", from {trust.basis}" if trust.basis else ""


def _with_width(low: Floats, high: Floats) -> tuple[Floats, Floats, Floats]:
    return high - low, low, high


def _of_similarity(trust: Trust) -> list[MapLayer]:
    """Meyer & Pebesma (2021), doi:10.1111/2041-210X.13650."""
    threshold = trust.threshold
    if trust.dissimilarity is None:
        return []
    about = f"distance to the nearest training sample in feature space; outside above {threshold:.3g}"
    index = ProductBand("dissimilarity", "1", description=about, ramp=Ramp.named("magma"))
    inside = ProductBand.of_classes("applicability", APPLICABILITY, about)

    def placed(judged: Judged) -> Floats:
        assert judged.dissimilarity is not None
        return judged.dissimilarity

    def area(judged: Judged) -> Stored:
        unlike = placed(judged)
        codes = np.where(np.isnan(unlike), np.nan, np.where(unlike > threshold, OUTSIDE, INSIDE))
        return judged.spread(inside, codes)[None]

    return [
        MapLayer("applicability", "Where the probe knows what it sees", (inside,), area),
        MapLayer(
            "dissimilarity",
            "Dissimilarity to the training samples",
            (index,),
            lambda j: j.spread(index, placed(j))[None],
        ),
    ]


def _of_support(modalities: Sequence[str]) -> MapLayer:
    """What the embeddings behind the prediction rest on; of several dates their mean."""
    bands = {
        f"{kind}_{m}": ProductBand(
            text.format(SENSORS.get(m, m)), unit, "uint8", NO_FRAME, ramp=Ramp.named("cividis")
        )
        for m in reversed(modalities)  # clouds hinder Sentinel-2: it comes first
        for kind, text, unit in (
            ("nearest_days", "days to the nearest clear {} frame", "d"),
            ("clear_count", "clear {} frames within reach", "1"),
        )
    }

    def drawn(judged: Judged) -> Stored:
        return np.stack([band.encode(judged.support[name], judged.valid) for name, band in bands.items()])

    return MapLayer("support", "Clear looks behind the embedding", tuple(bands.values()), drawn)
