"""What encoders share: vectors of words in, features of texts or words out."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn


class Encoder(nn.Module):
    """Its parameters stand in `words`, `segments` and the list `layers`, which freezing and layer-wise rates count."""

    layers: nn.ModuleList

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.words = nn.Embedding(config.vocab_size, config.embedding_size, padding_idx=config.pad_token_id)
        pairs = config.type_vocab_size > 1
        self.segments = nn.Embedding(config.type_vocab_size, config.embedding_size) if pairs else None
        self.dropout = nn.Dropout(config.embedding_dropout)

    def get_input_embeddings(self) -> nn.Module:
        return self.words

    def set_input_embeddings(self, words: nn.Module) -> None:
        self.words = words  # type: ignore[assignment]

    def vectors(self, ids: Tensor, mask: Tensor, segments: Tensor | None) -> Tensor:
        """ids, mask and segments (B, T) -> (B, T, E), 0 on padding."""
        found: Tensor = self.words(ids)
        if self.segments is not None and segments is not None:
            found = found + self.segments(segments)
        dropped: Tensor = self.dropout(found) * mask[..., None]
        return dropped

    def forward(self, ids: Tensor, mask: Tensor, segments: Tensor | None) -> Tensor:
        """(B, H) for texts, (B, T, H) for words."""
        raise NotImplementedError
