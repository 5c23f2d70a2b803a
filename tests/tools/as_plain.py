"""What a network computes and learns on one batch, to be held against what another one does."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from bertft.fast.masks import DropoutMasks


def learned(
    network: Any, inputs: dict[str, Tensor], masks: DropoutMasks, *, bf16: bool
) -> tuple[Tensor, dict[str, Tensor]]:
    """The outputs at the tokens, and the gradient of every weight."""
    network.zero_grad()
    with masks, torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
        found = network(**inputs)
    outputs = [value.float() for value in found.values()]
    if outputs[0].shape[:2] == inputs["input_ids"].shape:
        seen = inputs["attention_mask"].bool()
        outputs = [value[seen] for value in outputs]
    together = torch.cat([value.flatten() for value in outputs])
    (together * torch.linspace(-1, 1, len(together))).sum().backward()
    return together.detach(), {
        name: weight.grad for name, weight in network.named_parameters() if weight.grad is not None
    }


def assert_close(one: Any, other: Any, *, tolerance: float) -> None:
    """Outputs, and gradients by their norm, relative to the largest layer's."""
    assert torch.allclose(one[0], other[0], atol=tolerance, rtol=tolerance)
    assert one[1].keys() == other[1].keys()
    largest = max(float(gradient.norm()) for gradient in one[1].values())
    for name, gradient in one[1].items():
        apart = float((gradient - other[1][name]).norm())
        assert apart <= tolerance * max(float(gradient.norm()), 0.01 * largest), name
