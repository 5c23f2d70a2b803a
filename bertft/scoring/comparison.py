"""A model's scores beside what needs no training: the best constant answer, and the model before its first step. Whether it has
learned anything is told from these."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bertft.scoring.scores import Scores, better, higher_is_better


@dataclass(frozen=True)
class Baseline:
    """What the best constant answer, learned from the training labels alone, scores on the validation rows."""

    name: str
    """The constant answer, as the subject of a sentence: `the best single class alone`."""
    scores: Scores

    @property
    def value(self) -> float:
        """The main metric; a correlation with a constant is undefined and counts as 0."""
        return self.scores.values.get(self.scores.main, 0.0)

    def __str__(self) -> str:
        undefined = ", as it cannot rank" if self.scores.main not in self.scores.values else ""
        return f"{self.name} gives {self.value:.4f}{undefined}"

    def beaten_by(self, scores: Scores) -> bool:
        """Whether scores on the same rows are better by the main metric."""
        return better(scores.main, scores.main_value, self.value)

    def clearly_beaten_by(self, scores: Scores) -> bool:
        """Whether the whole 95 % interval is better; where there is none, the value."""
        if scores.interval is None:
            return self.beaten_by(scores)
        low, high = scores.interval
        return self.beaten_by(scores) and better(
            scores.main, low if higher_is_better(scores.main) else high, self.value
        )


@dataclass(frozen=True)
class Comparison:
    """The best model on the validation rows, beside what it has to beat."""

    model: Scores
    baseline: Baseline
    start: Scores | None = None
    """Of the model before its first step, where its head was fitted and not random."""
    same_answer: str = ""
    """What the model says of all rows alike, in words; empty if its answers differ."""

    @property
    def is_defined(self) -> bool:
        return math.isfinite(self.model.values.get(self.model.main, math.nan))

    @property
    def has_learned(self) -> bool:
        """Whether the model is better than the constant answer, by more than the validation rows leave to chance."""
        return self.is_defined and self.baseline.clearly_beaten_by(self.model)

    @property
    def is_warning(self) -> bool:
        """Whether the summary says something that the user should know even with --quiet."""
        return bool(self.same_answer) or not self.has_learned

    @property
    def summary(self) -> str:
        """All scores in one sentence, and what follows from them in another."""
        shown = f"{self.model.values[self.model.main]:.4f}" if self.is_defined else "undefined"
        start = f"; the warm start gave {_value(self.start)}" if self.start else ""
        return " ".join([f"Validation {self.model.main} {shown}; {self.baseline}{start}.", *self._verdict()])

    def _verdict(self) -> list[str]:
        said = [f"The model gives {self.same_answer}: {self._worth_of_sameness()}."] if self.same_answer else []
        if not self.is_defined:
            said += [f"{self._why_undefined()}. No epoch could be chosen by it; another metric may do (--metric)."]
        elif not self.baseline.beaten_by(self.model):
            said += [] if self.same_answer else ["The model has learned nothing that this metric shows."]
        elif not self.baseline.clearly_beaten_by(self.model) and self.model.interval:
            low, high = self.model.interval
            said += [f"The difference may be chance: the 95 % interval is {low:.4f} to {high:.4f}."]
        return said

    def _worth_of_sameness(self) -> str:
        small = "its score rests on differences too small to rely on"
        return small if self.has_learned else "that is nothing beyond the label counts"

    def _why_undefined(self) -> str:
        """The note of the scores that says so, without its full stop."""
        name = f"{self.model.main} is "
        return next((note.rstrip(".") for note in self.model.notes if note.startswith(name)), f"{name}no number")

    def as_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return {
            "constant": {"answer": self.baseline.name, **_plain(self.baseline.scores)},
            "start": _plain(self.start) if self.start else None,
            "same_answer": self.same_answer or None,
            "has_learned": self.has_learned,
            "summary": self.summary,
        }

    @classmethod
    def from_dict(cls, found: Mapping[str, Any], model: Scores) -> Comparison:
        """What `as_dict` gave, and the model's scores."""
        constant, start = found["constant"], found["start"]
        baseline = Baseline(constant["answer"], Scores(constant["main"], constant["values"], model.examples))
        first = Scores(start["main"], start["values"], model.examples) if start else None
        return cls(model, baseline, first, found["same_answer"] or "")


def _value(scores: Scores) -> str:
    return f"{scores.values[scores.main]:.4f}" if scores.main in scores.values else "none"


def _plain(scores: Scores) -> dict[str, object]:
    found = scores.as_dict()
    return {name: found[name] for name in ("main", "value", "values")}
