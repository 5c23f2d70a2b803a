"""JSON lines come in, one object (or spaCy training pair) a line; records go out.

Lines end at "\\n" only, since texts hold U+2028. Blank lines are skipped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from bertft.errors import DataError
from bertft.reading.body import Body, CellStorage, Place
from bertft.reading.exports import label_studio_task, spacy_pair
from bertft.reading.intake import Intake
from bertft.reading.lines import head_text, text_lines

RawFields = dict[str, object]
DEEPEST = 100
"""Levels of lists and objects in one value. Python itself fails at some hundreds, sooner or later as it happens."""

_KINDS = {dict: "an object", list: "a list", str: "a text", bool: "a truth value", int: "a number", float: "a number"}


def open_json_lines(intake: Intake, encoding: str) -> Body:
    """Reads a file through once, for every key in it and so that a bad line is found before any work is done.
    Of standard input only the first 64 KiB are looked at; a key that comes later is still in its row."""
    columns = _columns(intake, encoding)
    return Body(columns, partial(_read, intake, encoding, columns), Place.LINE, CellStorage.JSON, encoding)


def decoder() -> json.JSONDecoder:
    """NaN is no value, and must not become the word."""
    return json.JSONDecoder(
        parse_constant=lambda name: None if name == "NaN" else float(name.replace("Infinity", "inf"))
    )


def not_too_deep(value: Any, text: str) -> Any:
    """The value that was read from the text. RecursionError as the decoder has it, but always from the same depth on."""
    if text.count("[") + text.count("{") > DEEPEST and _depth(value) > DEEPEST:
        raise RecursionError
    return value


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        level = [child for item in level for child in (item.values() if isinstance(item, dict) else item)]
    return depth


def kind_of(value: object) -> str:
    return "null" if value is None else _KINDS.get(type(value), type(value).__name__)


def syntax_error(name: str, line: int, error: ValueError | RecursionError) -> DataError:
    if isinstance(error, json.JSONDecodeError):
        start = max(0, error.pos - 20)
        snippet = error.doc[start : error.pos + 20].replace("\n", " ").strip()
        what = f"not JSON at column {error.colno}: {error.msg[:1].lower()}{error.msg[1:]}, near `{snippet}`"
    elif isinstance(error, RecursionError):
        what = f"not readable JSON: lists and objects more than {DEEPEST} levels deep"
    else:  # Python reads no whole number of more than 4,300 digits
        what = "not readable JSON: a whole number of thousands of digits"
    return DataError(f"{name}:{line}: {what}. Fix that line.")


def _columns(intake: Intake, encoding: str) -> list[str]:
    columns: RawFields = {}
    if intake.rereadable:
        for _, found in _objects(intake.name, text_lines(intake, encoding)):
            columns.update(found)
    else:
        lines = head_text(intake, encoding).split("\n")
        for _, found in _objects(intake.name, iter(lines if intake.whole else lines[:-1] or lines)):
            columns.update(found)
    if not columns:
        raise DataError(
            f'{intake.name}: no row in it, wanted one JSON object a line, as {{"text": "...", "label": "..."}}.'
        )
    return list(columns)


def _read(intake: Intake, encoding: str, columns: list[str]) -> Iterator[tuple[int, RawFields]]:
    empty: RawFields = dict.fromkeys(columns)
    for line, found in _objects(intake.name, text_lines(intake, encoding)):
        yield line, empty | found


def _objects(name: str, lines: Iterator[str]) -> Iterator[tuple[int, RawFields]]:
    decode = decoder().decode
    for number, line in enumerate(lines, 1):
        try:
            found = not_too_deep(decode(line), line)
        except (ValueError, RecursionError) as error:
            if not line.strip():
                continue
            raise syntax_error(name, number, error) from None
        if type(found) is list or (type(found) is dict and "data" in found):
            unpacked = spacy_pair(found) or label_studio_task(found)
            found = next(iter(unpacked.rows), found) if unpacked else found
        if type(found) is not dict:
            raise DataError(
                f'{name}:{number}: {kind_of(found)}, wanted an object, as {{"text": "...", "label": "..."}}.'
            )
        yield number, found
