"""A list of words, or of entities, and where they stand in a text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from bertft.errors import DataError
from bertft.reading.encoding import find_encoding
from bertft.reading.intake import take_in
from bertft.reading.lines import text_lines
from bertft.tags.words import Words, split_words

Place = tuple[int, int]
"""First character and last + 1."""


class WordList:
    """Finds the longest of its words at each place of a text, from left to right. They begin and end where words do, or, in what
    is written without spaces, with any character; upper and lower case differ; spaces may be of any width."""

    def __init__(self, words: Iterable[str]) -> None:
        self._known = {split_words(word, by_character=True).texts for word in words} - {()}
        lengths: dict[str, set[int]] = {}
        for word in self._known:
            lengths.setdefault(word[0], set()).add(len(word))
        self._lengths = {first: sorted(found, reverse=True) for first, found in lengths.items()}
        self.found: Counter[tuple[str, ...]] = Counter()
        """How often each was found so far."""

    def __len__(self) -> int:
        return len(self._known)

    def places(self, text: str) -> list[Place]:
        """Of its words."""
        return self._cut(text, others=False)

    def words(self, text: str) -> list[Place]:
        """Of all words: its own and, between them, each word or character by itself."""
        return self._cut(text, others=True)

    def _cut(self, text: str, *, others: bool) -> list[Place]:
        units, places, at = split_words(text, by_character=True), list[Place](), 0
        while at < len(units.texts):
            if size := self._length_at(units, at):
                self.found[units.texts[at : at + size]] += 1
            if size or others:
                places.append((units.starts[at], units.ends[at + max(size, 1) - 1]))
            at += max(size, 1)
        return places

    def _length_at(self, units: Words, at: int) -> int:
        for size in self._lengths.get(units.texts[at], ()):
            if (word := units.texts[at : at + size]) in self._known and len(word) == size:
                return size
        return 0


def read_list(path: str) -> list[str]:
    """The lines of a file, up to a tab, as lists with counts have one. DataError where there are none."""
    intake = take_in(path)
    lines = (line.split("\t")[0].strip() for line in text_lines(intake, find_encoding(intake)))
    if not (found := [line for line in lines if line]):
        raise DataError(f"{path}: is empty, wanted one word or entity on each line.")
    return found
