"""Where examples meet the model: a folder per kind of task. The kind says which; only that one is imported."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from bertft.adapters.adapter import Adapter, Answer, Batch, Decisions, Feature, Prediction
from bertft.errors import CardError
from bertft.gold import Options
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
    made = adapter_class(card)
    return made(card, labels, fields, tokenizer, options, **made.restored(stored))


def adapter_class(card: Card) -> type[Adapter]:
    """CardError for a kind that has none yet."""
    if not card.solves.adapter:
        raise CardError(f"{card.name}: no adapter for {card.solves.name} yet.")
    module, name = card.solves.adapter.split(":")
    found: type[Adapter] = getattr(import_module(module), name)
    return found
