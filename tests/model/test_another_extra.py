"""A third kind of extra takes one new file: it is learned, frozen around, saved, resumed and used like the others."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import PowerFails, Said
from safetensors import safe_open
from safetensors.torch import load_file

from bertft.engine.optimizer import parameter_groups
from bertft.engine.step import Stepper
from bertft.model import extras
from bertft.model.extras import add_extras, extras_of
from bertft.model.layers import freeze, layer_of_parameters
from bertft.plan.recipe import Recipe

Run = Callable[..., Said]
QUICK = ("--precision", "fp32", "--epochs", 2, "--save-steps", 3, "--head-start", "random", "--no-refit", "--quiet")

ADAPTER = '''
"""A throwaway extra: one linear layer on what the classifier reads, for every kind of task."""

from torch import nn

from bertft.model.extras.extra import Extra


class Adapter(Extra):
    name = "adapter"
    feeds_classifier = True

    def __init__(self, width):
        super().__init__()
        self.change = nn.Linear(width, width)
        nn.init.zeros_(self.change.bias)

    @classmethod
    def wanted(cls, network, recipe, legal):
        return cls(network.classifier.in_features)

    @classmethod
    def stored(cls, network, tensors, metadata):
        return cls(network.classifier.in_features) if "adapter.change.weight" in tensors else None

    def around(self, network, inputs):
        return network.classifier.register_forward_pre_hook(lambda _, given: (given[0] + self.change(given[0]),))
'''


@pytest.fixture
def one_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if it lay in bertft/model/extras."""
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "adapter.py").write_text(ADAPTER)
    monkeypatch.setattr(extras, "__path__", [*extras.__path__, str(folder)])
    yield
    import sys

    sys.modules.pop("bertft.model.extras.adapter", None)


def classifier(folder: str) -> Any:
    from transformers import AutoModelForSequenceClassification

    return AutoModelForSequenceClassification.from_pretrained(folder)


@pytest.mark.usefixtures("one_new_file")
def test_its_weights_learn_at_the_heads_rate_and_above_all_layers(tiny: str) -> None:
    recipe = Recipe(learning_rate=1e-4, head_learning_rate=1e-2, layer_decay=0.5, weight_decay=0.1)
    network = add_extras(classifier(tiny), "text-classification", recipe, None)
    names = {parameter: name for name, parameter in network.named_parameters()}
    groups = [(group, names[parameter]) for group in parameter_groups(network, recipe) for parameter in group["params"]]
    of_adapter = {name: (group["lr"], group["weight_decay"]) for group, name in groups if name.startswith("adapter.")}
    assert of_adapter == {"adapter.change.weight": (1e-2, 0.1), "adapter.change.bias": (1e-2, 0.0)}
    assert all(group["lr"] <= 1e-4 for group, name in groups if not name.startswith("adapter."))
    layers = layer_of_parameters(network)
    assert layers["adapter.change.weight"] == layers["network.classifier.weight"] == 3
    assert layers["network.bert.embeddings.word_embeddings.weight"] == 0
    freeze(network, "encoder")
    assert {name for name, one in network.named_parameters() if one.requires_grad and "adapter" in name} == set(
        of_adapter
    )


@pytest.mark.usefixtures("one_new_file")
def test_a_run_with_it_is_trained_resumed_and_used(
    run: Run, reviews: Path, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("train", reviews, "--model", tiny, *QUICK)
    run(*words, "-o", "whole")
    tensors = load_file("whole/tagger.safetensors")
    assert tensors.keys() == {"adapter.change.weight", "adapter.change.bias"}
    assert tensors["adapter.change.bias"].any()
    with safe_open("whole/tagger.safetensors", framework="pt") as file:
        assert file.metadata() == {"bilstm": ""}
    take = Stepper.take

    def fail_at_five(self: Stepper, step: Any, asked: Any = ()) -> Any:
        if step.number == 5:
            raise PowerFails
        return take(self, step, asked)

    with monkeypatch.context() as patch:
        patch.setattr(Stepper, "take", fail_at_five)
        with pytest.raises(PowerFails):
            run(*words, "-o", "parts")
    run("train", "--resume", "-o", "parts", "--quiet")
    for name in ("model.safetensors", "tagger.safetensors", "checkpoint/optimizer.safetensors"):
        assert Path("whole", name).read_bytes() == Path("parts", name).read_bytes()
    assert run("eval", "whole", reviews, "--json", "--precision", "fp32").out
    run("predict", "whole", reviews, "-o", "with.csv", "--precision", "fp32")
    Path("whole/tagger.safetensors").unlink()
    assert "whole: tagger.safetensors is missing" in run("predict", "whole", reviews, "-o", "without.csv", ok=2).err
    config = json.loads(Path("whole/config.json").read_text())
    assert config["architectures"] == ["BertForSequenceClassification"]


def test_without_its_file_there_is_none(tiny: str) -> None:
    network = add_extras(classifier(tiny), "text-classification", Recipe(), None)
    assert extras_of(network) == []
    assert isinstance(network, torch.nn.Module)
