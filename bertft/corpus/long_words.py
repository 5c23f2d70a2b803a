"""Texts come in; they go out without the words that are too long to learn from, and those are counted.

The library tokenizers merges pieces of a word in time that grows with the square of its length: one of 300,000 letters, as
in a file of base64, would take minutes. A BERT reads a word of more than 100 characters as [UNK], so it is left out. A
byte-level tokenizer reads words of any length, so they are cut there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from bertft.wording import counted

LONGEST_WORD = 100
"""Characters: `max_input_chars_per_word` of transformers' BertTokenizer."""
_GROWTH = 4
"""Characters that a single one becomes at most when it is normalized."""
_RUN = re.compile(rf"\s{{{LONGEST_WORD + 1},}}| ?[^ \t\n\r]{{{LONGEST_WORD // _GROWTH + 1},}}")
"""What may hold a word that is too long."""


@dataclass
class ShortWords:
    """Reads texts, and knows afterwards how many words were too long."""

    backend: Any
    """A tokenizer of that library, which says what a word is; not the one that learns, which is locked meanwhile."""
    cuts: bool
    """Whether long words are cut, not left out."""
    too_long: int = 0

    def of_all(self, texts: Iterable[str]) -> Iterator[str]:
        """The texts, each in as many parts as it takes; the count begins anew."""
        self.too_long = 0
        return (part for text in texts for part in self._parts(text))

    def said(self) -> str:
        """What became of words that were too long; nothing where there were none."""
        long = f"{counted(self.too_long, 'word')} of more than {LONGEST_WORD} characters"
        what = f"cut into parts of {LONGEST_WORD}" if self.cuts else "left out, as a BERT reads it as [UNK]"
        return f"{long}, {what}" if self.too_long else ""

    def _parts(self, text: str) -> Iterator[str]:
        start = 0
        for run in _RUN.finditer(text):
            words = self._words(run[0])
            if max(map(len, words), default=0) > LONGEST_WORD:
                yield text[start : run.start()]
                yield from (part for word in words for part in self._short(word))
                start = run.end()
        yield text[start:]

    def _words(self, run: str) -> list[str]:
        """As the tokenizer tells them."""
        text = self.backend.normalizer.normalize_str(run) if self.backend.normalizer else run
        return [text[begin:end] for _, (begin, end) in self.backend.pre_tokenizer.pre_tokenize_str(text)]

    def _short(self, word: str) -> list[str]:
        if len(word) <= LONGEST_WORD:
            return [word]
        self.too_long += 1
        return [word[at : at + LONGEST_WORD] for at in range(0, len(word), LONGEST_WORD)] if self.cuts else []
