"""Character spans of a cell, in any shape that annotation tools export, to spans of whole words, and back.

A span is a start, an end (exclusive) and a label; characters count from 0, as Python counts them.
"""

from __future__ import annotations

import ast
import json
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bertft.errors import DataError
from bertft.rows.labels import is_empty, label_text
from bertft.tags import Span
from bertft.tags.words import Words

_STARTS = ("start", "start_offset", "begin")
ENDS = ("end", "end_offset")
_LABELS = ("label", "labels", "type", "entity", "tag", "entity_group")
HOLDERS = ("entities", "spans", "ents", "label", "labels")
"""Keys of an object that holds the list, as spaCy's {"entities": [...]}."""
REFUSED = ("reject", "ignore")
"""An annotator's answers that take out a row, or a suggested span (Prodigy)."""

_WANTED = 'wanted a list of spans, as [[0, 5, "PER"]] or [{"start": 0, "end": 5, "label": "PER"}]'
EMPTY, WIDENED = "empty spans dropped", "spans widened to word borders"
OVERLAPPING = "overlapping spans dropped (the longer one stays)"


@dataclass(frozen=True, slots=True, order=True)
class CharSpan:
    start: int
    end: int
    label: str


def char_spans(cell: object, text: object = None) -> list[CharSpan] | None:
    """None for an empty cell; an empty list is a text without entities. DataError, which lacks the row's place, for
    what is no list of spans. `text`: the row's, against which a list of four is checked."""
    if is_empty(cell):
        return None
    items = _items(cell)
    if items is None:
        raise DataError(f"`{_short(cell)}` is no list, {_WANTED}.")
    return [_span(item, text) for item in items if not (isinstance(item, Mapping) and item.get("answer") in REFUSED)]


def is_spans(cell: object) -> bool:
    """Whether the cell holds a list of spans, judged by its first one. An empty list is one."""
    items = _items(cell)
    if not items:
        return items is not None
    first = items[0]
    if isinstance(first, Mapping):
        return _of(first, _STARTS) is not None and _of(first, ENDS) is not None
    return isinstance(first, list | tuple) and _in_order(first) is not None


def to_word_spans(spans: Sequence[CharSpan], words: Words) -> tuple[list[Span], list[str]]:
    """Onto whole words, without overlaps, in the text's order; and what had to be mended for it, each kind once.
    DataError for a span outside the text."""
    remarks: dict[str, None] = {}
    found: dict[Span, int] = {}
    for span in spans:
        start, end = _trimmed(span, words.text)
        first, last = bisect_right(words.ends, start), bisect_left(words.starts, end)
        if start >= end or first >= last:
            remarks[EMPTY] = None
            continue
        if words.starts[first] < start or words.ends[last - 1] > end:
            remarks[WIDENED] = None
        whole = Span(first, last, span.label)
        found[whole] = max(end - start, found.get(whole, 0))
    kept = _apart(found, len(words.texts))
    if len(kept) < len(found):
        remarks[OVERLAPPING] = None
    return kept, list(remarks)


def to_char_spans(spans: Sequence[Span], words: Words) -> list[CharSpan]:
    """From the first word's start to the last word's end."""
    return [CharSpan(words.starts[span.start], words.ends[span.end - 1], span.label) for span in spans]


def _items(cell: object) -> list[object] | None:
    if isinstance(cell, str):
        cell = parsed(cell)
    if isinstance(cell, Mapping):
        cell = _of(cell, HOLDERS)
    return list(cell) if isinstance(cell, list | tuple) else None


def parsed(text: str) -> object:
    """The list or object in a string, as JSON or as Python prints it; None where there is none."""
    if not text.lstrip().startswith(("[", "{")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None


def _in_order(item: Sequence[object], text: object = None) -> tuple[object, object, object] | None:
    """Start, end and label of [0, 4, "PER"], [0, 4, "PER", "Anna"] and [0, 4, "Anna", "PER"]; None for others. Of the last two
    the `text` tells which is which. DataError where what should stand in the text does not."""
    if len(item) not in (3, 4) or not (is_place(item[0]) and is_place(item[1])):
        return None
    start, end, label, *covered = item
    if covered and isinstance(text, str):
        found = text[int(str(start)) : int(str(end))]
        if found not in (label, *covered):
            raise DataError(
                f"span `{_short(list(item))}`: the text has '{_short(found)}' there. Correct its start and end."
            )
        label = covered[0] if found == label else label
    return start, end, label


def _span(item: object, text: object = None) -> CharSpan:
    start: object = None
    if isinstance(item, Mapping):
        start, end, label = _of(item, _STARTS), _of(item, ENDS), _of(item, _LABELS)
    elif isinstance(item, list | tuple) and (found := _in_order(item, text)):
        start, end, label = found
    if not (is_place(start) and is_place(end)):
        raise DataError(f"`{_short(item)}` is no span, {_WANTED}.")
    if isinstance(label, list | tuple):
        label = label[0] if label else None
    if is_empty(label) or isinstance(label, list | tuple | Mapping):
        raise DataError(f"span `{_short(item)}` has no label, {_WANTED}.")
    return CharSpan(int(str(start)), int(str(end)), label_text(label))


def _trimmed(span: CharSpan, text: str) -> tuple[int, int]:
    """Without white space at its ends."""
    start, end = span.start, span.end
    if not 0 <= start <= end <= len(text):
        raise DataError(
            f"span {start} to {end} ({span.label}) does not lie in the text, which has {len(text)} characters. "
            f"Wanted start and end in characters from 0, the end exclusive."
        )
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end


def _apart(found: Mapping[Span, int], word_count: int) -> list[Span]:
    """Longest first (in characters), each span that meets none of those before it."""
    kept, taken = list[Span](), bytearray(word_count)
    for span in sorted(found, key=lambda span: (-found[span], span.start, span.label)):
        if not any(taken[span.start : span.end]):
            taken[span.start : span.end] = b"\1" * (span.end - span.start)
            kept.append(span)
    return sorted(kept, key=lambda span: span.start)


def _of(item: Mapping[str, object], names: Sequence[str]) -> object:
    return next((item[name] for name in names if item.get(name) is not None), None)


def is_place(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:79] + "…"
