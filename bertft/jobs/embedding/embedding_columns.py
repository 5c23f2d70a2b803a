"""Which columns of a file are embedded: those that a run learned from, those that were named, or the only text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any

import bertft.guess.column_names as names
from bertft import console
from bertft.embedding.embedder import Embedder
from bertft.engine.prepare import adapter_of_record
from bertft.errors import DataError
from bertft.guess.header import check_header
from bertft.jobs.file_columns import (
    LOOKED_AT,
    check_first_line,
    columns_of_file,
    only_text,
    values_of,
    wanted_text,
)
from bertft.jobs.task_choice import has_header_line
from bertft.model.folder import read_task
from bertft.reading import OneText, Source, Table
from bertft.rows.fields import Fields, named_columns, pick, shown_columns
from bertft.rows.row import Row
from bertft.rows.surrogates import shown
from bertft.runs import TASK_FILE


def is_run(model: str) -> bool:
    return (Path(model) / TASK_FILE).is_file()


def one_text(model: str, named: Mapping[str, Any], *, words: bool) -> OneText | None:
    """What is said of lines without any form."""
    if is_run(model):
        return wanted_text(model, named)
    said = named_columns(named, "text")
    if len(said) > 1 or named.get("text_pair"):
        return None
    return OneText(next(iter(said), "text"), (*said, *names.TEXT), by_words=words)


def embedded_columns(
    embedder: Embedder, source: Source | Table, named: Mapping[str, Any]
) -> tuple[Fields, Iterator[Row]]:
    """The columns, and all rows. DataError where they cannot be told."""
    if is_run(embedder.model.path):
        adapter = adapter_of_record(read_task(Path(embedder.model.path)), embedder.encoder.tokenizer)
        return columns_of_file(adapter, source, named, label=False)
    pair = named_columns(named, "text_pair")
    other = pick("text_pair", pair, source.columns, file=source.name) if pair else None
    said = named_columns(named, "text")
    if said:
        first, *more = (pick("text", [name], source.columns, file=source.name) for name in said)
        return Fields(first, other, more_text=tuple(more)), source.rows()
    rows = source.rows()
    some = list(islice(rows, LOOKED_AT))
    text = _guessed_text(source, some, other)
    return Fields(text, other), chain(some, rows)


def _guessed_text(source: Source | Table, some: list[Row], other: str | None) -> str:
    if not some:
        raise DataError(f"{source.name}: no row below the column names ({shown_columns(source.columns)}).")
    problem = (
        f"{source.name}: which column is the text? Name it with --text (the file has: {shown_columns(source.columns)})."
    )
    values = values_of(source.columns, some)
    if has_header_line(source):
        check_header(values, [other] if other else [], file=source.name)
    text = only_text(values, [other] if other else [])
    if text is None:
        raise DataError(problem)
    if has_header_line(source):
        check_first_line(source, text, values, problem)
    console.note(f"{source.name}: text '{shown(text)}' (--text)")
    return text
