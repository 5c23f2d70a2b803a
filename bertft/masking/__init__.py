"""Which tokens of a block are hidden, and what stands in their place. Numbers only; no torch, and no numpy until something is
masked.

A strategy is a file of this folder with a function that chooses tokens, and a line in the register below."""

from __future__ import annotations

from typing import NamedTuple


class Way(NamedTuple):
    """A way of masking."""

    function: str
    """Where the function stands that chooses tokens (see `Strategy` in masked.py), as `module:name`."""
    of_words: bool = True
    """Whether it needs to know where words begin."""
    of_entities: bool = False
    """Whether it needs to know entities."""


STRATEGIES = {
    "token": Way("bertft.masking.single:choose_tokens", of_words=False),
    "whole-word": Way("bertft.masking.whole_words:choose_words"),
    "span": Way("bertft.masking.spans:choose_spans"),
    "entity": Way("bertft.masking.whole_words:choose_entities", of_entities=True),
}
"""By their names in `--mask`."""

SHARE = 0.15
"""Of the tokens, as in BERT (arXiv 1810.04805)."""
