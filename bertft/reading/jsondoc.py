"""One JSON document comes in: a list of objects, an object that holds such a list, columns as lists, or a frame of pandas;
records go out.

The list is read element by element through a window of text, so a file of any length fits in memory; only a file
of columns is held whole, since its last column may stand at its end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from bertft.errors import DataError
from bertft.reading.body import Body, CellStorage, Place
from bertft.reading.exports import Export, Unpacked, export_of, spacy_pair
from bertft.reading.frames import VALUES, Rows, find_frame
from bertft.reading.intake import Intake, spooled
from bertft.reading.jsoncursor import Document
from bertft.reading.jsonlines import RawFields, kind_of, open_json_lines
from bertft.reading.lines import head_text, text_pieces
from bertft.reading.squad import NOTE, is_article, questions_of

_WANTED = 'wanted a list of objects, as [{"text": "...", "label": "..."}]'


def open_json(intake: Intake, encoding: str) -> Body:
    """Contents win over the name: JSON lines called .json are read as JSON lines."""
    if is_json_lines(intake, encoding):
        return open_json_lines(intake, encoding)
    intake = spooled(intake)
    document = partial(Document, intake.name, partial(text_pieces, intake, encoding))
    read, note = _find_rows(intake.name, document)
    columns: RawFields = {}
    for _, found in read():
        columns.update(found)
    if not columns:
        raise DataError(f"{intake.name}: no row in it, {_WANTED}.")
    notes = [*([note] if note else []), *(read.notes if isinstance(read, _ExportedRows) else [])]
    numbered = partial(_filled, read, list(columns))
    return Body(list(columns), numbered, Place.ROW, CellStorage.JSON, encoding, notes=notes)


def is_json_lines(intake: Intake, encoding: str) -> bool:
    """True if the first line is an object by itself and another follows, or a spaCy pair by itself."""
    text = head_text(intake, encoding).lstrip()
    first, _, rest = text.partition("\n")
    if not first.startswith(("{", "[")):
        return False
    try:
        found = json.loads(first)
    except (ValueError, RecursionError):
        return False
    return (type(found) is dict and bool(rest.strip())) or spacy_pair(found) is not None


def _find_rows(name: str, document: Callable[[], Document]) -> tuple[Rows, str | None]:
    """How to get at the rows, and where they were found if that is worth saying."""
    first = document().peek()
    if first == "[":
        found_list = _find_export(name, document) or _find_questions(name, document, None)
        return found_list or (partial(_list_rows, name, document, None), None)
    if first != "{":
        found = first and document().value()
        raise DataError(f"{name}: {kind_of(found)}, {_WANTED}.")
    lists, others = _survey(document())
    if not (lists and others) and (frame := find_frame(name, document, lists)):
        return frame
    for key in lists:
        if found_list := _find_export(name, document, key):
            return found_list
        if questions := _find_questions(name, document, key):
            return questions
    holders = [key for key, all_objects in lists.items() if all_objects]
    if len(holders) == 1:
        return partial(_list_rows, name, document, holders[0]), f"rows are under '{holders[0]}'"
    if holders:
        raise DataError(f"{name}: lists of objects under {', '.join(holders)}, wanted one. Put it into its own file.")
    if lists and not others:
        return partial(_column_rows, name, document), "rows are read across the columns' lists"
    return partial(_single_row, document), "the file is one object, one row"


def _find_export(name: str, document: Callable[[], Document], holder: str | None = None) -> tuple[Rows, str] | None:
    """Of the list that the document is, or that it holds under a key, as ner-annotator's `annotations`."""
    elements = partial(_elements_of, document, holder)
    export = export_of(next((one for one in elements() if one is not None), None))
    if export is None:
        return None
    where = f"'{holder}', " if holder else ""
    return _ExportedRows(name, elements, export), f"rows are read from {where}{export.name}"


def _elements_of(document: Callable[[], Document], holder: str | None) -> Iterator[object]:
    return _elements(document(), holder)


@dataclass
class _ExportedRows:
    """The rows of a tool's export; after the first reading also what is to be said of them."""

    name: str
    elements: Callable[[], Iterator[object]]
    export: Export
    said: Counter[str] | None = None

    def __call__(self) -> Iterator[tuple[int, RawFields]]:
        row, said = 0, Counter[str]()
        for number, element in enumerate(self.elements(), 1):
            unpacked = (
                Unpacked([]) if element is None else self.export.unpack(element)
            )  # ner-annotator's place of a skipped text
            if unpacked is None:
                raise DataError(
                    f"{self.name}#{number}: {kind_of(element)} of another form, wanted {self.export.name} as the first one."
                )
            if self.said is None:
                said.update(unpacked.remarks())
            for row, fields in enumerate(unpacked.rows, row + 1):  # noqa: B020  counts on across elements
                yield row, fields
        self.said = said if self.said is None else self.said

    @property
    def notes(self) -> list[str]:
        return [f"{many:,} {remark.format(s='' if many == 1 else 's')}" for remark, many in (self.said or {}).items()]


def _find_questions(name: str, document: Callable[[], Document], holder: str | None) -> tuple[Rows, str] | None:
    if not is_article(next(_elements(document(), holder), None)):
        return None
    return partial(_question_rows, name, document, holder), NOTE


def _question_rows(name: str, document: Callable[[], Document], holder: str | None) -> Iterator[tuple[int, RawFields]]:
    yield from enumerate(questions_of(name, _elements(document(), holder)), 1)


def _survey(document: Document) -> tuple[dict[str, bool], list[str]]:
    """Keys that hold a list -> whether it holds objects only; and the other keys."""
    lists: dict[str, bool] = {}
    others: list[str] = []
    for key in document.entries():
        if document.peek() == "[":
            kinds = {type(item) for item in document.items()}
            lists[key] = kinds == {dict}
        else:
            document.value()
            others.append(key)
    document.end()
    return lists, others


def _list_rows(name: str, document: Callable[[], Document], holder: str | None) -> Iterator[tuple[int, RawFields]]:
    for number, item in enumerate(_elements(document(), holder), 1):
        if type(item) is not dict:
            hint = f" {VALUES}" if type(item) is list else ""
            raise DataError(
                f'{name}#{number}: {kind_of(item)}, wanted an object, as {{"text": "...", "label": "..."}}.{hint}'
            )
        yield number, item


def _elements(cursor: Document, holder: str | None) -> Iterator[object]:
    """Of the list that the document is, or that it holds under a key."""
    if holder is None:
        yield from cursor.items()
        cursor.end()
        return
    for key in cursor.entries():
        if key == holder:
            yield from cursor.items()
        else:
            cursor.value()


def _column_rows(name: str, document: Callable[[], Document]) -> Iterator[tuple[int, RawFields]]:
    columns = document().value()
    lengths = {key: len(values) for key, values in columns.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{key} {length}" for key, length in lengths.items())
        raise DataError(f"{name}: columns of different lengths ({shown}), wanted lists of one length.")
    for number, values in enumerate(zip(*columns.values(), strict=True), 1):
        yield number, dict(zip(columns, values, strict=True))


def _single_row(document: Callable[[], Document]) -> Iterator[tuple[int, RawFields]]:
    yield 1, document().value()


def _filled(read: Rows, columns: list[str]) -> Iterator[tuple[int, RawFields]]:
    empty: RawFields = dict.fromkeys(columns)
    for number, found in read():
        yield number, empty | found
