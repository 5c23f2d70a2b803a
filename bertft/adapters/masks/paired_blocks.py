"""Pairs of texts as features, each with masks in it and an answer: whether the second text follows the first. Pairs are drawn
when they are asked for, as masks are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bertft.adapters.adapter import Batch
from bertft.adapters.masks.feature import MaskFeature, padded_masks
from bertft.adapters.masks.masked_blocks import Frame, MaskedBlocks
from bertft.corpus import TokenFile
from bertft.corpus.pairs import Pair, PairMaker, Stretches, blocks_of, stretches_of
from bertft.errors import DataError
from bertft.masking.masked import Block, Masker
from bertft.protocols import Tokenizer
from bertft.wording import counted


@dataclass(frozen=True, slots=True)
class PairFeature(MaskFeature):
    """A pair of texts with masks."""

    answer: int
    """0 where the second text follows the first, else 1."""


@dataclass(frozen=True)
class PairFrame(Frame):
    """What a tokenizer puts around two texts: also between them."""

    between: NDArray[np.int32] = field(kw_only=True)

    @property
    def size(self) -> int:
        return len(self.before) + len(self.between) + len(self.after)


@dataclass(frozen=True)
class PairedBlocks(MaskedBlocks):
    """A sequence of features, one for each stretch of sentences."""

    pairs: PairMaker = field(kw_only=True)

    def _feature(self, number: int) -> PairFeature:
        chance = np.random.default_rng([*self.drawn_from, number])
        pair = self.pairs(number, chance)
        masked = self.masker(self.block_of(pair), chance)
        return PairFeature(
            row=number,
            input_ids=masked.inputs,
            segments=self._segments(pair),
            target=masked.labels,
            truncated=False,
            asked=masked.chosen,
            answer=pair.answer,
        )

    def block_of(self, pair: Pair) -> Block:
        """Both texts, with what the tokenizer puts around and between them."""
        ids = self._laid_out(self.tokens.ids[pair.first], self.tokens.ids[pair.second], self._around)
        marks = self.tokens.marks
        blank: Any = [np.zeros(len(part), dtype=np.uint8) for part in self._around]
        beside = None if marks is None else self._laid_out(marks[pair.first], marks[pair.second], blank)
        return Block(ids, self.frame.special[ids], beside)

    @property
    def _around(self) -> tuple[Any, Any, Any]:
        frame: Any = self.frame
        return frame.before, frame.between, frame.after

    def _laid_out(self, first: Any, second: Any, around: Sequence[Any]) -> Any:
        before, between, after = around
        return np.concatenate([before, first, between, second, after])

    def _segments(self, pair: Pair) -> NDArray[np.int8]:
        """0 up to the mark between the texts, 1 from there on, as in BERT."""
        before, between, after = map(len, self._around)
        first, second = pair.first.stop - pair.first.start, pair.second.stop - pair.second.start
        return np.repeat(np.asarray([0, 1], dtype=np.int8), [before + first + between, second + after])


def pair_frame_of(tokenizer: Any) -> PairFrame:
    """What this tokenizer does to every pair."""
    found = tokenizer("a", "a", return_special_tokens_mask=True, return_attention_mask=False)
    ids, inside = (
        np.asarray(found["input_ids"], dtype=np.int32),
        np.flatnonzero(np.asarray(found["special_tokens_mask"]) == 0),
    )
    gap = int(np.flatnonzero(np.diff(inside) > 1)[0])  # after the last token of the first text
    special = np.zeros(max(tokenizer.get_vocab().values()) + 1, dtype=np.bool_)
    special[tokenizer.all_special_ids] = True
    return PairFrame(ids[: inside[0]], ids[inside[-1] + 1 :], special, between=ids[inside[gap] + 1 : inside[gap + 1]])


def paired_blocks(
    tokens: TokenFile, documents: Any, tokenizer: Any, masker: Masker, *, objective: str, max_length: int
) -> PairedBlocks:
    """All stretches of these documents. DataError where they make no pair."""
    frame = pair_frame_of(tokenizer)
    room = max_length - frame.size
    stretches = stretches_of(tokens, documents, room)
    check_stretches(stretches, objective, len(tokens))
    maker = PairMaker(tokens, stretches, objective, room)
    return PairedBlocks(tokens, blocks_of(tokens, stretches, room), frame, masker, pairs=maker)


def check_stretches(stretches: Stretches, objective: str, documents: int) -> None:
    """DataError where nothing can be drawn from them. `documents`: how many there are, held back or not."""
    some = len(stretches.documents)
    parted = some < documents
    if not len(stretches):
        raise DataError(
            f"{objective}: of {counted(some, 'document')} none has two sentences, so there is no pair of texts. In plain text a "
            f"line is a sentence and a blank line ends a document. "
            f"{'Pass a larger --validation-share.' if parted else 'pretrain without --pair learns from masks alone.'}"
        )
    if objective == "nsp" and some < 2:
        raise DataError(
            "nsp: a single document on one side of the validation split, so there is no sentence of another one. Pass a larger "
            "--validation-share, or --pair sop, which needs one."
            if parted
            else "nsp: a single document, so there is no sentence of another one. Part documents by blank lines; pretrain "
            "--pair sop needs one only."
        )


def padded_pairs(features: Sequence[PairFeature], tokenizer: Tokenizer, *, max_length: int) -> Batch:
    """As `padded_masks`, with the answer as the last of a row's targets, (B, T + 1)."""
    batch = padded_masks(features, tokenizer, max_length=max_length)
    answers = np.asarray([[feature.answer] for feature in features], dtype=np.int64)  # (B, 1)
    targets = None if batch.targets is None else np.concatenate([batch.targets, answers], axis=1)
    return Batch(batch.inputs, targets, batch.examples, batch.tokens)


def sums_of_pairs(outputs: Mapping[str, np.ndarray[Any, Any]], features: Sequence[Any]) -> list[np.ndarray[Any, Any]]:
    """[(B, 2)]: the loss of each pair and whether it was answered right; [] where the features are no pairs."""
    if not isinstance(features[0], PairFeature):
        return []
    logits = torch.from_numpy(outputs["pair_logits"])  # (B, 2)
    gold = torch.tensor([feature.answer for feature in features])
    losses = torch.nn.functional.cross_entropy(logits, gold, reduction="none")
    return [torch.stack([losses.double(), (logits.argmax(-1) == gold).double()], dim=1).numpy()]
