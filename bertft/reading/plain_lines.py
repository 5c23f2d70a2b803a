"""Lines of plain text come in; rows go out: one text a line, as `predict` takes them, or fastText's lines, in which words that
begin with `__label__` are the labels."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice

from bertft.reading.body import Body, CellStorage, Place
from bertft.reading.dialect import DELIMITERS, find_delimiter
from bertft.reading.intake import Intake, spooled
from bertft.reading.lines import ends_lines_like_old_mac, head_text, text_lines

PLAIN_TEXT, FASTTEXT = "text", "fasttext"
_SNIFFED = 20
_LABEL = re.compile(r"(?<!\S)__label__(\S+)(?:\s+|$)")
_STARTS_WITH_LABEL = re.compile(r"__label__[^\s,;|]+\s")
_JSON = re.compile(r"""\s*[\[{]\s*(["\[{\]}]|$)""")


@dataclass(frozen=True)
class OneText:
    """A reader that wants one text of each row: then lines without any form are texts."""

    column: str = "text"
    """What its column is called."""
    names: tuple[str, ...] = ()
    """Column names that tell a first line which is no text."""
    by_words: bool = False
    """Whether files of words and tags may be meant as well."""


def are_texts(head: str, whole: bool, wanted: OneText) -> bool:
    """Whether a file that begins so holds one text a line: no JSON, no known column name in the first line, no delimiter that
    cuts several lines alike."""
    lines = [line for line in head.splitlines() if line.strip()]
    if not lines or _JSON.match(lines[0]):
        return False
    known = {name.lower() for name in wanted.names}
    if any(known & {cell.strip().lower() for cell in _cells(lines[0], delimiter)} for delimiter in DELIMITERS):
        return False
    delimiter, share = find_delimiter(head, whole, ",")
    cut = delimiter in lines[0] and share == 1
    return not (cut and len(lines) > (1 if delimiter == "\t" else 2))


def _cells(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line.replace("\0", "")], delimiter=delimiter), [])


def open_texts(intake: Intake, encoding: str, column: str) -> Body:
    """A row for each line, also for an empty one: rows that come out stand where they stood."""
    return Body([column], partial(_texts, intake, encoding, column), Place.LINE, encoding=encoding)


def _texts(intake: Intake, encoding: str, column: str) -> Iterator[tuple[int, dict[str, object]]]:
    old_mac = ends_lines_like_old_mac(head_text(intake, encoding))
    for number, line in enumerate(text_lines(intake, encoding, old_mac=old_mac), 1):
        yield number, {column: line.rstrip("\r\n")}


def looks_like_fasttext(head: str, *, strict: bool = False) -> bool:
    """Whether each of the first lines has a label, in the `strict` sense at its start."""
    lines = list(islice((line for line in head.splitlines() if line.strip()), _SNIFFED))
    found = _STARTS_WITH_LABEL.match if strict else _LABEL.search
    return bool(lines) and all(found(line) for line in lines[:-1] or lines)


def open_fasttext(intake: Intake, encoding: str) -> Body:
    """`label` is a name where every line has one at most, else a list of names."""
    intake = intake if intake.rereadable else spooled(intake)
    several = any(len(_LABEL.findall(line)) > 1 for line in text_lines(intake, encoding))
    read = partial(_labelled, intake, encoding, several)
    notes = ["lines are read as fastText's: __label__NAME and a text"]
    return Body(["text", "label"], read, Place.LINE, CellStorage.JSON, encoding, notes=notes)


def _labelled(intake: Intake, encoding: str, several: bool) -> Iterator[tuple[int, dict[str, object]]]:
    for number, line in enumerate(text_lines(intake, encoding), 1):
        if line.strip():
            names: list[str] = _LABEL.findall(line)
            yield number, {"text": _LABEL.sub("", line).strip(), "label": names if several else next(iter(names), None)}
