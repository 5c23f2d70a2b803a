"""TextCNN: the strongest answer of each of some convolutions, wherever in the text it stands (Kim 2014, arXiv 1408.5882)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bertft.model.encoders.encoder import Encoder

WIDTHS = (3, 4, 5)
"""Words that a convolution sees at once, as in the paper."""


class TextCNN(Encoder):
    """As many convolutions of each width."""

    def __init__(self, config: Any, *, of_words: bool = False) -> None:
        super().__init__(config, of_words=of_words)
        widths = config.widths or list(WIDTHS)
        sizes = [config.hidden_size // len(widths)] * len(widths)
        sizes[-1] += config.hidden_size - sum(sizes)
        convolutions = [
            nn.Conv1d(config.embedding_size, size, width, padding=width - 1)
            for size, width in zip(sizes, widths, strict=True)
        ]
        self.layers = nn.ModuleList([nn.ModuleList(convolutions)])

    def forward(self, ids: Tensor, mask: Tensor, segments: Tensor | None) -> Tensor:
        """Also the windows that hang over the ends of a text count; those that lie in the padding do not."""
        vectors = self.vectors(ids, mask, segments).transpose(1, 2)  # (B, T, E) -> (B, E, T)
        lengths = mask.sum(1)
        convolutions: Any = self.layers[0]
        return torch.cat([strongest(convolution, vectors, lengths) for convolution in convolutions], dim=1)


def strongest(convolution: nn.Conv1d, vectors: Tensor, lengths: Tensor) -> Tensor:
    """vectors (B, E, T), 0 beyond each length (B,) -> (B, F)."""
    found = functional.relu(convolution(vectors))  # (B, F, T + width - 1)
    places = torch.arange(found.shape[2], device=found.device)
    inside = places < (lengths + convolution.kernel_size[0] - 1)[:, None]  # (B, T + width - 1)
    return found.masked_fill(~inside[:, None], 0.0).amax(2)  # relu: nothing is below 0
