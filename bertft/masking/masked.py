"""A block of tokens comes in; the block with some of its tokens hidden goes out, and what stood there.

What is chosen is the strategy's business. What becomes of it is the same for all, as in BERT (arXiv 1810.04805, 3.1): of the
chosen units 80 % become the mask token, 10 % random tokens, 10 % stay as they are. Special tokens are never chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from bertft.masking import STRATEGIES

TO_MASK, TO_RANDOM = 0.8, 0.9
"""Up to these shares of the units; the rest stays."""

Ids = NDArray[np.int32]
Units = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Block:
    """Tokens that a network reads together."""

    ids: Ids
    """(T,) special tokens included."""
    special: NDArray[np.bool_]
    """(T,) which tokens must not be chosen."""
    marks: NDArray[np.uint8] | None = None
    """(T,) what a strategy wants to know of each token beside its id, such as whether it begins a word; None where it asks for
    nothing."""


Strategy = Callable[[Block, float, np.random.Generator], Units]
"""A block, the share of its tokens to choose, and chance -> (T,) the unit that each token belongs to, -1 for those that are not
chosen. Tokens of one unit share their fate: all are masked, all are random, or all stay."""


@dataclass(frozen=True, slots=True)
class Masked:
    """What a network is given, and what it has to find out."""

    inputs: Ids
    """(T,)"""
    chosen: NDArray[np.int64]
    """(M,) where the tokens stand that are asked for, in ascending order."""
    labels: Ids
    """(M,) what stood there."""


@dataclass(frozen=True)
class Masker:
    """Hides tokens of blocks."""

    strategy: Strategy
    share: float
    mask: int
    """Id of the mask token."""
    ordinary: Ids
    """(V,) ids that a random token may have: all but the special ones."""

    def __call__(self, block: Block, chance: np.random.Generator) -> Masked:
        units = self.strategy(block, self.share, chance)
        chosen = np.flatnonzero(units >= 0)
        _, unit = np.unique(units[chosen], return_inverse=True)
        fate = chance.random(unit.max(initial=-1) + 1)[unit]  # (M,)
        inputs, random = block.ids.copy(), (fate >= TO_MASK) & (fate < TO_RANDOM)
        inputs[chosen[fate < TO_MASK]] = self.mask
        inputs[chosen[random]] = chance.choice(self.ordinary, size=int(random.sum()))
        return Masked(inputs, chosen, block.ids[chosen])


def strategy_of(name: str) -> Strategy:
    """The function of that name."""
    module, function = STRATEGIES[name].function.split(":")
    found: Strategy = getattr(import_module(module), function)
    return found


def wanted(tokens: int, share: float, chance: np.random.Generator) -> int:
    """How many of so many tokens to choose: their share on average, at least one where there are any."""
    exact = tokens * share
    return min(max(int(exact) + (chance.random() < exact % 1), 1), tokens)
