"""DSSM: both texts go up the same tower, each alone, and are compared there (Huang et al. 2013, CIKM).

The paper's answer is the cosine of the two. Ours are the products whose sum it is, so that classes can be told apart which no
single number tells. The words are whole, where the paper has letter trigrams.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from bertft.model.encoders.encoder import Encoder, apart, mean_over


class DSSM(Encoder):
    """Two layers."""

    reads_apart = True

    def __init__(self, config: Any, *, of_words: bool = False) -> None:
        super().__init__(config, of_words=of_words)
        sizes = [config.embedding_size] + [config.hidden_size] * config.num_hidden_layers
        self.layers = nn.ModuleList([nn.Linear(below, above) for below, above in pairwise(sizes)])

    def forward(self, ids: Tensor, mask: Tensor, segments: Tensor | None) -> Tensor:
        one, other = (self.tower(*text) for text in apart(self.vectors(ids, mask), mask, segments))
        return one * other * SCALE

    def tower(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """(B, T, E) -> (B, H) of length 1."""
        found = mean_over(vectors, mask)
        for layer in self.layers:
            found = layer(found).tanh()
        return functional.normalize(found, dim=1)


SCALE = 10.0
"""The paper's smoothing factor: a cosine alone would be too small to be sure of anything."""
