"""The forms of a network, scored on the same rows by the same answering: what each is worth beside torch in fp32, and which has
lost too much to be kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bertft.engine.answerer import Answerer
from bertft.engine.examples import Examples
from bertft.engine.meter import Meter
from bertft.errors import UsageError
from bertft.graph import FormScore
from bertft.scoring import Scores, higher_is_better

SAME_NUMBER = 0.01
"""Numbers count as the same answer within this share of the range of the gold values."""


@dataclass(frozen=True)
class Measured:
    """A form of a network on the rows of the gate."""

    scores: Scores
    said: Sequence[Any] | None
    """Its answers, row by row; None where rows have none, as where masks are filled."""
    examples_per_second: float


Measure = Callable[[Answerer, str], Measured]
"""An answerer and what is said of it on the way -> what it is worth."""


@dataclass(frozen=True)
class Judge:
    """What scores the forms of a network."""

    name: str
    """Of its rows."""
    sha256: str
    """Of their file, or of the rows themselves where they are a part of one; '' where it is not known."""
    measure: Measure


@dataclass(frozen=True)
class GateRows:
    """Labelled rows to score on."""

    adapter: Any
    """With the columns of these rows."""
    examples: Examples

    def measure(self, answerer: Answerer, told: str) -> Measured:
        answerer = Answerer(self.adapter, answerer.network, answerer.accelerator)
        meter = Meter()
        found = answerer.predictions(self.examples.windows, meter, label=f"Scoring {told}")
        targets = self.examples.targets
        timings = meter.timings()
        said = self.adapter.in_words(found, targets)[0]
        return Measured(self.adapter.score(found, targets), said, timings["examples_per_second"])


def form_score(form: str, size: int, found: Measured, run: Measured) -> FormScore:
    """`run`: what torch in fp32 is worth."""
    score = found.scores.values.get(found.scores.main)
    return FormScore(form, score, size, found.examples_per_second, agreement(found, run))


def agreement(found: Measured, run: Measured) -> float:
    """Share of the rows that get the same answer; where rows have none, 1 for the same score."""
    if found.said is None or run.said is None:
        return float(found.scores.main_value == run.scores.main_value)
    numbers = [one for one in run.said if isinstance(one, float)]
    near = SAME_NUMBER * (max(numbers) - min(numbers)) if numbers else 0.0
    same = [_same(one, other, near) for one, other in zip(found.said, run.said, strict=True)]
    return sum(same) / len(same) if same else 1.0


def _same(one: Any, other: Any, near: float) -> bool:
    return abs(one - other) <= near if isinstance(other, float) else bool(one == other)


def points_lost(metric: str, before: float | None, after: float | None) -> float:
    """Of a metric that rises to 1, in hundredths; of an error, in percent of what it was. Not a number where one is undefined."""
    if before is None or after is None:
        return math.nan
    if higher_is_better(metric):
        return 100 * (before - after)
    return 100 * (after - before) / abs(before) if before else (0.0 if after == before else math.inf)


def check_lost(before: float | None, after: float | None, metric: str, form: str, most: float, where: str) -> None:
    """UsageError for a form that lost more than `most` points, or whose score cannot be compared. Where there is no score, fp32
    stands by its outputs, which were held against those of torch."""
    lost = points_lost(metric, before, after)
    if lost <= most or (before is None and after is None and form == "onnx fp32"):
        return
    change = f"{_text(before)} -> {_text(after)}"
    if not math.isfinite(lost):
        raise UsageError(
            f"{where}: {metric} of {form} cannot be held against that of torch fp32 ({change}). Nothing is written. Name other "
            f"labelled rows with --data, or export without a score: --no-gate"
        )
    raise UsageError(
        f"{where}: {form} loses {lost:.2f} points of {metric} ({change}), and at most {most:g} may be lost. Nothing is written. "
        f"Do without int8, or allow the loss: --max-drop {math.ceil(lost * 10) / 10:g}"
    )


def _text(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"
