"""What a layer of BERT consists of, found in the layers of its kin, which name the same parts differently."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn


@dataclass(frozen=True)
class Parts:
    """Post-norm, as in the BERT paper."""

    query: nn.Linear
    key: nn.Linear
    value: nn.Linear
    out: nn.Linear
    attention_norm: nn.LayerNorm
    up: nn.Linear
    down: nn.Linear
    output_norm: nn.LayerNorm
    heads: int
    attention_dropout: float
    read_dropout: float
    output_dropout: float


def parts_of(layer: Any, family: str) -> Parts | None:
    """None for a layer that is not known to be BERT's."""
    try:
        found = _distilbert(layer) if family == "distilbert" else _bert(layer)
    except AttributeError:
        return None
    if any(part._forward_hooks or part._forward_pre_hooks for part in layer.modules()):
        return None  # an extra looks in, as LoRA does
    linear = (found.query, found.key, found.value, found.out, found.up, found.down)
    norms = (found.attention_norm, found.output_norm)
    plain = all(type(part) is nn.Linear and part.bias is not None for part in linear)
    return found if plain and all(type(norm) is nn.LayerNorm for norm in norms) else None


def _bert(layer: Any) -> Parts:
    attention, read = layer.attention.self, layer.attention.output
    return Parts(
        query=attention.query,
        key=attention.key,
        value=attention.value,
        out=read.dense,
        attention_norm=read.LayerNorm,
        up=layer.intermediate.dense,
        down=layer.output.dense,
        output_norm=layer.output.LayerNorm,
        heads=attention.num_attention_heads,
        attention_dropout=attention.dropout.p,
        read_dropout=read.dropout.p,
        output_dropout=layer.output.dropout.p,
    )


def _distilbert(layer: Any) -> Parts:
    attention, ffn = layer.attention, layer.ffn
    return Parts(
        query=attention.q_lin,
        key=attention.k_lin,
        value=attention.v_lin,
        out=attention.out_lin,
        attention_norm=layer.sa_layer_norm,
        up=ffn.lin1,
        down=ffn.lin2,
        output_norm=layer.output_layer_norm,
        heads=attention.n_heads,
        attention_dropout=attention.dropout.p,
        read_dropout=0.0,
        output_dropout=ffn.dropout.p,
    )
