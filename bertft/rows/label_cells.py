"""Which labels does a cell hold? One, a list of them, a vector of 0 and 1, or an object that gives each label a 0 or a 1; plain
or printed in a string. What can be none of them is refused in words: a container is never a label by its printed form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bertft.errors import DataError
from bertft.rows.containers import opened
from bertft.rows.labels import is_empty, label_text
from bertft.rows.row import Row
from bertft.rows.surrogates import shown

_WRAPPERS = ("choices", "labels", "label", "cats", "taxonomy")
"""The only key of an object that holds the labels, as annotation tools write it."""
_FLAGS = re.compile(r"\s*+[01](?:[\s,;|]++[01])++\s*+")
_BETWEEN = re.compile(r"[\s,;|]+")
_WANTED = 'wanted a label, or a list of labels, as ["joy", "anger"]'


def is_container(cell: object) -> bool:
    """Whether it is a list or an object, be it in a string."""
    return isinstance(opened(cell), list | dict)


def split_labels(cell: object, separator: str | None, places: Sequence[str] = ()) -> list[str]:
    """The labels in one cell; an empty cell holds none. `separator`: between the labels of a string that is no list. `places`:
    the labels that the places of a vector of 0 and 1 stand for. DataError, which lacks the row's place, for what holds none."""
    if is_empty(cell):
        return []
    found = unwrapped(opened(cell))
    if places:
        found = as_vector(found)
    if isinstance(found, dict):
        return _set_in(found)
    if isinstance(found, list):
        return _of_vector(found, places) if places and is_vector(found) else _of_list(found)
    parts = found.split(separator) if separator and isinstance(found, str) else [found]
    return [label_text(part) for part in parts if not is_empty(part)]


_YES_NO = {"1": True, "0": False, "true": True, "false": False, "": False}


def labels_of_row(
    row: Row, columns: Sequence[str], separator: str | None, names: Sequence[str] = (), places: Sequence[str] = ()
) -> list[str] | None:
    """The labels of a row, from one cell or from one 0/1 column per label; None when nothing is filled in. `names` are the
    labels of those columns, where they are called otherwise; `places` as in `split_labels`."""
    if len(columns) == 1:
        return labels_of_cell(row, columns[0], separator, places)
    if all(is_empty(row.fields.get(column)) for column in columns):
        return None
    return [name for name, column in zip(names or columns, columns, strict=True) if _is_set(row, column)]


def labels_of_cell(row: Row, column: str, separator: str | None, places: Sequence[str]) -> list[str] | None:
    """The labels in one cell of a row; None for an empty one. DataError with the row's place for what holds no labels."""
    cell = row.fields.get(column)
    try:
        return None if is_empty(cell) else split_labels(cell, separator, places)
    except DataError as problem:
        raise DataError(f"{row.origin}: column '{column}': {problem}.") from None


def _is_set(row: Row, column: str) -> bool:
    cell = row.fields.get(column)
    text = "" if is_empty(cell) else label_text(cell).lower()
    if text not in _YES_NO:
        raise DataError(f"{row.origin}: '{shown(cell)}' in label column '{column}': 0 or 1 is wanted.")
    return _YES_NO[text]


def unwrapped(found: object) -> object:
    """Without the object that a tool puts around: {"choices": ["joy"]} -> ["joy"]."""
    while isinstance(found, dict) and len(found) == 1 and next(iter(found)) in _WRAPPERS:
        inner = next(iter(found.values()))
        if is_flag(inner):  # a label that is called 'label'
            break
        found = opened(inner)
    return found


def as_vector(found: object) -> object:
    """Of a string of 0 and 1 with signs between, as `0 1 0`, the list; anything else as it is."""
    if isinstance(found, str) and _FLAGS.fullmatch(found):
        return [*_BETWEEN.split(found.strip())]
    return found


def is_flag(value: object) -> bool:
    """0 or 1, or true or false, be it in a string."""
    return value in (0, 1, "0", "1")


def _is_on(value: object) -> bool:
    return label_text(value) in ("1", "true")


def is_vector(items: Sequence[object]) -> bool:
    """Nothing but 0 and 1, and at least two of them."""
    return len(items) > 1 and all(map(is_flag, items))


def is_scored(found: object) -> bool:
    """An object of numbers, one for each label."""
    return (
        isinstance(found, dict)
        and bool(found)
        and all(isinstance(value, bool | int | float) for value in found.values())
    )


def _set_in(found: Mapping[object, object]) -> list[str]:
    """Labels that have a 1; those that have a 0 or nothing are not meant."""
    given = {key: value for key, value in found.items() if value is not None}
    if not all(map(is_flag, given.values())):
        if is_scored(given):
            raise DataError(_scores(found))
        raise DataError(f"`{_short(found)}` is an object, {_WANTED}")
    return [label_text(key) for key, value in given.items() if _is_on(value)]


def _of_vector(items: Sequence[object], places: Sequence[str]) -> list[str]:
    if len(items) != len(places):
        raise DataError(f"`{_short(items)}` has {len(items)} places, but there are {len(places)} labels.")
    return [name for name, item in zip(places, items, strict=True) if _is_on(item)]


def _of_list(items: Sequence[object]) -> list[str]:
    held = [item for item in items if not is_empty(item)]
    if any(isinstance(item, list | tuple | dict | set) for item in held):
        raise DataError(f"`{_short(items)}` is a list of lists or objects, {_WANTED}")
    if any(isinstance(item, float) and not item.is_integer() for item in held):
        raise DataError(_scores(items))
    return [label_text(item) for item in held]


def _scores(found: object) -> str:
    advice = "Write the label itself, or 1 for each label that is meant and 0 for the others"
    return f"`{_short(found)}` are scores, not labels. {advice}"


def _short(found: object) -> str:
    return shown(str(found), 60)
