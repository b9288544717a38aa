"""The response variable of labels, towers and probes: classes, or a quantity with its unit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from .classes import ClassTable
from .errors import InputError

Task = Literal["classification", "regression"]


@dataclass(frozen=True)
class Response:
    """What labels or towers state and a probe predicts (`target` is the word for dates)."""

    name: str
    """Such as `land cover` or `GPP`."""
    task: Task
    unit: str = ""
    """Of a regression, such as `gC m-2 d-1`."""
    classes: ClassTable | None = None
    """Of a classification."""

    def __post_init__(self) -> None:
        if (self.task == "classification") != (self.classes is not None):
            raise InputError("a classification needs classes, a regression has none", value=self.name)

    def to_dict(self) -> dict[str, Any]:
        classes = self.classes.to_dict() if self.classes else None
        return {"name": self.name, "task": self.task, "unit": self.unit, "classes": classes}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        classes = ClassTable.from_dict(stored["classes"]) if stored["classes"] else None
        return cls(stored["name"], stored["task"], stored["unit"], classes)
