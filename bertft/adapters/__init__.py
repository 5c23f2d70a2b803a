"""Where data meets model: one file per kind of task, and this match from a card to its adapter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bertft.adapters.adapter import Adapter, Answer, Batch, Decisions, Feature, Options, Prediction
from bertft.adapters.learning import learn_labels
from bertft.adapters.multi_label import MultiLabel
from bertft.adapters.questions import QuestionAnswering
from bertft.adapters.regression import Regression
from bertft.adapters.single_label import SingleLabel
from bertft.adapters.tagging import WordTagger
from bertft.answers import answers_of
from bertft.card import Card
from bertft.errors import CardError, DataError
from bertft.fields import Fields
from bertft.labels import Labels, labels_of_card
from bertft.row import Row
from bertft.tags.rows import learn_tags

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
    match card.kind, card.problem:
        case "text-classification", "single-label":
            return SingleLabel(card, labels, fields, tokenizer, options)
        case "text-classification", "regression":
            return Regression(card, labels, fields, tokenizer, options)
        case "text-classification", "multi-label":
            return MultiLabel(card, labels, fields, tokenizer, options, tuple(stored.get("thresholds", ())))
        case "token-classification", _:
            return WordTagger(card, labels, fields, tokenizer, options, stored.get("scheme"))
        case "question-answering", _:
            return QuestionAnswering(card, labels, fields, tokenizer, options, **stored)
    raise CardError(f"{card.name}: no adapter for {card.kind} / {card.problem} yet.")


def learn_task(
    card: Card, fields: Fields, rows: Iterable[Row], *, known_order: Sequence[str] = (), scheme: str | None = None
) -> tuple[Labels, dict[str, Any]]:
    """What the training rows say of the task: its labels, and what else `adapter_for` wants as `stored`. Goes over the rows
    as often as needed. `scheme`: the tag scheme that was asked for."""
    if card.kind == "token-classification":
        given = labels_of_card(card.labels, card.label_values) if card.labels else None
        labels, chosen = learn_tags(fields, rows, given=given, scheme=scheme, known_order=known_order)
        return labels, {"scheme": chosen}
    if card.kind == "question-answering":
        return Labels(()), {"can_abstain": any(_unanswerable(row, fields) for row in rows)}
    return learn_labels(card, fields, rows, known_order=known_order), {}


def _unanswerable(row: Row, fields: Fields) -> bool:
    try:
        found = answers_of(row.fields, fields.label, str(row.fields.get(fields.text_pair or "")), fix=True)
    except DataError:
        return False  # told with the row's place when it is its turn
    return found is not None and not found.texts
