"""What encoders share: vectors of words in, features of texts or words out."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class Encoder(nn.Module):
    """Its parameters stand in `words`, `segments` and the list `layers`, which freezing and layer-wise rates count."""

    layers: nn.ModuleList

    def __init__(self, config: Any, *, of_words: bool = False) -> None:
        """`of_words`: its features are those of each word, not of the text."""
        super().__init__()
        self.of_words = of_words
        self.words = nn.Embedding(config.vocab_size, config.embedding_size, padding_idx=config.pad_token_id)
        joined = config.type_vocab_size > 1 and not self.reads_apart
        self.segments = nn.Embedding(config.type_vocab_size, config.embedding_size) if joined else None
        self.dropout = nn.Dropout(config.embedding_dropout)

    reads_apart = False
    """Whether it takes pairs apart; else both texts are read as one, and a vector tells which is which."""

    def get_input_embeddings(self) -> nn.Module:
        return self.words

    def set_input_embeddings(self, words: nn.Module) -> None:
        self.words = words  # type: ignore[assignment]

    def vectors(self, ids: Tensor, mask: Tensor, segments: Tensor | None = None) -> Tensor:
        """ids, mask and segments (B, T) -> (B, T, E), 0 on padding."""
        found: Tensor = self.words(ids)
        if self.segments is not None and segments is not None:
            found = found + self.segments(segments)
        dropped: Tensor = self.dropout(found) * mask[..., None]
        return dropped

    def forward(self, ids: Tensor, mask: Tensor, segments: Tensor | None) -> Tensor:
        """(B, H) for texts, (B, T, H) for words."""
        raise NotImplementedError


def mean_over(values: Tensor, mask: Tensor) -> Tensor:
    """values (B, T, H) -> (B, H), over what the mask (B, T) has."""
    return (values * mask[..., None]).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)


def largest_over(values: Tensor, mask: Tensor) -> Tensor:
    """values (B, T, H) -> (B, H), over what the mask (B, T) has; 0 where it has nothing."""
    found = values.masked_fill(mask[..., None] == 0, -torch.inf).amax(1)
    return found.masked_fill(mask.sum(1, keepdim=True) == 0, 0.0)


Text = tuple[Tensor, Tensor]
"""Vectors (B, T, E), 0 on padding, and their mask (B, T)."""


def apart(vectors: Tensor, mask: Tensor, segments: Tensor | None) -> tuple[Text, Text]:
    """Pairs (B, T, E) -> the first texts and the second ones, each on the left. Vectors, not ids: whoever looks into a network
    expects all its words to be looked up at once."""
    segments = torch.zeros_like(mask) if segments is None else segments
    one, other = mask * (segments == 0), mask * (segments > 0)
    places = torch.arange(mask.shape[1], device=mask.device)
    moved = (places + one.sum(1, keepdim=True)).clamp(max=mask.shape[1] - 1)[..., None]  # (B, T, 1)
    second = (places < other.sum(1, keepdim=True)).to(mask.dtype)
    return _cut(vectors, one), _cut(vectors.gather(1, moved.expand_as(vectors)), second)


def _cut(vectors: Tensor, mask: Tensor) -> Text:
    """Without columns of padding, which mean nothing: a graph for texts of any length keeps them."""
    if not torch.compiler.is_exporting():
        mask = mask[:, : max(int(mask.sum(1).max()), 1)]
    width = mask.shape[1]
    return vectors[:, :width] * mask[..., None], mask
