"""A bag of words: the mean of their vectors, through a small feed-forward net (Iyyer et al. 2015, ACL, without its word dropout).
Two texts are two bags, and the net reads both, how they differ and what they share."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bertft.model.encoders.encoder import Encoder, apart, mean_over


class BagOfWords(Encoder):
    """One hidden layer."""

    reads_apart = True

    def __init__(self, config: Any, *, of_words: bool = False) -> None:
        super().__init__(config, of_words=of_words)
        self.pairs = config.type_vocab_size > 1
        self.layers = nn.ModuleList([nn.Linear(config.embedding_size * (4 if self.pairs else 1), config.hidden_size)])

    def forward(self, ids: Tensor, mask: Tensor, segments: Tensor | None) -> Tensor:
        vectors = self.vectors(ids, mask)
        texts = apart(vectors, mask, segments) if self.pairs else ((vectors, mask),)
        bags = [mean_over(*text) for text in texts]  # (B, E) each
        return functional.relu(self.layers[0](compared(*bags) if self.pairs else bags[0]))


def compared(one: Tensor, other: Tensor) -> Tensor:
    """Two texts' features (..., H) -> (..., 4 H): both, their difference and their product."""
    return torch.cat([one, other, (one - other).abs(), one * other], dim=-1)
