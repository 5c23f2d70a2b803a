"""On a GPU masks are made without asking it anything: the same masks, and nothing in a step that waits. Here on a processor,
where torch tells what it was asked."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from conftest import FAMILIES
from test_same_as_plain import batch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from bertft import fast
from bertft.engine import step as steps
from bertft.engine.meter import Meter
from bertft.engine.optimizer import build_optimizer
from bertft.engine.order import Step
from bertft.fast import door, unasked
from bertft.plan.recipe import Recipe

CUDA, CPU = torch.device("cuda"), torch.device("cpu")
OWN = [family for family in FAMILIES if family in unasked.FAMILIES]
Backbones = Callable[[str], Path]


class Asked(TorchDispatchMode):
    """Counts what a program would have to wait for: numbers that it looks at, and sizes that depend on numbers."""

    WAITS = ("aten::_local_scalar_dense", "aten::nonzero", "aten::equal", "aten::masked_select")

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func.name().split(".")[0] in self.WAITS:
            self.found.append(func.name())
        return func(*args, **(kwargs or {}))


@pytest.fixture
def like_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """The door takes this processor for a GPU."""
    monkeypatch.setattr(door, "_is_asked_on", lambda _: True)
    monkeypatch.setattr(door, "_helps_on", lambda _: False)
    monkeypatch.setattr(steps, "runs_ahead", lambda *_: True)


def build(folder: Path, *, dropout: float = 0.0) -> Any:
    torch.manual_seed(0)
    found = transformers.AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32, num_labels=3)
    for module in found.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = dropout
    return found.train()


def learned(network: Any, inputs: dict[str, Tensor]) -> list[Tensor]:
    """Its outputs at tokens, and all gradients."""
    network.zero_grad()
    logits = network(**inputs).logits
    (logits.float() ** 2).sum().backward()
    return [logits.detach(), *(weight.grad.clone() for weight in network.parameters() if weight.grad is not None)]


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("family", OWN)
def test_masks_are_the_same_as_transformers_own(
    like_a_gpu: None, backbones: Backbones, family: str, padded: bool
) -> None:
    plain = build(backbones(family))
    assert plain.config._attn_implementation == "sdpa"
    own, inputs = copy.deepcopy(plain), batch(padded=padded)
    fast.speed_up(own, CPU)
    assert own.config._attn_implementation == unasked.NAME
    wanted = learned(plain, inputs)
    for known in (nullcontext(), fast.padding_known(inputs, CPU)):
        with known:
            found = learned(own, inputs)
        assert all(torch.allclose(one, other, atol=1e-6) for one, other in zip(found, wanted, strict=True))


def test_what_is_known_of_one_batch_is_not_believed_of_another(like_a_gpu: None, backbones: Backbones) -> None:
    """A network may read something else of its own in between."""
    plain = build(backbones("bert")).eval()
    own, inputs = copy.deepcopy(plain), batch()
    fast.speed_up(own, CPU)
    with fast.padding_known({"attention_mask": torch.ones(2, 3)}, CPU):
        assert torch.equal(own(**inputs).logits, plain(**inputs).logits)
    with fast.padding_known(inputs, CPU), fast.padding_known(batch(padded=False), CPU):
        pass
    assert torch.equal(own(**inputs).logits, plain(**inputs).logits)


@pytest.mark.parametrize("family", OWN)
def test_a_step_asks_the_device_for_nothing(like_a_gpu: None, backbones: Backbones, family: str) -> None:
    """Forward, backward, clipping, AdamW and the check of the loss; transformers' own masks do ask."""
    features = [SimpleNamespace(input_ids=[0] * 11, weight=1, row=row) for row in range(6)]
    inputs, targets = {name: values.numpy() for name, values in batch().items()}, np.asarray([0, 1, 2, 0, 1, 2])
    packed = SimpleNamespace(inputs=inputs, targets=targets, examples=6, tokens=43, padded_tokens=66)
    adapter: Any = SimpleNamespace(collate=lambda _: packed)

    def asked(*, own: bool) -> list[str]:
        from bertft.engine.device import start_accelerator
        from bertft.model.losses import on_logits, sequence_loss

        accelerator = start_accelerator("fp32")
        network = build(backbones(family), dropout=0.1)
        if own:
            fast.speed_up_training(network, [], padding=0, device=CPU)
        cost = on_logits(sequence_loss("single-label", weights=None, smoothing=0.0))
        made_of: Any = steps.Ingredients(network, adapter, features, cost, Recipe(), lambda _: None, str)  # type: ignore[arg-type, return-value]
        optimizer = build_optimizer(network, Recipe())
        stepper = steps.Stepper(made_of, network, optimizer, accelerator, Meter())
        stepper.take(Step(1, 1.0, [[0, 1, 2, 3, 4, 5]]))  # makes the optimizer's memory
        with Asked() as found:
            stepper.take(Step(2, 1.0, [[0, 1, 2, 3, 4, 5]]))
        return found.found

    assert asked(own=True) == []
    assert asked(own=False) != []


def test_only_a_gpu_is_not_asked_and_only_where_the_switch_is_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BERTFT_FAST", raising=False)
    assert door._is_asked_on(CUDA)
    assert not door._is_asked_on(CPU)
    monkeypatch.setenv("BERTFT_FAST", "0")
    assert not door._is_asked_on(CUDA)


@pytest.mark.parametrize(("family", "attention"), [("deberta-v2", "sdpa"), ("bert", "eager"), ("xlnet", None)])
def test_other_attention_is_left_alone(family: str, attention: str | None) -> None:
    config = SimpleNamespace(model_type=family, _attn_implementation=attention)
    assert not unasked.use_unasked_masks(SimpleNamespace(config=config))
    assert config._attn_implementation == attention


def test_what_is_saved_does_not_name_it(like_a_gpu: None, backbones: Backbones, tmp_path: Path) -> None:
    network = build(backbones("bert"))
    fast.speed_up(network, CPU)
    network.save_pretrained(tmp_path)
    assert unasked.NAME not in (tmp_path / "config.json").read_text()
