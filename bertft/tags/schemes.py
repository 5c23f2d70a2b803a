"""Tags to spans and back. A span is (first word, last word + 1, type); schemes differ only in which tags open and close one.

IOB1: Ramshaw and Marcus 1995; IOB2: the same with a B- at every beginning, as CoNLL-2002 has it; BIOES and BILOU mark ends and
single words too (L = E, U = S); IO marks nothing. seqeval calls our repair of broken sequences its default mode.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

TAG_SCHEMES = ("IOB1", "IOB2", "BIOES", "BILOU", "IO")
OUTSIDE = "O"

Moves = tuple[list[bool], list[list[bool]], list[bool]]

_OPENS, _CLOSES = ("B", "S", "U"), ("E", "S", "L", "U")
_MARKS = {"IOB2": "BIIB", "BIOES": "BIES", "BILOU": "BILU", "IO": "IIII"}
"""Of the first, an inner, the last and the only word."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Words `start` to before `end`, counted from 0."""

    start: int
    end: int
    label: str


def entity_type(tag: str) -> str:
    """`B-creative-work` -> `creative-work`; a bare type is itself; '' for O."""
    if tag == OUTSIDE:
        return ""
    return tag[2:] if tag[1:2] == "-" else tag


def without_types(tags: Iterable[str]) -> list[str]:
    """`B-ENTITY` -> `B`."""
    return [tag[0] for tag in tags]


def _mark(tag: str) -> str:
    """The letter before the type; a bare type is inside."""
    return tag[0] if tag[1:2] == "-" else "I"


def spans_of(tags: Sequence[str], scheme: str) -> list[Span]:
    """In order. What breaks the scheme is repaired as conlleval does it: an I- that nothing opened opens, another type
    closes, so that no word of an entity is lost. The marks say it all, whatever the `scheme`."""
    spans: list[Span] = []
    start, label = 0, ""
    for place, tag in enumerate([*tags, OUTSIDE]):
        kind = entity_type(tag)
        if label and (kind != label or _mark(tag) in _OPENS or _mark(tags[place - 1]) in _CLOSES):
            spans.append(Span(start, place, label))
            label = ""
        if kind and not label:
            start, label = place, kind
    return spans


def tags_of(spans: Iterable[Span], length: int, scheme: str) -> list[str]:
    """ValueError for spans that overlap or lie beyond the words."""
    tags = [OUTSIDE] * length
    before: Span | None = None
    for span in sorted(spans):
        if not (before.end if before else 0) <= span.start < span.end <= length:
            raise ValueError(f"{span} overlaps {before}, or lies beyond {length} words")
        meets = before is not None and before.end == span.start and before.label == span.label
        tags[span.start : span.end] = _written(span, "IOB2" if meets and scheme == "IOB1" else scheme)
        before = span
    return tags


def _written(span: Span, scheme: str) -> list[str]:
    first, inner, last, only = tuple(_MARKS["IO" if scheme == "IOB1" else scheme])
    words = span.end - span.start
    marks = only if words == 1 else first + inner * (words - 2) + last
    return [f"{mark}-{span.label}" for mark in marks]


def convert_tags(tags: Sequence[str], source: str, target: str) -> list[str]:
    """The same entities in another scheme. IO does not part two neighbours of one type: they become one."""
    return tags_of(spans_of(tags, source), len(tags), target)


def tag_names(types: Iterable[str], scheme: str) -> tuple[str, ...]:
    """All tags of these types, and O, sorted."""
    marks = "BI" if scheme == "IOB1" else sorted(set(_MARKS[scheme]))
    return tuple(sorted({OUTSIDE, *(f"{mark}-{kind}" for kind in types for mark in marks)}))


def legal(names: Sequence[str], scheme: str | None) -> Moves:
    """Which tag may come first (K,), which may follow which (K, K), which may come last (K,). Without a scheme: all."""
    if scheme is None:
        free = [True] * len(names)
        return free, [list(free) for _ in names], free
    moves = [[_may_follow(before, after, scheme) for after in names] for before in names]
    return [_may_follow(OUTSIDE, tag, scheme) for tag in names], moves, [_may_end(tag, scheme) for tag in names]


def _may_follow(before: str, after: str, scheme: str) -> bool:
    same = entity_type(before) == entity_type(after) != ""
    if scheme == "IO":
        return True
    if scheme == "IOB1":
        return _mark(after) != "B" or same
    going_on = after != OUTSIDE and _mark(after) in ("I", "E", "L")
    if scheme == "IOB2":
        return not going_on or same
    is_open = before != OUTSIDE and _mark(before) in ("B", "I")
    return (same and going_on) if is_open else not going_on


def _may_end(tag: str, scheme: str) -> bool:
    return scheme in ("IO", "IOB1", "IOB2") or tag == OUTSIDE or _mark(tag) in _CLOSES
