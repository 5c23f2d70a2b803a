"""The fast encoder against transformers' own: outputs, losses and gradients, family by family; and what it leaves alone."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from as_plain import assert_close, learned
from conftest import FAMILIES
from torch import Tensor, nn

from bertft.engine.optimizer import build_optimizer
from bertft.fast.encoder import KIN, use_fast_layers
from bertft.fast.masks import DropoutBits, DropoutMasks
from bertft.plan.recipe import Recipe

HEADS = ("SequenceClassification", "TokenClassification", "QuestionAnswering")
FAST = [family for family in FAMILIES if family in KIN]
Backbones = Callable[[str], Path]


def build(folder: Path, head: str, *, dropout: float = 0.1) -> Any:
    torch.manual_seed(0)
    labels = {} if head == "QuestionAnswering" else {"num_labels": 3}
    network = getattr(transformers, f"AutoModelFor{head}").from_pretrained(folder, dtype=torch.float32, **labels)
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = dropout
        if isinstance(module, nn.Linear | nn.LayerNorm):  # so that no bias and no scale is as it was born
            nn.init.normal_(module.bias, std=0.1)
    return network.train()


def fast_copy(network: Any) -> Any:
    fast = copy.deepcopy(network)
    assert use_fast_layers(fast)
    return fast


def batch(*, padded: bool = True) -> dict[str, Tensor]:
    ids = torch.randint(6, 60, (6, 11), generator=torch.Generator().manual_seed(1))
    mask = torch.ones_like(ids)
    for row, length in enumerate((11, 4, 9, 2, 7, 10) if padded else ()):
        mask[row, length:] = 0
    return {"input_ids": ids, "attention_mask": mask}


@pytest.mark.parametrize("family", FAST)
@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("padded", [True, False])
def test_outputs_and_gradients_are_the_plain_ones(backbones: Backbones, family: str, head: str, padded: bool) -> None:
    plain = build(backbones(family), head)
    found = [
        learned(network, batch(padded=padded), DropoutMasks(DropoutBits(1)), bf16=False)
        for network in (plain, fast_copy(plain))
    ]
    assert_close(*found, tolerance=2e-5)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("texts", [1, 4])
def test_a_few_texts_at_once_are_as_good_as_all(
    backbones: Backbones, monkeypatch: pytest.MonkeyPatch, head: str, texts: int
) -> None:
    """Attention in slices of 1, and of 4 and 2."""
    plain = build(backbones("bert"), head)
    monkeypatch.setattr("bertft.fast.attention._AT_ONCE", texts * plain.config.num_attention_heads * 11 * 11)
    found = [
        learned(network, batch(), DropoutMasks(DropoutBits(1)), bf16=False) for network in (plain, fast_copy(plain))
    ]
    assert_close(*found, tolerance=2e-5)


@pytest.mark.parametrize("family", FAST)
@pytest.mark.parametrize("head", HEADS)
def test_in_bf16_they_are_as_near_to_fp32_as_autocast(backbones: Backbones, family: str, head: str) -> None:
    plain = build(backbones(family), head)
    exact = learned(plain, batch(), DropoutMasks(DropoutBits(1)), bf16=False)
    autocast = learned(plain, batch(), DropoutMasks(DropoutBits(1)), bf16=True)
    fast = learned(fast_copy(plain), batch(), DropoutMasks(DropoutBits(1)), bf16=True)

    def off(found: Any) -> float:
        return sum(float((found[1][name] - gradient).norm()) for name, gradient in exact[1].items())

    assert off(fast) <= 1.3 * off(autocast)


@pytest.mark.parametrize("family", FAST)
@pytest.mark.parametrize("frozen", ["embeddings", "layer.0", "attention", "bias", "LayerNorm"])
def test_frozen_weights_get_no_gradient_and_the_others_get_theirs(
    backbones: Backbones, family: str, frozen: str
) -> None:
    plain = build(backbones(family), "TokenClassification")
    for name, weight in plain.named_parameters():
        weight.requires_grad_(frozen not in name)
    found = [
        learned(network, batch(), DropoutMasks(DropoutBits(1)), bf16=False) for network in (plain, fast_copy(plain))
    ]
    assert all(frozen not in name for name in found[1][1])
    assert_close(*found, tolerance=2e-5)


@pytest.mark.parametrize("family", FAST)
@pytest.mark.parametrize("head", HEADS)
def test_answers_are_the_plain_ones(backbones: Backbones, family: str, head: str) -> None:
    plain = build(backbones(family), head).eval()
    fast, inputs = fast_copy(plain), batch()
    seen = inputs["attention_mask"].bool()
    with torch.inference_mode():
        for one, other in zip(plain(**inputs).values(), fast(**inputs).values(), strict=True):
            whole = one.shape[:2] != seen.shape
            assert torch.allclose(one if whole else one[seen], other if whole else other[seen], atol=1e-5)


@pytest.mark.parametrize("bf16", [False, True])
def test_changed_weights_are_used_at_once(backbones: Backbones, bf16: bool) -> None:
    """Also those that torch's fused AdamW changes, which does not count its updates."""
    plain = build(backbones("bert"), "SequenceClassification", dropout=0.0)
    fast = fast_copy(plain)
    for network in (plain, fast):
        optimizer = build_optimizer(network, Recipe(learning_rate=0.01))
        for _ in range(3):
            learned(network, batch(), DropoutMasks(DropoutBits(1)), bf16=bf16)
            optimizer.step()
        with torch.no_grad():
            next(network.base_model.encoder.layer[0].attention.self.query.parameters()).mul_(1.5)
    found = [learned(network, batch(), DropoutMasks(DropoutBits(1)), bf16=bf16) for network in (plain, fast)]
    assert torch.allclose(found[0][0], found[1][0], atol=0.03 if bf16 else 1e-4)


def test_a_pass_without_gradients_leaves_nothing_that_training_trips_over(backbones: Backbones) -> None:
    fast = fast_copy(build(backbones("bert"), "SequenceClassification"))
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        fast.eval()(**batch())
    assert learned(fast.train(), batch(), DropoutMasks(DropoutBits(1)), bf16=True)[1]


@pytest.mark.parametrize("family", [family for family in FAMILIES if family not in KIN])
def test_other_families_run_as_they_are(backbones: Backbones, family: str) -> None:
    network = build_any(backbones(family))
    before = network(**batch()).logits
    assert not use_fast_layers(network)
    assert torch.equal(network(**batch()).logits, before)


def build_any(folder: Path) -> Any:
    return transformers.AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()


@pytest.mark.parametrize("change", ["activation", "linear", "hidden states", "no bias"])
def test_what_is_not_quite_bert_runs_as_it_is(backbones: Backbones, change: str) -> None:
    class Adapted(nn.Linear):
        """As an adapter's."""

    network = build_any(backbones("bert"))
    attention = network.base_model.encoder.layer[1].attention.self
    if change == "activation":
        network.config.hidden_act = "relu"
    elif change == "linear":
        attention.query = Adapted(32, 32)
    elif change == "hidden states":
        network.config.output_hidden_states = True
    else:
        attention.key = nn.Linear(32, 32, bias=False)
    assert not use_fast_layers(network)


def test_training_without_masks_runs_as_it_is(backbones: Backbones) -> None:
    """Whoever trains the network by himself gets torch's own dropout."""
    plain = build(backbones("bert"), "SequenceClassification")
    fast = fast_copy(plain)
    torch.manual_seed(5)
    wanted = plain(**batch()).logits
    torch.manual_seed(5)
    assert torch.equal(fast(**batch()).logits, wanted)
