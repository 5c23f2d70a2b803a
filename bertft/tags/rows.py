"""Rows of tagged files to words and gold tags in a scheme that was asked for, whatever the file's form is: tags or character
spans. The label cell is read alone, as marks, since a file's scheme is known only when all of its tags are. No torch here."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from bertft.errors import DataError
from bertft.rows.containers import opened
from bertft.rows.fields import Fields
from bertft.rows.labels import Labels, in_order, is_empty, learn
from bertft.rows.row import Row
from bertft.tags import OUTSIDE, convert_tags, entity_type, spans_of, tag_names, tags_of
from bertft.tags.detection import Notation, notation_of
from bertft.tags.spans import REFUSED, Altered, CharSpan, char_spans, is_place, is_spans, parsed, to_word_spans
from bertft.tags.words import Words, joined, listed, tags_of_cell, tokens_of_cell, words_of_text

ACCEPTED = "accept"
"""Answer of an annotator to a row in which nothing may be marked, which then has no entities."""

_OBJECTS = re.compile(r"\s*\[\s*\{")
"""How a printed list of objects begins: other cells are not read for it, as they are read again for what they are."""

CellForm = Literal["tokens", "objects", "text"]
"""What a cell of words holds: a list of words, tokens with their places, or raw text."""


class GoldTags(tuple[str, ...]):
    """The gold tags of a row whose spans no tags of its words can say as they were given."""

    altered: Altered | None = None


@dataclass(frozen=True, slots=True)
class Marks:
    """What a label cell says, before anything is known of the words. An empty list is both: no tags for tokens, and no entities
    in a text."""

    tags: tuple[str, ...] | None = None
    """In the file's own scheme."""
    spans: tuple[CharSpan, ...] | None = None
    unit: str = ""
    """What the places of spans count that bring no words, where it is not characters."""


def words_in(row: Row, fields: Fields, *, tags: object, by_character: bool = False) -> tuple[Words, CellForm]:
    """The words of a row, and where they stand in its text. `tags`: the row's other cell, or what was read of it, which may say
    how many words a raw text has. `by_character`: see `split_words`."""
    cell = row.fields.get(fields.text)
    try:
        if (objects := token_objects(cell)) is not None:
            return words_of_objects(objects, row.fields.get("text")), "objects"
        tokens = tokens_of_cell(cell)
        return (joined(tokens), "tokens") if tokens is not None else (words_of_text(cell, tags, by_character), "text")
    except DataError as problem:
        raise DataError(f"{row.origin}: {problem}") from None


def token_objects(cell: object) -> list[Any] | None:
    """A list of tokens with their places, as spaCy and Prodigy write them, also in a string; None for anything else."""
    if isinstance(cell, str):
        cell = opened(cell) if _OBJECTS.match(cell) else None
    return cell if isinstance(cell, list) and cell and all(_is_token(token) for token in cell) else None


def _is_token(token: object) -> bool:
    return isinstance(token, dict) and is_place(token.get("start")) and is_place(token.get("end"))


def words_of_objects(tokens: Any, text: object) -> Words:
    """The words as the file itself cuts its text; without one, the tokens' own texts."""
    if not isinstance(text, str):
        return joined([str(token.get("text", "")) for token in tokens])
    for token in tokens:
        if not 0 <= token["start"] <= token["end"] <= len(text):
            raise DataError(
                f"token {token['start']} to {token['end']} does not lie in the text, which has {len(text)} characters. "
                f"Wanted start and end in characters from 0, the end exclusive."
            )
    starts, ends = tuple(token["start"] for token in tokens), tuple(token["end"] for token in tokens)
    return Words(tuple(text[start:end] for start, end in zip(starts, ends, strict=True)), starts, ends, text)


def marks_in(row: Row, fields: Fields, labels: Labels) -> Marks | None:
    """What the label cell of a row says, by the names that a card gives to numbers; None for a row without a label."""
    cell, answer = row.fields.get(fields.label[0]), row.fields.get("answer")
    if answer in REFUSED:
        return None
    if is_empty(cell):
        return Marks(spans=()) if answer == ACCEPTED else None
    try:
        found = _list_of_cell(cell)
        if is_spans(found):
            return Marks(() if cell == [] else None, tuple(char_spans(found, row.fields.get(fields.text)) or ()))
        tags = tags_of_cell(found)
    except DataError as problem:
        raise DataError(f"{row.origin}: {problem}") from None
    return None if tags is None else Marks(tuple(sys.intern(labels.spellings.get(tag, tag)) for tag in tags))


def _list_of_cell(cell: object) -> object:
    """A string's tags or spans as a list or an object; other cells as they are."""
    if not isinstance(cell, str):
        return cell
    if (items := listed(cell)) is not None:
        return items
    found = parsed(cell)
    return found if is_spans(found) else cell.split()


def tags_by(
    marks: Marks, words: Words, form: CellForm, row: Row, fields: Fields, *, file_scheme: str | None, scheme: str | None
) -> tuple[tuple[str, ...], list[str]]:
    """The tags of a row in `scheme`, and what had to be mended. DataError where the marks do not fit the words."""
    count = len(words.texts)
    if marks.spans is not None and not (marks.tags is not None and count and form == "tokens"):
        try:
            spans, remarks, altered = to_word_spans(marks.spans, words, unit=marks.unit)
        except DataError as problem:
            raise DataError(f"{row.origin}: {problem}") from None
        gold = GoldTags(tags_of(spans, count, scheme or "IOB2"))
        gold.altered = altered
        return gold, remarks
    tags = marks.tags or ()
    if len(tags) != count:
        raise DataError(
            f"{row.origin}: {count} words in '{fields.text}' but {len(tags)} tags in '{fields.label[0]}'. Each word needs one "
            f"(--text, --label: other columns)."
        )
    return tuple(convert_tags(tags, file_scheme, scheme)) if file_scheme and scheme else tags, []


def spelled(cells: Iterable[Any], notation: Notation) -> list[Any]:
    """What was read of a file's label cells, with tags as the scheme has them."""
    return [
        replace(cell, tags=notation.read(cell.tags)) if isinstance(cell, Marks) and cell.tags else cell
        for cell in cells
    ]


def learn_tags(
    marks: Iterable[Marks], found: str | None, *, scheme: str | None, known_order: Sequence[str]
) -> tuple[Labels, str | None]:
    """The tags that a model shall write, and their scheme: those of all types in a file with the scheme `found`, in `scheme`,
    which is IOB2 unless something else is asked; or the plain tags of a file that has no scheme."""
    found, types = _types_in(marks, found)
    if found is None:
        _refuse_scheme(scheme, types)
        return learn(sorted(types), known_order=known_order), None
    names = tag_names(types - {""}, scheme or "IOB2")
    return learn(names, known_order=known_order), scheme or "IOB2"


def tags_of_card(
    given: Labels, *, scheme: str | None, known_order: Sequence[str]
) -> tuple[Labels, str | None, Notation]:
    """The same of a card that names its tags; and how it writes them."""
    notation = notation_of([("the card", given.names)])
    types = {entity_type(tag) for tag in notation.read(given.names)}
    if notation.scheme is None:
        _refuse_scheme(scheme, types)
        return given, None, notation
    names = tag_names(types - {""}, scheme or "IOB2")
    if set(names) == set(given.names):
        return given, scheme or "IOB2", notation
    return Labels(learn(names, known_order=known_order).names, given.spellings), scheme or "IOB2", notation


def _refuse_scheme(scheme: str | None, types: Iterable[str]) -> None:
    if scheme is not None:
        some = ", ".join(in_order(types)[:3])
        raise DataError(f"--scheme {scheme}: the tags of this file are plain, such as {some}; they have no scheme.")


def _types_in(marks: Iterable[Marks], scheme: str | None) -> tuple[str | None, set[str]]:
    """The file's scheme with its entity types; or None with its plain tags."""
    types: set[str] = set()
    plain: set[str] = set()
    for found in marks:
        if found.spans is not None:
            types |= {span.label for span in found.spans}
        elif scheme is not None:
            types |= {span.label for span in spans_of(found.tags or (), scheme)}
        else:
            plain |= set(found.tags or ())
    if types:
        return scheme or "IOB2", types
    if scheme is not None or not plain - {OUTSIDE}:
        raise DataError("There is no entity in the training file: nothing to learn.")
    return None, plain
