"""Exact parameter counts, layers, freezing and rates: held against published figures and transformers' own choices."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import FAMILIES, Said
from safetensors.torch import load_file, save_file

from bertft import console
from bertft.engine.optimizer import build_optimizer, build_schedule, parameter_groups
from bertft.errors import CheckpointError
from bertft.model.backbone import EMBEDDED_SHA256, check_sha256, embedded_backbone, find_backbone, longest_input
from bertft.model.layers import count_parameters, freeze, layer_of_parameters
from bertft.model.network import Head, build_network
from bertft.plan.recipe import Recipe

Run = Callable[..., Said]


def on_meta(kind: str, head: bool = False, **sizes: Any) -> Any:
    """A model without weights: only its shapes."""
    import transformers

    auto = transformers.AutoModelForSequenceClassification if head else transformers.AutoModel
    with torch.device("meta"):
        return auto.from_config(transformers.AutoConfig.for_model(kind, num_labels=2, **sizes))


BASE: dict[str, Any] = {"vocab_size": 30522}
LARGE: dict[str, Any] = BASE | {
    "hidden_size": 1024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "intermediate_size": 4096,
}
MINILM: dict[str, Any] = BASE | {
    "hidden_size": 384,
    "num_hidden_layers": 6,
    "num_attention_heads": 12,
    "intermediate_size": 1536,
}
ALBERT: dict[str, Any] = {"hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 3072}


@pytest.mark.parametrize(
    ("kind", "head", "sizes", "published"),
    [
        ("bert", False, BASE, 109_482_240),
        ("bert", True, BASE, 109_483_778),
        ("bert", False, LARGE, 335_141_888),
        ("bert", True, LARGE, 335_143_938),
        ("bert", False, {"vocab_size": 21128}, 102_267_648),
        ("bert", False, MINILM, 22_713_216),
        ("bert", True, MINILM, 22_713_986),
        ("albert", False, ALBERT, 11_683_584),
    ],
)
def test_the_counts_are_the_published_ones(kind: str, head: bool, sizes: dict[str, Any], published: int) -> None:
    assert count_parameters(on_meta(kind, head, **sizes)) == (published, published)


def test_the_embedded_weights_are_the_official_ones(tmp_path: Path) -> None:
    found = embedded_backbone()
    weights = Path(found.path) / "model.safetensors"
    check_sha256(weights, EMBEDDED_SHA256)
    other = bytearray(weights.read_bytes())
    other[-1] ^= 1
    (tmp_path / "model.safetensors").write_bytes(other)
    with pytest.raises(CheckpointError, match="not the official ones"):
        check_sha256(tmp_path / "model.safetensors", EMBEDDED_SHA256)


def test_without_a_network_the_embedded_backbone_is_used_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    console.be_quiet(False)
    assert find_backbone(None).name == "minilm"
    assert "Warning: google-bert/bert-base-uncased, the default model, is not in the cache" in capsys.readouterr().err


def network_of(folder: Path, labels: int = 2) -> Any:
    names = tuple(f"label{n}" for n in range(labels))
    return build_network(find_backbone(str(folder)), Head("text-classification", "single-label", names, lambda a, b: a))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_weight_belongs_to_a_layer_and_the_head_is_on_top(family: str, backbones: Callable[[str], Path]) -> None:
    network = network_of(backbones(family))
    layers = layer_of_parameters(network)
    assert set(layers) == {name for name, _ in network.named_parameters()}
    top = max(layers.values())
    assert top == (2 if family == "albert" else 3)
    assert set(layers.values()) == set(range(top + 1))
    for name, layer in layers.items():
        if "embeddings." in name:
            assert layer == 0
        if name.startswith(("classifier", "pre_classifier")):
            assert layer == top


@pytest.mark.parametrize("what", ["embeddings", "encoder", "1"])
@pytest.mark.parametrize("family", ["bert", "distilbert", "albert", "modernbert"])
def test_frozen_weights_stay_and_the_others_move(
    run: Run, reviews: Path, tmp_path: Path, backbones: Callable[[str], Path], family: str, what: str
) -> None:
    folder = backbones(family)
    words = ("--freeze", what, "--max-steps", 3, "--lr", "1e-2", "--warmup", 0, "--precision", "fp32")
    said = run("train", reviews, "--model", folder, "-o", "run", *words)
    network = network_of(folder, labels=3)
    freeze(network, what)
    total, trainable = count_parameters(network)
    assert f"{total:,} parameters, {trainable:,} of them trainable" in said.err
    last = tmp_path / "run" / "checkpoint" / "weights.safetensors"  # the best may be the warm start
    before, after = load_file(folder / "model.safetensors"), load_file(last)
    prefix = network.base_model_prefix + "."
    for name, parameter in network.named_parameters():
        if name in after and name.removeprefix(prefix) in before:
            assert torch.equal(before[name.removeprefix(prefix)], after[name]) != parameter.requires_grad, name


@pytest.mark.parametrize("family", FAMILIES)
def test_what_decays_is_what_trainer_lets_decay(family: str, backbones: Callable[[str], Path]) -> None:
    from transformers import Trainer, TrainingArguments

    network = network_of(backbones(family))
    trainer = Trainer(network, TrainingArguments("unused", use_cpu=True, report_to="none"))
    theirs = set(trainer.get_decay_parameter_names(network))
    groups = parameter_groups(network, Recipe(weight_decay=0.01))
    decaying = {id(p) for group in groups if group["weight_decay"] for p in group["params"]}
    assert {name for name, p in network.named_parameters() if id(p) in decaying} == theirs


def test_rates_fall_from_the_head_to_the_embeddings(backbones: Callable[[str], Path]) -> None:
    network = network_of(backbones("bert"))
    layers = layer_of_parameters(network)
    rates = {
        id(p): g["lr"]
        for g in parameter_groups(network, Recipe(learning_rate=1.0, layer_decay=0.5))
        for p in g["params"]
    }
    for name, parameter in network.named_parameters():
        assert rates[id(parameter)] == 0.5 ** (3 - layers[name])


@pytest.mark.parametrize("name", ["linear", "cosine", "constant", "constant_with_warmup"])
def test_the_schedule_is_that_of_transformers(name: str, backbones: Callable[[str], Path]) -> None:
    from transformers import get_scheduler

    recipe = Recipe(scheduler=name, warmup=0.2)
    optimizers = [build_optimizer(network_of(backbones("bert")), recipe) for _ in range(2)]
    ours = build_schedule(optimizers[0], recipe, 50)
    theirs = get_scheduler(name, optimizers[1], num_warmup_steps=10, num_training_steps=50)
    for _ in range(50):
        assert ours.get_last_lr() == theirs.get_last_lr()
        for optimizer, schedule in zip(optimizers, (ours, theirs), strict=True):
            optimizer.step()
            schedule.step()


def test_positions_decide_how_long_a_text_may_be(backbones: Callable[[str], Path]) -> None:
    class Tokenizer:
        model_max_length = 7

    for family in FAMILIES:
        assert longest_input(find_backbone(str(backbones(family))).config, Tokenizer()) == 64


def test_an_encoder_with_holes_is_refused(run: Run, reviews: Path, tmp_path: Path, tiny: str) -> None:
    holed = Path(shutil.copytree(tiny, tmp_path / "holed"))
    weights = load_file(holed / "model.safetensors")
    gone = [name for name in weights if "layer.1.attention" in name]
    save_file(
        {name: w for name, w in weights.items() if name not in gone}, holed / "model.safetensors", {"format": "pt"}
    )
    said = run("train", reviews, "--model", holed, "-o", "run", ok=2)
    assert "the encoder's weights are not all there" in said.err


def test_the_label_order_of_a_fine_tuned_checkpoint_wins(
    run: Run, reviews: Path, tmp_path: Path, trained: Path
) -> None:
    turned = Path(shutil.copytree(trained, tmp_path / "turned"))
    config = json.loads((turned / "config.json").read_text())
    config |= {"id2label": {"0": "pos", "1": "neg", "2": "neutral"}, "label2id": {"pos": 0, "neg": 1, "neutral": 2}}
    (turned / "config.json").write_text(json.dumps(config))
    run("train", reviews, "--model", turned, "-o", "run", "--max-steps", 2, "--precision", "fp32")
    assert json.loads((tmp_path / "run" / "bertft.json").read_text())["labels"]["names"] == ["pos", "neg", "neutral"]
