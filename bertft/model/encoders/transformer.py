"""A small Transformer encoder from scratch (Vaswani et al. 2017, arXiv 1706.03762), norms first, as that learns without tricks
(Xiong et al. 2020, arXiv 2002.04745). A text's features are the mean of its words'."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bertft.model.encoders.encoder import Encoder, mean_over


class Transformer(Encoder):
    """Positions are sines, so texts may have any length."""

    def __init__(self, config: Any, *, of_words: bool = False) -> None:
        super().__init__(config, of_words=of_words)
        size, given = config.hidden_size, config.embedding_size
        self.fit = nn.Linear(given, size) if given != size else None
        self.layers = nn.ModuleList([Block(config) for _ in range(config.num_hidden_layers)])
        self.final_norm = nn.LayerNorm(size)

    def forward(self, ids: Tensor, mask: Tensor, segments: Tensor | None) -> Tensor:
        hidden = self.vectors(ids, mask, segments)
        hidden = hidden if self.fit is None else self.fit(hidden)
        hidden = hidden + sines(hidden.shape[1], hidden.shape[2], hidden.device)
        for layer in self.layers:
            hidden = layer(hidden, mask)
        hidden = self.final_norm(hidden)
        return hidden if self.of_words else mean_over(hidden, mask)


class Block(nn.Module):
    """Attention and a feed-forward part, each beside a way around it."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        size, self.heads, self.drop = config.hidden_size, config.num_attention_heads, config.embedding_dropout
        self.attention_norm, self.norm = nn.LayerNorm(size), nn.LayerNorm(size)
        self.query_key_value, self.out = nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.up, self.down = nn.Linear(size, config.intermediate_size), nn.Linear(config.intermediate_size, size)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """hidden (B, T, H), mask (B, T)."""
        hidden = hidden + self._dropped(self._attend(self.attention_norm(hidden), mask))
        return hidden + self._dropped(self.down(functional.gelu(self.up(self.norm(hidden)))))

    def _attend(self, hidden: Tensor, mask: Tensor) -> Tensor:
        batch, length, size = hidden.shape
        parts = self.query_key_value(hidden).view(batch, length, 3, self.heads, size // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # (B, heads, T, H / heads) each
        found = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None, None].bool())
        out: Tensor = self.out(found.transpose(1, 2).reshape(batch, length, size))
        return out

    def _dropped(self, values: Tensor) -> Tensor:
        return functional.dropout(values, self.drop, self.training)


def sines(length: int, size: int, device: torch.device) -> Tensor:
    """(T, H): sines and cosines of wavelengths from 2 pi to 20,000 pi, times 0.1, as words' vectors are small too."""
    places = torch.arange(length, device=device, dtype=torch.float32)[:, None]
    rates = torch.exp(torch.arange(0, size, 2, device=device) * (-math.log(10_000.0) / size))
    waves = torch.cat([(places * rates).sin(), (places * rates).cos()], dim=1)
    return 0.1 * waves[:, :size]
