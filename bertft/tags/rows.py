"""Rows of tagged files to words and gold tags in a scheme that was asked for, whatever the file's form is: tags or character
spans. No torch here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bertft.errors import DataError
from bertft.fields import Fields
from bertft.labels import Labels, in_order, is_empty, learn
from bertft.row import Row
from bertft.tags import OUTSIDE, convert, detect, entity_type, spans_of, tag_names, tags_of
from bertft.tags.spans import REFUSED, char_spans, is_place, is_spans, to_word_spans
from bertft.tags.words import Words, is_tokens, joined, tags_of_cell, words_of_cell

ACCEPTED = "accept"
"""Answer of an annotator to a row in which nothing may be marked, which then has no entities."""

Gold = tuple[tuple[str, ...] | None, list[str]]
"""Tags, or None for a row without a label; and what had to be mended."""


def words_in(row: Row, fields: Fields) -> Words:
    """The words of a row, and where they stand in its text."""
    cell = row.fields.get(fields.text)
    label = row.fields.get(fields.label[0]) if fields.label else None
    try:
        if (objects := token_objects(cell)) is not None:
            return words_of_objects(objects, row.fields.get("text"))
        return words_of_cell(cell, tags=label)
    except DataError as problem:
        raise DataError(f"{row.origin}: {problem}") from None


def token_objects(cell: object) -> list[Any] | None:
    """A list of tokens with their places, as spaCy and Prodigy write them, also as JSON in a string; None for anything else."""
    if isinstance(cell, str) and cell.lstrip().startswith("[{"):
        try:
            cell = json.loads(cell)
        except (ValueError, RecursionError):
            return None
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


def gold_tags(
    row: Row, words: Words, fields: Fields, labels: Labels, file_scheme: str | None, scheme: str | None
) -> Gold:
    """The tags of a row in `scheme`. DataError where they do not fit the words."""
    cell = row.fields.get(fields.label[0])
    if row.fields.get("answer") in REFUSED:
        return None, []
    if is_empty(cell) and row.fields.get("answer") == ACCEPTED:
        return (OUTSIDE,) * len(words.texts), []
    if is_spans(cell) and not (words.texts and cell == [] and is_tokens(row.fields.get(fields.text))):
        return _from_spans(row, cell, words, scheme)
    tags = [] if cell == [] else named_tags(cell, labels)
    if tags is None:
        return None, []
    if len(tags) != len(words.texts):
        raise DataError(
            f"{row.origin}: {len(words.texts)} words in '{fields.text}' but {len(tags)} tags in '{fields.label[0]}'. "
            f"Each word needs one."
        )
    return tuple(convert(tags, file_scheme, scheme) if file_scheme and scheme else tags), []


def _from_spans(row: Row, cell: object, words: Words, scheme: str | None) -> Gold:
    try:
        spans, remarks = to_word_spans(char_spans(cell) or [], words)
    except DataError as problem:
        raise DataError(f"{row.origin}: {problem}") from None
    return tuple(tags_of(spans, len(words.texts), scheme or "IOB2")), remarks


def named_tags(cell: object, labels: Labels) -> list[str] | None:
    """The tags in a cell, by the names that a card gives to numbers; None for an empty cell."""
    tags = None if is_empty(cell) else tags_of_cell(cell)
    return None if tags is None else [labels.spellings.get(tag, tag) for tag in tags]


def scheme_of_file(rows: Iterable[Row], fields: Fields, labels: Labels) -> str | None:
    """The tag scheme of a labelled file; None for spans, and for plain tags."""
    return detect(_tag_lists(rows, fields, labels))


def _tag_lists(rows: Iterable[Row], fields: Fields, labels: Labels) -> Iterator[tuple[str, Sequence[str]]]:
    for row in rows:
        cell = row.fields.get(fields.label[0])
        if row.fields.get("answer") not in REFUSED and not is_spans(cell):
            yield row.origin, named_tags(cell, labels) or []


def learn_tags(
    fields: Fields, rows: Iterable[Row], *, given: Labels | None, scheme: str | None, known_order: Sequence[str]
) -> tuple[Labels, str | None]:
    """The tags that a model shall write, and their scheme: those of all types in the file (or the card), in `scheme`, which
    is IOB2 unless something else is asked; or the plain tags of a file that has no scheme."""
    known = given or Labels(())
    if given is not None:
        found, types = detect([("the card", given.names)]), {entity_type(tag) for tag in given.names}
    else:
        found, types = _found_types(rows, fields, known)
    if found is None and scheme is None:
        return given or learn(sorted(types), known_order=known_order), None
    if found is None:
        raise DataError(
            f"--scheme {scheme}: the tags of this file are plain, such as {_some(types)}; they have no scheme."
        )
    names = tag_names(types - {""}, scheme or "IOB2")
    if given is not None and set(names) == set(given.names):
        return given, scheme or "IOB2"
    spellings = given.spellings if given is not None else {}
    return Labels(learn(names, known_order=known_order).names, spellings), scheme or "IOB2"


def _found_types(rows: Iterable[Row], fields: Fields, known: Labels) -> tuple[str | None, set[str]]:
    """The file's scheme with its entity types; or None with its plain tags."""
    scheme = scheme_of_file(rows, fields, known)
    types: set[str] = set()
    plain: set[str] = set()
    for row in rows:
        cell = row.fields.get(fields.label[0])
        if row.fields.get("answer") in REFUSED:
            continue
        if is_spans(cell):
            types |= {span.label for span in char_spans(cell) or []}
        elif scheme is not None:
            types |= {span.label for span in spans_of(named_tags(cell, known) or [], scheme)}
        else:
            plain |= set(named_tags(cell, known) or [])
    if types:
        return scheme or "IOB2", types
    if scheme is not None or not plain - {OUTSIDE}:
        raise DataError("There is no entity in the training file: nothing to learn.")
    return None, plain


def _some(tags: Iterable[str]) -> str:
    return ", ".join(in_order(tags)[:3])
