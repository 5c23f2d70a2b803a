"""Which rows of a file one of several machines answers. Blocks of rows are dealt out in turn, as cards are. So nobody has to know
how many rows there are, each machine finds its own while it reads, and a block of each part in turn gives the order back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from bertft.errors import UsageError

_MOST = 100_000
_WANTED = "wanted PART/PARTS, such as 3/16"
Item = TypeVar("Item")


@dataclass(frozen=True)
class Shard:
    """One part of a file."""

    number: int
    """From 1."""
    count: int
    """Of all parts."""
    block: int
    """Rows that are dealt out at a time."""

    @classmethod
    def named(cls, words: str, block: int) -> Shard:
        """`3/16`. UsageError for what is none."""
        found = re.fullmatch(r"\s*([0-9]{1,9})\s*/\s*([0-9]{1,9})\s*", words)
        if not found:
            raise UsageError(f"--shard is {words!r}: {_WANTED}.")
        number, count = map(int, found.groups())
        if not 1 <= number <= count <= _MOST:
            raise UsageError(
                f"--shard is {words}: {_WANTED}, from 1/{max(count, 1)} to {max(count, 1)}/{max(count, 1)}."
            )
        return cls(number, count, block)

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def owns(self, row: int) -> bool:
        """Of a row's place in the file, from 0."""
        return row // self.block % self.count == self.number - 1

    def rows_of(self, total: int) -> int:
        """How many of so many rows are its own."""
        blocks, rest = divmod(total, self.block)
        rounds, more = divmod(blocks, self.count)
        own = rounds + (self.number <= more)
        return own * self.block + (rest if more == self.number - 1 else 0)

    def blocks_of(self, total: int) -> int:
        """Its blocks, the last of which may be short."""
        return -(-self.rows_of(total) // self.block)


class Deal(Iterator[Item]):
    """A shard's own items of an iterator."""

    def __init__(self, items: Iterator[Item], shard: Shard, passed: Callable[[Item], None]) -> None:
        """`passed` is told of those of the others."""
        self._items, self._shard, self._passed = items, shard, passed
        self.total = 0
        """Items so far, those of the others included; at the end all."""

    def __next__(self) -> Item:
        for item in self._items:
            self.total += 1
            if self._shard.owns(self.total - 1):
                return item
            self._passed(item)
        raise StopIteration
