r"""Half characters: JSON's `\ud83d` without its other half is a text to Python, but not to tokenizers, Arrow or UTF-8."""

from __future__ import annotations

import re

_SURROGATE = re.compile("[\ud800-\udfff]")


def has_surrogate(text: str) -> bool:
    return not text.isascii() and _SURROGATE.search(text) is not None


def shown(text: object, most: int = 60) -> str:
    """For a message: of bearable length, and half characters as escapes, which every terminal takes."""
    text = str(text)
    text = text if len(text) <= most else text[: most - 1] + "…"
    return text.encode("utf-8", "backslashreplace").decode() if has_surrogate(text) else text


def without_surrogates(text: str) -> str:
    """Each becomes U+FFFD, so that all places in the text stay what they are."""
    return _SURROGATE.sub("\ufffd", text) if has_surrogate(text) else text
