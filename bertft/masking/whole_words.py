"""Whole words: all tokens of a word are chosen, or none (whole word masking, as in BERT's own code of May 2019), and entities
before them (ERNIE, arXiv 1904.09223). All tokens of a word or entity share its fate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bertft.masking.marks import cut, entities_in, fitting, words_in
from bertft.masking.masked import Block, Units


def choose_words(block: Block, share: float, chance: np.random.Generator) -> Units:
    """Words in random order, each a unit."""
    units = cut(words_in(block), share * (~block.special).sum())
    return _chosen(units, chance.permutation(units.max(initial=-1) + 1), share, chance)


def choose_entities(block: Block, share: float, chance: np.random.Generator) -> Units:
    """Entities in random order, each a unit; then, as long as they are less than the share, words."""
    whole, entities = entities_in(block)
    units = cut(whole, share * (~block.special).sum())
    order = chance.permutation(units.max(initial=-1) + 1)
    is_entity = np.isin(order, units[np.isin(whole, entities)])
    return _chosen(units, np.concatenate((order[is_entity], order[~is_entity])), share, chance)


def _chosen(units: Units, order: NDArray[np.int64], share: float, chance: np.random.Generator) -> Units:
    """The first units of the order that make up the share of the tokens."""
    if not len(order):
        return units
    lengths = np.bincount(units[units >= 0])[order]
    taken = order[: fitting(lengths, share * lengths.sum(), chance)]
    return np.where(np.isin(units, taken), units, -1)
