"""Families whose classifiers read what their config says: the flag, the config, and what the head is fitted on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import build_tiny_model
from transformers import AutoConfig, AutoModelForSequenceClassification

from bertft.engine.beginning import start_network
from bertft.engine.sizing import Size, sized
from bertft.errors import UsageError
from bertft.model.backbone import find_backbone
from bertft.model.losses import on_logits, sequence_loss
from bertft.model.network import Head
from bertft.model.pooling import CHOICES, check_pool, own_pooling, read_of_text, usual_pooling
from bertft.plan.recipe import POOLINGS, Recipe
from bertft.start.warm import InputsOf, classifier_of

KIND = "text-classification"
HEAD = Head(KIND, "single-label", ("a", "b", "c"), on_logits(sequence_loss("single-label", weights=None, smoothing=0)))
IDS = torch.tensor([[2, 9, 12, 30, 11, 9], [2, 14, 17, 9, 9, 9]])
MASK = torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0]])


@pytest.mark.parametrize(
    ("name", "pool"), [(name, pool) for name in CHOICES for pool in CHOICES[name]], ids=lambda word: str(word)
)
def test_what_is_chosen_is_written_and_answers_the_same(name: str, pool: str, tmp_path: Path) -> None:
    """And the head is fitted on what its classifier reads: one vector for each text."""
    backbone = find_backbone(str(build_tiny_model(name, tmp_path / "model")))
    network: Any = start_network(backbone, HEAD, Recipe(pool=pool)).eval()
    network.save_pretrained(tmp_path / "run")
    theirs = AutoModelForSequenceClassification.from_pretrained(tmp_path / "run").eval()
    assert own_pooling(theirs.config) == pool
    assert theirs.config.num_hidden_layers == 2
    classifier = classifier_of(network, 3)
    assert classifier is not None
    with torch.no_grad():
        logits = theirs(input_ids=IDS, attention_mask=MASK).logits
        assert torch.equal(network(input_ids=IDS, attention_mask=MASK).logits, logits)
        read = InputsOf(network, classifier)(input_ids=IDS, attention_mask=MASK)["logits"]
        assert torch.allclose(classifier(read), logits, atol=1e-5)


def test_what_a_head_on_frozen_outputs_reads_is_pooled_already() -> None:
    config = AutoConfig.for_model("eurobert", problem_type="single_label_classification")
    read = torch.ones(2, 32)
    assert read_of_text(config, read, MASK) is read


def test_a_family_without_the_choice_says_so(tmp_path: Path) -> None:
    modern = find_backbone(str(build_tiny_model("modernbert", tmp_path / "modern")))
    with pytest.raises(UsageError, match=r"--pool late: .* is modernbert, which has cls or mean"):
        check_pool(modern, "late", KIND)
    xlnet = find_backbone(str(build_tiny_model("xlnet", tmp_path / "xlnet")))
    with pytest.raises(
        UsageError, match=r"--pool late is for eurobert; .* is xlnet\. Leave it out, or pass --pool cls"
    ):
        check_pool(xlnet, "late", KIND)
    with pytest.raises(
        UsageError, match=r"works for bert, .*, or is a setting of modernbert and eurobert; .* is xlnet"
    ):
        check_pool(xlnet, "mean", KIND)
    check_pool(xlnet, "cls", KIND)


def test_a_fine_tuned_head_is_read_as_it_was_trained(tmp_path: Path) -> None:
    folder = build_tiny_model("modernbert", tmp_path)
    config = json.loads((folder / "config.json").read_text()) | {"id2label": {"0": "a", "1": "b", "2": "c"}}
    (folder / "config.json").write_text(json.dumps(config | {"label2id": {"a": 0, "b": 1, "c": 2}}))
    backbone = find_backbone(str(folder))
    check_pool(backbone, "mean", KIND, HEAD.label_names)  # as its config says
    with pytest.raises(UsageError, match="--pool cls: the checkpoint was fine-tuned for these labels"):
        check_pool(backbone, "cls", KIND, HEAD.label_names)


def test_unasked_a_classifier_reads_what_its_config_says(tmp_path: Path) -> None:
    """A sentence encoder what it was trained to be read by."""
    size = Size(1000, [9] * 1000, 2, KIND, narrow=False, mean=False, own_pool="late")
    recipe, said = sized(Recipe(), size)
    assert recipe.pool == "late"
    assert "pooling late (--pool)" in said
    folder = build_tiny_model("mmbert", tmp_path)
    assert usual_pooling(find_backbone(str(folder))) == "cls"
    (folder / "modules.json").write_text('[{"type": "Transformer", "path": ""}, {"type": "Pooling", "path": "pool"}]')
    (folder / "pool").mkdir()
    (folder / "pool" / "config.json").write_text('{"pooling_mode_mean_tokens": true}')
    assert usual_pooling(find_backbone(str(folder))) == "mean"


def test_every_choice_can_be_typed() -> None:
    assert {pool for choices in CHOICES.values() for pool in choices} == set(POOLINGS)
    for family, choices in CHOICES.items():
        for theirs in choices.values():
            AutoConfig.for_model(family, classifier_pooling=theirs)
