"""What a label column asks for: one of a few classes, any number of labels, or a number. The middle is an error.

Blank cells have no say: one of them must not turn whole numbers into a regression.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from bertft.errors import DataError
from bertft.guess.columns import MACHINE, MOST, NUMBER, WHOLE, Look, share
from bertft.guess.label_lists import listed_labels, refuse_bare_lists, verdict_on
from bertft.guess.verdict import AskedLabels, NothingToLearn, Verdict
from bertft.kinds import MULTI_LABEL, REGRESSION, SINGLE_LABEL
from bertft.rows.label_cells import is_container, split_labels
from bertft.rows.labels import is_empty, label_text
from bertft.rows.surrogates import shown

SEPARATORS = {"|": 0.5, ";": MOST, ",": MOST}
"""With the share of the parts that must recur: a bar is hardly ever part of a name, a comma often."""
MOST_NUMBERED_CLASSES = 20


def problem_of_flags(columns: Sequence[str], looks: Sequence[Look], asked: AskedLabels) -> Verdict:
    """Several columns of 0 and 1, one per label."""
    if asked.problem not in (None, MULTI_LABEL.name):
        raise DataError(
            f"{len(columns)} label columns are a multi-label task, not {asked.problem}: name one column with --label."
        )
    if asked.label_names or asked.separator:
        flag = "--label-names" if asked.label_names else "--separator"
        raise DataError(
            f"{flag} is for one label column; {len(columns)} columns are named after their labels. Leave it out."
        )
    for column, seen in zip(columns, looks, strict=True):
        if not seen.flags:
            raise DataError(f"of several label columns each must hold 0 and 1, but '{column}' holds {seen}.")
    return Verdict(MULTI_LABEL.name, f"multi-label: {len(columns)} columns of 0 and 1, one per label (--label)")


def problem_of(values: Sequence[object], name: str, asked: AskedLabels) -> Verdict:
    """`values` are all cells of the label column `name`."""
    problem, separator = asked.problem, asked.separator
    filled = [value for value in values if not is_empty(value)]
    if not filled:
        raise DataError(f"label column '{name}' is empty. Name another column with --label.")
    if problem == REGRESSION.name:
        return _as_asked_regression(filled, name)
    plain = [value for value in filled if not is_container(value)]
    if separator is None and problem != SINGLE_LABEL.name and 0 < len(plain) < len(filled):
        separator = separator_of({label_text(value) for value in plain})
    if asked.separator and not plain:
        raise DataError(f"--separator '{separator}': the cells of '{name}' hold lists. Leave it out.")
    if (listed := listed_labels(filled, name, replace(asked, separator=separator))) is not None:
        if verdict := verdict_on(listed, problem):
            return verdict
        filled = [label for labels in listed.sets for label in labels]
    if problem == MULTI_LABEL.name:
        return _as_parts(filled, name, asked.separator)
    return _one_each(Counter(label_text(value) for value in filled), name, problem)


def _one_each(counts: Counter[str], name: str, asked: str | None) -> Verdict:
    if len(counts) == 1:
        raise NothingToLearn(
            f"every label in '{name}' is '{shown(next(iter(counts)))}': there is nothing to tell apart. "
            f"Name another column with --label."
        )
    if asked == SINGLE_LABEL.name:
        return _classes(counts)
    refuse_bare_lists(counts, name)
    return _of_numbers(counts, name) or _of_strings(counts, name)


def _as_asked_regression(filled: Sequence[object], name: str) -> Verdict:
    for value in filled:
        if isinstance(value, bool) or not is_number(label_text(value)):
            instead = "" if is_container(value) else ", or pass --single-label"
            raise DataError(f"--regression wants numbers, but '{name}' holds '{shown(value)}'. Fix it{instead}.")
    return Verdict(REGRESSION.name, "regression, as asked")


def _as_parts(filled: Sequence[object], name: str, separator: str | None) -> Verdict:
    cells = [label_text(value) for value in filled]
    if separator and not any(separator in cell for cell in cells):
        raise DataError(
            f"--separator '{separator}': no cell of '{name}' holds it, such as '{shown(cells[0])}'. Leave it out."
        )
    mark = separator or next((mark for mark in SEPARATORS if any(mark in cell for cell in cells)), None)
    parted = f"labels separated by '{mark}' (--separator)" if mark else "one label in every cell"
    return Verdict(MULTI_LABEL.name, f"multi-label, as asked: {parted}", mark)


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
    if separator := separator_of(counts):
        names = {part for cell in counts for part in split_labels(cell, separator)}
        why = f"multi-label: {len(names):,} distinct labels, separated by '{separator}' (--single-label, --separator)"
        return Verdict(MULTI_LABEL.name, why, separator)
    present = [mark for mark in SEPARATORS if any(mark in cell for cell in counts)]
    if present:
        held = sum(counts[cell] for cell in counts if present[0] in cell)
        return _classes(counts, f"; {held:,} of them hold '{present[0]}', which --multi-label takes as a separator")
    return _classes(counts)


def is_number(text: str) -> bool:
    """Not 1e999, which is infinite."""
    return NUMBER.fullmatch(text) is not None and math.isfinite(float(text))


def separator_of(cells: Collection[str]) -> str | None:
    """What parts the labels of distinct cells, if anything does."""
    present = (mark for mark in SEPARATORS if any(mark in cell for cell in cells))
    return next((mark for mark in present if parts_recur(list(cells), mark)), None)


def parts_recur(cells: Sequence[str], separator: str) -> bool:
    """Whether distinct cells are made of the same parts: `a|b`, `a`, `b|c`. A name like `Washington, DC` is not."""
    split = [set(split_labels(cell, separator)) for cell in cells]
    in_cells = Counter(part for cell in split for part in cell)
    joined = {part for cell in split if len(cell) > 1 for part in cell}
    recurring = share(in_cells[part] > 1 for part in joined)
    return bool(joined) and recurring >= SEPARATORS[separator]
