"""Losses per example, so that the engine can weigh, sum and average them over batches of any size.

Each takes logits and targets and gives (losses, weights), both (B,): the batch's loss is sum(losses) / sum(weights).
Computed in fp32 whatever the logits' precision.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

Loss = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def cross_entropy(logits: Tensor, targets: Tensor, *, weights: Tensor | None, smoothing: float) -> tuple[Tensor, Tensor]:
    """logits (B, K), targets (B,) class numbers, weights (K,). As torch's CrossEntropyLoss, mean over the weights."""
    logits = logits.float()
    device_weights = None if weights is None else weights.to(logits.device)
    losses = functional.cross_entropy(
        logits, targets, weight=device_weights, label_smoothing=smoothing, reduction="none"
    )
    return losses, torch.ones_like(losses) if device_weights is None else device_weights[targets]


def binary_cross_entropy(logits: Tensor, targets: Tensor, *, weights: Tensor | None, smoothing: float) -> tuple[Tensor, Tensor]:
    """logits and targets (B, K), targets 0 or 1; weights (K,) multiply the loss where the label is set. Mean over labels."""
    targets = targets.float() * (1 - smoothing) + smoothing / 2
    device_weights = None if weights is None else weights.to(logits.device)
    losses = functional.binary_cross_entropy_with_logits(
        logits.float(), targets, pos_weight=device_weights, reduction="none"
    ).mean(dim=1)  # (B, K) -> (B,)
    return losses, torch.ones_like(losses)


def squared_error(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """logits (B, 1), targets (B,) numbers."""
    losses = (logits.float().squeeze(-1) - targets.float()) ** 2  # (B, 1) -> (B,)
    return losses, torch.ones_like(losses)


def sequence_loss(problem: str, *, weights: Tensor | None, smoothing: float) -> Loss:
    """The loss of a sequence task; `problem` is single-label, multi-label or regression."""
    if problem == "regression":
        return squared_error
    loss = cross_entropy if problem == "single-label" else binary_cross_entropy
    return partial(loss, weights=weights, smoothing=smoothing)
