"""Which columns of a file are the text, the second text and the label. Chosen once, kept in the run folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from typing import Any

from bertft.errors import DataError
from bertft.rows.nested import holder_of
from bertft.rows.surrogates import shown

LISTED = 30
"""Columns that a message names at most."""
ONE_SLIP = 0.75
"""How alike a name must be to be a slip of the keyboard; less, and a `sentiment` is offered for a `sentence`."""
_FLAGS = {"text": "--text", "text_pair": "--text-pair", "label": "--label"}

_SEVERAL = ("label", "more_text", "label_names")


@dataclass(frozen=True)
class Fields:
    """Column names. Several label columns mean one 0/1 column per label."""

    text: str
    text_pair: str | None = None
    label: tuple[str, ...] = ()
    separator: str | None = None
    """What stands between the labels in one cell of a multi-label file; None for lists."""
    more_text: tuple[str, ...] = ()
    """Columns whose texts are joined to that of `text`, each on a line of its own."""
    label_names: tuple[str, ...] = ()
    """The labels that the places of a vector of 0 and 1 stand for, where the label cells hold such vectors."""

    @property
    def texts(self) -> tuple[str, ...]:
        """The columns that make up the text."""
        return (self.text, *self.more_text)

    def to_dict(self) -> dict[str, Any]:
        """Without the fields that are not set, for TOML and JSON."""
        stored = {**asdict(self), **{name: list(getattr(self, name)) for name in _SEVERAL}}
        return {key: value for key, value in stored.items() if value not in (None, [])}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Fields:
        lists = {name: tuple(stored.get(name, ())) for name in _SEVERAL}
        return cls(**{**stored, **lists})


def pick(role: str, wanted: Sequence[str], columns: Sequence[str], *, file: str) -> str:
    """The first of the `wanted` names that the file has, as the file spells it. Upper and lower case do not matter."""
    spelled = {column.lower(): column for column in reversed(columns)}
    for name in wanted:
        if name in columns or name.lower() in spelled:
            return name if name in columns else spelled[name.lower()]
        if holder_of(name, columns):
            return name
    near = get_close_matches(wanted[0], columns, n=1, cutoff=ONE_SLIP) if wanted else []
    hint = f" Did you mean '{near[0]}'?" if near else ""
    raise DataError(
        f"{file}: no column {_either(wanted)} for the {role.replace('_', ' ')} (the file has: {shown_columns(columns)})."
        f"{hint} Name one of them with {_FLAGS[role]}."
    )


def shown_columns(columns: Sequence[str]) -> str:
    """For a message, which must stay readable whatever the file holds."""
    more = len(columns) - LISTED
    return ", ".join(map(shown, columns[:LISTED])) + (f" and {more:,} more" if more > 0 else "")


def text_columns(named: Mapping[str, Any]) -> dict[str, Any]:
    """What a user said of the columns, with several texts as `text` and `more_text`."""
    first, *more = named_columns(named, "text") or ("",)
    return {**named, "text": first, "more_text": tuple(more)} if first else dict(named)


def named_columns(given: Mapping[str, Any], role: str) -> tuple[str, ...]:
    """What flags or a config file say of a role: none, one or several names."""
    value = given.get(role) or ()
    return (value,) if isinstance(value, str) else tuple(value)


def fields_in(
    fields: Fields,
    usual: Mapping[str, Sequence[str]],
    columns: Sequence[str],
    *,
    file: str,
    named: Mapping[str, Any],
    label: bool,
) -> Fields:
    """A run's columns in another file: those that were `named` for it, else the same names, else the card's `usual` ones."""

    def column(role: str, own: str) -> str:
        return pick(role, named_columns(named, role) or (own, *usual[role]), columns, file=file)

    said = named_columns(named, "text")
    several = fields.more_text or len(said) > 1
    texts = _one_for_each("text", fields.texts, said, columns, file) if several else (column("text", fields.text),)
    pair = column("text_pair", fields.text_pair) if fields.text_pair else None
    found = replace(fields, text=texts[0], more_text=texts[1:], text_pair=pair)
    if not label:
        return found
    if len(fields.label) > 1:
        labels = _one_for_each("label", fields.label, named_columns(named, "label"), columns, file)
        return replace(found, label=labels)
    return replace(found, label=(column("label", fields.label[0]),))


def _one_for_each(
    role: str, own: Sequence[str], named: Sequence[str], columns: Sequence[str], file: str
) -> tuple[str, ...]:
    """A column for each that the run has, in its order: 0/1 columns of labels, texts that are joined."""
    if named and len(named) != len(own):
        what = f"{len(named)} {role} columns are named" if len(named) > 1 else f"1 {role} column is named"
        raise DataError(f"{file}: {what}, the run has {len(own)}: {', '.join(own)}.")
    return tuple(pick(role, [name], columns, file=file) for name in named or own)


def _either(names: Sequence[str]) -> str:
    return " or ".join(f"'{name}'" for name in dict.fromkeys(names))
