"""Where to write and in which columns comes in; a writer of records goes out. The format follows the path's extension.

    with open_writer("out.csv", columns=["text", "predicted_label"]) as writer:
        writer.write({"text": "fine", "predicted_label": "pos"})

On a clean end the file appears whole; on an exception the old file stays, and a `part` too. `BrokenPipeError` of a closed
standard output (`| head`) passes through; commands end quietly on it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from typing import Any

from bertft.errors import OutputError
from bertft.writing.conll import ConllSentences, TagColumns
from bertft.writing.formulas import Disarming
from bertft.writing.part import Part
from bertft.writing.places import Places
from bertft.writing.target import Target, is_special, open_target
from bertft.writing.values import DECIMALS, to_cell, to_json, to_json_text

_FORMAT_BY_SUFFIX = {
    **{".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json"},
    **{".conll": "conll", ".bio": "conll", ".iob": "conll"},
}
_Record = Mapping[str, object]
WriteRecord = Callable[[_Record], None]


@dataclass(frozen=True)
class _Form:
    """A format at work."""

    write: WriteRecord
    finish: Callable[[], None] = lambda: None
    """After the last record."""
    settle: Callable[[], dict[str, Any]] = dict
    """Writes what waits; what to tell the next one that goes on from here."""
    told: Callable[[], list[str]] = list
    """What the format could not hold, in words."""
    left_out: Callable[[], int] = int
    """Rows of these."""
    end_block: Callable[[], Mapping[str, Any]] = dict
    """Writes what waits, and forgets the rows so far: what follows must be right behind other rows too. What there is to say of
    the rows since the last such end."""


class RecordWriter:
    """Takes records one at a time; `count` says how many, those of before included."""

    def __init__(self, form: _Form, target: Target, disarming: Disarming, count: int) -> None:
        self._form, self._target = form, target
        self.disarming, self.count = disarming, count

    def write(self, record: _Record) -> None:
        """Columns the record lacks are empty."""
        self._form.write(record)
        self.count += 1

    def skip(self, record: _Record) -> None:
        """A record that was written before."""

    @property
    def told(self) -> list[str]:
        """What the format could not hold, in words; after the end."""
        return self._form.told()

    @property
    def left_out(self) -> int:
        """Rows that the format could not hold; after the end."""
        return self._form.left_out()

    def end_block(self) -> Mapping[str, Any]:
        """From here on the rows may be put behind others than those before. What has to be known of the rows before to do so."""
        return self._form.end_block()

    def mark(self, **notes: Any) -> None:
        """All so far can be gone on with, where the target allows it. The notes are given back then."""
        self._target.mark(self.count, {**self._form.settle(), **notes, "disarmed": self.disarming.count})


@contextmanager
def open_writer(
    path: str | None,
    *,
    like: str | None = None,
    columns: Sequence[str],
    kept: Collection[str] = (),
    places: Places | None = None,
    tags: TagColumns | None = None,
    raw: bool = False,
    part: Part | None = None,
) -> Iterator[RecordWriter]:
    """`path` None or `-` is standard output, in the input's format `like` (csv and tsv; jsonl for all others).
    Floats are rounded to six decimals except in the columns `kept`, which come from the input. `places` stay
    true where a text gets an apostrophe. `tags`: the columns of tags, for CoNLL. `raw` leaves what a spreadsheet would take for
    formulas as it is. `part` is gone on with, in place of `path`."""
    target: Target = part or open_target(path)
    rows, state = (part.rows, part.state) if part else (0, {})
    disarming = Disarming(raw=raw, count=state.get("disarmed", 0))
    try:
        form = _form(_format_of(path, like), target, columns, frozenset(kept), places, tags, disarming, rows, state)
        yield RecordWriter(form, target, disarming, rows)
        form.finish()
        target.keep()
    except BaseException as problem:
        target.abandon(problem)
        raise


def _form(
    format: str,
    target: Target,
    columns: Sequence[str],
    kept: Collection[str],
    places: Places | None,
    tags: TagColumns | None,
    disarming: Disarming,
    rows: int,
    state: Mapping[str, Any],
) -> _Form:
    """`rows` and `state`: what was written before."""
    if format in ("csv", "tsv"):
        delimiter = "\t" if format == "tsv" else ","
        return _Form(_delimited(target, columns, kept, delimiter, places, disarming, begun=rows > 0))
    if format == "conll":
        sentences = ConllSentences(partial(_write_text, target), columns, state, tags=tags, kept=kept)
        settle, told = sentences.settle, lambda: sentences.told
        left_out, end_block = lambda: sentences.left_out, sentences.end_block
        return _Form(sentences.write, sentences.close, settle, told, left_out, end_block)
    text_of = _json_text(columns, kept)
    if format == "jsonl":
        return _Form(lambda record: _write_text(target, text_of(record) + "\n"))
    listed = _JsonList(target, text_of, begun=rows > 0)
    return _Form(listed.write, listed.close)


def holds_tags_only(path: str | None) -> bool:
    """Whether a file of that name holds words and their tags, and no other column."""
    return path is not None and format_of(path) == "conll"


def format_of(path: str) -> str | None:
    """Of a file of that name; None where its ending is none of those that are written."""
    suffixes = [suffix.lower() for suffix in PurePath(path).suffixes if suffix.lower() != ".gz"]
    return _FORMAT_BY_SUFFIX.get(suffixes[-1] if suffixes else "")


def _format_of(path: str | None, like: str | None) -> str:
    if path is None or is_special(path):
        return like if like in ("csv", "tsv") else "jsonl"
    format = format_of(path)
    if format is None:
        raise OutputError(
            f"{path}: the format follows the extension; wanted {', '.join(_FORMAT_BY_SUFFIX)}, each also with .gz."
        )
    return format


def _delimited(
    target: Target,
    columns: Sequence[str],
    kept: Collection[str],
    delimiter: str,
    places: Places | None,
    disarming: Disarming,
    *,
    begun: bool,
) -> Callable[[_Record], None]:
    """Writes the header at once, unless the file has begun."""
    rounding = [(name, None if name in kept else DECIMALS) for name in columns]
    known = frozenset(columns)
    write_row = csv.writer(_Lines(target), delimiter=delimiter).writerow
    if not begun:
        write_row([disarming(name) for name in columns])

    def write(record: _Record) -> None:
        if not record.keys() <= known:
            raise _late_column(next(name for name in record if name not in known))
        record = places.moved(record, disarming) if places else record
        write_row([disarming(to_cell(record.get(name), decimals)) for name, decimals in rounding])

    return write


def _json_text(columns: Sequence[str], kept: Collection[str]) -> Callable[[_Record], str]:
    """Columns in their order, then what else the record has."""
    empty: dict[str, object] = dict.fromkeys(columns)

    def text_of(record: _Record) -> str:
        whole = empty | dict(record)
        return to_json_text({name: to_json(value, None if name in kept else DECIMALS) for name, value in whole.items()})

    return text_of


class _JsonList:
    """One list of objects, each on its line."""

    def __init__(self, target: Target, text_of: Callable[[_Record], str], *, begun: bool) -> None:
        self._target, self._text_of, self._before = target, text_of, ",\n" if begun else "[\n"

    def write(self, record: _Record) -> None:
        _write_text(self._target, self._before + self._text_of(record))
        self._before = ",\n"

    def close(self) -> None:
        self._target.write(b"[]\n" if self._before == "[\n" else b"\n]\n")


class _Lines:
    """Ends lines with "\\n"; the csv module believes in "\\r\\n", and so puts quotes around a stray "\\r" too."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def write(self, line: str) -> None:
        _write_text(self._target, line.removesuffix("\r\n") + "\n")


def _write_text(target: Target, text: str) -> None:
    """A lone surrogate becomes its escape, which JSON reads back."""
    target.write(text.encode("utf-8", "backslashreplace"))


def _late_column(name: str) -> OutputError:
    return OutputError(
        f"Column '{name}' was not in the first rows and has no place in a CSV file begun without it. "
        f"Write JSON lines instead (-o out.jsonl)."
    )
