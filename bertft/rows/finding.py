"""Words come in that a file says stand in a text; the place where they stand there goes out, also where they are written a little
otherwise: other case, spaces, quotes or dashes, or another Unicode form (é as one character or as two)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

_SAME = {**dict.fromkeys("’‘‚ʼ`´′", "'"), **dict.fromkeys("“”„«»″", '"'), **dict.fromkeys("–—−‐‑‒", "-")}
_DROPPED = "Cf"
"""Soft hyphens, zero-width characters, marks of direction."""


def nearest(text: str, start: int, context: str) -> tuple[int, int] | None:
    """Start and end of what comes closest to the text; of equally good ones the nearest to `start`, then the first."""
    bare = text.strip()
    if not bare:
        return None
    for exact in dict.fromkeys((text, bare)):
        if found := list(places_of(exact, context)):
            near = min(found, key=lambda place: abs(place - start))
            return near, near + len(exact)
    return min(_alike(bare, context), key=lambda place: abs(place[0] - start), default=None)


def places_of(text: str, context: str) -> Iterator[int]:
    """Where the text starts, also where it overlaps itself."""
    place = context.find(text)
    while place >= 0:
        yield place
        place = context.find(text, place + 1)


def _alike(text: str, context: str) -> Iterator[tuple[int, int]]:
    wanted, (folded, places) = _folded(text)[0], _folded(context)
    for first in places_of(wanted, folded) if wanted else ():
        after = first + len(wanted)
        if after < len(folded) and unicodedata.combining(folded[after]):
            continue  # e is no é
        yield places[first], places[after - 1] + 1


def _folded(text: str) -> tuple[str, list[int]]:
    """The text without what may differ, and the character of the text that each of its characters comes from."""
    signs: list[str] = []
    places: list[int] = []
    for place, sign in enumerate(text):
        for part in _plain(sign):
            if part != " " or signs[-1:] != [" "]:
                signs.append(part)
                places.append(place)
    return "".join(signs), places


def _plain(sign: str) -> str:
    if sign.isspace():
        return " "
    if unicodedata.category(sign) == _DROPPED:
        return ""
    return unicodedata.normalize("NFKD", _SAME.get(sign, sign)).casefold()
