"""Where entities stand in a text: from a list, one on each line, or from a file of the corpus' own texts with spans, as `predict`
and annotation tools write it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Protocol

from bertft.corpus.documents import lines_in, sentences_in
from bertft.corpus.word_list import Place, WordList, read_list
from bertft.errors import DataError
from bertft.reading import ReadOptions, Source, Table, open_source
from bertft.reading.intake import take_in
from bertft.reading.options import FORMAT_BY_SUFFIX
from bertft.reading.saved import is_saved
from bertft.rows.fields import pick, shown_columns
from bertft.rows.labels import is_empty
from bertft.rows.row import Row
from bertft.tags.counting import unit_of_file
from bertft.tags.spans import char_spans, is_spans, trimmed, true_spans

SPAN_COLUMNS = ("entities", "spans", "ents", "label", "labels", "annotations")
"""Names that a column of spans usually has; the first is what `predict` writes."""
HEAD = 1000
"""Rows that tell which column has the spans, and how their places are counted."""


class Entities(Protocol):
    """Entities of a corpus."""

    def places(self, sentence: str) -> Sequence[Place]:
        """Of those in one sentence."""

    def found(self, corpus: str, *, must: bool = True) -> str:
        """What was found in the corpus, in words, once all of it has been asked for. DataError where that is nothing, and it
        `must` be something."""


class ListedEntities:
    """Those of a list, wherever they occur."""

    def __init__(self, path: str) -> None:
        self._path, self._list = path, WordList(read_list(path))
        self.places = self._list.places

    def found(self, corpus: str, *, must: bool = True) -> str:
        times = self._list.found.total()
        if must and not times:
            raise DataError(
                f"{self._path}: none of its {len(self._list):,} entities occurs in {corpus} (spelled alike, also in "
                f"upper and lower case)."
            )
        return f"{self._path}: {len(self._list.found):,} of {len(self._list):,} entities occur, {times:,} times in all"


class MarkedEntities:
    """Those that stand in a file with the corpus' texts."""

    def __init__(self, path: str, text: str | None = None) -> None:
        """`text`: the column of the texts."""
        self._path, self._known = path, dict[str, tuple[Place, ...]]()
        self._asked = self._met = self._times = 0
        for sentence, places in _sentences(open_source(path, ReadOptions()), text):
            sentence, places = sentence.strip(), _moved(places, -_space_before(sentence))
            self._known[sentence] = tuple(sorted({*self._known.get(sentence, ()), *places}))

    def places(self, sentence: str) -> Sequence[Place]:
        places = self._known.get(sentence.strip())
        self._asked, self._met, self._times = (
            self._asked + 1,
            self._met + (places is not None),
            self._times + len(places or ()),
        )
        return _moved(places or (), _space_before(sentence))

    def found(self, corpus: str, *, must: bool = True) -> str:
        if must and not self._times:
            what = "has no spans" if self._met else f"has none of the texts of {corpus}"
            raise DataError(
                f"{self._path}: {what}, wanted those texts with spans; or a list, one entity on each line of a .txt file."
            )
        missing = self._asked - self._met
        rest = f"; {missing:,} of the corpus' {self._asked:,} sentences are not in it and have none" if missing else ""
        return f"{self._path}: {self._times:,} entities in {self._met:,} sentences{rest}"


def open_entities(path: str, text: str | None = None) -> Entities:
    """A table with spans, or a list where the name does not say that it is a table."""
    return ListedEntities(path) if is_list(path) else MarkedEntities(path, text)


def is_list(path: str) -> bool:
    """Whether it has an entity on each line."""
    return not is_saved(path) and take_in(path).suffix not in FORMAT_BY_SUFFIX


def _sentences(source: Source | Table, text: str | None) -> Iterator[tuple[str, list[Place]]]:
    """Each sentence of its texts, and each line as text files have them, with the entities in it."""
    rows = iter(source.rows())
    head = list(islice(rows, HEAD))
    texts = pick("text", [text] if text else ["text"], source.columns, file=source.name)
    spans = _span_column(head, source)
    unit = unit_of_file([(char_spans(row.fields.get(spans)) or [], str(row.fields.get(texts))) for row in head])
    for row in chain(head, rows):
        if isinstance(whole := row.fields.get(texts), str):
            places = _places(row, spans, whole, unit)
            parts = chain(sentences_in(whole), lines_in(whole))
            yield from ((part, _inside(places, start, start + len(part))) for start, part in parts)


def _span_column(head: Sequence[Row], source: Source | Table) -> str:
    """The first whose cells are all spans."""
    for name in sorted(source.columns, key=lambda name: SPAN_COLUMNS.index(name) if name in SPAN_COLUMNS else 99):
        cells = [cell for row in head if not is_empty(cell := row.fields.get(name))]
        if any(cells) and all(is_spans(cell) for cell in cells):
            return name
    raise DataError(
        f'{source.name}: no column has spans, as [{{"start": 0, "end": 5, "label": "PER"}}] (it has: '
        f"{shown_columns(source.columns)}). A list of entities stands in a .txt file, one on each line."
    )


def _places(row: Row, column: str, text: str, unit: str) -> list[Place]:
    try:
        spans, _ = true_spans(char_spans(row.fields.get(column), text) or [], text, unit=unit)
        return [trimmed(span, text) for span in spans]
    except DataError as problem:
        raise DataError(f"{row.origin}: {problem}") from None


def _space_before(sentence: str) -> int:
    return len(sentence) - len(sentence.lstrip())


def _moved(places: Iterable[Place], by: int) -> list[Place]:
    return [(first + by, last + by) for first, last in places]


def _inside(places: Iterable[Place], start: int, end: int) -> list[Place]:
    """What lies in a part of the text, counted from its start."""
    cut = ((max(first, start) - start, min(last, end) - start) for first, last in places)
    return [(first, last) for first, last in cut if first < last]
