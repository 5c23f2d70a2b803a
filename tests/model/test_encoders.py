"""Networks from before BERT: the same numbers as written out by hand, whatever stands beside a text in its batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from bertft.errors import CheckpointError
from bertft.insight.gradients import attribute
from bertft.kinds import KINDS
from bertft.model.encoders import WordsConfig, register
from bertft.model.families import FAMILIES, Family
from bertft.model.network import load_network

SMALL = {"vocab_size": 30, "embedding_size": 8, "hidden_size": 12, "type_vocab_size": 2}
HEADS = [(name, head) for name, family in FAMILIES.items() for head in family.heads]


def network_of(name: str, head: str = "", **sizes: Any) -> Any:
    """A small one, with 3 labels."""
    import transformers

    register()
    torch.manual_seed(7)
    family = FAMILIES[name]
    config = WordsConfig(family=name, num_labels=3, **{**family.sizes, **SMALL, **sizes})
    network = getattr(transformers, head or family.heads[0]).from_config(config)
    with torch.no_grad():  # biases and segments of 0 would hide what goes wrong
        for parameter in network.parameters():
            parameter += 0.05 * torch.randn(parameter.shape)
        network.get_input_embeddings().weight[0] = 0.0
    return network.eval()


def batch_of(texts: list[list[int]], width: int = 0) -> dict[str, Tensor]:
    """Ids of texts, filled up on the right; the second half of each text is the second of a pair."""
    width = width or max(map(len, texts))
    ids, mask, segments = (np.zeros((len(texts), width), dtype=np.int64) for _ in range(3))
    for line, text in enumerate(texts):
        ids[line, : len(text)] = text
        mask[line, : len(text)] = 1
        segments[line, (len(text) + 1) // 2 : len(text)] = 1
    return {
        "input_ids": torch.from_numpy(ids),
        "attention_mask": torch.from_numpy(mask),
        "token_type_ids": torch.from_numpy(segments),
    }


TEXTS = [[2, 5, 9, 3, 7, 3], [2, 4, 3, 3], [2, 11, 12, 13, 14, 3, 15, 16, 17, 18, 3], [2, 1, 3, 1, 3]]


def logits(network: Any, texts: list[list[int]], width: int = 0) -> list[Any]:
    """Of each text, without what stands on padding."""
    with torch.no_grad():
        found = network(**batch_of(texts, width))["logits"].numpy()
    return [one[: len(text)] if found.ndim == 3 else one for one, text in zip(found, texts, strict=True)]


@pytest.mark.parametrize(("name", "head"), HEADS)
def test_padding_and_neighbours_change_no_answer(name: str, head: str) -> None:
    network = network_of(name, head)
    together = logits(network, TEXTS, width=24)
    for place, text in enumerate(TEXTS):
        (alone,) = logits(network, [text])
        np.testing.assert_allclose(together[place], alone, atol=1e-6)
    shuffled = logits(network, TEXTS[::-1])[::-1]
    for one, other in zip(together, shuffled, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert len({tuple(np.round(one.ravel()[:3], 4)) for one in together}) == len(TEXTS)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("segment", [0, 1])
@torch.no_grad()
def test_neighbours_change_no_answer_of_a_pair_that_lacks_a_text(name: str, segment: int) -> None:
    """As a cell without any word in it leaves one."""
    network, batch = network_of(name), batch_of(TEXTS)
    batch["token_type_ids"][0] = segment * batch["attention_mask"][0]
    alone = network(**{key: values[:1, : len(TEXTS[0])] for key, values in batch.items()})["logits"]
    np.testing.assert_allclose(network(**batch)["logits"][0], alone[0], atol=1e-6)


def test_windows_of_padding_are_none_of_the_text() -> None:
    """Here every word makes a convolution weaker, so that padding would win."""
    network = network_of("textcnn")
    with torch.no_grad():
        for name, weight in network.encoder.named_parameters():
            weight.copy_(torch.ones_like(weight) if "bias" in name else weight.abs() * (-1 if "layers" in name else 1))
    for one, other in zip(
        logits(network, TEXTS, width=40), (logits(network, [text])[0] for text in TEXTS), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize(("name", "head"), HEADS)
def test_every_weight_learns(name: str, head: str) -> None:
    network = network_of(name, head).train()
    network(**batch_of(TEXTS))["logits"].square().sum().backward()
    idle = [where for where, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert idle == []


@pytest.mark.parametrize(("name", "head"), HEADS)
def test_what_is_saved_opens_with_the_same_answers(name: str, head: str, tmp_path: Path) -> None:
    network = network_of(name, head)
    network.save_pretrained(tmp_path)
    (kind,) = [kind for kind in FAMILIES[name].kinds if KINDS[kind].auto_class == head]
    opened: Any = load_network(str(tmp_path), kind)
    for one, other in zip(logits(network, TEXTS), logits(opened.eval(), TEXTS), strict=True):
        np.testing.assert_array_equal(one, other)


def test_an_unknown_family_is_refused(tmp_path: Path) -> None:
    network_of("textcnn").save_pretrained(tmp_path)
    config = (tmp_path / "config.json").read_text()
    (tmp_path / "config.json").write_text(config.replace('"textcnn"', '"os.system"'))
    with pytest.raises(CheckpointError, match=r"'os\.system' is no network that this version of bertft knows"):
        load_network(str(tmp_path), FAMILIES["textcnn"].kinds[0])


def parts(network: Any, text: list[int]) -> tuple[dict[str, Any], Any]:
    """Weights by name as numpy has them, and the vectors (T, E) that go into the network."""
    weights = {name: weight.detach().numpy() for name, weight in network.named_parameters()}
    segments = batch_of([text])["token_type_ids"][0].numpy()
    vectors = weights["encoder.words.weight"][text] + weights["encoder.segments.weight"][segments]
    return weights, vectors


def test_textcnn_is_the_strongest_window_of_each_filter() -> None:
    """Kim 2014: window by window, without any convolution; zeros stand around the text."""
    network = network_of("textcnn")
    for text in TEXTS:
        weights, vectors = parts(network, text)
        features = []
        for number, width in enumerate((3, 4, 5)):
            around = np.zeros((width - 1, vectors.shape[1]))
            whole = np.concatenate([around, vectors, around])
            filters, bias = (weights[f"encoder.layers.0.{number}.{part}"] for part in ("weight", "bias"))
            for one, shift in zip(filters, bias, strict=True):  # one: (E, width)
                windows = [whole[start : start + width] for start in range(len(whole) - width + 1)]
                features.append(max(max(float((window.T * one).sum() + shift), 0.0) for window in windows))
        expected = weights["classifier.weight"] @ features + weights["classifier.bias"]
        np.testing.assert_allclose(logits(network, [text])[0], expected, atol=1e-5)


def test_every_family_is_for_some_kind_of_task() -> None:
    assert all(isinstance(family, Family) and family.kinds for family in FAMILIES.values())


@pytest.mark.parametrize("name", FAMILIES)
def test_the_words_that_mattered_add_up(name: str) -> None:
    """Integrated gradients look up all words of a text at once, and go into any network."""
    network = network_of(name)
    inputs = batch_of([TEXTS[2]])
    baseline = inputs["input_ids"].where(inputs["input_ids"] < 4, torch.tensor(1))
    found = attribute(network, inputs, baseline, torch.tensor([1.0, -1.0, 0.5]), steps=256)
    assert found.error < 0.05
