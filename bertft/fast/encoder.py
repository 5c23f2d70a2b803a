"""Takes over the encoder's `forward` in a network of transformers, where its layers are BERT's; all else stays transformers'."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from bertft.fast.layer import Layer, Pass
from bertft.fast.masks import DropoutMasks
from bertft.fast.packing import key_mask, layout_of
from bertft.model.parts import parts_of

KIN = ("bert", "roberta", "xlm-roberta", "camembert", "electra", "ernie", "distilbert")
"""Families whose layers are BERT's. Their heads for whole texts read the first token's output and no other."""


def use_fast_layers(network: Any) -> bool:
    """Let a network of transformers compute its encoder here; whether it does from now on."""
    config, base = network.config, network.base_model
    encoder = getattr(base, "encoder", None) or getattr(base, "transformer", None)
    layers = getattr(encoder, "layer", None)
    if isinstance(encoder, FastForward):
        return True
    if encoder is None or layers is None or not _is_known(config):
        return False
    parts = [parts_of(layer, config.model_type) for layer in layers]
    if any(found is None for found in parts):
        return False
    encoder.__class__ = type(f"Fast{type(encoder).__name__}", (FastForward, type(encoder)), {})
    encoder.fast_layers = [Layer(found) for found in parts if found]
    encoder.first_only = type(network).__name__.endswith("ForSequenceClassification")
    return True


def _is_known(config: Any) -> bool:
    activation = getattr(config, "hidden_act", None) or getattr(config, "activation", None)
    asks_more = config.output_attentions or config.output_hidden_states or getattr(config, "is_decoder", False)
    absolute = getattr(config, "position_embedding_type", "absolute") in (None, "absolute")
    return config.model_type in KIN and activation == "gelu" and absolute and not asks_more


class FastForward(nn.Module):
    """Comes before the encoder's own class, whose `forward` it calls where it cannot help."""

    fast_layers: list[Layer]
    first_only: bool
    """Whether nobody reads the output at other tokens than the first."""

    def forward(self, hidden_states: Tensor, attention_mask: Tensor | None = None, **others: Any) -> Any:
        """hidden_states (B, T, H), padded on the right -> last_hidden_state (B, T, H), or (B, 1, H) of the first tokens only.
        What stands on padding means nothing, and must get no gradient."""
        from transformers.modeling_outputs import BaseModelOutputWithPastAndCrossAttentions

        asks_more = others.get("output_hidden_states") or others.get("output_attentions")
        if asks_more or hidden_states.device.type != "cpu" or (self.training and DropoutMasks.active is None):
            return super().forward(hidden_states, attention_mask=attention_mask, **others)
        dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else hidden_states.dtype
        with (
            torch.autocast("cpu", enabled=False),
            torch._C.DisableTorchFunction(),
        ):  # DropoutMasks need not look at each call
            run = Pass(layout_of(key_mask(attention_mask), *hidden_states.shape[:2]), dtype, self.training)
            hidden = self._through_layers(run.layout.pack(hidden_states).float(), run)
            whole = hidden[:, None] if self.first_only else run.layout.pad(hidden)
        return BaseModelOutputWithPastAndCrossAttentions(last_hidden_state=whole)

    def _through_layers(self, hidden: Tensor, run: Pass) -> Tensor:
        for layer in self.fast_layers[:-1]:
            hidden = layer(hidden, run)
        return self.fast_layers[-1](hidden, run, first_only=self.first_only)
