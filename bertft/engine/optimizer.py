"""AdamW and its schedule, as the BERT paper has them: no decay on biases and LayerNorm, warm-up, then down."""

from __future__ import annotations

from typing import Any

import torch

from bertft import fast
from bertft.model.extras import extra_of
from bertft.model.layers import layer_of_parameters
from bertft.plan.recipe import Recipe
from bertft.protocols import Network


def build_optimizer(network: Network, recipe: Recipe, groups: list[dict[str, Any]] | None = None) -> torch.optim.AdamW:
    """AdamW over the trainable weights; fused where torch has it. `groups`: None for the recipe's."""
    fused = all(parameter.is_floating_point() for parameter in network.parameters())
    groups = parameter_groups(network, recipe) if groups is None else groups
    optimizer = torch.optim.AdamW(groups, lr=recipe.rate, fused=fused)
    fast.follow_steps(network, optimizer)
    return optimizer


def parameter_groups(network: Network, recipe: Recipe) -> list[dict[str, Any]]:
    """One group per layer rate and decay. Matrices decay; biases and LayerNorm, which are vectors, do not. Extras
    learn at the head's rate."""
    layers = layer_of_parameters(network)
    top = max(layers.values())
    groups: dict[tuple[float, bool], list[Any]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            extra = extra_of(network, name)
            rate = recipe.rate * recipe.layer_decay ** (top - layers[name])
            rate = rate if extra is None or extra.freezes else recipe.head_learning_rate
            is_matrix = parameter.ndim > 1 and "bias" not in name  # MPNet's relative bias has two dimensions
            decays = is_matrix and (extra is None or extra.decays)
            groups.setdefault((rate, decays), []).append(parameter)
    return [
        {
            "params": parameters,
            "lr": rate,
            "weight_decay": recipe.weight_decay if decays else 0.0,
        }
        for (rate, decays), parameters in groups.items()
    ]


def build_schedule(optimizer: Any, recipe: Recipe, total_steps: int) -> Any:
    """transformers' schedule of that name; warm-up is a share of all steps."""
    from transformers import get_scheduler

    warmup = round(recipe.warmup * total_steps)
    return get_scheduler(recipe.scheduler, optimizer, num_warmup_steps=warmup, num_training_steps=total_steps)
