"""A head on a frozen encoder: what it reads, what it computes, and what of it transformers opens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from bertft import fast
from bertft.errors import CheckpointError, UsageError
from bertft.model.extras import add_extras, load_extras, save_extras, transformers_part
from bertft.model.extras.features import Mix
from bertft.model.extras.files import FILE
from bertft.model.hidden import Reading, pooled
from bertft.model.layers import count_parameters, freeze
from bertft.plan.recipe import Recipe

Backbones = Callable[[str], Path]
TEXTS, WORDS = "SequenceClassification", "TokenClassification"
KIND = {TEXTS: "text-classification", WORDS: "token-classification"}


def classifier(folder: Path, what: str) -> Any:
    import transformers

    torch.manual_seed(0)
    config = transformers.AutoConfig.from_pretrained(folder, num_labels=3)
    return getattr(transformers, f"AutoModelFor{what}").from_pretrained(folder, config=config).eval()


def build(folder: Path, what: str, **settings: Any) -> Any:
    network = classifier(folder, what)
    torch.manual_seed(1)
    return add_extras(network, KIND[what], Recipe(features=True, **settings), None).eval()


def batch(lengths: tuple[int, ...] = (12, 4, 7), *, width: int = 16) -> dict[str, Tensor]:
    torch.manual_seed(2)
    mask = (torch.arange(width) < torch.tensor(lengths)[:, None]).long()
    return {"input_ids": torch.randint(5, 40, mask.shape) * mask, "attention_mask": mask}


@pytest.mark.parametrize("family", ["bert", "distilbert", "modernbert"])
@torch.no_grad()
def test_what_is_read_is_what_transformers_says(backbones: Backbones, family: str) -> None:
    """Also under our fast encoder, which computes only the first token of texts otherwise."""
    from transformers import AutoModel

    inputs, plain = batch(), AutoModel.from_pretrained(backbones(family)).eval()
    states = plain(**inputs, output_hidden_states=True).hidden_states
    network = classifier(backbones(family), TEXTS)
    fast.speed_up(network, torch.device("cpu"))
    tokens = inputs["attention_mask"].bool()
    for words, combine, wanted in (
        ("-1", None, states[-1]),
        ("0", None, states[0]),
        ("-1,-2", "concat", torch.cat([states[-1], states[-2]], -1)),
        ("-2,-1", "sum", states[-1] + states[-2]),
        ("0,1,2", "mean", (states[0] + states[1] + states[2]) / 3),
    ):
        reading = Reading.of(words, combine, network.config)
        found = reading.read(network, inputs)
        assert found.shape[-1] == reading.width(32) == wanted.shape[-1]
        assert torch.allclose(found[tokens], wanted[tokens], atol=1e-5)


@pytest.mark.parametrize("layers", ["3", "-3", "-4", "-1,7", "-1,2", "0,0"])
def test_layers_that_are_not_there_or_twice_are_refused(backbones: Backbones, layers: str) -> None:
    with pytest.raises(UsageError, match=f"^--layers {layers}: "):
        Reading.of(layers, None, classifier(backbones("bert"), TEXTS).config)


def test_a_text_is_its_first_token_or_the_mean_of_its_tokens() -> None:
    tokens, mask = torch.arange(12.0).view(2, 3, 2), torch.tensor([[1, 1, 0], [1, 1, 1]])
    assert pooled(tokens, mask, "cls").tolist() == [[0, 1], [6, 7]]
    assert pooled(tokens, mask, "mean").tolist() == [[1, 2], [8, 9]]


def test_learned_weights_of_layers_are_elmos() -> None:
    torch.manual_seed(0)
    mix, vectors = Mix(3), torch.randn(2, 4, 15)
    with torch.no_grad():
        mix.weights.copy_(torch.tensor([0.3, -1.0, 2.0]))
        mix.scale.fill_(1.7)
    raw = np.exp([0.3, -1.0, 2.0])
    parts = vectors.numpy().reshape(2, 4, 3, 5)
    wanted = 1.7 * sum(share * parts[:, :, layer] for layer, share in enumerate(raw / raw.sum()))
    assert np.allclose(mix(vectors).detach().numpy(), wanted, atol=1e-6)


CASES = [
    (TEXTS, {"pool": "mean"}),
    (TEXTS, {"pool": "cls", "features_head": "mlp", "layers": "-1,-2", "combine": "mix"}),
    (TEXTS, {"pool": "mean", "features_head": "bilstm", "head_units": 6}),
    (WORDS, {"layers": "-1,-2", "combine": "concat"}),
    (WORDS, {"features_head": "bilstm", "layers": "-1,0", "combine": "mean", "head_units": 6}),
]


@pytest.mark.parametrize(("what", "settings"), CASES)
@torch.no_grad()
def test_what_was_computed_before_gives_the_same_as_the_text(
    backbones: Backbones, what: str, settings: dict[str, Any]
) -> None:
    """Alone, among others, and from `vectors` that were computed once."""
    network, inputs = build(backbones("bert"), what, **settings), batch()
    whole = network(**inputs)["logits"]
    vectors = network.features.vectors_of(network.network, inputs)
    assert torch.allclose(network(**inputs, vectors=vectors)["logits"], whole, atol=1e-6)
    for row, tokens in enumerate((12, 4, 7)):
        alone = network(**{name: values[row : row + 1, :tokens] for name, values in inputs.items()})["logits"][0]
        among = whole[row, :tokens] if what == WORDS else whole[row]
        assert torch.allclose(alone, among, atol=1e-5)


@pytest.mark.parametrize(("what", "settings"), CASES)
def test_only_the_head_learns_and_only_the_head_drops(
    backbones: Backbones, what: str, settings: dict[str, Any]
) -> None:
    network, inputs = build(backbones("bert"), what, **settings), batch()
    freeze(network, None)
    learning = {name for name, one in network.named_parameters() if one.requires_grad}
    assert learning == {f"features.{name}" for name, _ in network.features.named_parameters()}
    assert count_parameters(network)[1] == sum(one.numel() for one in network.features.parameters())
    network.train()
    network(**inputs)["logits"].square().sum().backward()
    assert {name for name, one in network.named_parameters() if one.grad is not None} == learning
    read = [network.features.vectors_of(network.network, inputs) for _ in range(2)]
    assert torch.equal(*read)


@pytest.mark.parametrize(("what", "settings"), CASES)
@torch.no_grad()
def test_what_is_saved_comes_back(backbones: Backbones, tmp_path: Path, what: str, settings: dict[str, Any]) -> None:
    network, inputs = build(backbones("bert"), what, **settings), batch()
    rest = save_extras(network, tmp_path, network.state_dict())
    assert not any(name.startswith("features.") for name in rest)
    found = load_extras(classifier(backbones("bert"), what), tmp_path, KIND[what]).eval()
    assert torch.equal(found(**inputs)["logits"], network(**inputs)["logits"])


@pytest.mark.parametrize(
    ("family", "shared"), [("bert", True), ("roberta", True), ("deberta-v2", True), ("modernbert", False)]
)
@torch.no_grad()
def test_transformers_answers_as_a_linear_tagger_of_the_last_layer(
    backbones: Backbones, family: str, shared: bool
) -> None:
    """ModernBERT has a layer more before its classifier."""
    network, inputs = build(backbones(family), WORDS), batch()
    assert network.features.plan.shares is shared
    torch.nn.init.normal_(network.features.decides.weight)
    freeze(network, None)
    head = "network.classifier" if shared else "features.classifier"
    learning = {name for name, one in network.named_parameters() if one.requires_grad}
    assert learning == {f"{head}.weight", f"{head}.bias"}
    theirs, ours = transformers_part(network)(**inputs).logits, network(**inputs)["logits"]
    tokens = inputs["attention_mask"].bool()
    assert torch.allclose(theirs[tokens], ours[tokens], atol=1e-5) is shared
    assert build(backbones(family), WORDS, layers="-2").features.plan.shares is False


def test_a_shared_classifier_that_is_gone_is_named(backbones: Backbones, tmp_path: Path) -> None:
    network = build(backbones("bert"), WORDS)
    save_extras(network, tmp_path, network.state_dict())
    other = classifier(backbones("bert"), WORDS)
    other.classifier = torch.nn.Identity()
    with pytest.raises(CheckpointError, match="no classifier to share"):
        load_extras(other, tmp_path, KIND[WORDS])


def damaged(file: Path, change: Callable[[str], str]) -> None:
    tensors = load_file(file)
    words = change(bytes(tensors["features.words"].tolist()).decode())
    tensors["features.words"] = torch.tensor(list(words.encode()), dtype=torch.uint8)
    save_file(tensors, file, metadata={"bilstm": ""})


@pytest.mark.parametrize(
    ("old", "new"),
    [('"linear"', '"tree"'), ("[-1, -2]", "[-1]"), ("[-1, -2]", "[-1, -99]"), ('"head"', '"tail"'), ("{", "")],
)
def test_a_damaged_head_is_named(backbones: Backbones, tmp_path: Path, old: str, new: str) -> None:
    network = build(backbones("bert"), WORDS, layers="-1,-2")
    save_extras(network, tmp_path, network.state_dict())
    damaged(tmp_path / FILE, lambda words: words.replace(old, new))
    with pytest.raises(CheckpointError, match=f"{FILE}: damaged, or not of the model beside it"):
        load_extras(classifier(backbones("bert"), WORDS), tmp_path, KIND[WORDS])
