"""Recurrent layers as the operators that onnxruntime has for them. Followed step by step, as any other layer is, one would become
a graph for texts of one length.

ONNX orders the gates otherwise than torch: an LSTM's are input, output, forget, cell there; a GRU's update before reset."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

OPERATORS_OF = {"LSTM": ("LSTM", (0, 3, 1, 2)), "GRU": ("GRU", (1, 0, 2)), "RNN_TANH": ("RNN", (0,))}
"""torch's name of a layer -> ONNX's operator, and where each of its gates stands in torch's weights."""


class RecurrentOperator(nn.Module):
    """Stands where one layer that reads one way did, while a network is followed; it computes nothing itself."""

    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor
    bias_hh: Tensor

    def __init__(self, layer: nn.RNNBase) -> None:
        super().__init__()
        several = layer.num_layers != 1 or layer.bidirectional or layer.proj_size
        if several or not (layer.bias and layer.batch_first) or layer.mode not in OPERATORS_OF:
            raise ValueError(f"a layer {layer.mode} of another form than bertft's own")
        self.operator, gates = OPERATORS_OF[layer.mode]
        self.units = layer.hidden_size
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            parts = getattr(layer, f"{name}_l0").detach().chunk(len(gates))
            self.register_buffer(name, torch.cat([parts[gate] for gate in gates])[None])

    def forward(self, given: Tensor) -> tuple[Tensor, None]:
        """(B, T, E) -> (B, T, H), as nn.LSTM gives it, without its last state."""
        rows, length = given.shape[:2]
        how: dict[str, Any] = {"hidden_size": self.units}
        if self.operator == "GRU":
            how["linear_before_reset"] = 1  # as torch's has it
        bias = torch.cat([self.bias_ih, self.bias_hh], dim=1)  # (1, 2 G)
        read = torch.onnx.ops.symbolic(
            self.operator,
            (given.transpose(0, 1), self.weight_ih, self.weight_hh, bias),
            how,
            dtype=given.dtype,
            shape=(length, 1, rows, self.units),
            version=14,
        )
        return read.squeeze(1).transpose(0, 1), None  # (T, 1, B, H) -> (B, T, H)


def with_recurrent_operators(network: nn.Module) -> nn.Module:
    """The same network; it is of no other use afterwards."""
    for part in list(network.modules()):
        for name, layer in list(part.named_children()):
            if isinstance(layer, nn.RNNBase):
                setattr(part, name, RecurrentOperator(layer))
    return network
