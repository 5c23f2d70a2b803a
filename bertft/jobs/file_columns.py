"""Which columns of another file play the parts that a run learned: those that were named for it, those of the same or a usual
name, or its only text. A room of its own, as `predict` must look before it reads, and standard input can be read once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, Protocol

import bertft.guess.column_names as names
from bertft import console
from bertft.errors import DataError, UserError
from bertft.guess.columns import look
from bertft.guess.header import MADE_UP, check_header
from bertft.jobs.task_choice import has_header_line
from bertft.kinds import KINDS
from bertft.plan.card import Card
from bertft.reading import OneText, Source, Table
from bertft.rows.fields import Fields, fields_in, named_columns
from bertft.rows.row import Row
from bertft.rows.surrogates import shown

LOOKED_AT = 500
"""Rows."""
SHORTEST_TEXT = 2
"""Words on average. Shorter ones look like a name themselves."""
_Values = Mapping[str, Sequence[object]]
_PROSE = re.compile(r"\S+\s+\S+\s+\S+.*|.*\S[.!?…。！？]", re.DOTALL)
"""Three words, or the end of a sentence."""


class Learned(Protocol):
    """Who learned from columns: an adapter, or what is recorded of one."""

    @property
    def card(self) -> Card: ...
    @property
    def fields(self) -> Fields: ...


def columns_of_file(
    adapter: Learned, source: Source | Table, named: Mapping[str, Any], *, label: bool
) -> tuple[Fields, Iterator[Row]]:
    """The columns, and all rows. DataError where they cannot be told."""
    known, usual = adapter.fields, adapter.card.usual_columns
    try:
        return fields_in(known, usual, source.columns, file=source.name, named=named, label=label), source.rows()
    except DataError as problem:
        rows = source.rows()
        some = list(islice(rows, LOOKED_AT))
        text = _other_text(source, values_of(source.columns, some), known, named, f"{problem}")
        if text is None:
            raise
    console.note(f"{source.name}: text '{shown(text)}' (--text)")
    named = {**named, "text": text}
    return fields_in(known, usual, source.columns, file=source.name, named=named, label=label), chain(some, rows)


def wanted_text(run: str, named: Mapping[str, Any]) -> OneText | None:
    """What a run says of lines without any form; None where it wants more than a text, or cannot be read, as is told later."""
    from bertft.model.folder import read_task

    try:
        return text_wanted_by(read_task(Path(run)), named)
    except UserError:
        return None


def text_wanted_by(record: Learned, named: Mapping[str, Any]) -> OneText | None:
    """The same of what is recorded of it."""
    fields, usual = record.fields, record.card.usual_columns
    column = next(iter(named_columns(named, "text")), fields.text)
    if fields.text_pair or fields.more_text or not isinstance(column, str):
        return None
    known = (column, *usual["text"], *usual["label"], *names.TEXT, *fields.label)
    return OneText(column, known, by_words=KINDS[record.card.kind].reads_words)


def _other_text(
    source: Source | Table, values: _Values, known: Fields, named: Mapping[str, Any], problem: str
) -> str | None:
    """The only text of a file that calls it otherwise; None where there is none, or a choice. `problem`: what to say with it."""
    line = has_header_line(source)
    if line:
        check_header(values, _said(named), file=source.name)
    open_question = known.text not in values and not named_columns(named, "text") and len(known.texts) == 1
    open_question = open_question and not known.text_pair
    text = only_text(values, known.label) if open_question else None
    if text is not None and line:
        check_first_line(source, text, values, problem)
    return text


def check_first_line(source: Source | Table, text: str, values: _Values, problem: str) -> None:
    """DataError where the name of the only column that could be the text looks like a text itself."""
    if _is_usual(text):
        return
    if _PROSE.fullmatch(text.strip()):
        raise DataError(
            f"{source.name}:1: the first line is taken as column names, but '{shown(text)}' looks like a text. "
            f"Pass --no-header if it is data, or else --text with that name."
        )
    if look(values[text]).size < SHORTEST_TEXT:
        raise DataError(f"{problem} If the first line is data, pass --no-header.")


def only_text(values: _Values, labels: Iterable[str]) -> str | None:
    """The column that must be the text, by its name or because no other could be; None where there are several or none."""
    looks = {name: look(cells) for name, cells in values.items()}
    usable = [name for name, seen in looks.items() if name not in labels and (not seen.machine or seen.what == "lists")]
    for likely in (names.named(usable, names.TEXT), [name for name in usable if looks[name].what == "text"], usable):
        if len(likely) == 1 and (likely != usable or len(values) == 1 or looks[likely[0]].written):
            return likely[0]
        if likely:
            return None
    return None


def _is_usual(name: str) -> bool:
    return " ".join(names.parts(name)) in names.TEXT_WORDS or MADE_UP.fullmatch(name) is not None


def _said(named: Mapping[str, Any]) -> list[str]:
    return [name for role in ("text", "text_pair", "label") for name in named_columns(named, role)]


def values_of(columns: Sequence[str], rows: Sequence[Row]) -> _Values:
    """Column -> its cells."""
    return {name: [row.fields.get(name) for row in rows] for name in columns}
