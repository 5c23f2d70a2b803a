"""Rows of one word each come in, as Kaggle's and SimpleTransformers' files of entities have them; rows of whole sentences go out,
each column a list. Consecutive rows of one value, or below one with blank cells, are a sentence; the value stays."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice, pairwise
from typing import Any

import bertft.guess.column_names as names
from bertft.errors import DataError
from bertft.guess.columns import look
from bertft.reading.body import ArrowContent, Body, CellStorage
from bertft.rows.fields import shown_columns
from bertft.rows.labels import is_empty, label_text
from bertft.tags.looks import ENOUGH, are_entity_tags

LOOKED_AT = 500
"""Rows."""
SEVERAL = 3
"""Words in a cell, on average, that one word a row never has."""
SENTENCE = (
    *("sentence id", "sentence", "sent id", "sent", "sentence idx", "sentence number", "sentence no", "sentence num"),
    *("sentence nr", "sent no", "sent num", "sent idx", "seq id", "sentences", "sentence index"),
)
"""What a column that numbers sentences may be called, as `Sentence #`."""
DOCUMENT = "document"
"""The column that says which document a row is of, as CoNLL files have it."""
_NUMBER = re.compile(r"([^\W\d_]+\W{0,3})?\d+(\.0)?")
_Record = tuple[int, Mapping[str, object]]


def grouped(name: str, body: Body, sentence: str | None, document: str | None, *, rereadable: bool) -> Body:
    """The body as the user or its looks want it. `sentence` and `document`: columns that were named."""
    for column in filter(None, (sentence, document)):
        if column not in body.columns:
            raise DataError(f"{name}: no column '{column}' (the file has: {shown_columns(body.columns)}).")
    note = None
    if sentence is None and rereadable and (sentence := sentence_column(body)):
        note = f"one word a row, sentences by column '{sentence}' (--sentence '' leaves the rows as they are)"
    if sentence:
        body = _by_sentences(name, body, sentence, document)
    if document not in (None, DOCUMENT):
        body = _with_documents(name, body, str(document))
    return replace(body, notes=[*body.notes, *([note] if note else [])])


def sentence_column(body: Body) -> str | None:
    """The column that numbers the sentences of a file of one word a row; None for any other file."""
    likely, words = names.named(body.columns, SENTENCE), names.named(body.columns, names.TOKENS)
    if not likely:
        return None
    rows = [fields for _, fields in islice(body.read(), LOOKED_AT)]
    cells = {name: _texts(rows, name) for name in body.columns}
    for column in likely:
        others = [name for name in body.columns if name != column]
        tags = [name for name in others if are_entity_tags(Counter(cells[name]))]
        has_words = any(_are_single(cells[name]) for name in (words or others) if name not in tags)
        told = bool(tags) or (bool(words) and _may_run(cells, words[0], others))
        if told and has_words and _numbers_runs(rows, column) and not any(_is_prose(cells[name]) for name in others):
            return column
    return None


def _may_run(cells: Mapping[str, Sequence[str]], words: str, others: Sequence[str]) -> bool:
    """Whether the words may be those of a running text: there is no label beside them, or one with an O, or punctuation. Else
    each may be a word that was judged by itself."""
    labels = [name for name in names.named(others, (*names.TAGS, *names.LABEL)) if name != words]
    punctuated = any(not any(map(str.isalnum, cell)) for cell in cells[words])
    return not labels or punctuated or any("O" in cells[name] for name in labels)


def _is_prose(cells: Sequence[str]) -> bool:
    """Whether there are several words in a cell."""
    looked = look(cells)
    return not looked.machine and looked.size >= SEVERAL


def _texts(rows: Sequence[Mapping[str, object]], column: str) -> list[str]:
    cells = [row.get(column) for row in rows]
    return [label_text(cell) for cell in cells if not is_empty(cell) and isinstance(cell, str | int | float)]


def _are_single(cells: Sequence[str]) -> bool:
    """Whether nearly all are one word."""
    return bool(cells) and sum(" " not in cell for cell in cells) >= ENOUGH * len(cells)


def _numbers_runs(rows: Sequence[Mapping[str, object]], column: str) -> bool:
    """Whether a column holds numbers that stay the same, or blank, over several rows."""
    cells = [row.get(column) for row in rows]
    filled = _texts(rows, column)
    stays = sum(is_empty(after) or after == before for before, after in pairwise(cells))
    numbers = sum(_NUMBER.fullmatch(cell) is not None for cell in filled)
    return bool(filled) and numbers >= ENOUGH * len(filled) and 2 * stays > len(cells)


def _by_sentences(name: str, body: Body, sentence: str, document: str | None) -> Body:
    single = [column for column in (sentence, document) if column]

    def read() -> Iterator[_Record]:
        for rows in _runs(name, body.read(), single):
            line, first = rows[0]
            lists = {column: [row[column] for _, row in rows] for column in body.columns if column not in single}
            yield line, {column: first[column] if column in single else lists[column] for column in body.columns}

    return replace(body, read=read, storage=CellStorage.JSON, arrow=None)


def _runs(name: str, rows: Iterable[_Record], keys: Sequence[str]) -> Iterator[list[_Record]]:
    """Consecutive rows of one sentence. DataError where the rows of most sentences do not stand together."""
    run: list[_Record] = []
    current: tuple[object, ...] = ()
    seen, again, count = set[tuple[object, ...]](), 0, 0
    for line, fields in rows:
        if any(isinstance(cell, list) for cell in fields.values()):
            raise DataError(f"{name}: row {line} holds lists: it is a sentence already. Leave --sentence out.")
        found = tuple(fields[key] for key in keys)
        key = tuple(now if is_empty(cell) else cell for cell, now in zip(found, current or found, strict=True))
        if run and key != current:
            yield run
            run, count = [], count + 1
            again += key in seen
            if count >= 20 and 2 * again > count:
                raise DataError(
                    f"{name}: the rows of a sentence (column '{keys[0]}') do not stand together. Sort them first."
                )
        seen.add(key)
        current = key
        run.append((line, fields))
    if run:
        yield run


def _with_documents(name: str, body: Body, column: str) -> Body:
    if DOCUMENT in body.columns:
        raise DataError(
            f"{name}: has a column '{DOCUMENT}' beside '{column}'. Rename one of them, or leave --document out."
        )

    def read() -> Iterator[_Record]:
        for line, fields in body.read():
            yield line, {**fields, DOCUMENT: _single(fields[column])}

    arrow = _arrow_with_documents(body.arrow, column) if body.arrow else None
    return replace(body, columns=[*body.columns, DOCUMENT], read=read, arrow=arrow)


def _single(cell: object) -> object:
    """Of a column of CoNLL, which has a cell for each word, the first."""
    return cell[0] if isinstance(cell, list) and cell else cell


def _arrow_with_documents(arrow: ArrowContent, column: str) -> ArrowContent:
    def added(batch: Any) -> Any:
        return batch.append_column(DOCUMENT, batch.column(column))

    schema = arrow.schema.append(arrow.schema.field(column).with_name(DOCUMENT))
    return ArrowContent(schema, lambda: map(added, arrow.batches()))
