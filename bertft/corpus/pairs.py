"""Documents of a token file come in; pairs of texts go out, and whether the second one follows the first.

`nsp` (BERT, arXiv 1810.04805, A.2): half of the second texts are the true next one, half come from another document.
`sop` (ALBERT, arXiv 1909.11942, 3.1): both texts follow each other, half of the time in the wrong order.

As in Google's create_pretraining_data.py a pair begins as consecutive sentences of a document, parted between any two.
What is too long is trimmed at the longer text, at its beginning or its end. Unlike there, a text from elsewhere is about as
long as the true one, so that no length gives it away, and a document of one sentence begins no pair: it could have a wrong
one only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bertft.corpus.blocks import Blocks
from bertft.corpus.token_file import TokenFile
from bertft.wording import counted

FOLLOWS, DOES_NOT = 0, 1
"""Answers, as transformers counts them: `next_sentence_label` of BertForPreTraining, `sentence_order_label` of ALBERT's."""


@dataclass(frozen=True)
class Pair:
    """Two texts, as places among the ids."""

    first: slice
    second: slice
    answer: int


@dataclass(frozen=True)
class Stretches:
    """Consecutive sentences of a document, at least two, of which a pair is made."""

    begins: NDArray[np.int64]
    """(B,) number of the first sentence, among all sentences of the token file."""
    ends: NDArray[np.int64]
    """(B,) number after the last one."""
    owners: NDArray[np.int64]
    """(B,) place of its document in `documents`."""
    documents: NDArray[np.int64]
    """(D,) whose sentences may be the wrong second text."""

    def __len__(self) -> int:
        return len(self.begins)

    def said_of_single(self, objective: str) -> str:
        """How many of the documents have one sentence only, and what becomes of them; nothing where none has."""
        single = len(self.documents) - len(np.unique(self.owners))
        use = "can only be the wrong second text" if objective == "nsp" else "is left out"
        which = f"{single:,} of {counted(len(self.documents), 'document')}"
        return f"none begins in {which}, as one with a single sentence {use}" if single else ""


def stretches_of(tokens: TokenFile, documents: NDArray[np.int64], room: int) -> Stretches:
    """All text of the documents that have two sentences, in their order; each stretch has as many sentences as fit into `room`
    tokens, and two at least."""
    numbers = (
        number
        for place, document in enumerate(documents)
        for begin, end in _stretches(*_sentences(tokens, int(document)), tokens, room)
        for number in (begin, end, place)
    )
    columns = np.fromiter(numbers, dtype=np.int64).reshape(-1, 3).T
    return Stretches(columns[0], columns[1], columns[2], documents)


def blocks_of(tokens: TokenFile, stretches: Stretches, room: int) -> Blocks:
    """Where the stretches stand among the ids, as far as they fit."""
    ends = tokens.sentences
    starts = np.where(stretches.begins > 0, ends[stretches.begins - 1], 0)
    lengths = np.minimum(ends[stretches.ends - 1] - starts, room)
    return Blocks(starts.astype(np.int64), lengths.astype(np.int32))


@dataclass(frozen=True)
class PairMaker:
    """Draws a pair from a stretch; the same one from the same chance."""

    tokens: TokenFile
    stretches: Stretches
    objective: str
    """nsp or sop."""
    room: int
    """Tokens of both texts together, at most."""

    def __call__(self, number: int, chance: np.random.Generator) -> Pair:
        begin, end = int(self.stretches.begins[number]), int(self.stretches.ends[number])
        middle, is_right = int(chance.integers(begin + 1, end)), bool(chance.random() < 0.5)
        first, second = self._place(begin, middle), self._place(middle, end)
        if not is_right and self.objective == "nsp":
            second = self._elsewhere(int(self.stretches.owners[number]), second.stop - second.start, chance)
        first, second = trimmed(first, second, self.room, chance)
        if not is_right and self.objective == "sop":
            first, second = second, first
        return Pair(first, second, FOLLOWS if is_right else DOES_NOT)

    def _elsewhere(self, owner: int, wanted: int, chance: np.random.Generator) -> slice:
        """Sentences of another document, as many as make up so many tokens, from any of its sentences on."""
        other = int(chance.integers(len(self.stretches.documents) - 1))
        begin, end = _sentences(self.tokens, int(self.stretches.documents[other + (other >= owner)]))
        start = int(chance.integers(begin, end))
        place = self._place(start, end)
        enough = np.searchsorted(self.tokens.sentences[start:end], place.start + wanted)
        return self._place(start, min(start + int(enough) + 1, end))

    def _place(self, begin: int, end: int) -> slice:
        return slice(_start(self.tokens, begin), int(self.tokens.sentences[end - 1]))


def trimmed(first: slice, second: slice, room: int, chance: np.random.Generator) -> tuple[slice, slice]:
    """Both texts such that they fit: the longer one loses a token at a time, at its beginning or its end. Where they are equally
    long it is the second, as in Google's truncate_seq_pair."""
    one, two = first.stop - first.start, second.stop - second.start
    excess = one + two - room
    if excess <= 0:
        return first, second
    alone = min(excess, abs(one - two))  # until both are equally long
    of_both, left_over = divmod(excess - alone, 2)
    lost_by_first = of_both + (alone if one > two else 0)
    lost_by_second = of_both + left_over + (alone if two > one else 0)
    return _shortened(first, lost_by_first, chance), _shortened(second, lost_by_second, chance)


def _shortened(text: slice, by: int, chance: np.random.Generator) -> slice:
    front = int(chance.binomial(by, 0.5))
    return slice(text.start + front, text.stop - (by - front))


def _stretches(begin: int, end: int, tokens: TokenFile, room: int) -> Iterator[tuple[int, int]]:
    """Of a document with these sentences. A last sentence that would stand alone goes with the one before it."""
    if end - begin < 2:
        return
    ends, start = tokens.sentences[begin:end], begin
    while start < end:
        start = min(start, end - 2)
        fit = int(np.searchsorted(ends, _start(tokens, start) + room, side="right")) + begin
        stop = min(max(fit, start + 2), end)
        yield start, stop
        start = stop


def _sentences(tokens: TokenFile, document: int) -> tuple[int, int]:
    """Numbers of its first sentence and of the one after its last."""
    return int(tokens.documents[document - 1]) if document else 0, int(tokens.documents[document])


def _start(tokens: TokenFile, sentence: int) -> int:
    """Where it begins among the ids."""
    return int(tokens.sentences[sentence - 1]) if sentence else 0
