"""Tokens in, vectors out, as one network: an encoder, the choice of its layers, and what becomes of a text's tokens. Padding
has no part in any vector."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from bertft.embedding.recipe import VectorRecipe
from bertft.model.hidden import combined, mean_of_tokens
from bertft.plan.embed_plan import CLS, FIRST_LAST, MAX, MEAN, MEAN_MAX, NONE, POOLER


class PooledEncoder(nn.Module):
    """`vectors`: (B, D) of texts, or (B, T, D) of tokens."""

    def __init__(self, encoder: Any, recipe: VectorRecipe, *, cls_is_last: bool) -> None:
        """`cls_is_last`: the classifier's token stands behind the text, as in XLNet."""
        super().__init__()
        self.encoder, self.recipe, self.cls_is_last = encoder, recipe, cls_is_last
        self.last = int(encoder.config.num_hidden_layers)

    def forward(self, **inputs: Tensor) -> dict[str, Tensor]:
        """As eval loops want it: inputs (B, T), fp32 out."""
        asks_all = self.recipe.pool != POOLER and self.recipe.layers != (self.last,)
        outputs = self.encoder(**inputs, **({"output_hidden_states": True} if asks_all else {}))
        if self.recipe.pool == POOLER:
            vectors = outputs.pooler_output.float()
        else:
            hidden = combined([self._state(outputs, number) for number in self.recipe.layers], self.recipe.combine)
            vectors = self._pooled(hidden, inputs["attention_mask"])
        return {"vectors": nn.functional.normalize(vectors, dim=-1) if self.recipe.normalize else vectors}

    def _state(self, outputs: Any, number: int) -> Tensor:
        """(B, T, H)"""
        state: Tensor = outputs.last_hidden_state if number == self.last else outputs.hidden_states[number]
        return state.float()

    def _pooled(self, hidden: Tensor, mask: Tensor) -> Tensor:
        if self.recipe.pool == CLS and self.cls_is_last:
            return hidden[torch.arange(len(hidden), device=hidden.device), mask.sum(1) - 1]
        return POOLINGS[self.recipe.pool](hidden, mask)


def largest_of_tokens(hidden: Tensor, mask: Tensor) -> Tensor:
    return hidden.masked_fill(mask[..., None] == 0, -torch.inf).amax(1)


def _mean_and_largest(hidden: Tensor, mask: Tensor) -> Tensor:
    return torch.cat([mean_of_tokens(hidden, mask), largest_of_tokens(hidden, mask)], dim=-1)


POOLINGS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    CLS: lambda hidden, mask: hidden[:, 0],
    MEAN: mean_of_tokens,
    MAX: largest_of_tokens,
    MEAN_MAX: _mean_and_largest,
    FIRST_LAST: mean_of_tokens,
    NONE: lambda hidden, mask: hidden,
}
"""Hidden states (B, T, H) and mask (B, T) -> vectors."""
