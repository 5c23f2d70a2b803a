"""Losses per example, so that the engine can sum and average them over batches of any size, pieces and processes.

A head's cost takes the network's outputs and the targets; a loss here takes logits and targets. Both give (B,) losses, in fp32 whatever the logits' precision. A class weight multiplies its
examples' losses; the mean is over examples, not over weights, so that it does not depend on how a batch is cut up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from torch import Tensor
from torch.nn import functional

Loss = Callable[[Tensor, Tensor], Tensor]
Cost = Callable[[Mapping[str, Tensor], Tensor], Tensor]


def on_logits(loss: Loss) -> Cost:
    """A loss as the cost of a network whose only output is `logits`."""
    return lambda outputs, targets: loss(outputs["logits"], targets)


def cross_entropy(logits: Tensor, targets: Tensor, *, weights: Tensor | None, smoothing: float) -> Tensor:
    """logits (B, K), targets (B,) class numbers, weights (K,)."""
    weights = None if weights is None else weights.to(logits.device)
    return functional.cross_entropy(
        logits.float(), targets, weight=weights, label_smoothing=smoothing, reduction="none"
    )


def binary_cross_entropy(logits: Tensor, targets: Tensor, *, weights: Tensor | None, smoothing: float) -> Tensor:
    """logits and targets (B, K), targets 0 or 1; weights (K,) multiply the loss where a label is set. Mean over labels."""
    targets = targets.float() * (1 - smoothing) + smoothing / 2
    weights = None if weights is None else weights.to(logits.device)
    losses = functional.binary_cross_entropy_with_logits(logits.float(), targets, pos_weight=weights, reduction="none")
    return losses.mean(dim=1)  # (B, K) -> (B,)


def squared_error(logits: Tensor, targets: Tensor) -> Tensor:
    """logits (B, 1), targets (B,) numbers."""
    return (logits.float().squeeze(-1) - targets.float()) ** 2  # (B, 1) -> (B,)


def sequence_loss(problem: str, *, weights: Tensor | None, smoothing: float) -> Loss:
    """The loss of a sequence task; `problem` is single-label, multi-label or regression."""
    if problem == "regression":
        return squared_error
    loss = cross_entropy if problem == "single-label" else binary_cross_entropy
    return partial(loss, weights=weights, smoothing=smoothing)
