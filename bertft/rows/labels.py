"""Cells to label names and back. The names and their order are a model's, and stand in its config.

`1`, `1.0` and 1 are the same label, as a spreadsheet's one blank cell turns a column of 1 into 1.0. No torch here.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from bertft.errors import DataError
from bertft.rows.row import Row
from bertft.rows.surrogates import has_surrogate, shown

_WHOLE = re.compile(r"([+-]?\d+)\.0+")


def is_empty(cell: object) -> bool:
    """Only an empty cell is empty; 'NA', 'null' and 'None' are text. Blank space alone counts as empty; NaN and infinity
    are no values."""
    if isinstance(cell, str):
        return not cell.strip()
    return cell is None or cell != cell or (isinstance(cell, float) and math.isinf(cell))


def label_text(cell: object) -> str:
    """The name under which a cell's label is known: stripped, booleans as true/false, whole floats without '.0'."""
    if isinstance(cell, bool):
        return str(cell).lower()
    text = str(cell).strip()
    whole = _WHOLE.fullmatch(text)
    return whole.group(1) if whole else text


def form(text: str) -> str:
    """What is left of a label without its case, its spaces and its Unicode form."""
    return "".join(unicodedata.normalize("NFC", text).casefold().split())


def split_labels(cell: object, separator: str | None) -> list[str]:
    """The labels in one cell: a list, a JSON list in a string, or parts between separators. An empty cell holds none."""
    if is_empty(cell):
        return []
    if isinstance(cell, str):
        cell = _parts(cell.strip(), separator)
    parts = cell if isinstance(cell, (list, tuple)) else [cell]
    return [label_text(part) for part in parts if not is_empty(part)]


def _parts(text: str, separator: str | None) -> list[object]:
    if text.startswith("[") and text.endswith("]"):
        try:
            return list(json.loads(text))
        except (ValueError, RecursionError):
            pass
    return list(text.split(separator)) if separator else [text]


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Distinct names, sorted: as numbers where all are whole numbers, else as text. Never by chance or by hash."""
    distinct = set(names)
    if all(re.fullmatch(r"[+-]?\d{1,300}", name) for name in distinct):  # Python makes no number of 4,301 digits
        return tuple(sorted(distinct, key=lambda name: (int(name), name)))
    return tuple(sorted(distinct))


@dataclass(frozen=True)
class Labels:
    """The names in the model's order, and the other spellings that a file may use for them."""

    names: tuple[str, ...]
    spellings: Mapping[str, str] = field(default_factory=dict)
    """Other spelling -> name, such as '0' -> 'negative'."""

    def __len__(self) -> int:
        return len(self.names)

    def index(self, cell: object) -> int | None:
        """Position of the cell's label, or None for a label that the model does not know."""
        return self.position(label_text(cell))

    def position(self, text: str) -> int | None:
        """The same for a cell that was read with `label_text`."""
        return self._positions.get(self.spellings.get(text, text))

    def like(self, text: str) -> str | None:
        """The only name that differs from `text` in nothing but case, spaces and Unicode form; None where there is none, or
        several."""
        found = self._by_form.get(form(text), ())
        return found[0] if len(found) == 1 else None

    @property
    def nearly_alike(self) -> list[tuple[str, ...]]:
        """Names that differ from each other in nothing but case, spaces and Unicode form."""
        return [names for names in self._by_form.values() if len(names) > 1]

    @cached_property
    def _by_form(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for name in self.names:
            found[form(name)] = (*found.get(form(name), ()), name)
        return found

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {name: position for position, name in enumerate(self.names)}


def labels_of_card(names: Sequence[str], values: Mapping[str, str]) -> Labels:
    """A card's labels: a file may write the name, its index (unless an index is itself a name), or a listed spelling."""
    indices = {str(position): name for position, name in enumerate(names)}
    spellings = {} if set(indices) & set(names) else indices
    return Labels(tuple(names), {**spellings, **values})


def learn(seen: Iterable[str], *, known_order: Sequence[str] = ()) -> Labels:
    """Labels of a file without a card. The order of a loaded checkpoint wins when it names the same labels."""
    names = in_order(seen)
    if broken := next(filter(has_surrogate, names), None):
        raise DataError(
            f"The training file has a label '{shown(broken)}' with half a character (a lone surrogate). Mend it there."
        )
    if known_order and set(known_order) == set(names):
        return Labels(tuple(known_order))
    return Labels(names)


_YES_NO = {"1": True, "0": False, "true": True, "false": False, "": False}


def labels_of_row(
    row: Row, columns: Sequence[str], separator: str | None, names: Sequence[str] = ()
) -> list[str] | None:
    """The labels of a row, from one cell or from one 0/1 column per label; None when nothing is filled in. `names` are the
    labels of those columns, where they are called otherwise."""
    if len(columns) == 1:
        cell = row.fields.get(columns[0])
        return None if is_empty(cell) else split_labels(cell, separator)
    if all(is_empty(row.fields.get(column)) for column in columns):
        return None
    return [name for name, column in zip(names or columns, columns, strict=True) if _is_set(row, column)]


def _is_set(row: Row, column: str) -> bool:
    cell = row.fields.get(column)
    text = "" if is_empty(cell) else label_text(cell).lower()
    if text not in _YES_NO:
        raise DataError(f"{row.origin}: '{shown(cell)}' in label column '{column}': 0 or 1 is wanted.")
    return _YES_NO[text]
