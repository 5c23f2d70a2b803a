"""A part of the training rows: seeded, in the file's order, and with every class in it as far as that goes.

A file may be sorted by class, so its first rows would not do. The task and its columns are those of the whole file.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from bertft import console
from bertft.errors import UsageError
from bertft.kinds import MULTI_LABEL, SINGLE_LABEL
from bertft.plan.card import Card
from bertft.reading import Table
from bertft.rows.fields import Fields
from bertft.rows.label_cells import labels_of_row, split_labels
from bertft.rows.labels import labels_of_card
from bertft.rows.surrogates import shown
from bertft.wording import counted

_STREAM = 0x5A3B1E
"""Keeps this draw apart from the others of the same seed."""


def sample_rows(table: Table, count: int, card: Card, fields: Fields, seed: int) -> Table:
    """So many rows of the table. Of single-label rows each class keeps its share; of multi-label rows each label is kept."""
    if count >= len(table):
        return table
    chance = np.random.default_rng([seed, _STREAM])
    match card.problem:
        case SINGLE_LABEL.name:
            return table.only(stratified(_classes(table, card, fields), count, chance))
        case MULTI_LABEL.name:
            return table.only(covering(_label_sets(table, fields), count, chance))
    return table.only(sorted(chance.choice(len(table), count, replace=False).tolist()))


def labels_in(table: Table, card: Card, fields: Fields) -> set[str]:
    """Of the rows of a table, where rows have one or several."""
    if card.problem == SINGLE_LABEL.name:
        return {name for name in _classes(table, card, fields) if name is not None}
    return set().union(*_label_sets(table, fields)) if card.problem == MULTI_LABEL.name else set()


def tell_lost_labels(whole: set[str], kept: set[str], limit: int) -> None:
    """A warning for labels that a sample of `limit` rows has none of; UsageError where fewer than two are left."""
    lost, labels = sorted(whole - kept), counted(len(whole), "label")
    if not lost:
        return
    if len(kept) < 2:
        raise UsageError(f"--max-train-rows {limit} is too few for {labels}: pass at least {2 * len(whole)}.")
    named = ", ".join(map(shown, lost[:5])) + (", …" if len(lost) > 5 else "")
    missing = (
        f"{len(lost):,} of {labels} {'has' if len(lost) == 1 else 'have'} no row in it and will be unknown to the model"
    )
    console.warn(f"Sample: {missing}: {named} (--max-train-rows).")


def _classes(table: Table, card: Card, fields: Fields) -> list[str | None]:
    """The class of each row, whatever spelling the file uses for it; None: the cell is empty."""
    spellings = labels_of_card(card.labels, card.label_values).spellings if card.labels else {}
    cells = table.column(fields.label[0])
    names = (split_labels(cell, None, fields.label_names) for cell in cells)
    return [spellings.get(name[0], name[0]) if name else None for name in names]


def _label_sets(table: Table, fields: Fields) -> list[set[str]]:
    return [set(labels_of_row(row, fields.label, fields.separator, places=fields.label_names) or ()) for row in table]


def stratified(classes: Sequence[Hashable | None], count: int, chance: np.random.Generator) -> list[int]:
    """Positions in order: of each class its share, and at least one where `count` allows. Rows of class None, which
    nothing can be learned from, are taken only where the others do not suffice."""
    members: dict[Hashable, list[int]] = {}
    for position, name in enumerate(classes):
        members.setdefault(name, []).append(position)
    unlabelled = members.pop(None, [])
    taken: list[int] = []
    parts = list(members.values())
    labelled = sum(map(len, parts))
    for part, share in zip(parts, shares([len(part) for part in parts], min(count, labelled)), strict=True):
        taken += chance.choice(part, share, replace=False).tolist()
    if count > labelled:
        taken += chance.choice(unlabelled, count - labelled, replace=False).tolist()
    return sorted(taken)


def shares(sizes: Sequence[int], count: int) -> list[int]:
    """`count` in proportion to the sizes, by the largest remainders; at least 1 each where `count` allows. Exact, in whole
    numbers: every share is at most its size."""
    if count >= sum(sizes):
        return list(sizes)
    every = np.asarray(sizes, dtype=np.int64)
    small = np.zeros(len(every), dtype=bool)  # classes whose share would be below one row
    while count >= len(every) and (new := ~small & ((count - small.sum()) * every < every[~small].sum())).any():
        small |= new
    found = small.astype(np.int64)
    whole, rest = np.divmod((count - small.sum()) * every[~small], every[~small].sum())
    missing = count - int(small.sum() + whole.sum())
    whole[np.argsort(-rest, kind="stable")[:missing]] += 1
    found[~small] = whole
    return [int(share) for share in found]


def covering(label_sets: Sequence[set[str]], count: int, chance: np.random.Generator) -> list[int]:
    """Positions in order, drawn by lot, but with a row of each label as far as `count` goes, the rarest labels first."""
    order = chance.permutation(len(label_sets)).tolist()
    rows: dict[str, list[int]] = {}
    for position in order:
        for label in label_sets[position]:
            rows.setdefault(label, []).append(position)
    taken: dict[int, None] = {}
    covered: set[str] = set()
    for label in sorted(rows, key=lambda name: (len(rows[name]), name)):
        if label not in covered:
            taken[rows[label][0]] = None
            covered |= label_sets[rows[label][0]]
    taken |= dict.fromkeys(order)
    return sorted(list(taken)[:count])
