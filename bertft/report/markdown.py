"""Text from elsewhere (labels, columns, paths) on its way into Markdown: it is shown as it is, and does nothing."""

from __future__ import annotations

import re

from bertft.console import plain

_ACTIVE = re.compile(r"([\\`*{}\[\]<>#|~&])")


def one_line(text: str) -> str:
    """The text with everything that steers a terminal or ends a line made visible."""
    return plain(text).replace("\n", "\\n").replace("\t", "\\t")


def code(text: str) -> str:
    """A code span, in more backticks than the text has in a row."""
    line = one_line(text)
    fence = "`" * (max(map(len, re.findall(r"`+", line)), default=0) + 1)
    room = " " if line.startswith("`") or line.endswith("`") or not line.strip() else ""
    return f"{fence}{room}{line}{room}{fence}"


def words(text: str) -> str:
    """Plain words, in a line of their own."""
    return _ACTIVE.sub(r"\\\1", one_line(text))
