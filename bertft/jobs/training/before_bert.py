"""What goes together with a network from before BERT, and what does not. UsageError with the way out for what does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bertft import console
from bertft.classic.models import CLASSICS
from bertft.errors import UsageError
from bertft.jobs.requests import TrainRequest
from bertft.model.backbone import Backbone
from bertft.model.families import FAMILIES, FROM_SCRATCH, Family, families_for
from bertft.plan.recipe import OF_PRETRAINED, Recipe


def check_family(backbone: Backbone, kind: str, *, pair: bool) -> None:
    """Whether the backbone, if it is one of these networks, is for such a task."""
    family = backbone.family
    if family is None:
        return
    others = ", ".join(families_for(kind, pair=pair))
    instead = f"For this task there are {others}, and BERT." if others else "For this task there is BERT (minilm)."
    if kind not in family.kinds:
        raise UsageError(f"--model {backbone.name} is for {' and '.join(family.kinds)}; this task is {kind}. {instead}")
    if family.reads_pairs_only and not pair:
        raise UsageError(
            f"--model {backbone.name} compares two texts, and these rows have one. Name the second column with --text-pair. "
            f"{instead}"
        )


def meant_for(backbone: Backbone, config: Mapping[str, Any]) -> dict[str, Any]:
    """[recipe] of a config file without what it says of training another sort of model: rates for BERT teach a network from
    before it nothing, and its rates ruin BERT. What is left out is said."""
    recipe, planned = dict(config.get("recipe", {})), config.get("model", {}).get("name")
    from_before = planned in FAMILIES or planned in CLASSICS
    if planned in (None, backbone.name) or not (from_before or backbone.family or backbone.classic):
        return recipe
    if left := [name for name in recipe if name in OF_PRETRAINED or name in FROM_SCRATCH]:
        console.note(f"--config is of {planned}: left out for {backbone.name}: {', '.join(left)}.")
    return {name: value for name, value in recipe.items() if name not in left}


def check_network(backbone: Backbone, said: Mapping[str, Any]) -> None:
    """Settings of the network that mean nothing to it, or come too late."""
    for name in said:
        flag = f"--{name.replace('_', '-')}"
        if backbone.family and not backbone.is_new:
            raise UsageError(f"{flag}: {backbone.name} is trained already and stays as it is. Leave it out.")
        if backbone.family is None or name not in backbone.family.settings:
            takers = ", ".join(one.name for one in FAMILIES.values() if name in one.settings)
            raise UsageError(
                f"{flag} is for {takers}; this is {backbone.name}. Leave it out, or name one with --model."
            )


def check_training(request: TrainRequest, recipe: Recipe, family: Family) -> None:
    """Settings of training that would have no effect."""
    typed: Mapping[str, Any] = request.recipe
    if recipe.few_shot:
        raise UsageError(
            f"--few-shot changes what a pre-trained encoder knows; {family.name} knows nothing. Leave it out."
        )
    if typed.get("head_start") == "probe":
        raise UsageError(
            f"--head-start probe: {family.name} knows nothing that a head could be fitted on. Leave it out."
        )
    if typed.get("precision") in ("bf16", "fp16"):
        raise UsageError(f"--precision {typed['precision']}: {family.name} is computed in fp32. Leave it out.")
