"""What is suspicious in a text by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

_NAMES = (
    "a|b|i|u|p|br|hr|em|strong|span|div|li|ul|ol|td|tr|table|img|font|h[1-6]|script|style|code|pre|sup|sub|blockquote"
)
MARKUP = re.compile(rf"</?(?:{_NAMES})(?:\s[^<>]*)?/?>|&(?:nbsp|amp|lt|gt|quot|apos|#\d+|#x[0-9a-f]+);", re.IGNORECASE)
MOJIBAKE = re.compile("\ufffd|[ÃÂ][\u0080-\u00bf¡-¿]|â€|â‚¬|ï»¿|Ð[\u0080-\u00bf°-¿]Ð|å[\u0080-\u00bf]|ã[\u0080-\u0083]")
"""UTF-8 that was read as Latin-1 or cp1252, and what a decoder puts for bytes it cannot read."""
CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f\x80-\x84\x86-\x9f]")
WHITESPACE = re.compile("[\u200b\u2060\ufeff\u00ad]|[ \u00a0]{3,}|\t| \u00a0|\u00a0 |\n\\s*\n\\s*\n")
"""Invisible characters, runs of spaces, tabs, and more than one empty line."""
_LOOKS = {"markup": MARKUP, "mojibake": MOJIBAKE, "control_character": CONTROL, "whitespace": WHITESPACE}
_ANY = re.compile("|".join(f"(?:{found.pattern})" for found in _LOOKS.values()), re.IGNORECASE)


def faults_of_text(text: str) -> Iterator[tuple[str, str]]:
    """Kind of fault and what stands there, each kind once."""
    if not _ANY.search(text):
        return
    for kind, pattern in _LOOKS.items():
        if found := pattern.search(text):
            yield kind, _around(text, found)


def _around(text: str, found: re.Match[str]) -> str:
    start, end = max(0, found.start() - 15), found.end() + 15
    return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")
