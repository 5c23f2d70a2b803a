"""Which scheme are the tags of a file in? Counted in one pass; what is no scheme is refused with the right form shown.

Tags without prefixes are plain (parts of speech), unless at least half of them are O: then they are bare types, as IO. Real
files are sloppy: one in which most entities after an O begin with B- is IOB2, even if some begin with I-.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from bertft.errors import DataError
from bertft.rows.surrogates import shown

_PREFIXED = re.compile(r"([BIESLU])-(.+)", re.DOTALL)
_ODD = re.compile(r"(?:([BIESLUbiesluM])[_:./](.+)|([bieslum])-(.+)|(.+)[-_:]([BIESLU]))", re.DOTALL)
_RIGHT = "write B-ORG, I-ORG and O"


def detect(sequences: Iterable[tuple[str, Sequence[str]]]) -> str | None:
    """(where, tags) of each row -> a scheme; None for plain tags and for a file without any."""
    seen = _Seen()
    for origin, tags in sequences:
        seen.add(origin, tags)
    return seen.verdict()


class _Seen:
    """What a file's tags are, in numbers."""

    def __init__(self) -> None:
        self.marks: Counter[str] = Counter()
        self.bare: Counter[str] = Counter()
        self.first: dict[str, str] = {}
        self.after_outside: Counter[str] = Counter()

    def add(self, origin: str, tags: Sequence[str]) -> None:
        before = "O"
        for tag in tags:
            if not tag.strip():
                raise DataError(f"{origin}: an empty tag. Each word needs one; O stands for none.")
            found = _PREFIXED.fullmatch(tag)
            if found:
                self.marks[found[1]] += 1
                if before == "O":
                    self.after_outside[found[1]] += 1
                self.first.setdefault(found[1], origin)
            else:
                self.bare[tag] += 1
            if found is None and tag != "O":
                self.first.setdefault(tag, origin)
            before = tag

    def verdict(self) -> str | None:
        outside, prefixed = self.bare.pop("O", 0), self.marks.total()
        if "o" in self.bare and any(_ODD.fullmatch(tag) for tag in self.bare):
            outside += self.bare.pop("o")
        if prefixed < self.bare.total():
            return self._of_bare(outside)
        for tag in self.bare:
            raise DataError(
                f"{self.first[tag]}: tag '{shown(tag)}' follows no scheme that the others do; {_right_form(tag)}."
            )
        return self._of_marks() if prefixed else None

    def _of_bare(self, outside: int) -> str | None:
        """Mostly tags without a prefix."""
        odd = [tag for tag in self.bare if _ODD.fullmatch(tag) or tag in ("B-", "I-")]
        mostly_odd = 2 * sum(self.bare[tag] for tag in odd) > self.bare.total() and any(tag[0] in "Bb" for tag in odd)
        entities = outside >= self.bare.total() + self.marks.total()
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

    def _of_marks(self) -> str:
        marks = set(self.marks)
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
