"""What a probe learns from, handed over to the engine: labels and classes, or the files of towers."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.readings import Store

from ..label_file import class_json, label_json, value_column
from ..recipe import Towers
from ..session import Work

Asked = dict[str, Any]


def hand_over_labels(client: EngineClient, name: str, store: Store, work: Work, when: str) -> Asked:
    """In a thread: labels and classes as files of the workspace, and how a job is asked with them."""
    with tempfile.TemporaryDirectory() as folder:
        labels = Path(folder) / f"{name}-labels.geojson"
        labels.write_text(json.dumps(label_json(store, work)), encoding="utf-8")
        asked: Asked = {"file": client.files.upload(labels, overwrite=True).path, "group_column": "group"}
        if work.quantity is None:
            classes = Path(folder) / f"{name}-classes.json"
            classes.write_text(json.dumps(class_json(work)), encoding="utf-8")
            # by code: a class may be called 2 and have another code
            asked |= {"class_column": "code", "classes": client.files.upload(classes, overwrite=True).path}
        else:
            asked |= {"value_column": value_column(work), "unit": work.quantity.unit}
    if any(label.start or label.end for label in work.labels):
        asked |= {"start_column": "start", "end_column": "end"}
    if when:
        asked["when"] = when
    return {"labels": asked}


def hand_over_towers(client: EngineClient, towers: Towers) -> Asked:
    """In a thread."""
    given = [*towers.files, *([towers.sites] if towers.sites else [])]
    handed = [
        client.files.upload(path, name=name, overwrite=True).path
        for path, name in zip(given, names_apart(given), strict=True)
    ]
    asked: Asked = {"files": handed[: len(towers.files)], "radius_m": towers.radius_m}
    if towers.sites:
        asked["sites"] = handed[-1]
    if towers.columns:
        asked["columns"] = towers.columns.asked
    return {"towers": asked}


def names_apart(paths: Sequence[str]) -> list[str]:
    """A name for each file: its own, with a number before it where others are called alike in other folders."""
    names: list[str] = []
    for path in paths:
        own = PurePath(path).name
        tried = (own, *(f"{number}_{own}" for number in range(2, len(paths) + 1)))
        taken = {name.casefold() for name in names}
        names.append(next(name for name in tried if name.casefold() not in taken))
    return names
