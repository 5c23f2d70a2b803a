"""A text comes in, its sentences go out. Joined again they are the text, so a sentence keeps the space before it.

A plain rule for any language: a sentence ends with a line, at 。！？ and at . ! ? … before a space and what is not lower case.
Initials and a few titles ("J. Smith", "Dr. No") end none. What the rule gets wrong costs a pair now and then, no text."""

from __future__ import annotations

import re

_END = re.compile(
    r"""(?<![.!?…])[.!?…]++["'”’»)\]]*+(?=\s)  # before a space, looked at below
    |[。！？]++[”’」』）]*+
    |\n\s*+""",
    re.VERBOSE,
)
_NEXT = re.compile(r"\s*[\"'“‘«(\[]*")
_NO_END = re.compile(r"(?:^|[\s(\[\"'“])(?:[^\W\d_a-z]|Mr|Mrs|Ms|Dr|Prof|St|No|vs|etc|approx)\.$")


def split_sentences(text: str) -> list[str]:
    """None of them is empty or blank; a blank text has none."""
    pieces, begin = list[str](), 0
    for end in _END.finditer(text):
        if _ends_sentence(text, begin, end) and text[begin : end.end()].strip():
            pieces.append(text[begin : end.end()])
            begin = end.end()
    rest = text[begin:]
    if rest.strip():
        return [*pieces, rest]
    return [*pieces[:-1], pieces[-1] + rest] if pieces else []


def _ends_sentence(text: str, begin: int, end: re.Match[str]) -> bool:
    if end.group()[0] not in ".!?…":
        return True
    follows = _NEXT.match(text, end.end())
    after = text[follows.end() : follows.end() + 1] if follows else ""
    return bool(after) and not after.islower() and not _NO_END.search(text, max(begin, end.end() - 10), end.end())
