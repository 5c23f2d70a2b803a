"""What a measurement is: named numbers, how sure the main one is, and what had to be left out and why."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bertft.scoring.confusion import Confusion

FALLING = frozenset({"loss", "error", "errors", "cost", "mse", "rmse", "mae", "mape", "wer", "cer", "perplexity"})
"""Last words of metrics of which less is better."""

SAME_WITH_ONE_LABEL = frozenset({"accuracy", "f1_micro", "precision_micro", "recall_micro", "recall_weighted"})
"""Metrics that are equal by definition where each row has one gold label, one predicted, and both are known."""


def higher_is_better(name: str) -> bool:
    """Errors, losses and what is counted among them fall, everything else rises. The last word of a name counts: `eval_loss`."""
    return name.lower().split("_")[-1] not in FALLING


def better(main: str, new: float, old: float) -> bool:
    """Whether `new` beats `old`: strictly, so ties keep the old one. What is not a number beats nothing."""
    if math.isnan(new):
        return False
    if math.isnan(old):
        return True
    return new > old if higher_is_better(main) else new < old


@dataclass(frozen=True)
class Scores:
    """The result of comparing predictions with gold. What is undefined is absent from `values` and named in `notes`."""

    main: str
    values: dict[str, float]
    examples: int
    interval: tuple[float, float] | None = None
    """95 % bootstrap percentile interval of the main metric."""
    per_class: dict[str, dict[str, float]] = field(default_factory=dict)
    confusion: Confusion | None = None
    errors: dict[str, int] = field(default_factory=dict)
    """Of entities: kind of error -> how many."""
    notes: list[str] = field(default_factory=list)

    @property
    def main_value(self) -> float:
        """The main metric; where it is undefined, the worst value there is, so that it never wins a comparison."""
        return self.values.get(self.main, -math.inf if higher_is_better(self.main) else math.inf)

    @property
    def distinct(self) -> dict[str, float]:
        """The values, the main one first, without those that equal it or another by definition."""
        names = sorted(self.values, key=lambda name: name != self.main)  # stable: the others keep their order
        one_label_a_row = self.confusion is not None and not any(self.confusion.unknown)
        same = [name for name in names if name in SAME_WITH_ONE_LABEL][1:] if one_label_a_row else []
        return {name: self.values[name] for name in names if name not in same}

    @property
    def rank(self) -> float:
        """The main value, such that more is better."""
        return self.main_value if higher_is_better(self.main) else -self.main_value

    def led_by(self, name: str, value: float | None) -> Scores:
        """The same scores with another main metric, which has no interval; None: it is undefined."""
        if value is None:
            return replace(self, main=name, interval=None, notes=[*self.notes, f"{name} is undefined on these rows."])
        return replace(self, main=name, values={name: value, **self.values}, interval=None)

    def as_dict(self) -> dict[str, object]:
        """Ready for JSON: an undefined main value is null."""
        return {
            "main": self.main,
            "value": self.values.get(self.main),
            "interval": list(self.interval) if self.interval else None,
            "examples": self.examples,
            "values": dict(self.values),
            "per_class": {label: dict(row) for label, row in self.per_class.items()},
            "confusion": self.confusion.as_dict() if self.confusion else None,
            "errors": dict(self.errors),
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Scores:
        """What `as_dict` gave, as far as it is whole: the confusion of many labels is not."""
        table, interval = found.get("confusion"), found["interval"]
        return cls(
            main=found["main"],
            values=dict(found["values"]),
            examples=found["examples"],
            interval=(interval[0], interval[1]) if interval else None,
            per_class=dict(found["per_class"]),
            confusion=Confusion.from_dict(table) if table else None,
            errors=dict(found.get("errors", {})),
            notes=list(found["notes"]),
        )


def standard_error(scores: Scores) -> float:
    """Of the main metric, from its 95 % interval; 0 where there is none."""
    if scores.interval is None:
        return 0.0
    low, high = scores.interval
    return (high - low) / (2 * 1.96)


def one_decision(names: Sequence[str], predicted: NDArray[np.int64]) -> list[str]:
    """A note for the commonest failure: a model that gives every row the same label."""
    if len(predicted) < 2 or (predicted != predicted[0]).any():
        return []
    return [f"All {len(predicted):,} rows were predicted '{names[predicted[0]]}'."]
