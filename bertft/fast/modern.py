"""Takes over the `forward` of ModernBERT's encoder, where its layers are as they were published; its heads stay transformers'."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from bertft.fast.masks import DropoutMasks
from bertft.fast.packing import Layout
from bertft.fast.prenorm import PreNormLayer, PreNormPass, prenorm_parts_of
from bertft.fast.reach import Reach, layout_for


def use_fast_prenorm_layers(network: Any) -> bool:
    """Let a ModernBERT of transformers compute its encoder here; whether it does from now on."""
    config, base = network.config, network.base_model
    if isinstance(base, FastModern):
        return True
    if config.model_type != "modernbert" or config.output_attentions or config.output_hidden_states:
        return False
    parts = [prenorm_parts_of(layer) for layer in base.layers]
    if any(found is None for found in parts):
        return False
    own = type(base)
    signature = {
        "__module__": own.__module__,
        "__qualname__": own.__qualname__,
    }  # by which transformers knows its outputs
    base.__class__ = type(own.__name__, (FastModern, own), signature)
    base.fast_layers = [PreNormLayer(found) for found in parts if found]
    pools_first = getattr(config, "classifier_pooling", None) == "cls"
    base.first_only = pools_first and type(network).__name__.endswith("ForSequenceClassification")
    return True


class FastModern(nn.Module):
    """Comes before the encoder's own class, whose `forward` it calls where it cannot help."""

    config: Any
    embeddings: Any
    rotary_emb: Any
    final_norm: nn.LayerNorm
    fast_layers: list[PreNormLayer]
    first_only: bool
    """Whether nobody reads the output at other tokens than the first."""

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Any = None,
        position_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        **others: Any,
    ) -> Any:
        """As transformers': last_hidden_state (B, T, H), or (B, 1, H) of the first tokens only. What stands on padding means
        nothing, and must get no gradient."""
        if position_ids is not None or not self._can_help(attention_mask, others):
            return super().forward(input_ids, attention_mask, position_ids, inputs_embeds, **others)
        from transformers.modeling_outputs import BaseModelOutput

        embedded = self.embeddings(input_ids=input_ids, inputs_embeds=inputs_embeds)  # (B, T, H)
        dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else embedded.dtype
        with torch.autocast("cpu", enabled=False), torch._C.DisableTorchFunction():
            layout = layout_for(None if attention_mask is None else attention_mask.bool(), *embedded.shape[:2])
            run = PreNormPass(layout, dtype, self.training, self._reach(layout, embedded, dtype))
            hidden = self.final_norm(self._through_layers(layout.pack(embedded).float(), run))
            whole = hidden[:, None] if self.first_only else layout.pad(hidden)
        return BaseModelOutput(last_hidden_state=whole)

    def _can_help(self, mask: Any, others: dict[str, Any]) -> bool:
        """A mask of pairs of tokens, or of none but padding on the left, is transformers' business; so are wishes for more."""
        known = mask is None or (isinstance(mask, Tensor) and mask.ndim == 2 and bool(mask[:, 0].all()))
        wishes = any(
            value is not None and value is not False for name, value in others.items() if name != "return_dict"
        )
        asks_more = wishes or others.get("return_dict") is False or self.gradient_checkpointing
        weight = self.embeddings.norm.weight
        fits = weight.device.type == "cpu" and weight.dtype == torch.float32
        return known and not asks_more and fits and not (self.training and DropoutMasks.active is None)

    def _reach(self, layout: Layout, embedded: Tensor, dtype: torch.dtype) -> dict[str, Reach]:
        """What each kind of layer sees."""
        at = layout.at % layout.width
        found = {}
        for kind in set(self.config.layer_types):
            cos, sin = self.rotary_emb(embedded, torch.arange(layout.width)[None], kind)  # (1, T, d)
            window = self.config.sliding_window if kind == "sliding_attention" else None
            found[kind] = Reach(layout, window, cos[0].index_select(0, at), sin[0].index_select(0, at), dtype)
        return found

    def _through_layers(self, hidden: Tensor, run: PreNormPass) -> Tensor:
        for layer in self.fast_layers[:-1]:
            hidden = layer(hidden, run)
        return self.fast_layers[-1](hidden, run, first_only=self.first_only)
