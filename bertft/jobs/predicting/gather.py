"""Gather: the parts that `predict --shard` wrote, in order, as the one file that a single prediction would have written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bertft import console
from bertft.errors import DataError, OutputError, UsageError
from bertft.jobs.requests import GatherRequest
from bertft.system.locks import locked_file
from bertft.wording import counted
from bertft.writing import ShardNote, anchor, format_of, is_special, join_parts, make_room, note_path, read_note
from bertft.writing.shard_note import MADE_OF

_LISTED = 8
_Part = tuple[str, ShardNote]


@dataclass(frozen=True)
class Gathered:
    """What `gather` did."""

    output: str
    rows: int
    parts: int
    unanswered: int
    """Rows of these that could not be predicted; their `reason` says why."""


def gather(request: GatherRequest) -> Gathered:
    """UsageError, DataError or OutputError for anything but all parts of one prediction; then there is no file."""
    if not request.parts:
        raise UsageError("No parts to gather. Name the files that `bertft predict --shard` wrote.")
    _check_output(request)
    parts = [(path, read_note(path)) for path in _without_notes(request.parts)]
    _check_same(parts)
    _check_complete(parts)
    _check_form(request.output, parts[0][1])
    for path, note in parts:
        _check_size(path, note)
    make_room(request.output)
    with locked_file(anchor(request.output)):
        rows = join_parts(sorted(parts, key=lambda part: part[1].number), request.output)
    unanswered = sum(note.unanswered for _, note in parts)
    if unanswered:
        console.warn(f"{request.output}: {counted(unanswered, 'row')} could not be predicted.")
    console.note(f"{request.output}: {counted(rows, 'row')} from {counted(len(parts), 'part')}.")
    return Gathered(request.output, rows, len(parts), unanswered)


def _without_notes(paths: Sequence[str]) -> list[str]:
    """Those that are no note of another one: `parts/*` means both, and so does `parts/*.json`."""
    notes = {str(note_path(path)) for path in paths}
    return [path for path in paths if path not in notes]


def _check_output(request: GatherRequest) -> None:
    if is_special(request.output):
        raise UsageError(
            f"{request.output}: a gathered file takes its place only when it is whole. Name a file with -o."
        )
    taken = [one for path in request.parts for one in (path, str(note_path(path)))]
    if os.path.exists(request.output) and any(
        os.path.exists(one) and os.path.samefile(request.output, one) for one in taken
    ):
        raise OutputError(f"{request.output}: is one of the parts; name another file with -o.")


def _check_same(parts: Sequence[_Part]) -> None:
    """DataError where parts belong to different predictions."""
    path, first = parts[0]
    for other, note in parts[1:]:
        if note.count != first.count:
            raise DataError(
                f"{other} is part {note.shard}, but {path} is part {first.shard}: gather parts of one split."
            )
        if (note.block, note.window) != (first.block, first.window):
            raise DataError(f"{other} and {path} were made with different --shard-rows ({note.block}, {first.block}).")
        changed = [
            name for name in {**first.made_of, **note.made_of} if note.made_of.get(name) != first.made_of.get(name)
        ]
        if changed:
            raise DataError(
                f"{other} and {path} differ in {', '.join(changed)}{_shown(changed, note, first)}. "
                f"Predict one of them again as the others."
            )
        if note.total != first.total:
            raise DataError(
                f"{other} counts {note.total:,} rows in the input, {path} {first.total:,}. Predict one of them again."
            )
        if note.format != first.format:
            raise DataError(f"{other} is {note.format}, {path} is {first.format}. Predict one of them again.")
        if note.chosen and first.chosen and note.chosen != first.chosen:
            raise DataError(
                f"{other} has the columns {', '.join(note.chosen)}, {path} has {', '.join(first.chosen)}: CoNLL columns "
                f"follow from the first rows of a part. Predict all parts into .jsonl files, gather these, and write the columns "
                f"from the whole: bertft convert WHOLE.jsonl -o WHOLE.conll"
            )


def _shown(changed: Sequence[str], note: ShardNote, first: ShardNote) -> str:
    """What differs, where it can be said in a few words."""
    if changed == [MADE_OF]:
        return f" ({note.input}, {first.input})"
    values = [(note.made_of.get(name, "none"), first.made_of.get(name, "none")) for name in changed]
    return f" ({values[0][0]}, {values[0][1]})" if len(changed) == 1 and len("".join(values[0])) < 80 else ""


def _check_complete(parts: Sequence[_Part]) -> None:
    """DataError for a part that is there twice, or is not there."""
    count, found = parts[0][1].count, dict[int, str]()
    for path, note in parts:
        if note.number in found:
            raise DataError(f"{found[note.number]} and {path} are both part {note.shard}. Leave one of them out.")
        found[note.number] = path
    missing = [f"{number}/{count}" for number in range(1, count + 1) if number not in found]
    if missing:
        more = f" and {len(missing) - _LISTED:,} more" if len(missing) > _LISTED else ""
        raise DataError(
            f"Parts are missing: {', '.join(missing[:_LISTED])}{more} of {parts[0][1].input}. "
            f"Predict them with --shard, and name them too."
        )


def _check_form(output: str, note: ShardNote) -> None:
    found = format_of(output)
    if note.format not in (found, "squad"):
        ending = {"conll": ".conll", "jsonl": ".jsonl"}.get(note.format, f".{note.format}")
        raise OutputError(
            f"{output}: the parts are {note.format}, and are put together as they are. Name a {ending} file with -o."
        )


def _check_size(path: str, note: ShardNote) -> None:
    """Before anything is written: copies are cut off more often than they are changed."""
    size = Path(path).stat().st_size if os.path.isfile(path) else None
    if size is None:
        raise DataError(f"{path}: no such file, but its note is there. Copy it too.")
    if size != note.size:
        raise DataError(
            f"{path}: has {size:,} bytes, its note speaks of {note.size:,}. Copy both again, or predict the part again."
        )
