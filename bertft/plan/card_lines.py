"""The line on which a key of a TOML text stands, from 1. tomllib keeps none."""

from __future__ import annotations

import re


def line_of_syntax(message: str, text: str) -> int:
    """Where tomllib says that it stumbled."""
    found = re.search(r"at line (\d+)", message)
    return int(found.group(1)) if found else max(1, len(text.splitlines()))  # else "at end of document"


_HEADER = re.compile(r"\s*\[{1,2}([^\[\]=,]+)\]{1,2}\s*(?:#.*)?")
_KEY = re.compile(r"""\s*("[^"]*"|'[^']*'|[\w.-]+)\s*=""")


def line_of(text: str, path: tuple[str, ...]) -> int:
    """The line of a key; of its table where the key is missing or stands in an inline table; else 1."""
    table: tuple[str, ...] = ()
    seen: dict[str, int] = {}
    line, depth = 1, 0
    for number, content in enumerate(text.splitlines(), start=1):
        if header := _HEADER.fullmatch(content):
            table = _parts(header.group(1))
            if content.lstrip().startswith("[["):
                seen[table[0]] = seen.get(table[0], -1) + 1
                table = (*table, str(seen[table[0]]))
            place = table
        elif key := _KEY.match(content):
            place = (*table, *_parts(key.group(1)))
        else:
            continue
        if len(place) > depth and place == path[: len(place)]:
            line, depth = number, len(place)
    return line


def _parts(dotted: str) -> tuple[str, ...]:
    """`recipe.small` -> ("recipe", "small"); a quoted key is one part."""
    if dotted[0] in "\"'":
        return (dotted[1:-1],)
    return tuple(part.strip() for part in dotted.split("."))
