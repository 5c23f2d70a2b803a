"""Single tokens, each by itself: BERT's own masks (arXiv 1810.04805, 3.1)."""

from __future__ import annotations

import numpy as np

from bertft.masking.masked import Block, Units, wanted


def choose_tokens(block: Block, share: float, chance: np.random.Generator) -> Units:
    """Any tokens but the special ones, each a unit of its own."""
    units = np.full(len(block.ids), -1, dtype=np.int64)
    open_to = np.flatnonzero(~block.special)
    chosen = chance.permutation(open_to)[: wanted(len(open_to), share, chance)]
    units[chosen] = np.arange(len(chosen))
    return units
