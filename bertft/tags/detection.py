"""Which scheme are the tags of a file in? Counted in one pass; what is no scheme is refused with the right form shown.

Tags without prefixes are plain (parts of speech), unless at least half of them are O: then they are bare types, as IO. Real
files are sloppy: one in which most entities after an O begin with B- is IOB2, even if some begin with I-. Files also write
the same schemes with other letters (BMES), without types (B, I, O) or with another sign for O; a Notation says how to read them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bertft.errors import DataError
from bertft.rows.surrogates import shown
from bertft.tags.looks import are_marks, is_outside_sign

UNTYPED = "ENTITY"
"""The type of entities in files whose tags are B, I and O alone."""
_PREFIXED = re.compile(r"([BIESLUMW])-(.+)", re.DOTALL)
_LETTERS = {"M": "I", "W": "S"}
"""BMES and BMEWO: middle and whole."""
_ODD = re.compile(r"(?:([BIESLUbiesluM])[_:./](.+)|([bieslum])-(.+)|(.+)[-_:]([BIESLU]))", re.DOTALL)
_RIGHT = "write B-ORG, I-ORG and O"


@dataclass(frozen=True)
class Notation:
    """How a file writes its tags."""

    scheme: str | None
    """None for plain tags, and for a file without any."""
    spelling: Mapping[str, str] = field(default_factory=dict)
    """Tags that the file writes in a way of its own -> those of the scheme."""
    untyped: bool = False
    """B, I and O alone: the only type is UNTYPED."""

    def read(self, tags: Sequence[str]) -> tuple[str, ...]:
        return tuple(self.spelling.get(tag, tag) for tag in tags)


def notation_of(sequences: Iterable[tuple[str, Sequence[str]]]) -> Notation:
    """(where, tags) of each row -> how the file writes its tags. DataError for tags that follow no scheme but should."""
    seen = _Seen()
    for origin, tags in sequences:
        seen.add(origin, tags)
    return seen.verdict()


def detect(sequences: Iterable[tuple[str, Sequence[str]]]) -> str | None:
    """The scheme alone."""
    return notation_of(sequences).scheme


class _Seen:
    """What a file's tags are, in numbers."""

    def __init__(self) -> None:
        self.marks: Counter[str] = Counter()
        self.typed: Counter[str] = Counter()
        self.bare: Counter[str] = Counter()
        self.first: dict[str, str] = {}
        self.after_outside: Counter[str] = Counter()

    def add(self, origin: str, tags: Sequence[str]) -> None:
        before = ""
        for tag in tags:
            if not tag.strip():
                raise DataError(f"{origin}: an empty tag. Each word needs one; O stands for none.")
            found = _PREFIXED.fullmatch(tag)
            if found:
                self.marks[found[1]] += 1
                self.typed[tag] += 1
                self.first.setdefault(found[1], origin)
            else:
                self.bare[tag] += 1
            if found is None and tag != "O":
                self.first.setdefault(tag, origin)
            if not before or is_outside_sign(before):
                self.after_outside[tag[0]] += 1
            before = tag

    def verdict(self) -> Notation:
        sign = self._outside_sign()
        spelling = {sign: "O"} if sign != "O" else {}
        outside, prefixed = self.bare.pop(sign, 0), self.marks.total()
        if not prefixed and are_marks([*self.bare, *(["O"] if outside else [])]):
            return self._untyped(spelling)
        if "o" in self.bare and any(_ODD.fullmatch(tag) for tag in self.bare):
            outside += self.bare.pop("o")
        if prefixed < self.bare.total():
            scheme = self._of_bare(outside)
            return Notation(scheme, spelling if scheme else {})
        for tag in self.bare:
            raise DataError(
                f"{self.first[tag]}: tag '{shown(tag)}' follows no scheme that the others do; {_right_form(tag)}."
            )
        others = {tag: f"{_LETTERS[tag[0]]}{tag[1:]}" for tag in self.typed if tag[0] in _LETTERS}
        return Notation(self._of_marks(set(self.marks)) if prefixed else None, {**spelling, **others})

    def _outside_sign(self) -> str:
        """O; where it does not occur, the one sign that stands for it beside tags of entities."""
        signs = [tag for tag in self.bare if is_outside_sign(tag)]
        if "O" in self.bare or len(signs) != 1:
            return "O"
        sign, others = signs[0], [tag for tag in self.bare if tag != signs[0]]
        rest = self.bare.total() - self.bare[sign]
        mostly = self.bare[sign] >= rest and any(tag.isalpha() for tag in others) and sign not in (".", "-", "*")
        beside_tags = self.marks.total() >= max(1, rest) or (not self.marks and are_marks(self.bare))
        return sign if beside_tags or mostly else "O"

    def _untyped(self, spelling: Mapping[str, str]) -> Notation:
        typed = {mark: f"{_LETTERS.get(mark, mark)}-{UNTYPED}" for mark in self.bare}
        return Notation(self._of_marks(set(self.bare)), {**spelling, **typed}, untyped=True)

    def _of_bare(self, outside: int) -> str | None:
        """Mostly tags without a prefix."""
        odd = [tag for tag in self.bare if _ODD.fullmatch(tag) or tag in ("B-", "I-")]
        mostly_odd = 2 * sum(self.bare[tag] for tag in odd) > self.bare.total() and any(tag[0] in "Bb" for tag in odd)
        most = max(self.bare.values())
        entities = outside >= self.bare.total() + self.marks.total() or outside > most
        if odd and (entities or mostly_odd):
            raise DataError(
                f"{self.first[odd[0]]}: tag '{shown(odd[0])}' is in no known scheme; {_right_form(odd[0])}."
            )
        if not entities:
            return None
        if self.marks:
            mark = next(iter(self.marks))
            raise DataError(f"{self.first[mark]}: some tags have a prefix ({mark}-), most have none; {_RIGHT}.")
        return "IO"

    def _of_marks(self, found: set[str]) -> str:
        marks = {_LETTERS.get(mark, mark) for mark in found}
        if marks & {"E", "S"} and marks & {"L", "U"}:
            mark = next(iter(marks & {"L", "U"}))
            raise DataError(
                f"{self.first[mark]}: {mark}- (BILOU) among E- and S- (BIOES): one scheme a file is wanted."
            )
        if marks & {"E", "S"}:
            return "BIOES"
        if marks & {"L", "U"}:
            return "BILOU"
        if "B" not in marks:
            return "IO"
        return "IOB1" if self.after_outside["B"] == 0 else "IOB2"


def _right_form(tag: str) -> str:
    found = _ODD.fullmatch(tag)
    if found is None:
        return _RIGHT
    mark, kind = (found[1], found[2]) if found[1] else (found[3], found[4]) if found[3] else (found[6], found[5])
    return f"write {mark.upper().replace('M', 'I')}-{shown(kind)}"
