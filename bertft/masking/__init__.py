"""Which tokens of a block are hidden, and what stands in their place. Numbers only; no torch, and no numpy until something is
masked.

A strategy is a file of this folder with a function that chooses tokens, and a line in the register below."""

from __future__ import annotations

STRATEGIES = {"token": "bertft.masking.single:choose_tokens"}
"""Name, as in `--mask` -> where the function stands that chooses (see `Strategy` in masked.py)."""

SHARE = 0.15
"""Of the tokens, as in BERT (arXiv 1810.04805)."""
