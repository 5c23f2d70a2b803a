"""Texts or words to numbers, in the form of a tokenizer of transformers. While training rows are read the vocabulary grows; when
the rows that are learned from are known it is closed over them, so that it knows nothing of the rows that are held back.

vocabulary.json in a run folder holds it. A room of its own because the tokenizers that transformers can save know no n-grams."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from bertft.classic.grams import GRAMS, grams_of
from bertft.errors import CheckpointError
from bertft.runs import VOCABULARY

PADDING, UNKNOWN, FIRST = 0, 1, 2
"""Numbers of the padding, of what is not known, and of the first n-gram."""

NO_LIMIT = 1_000_000_000
"""Units of a text that are read."""

WHOLE = "whole words"
"""The kind of what taggers read."""

Ids = np.ndarray[Any, Any]
Gram = tuple[str, str]
"""Its kind and itself."""


class Encoded(dict[str, Any]):
    """What a call gives: `input_ids`, and which word each comes from."""

    def word_ids(self, row: int) -> list[int]:
        return list(range(len(self["input_ids"][row])))


class Vocabulary:
    """Numbers for n-grams of some kinds, or for the whole words of a tagger."""

    pad_token_id: int | None = PADDING
    pad_token_type_id = 0
    unk_token_id, mask_token_id, sep_token_id, eos_token_id = UNKNOWN, None, None, None
    model_input_names = ("input_ids", "attention_mask", "token_type_ids")
    is_fast = True

    def __init__(self, kinds: Sequence[str], grams: Sequence[Gram] = (), *, grows: bool = False) -> None:
        self.kinds, self.grows = tuple(kinds), grows
        self.model_max_length = NO_LIMIT
        self._numbers = {gram: number for number, gram in enumerate(grams, FIRST)}

    def __len__(self) -> int:
        """Of all numbers, also those that stand for no n-gram."""
        return len(self._numbers) + FIRST

    def __call__(self, *texts: Any, is_split_into_words: bool = False, **_: Any) -> Encoded:
        """Lists of texts, two for pairs, or of lists of words. `token_type_ids` tell the texts of a pair apart."""
        if is_split_into_words:
            return Encoded(input_ids=[self._of_words(words) for words in texts[0]])
        if isinstance(texts[0], str):
            return Encoded(input_ids=self._of_text(texts[0]).tolist())
        rows = [[self._of_text(text) for text in row] for row in zip(*texts, strict=True)]
        segments = [np.repeat(np.arange(len(row)), [len(ids) for ids in row]) for row in rows]
        return Encoded(input_ids=[np.concatenate(row) for row in rows], token_type_ids=segments)

    def _of_text(self, text: str) -> Ids:
        """At least one number, as an empty text would have no place in a batch."""
        found = list(self._known(grams_of(text, [kind for kind in self.kinds if kind in GRAMS])))
        return np.asarray(found or [UNKNOWN], dtype=np.int32)

    def _of_words(self, words: Sequence[str]) -> Ids:
        return np.asarray([self._number((WHOLE, word)) for word in words], dtype=np.int32)

    def _known(self, grams: Iterator[Gram]) -> Iterator[int]:
        return (number for gram in grams if (number := self._number(gram)) != UNKNOWN)

    def _number(self, gram: Gram) -> int:
        if self.grows:
            return self._numbers.setdefault(gram, len(self))
        return self._numbers.get(gram, UNKNOWN)

    @property
    def grams(self) -> list[Gram]:
        """In the order of their numbers."""
        return list(self._numbers)

    def closed(self, kinds: Sequence[str], seen: Ids) -> tuple[Vocabulary, Ids]:
        """The n-grams of these kinds whose numbers were `seen`, kind by kind in alphabetical order; and for each number of this
        vocabulary its number there. It grows no more."""
        order = {kind: place for place, kind in enumerate(kinds)}
        places = np.unique(seen[seen >= FIRST]) - FIRST
        grams = self.grams
        kept = sorted((order[grams[i][0]], grams[i][1], int(i)) for i in places if grams[i][0] in order)
        new = np.full(len(self), UNKNOWN, dtype=np.int32)
        new[PADDING] = PADDING
        new[[place + FIRST for *_, place in kept]] = np.arange(FIRST, len(kept) + FIRST)
        return Vocabulary(kinds, [grams[place] for *_, place in kept]), new

    @property
    def ends(self) -> list[int]:
        """How many n-grams there are up to the end of each kind."""
        counts = [sum(kind == wanted for kind, _ in self._numbers) for wanted in self.kinds]
        return np.cumsum(counts).tolist() if counts else []

    def get_vocab(self) -> dict[Any, int]:
        return {"[PAD]": PADDING, "[UNK]": UNKNOWN, **self._numbers}

    def save_pretrained(self, folder: Any) -> None:
        """Write vocabulary.json."""
        kinds = {kind: [gram for of, gram in self._numbers if of == kind] for kind in self.kinds}
        (Path(folder) / VOCABULARY).write_text(json.dumps({"format": 1, "kinds": kinds}, ensure_ascii=False), "utf-8")

    @classmethod
    def load(cls, folder: str) -> Self:
        """What `save_pretrained` wrote; CheckpointError where it is damaged."""
        path = Path(folder) / VOCABULARY
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            kinds: dict[str, list[str]] = found["kinds"]
            grams = [(kind, gram) for kind, names in kinds.items() for gram in names]
            if found["format"] != 1 or not kinds.keys() <= {*GRAMS, WHOLE} or not all(map(_are_texts, kinds.values())):
                raise ValueError("unknown content")
            if len(set(grams)) != len(grams):
                raise ValueError("an n-gram stands there twice")
            return cls(list(kinds), grams)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
            raise CheckpointError(f"{path}: damaged ({type(problem).__name__}: {problem}).") from problem


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)
