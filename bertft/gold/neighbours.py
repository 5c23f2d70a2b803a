"""A sentence among its neighbours: with documents known, each row gets the words around it (`--context document`).

The BERT paper's 92.4 on CoNLL-2003 was measured so; sentence by sentence the same model reaches about 91.6.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from bertft.errors import DataError
from bertft.gold.example import Read, Refusal, WordExample
from bertft.rows.labels import is_empty
from bertft.rows.row import Row

_COLUMNS = ("document", "document_id", "doc_id", "doc")
"""What the column that names a row's document may be called. CoNLL files get one from their -DOCSTART- lines."""


def document_of(row: Row) -> Hashable:
    """The row's document; None where none is known."""
    cells = (row.fields.get(column) for column in _COLUMNS)
    return next((str(cell) for cell in cells if not is_empty(cell)), None)


def with_neighbours(read: Iterable[Read], *, most: int) -> Iterator[Read]:
    """The same rows with at most `most` words before and after each, of its own document. One without a document stands alone."""
    for _, group in groupby(read, lambda one: _document_or_row(one.row)):
        document = list(group)
        words = [_words_of(one) for one in document]
        flat = [word for sentence in words for word in sentence]
        start = 0
        for one, sentence in zip(document, words, strict=True):
            end = start + len(sentence)
            before, after = flat[max(start - most, 0) : start], flat[end : end + most]
            yield replace(one, before=tuple(before), after=tuple(after)) if isinstance(one, WordExample) else one
            start = end


def _words_of(read: Read) -> tuple[str, ...]:
    """Those that could be read."""
    found = read.example if isinstance(read, Refusal) else read
    return found.words.texts if isinstance(found, WordExample) else ()


def check_documents(rows: Iterable[Row]) -> None:
    """DataError for a file to learn from in which no document is known."""
    first = None
    for row in rows:
        if document_of(row) is not None:
            return
        first = first or row
    raise DataError(
        f"{first.origin if first else 'the file'}: --context document needs to know the documents: "
        f"a column {' or '.join(_COLUMNS)}, one named with --document, or -DOCSTART- lines in a CoNLL file."
    )


def _document_or_row(row: Row) -> Hashable:
    document = document_of(row)
    return ("row", row.index) if document is None else document
