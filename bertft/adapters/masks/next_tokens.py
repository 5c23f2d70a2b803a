"""Blocks of a corpus as a language model reads them: nothing is hidden, and each token but the special ones is asked for twice,
from what stands before it and from what stands behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bertft.adapters.adapter import Feature
from bertft.adapters.masks.filler import MaskFiller
from bertft.adapters.masks.masked_blocks import Frame, frame_of
from bertft.errors import CheckpointError
from bertft.masking.masked import Block, Masked
from bertft.model.losses import two_way_cost
from bertft.model.network import Head
from bertft.plan.pretraining import PretrainPlan
from bertft.plan.recipe import Recipe
from bertft.scoring import Scores
from bertft.scoring.masks import score_next_tokens


def ask_all(block: Block, chance: np.random.Generator) -> Masked:
    """In the place of a Masker. Nothing is left to chance."""
    asked = np.flatnonzero(~block.special)
    return Masked(block.ids, asked, block.ids[asked])


@dataclass(frozen=True)
class NextTokens(MaskFiller):
    """Reads blocks of a corpus; rows it cannot answer."""

    answer_options: ClassVar[tuple[str, ...]] = ()
    reads_rows: ClassVar[bool] = False

    @property
    def frame(self) -> Frame:
        return frame_of(self.tokenizer)

    def stored(self) -> dict[str, Any]:
        return {}

    def masker(self, asked: PretrainPlan) -> Any:
        return ask_all

    def check_tokenizer(self, name: str) -> None:
        """The first token needs something before it, and the last one something behind."""
        if self.tokenizer.pad_token_id is None or not (len(self.frame.before) and len(self.frame.after)):
            raise CheckpointError(
                f"{name}: its tokenizer has no padding, or does not put a token both before and behind each text, from which the "
                f"first and the last token are said. Name another with --tokenizer; bertft vocab makes one."
            )

    def head(self, targets: Sequence[Any], recipe: Recipe) -> Head:
        return Head(self.card.kind, None, (), two_way_cost)

    def outputs_of(self, outputs: Mapping[str, np.ndarray[Any, Any]], features: Sequence[Feature]) -> list[Any]:
        """(5,) of each block: the summed loss of its tokens forward and backward, how many were right in either, and how many
        there are."""
        counts = [feature.weight for feature in features]
        found = np.concatenate([outputs["losses"], outputs["right"]], axis=1).astype(np.float64)  # (M, 4)
        whose = np.repeat(np.arange(len(counts)), counts)
        sums = [np.bincount(whose, column, minlength=len(counts)) for column in found.T]
        return list(np.stack([*sums, np.asarray(counts, dtype=np.float64)], axis=1))

    def block_scores(self, sums: np.ndarray[Any, Any]) -> Scores:
        return score_next_tokens(sums, main=self.card.metric)
