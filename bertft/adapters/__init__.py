"""Where examples meet the model: a folder per kind of task. The kind says which; only that one is imported."""

from __future__ import annotations

from typing import Any

from bertft.adapters.adapter import Adapter, Batch, Decisions, Feature, Prediction
from bertft.gold import Options
from bertft.gold.answer import Answer
from bertft.plan.card import Card
from bertft.protocols import Tokenizer
from bertft.rows.fields import Fields
from bertft.rows.labels import Labels

__all__ = [
    "Adapter",
    "Answer",
    "Batch",
    "Decisions",
    "Feature",
    "Options",
    "Prediction",
    "adapter_for",
]


def adapter_for(
    card: Card, labels: Labels, fields: Fields, tokenizer: Tokenizer, options: Options, **stored: Any
) -> Adapter:
    """The adapter of a card. `stored` is what `Adapter.stored()` gave when the model was saved."""
    made: type[Adapter] = card.solves.load("adapter")
    return made(card, labels, fields, tokenizer, options, **made.restored(stored))
