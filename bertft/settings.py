"""Settings as a config file holds them, against the dataclass that they are for: known names, right types. Told all at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from types import NoneType
from typing import Any, get_args, get_type_hints

from bertft.errors import UsageError

_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a string", tuple: "a list of strings"}


def check_settings(values: Any, kind: Any, *, where: str) -> None:
    """UsageError unless `values` could be fields of the dataclass `kind`. `where` is the file and section, for the message."""
    if not isinstance(values, Mapping):
        raise UsageError(f"{where}: a table of settings is wanted.")
    wrong = list(_faults(values, kind))
    if wrong:
        raise UsageError(f"{where}: " + "; ".join(wrong) + ".")


def _faults(values: Mapping[str, Any], kind: Any) -> Iterator[str]:
    hints = get_type_hints(kind)
    known = [field.name for field in fields(kind)]
    for name, value in values.items():
        if name not in known:
            yield f"unknown setting '{name}' (known: {', '.join(known)})"
        elif not _fits(value, wanted := _types(hints[name])):
            yield f"{name} is {value!r}: {_WORDS[wanted[0]]} is wanted"


def _types(hint: Any) -> list[type]:
    """`float | None` -> [float]; `tuple[str, ...]` -> [tuple]."""
    if getattr(hint, "__origin__", None) is tuple:
        return [tuple]
    return [kind for kind in get_args(hint) if kind is not NoneType] or [hint]


def _fits(value: Any, wanted: list[type]) -> bool:
    if tuple in wanted:
        return isinstance(value, list) and all(isinstance(part, str) for part in value)
    if isinstance(value, bool) or bool in wanted:
        return isinstance(value, bool) and bool in wanted
    return isinstance(value, (int, float) if float in wanted else tuple(wanted))
