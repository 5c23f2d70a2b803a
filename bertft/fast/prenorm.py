"""One layer of ModernBERT over packed tokens (N, H): norms before, rotary positions, a gated feed-forward part, no biases.
Warner et al. 2024 (arXiv 2412.13663)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from bertft.fast.dropping import Dropped, drop_attention, drop_hidden
from bertft.fast.gating import gelu_gated
from bertft.fast.layer import Pass
from bertft.fast.linear import Linear
from bertft.fast.reach import Reach


@dataclass(frozen=True)
class PreNormPass(Pass):
    """What all layers of one forward pass share."""

    reach: Mapping[str, Reach]
    """By the name of a kind of attention."""


@dataclass(frozen=True)
class PreNormParts:
    """What a layer consists of."""

    attention_norm: nn.LayerNorm | nn.Identity
    query_key_value: nn.Linear
    out: nn.Linear
    output_norm: nn.LayerNorm
    up: nn.Linear
    down: nn.Linear
    heads: int
    attention: str
    attention_dropout: float
    read_dropout: float
    between_dropout: float


def prenorm_parts_of(layer: Any) -> PreNormParts | None:
    """None for a layer that is not known to be ModernBERT's, or that something looks into, as LoRA does."""
    if type(layer).__name__ != "ModernBertEncoderLayer" or type(layer.mlp.act).__name__ != "GELUActivation":
        return None
    if any(part._forward_hooks or part._forward_pre_hooks for part in layer.modules()):
        return None
    attention, mlp = layer.attn, layer.mlp
    linear = (attention.Wqkv, attention.Wo, mlp.Wi, mlp.Wo)
    norms = (layer.mlp_norm, *([] if type(layer.attn_norm) is nn.Identity else [layer.attn_norm]))
    if any(type(part) is not nn.Linear for part in linear) or any(type(norm) is not nn.LayerNorm for norm in norms):
        return None
    return PreNormParts(
        attention_norm=layer.attn_norm,
        query_key_value=attention.Wqkv,
        out=attention.Wo,
        output_norm=layer.mlp_norm,
        up=mlp.Wi,
        down=mlp.Wo,
        heads=attention.Wqkv.in_features // attention.head_dim,
        attention=layer.attention_type,
        attention_dropout=float(attention.attention_dropout),
        read_dropout=float(getattr(attention.out_drop, "p", 0.0)),
        between_dropout=float(mlp.drop.p),
    )


class PreNormLayer:
    """A layer's parts, put together for speed."""

    def __init__(self, parts: PreNormParts) -> None:
        self.parts = parts
        self.query_key_value, self.out = Linear(parts.query_key_value), Linear(parts.out)
        self.up, self.down = Linear(parts.up), Linear(parts.down)

    def __call__(self, hidden: Tensor, run: PreNormPass, *, first_only: bool = False) -> Tensor:
        """(N, H) -> (N, H), or (B, H): the texts' first tokens, for which alone it is then computed."""
        parts, layout = self.parts, run.layout
        read = self._read(hidden, run, first_only=first_only)
        residual = hidden.index_select(0, layout.first) if first_only else hidden
        dropped = drop_hidden(layout, hidden.shape[1], parts.read_dropout * run.training, first_only=first_only)
        hidden = residual + _without(dropped, self.out(read, run.dtype))
        between = gelu_gated(self.up(parts.output_norm(hidden), run.dtype))  # (N, I)
        dropped = drop_hidden(layout, between.shape[1], parts.between_dropout * run.training, first_only=first_only)
        return hidden + self.down(_without(dropped, between), run.dtype)

    def _read(self, hidden: Tensor, run: PreNormPass, *, first_only: bool) -> Tensor:
        """What every token reads, or each text's first."""
        parts = self.parts
        dropout = parts.attention_dropout * run.training
        dropped = drop_attention(run.layout, parts.heads, dropout, first_only=first_only)
        together = self.query_key_value(parts.attention_norm(hidden), run.dtype)
        reach = run.reach[parts.attention]
        read = reach.read_first if first_only else reach.read
        return read(together, heads=parts.heads, dropped=dropped)


def _without(dropped: Dropped | None, values: Tensor) -> Tensor:
    return values if dropped is None else values * dropped.keep.to(values.dtype) * dropped.scale
