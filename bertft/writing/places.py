"""A record with a text, and with places in it, comes in; where the text gets an apostrophe in its CSV cell, the same record goes
out with places that count it, so that text[start:end] stays what it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import bertft.guess.column_names as names
from bertft.tags.spans import is_place, parsed
from bertft.writing.formulas import Disarming
from bertft.writing.values import to_json_text

_Record = Mapping[str, object]
_KEYS = ("start", "end", "start_offset", "end_offset", "begin", "answer_start", "answer_end")
"""Of places, in objects."""
_NUMBERS = ("answer_start", "answer_end")
"""Endings of columns of places."""


@dataclass(frozen=True)
class Places:
    """Which columns of a file hold places, and in which column's text."""

    text: str
    spans: tuple[str, ...] = ()
    """Columns of lists or objects."""
    numbers: tuple[str, ...] = ()
    """Columns of single places."""

    @classmethod
    def among(cls, text: str, columns: Sequence[str], *, known: Sequence[str] = ()) -> Places:
        """By their usual names; `known` are such columns whatever they are called."""
        usual = names.named(columns, (*names.TAGS, *names.TOKENS, *names.ANSWERS, "predicted answers"))
        starts = [name for name in columns if name.endswith(_NUMBERS)] + names.named(columns, names.ANSWER_START)
        numbers = tuple(name for name in dict.fromkeys(starts) if name != text)
        spans = dict.fromkeys([*usual, *(name for name in known if name in columns)])
        return cls(text, tuple(name for name in spans if name != text and name not in numbers), numbers)

    def moved(self, record: _Record, disarming: Disarming) -> _Record:
        """The record as it is to be written; the same one where its text stays as it is."""
        text = record.get(self.text)
        if not isinstance(text, str) or not disarming.changes(text):
            return record
        disarming.has_places = True
        found = dict(record)
        found |= {name: _moved(found[name]) for name in self.spans if name in found}
        for name in self.numbers:
            if name in found and not (str(found[name]) == "0" and _begins_alike(record, self.text, disarming)):
                found[name] = _next(found[name])
        return found


def _begins_alike(record: _Record, text: str, disarming: Disarming) -> bool:
    """Whether another cell holds how the text begins, as an answer that stands at 0: it gets an apostrophe too, and then stands
    at that of the text."""
    others = (value for name, value in record.items() if name != text and isinstance(value, str))
    return any(disarming.changes(cell) and str(record[text]).startswith(cell) for cell in others)


def _moved(value: object) -> object:
    if isinstance(value, str):
        found = parsed(value)
        return value if found is None else to_json_text(_moved(found))
    if isinstance(value, Mapping):
        return {key: _next(item) if key in _KEYS else _moved(item) for key, item in value.items()}
    if not isinstance(value, list | tuple):
        return value
    if len(value) >= 3 and is_place(value[0]) and is_place(value[1]) and not is_place(value[2]):
        return [_next(value[0]), _next(value[1]), *value[2:]]
    return [_moved(item) for item in value]


def _next(place: object) -> object:
    """One character further on; what is no place stays."""
    if isinstance(place, list | tuple):
        return [_next(one) for one in place]
    if isinstance(place, str):
        return str(int(place) + 1) if place.strip().isdecimal() else place
    return place + 1 if isinstance(place, int) and is_place(place) and place >= 0 else place
