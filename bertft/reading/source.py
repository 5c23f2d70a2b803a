"""A path and options come in; a Source goes out: a file's columns, what was found out about it, and its rows,
lazily."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bertft.errors import DataError, InternalError
from bertft.reading.body import Body, CellStorage
from bertft.reading.brat import brat_files, open_brat
from bertft.reading.columnar import (
    ARROW_FILE_MAGIC,
    ARROW_STREAM_MAGIC,
    OLD_FEATHER_MAGIC,
    PARQUET_MAGIC,
    open_columnar,
)
from bertft.reading.conll import looks_like_conll, open_conll
from bertft.reading.delimited import open_delimited
from bertft.reading.dialect import find_delimiter
from bertft.reading.encoding import find_encoding, shown_encoding
from bertft.reading.frames import looks_like_frame
from bertft.reading.grouping import grouped
from bertft.reading.intake import Intake, spooled, take_in
from bertft.reading.jsondoc import is_json_lines, open_json
from bertft.reading.jsonlines import open_json_lines
from bertft.reading.lines import head_text
from bertft.reading.options import FORMAT_BY_SUFFIX, FORMATS, ReadOptions
from bertft.reading.plain_lines import (
    FASTTEXT,
    PLAIN_TEXT,
    OneText,
    are_texts,
    looks_like_fasttext,
    open_fasttext,
    open_texts,
)
from bertft.reading.saved import is_saved, open_saved
from bertft.reading.sheets import is_workbook, open_sheet
from bertft.reading.squad import looks_nested
from bertft.rows.nested import Cells
from bertft.rows.row import Row
from bertft.rows.surrogates import has_surrogate, shown

FORMAT_BY_MAGIC = {
    PARQUET_MAGIC: "parquet",
    ARROW_FILE_MAGIC: "arrow",
    ARROW_STREAM_MAGIC: "arrow",
    OLD_FEATHER_MAGIC: "arrow",
}
ZIP_MAGIC, OLD_EXCEL_MAGIC, TAR_MAGIC = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"ustar"

LFS_POINTER = b"version https://git-lfs."


class Source:
    """A data file that was looked at. Nothing of it is held but its first 64 KiB."""

    def __init__(self, name: str, format: str, body: Body, *, rereadable: bool, notes: list[str]) -> None:
        self.name = name
        """The path as typed, or `stdin`."""
        self.format = format
        """One of FORMATS."""
        self.columns = body.columns
        self.encoding = body.encoding
        """A codec's name; None for Parquet and Arrow."""
        self.delimiter = body.delimiter
        """None but for delimited files and those in columns parted by tabs."""
        self.notes = notes
        """What was found out and is not the usual, each with the flag that overrides it."""
        self.body = body
        """How the file is read; for tables."""
        self._readings_left: float = float("inf") if rereadable else 1

    def rows(self) -> Iterator[Row]:
        """All rows in the file's order, one at a time. Standard input can be read once only."""
        if not self._readings_left:
            raise InternalError(f"{self.name} can be read only once.")
        self._readings_left -= 1
        return self._rows()

    def _rows(self) -> Iterator[Row]:
        start, flat = self.name + self.body.place.value, self.body.storage is CellStorage.TEXT
        for index, (number, fields) in enumerate(self.body.read()):
            yield Row(index, f"{start}{number}", fields if flat else Cells(fields))


def open_source(path: str, options: ReadOptions | None = None, *, one_text: OneText | None = None) -> Source:
    """Opens a data file; `-` is standard input. A header without rows below it is a Source without rows. `one_text`: what a
    reader that wants one text of each row says of lines without any form."""
    options = options or ReadOptions()
    if is_saved(path):
        body = open_saved(path)
        return Source(path, "arrow", body, rereadable=True, notes=body.notes)
    if options.format is None and (files := brat_files(path)):
        body = open_brat(path, files, options.encoding)
        return Source(path, "brat", body, rereadable=True, notes=body.notes)
    one_text = one_text if options.header and not options.delimiter else None
    intake = take_in(path)
    _refuse_strangers(intake, options.format)
    if intake.head.startswith(ZIP_MAGIC) and is_workbook(intake := spooled(intake)):
        body = open_sheet(intake, options)
        _check_names(intake.name, body.columns)
        return Source(intake.name, "xlsx", body, rereadable=True, notes=body.notes)
    if options.sheet:
        raise DataError(f"--sheet {options.sheet}: {intake.name} is no Excel file and has no sheets. Leave it out.")
    format = options.format or FORMAT_BY_MAGIC.get(_magic(intake))
    if format in ("parquet", "arrow"):
        body = open_columnar(intake, format)
        _check_names(intake.name, body.columns)
        body = grouped(intake.name, body, options.sentence, options.document, rereadable=True)
        return Source(intake.name, format, body, rereadable=True, notes=body.notes)
    encoding = options.encoding or find_encoding(intake)
    text = head_text(intake, encoding)
    found = format or FORMAT_BY_SUFFIX.get(intake.suffix)
    if found in ("parquet", "arrow", "xlsx"):
        kind = "an Excel" if found == "xlsx" else f"a {found.capitalize()}"
        raise DataError(f"{intake.name}: not {kind} file, whatever its name says. Pass --format csv, jsonl or json.")
    if options.format is None and looks_like_fasttext(text, strict=found is not None):
        found = FASTTEXT
    format = _json_kind(intake, encoding, text, found or _sniff(intake, text, one_text))
    if tagged := _parted_words(intake, text, format, options):
        found, format, options = None, "conll", tagged
    body = _open_text(intake, format, encoding, options, one_text or OneText())
    notes = [f"format {format} (--format)"] if found is None and format != "csv" else []
    if options.encoding is None and encoding not in ("utf-8", "ascii"):
        notes.append(f"encoding {shown_encoding(encoding)} (--encoding)")
    _check_names(intake.name, body.columns)
    body = grouped(intake.name, body, options.sentence, options.document, rereadable=intake.rereadable)
    return Source(intake.name, format, body, rereadable=intake.rereadable, notes=notes + body.notes)


def _parted_words(intake: Intake, text: str, format: str, options: ReadOptions) -> ReadOptions | None:
    """How to read a delimited file whose lines are words with tags; None for any other file."""
    if options.format or not options.header or format not in ("csv", "tsv"):
        return None
    delimiter = options.delimiter or (None if format == "tsv" else find_delimiter(text, intake.whole, ",")[0])
    delimiters = [None, delimiter] if delimiter not in (None, "\t") else [None]
    looks = (one for one in delimiters if looks_like_conll(text, intake.whole, one, parted=True))
    return next((replace(options, delimiter=one) for one in looks), None)


def _check_names(name: str, columns: Sequence[str]) -> None:
    """Tables cannot hold every text as a column's name, and nobody gives such a one on purpose."""
    for column in columns:
        if "\0" in column or has_surrogate(column):
            raise DataError(
                f"{name}: column '{shown(column)}' has a zero byte or half a character (a lone surrogate) in its name. "
                f"Rename it."
            )


def _open_text(intake: Intake, format: str, encoding: str, options: ReadOptions, one_text: OneText) -> Body:
    if format == PLAIN_TEXT:
        return open_texts(intake, encoding, one_text.column)
    if format == FASTTEXT:
        return open_fasttext(intake, encoding)
    if format == "jsonl":
        return open_json_lines(intake, encoding)
    if format == "json":
        return open_json(intake, encoding)
    if format == "conll":
        return open_conll(intake, encoding, options)
    return open_delimited(intake, encoding, options)


def _magic(intake: Intake) -> bytes:
    return next((magic for magic in FORMAT_BY_MAGIC if intake.head.startswith(magic)), b"")


def _refuse_strangers(intake: Intake, format: str | None) -> None:
    if not intake.head:
        wanted = "a text on each line" if format == PLAIN_TEXT else "a line of column names and rows below it"
        raise DataError(f"{intake.name}: the file is empty, wanted {wanted}.")
    if intake.head.startswith(OLD_EXCEL_MAGIC):
        raise DataError(
            f"{intake.name}: an old Excel file (.xls), or one with a password. Save the sheet as .xlsx or CSV without one."
        )
    if intake.head.startswith(LFS_POINTER):
        raise DataError(
            f"{intake.name}: git-lfs has left a pointer in place of the file. Fetch the file (git lfs pull)."
        )
    if intake.head[257:262] == TAR_MAGIC:
        raise DataError(f"{intake.name}: a tar archive, wanted a single file. Unpack it first (tar xf).")


def _json_kind(intake: Intake, encoding: str, text: str, format: str) -> str:
    """Between JSON and JSON lines, contents win over names and flags."""
    if format in ("json", "jsonl") and is_json_lines(intake, encoding):
        return "jsonl"
    one_document = text.lstrip().startswith("[") or looks_nested(text) or looks_like_frame(text)
    return "json" if format == "jsonl" and one_document else format


def _sniff(intake: Intake, text: str, one_text: OneText | None) -> str:
    """The format of a file whose name does not tell. Standard input is CSV unless it begins like JSON, or has lines of text."""
    words = (one_text is None or one_text.by_words) and looks_like_conll(text, intake.whole)
    if one_text and not words and are_texts(text, intake.whole, one_text):
        return PLAIN_TEXT
    first = text.lstrip()[:1]
    if first in ("{", "["):
        return "json" if first == "[" else "jsonl"
    if words:
        return "conll"
    delimiter, share = find_delimiter(text, intake.whole, ",")
    if intake.name != "stdin" and share < 1:
        raise DataError(
            f"{intake.name}: neither its name nor its contents tell the format. Pass --format ({', '.join(FORMATS)}), "
            f"as --format csv for one column of text."
        )
    return "tsv" if delimiter == "\t" else "csv"
