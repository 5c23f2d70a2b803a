"""The network before its first step: backbone and head, what the head reads, and what it knows from the start."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bertft import console
from bertft.adapters import Adapter, Feature
from bertft.engine import resume
from bertft.engine.eval_loop import model_outputs
from bertft.engine.haste import hasten
from bertft.engine.meter import Meter
from bertft.model.backbone import Backbone
from bertft.model.layers import freeze
from bertft.model.network import Head, build_network
from bertft.model.pooling import append_mean_layer
from bertft.model.tagger import transformers_part
from bertft.recipe import Recipe
from bertft.start.warm import Start, straighten_pooler, warm_head
from bertft.system.files import last_whole


def start_network(backbone: Backbone, head: Head, recipe: Recipe) -> Any:
    """The backbone with its new head, seeded, and frozen as the recipe says."""
    from accelerate.utils import set_seed

    set_seed(recipe.seed)
    network = build_network(backbone, head)
    if recipe.pool == "mean":
        append_mean_layer(network)
    freeze(network, recipe.freeze)
    return network


def warm_up(
    network: Any,
    backbone: Backbone,
    head: Head,
    adapter: Adapter,
    features: Sequence[Feature],
    recipe: Recipe,
    accelerator: Any,
) -> bool:
    """Let the head begin as the recipe says; whether it was fitted on the frozen backbone."""
    if has_own_head(backbone, head):
        console.note("The head begins as the checkpoint brings it, for the same labels.")
        return False
    if recipe.head_start == "random":
        return False

    def outputs(part: Any, some: Sequence[Feature]) -> list[Any]:
        with console.progress("", len(some)) as bar:
            return model_outputs(part, adapter, some, accelerator, Meter(), bar)

    network.to(accelerator.device)
    hasten(network, accelerator)
    start = Start(network, head, adapter, features, outputs, recipe.seed)
    if recipe.pool == "mean":
        straighten_pooler(start)
    return warm_head(start, recipe.head_start) is not None


def has_own_head(backbone: Backbone, head: Head) -> bool:
    """Whether the checkpoint was trained for exactly these labels."""
    return bool(backbone.label_names) and backbone.label_names == head.label_names


def has_state(folder: Path) -> bool:
    """Whether a run was begun there that can be gone on with."""
    return last_whole(folder / resume.FOLDER).is_dir()
