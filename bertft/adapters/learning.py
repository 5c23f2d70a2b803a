"""The labels of a text classification, from its card or its training rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bertft.card import Card
from bertft.errors import DataError
from bertft.fields import Fields
from bertft.kinds import MULTI_LABEL
from bertft.labels import Labels, is_empty, label_text, labels_of_card, labels_of_row, learn
from bertft.row import Row


def learn_labels(card: Card, fields: Fields, rows: Iterable[Row], *, known_order: Sequence[str] = ()) -> Labels:
    """The card's labels in its order; without any, those of the training rows, sorted, or in the checkpoint's order."""
    if card.solves.is_number:
        return Labels(("score",))
    if card.labels:
        return labels_of_card(card.labels, card.label_values)
    if len(fields.label) > 1:
        return Labels(fields.label)
    labels = learn(_label_names(card, fields, rows), known_order=known_order)
    if len(labels) < card.solves.fewest_labels:
        found = f"only '{labels.names[0]}'" if labels.names else "none"
        raise DataError(
            f"Column '{fields.label[0]}' holds fewer than two labels ({found}): there is nothing to tell apart."
        )
    return labels


def _label_names(card: Card, fields: Fields, rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        if card.problem == MULTI_LABEL.name:
            yield from labels_of_row(row, fields.label, fields.separator) or []
        elif not is_empty(cell := row.fields.get(fields.label[0])):
            yield label_text(cell)
