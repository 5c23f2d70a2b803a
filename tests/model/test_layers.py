"""Which weights belong to which layer: counted, frozen and slowed down exactly as said, in several families."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import FAMILIES

from bertft.engine.optimizer import build_optimizer, parameter_groups
from bertft.errors import UsageError
from bertft.model.backbone import find_backbone
from bertft.model.layers import count_parameters, freeze, layer_of_parameters
from bertft.model.losses import on_logits, sequence_loss
from bertft.model.network import Head, build_network
from bertft.plan.recipe import Recipe

Backbones = Callable[[str], Path]
DEPTH = {"albert": 1}
"""Layers with weights of their own: ALBERT's two share theirs. All the others have two."""


def build(backbones: Backbones, family: str) -> Any:
    loss = sequence_loss("single-label", weights=None, smoothing=0.0)
    torch.manual_seed(0)
    head = Head("text-classification", "single-label", ("a", "b"), on_logits(loss))
    return build_network(find_backbone(str(backbones(family))), head)


def layer_by_eye(name: str, depth: int) -> int:
    """As somebody reads the name, without knowing the code."""
    if "pooler" in name or "classifier" in name or name.startswith("head."):
        return depth + 1
    for number in range(depth):
        if any(f"{word}.{number}." in name for word in ("layer", "layers", "albert_layer_groups")):
            return number + 1
    return depth if "final_norm" in name else 0


@pytest.mark.parametrize("family", FAMILIES)
def test_every_parameter_is_in_the_layer_that_its_name_says(backbones: Backbones, family: str) -> None:
    network, depth = build(backbones, family), DEPTH.get(family, 2)
    found = layer_of_parameters(network)
    assert found == {name: layer_by_eye(name, depth) for name, _ in network.named_parameters()}
    assert set(found.values()) == set(range(depth + 2))


@pytest.mark.parametrize("what", [None, "embeddings", "1", "2", "encoder"])
@pytest.mark.parametrize("family", FAMILIES)
def test_exactly_the_frozen_weights_stay_as_they_were(backbones: Backbones, family: str, what: str | None) -> None:
    network, depth = build(backbones, family), DEPTH.get(family, 2)
    if what == "2" and depth == 1:
        pytest.skip("one layer only")
    freeze(network, what)
    before = {name: parameter.detach().clone() for name, parameter in network.named_parameters()}
    two_steps(network)
    still = {name for name, parameter in network.named_parameters() if torch.equal(parameter, before[name])}
    deepest = {None: -1, "embeddings": 0, "encoder": depth}.get(what, int(what or 0) if (what or "").isdigit() else 0)
    assert still == {name for name in before if layer_by_eye(name, depth) <= deepest}
    trainable = sum(parameter.numel() for name, parameter in before.items() if name not in still)
    assert count_parameters(network) == (sum(p.numel() for p in before.values()), trainable)


def two_steps(network: Any) -> None:
    """On random tokens; every position and segment occurs, so every weight has a gradient."""
    optimizer = build_optimizer(network, Recipe(learning_rate=1e-3))
    torch.manual_seed(1)
    ids = torch.randint(5, 50, (4, 32))
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    network.train()
    for _ in range(2):
        logits = network(**inputs).logits
        torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1, 1, 0])).backward()
        optimizer.step()
        optimizer.zero_grad()


def test_freezing_more_layers_than_there_are_is_refused(backbones: Backbones) -> None:
    with pytest.raises(UsageError, match=r"--freeze 3: this backbone has 2 layers"):
        freeze(build(backbones, "bert"), "3")


def rates(network: Any, recipe: Recipe) -> dict[str, tuple[float, float]]:
    """Name -> learning rate and weight decay."""
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    groups = parameter_groups(network, recipe)
    found = {names[id(p)]: (group["lr"], group["weight_decay"]) for group in groups for p in group["params"]}
    assert sum(len(group["params"]) for group in groups) == len(found)
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_layer_decay_slows_each_layer_against_the_one_above(backbones: Backbones, family: str) -> None:
    network, depth = build(backbones, family), DEPTH.get(family, 2)
    found = rates(network, Recipe(learning_rate=1e-3, layer_decay=0.5))
    assert set(found) == {name for name, _ in network.named_parameters()}
    for name, (rate, _) in found.items():
        assert rate == pytest.approx(1e-3 * 0.5 ** (depth + 1 - layer_by_eye(name, depth))), name


@pytest.mark.parametrize("family", FAMILIES)
def test_what_decays_is_what_the_trainer_of_transformers_decays(backbones: Backbones, family: str) -> None:
    from transformers import Trainer

    network = build(backbones, family)
    wanted = set(Trainer.get_decay_parameter_names(None, network))  # type: ignore[arg-type]
    found = rates(network, Recipe(weight_decay=0.01))
    assert {name for name, (_, decay) in found.items() if decay == 0.01} == wanted
    assert {decay for name, (_, decay) in found.items() if name not in wanted} == {0.0}


@pytest.mark.parametrize("family", FAMILIES)
def test_frozen_weights_are_not_in_the_optimizer(backbones: Backbones, family: str) -> None:
    network = build(backbones, family)
    freeze(network, "embeddings")
    assert set(rates(network, Recipe())) == {name for name, p in network.named_parameters() if p.requires_grad}
