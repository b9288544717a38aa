"""All kinds of jobs that this engine knows, by name."""

from collections.abc import Mapping

from ..context import Kind
from .area_estimate import AREA_ESTIMATE
from .area_sample import AREA_SAMPLE
from .change import CHANGE
from .cluster import CLUSTER
from .embed import EMBED
from .export import EXPORT
from .labels import LABELS
from .probe_apply import PROBE_APPLY
from .probe_fit import PROBE_FIT
from .probe_report import PROBE_REPORT
from .project import PROJECT
from .similarity import SIMILARITY
from .train import TRAIN
from .view import VIEW

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        EMBED,
        VIEW,
        PROJECT,
        SIMILARITY,
        CLUSTER,
        CHANGE,
        PROBE_FIT,
        PROBE_REPORT,
        PROBE_APPLY,
        EXPORT,
        LABELS,
        AREA_SAMPLE,
        AREA_ESTIMATE,
        TRAIN,
    )
}
