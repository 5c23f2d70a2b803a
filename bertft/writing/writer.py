"""Where to write and in which columns comes in; a writer of records goes out. The format follows the path's extension.

    with open_writer("out.csv", columns=["text", "predicted_label"]) as writer:
        writer.write({"text": "fine", "predicted_label": "pos"})

On a clean end the file appears whole; on an exception the old file stays. `BrokenPipeError` of a closed standard output
(`| head`) passes through; commands end quietly on it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import PurePath

from bertft.errors import OutputError
from bertft.writing.conll import ConllSentences
from bertft.writing.formulas import Disarming
from bertft.writing.target import Target, is_special, open_target
from bertft.writing.values import DECIMALS, to_cell, to_json, to_json_text

FORMAT_BY_SUFFIX = {
    **{".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json"},
    **{".conll": "conll", ".bio": "conll", ".iob": "conll"},
}
Record = Mapping[str, object]
WriteRecord = Callable[[Record], None]
Finish = Callable[[], None]


class RecordWriter:
    """Takes records one at a time; `count` says how many."""

    def __init__(self, write: WriteRecord, disarming: Disarming) -> None:
        self._write, self.disarming = write, disarming
        self.count = 0

    def write(self, record: Record) -> None:
        """Columns the record lacks are empty."""
        self._write(record)
        self.count += 1


@contextmanager
def open_writer(
    path: str | None,
    *,
    like: str | None = None,
    columns: Sequence[str],
    kept: Collection[str] = (),
    raw: bool = False,
) -> Iterator[RecordWriter]:
    """`path` None or `-` is standard output, in the input's format `like` (csv and tsv; jsonl for all others).
    Floats are rounded to six decimals except in the columns `kept`, which come from the input. `raw` leaves what a
    spreadsheet would take for formulas as it is."""
    format, disarming = _format_of(path, like), Disarming(raw=raw)
    target = open_target(path)
    try:
        write, finish = _writing(format, target, columns, kept, disarming)
        yield RecordWriter(write, disarming)
        finish()
        target.keep()
    except BaseException:
        target.abandon()
        raise


def _writing(
    format: str, target: Target, columns: Sequence[str], kept: Collection[str], disarming: Disarming
) -> tuple[WriteRecord, Finish]:
    """How to write a record, and what to do after the last one."""
    if format in ("csv", "tsv"):
        return _delimited(target, columns, kept, "\t" if format == "tsv" else ",", disarming), lambda: None
    if format == "conll":
        sentences = ConllSentences(partial(_write_text, target), columns)
        return sentences.write, sentences.close
    text_of = _json_text(columns, kept)
    if format == "jsonl":
        return lambda record: _write_text(target, text_of(record) + "\n"), lambda: None
    rows = _JsonList(target, text_of)
    return rows.write, rows.close


def _format_of(path: str | None, like: str | None) -> str:
    if path is None or path == "-" or is_special(path):
        return like if like in ("csv", "tsv") else "jsonl"
    suffixes = [suffix.lower() for suffix in PurePath(path).suffixes if suffix.lower() != ".gz"]
    format = FORMAT_BY_SUFFIX.get(suffixes[-1] if suffixes else "")
    if format is None:
        raise OutputError(
            f"{path}: the format follows the extension; wanted {', '.join(FORMAT_BY_SUFFIX)}, each also with .gz."
        )
    return format


def _delimited(
    target: Target, columns: Sequence[str], kept: Collection[str], delimiter: str, disarming: Disarming
) -> Callable[[Record], None]:
    """Writes the header at once."""
    rounding = [(name, None if name in kept else DECIMALS) for name in columns]
    known = frozenset(columns)
    write_row = csv.writer(_Lines(target), delimiter=delimiter).writerow
    write_row([disarming(name) for name in columns])

    def write(record: Record) -> None:
        if not record.keys() <= known:
            raise _late_column(next(name for name in record if name not in known))
        write_row([disarming(to_cell(record.get(name), decimals)) for name, decimals in rounding])

    return write


def _json_text(columns: Sequence[str], kept: Collection[str]) -> Callable[[Record], str]:
    """Columns in their order, then what else the record has."""
    empty: dict[str, object] = dict.fromkeys(columns)

    def text_of(record: Record) -> str:
        whole = empty | dict(record)
        return to_json_text({name: to_json(value, None if name in kept else DECIMALS) for name, value in whole.items()})

    return text_of


class _JsonList:
    """One list of objects, each on its line."""

    def __init__(self, target: Target, text_of: Callable[[Record], str]) -> None:
        self._target, self._text_of, self._before = target, text_of, "[\n"

    def write(self, record: Record) -> None:
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
