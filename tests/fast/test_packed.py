"""Answers with weights in oneDNN's order: the same as without, for any number of rows, after any change."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from torch import Tensor

from bertft.engine.optimizer import build_optimizer
from bertft.fast.encoder import use_fast_layers
from bertft.fast.masks import DropoutBits, DropoutMasks
from bertft.fast.working import can_pack
from bertft.plan.recipe import Recipe

Backbones = Callable[[str], Path]
HEADS = ("SequenceClassification", "TokenClassification")


@pytest.fixture(params=["packed", "as it is"], autouse=True)
def order(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways, whatever this processor can do."""
    if request.param == "as it is":
        monkeypatch.setattr("bertft.fast.working.can_pack", lambda dtype: False)
    elif not can_pack(torch.float32):
        pytest.skip("this torch or this processor cannot do it")


def build(backbones: Backbones, head: str) -> list[Any]:
    """transformers' own, and fast."""
    torch.manual_seed(0)
    build_one = getattr(transformers, f"AutoModelFor{head}").from_pretrained
    plain = build_one(backbones("bert"), num_labels=3, dtype=torch.float32).eval()
    fast = copy.deepcopy(plain)
    assert use_fast_layers(fast)
    return [plain, fast]


def batches() -> Iterator[dict[str, Tensor]]:
    """Of several shapes, with and without padding."""
    for texts, width, shortest in ((6, 11, 2), (1, 3, 3), (5, 9, 9), (1, 1, 1), (40, 17, 1), (6, 11, 2)):
        ids = torch.randint(6, 60, (texts, width), generator=torch.Generator().manual_seed(width))
        lengths = torch.linspace(width, shortest, texts).long()
        yield {"input_ids": ids, "attention_mask": (torch.arange(width)[None] < lengths[:, None]).long()}


def answer(network: Any, inputs: dict[str, Tensor], *, bf16: bool) -> Tensor:
    """The logits of tokens, or of texts."""
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
        logits: Tensor = network(**inputs).logits.float()
    return logits[inputs["attention_mask"].bool()] if logits.ndim == 3 else logits


@pytest.mark.parametrize("head", HEADS)
def test_answers_for_any_number_of_rows(backbones: Backbones, head: str) -> None:
    plain, fast = build(backbones, head)
    for inputs in batches():
        wanted = answer(plain, inputs, bf16=False)
        assert torch.allclose(answer(fast, inputs, bf16=False), wanted, atol=1e-5)


@pytest.mark.parametrize("head", HEADS)
def test_in_bf16_they_are_as_near_to_fp32_as_autocast(backbones: Backbones, head: str) -> None:
    networks = build(backbones, head)
    exact = torch.cat([answer(networks[0], inputs, bf16=False) for inputs in batches()])
    plain, fast = (torch.cat([answer(one, inputs, bf16=True) for inputs in batches()]) for one in networks)
    assert float((fast - exact).norm()) <= 1.3 * float((plain - exact).norm())


@pytest.mark.parametrize("bf16", [False, True])
def test_changed_weights_answer_at_once(backbones: Backbones, bf16: bool) -> None:
    networks, found = build(backbones, "TokenClassification"), []
    inputs = next(batches())
    for network in networks:
        optimizer = build_optimizer(network, Recipe(learning_rate=0.01))
        for _ in range(2):
            answer(network, inputs, bf16=bf16)
            with DropoutMasks(DropoutBits(1)), torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
                network(**inputs).logits[inputs["attention_mask"].bool()].square().sum().backward()
            optimizer.step()
            optimizer.zero_grad()
        found.append(answer(network, inputs, bf16=bf16))
    assert torch.allclose(found[0], found[1], atol=0.1 if bf16 else 1e-4)


def test_what_has_answered_can_be_copied(backbones: Backbones) -> None:
    fast = build(backbones, "SequenceClassification")[1]
    inputs = next(batches())
    wanted = answer(fast, inputs, bf16=False)
    other = copy.deepcopy(fast)
    assert torch.equal(answer(other, inputs, bf16=False), wanted)
    with torch.no_grad():
        other.base_model.encoder.layer[0].output.dense.weight.mul_(2)
    assert not torch.allclose(answer(other, inputs, bf16=False), wanted)
    assert torch.equal(answer(fast, inputs, bf16=False), wanted)


def test_training_lets_go_of_what_only_answers_need(backbones: Backbones) -> None:
    fast = build(backbones, "SequenceClassification")[1]
    inputs = next(batches())
    answer(fast, inputs, bf16=False)
    with DropoutMasks(DropoutBits(1)):
        fast.train()(**inputs).logits.sum().backward()
    assert all(layer.up.packed._packed is None for layer in fast.base_model.encoder.fast_layers)


def test_calls_that_are_not_there_are_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    can_pack.cache_clear()
    monkeypatch.setattr("bertft.fast.working.multiply_packed", lambda *given, gelu: given[0] * 2)
    assert not can_pack(torch.float32)
    monkeypatch.undo()
    monkeypatch.setattr("torch.backends.mkldnn.enabled", False)
    assert not can_pack(torch.bfloat16)
    can_pack.cache_clear()
