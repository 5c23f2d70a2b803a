"""Losses per example, so that the engine can sum and average them over batches of any size, pieces and processes.

A head's cost takes the network's outputs and the targets; a loss here takes logits and targets. Both give (B,) losses, in
fp32 whatever the logits' precision. A class weight multiplies its examples' losses; the mean is over examples, not over
weights, so that it does not depend on how a batch is cut up. A cost may give (B, 2): what is divided by the weight of a step's
examples, and what is divided by their number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from bertft.gold.example import IGNORED
from bertft.kinds import REGRESSION, SINGLE_LABEL
from bertft.model.crf import log_likelihood

Loss = Callable[[Tensor, Tensor], Tensor]
Cost = Callable[[Mapping[str, Tensor], Tensor], Tensor]


def on_logits(loss: Loss) -> Cost:
    """A loss as the cost of a network whose only output is `logits`."""
    return lambda outputs, targets: loss(outputs["logits"], targets)


def cross_entropy(logits: Tensor, targets: Tensor, *, weights: Tensor | None, smoothing: float) -> Tensor:
    """logits (B, K), targets (B,) class numbers, weights (K,)."""
    weights = None if weights is None else weights.to(logits.device, non_blocking=True)
    return functional.cross_entropy(
        logits.float(), targets, weight=weights, label_smoothing=smoothing, reduction="none"
    )


def binary_cross_entropy(logits: Tensor, targets: Tensor, *, weights: Tensor | None, smoothing: float) -> Tensor:
    """logits and targets (B, K), targets 0 or 1; weights (K,) multiply the loss where a label is set. Mean over labels."""
    targets = targets.float() * (1 - smoothing) + smoothing / 2
    weights = None if weights is None else weights.to(logits.device, non_blocking=True)
    losses = functional.binary_cross_entropy_with_logits(logits.float(), targets, pos_weight=weights, reduction="none")
    return losses.mean(dim=1)  # (B, K) -> (B,)


def squared_error(logits: Tensor, targets: Tensor) -> Tensor:
    """logits (B, 1), targets (B,) numbers."""
    return (logits.float().squeeze(-1) - targets.float()) ** 2  # (B, 1) -> (B,)


def sequence_loss(problem: str, *, weights: Tensor | None, smoothing: float) -> Loss:
    """The loss of a text classification; `problem` is single-label, multi-label or regression."""
    if problem == REGRESSION.name:
        return squared_error
    loss = cross_entropy if problem == SINGLE_LABEL.name else binary_cross_entropy
    return partial(loss, weights=weights, smoothing=smoothing)


def tag_cost(*, weights: Tensor | None, smoothing: float) -> Cost:
    """Cross-entropy summed over the words of each row. Targets (B, W, 2): each word's first piece, and its tag."""

    def cost(outputs: Mapping[str, Tensor], targets: Tensor) -> Tensor:
        words = at_words(outputs["logits"], targets[..., 0])  # (B, W, K)
        losses = functional.cross_entropy(
            words.float().transpose(1, 2),  # (B, K, W)
            targets[..., 1],
            weight=None if weights is None else weights.to(words.device, non_blocking=True),
            label_smoothing=smoothing,
            ignore_index=IGNORED,
            reduction="none",
        )
        return losses.sum(dim=1)  # (B, W) -> (B,)

    return cost


def crf_cost(outputs: Mapping[str, Tensor], targets: Tensor) -> Tensor:
    """(B,) what each row's gold tags cost together. Targets as for `tag_cost`."""
    words = at_words(outputs["logits"], targets[..., 0])
    scores = (outputs["start"], outputs["moves"], outputs["end"])
    return -log_likelihood(words.float(), targets[..., 1], targets[..., 0] >= 0, scores)


def two_way_cost(outputs: Mapping[str, Tensor], targets: Tensor) -> Tensor:
    """`losses` (M, 2) of tokens, forward and backward; targets (B, T), IGNORED where no token is asked for -> (B,), each text's
    losses summed up."""
    texts = (targets != IGNORED).nonzero()[:, 0]  # (M,)
    losses = outputs["losses"].float().sum(1)
    return torch.zeros(len(targets), device=losses.device).index_add(0, texts, losses)


def at_words(logits: Tensor, first: Tensor) -> Tensor:
    """The logits (B, T, K) at the words' first pieces (B, W) -> (B, W, K)."""
    return logits.gather(1, first.clamp(min=0)[..., None].expand(-1, -1, logits.shape[-1]))


def class_shares(numbers: Sequence[np.ndarray[Any, Any]], classes: int) -> Tensor:
    """(K,) 'balanced' weights of tags: words / (tags * words with the tag); tags that do not occur weigh 0."""
    flat = np.concatenate([*numbers, np.zeros(0, dtype=np.int64)])
    counts = np.bincount(flat[flat != IGNORED], minlength=classes)
    weights = np.divide(counts.sum(), classes * counts, where=counts > 0, out=np.zeros(classes))
    return torch.tensor(weights, dtype=torch.float32)


def span_cost(outputs: Mapping[str, Tensor], targets: Tensor) -> Tensor:
    """(B,) the mean of the cross-entropies of start and end, as in the BERT paper. Targets (B, 3): their positions in the
    window, and its tokens; beyond those is padding, which has no part in it."""
    beyond = torch.arange(outputs["start_logits"].shape[1], device=targets.device) >= targets[:, 2:]  # (B, T)
    start, end = (outputs[name].float().masked_fill(beyond, -torch.inf) for name in ("start_logits", "end_logits"))
    losses = [
        functional.cross_entropy(logits, targets[:, i], reduction="none") for i, logits in enumerate((start, end))
    ]
    return (losses[0] + losses[1]) / 2
