"""Integrated gradients: captum is the oracle where it is installed; that the weights add up, everywhere."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import FAMILIES, WORDS, build_tokenizer
from torch import nn
from transformers import AutoModelForSequenceClassification

from bertft.adapters import Options, adapter_for
from bertft.adapters.texts.text_adapter import TextAdapter
from bertft.engine.transfer import tensors_of
from bertft.errors import InternalError
from bertft.fast.encoder import KIN, use_fast_layers
from bertft.insight import Explanation, explain
from bertft.insight.gradients import TOLERANCE, attribute
from bertft.plan.card import plain_card
from bertft.rows.fields import Fields
from bertft.rows.labels import Labels
from bertft.rows.row import Row

CPU = torch.device("cpu")
DIRECTION = np.asarray([1.0, -1.0, 0.0])


@pytest.fixture
def network_of(backbones: Callable[[str], Path]) -> Callable[[str], Any]:
    """A classifier of a family whose answers depend on its words."""

    def build(family: str) -> Any:
        torch.manual_seed(0)
        network = AutoModelForSequenceClassification.from_pretrained(backbones(family), num_labels=3)
        for parameter in network.parameters():
            if parameter.ndim > 1:
                nn.init.normal_(parameter, std=0.3)
        return network.eval()

    return build


def adapter_of(family: str, *, pair: bool = False, **options: Any) -> TextAdapter:
    fields = Fields("text", "other" if pair else None, ("label",))
    card = plain_card("text-classification", "single-label")
    made = adapter_for(
        card, Labels(("a", "b", "c")), fields, build_tokenizer(family), Options(**{"max_length": 64, **options})
    )
    assert isinstance(made, TextAdapter)
    return made


def example_of(adapter: TextAdapter, text: str, other: str = "cold dish") -> Any:
    (example,) = adapter.reader.predictable([Row(0, "x.csv:2", {"text": text, "other": other, "label": "a"})])
    return example


def weigh(network: Any, adapter: TextAdapter, *texts: str) -> Explanation:
    return explain(network, adapter, example_of(adapter, *texts), DIRECTION, device=CPU)


def inputs_of(network: Any, adapter: TextAdapter) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    (feature,) = adapter.encode([example_of(adapter, "good film, not awful service xyz", "very slow")])[0]
    inputs = tensors_of(adapter.collate([feature]).inputs)
    baseline = inputs["input_ids"].clone()
    baseline[0, 1 : len(feature.input_ids) - 1] = int(getattr(adapter.tokenizer, "mask_token_id", 0))
    return inputs, baseline


@pytest.mark.parametrize("family", FAMILIES)
def test_weights_of_tokens_are_those_of_captum(network_of: Callable[[str], Any], family: str) -> None:
    captum = pytest.importorskip("captum.attr")
    network, adapter = network_of(family), adapter_of(family, pair=True)
    inputs, baseline = inputs_of(network, adapter)
    others = {name: value for name, value in inputs.items() if name != "input_ids"}

    def sums(ids: torch.Tensor) -> torch.Tensor:
        more = {name: value.expand(len(ids), -1) for name, value in others.items()}
        return network(input_ids=ids, **more).logits @ torch.tensor(DIRECTION, dtype=torch.float32)

    oracle = captum.LayerIntegratedGradients(sums, network.get_input_embeddings())
    wanted = oracle.attribute(inputs["input_ids"], baseline, n_steps=20, method="gausslegendre").sum(2)[0]
    found = attribute(network, inputs, baseline, torch.tensor(DIRECTION, dtype=torch.float32), steps=20)
    assert np.abs(found.weights).max() > 0.01
    assert found.weights == pytest.approx(wanted.detach().numpy(), abs=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_weights_of_words_add_up(network_of: Callable[[str], Any], family: str) -> None:
    found = weigh(network_of(family), adapter_of(family), "good film, not awful service")
    assert abs(found.gained) > 0.01
    assert found.error <= TOLERANCE
    assert sum(word.weight or 0 for word in found.words[0]) == pytest.approx(found.found, abs=1e-6)


def test_the_fast_encoder_gives_the_same_weights(network_of: Callable[[str], Any]) -> None:
    for family in (family for family in FAMILIES if family in KIN):
        network = network_of(family)
        faster = copy.deepcopy(network)
        assert use_fast_layers(faster)
        slow, fast = (weigh(one, adapter_of(family), "good film, not awful service") for one in (network, faster))
        assert [word.weight for word in fast.words[0]] == pytest.approx(
            [word.weight for word in slow.words[0]], abs=1e-3
        )


class Additive(nn.Module):
    """Its logits are the sum of one vector for each token, so each token's weight is known."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, 3)

    def get_input_embeddings(self) -> nn.Module:
        return self.embedding

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, **_: Any) -> dict[str, torch.Tensor]:
        return {"logits": (self.embedding(input_ids) * attention_mask[..., None]).sum(1)}


def known_weights(network: Additive, adapter: TextAdapter, texts: list[str]) -> list[float]:
    vector = network.embedding.weight.detach().numpy().astype(np.float64) @ DIRECTION
    mask = vector[adapter.tokenizer.mask_token_id]
    ids = adapter.tokenizer(" ".join(texts), add_special_tokens=False)["input_ids"]
    return [float(vector[token] - mask) for token in ids]


def test_each_word_has_the_weight_of_its_tokens() -> None:
    adapter = adapter_of("bert", pair=True)
    network: Any = Additive(len(adapter.tokenizer))
    found = weigh(network, adapter, "good film", "cold dish")
    weights = [word.weight for text in found.words for word in text]
    assert weights == pytest.approx(known_weights(network, adapter, ["good film", "cold dish"]), abs=1e-5)
    assert [found.texts[0][word.start : word.end] for word in found.words[0]] == ["good", "film"]
    assert found.gained == pytest.approx(sum(weights), abs=1e-5)


def test_pieces_of_one_word_are_added() -> None:
    adapter = adapter_of("bert")
    network: Any = Additive(len(adapter.tokenizer))
    found = weigh(network, adapter, "xyz film")
    *pieces, film = known_weights(network, adapter, ["xyz film"])
    assert len(pieces) == 3
    assert [word.weight for word in found.words[0]] == pytest.approx([sum(pieces), film], abs=1e-5)


def test_words_that_were_cut_off_have_no_weight() -> None:
    adapter = adapter_of("bert", max_length=6)
    network: Any = Additive(len(adapter.tokenizer))
    found = weigh(network, adapter, "good film bad book cold song")
    weights = [word.weight for word in found.words[0]]
    assert None not in weights[:4]
    assert weights[4:] == [None, None]


def test_head_and_tail_are_weighed_where_they_stand() -> None:
    adapter = adapter_of("bert", max_length=8, long="head-tail")
    network: Any = Additive(len(adapter.tokenizer))
    found = weigh(network, adapter, " ".join(WORDS[:12]))
    weights = [word.weight for word in found.words[0]]
    known = known_weights(network, adapter, WORDS[:12])
    read = [number for number, weight in enumerate(weights) if weight is not None]
    assert read == [0, 7, 8, 9, 10, 11]
    assert [weights[number] for number in read] == pytest.approx([known[number] for number in read], abs=1e-5)


def test_windows_count_as_they_do_in_the_answer() -> None:
    adapter = adapter_of("bert", max_length=8, long="window", overlap=2)
    network: Any = Additive(len(adapter.tokenizer))
    example = example_of(adapter, " ".join(WORDS[:12]))
    windows = adapter.encode([example])[0]
    found = explain(network, adapter, example, DIRECTION, device=CPU)
    known = known_weights(network, adapter, WORDS[:12])
    ids = adapter.tokenizer(" ".join(WORDS[:12]), add_special_tokens=False)["input_ids"]
    read = [sum(token in window.input_ids for window in windows) for token in ids]
    assert len(windows) > 1
    assert [word.weight for word in found.words[0]] == pytest.approx(
        [weight * times / len(windows) for weight, times in zip(known, read, strict=True)], abs=1e-5
    )
    assert found.found == pytest.approx(found.gained, abs=1e-5)


@pytest.mark.parametrize("family", ["bert", "roberta"])
@pytest.mark.parametrize(
    "text",
    [
        "good\u0301 film",
        "👩\u200d🚒 good 👍🏽",
        "\u05e9\u05dc\u05d5\u05dd good",
        "好电影 good",
        "good \ud83d film",
        "\x00\x07 good",
        "\u00ad\u200b",
        "\u0e14\u0e35\u0e21\u0e32\u0e01",
        "[MASK] [SEP] good",
    ],
)
def test_words_in_any_script_add_up_to_the_tokens(family: str, text: str) -> None:
    adapter = adapter_of(family)
    network: Any = Additive(len(adapter.tokenizer))
    found = weigh(network, adapter, text)
    assert found.found == pytest.approx(found.gained, abs=1e-5)
    if found.words[0]:
        assert sum(word.weight or 0 for word in found.words[0]) == pytest.approx(found.found, abs=1e-5)


def test_a_network_that_reads_past_its_embeddings_is_not_explained_at_random(network_of: Callable[[str], Any]) -> None:
    network = network_of("bert")
    network.set_input_embeddings = None
    other = nn.Embedding(len(build_tokenizer("bert")), 32)
    network.get_input_embeddings = lambda: other
    with pytest.raises(InternalError, match="past its embedding layer"):
        weigh(network, adapter_of("bert"), "good film")
