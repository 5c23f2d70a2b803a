"""Places in a text as some tool counted them come in, with the words that each covers; places in characters go out.

Python counts characters (code points). Browsers and Java count UTF-16 units, so an emoji is two; Go, Rust and grep count bytes;
editors and web forms count a line's end as one character where the file has two. A room of its own, as spans and answers both
need it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape

_ESCAPE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});")
_BREAK = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Claim:
    """A place, and what is said to stand there."""

    start: int
    end: int
    covered: str | None
    """None: the file does not say."""


@dataclass(frozen=True, slots=True)
class Placed:
    """The same places in characters."""

    places: list[tuple[int, int]]
    counted: str
    """How the file counts, in words; '' for characters from 0, ends exclusive."""


def placed(claims: Sequence[Claim], text: str) -> Placed | None:
    """All places of one text, by the first way of counting with which each covers what it says. None if there is no such way."""
    plain = [(claim.start, claim.end) for claim in claims]
    if all(_stands(claim, place, text) for claim, place in zip(claims, plain, strict=True)):
        return Placed(plain, "")
    for counted, places in _other_ways(claims, text):
        if all(_stands(claim, place, text) for claim, place in zip(claims, places, strict=True)):
            return Placed(places, counted)
    return None


def placed_each(claims: Sequence[Claim], text: str) -> list[tuple[int, int] | None]:
    """Each place by itself, by the first way of counting that fits it; None where there is none. All at once, as a text's tables
    take long to make."""
    found: list[tuple[int, int] | None] = [
        place if _stands(claim, place, text) else None for claim in claims for place in [(claim.start, claim.end)]
    ]
    ways = _other_ways(claims, text)
    while None in found and (way := next(ways, None)):
        for number, (claim, place) in enumerate(zip(claims, way[1], strict=True)):
            if found[number] is None and _stands(claim, place, text):
                found[number] = place
    return found


def same_words(one: str, other: str) -> bool:
    """But for spaces around and between them, case, the Unicode form, and HTML's way to write signs."""
    return one == other or _bare(one) == _bare(other)


def _stands(claim: Claim, place: tuple[int, int], text: str) -> bool:
    start, end = place
    if claim.covered is None:
        return 0 <= start <= end <= len(text) or place == (claim.start, claim.end)
    return 0 <= start <= end <= len(text) and same_words(text[start:end], claim.covered)


def _bare(text: str) -> str:
    return _BREAK.sub(" ", unicodedata.normalize("NFC", unescape(text) if "&" in text else text)).strip().casefold()


def other_units(text: str) -> Iterator[tuple[str, dict[int, int]]]:
    """What else offsets in this text may count, where that makes a difference; and the character at each such offset."""
    for counted, sizes in _sizes(text):
        yield counted, _starts(sizes)


def _other_ways(claims: Sequence[Claim], text: str) -> Iterator[tuple[str, list[tuple[int, int]]]]:
    for counted, characters in other_units(text):
        yield counted, [(characters.get(claim.start, -1), characters.get(claim.end, -1)) for claim in claims]
    if blank := len(text) - len(text.lstrip()):
        yield "characters after the spaces before the text", [(one.start + blank, one.end + blank) for one in claims]
    yield "characters, the ends inclusive", [(claim.start, claim.end + 1) for claim in claims]
    yield "characters from 1", [(claim.start - 1, claim.end - 1) for claim in claims]
    yield "characters from 1, the ends inclusive", [(claim.start - 1, claim.end) for claim in claims]


def _sizes(text: str) -> Iterator[tuple[str, list[int]]]:
    """How much each character counts, wherever that makes a difference."""
    units = {
        "characters": [1] * len(text),
        "UTF-16 units": [2 if ord(sign) > 0xFFFF else 1 for sign in text],
        "UTF-8 bytes": [len(sign.encode("utf-8", "surrogatepass")) for sign in text],
    }
    kinds = [name for name, sizes in units.items() if name == "characters" or sizes != units["characters"]]
    yield from ((name, units[name]) for name in kinds[1:])
    if escapes := list(_ESCAPE.finditer(text)):
        inner = {place for found in escapes for place in range(found.start(), found.end() - 1)}
        yield "&amp; and its like as one", [0 if place in inner else 1 for place in range(len(text))]
    if "\r\n" in text:
        returns = {found.start() for found in re.finditer("\r\n", text)}
        for name in kinds:
            sizes = [0 if place in returns else size for place, size in enumerate(units[name])]
            yield f"{name}, a line's end as one", sizes


def _starts(sizes: Sequence[int]) -> dict[int, int]:
    """Offset -> character; of characters that count nothing and the next one, the first."""
    found: dict[int, int] = {}
    offset = 0
    for place, size in enumerate(sizes):
        found.setdefault(offset, place)
        offset += size
    found.setdefault(offset, len(sizes))
    return found
