"""Lines come in; sentences of cells go out, with the document each belongs to. What a line is (a word, a comment, the start of a
document, a break) is decided here alone; what its cells mean is not."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

DOCUMENT_START = "-DOCSTART-"
COMMENT = re.compile(
    r"#\s+([\w.:-]+( [\w.:-]+)* ?=(\s|$)|https?://|(id|newdoc|newpar)\b)|#(begin|end) document\b", re.ASCII
)
"""As `# text = ...`; `#` and `#id` are words too, and a comment stands only before a sentence."""
_DOCUMENT_ID = re.compile(r"#\s+\S*doc(?:ument)?[_-]?id ?=\s*(.*)", re.ASCII | re.IGNORECASE)
_NEW_DOCUMENT = re.compile(r"#\s+newdoc\b|#begin document\b", re.ASCII)
_ABSTRACT = re.compile(r"###\s?MEDLINE:\S+\s*")
"""JNLPBA's start of a document."""


@dataclass(slots=True)
class Sentence:
    """Lines between two blank ones. Without a word: a document's start."""

    document: int
    words: list[list[str]] = field(default_factory=list)
    """The cells of each line."""
    lines: list[int] = field(default_factory=list)
    """Where each of them stands."""


def sentences(lines: Iterable[str], delimiter: str | None, *, skip: int = 0) -> Iterator[Sentence]:
    """Documents count from 1, and a start with nothing before it begins the first. `skip`: the line of column names."""
    document, begun, known, sentence = 1, False, "", Sentence(1)
    for number, line in enumerate(lines, 1):
        if not line.strip() or line[0] in "-#":
            starts = _starts_document(line, known, inside=bool(sentence.words))
            if starts is not None or not line.strip():
                if sentence.words:
                    yield sentence
                    begun = True
                if starts is not None:
                    document, begun, known = document + begun, False, starts or known
                    yield Sentence(document)
                sentence = Sentence(document)
                continue
            if not sentence.words and COMMENT.match(line):
                continue
        if number != skip:
            sentence.words.append(cells_of(line, delimiter))
            sentence.lines.append(number)
    if sentence.words:
        yield sentence


def _starts_document(line: str, known: str, *, inside: bool) -> str | None:
    """None for a line that starts none; the document's id, or '' where it has none. A comment counts only before a sentence."""
    if line.startswith(DOCUMENT_START) or _ABSTRACT.fullmatch(line):
        return ""
    if inside or line[:1] != "#":
        return None
    if found := _DOCUMENT_ID.match(line):
        return found[1].strip() if found[1].strip() != known else None
    return "" if _NEW_DOCUMENT.match(line) else None


def cells_of(line: str, delimiter: str | None) -> list[str]:
    """Only spaces and tabs part cells: a word may hold a no-break space."""
    if delimiter is None:
        return [cell for cell in line.rstrip("\r\n").replace("\t", " ").split(" ") if cell]
    if '"' in line and delimiter != "\t":
        return next(csv.reader([line.rstrip("\r\n ")], delimiter=delimiter), [])
    return line.rstrip("\r\n\t ").split(delimiter)


def is_comment(cells: Iterable[str]) -> bool:
    """Whether a line that is not as wide as the others is a comment in the middle of a sentence, as HIPE-2022 has them."""
    return COMMENT.match(" ".join(cells)) is not None
