"""Probes on the disk: one zip file without pickles, whose parts carry their hashes.

    NAME.probe
      probe.json               what it is, where it comes from, hashes of the other parts
      estimator.safetensors    weights of the linear, temporal and standardising parts
      estimator.skops          scikit-learn's part, of types that are listed here and no others
      attachments/0.safetensors …   arrays of attachments

One file, because a probe is handed on, picked in a file dialog and replaced as a whole.
"""

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from ..errors import InputError, ProbeError
from ..output import whole_file
from ..response import Response
from .estimators import Arrays, EstimatorSpec, ProbeRecipe, restore_estimator
from .probe import Attachment, Origin, Probe, Training

FORMAT = 1
SUFFIX = ".probe"
LARGEST_BYTES = 2**30
"""Unpacked; what is larger was not written here."""
_JSON, _ARRAYS, _LEARNER = "probe.json", "estimator.safetensors", "estimator.skops"

TRUSTED: Mapping[str, tuple[str, ...]] = {
    "forest": ("sklearn.tree._tree.Tree",),
    "boosting": ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",),
}
"""Types that skops doesn't know by itself and that may be restored, by estimator; arrays of tree nodes both."""


def save_probe(probe: Probe, path: Path, *, overwrite: bool = False) -> Path:
    """Write a probe as one file; `.probe` is added to a name without a suffix. Returns the path.

    `OutputError` where it exists or can't be written."""
    path = path if path.suffix else path.with_suffix(SUFFIX)
    parts = _parts(probe)
    with whole_file(path, overwrite=overwrite) as partial, zipfile.ZipFile(partial, "w") as packed:
        for name, content in parts.items():
            # a fixed time: the same probe is the same file
            packed.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return path


def probe_sha256(probe: Probe) -> str:
    """What identifies a probe in the products made with it: the hash of its record and arrays.

    scikit-learn's part stays out of it: skops writes the same trees differently each time. Samples, settings and
    seed, which decide those trees, are in the record."""
    record = json.loads(_parts(probe)[_JSON])
    record["parts"].pop(_LEARNER, None)
    record["training"].pop("seconds")
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def _parts(probe: Probe) -> dict[str, bytes]:
    parts = {_ARRAYS: _tensors(probe.estimator.arrays)}
    if probe.estimator.learner is not None:
        parts[_LEARNER] = _skops(probe.estimator.learner)
    attachments = {}
    for number, (name, attachment) in enumerate(sorted(probe.attachments.items())):
        part = f"attachments/{number}.safetensors"
        parts[part] = _tensors(attachment.arrays)
        attachments[name] = {"settings": attachment.settings, "arrays": part}
    record = {
        "format": FORMAT,
        "recipe": probe.recipe.to_dict(),
        "response": probe.response.to_dict(),
        "codes": list(probe.codes),
        "feature_names": list(probe.feature_names),
        "origin": asdict(probe.origin) if probe.origin else None,
        "training": asdict(probe.training),
        "scores": probe.scores,
        "versions": probe.versions,
        "attachments": attachments,
        "parts": {name: hashlib.sha256(content).hexdigest() for name, content in parts.items()},
    }
    text = json.dumps(_plain(record), indent=1, ensure_ascii=False, allow_nan=False)
    return {_JSON: text.encode(), **parts}


def _tensors(arrays: Arrays) -> bytes:
    return safetensors.numpy.save({name: np.ascontiguousarray(value) for name, value in arrays.items()})


def _skops(learner: Any) -> bytes:
    import skops.io  # noqa: PLC0415 - loads much of scikit-learn, which linear probes do without

    content: bytes = skops.io.dumps(learner)
    return content


def _plain(value: Any) -> Any:
    """The value in JSON's own types; numbers that JSON lacks become null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    raise ProbeError("this can't be kept with a probe", value=f"{type(value).__name__}: {value}"[:80])


def load_probe(path: Path) -> Probe:
    """Read a probe; `ProbeError` where it is none, damaged, of another format or holds what isn't trusted."""
    path = Path(path)
    parts = _read(path)
    try:
        record = json.loads(parts[_JSON])
        if record.get("format") != FORMAT:
            raise ProbeError(
                "the probe has another format",
                value=record.get("format"),
                remedy=f"format {FORMAT} is needed",
            )
        _check_hashes(record["parts"], parts, path)
        return _probe(record, parts)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, SafetensorError) as error:
        raise ProbeError(
            "the probe's record can't be read", value=path, remedy=f"fit it again ({error!r})"
        ) from error
    except InputError as error:
        if isinstance(error, ProbeError):
            raise
        raise ProbeError("the probe's record can't be read", value=path, remedy=str(error)) from error


def read_record(path: Path) -> dict[str, Any]:
    """What a probe's file says of it, as JSON; nothing is loaded or held against its hash. `ProbeError` for others."""
    try:
        record = json.loads(_read(Path(path), (_JSON,))[_JSON])
    except (ValueError, RecursionError) as error:
        raise ProbeError("the probe's record can't be read", value=path, remedy="fit it again") from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise ProbeError("the probe has another format", value=path, remedy=f"format {FORMAT} is needed")
    return record


def _read(path: Path, wanted: Sequence[str] | None = None) -> dict[str, bytes]:
    """All parts, or the wanted ones, unpacked; `ProbeError` unless this is a whole zip file of sensible size."""
    try:
        packed = zipfile.ZipFile(io.BytesIO(path.read_bytes()))
        if sum(part.file_size for part in packed.infolist()) > LARGEST_BYTES:
            raise ProbeError("the probe's file is too large", value=path)
        parts = {n: packed.read(n) for n in packed.namelist() if wanted is None or n in wanted}
    except (
        OSError,
        zipfile.BadZipFile,
        EOFError,
        RuntimeError,
        NotImplementedError,
        zlib.error,
    ) as error:
        if not path.exists():
            raise ProbeError("there is no such probe", value=path, remedy="check the path") from error
        raise ProbeError(
            "the probe's file is damaged, or is no probe",
            value=f"{path}: {error}",
            remedy="give a file of phenolens probe fit; copy it again, or fit it again",
        ) from error
    if _JSON not in parts:
        raise ProbeError("this is no probe", value=path, remedy="give a file of phenolens probe fit")
    return parts


def _check_hashes(wanted: Mapping[str, str], parts: Mapping[str, bytes], path: Path) -> None:
    missing = sorted(set(wanted) - set(parts))
    altered = [n for n in wanted if n in parts and hashlib.sha256(parts[n]).hexdigest() != wanted[n]]
    if missing or altered:
        raise ProbeError(
            "the probe's file was altered or cut short",
            value=f"{path}: {', '.join(missing + altered)}",
            remedy="copy it again, or fit it again",
        )


def _probe(record: Mapping[str, Any], parts: Mapping[str, bytes]) -> Probe:
    recipe, response = ProbeRecipe.from_dict(record["recipe"]), Response.from_dict(record["response"])
    arrays = safetensors.numpy.load(parts[_ARRAYS])
    learner = _learner(recipe.estimator, parts)
    attachments = {
        name: Attachment(kept["settings"], safetensors.numpy.load(parts[kept["arrays"]]))
        for name, kept in record["attachments"].items()
    }
    probe = Probe(
        recipe=recipe,
        response=response,
        codes=tuple(record["codes"]),
        feature_names=tuple(record["feature_names"]),
        estimator=restore_estimator(recipe.estimator, response.task, arrays, learner),
        training=Training(**record["training"]),
        origin=Origin(**record["origin"]) if record["origin"] else None,
        scores=record["scores"],
        attachments=attachments,
        versions=record["versions"],
    )
    _try_out(probe)
    return probe


def _try_out(probe: Probe) -> None:
    """A record and an estimator that don't belong together fail here rather than in the middle of a map."""
    scores = probe.estimator.scores(np.zeros((1, len(probe.feature_names)), np.float32))
    if scores.shape[1] != max(len(probe.codes), 1):
        raise ProbeError("the probe's classes don't fit its estimator", value=f"{scores.shape[1]} outputs")


def _learner(spec: EstimatorSpec, parts: Mapping[str, bytes]) -> Any:
    """scikit-learn's part, None where there is none; `ProbeError` for types that are not trusted."""
    if _LEARNER not in parts:
        return None
    import skops.io  # noqa: PLC0415 - as above

    content, trusted = parts[_LEARNER], TRUSTED.get(spec.name, ())
    try:
        unknown = set(skops.io.get_untrusted_types(data=content)) - set(trusted)
        if unknown:
            raise ProbeError(
                "the probe holds types that are not trusted",
                value=", ".join(sorted(unknown)),
                remedy="don't use this file: no probe of this program holds them",
            )
        return skops.io.loads(content, trusted=list(trusted))
    except ProbeError:
        raise
    except Exception as error:
        raise ProbeError("the probe's estimator can't be read", remedy=f"fit it again ({error!r})") from error
