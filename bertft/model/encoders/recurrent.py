"""An RNN, LSTM or GRU that reads the words one way or both. A text's features are the largest that any word has (Conneau et al.
2017, arXiv 1705.02364); a word's are its own. With a CRF above, the LSTM is the tagger of Huang et al. 2015 (arXiv 1508.01991).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from bertft.model.encoders.encoder import Encoder, largest_over

CELLS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


class Recurrent(Encoder):
    """One layer."""

    def __init__(self, config: Any, *, of_words: bool = False) -> None:
        super().__init__(config, of_words=of_words)
        self.layers = nn.ModuleList([reading(config, config.embedding_size)])

    def forward(self, ids: Tensor, mask: Tensor, segments: Tensor | None) -> Tensor:
        found: Tensor = self.layers[0](self.vectors(ids, mask, segments), mask)
        return found if self.of_words else largest_over(found, mask)


class OneWay(nn.Module):
    """Reads from left to right."""

    def __init__(self, cell: str, features: int, units: int) -> None:
        super().__init__()
        self.forwards = CELLS[cell](features, units, batch_first=True)

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """vectors (B, T, E), mask (B, T) -> (B, T, H); what stands on padding means nothing."""
        found: Tensor = self.forwards(vectors)[0]
        return found


class BothWays(OneWay):
    """Also from right to left. Each row is turned round by itself, or the way back would come in through the padding."""

    def __init__(self, cell: str, features: int, units: int) -> None:
        super().__init__(cell, features, units)
        self.backwards = CELLS[cell](features, units, batch_first=True)

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        back = turned(self.backwards(turned(vectors, mask))[0], mask)
        return torch.cat([super().forward(vectors, mask), back], dim=2)


def reading(config: Any, features: int) -> OneWay:
    """What reads vectors of so many features as the config says; its outputs have the config's `hidden_size`."""
    if config.one_way:
        return OneWay(config.cell, features, config.hidden_size)
    return BothWays(config.cell, features, config.hidden_size // 2)


def turned(values: Tensor, mask: Tensor) -> Tensor:
    """values (B, T, H), each row's words in reverse order. mask (B, T) is 1 on words, which stand on the left."""
    last = mask.sum(1, keepdim=True) - 1
    places = (last - torch.arange(mask.shape[1], device=mask.device)).clamp(min=0)[..., None]  # (B, T, 1)
    return values.gather(1, places.expand_as(values))
