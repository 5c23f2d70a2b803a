"""A row is read once: a row of a file becomes an Example, or a Refusal with a reason. Each kind of task has its own reader, which
`kinds/` names. No torch here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bertft.gold.example import Example, Read, Refusal
from bertft.gold.options import Options
from bertft.gold.reader import Reader
from bertft.plan.card import Card
from bertft.rows.fields import Fields
from bertft.rows.labels import Labels
from bertft.rows.row import Row

__all__ = ["Example", "Options", "Read", "Reader", "Refusal", "learn_task", "reader_for"]


def reader_for(card: Card, labels: Labels, fields: Fields, options: Options, **stored: Any) -> Reader:
    """The reader of a card. `stored` is what bertft.json says of the task beside its labels."""
    made: type[Reader] = card.solves.load("reader")
    return made(card, labels, fields, options, **made.restored(stored))


def learn_task(
    card: Card,
    fields: Fields,
    options: Options,
    rows: Iterable[Row],
    *,
    known_order: Sequence[str] = (),
    scheme: str | None = None,
) -> Reader:
    """The reader of the training rows. It knows the task's labels, and what else stands in bertft.json as `stored`."""
    return reader_for(card, Labels(()), fields, options).learn(rows, known_order=known_order, scheme=scheme)
