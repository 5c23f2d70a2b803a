"""One part of a file that several machines predict (`--shard 3/16`): which rows it answers, and the note that `gather` needs.

A block of rows is a window, all of whose rows are answered together. So each part forms the batches that a single prediction
would form, and its answers are the same to the last digit."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from bertft import console
from bertft.errors import DataError, UsageError
from bertft.gold import Read
from bertft.jobs.requests import PredictRequest
from bertft.reading import Source
from bertft.reading.digests import sha256_of
from bertft.rows.shard import Deal, Shard
from bertft.writing import Part, ShardWriter, format_of, is_special, note_path, read_note
from bertft.writing.part import Identity

THE_PART = "the part"
"""Key of what `--resume` compares; the other keys are the same in all parts."""


def shard_of(request: PredictRequest) -> Shard | None:
    """None: all rows. UsageError for what cannot be a part."""
    if request.shard is None:
        if request.shard_rows is not None:
            raise UsageError(f"--shard-rows {request.shard_rows} has no effect without --shard. Leave it out.")
        return None
    window = _window()
    block = window if request.shard_rows is None else request.shard_rows
    if block < 1 or window % block:
        raise UsageError(f"--shard-rows is {block}: wanted a power of two from 1 to {window:,}, such as 64.")
    return Shard.named(request.shard, block)


def _window() -> int:
    """Rows that are answered together."""
    from bertft.engine import answerer

    return answerer.WINDOW


def check_shard(request: PredictRequest) -> None:
    """UsageError for a part that nobody could gather."""
    shard = shard_of(request)
    if shard is None:
        return
    if not os.path.isfile(request.input):
        raise UsageError(
            f"--shard {shard}: {request.input} is no file, and only a file is the same on every machine. Save it first."
        )
    if request.output is None or is_special(request.output):
        raise UsageError(f"--shard {shard}: the part goes to a file, with a note beside it. Name the file with -o.")


def shard_writer(writer: Any, request: PredictRequest, source: Source, part: Part) -> ShardWriter:
    """`writer`, with the ends of the blocks noted."""
    shard, path, squad = shard_of(request), request.output, request.reading.get("format") == "squad"
    assert shard is not None
    assert path is not None
    format = "squad" if squad else str(format_of(path))
    name = os.path.basename(source.name)
    return ShardWriter(writer, part, shard, path=path, format=format, input=name, window=_window(), own=THE_PART)


def dealt(rows: Iterator[Read], request: PredictRequest, writer: Any) -> Iterator[Read]:
    """The part's own rows. The writer is told of the others."""
    shard = shard_of(request)
    if shard is None:
        return rows
    return Deal(rows, shard, lambda read: writer.skip(read.row.fields) if writer is not None else None)


def end_part(request: PredictRequest, writer: Any, rows: Iterator[Read], unanswered: int) -> None:
    """After the last row."""
    if not isinstance(rows, Deal):
        return
    shard = shard_of(request)
    assert shard is not None
    if writer is not None:
        writer.finish(rows.total, unanswered)
    own = shard.rows_of(rows.total)
    console.note(f"{request.output}: part {shard} holds {own:,} of the {rows.total:,} rows of {request.input}.")
    if not own and rows.total and shard.block > 1:
        console.warn(
            f"{request.output}: part {shard} is empty: rows are dealt in blocks of {shard.block:,}. "
            f"For a file of {rows.total:,} rows pass a smaller --shard-rows to all parts."
        )


def finished_part(
    request: PredictRequest, made_of: Identity, decide: Callable[[Callable[[], str]], str]
) -> tuple[int, int] | None:
    """Its rows, and those without an answer, where a part that is to be resumed is whole already. `decide`: in all processes what
    the main one says."""
    shard = shard_of(request)
    if shard is None or not request.resume or request.output is None:
        return None
    path = request.output

    def counts() -> str:
        if not note_path(path).exists() or not os.path.isfile(path):
            return ""
        try:
            note = read_note(path)
        except DataError:
            return ""
        is_same = note.shard == shard and note.made_of == made_of() and note.sha256 == sha256_of(path)
        return f"{shard.rows_of(note.total)} {note.unanswered}" if is_same else ""

    found = decide(counts).split()
    return (int(found[0]), int(found[1])) if found else None
