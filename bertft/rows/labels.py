"""Cells to label names and back. The names and their order are a model's, and stand in its config.

`1`, `1.0` and 1 are the same label, as a spreadsheet's one blank cell turns a column of 1 into 1.0. No torch here.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from bertft.errors import DataError
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
            f"The training file has a label '{shown(broken)}' with half a character (a lone surrogate). Fix it there."
        )
    if known_order and set(known_order) == set(names):
        return Labels(tuple(known_order))
    return Labels(names)
