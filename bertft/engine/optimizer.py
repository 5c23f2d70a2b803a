"""AdamW and its schedule, as the BERT paper has them: no decay on biases and LayerNorm, warm-up, then down."""

from __future__ import annotations

from typing import Any

import torch

from bertft.model.layers import layer_of_parameters
from bertft.recipe import Recipe


def build_optimizer(network: Any, recipe: Recipe) -> torch.optim.AdamW:
    """AdamW over the trainable weights; fused where torch has it."""
    fused = all(parameter.is_floating_point() for parameter in network.parameters())
    return torch.optim.AdamW(parameter_groups(network, recipe), lr=recipe.learning_rate, fused=fused)


def parameter_groups(network: Any, recipe: Recipe) -> list[dict[str, Any]]:
    """One group per layer rate and decay. Matrices decay; biases and LayerNorm, which are vectors, do not."""
    layers = layer_of_parameters(network)
    top = max(layers.values())
    groups: dict[tuple[int, bool], list[Any]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            depth = top - layers[name] if recipe.layer_decay < 1 else 0
            decays = parameter.ndim > 1 and "bias" not in name  # MPNet's relative bias is a matrix
            groups.setdefault((depth, decays), []).append(parameter)
    return [
        {
            "params": parameters,
            "lr": recipe.learning_rate * recipe.layer_decay**depth,
            "weight_decay": recipe.weight_decay if decays else 0.0,
        }
        for (depth, decays), parameters in groups.items()
    ]


def build_schedule(optimizer: Any, recipe: Recipe, total_steps: int) -> Any:
    """transformers' schedule of that name; warm-up is a share of all steps."""
    from transformers import get_scheduler

    warmup = round(recipe.warmup * total_steps)
    return get_scheduler(recipe.scheduler, optimizer, num_warmup_steps=warmup, num_training_steps=total_steps)
