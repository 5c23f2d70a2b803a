"""A row in, what an encoder reads of it out: one text, or two, or words. What is too long is cut at its end, and counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bertft.adapters import Batch, Feature
from bertft.adapters.padding import padded
from bertft.errors import DataError
from bertft.gold.cells import joined_text, no_text_in
from bertft.gold.reader import HEADER_AGAIN, repeats_header
from bertft.protocols import Tokenizer
from bertft.rows.fields import Fields
from bertft.rows.row import Row
from bertft.rows.surrogates import without_surrogates
from bertft.tags.rows import words_in


@dataclass(frozen=True, slots=True)
class TextInput:
    """What is embedded of a row."""

    row: Row
    texts: tuple[str, ...] = ()
    words: tuple[str, ...] | None = None
    reason: str = ""
    """Why there is nothing to embed."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text as an encoder reads it."""

    feature: Feature
    pieces: Sequence[str]
    """Its tokens as strings, special ones included, or its words; empty where one vector is for them all."""
    word_of: np.ndarray[Any, Any] | None = None
    """(tokens,) the word that each token belongs to, -1 for special tokens; None where words are not asked for."""
    is_blank: bool = False
    """Whether the tokenizer sees nothing in it, so that only special tokens are left."""


def inputs_of(rows: Iterable[Row], fields: Fields, *, words: bool) -> Iterator[TextInput]:
    """The rows, in order. One that cannot be read says why, and leaves the others alone."""
    for row in rows:
        try:
            yield _input(row, fields, words=words)
        except DataError as problem:
            yield TextInput(row, reason=str(problem).removeprefix(f"{row.origin}: "))


def _input(row: Row, fields: Fields, *, words: bool) -> TextInput:
    if repeats_header(row):
        return TextInput(row, reason=HEADER_AGAIN)
    if words or (isinstance(row.fields.get(fields.text), list) and not fields.text_pair and not fields.more_text):
        found, _ = words_in(row, fields, tags=None)
        reason = "" if found.texts else f"no words in column '{fields.text}'"
        return TextInput(row, words=tuple(found.texts), reason=reason)
    parts = [fields.texts, *([(fields.text_pair,)] if fields.text_pair else [])]
    reason = next(filter(None, (no_text_in("text", columns, row) for columns in parts)), "")
    return TextInput(row, () if reason else tuple(joined_text(columns, row) for columns in parts), reason=reason)


@dataclass(frozen=True)
class TextEncoder:
    """The tokenizer of a model, and how much of a text it reads."""

    tokenizer: Tokenizer
    of_words: Tokenizer
    """The same, for words one by one."""
    max_length: int
    lower: bool = False
    tokens: bool = False
    """Whether the tokens' strings are wanted."""
    words: bool = False

    def encode(self, inputs: Sequence[TextInput]) -> list[Encoded]:
        """Those that have something to embed, in order."""
        return [self._encoded(one, whole) for one, whole in zip(inputs, self._encodings(inputs), strict=True)]

    def _encodings(self, inputs: Sequence[TextInput]) -> list[Any]:
        """Whole, of many at once, as the tokenizer is faster so."""
        found: list[Any] = [None] * len(inputs)
        kinds = [one.words is not None for one in inputs]
        for is_words in (False, True):
            places = [place for place, kind in enumerate(kinds) if kind is is_words]
            if places:
                made = self._tokenized([inputs[place] for place in places], is_words=is_words)
                for place, encoding in zip(places, made, strict=True):
                    found[place] = encoding
        return found

    def _tokenized(self, inputs: Sequence[TextInput], *, is_words: bool, **cut: Any) -> Any:
        if is_words:
            lists = [[self._clean(word) for word in one.words or ()] for one in inputs]
            return self.of_words(lists, is_split_into_words=True, verbose=False, **cut).encodings
        columns = [[*map(self._clean, column)] for column in zip(*(one.texts for one in inputs), strict=True)]
        return self.tokenizer(*columns, verbose=False, **cut).encodings

    def _clean(self, text: str) -> str:
        text = without_surrogates(text)
        return text.lower() if self.lower else text

    def _encoded(self, one: TextInput, encoding: Any) -> Encoded:
        truncated = len(encoding.ids) > self.max_length
        if truncated:
            how = {"truncation": "longest_first" if len(one.texts) > 1 else "only_first", "max_length": self.max_length}
            encoding = self._tokenized([one], is_words=one.words is not None, **how)[0]
        segments = encoding.type_ids
        feature = Feature(
            row=one.row.index,
            input_ids=np.asarray(encoding.ids, dtype=np.int32),
            segments=np.asarray(segments, dtype=np.int8) if any(segments) else None,
            target=None,
            truncated=truncated,
        )
        word_of = np.asarray([-1 if word is None else word for word in encoding.word_ids]) if self.words else None
        pieces = (one.words or ()) if self.words else encoding.tokens if self.tokens else ()
        return Encoded(feature, pieces, word_of, is_blank=all(encoding.special_tokens_mask))

    def collate(self, features: Sequence[Feature]) -> Batch:
        return padded(features, None, self.tokenizer, max_length=self.max_length)


def by_word(vectors: np.ndarray[Any, Any], encoded: Encoded) -> np.ndarray[Any, Any]:
    """(T, D) of tokens -> (W, D) of words: the mean of each one's tokens; NaN for a word that has none, or none that was read."""
    assert encoded.word_of is not None
    found = np.full((len(encoded.pieces), vectors.shape[1]), np.nan, dtype=np.float32)
    for word in range(len(encoded.pieces)):
        own = vectors[encoded.word_of == word]
        if len(own):
            found[word] = own.mean(0)
    return found
