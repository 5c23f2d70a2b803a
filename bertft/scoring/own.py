"""A metric that is none of ours: a function of the user's own (`./mine.py:my_f1`), or one of `evaluate`'s.

A function gets two lists, one item for each row that was answered: predictions and references. They are label names, lists of
label names, numbers, lists of tags, or the texts of answers; a reference of a question is the list of its accepted answers.
evaluate's metrics get what they are written for: label numbers, rows of 0 and 1, numbers, or lists of tags.
"""

from __future__ import annotations

import math
import runpy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from bertft.errors import UsageError
from bertft.kinds import PROBLEMS
from bertft.metric_names import ALIASES, canonical

Items = Sequence[Any]


@dataclass(frozen=True)
class OwnMetric:
    """A name, and what computes it. Higher is better, unless the name says loss or error (scores.higher_is_better)."""

    name: str
    source: str
    """As it was typed."""
    compute: Callable[[list[Any], list[Any]], Any]
    wants_numbers: bool = False
    """Whether labels come as numbers, as evaluate's metrics want them."""

    def measure(self, predictions: Items, references: Items) -> float:
        """UsageError where the function fails or gives no number."""
        try:
            value = float(self.compute(list(predictions), list(references)))
        except Exception as problem:  # whatever a stranger's function raises
            reason = str(problem).split("\n")[0] or "no message"
            raise UsageError(
                f"--metric {self.source} failed on {len(predictions):,} rows: {type(problem).__name__}: {reason}."
            ) from problem
        if math.isnan(value):
            raise UsageError(f"--metric {self.source} gave no number (nan) on {len(predictions):,} rows.")
        return value


def is_own(problem: str, words: str) -> bool:
    """Whether these words name no metric of ours, of any kind, nor nearly so: a slip of the keyboard is not asked of evaluate."""
    if is_function(words):
        return True
    known = {*ALIASES, *(name for other in PROBLEMS.values() for name in other.metrics)}
    name = canonical(problem, words)
    return name not in known and not get_close_matches(name, known, n=1, cutoff=0.8)


def is_function(words: str) -> bool:
    """Whether they name a function in a file."""
    return words.rpartition(":")[0].endswith(".py")


def load_own(words: str) -> OwnMetric:
    """UsageError where there is no such file, function or metric. The file is run: ask only for words that the user typed."""
    return _from_file(words) if is_function(words) else _from_evaluate(words)


def _from_file(words: str) -> OwnMetric:
    path, _, name = words.rpartition(":")
    if not Path(path).is_file():
        raise UsageError(f"--metric {words}: there is no file {path}.")
    try:
        found = runpy.run_path(path).get(name)
    except Exception as problem:
        raise UsageError(f"--metric {words}: {path} cannot be run ({type(problem).__name__}: {problem}).") from problem
    if not callable(found):
        raise UsageError(f"--metric {words}: {path} has no function '{name}'.")
    return OwnMetric(name, words, found)


def _from_evaluate(words: str) -> OwnMetric:
    from bertft.scoring.metrics import load_metric

    metric = load_metric(words)

    def compute(predictions: list[Any], references: list[Any]) -> Any:
        found = metric.compute(predictions=predictions, references=references)
        if metric.name not in found and len(found) != 1:
            raise ValueError(f"it gives several values ({', '.join(found)}); wrap it in a function of your own")
        return found.get(metric.name, next(iter(found.values())))

    return OwnMetric(metric.name, words, compute, wants_numbers=True)
