"""Labelled rows that a model got wrong, most confident first: what one reads to find wrong labels, and what a model cannot do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bertft.adapters.adapter import Adapter, Prediction


@dataclass(frozen=True)
class Mistake:
    """One row."""

    position: int
    """Among the rows that were predicted."""
    gold: Any
    """In words: a label, labels, a number, tags or answers. None: a label that the model does not know."""
    predicted: Any
    confidence: float
    """The probability of what is wrong; of a number, how far off it is."""


def mistakes_of(adapter: Adapter, predictions: Sequence[Prediction], targets: Sequence[Any]) -> list[Mistake]:
    """Rows that were answered, and not as they are labelled."""
    answered = [place for place, prediction in enumerate(predictions) if prediction.values is not None]
    given, gold = [predictions[place] for place in answered], [targets[place] for place in answered]
    if not answered:
        return []
    found = [
        Mistake(place, wanted, said, adapter.wrongness(prediction, target))
        for place, prediction, target, said, wanted in zip(
            answered, given, gold, *adapter.in_words(given, gold), strict=True
        )
        if not adapter.is_right(said, wanted)
    ]
    return sorted(found, key=lambda mistake: -mistake.confidence)
