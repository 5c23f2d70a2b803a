"""Multiplications and additions of one forward pass, each counted: a product of (N, H) and (H, K) takes 2 N H K. Sums, LayerNorm
and softmax are left out, as in torch's own counter; together they are few. Training takes three times as many: the gradients of
inputs and of weights are products of the same size."""

from __future__ import annotations

from typing import Any

from bertft.counting.families import HEAD_FORMULAS, values_of

KIN = ("bert", "roberta", "xlm-roberta", "camembert", "distilbert", "electra", "albert")
"""Families whose layers compute alike."""

TRAINING = 3


def operations(config: Any, head: str, labels: int, length: int) -> int | None:
    """Of one text of so many tokens; None where they are not known."""
    if config.model_type not in KIN or head not in HEAD_FORMULAS[config.model_type]:
        return None
    size = values_of(config, labels)
    hidden, between = size["H"], size["I"]
    layer = length * (4 * hidden**2 + 2 * hidden * between) + 2 * length**2 * hidden
    layers = int(config.num_hidden_layers) * int(getattr(config, "inner_group_num", 1))
    return 2 * (layers * layer + _projection(config, size, length) + _head(config, head, size, length))


def _projection(config: Any, size: dict[str, int], length: int) -> int:
    needed = config.model_type == "albert" or size["E"] != size["H"]
    return length * size["E"] * size["H"] if needed else 0


def _head(config: Any, head: str, size: dict[str, int], length: int) -> int:
    """Products above the encoder. A pooler, and the layer of a classifier, read one token."""
    hidden, narrow, family = size["H"], size["E"], config.model_type
    masks = length * (hidden * narrow + narrow * size["V"])
    if head == "pretraining" and family == "electra":
        return length * (hidden**2 + hidden)
    found = {
        "none": 0 if family in ("distilbert", "electra") else hidden**2,
        "sequence": hidden**2 + size["K"] * hidden,
        "token": length * size["K"] * hidden,
        "qa": length * size["K"] * hidden,
        "mlm": masks,
        "pretraining": masks + hidden**2 + 2 * hidden,
    }
    return found[head]
