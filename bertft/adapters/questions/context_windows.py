"""A question and its context to windows: the whole question, and a part of the context that overlaps with the next one.

As the BERT paper has it (section 4.2), with the first of its special tokens standing for "no answer here".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bertft.adapters.adapter import Feature
from bertft.gold.windows import Window, answer_tokens, cut_tokens, holds_one, shortest_of
from bertft.protocols import Tokenizer
from bertft.rows.surrogates import without_surrogates

_Ids = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class ContextFeature(Feature):
    """A window of a context."""

    shift: int
    """Where the context begins among its input ids."""
    own: range
    """The context tokens of this window at which its answers may begin; the others see more elsewhere."""
    offsets: _Ids
    """(C, 2) where each context token of the window stands in the context, in characters."""
    context: str
    answer_tokens: int
    """Of the shortest gold answer; 0 where there is none."""
    holds_answer: bool
    """Whether a gold answer can be given here: it begins at one of the window's own tokens and is whole in it."""


@dataclass(frozen=True, slots=True)
class ContextFrame:
    """The special tokens around a question and a context, with all their segment ids."""

    before: list[int]
    between: list[int]
    after: list[int]
    segments: list[int] | None
    """One each of: before, question, between, context, after; None where the backbone has none."""

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> ContextFrame:
        bare = tokenizer("a", add_special_tokens=False)["input_ids"]
        whole = tokenizer("a", "a")
        ids, types = whole["input_ids"], whole.get("token_type_ids")
        first, second = (i for i in range(len(ids)) if ids[i : i + len(bare)] == bare)
        ends = (first, first + len(bare), second, second + len(bare), len(ids))
        segments = [types[end - 1] for end in ends] if types and any(types) else None
        return cls(ids[:first], ids[ends[1] : second], ids[ends[3] :], segments)

    @property
    def size(self) -> int:
        return len(self.before) + len(self.between) + len(self.after)

    def around(self, question: _Ids, context: _Ids) -> tuple[_Ids, _Ids | None]:
        """Input ids and segments."""
        parts = (self.before, question, self.between, context, self.after)
        ids = np.concatenate(parts).astype(np.int32)
        if self.segments is None:
            return ids, None
        return ids, np.repeat(np.asarray(self.segments, dtype=np.int8), [len(part) for part in parts])


@dataclass(frozen=True, slots=True)
class Encoded:
    """The tokens of one question and its whole context."""

    question: _Ids
    context: _Ids
    offsets: _Ids
    """(N, 2)"""
    text: str
    cut: bool
    """Whether the question was too long."""


def encode_pairs(
    questions: Sequence[str], contexts: Sequence[str], tokenizer: Tokenizer, *, most: int
) -> list[Encoded]:
    """Tokens without special ones; a question has at most `most`."""
    plain = {"add_special_tokens": False, "return_attention_mask": False, "verbose": False}
    asked = tokenizer([*map(without_surrogates, questions)], **plain)["input_ids"]
    read = tokenizer([*map(without_surrogates, contexts)], return_offsets_mapping=True, **plain)
    return [
        Encoded(
            np.asarray(question[:most], dtype=np.int32),
            np.asarray(ids, dtype=np.int32),
            np.asarray(offsets, dtype=np.int32).reshape(-1, 2),
            text,
            len(question) > most,
        )
        for question, ids, offsets, text in zip(asked, read["input_ids"], read["offset_mapping"], contexts, strict=True)
    ]


def context_windows(encoded: Encoded, *, room: int, overlap: int) -> list[Window]:
    """Parts of the context of at most `room` tokens."""
    return cut_tokens(len(encoded.context), room=room, overlap=overlap)


def feature_of(
    row: int, encoded: Encoded, window: Window, frame: ContextFrame, gold: Sequence[tuple[int, int]] | None
) -> ContextFeature:
    """`gold`: where the answers of a labelled row stand in the context, in characters; the first is learned."""
    ids, segments = frame.around(encoded.question, encoded.context[window.start : window.end])
    offsets = encoded.offsets[window.start : window.end]
    shift = len(frame.before) + len(encoded.question) + len(frame.between)
    target = None if gold is None else np.asarray([*_place(offsets, next(iter(gold), None), shift), len(ids)])
    answers = [answer_tokens(encoded.offsets, place) for place in gold or ()]
    holds, shortest = holds_one(window, answers), shortest_of(answers)
    own = range(window.own_start - window.start, window.own_end - window.start)
    return ContextFeature(row, ids, segments, target, encoded.cut, shift, own, offsets, encoded.text, shortest, holds)


def _place(offsets: _Ids, answer: tuple[int, int] | None, shift: int) -> tuple[int, int]:
    """First and last token of the answer; the window's first token, twice, where it is not whole in this window."""
    if answer is None or not len(offsets) or offsets[0, 0] > answer[0] or offsets[-1, 1] < answer[1]:
        return 0, 0
    first, last = answer_tokens(offsets, answer)
    return (first + shift, last + shift) if first <= last else (0, 0)
