"""What a label column asks for: one of a few classes, any number of labels, or a number. The middle is an error.

Blank cells have no say: one of them must not turn whole numbers into a regression.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bertft.errors import DataError
from bertft.guess.columns import MACHINE, MOST, NUMBER, WHOLE, Look, as_list, share
from bertft.kinds import MULTI_LABEL, REGRESSION, SINGLE_LABEL
from bertft.rows.labels import is_empty, label_text, split_labels
from bertft.rows.surrogates import shown

SEPARATORS = {"|": 0.5, ";": MOST, ",": MOST}
"""With the share of the parts that must recur: a bar is hardly ever part of a name, a comma often."""
MOST_NUMBERED_CLASSES = 20


@dataclass(frozen=True)
class Verdict:
    """The problem, and one line saying why, with the flag that overrides it."""

    problem: str
    why: str
    separator: str | None = None


def problem_of_flags(columns: Sequence[str], looks: Sequence[Look], asked: str | None) -> Verdict:
    """Several columns of 0 and 1, one per label."""
    if asked not in (None, MULTI_LABEL.name):
        raise DataError(
            f"{len(columns)} label columns are a multi-label task, not {asked}: name one column with --label."
        )
    for column, seen in zip(columns, looks, strict=True):
        if not seen.flags:
            raise DataError(f"of several label columns each must hold 0 and 1, but '{column}' holds {seen}.")
    return Verdict(MULTI_LABEL.name, f"multi-label: {len(columns)} columns of 0 and 1, one per label (--label)")


def problem_of(values: Sequence[object], name: str, asked: str | None) -> Verdict:
    """`values` are all cells of the label column `name`; `asked` is what the user wants it to be."""
    filled = [value for value in values if not is_empty(value)]
    if not filled:
        raise DataError(f"label column '{name}' is empty. Pass --label COLUMN.")
    if asked == REGRESSION.name:
        return _as_asked_regression(filled, name)
    listed = share(as_list(value) is not None for value in filled) >= MOST
    if asked == MULTI_LABEL.name or (listed and asked is None):
        return _as_lists(filled, name, listed)
    if listed or any(isinstance(value, dict) for value in filled):
        raise DataError(
            f"the cells of '{name}' hold lists or objects, not one label each. Pass --multi-label or --label."
        )
    counts = Counter(label_text(value) for value in filled)
    if len(counts) == 1:
        raise DataError(
            f"every label in '{name}' is '{shown(next(iter(counts)))}': there is nothing to tell apart. Pass --label."
        )
    if asked == SINGLE_LABEL.name:
        return _classes(counts)
    return _of_numbers(counts, name) or _of_strings(counts, name)


def _as_asked_regression(filled: Sequence[object], name: str) -> Verdict:
    for value in filled:
        if isinstance(value, bool) or not is_number(label_text(value)):
            raise DataError(
                f"--regression wants numbers, but '{name}' holds '{shown(value)}'. Mend it, or pass --single-label."
            )
    return Verdict(REGRESSION.name, "regression, as asked")


def _as_lists(filled: Sequence[object], name: str, listed: bool) -> Verdict:
    if listed:
        names = {label for value in filled for label in split_labels(value, None)}
        if len(names) < 2:
            raise DataError(f"the lists in '{name}' hold {len(names)} distinct label. Pass --label.")
        return Verdict(MULTI_LABEL.name, f"multi-label: lists of {len(names):,} distinct labels (--single-label)")
    cells = [label_text(value) for value in filled]
    separator = next((mark for mark in SEPARATORS if any(mark in cell for cell in cells)), None)
    parted = f"labels parted by '{separator}' (--separator)" if separator else "one label in every cell"
    return Verdict(MULTI_LABEL.name, f"multi-label, as asked: {parted}", separator)


def _classes(counts: Counter[str], note: str = "") -> Verdict:
    return Verdict(
        SINGLE_LABEL.name, f"single-label: one of {len(counts):,} classes for each row{note} (--multi-label)"
    )


def _of_numbers(counts: Counter[str], name: str) -> Verdict | None:
    """Few whole numbers, each recurring, are classes; fractions are a regression. None: these are no numbers."""
    numbers = [text for text in counts if is_number(text)]
    if len(numbers) < len(counts):
        _refuse_broken_numbers(counts, numbers, name)
        return None
    if not all(WHOLE.fullmatch(text) for text in numbers):
        span = f"from {min(map(float, numbers)):g} to {max(map(float, numbers)):g}"
        return Verdict(REGRESSION.name, f"regression: fractions {span} (--single-label)")
    if len(counts) <= MOST_NUMBERED_CLASSES and min(counts.values()) > 1:
        return Verdict(SINGLE_LABEL.name, f"single-label: {len(counts)} whole numbers are classes (--regression)")
    raise DataError(
        f"{len(counts):,} distinct numbers in '{name}': regression or classes? Pass --regression or --single-label."
    )


def _refuse_broken_numbers(counts: Counter[str], numbers: Sequence[str], name: str) -> None:
    """Numbers with a few words among them are neither a regression nor plainly classes."""
    amount = sum(counts[text] for text in numbers)
    if len(numbers) > MOST_NUMBERED_CLASSES and amount >= MOST * counts.total():
        odd = next(text for text in counts if text not in set(numbers))
        raise DataError(
            f"'{name}' holds {amount:,} numbers, but also '{shown(odd)}'. Empty such cells for a regression, "
            f"or pass --single-label to take every value as a class."
        )


def _of_strings(counts: Counter[str], name: str) -> Verdict:
    if len(counts) == counts.total():
        raise DataError(
            f"every one of the {len(counts):,} labels in '{name}' is different: it looks like text or an id. "
            f"Pass --label COLUMN, or --single-label if they are classes."
        )
    if share(MACHINE["numbers"].fullmatch(cell) is not None for cell in counts) >= MOST:
        raise DataError(
            f"the numbers in '{name}' are written like '{shown(next(iter(counts)))}': write 1.5 and 1000, "
            f"or pass --single-label to take every value as a class."
        )
    present = [mark for mark in SEPARATORS if any(mark in cell for cell in counts)]
    for separator in present:
        if parts_recur(list(counts), separator):
            names = {part for cell in counts for part in split_labels(cell, separator)}
            why = f"multi-label: {len(names):,} distinct labels, parted by '{separator}' (--single-label, --separator)"
            return Verdict(MULTI_LABEL.name, why, separator)
    if present:
        held = sum(counts[cell] for cell in counts if present[0] in cell)
        return _classes(counts, f"; {held:,} of them hold '{present[0]}', which --multi-label takes as a separator")
    return _classes(counts)


def is_number(text: str) -> bool:
    """Not 1e999, which is infinite."""
    return NUMBER.fullmatch(text) is not None and math.isfinite(float(text))


def parts_recur(cells: Sequence[str], separator: str) -> bool:
    """Whether distinct cells are made of the same parts: `a|b`, `a`, `b|c`. A name like `Washington, DC` is not."""
    split = [set(split_labels(cell, separator)) for cell in cells]
    in_cells = Counter(part for cell in split for part in cell)
    joined = {part for cell in split if len(cell) > 1 for part in cell}
    recurring = share(in_cells[part] > 1 for part in joined)
    return bool(joined) and recurring >= SEPARATORS[separator]
