"""Names with dots: `meta.label` is what the object in column `meta` has under `label`. A column of that name counts first."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any


class Cells(dict[str, Any]):
    """A row's cells, in which names with dots are found too. It lists and contains only the columns themselves."""

    def __missing__(self, name: str) -> object:
        if holder_of(name, self) is None:
            raise KeyError(name)
        return nested_value(self, name)

    def get(self, name: str, default: Any = None) -> Any:
        if name in self:
            return self[name]
        return default if "." not in name or holder_of(name, self) is None else nested_value(self, name)


def holder_of(name: str, columns: Collection[str]) -> str | None:
    """The column whose objects a name with dots leads into; None for any other name."""
    return next((holder for holder, _ in _splits(name) if holder in columns), None)


def nested_value(cells: Mapping[str, object], name: str) -> object:
    """What stands there; None where the way breaks off."""
    for holder, rest in _splits(name):
        if holder in cells:
            value = cells[holder]
            if not isinstance(value, Mapping):
                return None
            return value[rest] if rest in value else nested_value(value, rest)
    return None


def _splits(name: str) -> Iterator[tuple[str, str]]:
    """`a.b.c` -> (a.b, c), (a, b.c)."""
    parts = name.split(".")
    for place in range(len(parts) - 1, 0, -1):
        yield ".".join(parts[:place]), ".".join(parts[place:])
