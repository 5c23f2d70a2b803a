"""Where data meets model: one file per kind of task. The kind says which; only that one is imported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any

from bertft.adapters.adapter import Adapter, Answer, Batch, Decisions, Feature, Options, Prediction
from bertft.adapters.learning import learn_labels
from bertft.card import Card
from bertft.errors import CardError
from bertft.fields import Fields
from bertft.labels import Labels
from bertft.row import Row

__all__ = [
    "Adapter",
    "Answer",
    "Batch",
    "Decisions",
    "Feature",
    "Options",
    "Prediction",
    "adapter_for",
    "learn_labels",
    "learn_task",
]


def adapter_for(card: Card, labels: Labels, fields: Fields, tokenizer: Any, options: Options, **stored: Any) -> Adapter:
    """The adapter of a card. `stored` is what `Adapter.stored()` gave when the model was saved."""
    made = adapter_class(card)
    return made(card, labels, fields, tokenizer, options, **made.restored(stored))


def learn_task(
    card: Card, fields: Fields, rows: Iterable[Row], *, known_order: Sequence[str] = (), scheme: str | None = None
) -> tuple[Labels, dict[str, Any]]:
    """What the training rows say of the task: its labels, and what else `adapter_for` wants as `stored`."""
    return adapter_class(card).learn(card, fields, rows, known_order=known_order, scheme=scheme)


def adapter_class(card: Card) -> type[Adapter]:
    """CardError for a kind that has none yet."""
    if not card.solves.adapter:
        raise CardError(f"{card.name}: no adapter for {card.solves.name} yet.")
    module, name = card.solves.adapter.split(":")
    found: type[Adapter] = getattr(import_module(module), name)
    return found
