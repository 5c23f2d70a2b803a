"""Rows of words, or of a text that is cut into words, with a tag for each word or with character spans."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from bertft.errors import DataError
from bertft.gold.example import Read, Refusal, WordExample
from bertft.gold.neighbours import check_documents, document_of, with_neighbours
from bertft.gold.reader import Reader
from bertft.rows.labels import labels_of_card
from bertft.rows.row import Row
from bertft.tags import entity_type
from bertft.tags.counting import unit_of_file
from bertft.tags.detection import notation_of
from bertft.tags.rows import Marks, learn_tags, marks_in, spelled, tags_by, tags_of_card, words_in
from bertft.tags.spans import ALTERING, CharSpan, ends_inside

MARKED = 20_000
"""Texts with spans that may tell how the places of a file are counted."""


@dataclass(frozen=True)
class WordReader(Reader):
    """The gold value is a tag for each word, in the model's scheme whatever the file's is."""

    scheme: str | None = None
    """The model's; None: plain tags."""
    found_scheme: str | None = None
    """The file's; None for spans, for plain tags, and where nobody has looked yet."""
    untyped: bool = False
    """Its tags are B, I and O alone."""
    by_character: bool = False
    """Texts in scripts without spaces are cut into characters, as spans of the training rows end inside what would be words."""

    def learn(self, rows: Iterable[Row], *, known_order: Sequence[str], scheme: str | None) -> Self:
        if self.card.labels:
            given = labels_of_card(self.card.labels, self.card.label_values)
            labels, chosen, notation = tags_of_card(given, scheme=scheme, known_order=known_order)
            known = replace(self, labels=labels, scheme=chosen, untyped=notation.untyped)
            return replace(known, by_character=known.parts_words(rows, known.with_cells(rows).cells or ()))
        reader = self.with_cells(rows)
        if wrong := next((cell for cell in reader.cells or () if isinstance(cell, DataError)), None):
            raise wrong
        labels, chosen = learn_tags(reader.known_cells, reader.found_scheme, scheme=scheme, known_order=known_order)
        parts = reader.parts_words(rows, reader.cells or ())
        return replace(reader, labels=labels, scheme=chosen, by_character=parts)

    def parts_words(self, rows: Iterable[Row], cells: Iterable[Any]) -> bool:
        """Whether a gold span begins or ends between two letters that no space parts in their script."""
        pairs = zip(rows, cells, strict=True)
        return any(
            isinstance(cell, Marks)
            and cell.spans
            and isinstance(text := row.fields.get(self.fields.text), str)
            and ends_inside(cell.spans, text, unit=cell.unit)
            for row, cell in pairs
        )

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> dict[str, Any]:
        flags = {name: stored.get(name, False) for name in ("untyped", "by_character")}
        return {"scheme": stored.get("scheme"), **flags}

    @property
    def learned(self) -> dict[str, Any]:
        return {"scheme": self.scheme, "untyped": self.untyped, "by_character": self.by_character}

    @property
    def learned_in_words(self) -> str:
        if not self.by_character:
            return ""
        return "Words: spans end inside words, so what is written without spaces is cut into characters, here and in predict"

    def for_file(self, rows: Iterable[Row]) -> Self:
        if self.options.context == "document":
            check_documents(rows)
        return self.with_cells(rows) if self.scheme and self.cells is None else self

    def with_cells(self, rows: Iterable[Row]) -> Self:
        """With the scheme of their tags, too."""
        cells: list[Any] = []
        marked: list[tuple[Sequence[CharSpan], str]] = []
        found = notation_of(self._tags(rows, cells, marked))
        if unit := unit_of_file(marked):
            cells = [replace(cell, unit=unit) if isinstance(cell, Marks) and cell.spans else cell for cell in cells]
        cells = spelled(cells, found) if found.spelling else cells
        return replace(self, cells=cells, found_scheme=found.scheme, untyped=found.untyped)

    def _tags(
        self, rows: Iterable[Row], cells: list[Any], marked: list[tuple[Sequence[CharSpan], str]]
    ) -> Iterator[tuple[str, Sequence[str]]]:
        """Where each row stands, and its tags; what else its label cell may say is put into `cells`, too, and texts with spans
        into `marked`, as many as are looked at."""
        for row in rows:
            cells.append(self.cell_or_error(row))
            text = row.fields.get(self.fields.text)
            if isinstance(cells[-1], Marks) and cells[-1].spans and isinstance(text, str) and len(marked) < MARKED:
                marked.append((cells[-1].spans, text))
            yield row.origin, (cells[-1].tags or ()) if isinstance(cells[-1], Marks) else ()

    def in_context(self, read: Iterator[Read]) -> Iterator[Read]:
        if self.options.context == "none":
            return read
        return with_neighbours(read, most=self.options.max_length)

    def inputs(self, row: Row, cell: Any) -> WordExample | Refusal:
        found = words_in(row, self.fields, tags=self._counted(row, cell), by_character=self.by_character)
        example = WordExample(row, *found)
        return example if example.words.texts else Refusal(row, f"no words in column '{self.fields.text}'", example)

    def _counted(self, row: Row, cell: Any) -> object:
        """Tags that say how many words there are; of a row to predict they are not read yet, if it has any."""
        if isinstance(cell, Marks):
            return cell.tags
        return row.fields.get(self.fields.label[0]) if cell is None and self.fields.label else None

    def label_cell(self, row: Row) -> Marks | None:
        return marks_in(row, self.fields, self.labels)

    def with_gold(self, example: WordExample, cell: Marks) -> WordExample:
        """Types that the model does not know are told; of plain tags the tags."""
        tags, remarks = tags_by(
            cell,
            example.words,
            example.form,
            example.row,
            self.fields,
            file_scheme=(self.found_scheme or "IO") if self.scheme else None,
            scheme=self.scheme,
        )
        strange = {tag for tag in tags if self.labels.position(tag) is None}
        unknown = sorted({entity_type(tag) if self.scheme else tag for tag in strange})
        if getattr(tags, "altered", None):
            remarks = [f"{one}, but scored as given" if one in ALTERING else one for one in remarks]
        return replace(
            example, gold=tags, group=document_of(example.row), remarks=tuple(remarks), unknown=tuple(unknown)
        )
