"""The blocks of a corpus as features, masked when they are asked for. Nothing is kept: the same block is masked otherwise in
another epoch, and the same way whenever the same epoch is asked for, in whatever order; so a resumed run needs no state of
this chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from bertft.adapters.masks.feature import MaskFeature
from bertft.corpus import Blocks, TokenFile
from bertft.masking.masked import Block, Masker

EVALUATION = (0x5EED, 0xE7A1)
"""What the masks of an evaluation are drawn from, beside a block's number: the same in every run, so that figures can be held
against each other."""


@dataclass(frozen=True)
class Frame:
    """What a tokenizer puts around a text, and which ids are special."""

    before: NDArray[np.int32]
    after: NDArray[np.int32]
    special: NDArray[np.bool_]
    """(V,)"""

    @property
    def size(self) -> int:
        """How many tokens stand around each text."""
        return len(self.before) + len(self.after)

    def around(self, ids: NDArray[np.int32]) -> NDArray[np.int32]:
        """A text's ids with the special tokens around them."""
        return np.concatenate([self.before, ids, self.after])


@dataclass(frozen=True)
class MaskedBlocks(Sequence[MaskFeature]):
    """A sequence of features, one for each block."""

    tokens: TokenFile
    blocks: Blocks
    frame: Frame
    masker: Masker
    drawn_from: tuple[int, ...] = EVALUATION
    """Seeds of the chance, before the block's number."""

    def of_epoch(self, seed: int, epoch: int) -> MaskedBlocks:
        """The same blocks as they are masked in an epoch of a training."""
        return replace(self, drawn_from=(seed, epoch))

    @property
    def lengths(self) -> NDArray[np.int32]:
        """(B,) in tokens, special ones included."""
        return self.blocks.lengths + np.int32(self.frame.size)

    def __len__(self) -> int:
        return len(self.blocks)

    @overload
    def __getitem__(self, number: int) -> MaskFeature: ...

    @overload
    def __getitem__(self, number: slice) -> Sequence[MaskFeature]: ...

    def __getitem__(self, number: int | slice) -> MaskFeature | Sequence[MaskFeature]:
        if isinstance(number, slice):
            return [self._feature(one) for one in range(*number.indices(len(self)))]
        return self._feature(range(len(self))[number])

    def __iter__(self) -> Iterator[MaskFeature]:
        return (self._feature(number) for number in range(len(self)))

    def _feature(self, number: int) -> MaskFeature:
        block = self.block(number)
        masked = self.masker(block, np.random.default_rng([*self.drawn_from, number]))
        return MaskFeature(
            row=number,
            input_ids=masked.inputs,
            segments=None,
            target=masked.labels,
            truncated=False,
            asked=masked.chosen,
        )

    def block(self, number: int) -> Block:
        """A block as it stands in the corpus, with what the tokenizer puts around it."""
        place = self.blocks.place(number)
        ids = self.frame.around(self.tokens.ids[place])
        return Block(ids, self.frame.special[ids], self._marks(place))

    def _marks(self, place: slice) -> NDArray[np.uint8] | None:
        if self.tokens.marks is None:
            return None
        around = np.zeros(len(self.frame.before), dtype=np.uint8), np.zeros(len(self.frame.after), dtype=np.uint8)
        return np.concatenate([around[0], self.tokens.marks[place], around[1]])


def frame_of(tokenizer: Any) -> Frame:
    """What this tokenizer does to every text."""
    found = tokenizer("a", return_special_tokens_mask=True, return_attention_mask=False)
    ids, inside = (
        np.asarray(found["input_ids"], dtype=np.int32),
        np.flatnonzero(np.asarray(found["special_tokens_mask"]) == 0),
    )
    special = np.zeros(max(tokenizer.get_vocab().values()) + 1, dtype=np.bool_)
    special[tokenizer.all_special_ids] = True
    return Frame(ids[: inside[0]], ids[inside[-1] + 1 :], special)


def masker_of(tokenizer: Any, strategy: Any, share: float) -> Masker:
    """Random tokens are drawn from all that the tokenizer has, but the special ones."""
    special = set(tokenizer.all_special_ids)
    ordinary = np.asarray(sorted(set(tokenizer.get_vocab().values()) - special), dtype=np.int32)
    return Masker(strategy, share, tokenizer.mask_token_id, ordinary)
