"""What a column looks like, from its values alone: free text, classes, numbers, ids, dates. The ground of every guess.

A few hundred values, evenly spread, tell the kind; every value counts for how many are distinct.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import cast

from bertft.rows.containers import opened
from bertft.rows.fields import LISTED
from bertft.rows.label_cells import is_container, is_scored, unwrapped
from bertft.rows.labels import is_empty, label_text
from bertft.rows.surrogates import shown

SAMPLE = 500
MOST = 0.9
"""Share of the values that must agree: a URL or a number among the texts changes nothing."""

NUMBER = re.compile(r"[+-]?(\d++\.?\d*+|\.\d++)([eE][+-]?\d++)?")
"""Nothing is tried twice: a cell may hold a million digits and then a letter."""
WHOLE = re.compile(r"[+-]?\d+(\.0+)?")
_DAY = r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|\d{4}年\d{1,2}月(\d{1,2}日)?)"
_TIME = r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(\s?[AaPp][Mm])?\s?(Z|UTC|[+-]\d{2}:?\d{2})?"
_MONTH = r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_ZONED = rf"((Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,?\s)?({_MONTH}\s\d{{1,2}}|\d{{1,2}}\s{_MONTH}),?"
MACHINE = {
    "numbers": re.compile(rf"({NUMBER.pattern}|[+-]?\d{{1,3}}(,\d{{3}})+(\.\d+)?|[$€£]?\s?\d[\d,.]*\s?[%$€£]?)"),
    "URLs": re.compile(r"(https?://|www\.)\S+", re.IGNORECASE),
    "e-mail addresses": re.compile(r"[^\s@]+@[^\s@]+\.\w+"),
    "dates": re.compile(
        rf"({_DAY}([T\s,]+{_TIME})?|{_TIME}|{_ZONED}(\s[\d:]+)?(\s[A-Z]{{3,4}})?(\s\d{{4}})?(\s{_TIME})?)"
    ),
    "file names": re.compile(r"([^\s?*<>|]*[\\/])?[^\s?*<>|\\/]+\.[A-Za-z][A-Za-z0-9]{0,4}|[\w.~-]*([\\/][\w.-]+){2,}"),
    "numbers of rows": re.compile(
        r"(sentence|sent|sentences|document|doc|row|line|paragraph|id)\W{0,3}\d+", re.IGNORECASE
    ),
    "ids": re.compile(r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|(?=\S*\d)[0-9a-fA-F]{16,}"),
}
"""Kinds of values that nobody wrote as text."""
_LABELS = {"label", "labels", "type", "entity", "tag"}
"""Keys of a span's label; without one it is a token."""
CODE = re.compile(r"(?=\S*\d)[!-~]+")  # no spaces, at least one digit: an id if (nearly) every one is different
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True)
class Look:
    """A column in brief."""

    what: str
    """empty, text, words, booleans, whole numbers, fractions, lists, spans, objects, or one of MACHINE."""
    filled: int = 0
    distinct: int = 0
    size: float = 0.0
    """Words of a text, or items of a list, on average."""
    some: tuple[str, ...] = ()
    """The first few distinct values, sorted; of fractions the least and the greatest."""
    rows: int = 0

    @property
    def sparse(self) -> bool:
        """Mostly blank, as what spills over from unquoted commas."""
        return self.filled * 2 < self.rows

    @property
    def machine(self) -> bool:
        """Never text, whatever the column is called."""
        return self.what not in ("text", "words")

    @property
    def classes(self) -> bool:
        """A few values that come again and again."""
        few = 2 <= self.distinct <= max(2, self.filled // 2)
        most = 20 if self.what == "whole numbers" else 1_000
        return self.what in ("words", "booleans", "whole numbers") and few and self.distinct <= most

    @property
    def written(self) -> bool:
        """Text, or short text of which most is different."""
        return self.what == "text" or (self.what == "words" and self.distinct * 2 > self.filled)

    @property
    def flags(self) -> bool:
        """Nothing but 0 and 1, or true and false."""
        return self.what == "booleans" or (self.what == "whole numbers" and set(self.some) <= {"0", "1"})

    def __str__(self) -> str:
        if self.what == "text":
            return f"free text, {self.size:.0f} words on average"
        if self.what in ("lists", "spans"):
            return f"{self.what}, {self.size:.1f} items on average"
        if self.what in ("words", "booleans", "whole numbers"):
            more = ", …" if self.distinct > len(self.some) else ""
            values = ", ".join(shown(value, 30) for value in self.some)
            return f"{self.distinct:,} distinct value{'s' if self.distinct != 1 else ''}: {values}{more}"
        return f"fractions from {' to '.join(self.some)}" if self.what == "fractions" else self.what


def look(values: Sequence[object]) -> Look:
    """Blank cells are left out of everything but the number of rows."""
    filled = [value for value in values if not is_empty(value)]
    return replace(_look(filled), rows=len(values)) if filled else Look("empty", rows=len(values))


def _look(filled: list[object]) -> Look:
    sample = filled[:: max(1, len(filled) // SAMPLE)]
    items = [as_list(value) for value in sample]
    if share(item is not None for item in items) >= MOST:
        return _look_of_lists([item for item in items if item is not None], len(filled))
    if _are_containers(sample):
        found = [item for item in items if item is not None]
        looked = _look_of_lists(found, len(filled)) if found else None
        return looked if looked and looked.what == "lists" else Look("objects", len(filled))
    names = {label_text(value) for value in filled}
    texts = [label_text(value) for value in sample]
    few = sorted(names, key=_natural)[:5] if len(names) <= 10_000 else sorted(texts)[:3]
    size = sum(map(_words, texts)) / len(texts)
    kind = _kind(filled, sample, texts, len(names))
    if kind == "fractions":
        numbers = [float(name) for name in names if NUMBER.fullmatch(name)]
        few = [f"{min(numbers):g}", f"{max(numbers):g}"]
    return Look(kind, len(filled), len(names), size, tuple(few))


def _are_containers(sample: Sequence[object]) -> bool:
    """Whether there is a list or an object, or at least half of the strings are prints of some: a text may well be `[1]`."""
    real = any(isinstance(value, list | tuple | dict | set) for value in sample)
    return real or share(is_container(value) for value in sample) >= 0.5


def as_list(value: object) -> list[object] | None:
    """A list, be it in a string or in an object that holds nothing else; the labels that an object gives a 1; None for anything
    else."""
    found = unwrapped(opened(value))
    if is_scored(found):
        return [label for label, score in cast(dict[object, object], found).items() if score]
    return found if isinstance(found, list) else None


def _words(text: str) -> float:
    """Words between spaces; in scripts without spaces, half of the characters."""
    cjk = len(_CJK.findall(text))
    return max(len(text.split()), cjk / 2)


def listing(looks: Mapping[str, Look]) -> str:
    """The columns of a message, a line for each; of very many only the first."""
    lines = [f"  '{shown(name)}': {seen}" for name, seen in islice(looks.items(), LISTED)]
    more = len(looks) - LISTED
    return "\n".join([*lines, f"  and {more:,} more"] if more > 0 else lines)


def share(truths: Iterable[bool]) -> float:
    """Of what holds among what there is."""
    listed = list(truths)
    return sum(listed) / max(1, len(listed))


def _kind(filled: list[object], sample: list[object], texts: list[str], distinct: int) -> str:
    if all(
        isinstance(value, bool) or text.lower() in ("true", "false") for value, text in zip(sample, texts, strict=True)
    ):
        return "booleans"
    if share(NUMBER.fullmatch(text) is not None for text in texts) >= MOST:
        return _kind_of_number(filled, distinct)
    for kind, pattern in MACHINE.items():
        if share(pattern.fullmatch(text) is not None for text in texts) >= MOST:
            return kind
    mostly_different = distinct > 2 and distinct >= MOST * len(filled)
    if mostly_different and share(CODE.fullmatch(text) is not None for text in texts) >= MOST:
        return "ids"
    size = sum(map(_words, texts)) / len(texts)
    long = size >= 6 and distinct > max(20, len(filled) // 20)
    return "text" if long or (size >= 3 and distinct * 2 > len(filled)) else "words"


def _kind_of_number(filled: list[object], distinct: int) -> str:
    """Whole numbers that are all different are ids: nothing could be learned from them."""
    numbers = [text for text in map(label_text, filled) if NUMBER.fullmatch(text)]
    if not all(WHOLE.fullmatch(text) for text in numbers):
        return "fractions"
    return "ids" if distinct > 2 and distinct == len(filled) else "whole numbers"


def _look_of_lists(items: list[list[object]], filled: int) -> Look:
    size = sum(map(len, items)) / len(items)
    first = next((item[0] for item in items if item), None)
    if isinstance(first, dict) and first:
        parts = {key.split("_")[0] for key in first}
        return Look("spans" if {"start", "end"} <= parts and parts & _LABELS else "objects", filled, size=size)
    if isinstance(first, (list, tuple)):
        kinds = [type(part) for part in first]
        triple = kinds in ([int, int, str], [int, int, str, str])
        return Look("spans" if triple else "objects", filled, size=size)
    return Look("lists", filled, size=size)


def _natural(text: str) -> tuple[float, str]:
    return (float(text), text) if NUMBER.fullmatch(text) else (float("inf"), text)
