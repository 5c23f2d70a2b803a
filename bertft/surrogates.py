r"""Half characters: JSON's `\ud83d` without its other half is a text to Python, but not to tokenizers, Arrow or UTF-8."""

from __future__ import annotations

import re

_SURROGATE = re.compile("[\ud800-\udfff]")


def has_surrogate(text: str) -> bool:
    return not text.isascii() and _SURROGATE.search(text) is not None


def without_surrogates(text: str) -> str:
    """Each becomes U+FFFD, so that all places in the text stay what they are."""
    return _SURROGATE.sub("\ufffd", text) if has_surrogate(text) else text
