"""Answers of families for which transformers has no class: two tags, in transformers' own class for tags."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import build_tiny_model
from transformers import AutoConfig, AutoModelForTokenClassification

from bertft.model.backbone import find_backbone
from bertft.model.losses import span_cost
from bertft.model.network import Head, build_network, load_network
from bertft.model.span_head import QUESTIONS, WORDS, needs_span_head

HEAD = Head("question-answering", None, (), span_cost)


@pytest.mark.parametrize("name", ["eurobert", "gte-en", "nomic"])
def test_a_start_and_an_end_are_two_tags_of_transformers(name: str, tmp_path: Path) -> None:
    folder = build_tiny_model(name, tmp_path / "model")
    network: Any = build_network(find_backbone(str(folder)), HEAD).eval()
    network.save_pretrained(tmp_path / "run")
    tagger = AutoModelForTokenClassification.from_pretrained(tmp_path / "run").eval()
    ids = torch.arange(8, 20)[None]
    with torch.no_grad():
        theirs = tagger(input_ids=ids).logits
        for opened in (network, load_network(str(tmp_path / "run"), HEAD.kind)):
            ours = opened(input_ids=ids)
            assert torch.equal(ours["start_logits"], theirs[..., 0])
            assert torch.equal(ours["end_logits"], theirs[..., 1])
    assert tagger.config.id2label == {0: "start", 1: "end"}
    assert tagger.config.architectures == [type(tagger).__name__]


def test_families_with_a_class_for_questions_keep_it() -> None:
    assert not needs_span_head(QUESTIONS, AutoConfig.for_model("modernbert"))
    assert needs_span_head(QUESTIONS, AutoConfig.for_model("gte"))
    assert not needs_span_head(WORDS, AutoConfig.for_model("gte"))
