"""What a network that fills masks is worth, on blocks of a corpus; and what needs no network at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bertft import console
from bertft.adapters import Feature
from bertft.adapters.masks.filler import MaskFiller
from bertft.adapters.masks.masked_blocks import MaskedBlocks
from bertft.arrays import Array
from bertft.engine.eval_loop import Computing, model_outputs, stop_together
from bertft.engine.meter import Meter
from bertft.protocols import Device, Network
from bertft.scoring import Baseline, Scores
from bertft.scoring.masks import score_frequencies

_AT_ONCE = 4096
"""Blocks that are in memory at once."""


@dataclass(frozen=True)
class BlockValidator:
    """Scores a network on blocks, whose masks are the same each time."""

    adapter: MaskFiller
    blocks: MaskedBlocks
    accelerator: Device

    def __call__(self, network: Network) -> Scores:
        return self.scores(self.accelerator.unwrap_model(network), Meter())

    def scores(self, network: Computing, meter: Meter, *, label: str = "") -> Scores:
        """`label`: what the progress bar says; without one there is none."""
        found: list[Any] = []
        with console.progress(label, len(self.blocks)) as bar:
            for start in range(0, len(self.blocks), _AT_ONCE):
                features: Sequence[Feature] = self.blocks[start : start + _AT_ONCE]
                found += model_outputs(network, self.adapter, features, self.accelerator, meter, bar)
                stop_together(self.accelerator)
        self.blocks.tokens.let_go()
        return self.adapter.block_scores(np.stack(found))


def frequency_baseline(adapter: MaskFiller, train: MaskedBlocks, validation: MaskedBlocks) -> Baseline:
    """What the frequencies of tokens in the corpus give on the masks of the validation blocks. Each token counts once more
    than it occurs, or one that is new would be impossible."""
    special, vocabulary = train.frame.special, len(train.frame.special)
    learned: Array = train.tokens.counts.astype(np.float64) + 1
    if validation.tokens is train.tokens:
        learned -= _counts_in(validation, vocabulary)
    learned[special] = 0
    asked = np.zeros(vocabulary)
    for feature in validation:
        np.add.at(asked, feature.target, 1)
    return Baseline(adapter.constant_answer, score_frequencies(learned, asked, main=adapter.card.metric))


def _counts_in(blocks: MaskedBlocks, vocabulary: int) -> Array:
    """(V,) of the blocks' own tokens."""
    found = np.zeros(vocabulary)
    for number in range(len(blocks)):
        np.add.at(found, blocks.tokens.ids[blocks.blocks.place(number)], 1)
    return found
