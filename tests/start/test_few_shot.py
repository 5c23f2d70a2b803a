"""Few labelled texts to many labelled pairs, and the network that learns from them."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import build_tokenizer, texts
from torch.nn.functional import cosine_similarity
from transformers import AutoModelForSequenceClassification

from bertft.adapters import Feature
from bertft.engine.transfer import tensors_of
from bertft.start import few_shot as room
from bertft.start.few_shot import PAIRS_PER_TEXT, TwinCollator, TwinNetwork, Twins, twins_of


def labelled(classes: Sequence[int]) -> list[Feature]:
    ids = build_tokenizer("bert")(texts(len(classes)))["input_ids"]
    return [Feature(row, np.asarray(ids[row]), None, label, False) for row, label in enumerate(classes)]


def test_twins_are_of_one_class_or_not_as_they_say_and_as_many_of_both() -> None:
    found = twins_of(labelled([0, 1, 2] * 8), seed=1)
    for pair in found:
        assert pair.target == float(pair.texts[0].target == pair.texts[1].target)
        assert pair.texts[0].row != pair.texts[1].row
    assert Counter(pair.target for pair in found) == {1.0: 24 * PAIRS_PER_TEXT, 0.0: 24 * PAIRS_PER_TEXT}
    assert set(Counter(pair.row for pair in found).values()) == {2 * PAIRS_PER_TEXT}


def test_a_class_with_one_row_has_no_twin_and_differs_from_all_others() -> None:
    found = twins_of(labelled([0, 0, 0, 1]), seed=1)
    assert not [pair for pair in found if pair.row == 3 and pair.target == 1.0]
    assert {pair.texts[1].row for pair in found if pair.row == 3} == {0, 1, 2}


def test_one_class_only_has_only_twins() -> None:
    assert {pair.target for pair in twins_of(labelled([4] * 6), seed=1)} == {1.0}


def test_one_row_alone_has_no_pair() -> None:
    assert twins_of(labelled([0]), seed=1) == []


def test_rows_that_are_all_of_classes_of_their_own_have_no_twins() -> None:
    assert {pair.target for pair in twins_of(labelled(range(5)), seed=1)} == {0.0}


def test_the_seed_decides_on_the_twins() -> None:
    features = labelled([0, 1] * 8)
    one, same, other = ([pair.texts[1].row for pair in twins_of(features, seed)] for seed in (1, 1, 2))
    assert one == same != other


def test_many_texts_have_fewer_partners_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_MOST_PAIRS", 100)
    assert len(twins_of(labelled([0, 1] * 10), seed=1)) == 80
    assert len(twins_of(labelled([0, 1] * 100), seed=1)) == 100  # of a sample of the texts


def pair_of(one: Feature, other: Feature) -> Twins:
    return Twins(one.row, (one, other), float(one.target == other.target))


def test_the_network_gives_the_cosine_of_what_the_classifier_reads(backbones: Callable[[str], Path]) -> None:
    network = AutoModelForSequenceClassification.from_pretrained(backbones("bert"), num_labels=3).eval()
    features = labelled([0, 1, 0, 1, 1])
    twins = [pair_of(features[i], features[j]) for i, j in ((0, 1), (2, 3), (4, 4))]
    batch = TwinCollator(build_tokenizer("bert"), 64).collate(twins)
    assert batch.examples == 3
    assert batch.tokens == sum(len(text.input_ids) for pair in twins for text in pair.texts)
    assert batch.targets is not None
    assert batch.targets.tolist() == [0.0, 0.0, 1.0]
    plain = copy.deepcopy(network)
    with torch.no_grad():
        logits = TwinNetwork(network, network.classifier)(**tensors_of(batch.inputs))["logits"]
        read = [plain.bert(torch.as_tensor(f.input_ids)[None]).pooler_output[0] for f in features]
    wanted = [float(cosine_similarity(read[i], read[j], dim=0)) for i, j in ((0, 1), (2, 3), (4, 4))]
    assert logits.shape == (3, 1)
    assert logits[:, 0].tolist() == pytest.approx(wanted, abs=1e-5)
    assert float(logits[2, 0]) == pytest.approx(1.0, abs=1e-5)


def test_a_twins_width_is_its_longer_texts() -> None:
    short, long = labelled([0, 0])
    long = Feature(1, np.arange(5, 40), None, 0, False)
    assert len(pair_of(short, long).input_ids) == len(pair_of(long, short).input_ids) == 35
