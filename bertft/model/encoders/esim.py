"""ESIM: two texts are read, aligned word by word, compared, read again and pooled (Chen et al. 2017, arXiv 1609.06038)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bertft.model.encoders.encoder import Encoder, apart, largest_over, mean_over
from bertft.model.encoders.recurrent import reading


class ESIM(Encoder):
    """Four parts: reading, comparing, reading again, deciding."""

    reads_apart = True

    def __init__(self, config: Any, *, of_words: bool = False) -> None:
        super().__init__(config, of_words=of_words)
        size = config.hidden_size
        first, again = reading(config, config.embedding_size), reading(config, size)
        self.layers = nn.ModuleList([first, nn.Linear(4 * size, size), again, nn.Linear(4 * size, size)])

    def forward(self, ids: Tensor, mask: Tensor, segments: Tensor | None) -> Tensor:
        read, compare, read_again, decide = self.layers
        (words_a, mask_a), (words_b, mask_b) = apart(self.vectors(ids, mask), mask, segments)
        a, b = read(words_a, mask_a), read(words_b, mask_b)  # (B, T, H) each
        like_a, like_b = aligned(a, b, mask_a, mask_b)
        pooled = []
        for own, mate, own_mask in ((a, like_a, mask_a), (b, like_b, mask_b)):
            both = torch.cat([own, mate, own - mate, own * mate], dim=2)  # (B, T, 4 H)
            composed = read_again(self.dropout(functional.relu(compare(both))) * own_mask[..., None], own_mask)
            pooled += [mean_over(composed, own_mask), largest_over(composed, own_mask)]
        return torch.tanh(decide(self.dropout(torch.cat(pooled, dim=1))))  # (B, 4 H) -> (B, H)


def aligned(a: Tensor, b: Tensor, mask_a: Tensor, mask_b: Tensor) -> tuple[Tensor, Tensor]:
    """For each word of `a` (B, S, H) what is like it in `b` (B, T, H), and the other way round; 0 where the other has no word."""
    a, b = a * mask_a[..., None], b * mask_b[..., None]
    likeness = a @ b.transpose(1, 2)  # (B, S, T)
    over_b = likeness.masked_fill(mask_b[:, None] == 0, _NEVER).softmax(2)
    over_a = likeness.masked_fill(mask_a[:, :, None] == 0, _NEVER).softmax(1)
    return over_b @ b, over_a.transpose(1, 2) @ a


_NEVER = -1e9
"""Finite: a text without any word would give no number."""
