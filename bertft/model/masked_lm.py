"""A network of transformers that fills masks, made to compute its vocabulary projection only where a token is asked for.

The head costs as much as several layers: hidden size times vocabulary, for each token. Of seven tokens six are not asked for.
What is saved, and how transformers opens it, stays the same: the class keeps its name and its parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bertft.model.losses import IGNORED
from bertft.protocols import Network


class ReadsChosen(nn.Module):
    """Comes before the network's own class, whose `forward` it calls."""

    def forward(self, chosen: Tensor | None = None, **inputs: Any) -> Any:
        """`chosen` (B, T), true where a token is asked for -> logits (M, V) of these tokens, text by text. Without it the network
        answers as transformers wrote it, (B, T, V)."""
        if chosen is None:
            return super().forward(**inputs)

        def only_chosen(module: nn.Module, given: Any, outputs: Any) -> Any:
            outputs["last_hidden_state"] = outputs["last_hidden_state"][chosen][None]  # (B, T, H) -> (1, M, H)
            return outputs

        hook = self.base_model.register_forward_hook(only_chosen)  # type: ignore[union-attr]
        try:
            outputs = super().forward(**inputs)
        finally:
            hook.remove()
        return {"logits": outputs["logits"][0]}


def read_chosen_only(network: Network) -> Network:
    """The same network, which takes `chosen` from now on."""
    kind = type(network)
    if not isinstance(network, ReadsChosen):
        network.__class__ = type(kind.__name__, (ReadsChosen, kind), {"__module__": kind.__module__})
    return network


def masked_cost(outputs: Mapping[str, Tensor], targets: Tensor) -> Tensor:
    """logits (M, V); targets (B, T), -100 where no token is asked for -> (B,), each text's losses summed up."""
    chosen = targets != IGNORED
    losses = functional.cross_entropy(outputs["logits"].float(), targets[chosen], reduction="none")  # (M,)
    texts = chosen.nonzero()[:, 0]
    return torch.zeros(len(targets), device=losses.device).index_add(0, texts, losses)
