"""Character spans of a cell, in any shape that annotation tools export, to spans of whole words, and back.

A span is a start, an end (exclusive) and a label; characters count from 0, as Python counts them.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bertft.errors import DataError
from bertft.rows.containers import opened
from bertft.rows.finding import nearest
from bertft.rows.labels import is_empty, label_text
from bertft.rows.offsets import Claim, other_units, placed, same_words
from bertft.tags import Span
from bertft.tags.words import Words, cut_inside, has_no_spaces, split_words

_STARTS = ("start", "start_offset", "begin")
ENDS = ("end", "end_offset")
_LABELS = ("label", "labels", "type", "entity", "tag", "entity_group")
HOLDERS = ("entities", "spans", "ents", "label", "labels")
"""Keys of an object that holds the list, as spaCy's {"entities": [...]}."""
REFUSED = ("reject", "ignore")
"""An annotator's answers that take out a row, or a suggested span (Prodigy)."""

_ON_HTML = "Label the plain text (a Text tag in Label Studio), or take the task out."
_WANTED = 'wanted a list of spans, as [[0, 5, "PER"]] or [{"start": 0, "end": 5, "label": "PER"}]'
EMPTY, WIDENED = "empty spans dropped", "spans widened to word borders"
OVERLAPPING = "overlapping spans dropped (the longer one stays)"
SEVERAL = "several labels on one span (the first one stays)"
ALTERING = (WIDENED, OVERLAPPING, SEVERAL)
"""What leaves less than was given."""


@dataclass(frozen=True, slots=True, order=True)
class CharSpan:
    start: int
    end: int
    label: str
    covered: str | None = field(default=None, compare=False)
    """What the file says stands there; None: it does not say."""


@dataclass(frozen=True, slots=True)
class Altered:
    """How gold spans differ from the tags that stand for them: these entities are not gold as given, and those are besides. A
    border inside a word is half a word off."""

    gone: frozenset[tuple[str, float, float]]
    """Type, first word, last word."""
    given: frozenset[tuple[str, float, float]]


def char_spans(cell: object, text: object = None) -> list[CharSpan] | None:
    """None for an empty cell; an empty list is a text without entities. DataError, which lacks the row's place, for
    what is no list of spans. `text`: the row's, against which a list of four is checked."""
    if is_empty(cell):
        return None
    items = _items(cell)
    if items is None:
        raise DataError(f"`{_short(cell)}` is no list, {_WANTED}.")
    kept = (item for item in items if not (isinstance(item, Mapping) and item.get("answer") in REFUSED))
    return [span for item in kept for span in _spans(item, text)]


def is_spans(cell: object) -> bool:
    """Whether the cell holds a list of spans, judged by its first one. An empty list is one."""
    items = _items(cell)
    if not items:
        return items is not None
    first = items[0]
    if isinstance(first, Mapping):
        return _of(first, _STARTS) is not None and _of(first, ENDS) is not None
    return isinstance(first, list | tuple) and _in_order(first) is not None


def true_spans(spans: Sequence[CharSpan], text: str, *, unit: str = "") -> tuple[list[CharSpan], list[str]]:
    """Spans whose places are those of the words that they say they cover, in characters; and what was put right, in words.
    `unit`: what they count where none of them says. DataError where no way of counting fits the words."""
    if all(span.covered is None for span in spans):
        return _counted_by(spans, text, unit)
    found = placed([Claim(span.start, span.end, span.covered) for span in spans], text)
    if found is None:
        raise DataError(next(_contradictions(spans, text)))
    if not found.counted:
        return list(spans), []
    moved = [replace(span, start=s, end=e) for span, (s, e) in zip(spans, found.places, strict=True)]
    return moved, [f"spans whose places count {found.counted}: put right"]


def whole_spans(spans: Sequence[CharSpan], words: Words, *, unit: str = "") -> tuple[list[CharSpan], Words, list[str]]:
    """Spans as they were given, but for spaces at their ends; the words, cut where a span ends inside one; what was put right, in
    words. DataError for a span outside the text, or with other words than it says."""
    spans, mended = true_spans(spans, words.text, unit=unit)
    remarks, found = dict.fromkeys(mended), dict[CharSpan, None]()
    for span in spans:
        start, end = trimmed(span, words.text)
        if start >= end or bisect_right(words.ends, start) >= bisect_left(words.starts, end):
            remarks[EMPTY] = None
        else:
            found[replace(span, start=start, end=end)] = None
    return list(found), cut_inside(words, borders(found)), list(remarks)


def borders(spans: Iterable[CharSpan]) -> set[int]:
    return {place for span in spans for place in (span.start, span.end)}


def ends_inside(spans: Sequence[CharSpan], text: str, *, unit: str = "") -> bool:
    """Whether more spans end where words do if what nothing parts is cut into characters."""
    if not has_no_spaces(text):
        return False
    try:
        places = {place for span in true_spans(spans, text, unit=unit)[0] for place in trimmed(span, text)}
    except DataError:
        return False  # it is told when the row is read
    plain, by_character = (split_words(text, by_character=way) for way in (False, True))
    inside = [len(cut_inside(words, places).texts) - len(words.texts) for words in (plain, by_character)]
    return inside[0] > inside[1]


def _counted_by(spans: Sequence[CharSpan], text: str, unit: str) -> tuple[list[CharSpan], list[str]]:
    characters = next((places for name, places in other_units(text) if name == unit), None) if unit else None
    if characters is None:
        return list(spans), []
    moved = [replace(s, start=characters.get(s.start, -1), end=characters.get(s.end, -1)) for s in spans]
    return moved, [f"spans whose places count {unit}: put right"] if moved != list(spans) else []


def to_word_spans(
    spans: Sequence[CharSpan], words: Words, *, unit: str = ""
) -> tuple[list[Span], list[str], Altered | None]:
    """Onto whole words, without overlaps, in the text's order; what had to be mended for it, each kind once; and what the spans
    said before, where that was otherwise. DataError for a span outside the text, or with other words than it says."""
    spans, mended = true_spans(spans, words.text, unit=unit)
    remarks = dict.fromkeys(mended)
    found: dict[Span, int] = {}
    inside: set[tuple[str, float, float]] = set()
    for span in spans:
        start, end = trimmed(span, words.text)
        first, last = bisect_right(words.ends, start), bisect_left(words.starts, end)
        if start >= end or first >= last:
            remarks[EMPTY] = None
            continue
        left, right = (words.starts[first] < start) / 2, (words.ends[last - 1] > end) / 2
        if left or right:
            remarks[WIDENED] = None
            inside.add((span.label, first - left, last - 1 + right))
        whole = Span(first, last, span.label)
        found[whole] = max(end - start, found.get(whole, 0))
    kept = _apart(found, len(words.texts))
    places = {(span.start, span.end): span for span in kept}  # a table, as a long text may have thousands
    lost = [span for span in found if places.get((span.start, span.end)) != span]
    for one in lost:
        remarks[SEVERAL if (one.start, one.end) in places else OVERLAPPING] = None
    return kept, list(remarks), _altered(kept, lost, inside)


def _altered(kept: Sequence[Span], lost: Sequence[Span], inside: set[tuple[str, float, float]]) -> Altered | None:
    """`inside`: the spans with a border inside a word."""
    if not lost and not inside:
        return None
    widened = {(label, math.ceil(first), math.floor(last)) for label, first, last in inside}
    whole = {(span.label, span.start, span.end - 1) for span in kept}
    others = {(span.label, span.start, span.end - 1) for span in lost} - widened
    return Altered(frozenset(whole & widened), frozenset(others | inside))


def to_char_spans(spans: Sequence[Span], words: Words) -> list[CharSpan]:
    """From the first word's start to the last word's end."""
    return [CharSpan(words.starts[span.start], words.ends[span.end - 1], span.label) for span in spans]


def items_with_places(cell: object) -> list[Mapping[str, Any]]:
    """The spans of a cell that are objects, with all that they say."""
    return [item for item in _items(cell) or () if isinstance(item, Mapping)]


def _items(cell: object) -> list[object] | None:
    if isinstance(cell, str):
        cell = parsed(cell)
    if isinstance(cell, Mapping):
        cell = _of(cell, HOLDERS)
    return list(cell) if isinstance(cell, list | tuple) else None


def parsed(text: str) -> object:
    """The list or object in a string, as JSON or as Python prints it; None where there is none."""
    found = opened(text)
    return found if isinstance(found, list | dict) else None


def _in_order(item: Sequence[object], text: object = None) -> tuple[object, object, object, object] | None:
    """Start, end, label and covered text of [0, 4, "PER"], [0, 4, "PER", "Anna"] and [0, 4, "Anna", "PER"]; None for others. Of
    the last two the `text` tells which is which. DataError where what should stand in the text does not."""
    if len(item) not in (3, 4) or not (is_place(item[0]) and is_place(item[1])):
        return None
    start, end, label, *others = item
    if not others or not isinstance(text, str):
        return start, end, label, None
    found = text[int(str(start)) : int(str(end))]
    pairs = [(label, others[0]), (others[0], label)]
    standing = [pair for pair in pairs if pair[1] == found] or [pair for pair in pairs if str(pair[1]) in text]
    if not standing:
        raise DataError(
            f"span `{_short(list(item))}`: the text has '{_short(found)}' there. Correct its start and end."
        )
    return start, end, *standing[0]


def _spans(item: object, text: object = None) -> list[CharSpan]:
    """One for each label of a span."""
    start: object = None
    if isinstance(item, Mapping):
        start, end, label, covered = _of(item, _STARTS), _of(item, ENDS), _of(item, _LABELS), item.get("text")
        if isinstance(start, str) and start.startswith("/"):
            raise DataError(f"span `{_short(item)}` is a label on HTML, which cannot be placed in the text. {_ON_HTML}")
    elif isinstance(item, list | tuple) and (found := _in_order(item, text)):
        start, end, label, covered = found
    if not (is_place(start) and is_place(end)):
        raise DataError(f"`{_short(item)}` is no span, {_WANTED}.")
    labels = list(label) if isinstance(label, list | tuple) else [label]
    if not labels or any(is_empty(one) or isinstance(one, list | tuple | Mapping) for one in labels):
        raise DataError(f"span `{_short(item)}` has no label, {_WANTED}.")
    said = covered if isinstance(covered, str) and covered.strip() else None
    return [CharSpan(int(str(start)), int(str(end)), label_text(one), said) for one in labels]


def _contradictions(spans: Sequence[CharSpan], text: str) -> Iterator[str]:
    """In words, of each span with other words than it says."""
    for span in spans:
        there = text[span.start : span.end] if 0 <= span.start <= span.end else ""
        if span.covered is not None and not same_words(there, span.covered):
            near = nearest(span.covered, span.start, text)
            where = f"that stands at {near[0]}" if near else "that is nowhere in the text"
            yield (
                f"span {span.start} to {span.end} ({span.label}) says '{_short(span.covered)}', but '{_short(there)}' stands "
                f"there; {where}. Fix start and end, or leave the words ('text') out of the spans to keep the places."
            )


def trimmed(span: CharSpan, text: str) -> tuple[int, int]:
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
    """Longest first (in characters), each span that meets none of those before it; of several on the same words the first."""
    kept, taken = list[Span](), bytearray(word_count)
    for span in sorted(found, key=lambda span: (-found[span], span.start)):
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
