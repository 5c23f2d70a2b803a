"""Tokenizers that come from another family than the model: where they pad, which inputs they give, how they cut words."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from conftest import build_tokenizer
from tiny_models import TINY_MODELS, build_tiny_model
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

from bertft.adapters.adapter import Feature
from bertft.adapters.padding import padded, pads_left
from bertft.engine.transfer import tensors_of
from bertft.errors import CheckpointError
from bertft.insight.gradients import embedding_of
from bertft.model.backbone import check_encoder
from bertft.model.suiting import mark_words, suit, takes_segments
from bertft.model.tokens import load_tokenizer

WORDS = ["good", "film", "very", "bad"]


@pytest.mark.parametrize("name", TINY_MODELS)
def test_words_are_cut_as_in_a_text_and_as_transformers_will_cut_them(name: str, tmp_path: Path) -> None:
    """`add_prefix_space` alone does nothing for the tokenizers of ModernBERT, mmBERT and EuroBERT."""
    TINY_MODELS[name].tokenizer().save_pretrained(tmp_path)
    tokenizer: Any = load_tokenizer(str(tmp_path), words=True)
    by_word = tokenizer(WORDS, is_split_into_words=True)
    assert by_word["input_ids"] == tokenizer(" ".join(WORDS))["input_ids"]
    tokenizer.save_pretrained(tmp_path / "run")
    again = AutoTokenizer.from_pretrained(tmp_path / "run")
    assert again(" ".join(WORDS))["input_ids"] == by_word["input_ids"]


@pytest.mark.parametrize("name", ["modernbert", "mmbert", "eurobert"])
def test_words_of_a_text_are_found_where_they_stand(name: str) -> None:
    """The space that is put before the first word takes no room in the text."""
    tokenizer = TINY_MODELS[name].tokenizer()
    former = tokenizer("good film")["input_ids"]
    mark_words(tokenizer)
    text = "good film"
    found = tokenizer(text, return_offsets_mapping=True, add_special_tokens=False)
    assert "".join(text[start:end] for start, end in found["offset_mapping"]).replace(" ", "") == "goodfilm"
    assert min(start for start, _ in found["offset_mapping"]) == 0
    assert found["input_ids"] != former[1:-1]


def test_a_tokenizer_that_needs_no_space_stays_as_it_is() -> None:
    for family in ("bert", "albert"):
        tokenizer = build_tokenizer(family)
        former = tokenizer.backend_tokenizer.to_str()
        mark_words(tokenizer)
        assert tokenizer.backend_tokenizer.to_str() == former


@pytest.mark.parametrize(
    ("family", "more", "wanted"),
    [
        ("bert", {}, True),
        ("bert", {"type_vocab_size": 1}, False),
        ("modernbert", {}, False),
        ("eurobert", {}, False),
        ("gte", {"type_vocab_size": 0}, False),
        ("gte", {"type_vocab_size": 2}, True),
        ("xlnet", {}, True),
        ("distilbert", {}, False),
        ("xlm-roberta", {"type_vocab_size": 1}, False),
    ],
)
def test_segments_are_given_only_to_models_that_have_two(family: str, more: dict[str, Any], wanted: bool) -> None:
    config = AutoConfig.for_model(family, **more)
    assert takes_segments(config) is wanted
    tokenizer = build_tokenizer("bert")
    suit(tokenizer, config)
    assert ("token_type_ids" in tokenizer.model_input_names) is wanted


def test_what_is_suited_is_saved(tmp_path: Path) -> None:
    """So that transformers pads and feeds a batch as bertft does."""
    tokenizer = TINY_MODELS["mmbert"].tokenizer()
    assert tokenizer.padding_side == "left"
    suit(tokenizer, AutoConfig.for_model("modernbert"))
    tokenizer.save_pretrained(tmp_path)
    assert AutoTokenizer.from_pretrained(tmp_path).padding_side == "right"
    tokenizer = build_tokenizer("bert")
    suit(tokenizer, AutoConfig.for_model("gte", type_vocab_size=1))
    tokenizer.save_pretrained(tmp_path)
    assert "token_type_ids" not in AutoTokenizer.from_pretrained(tmp_path)("good", "bad")


def test_xlnet_answers_a_batch_as_it_answers_each_text(tmp_path: Path) -> None:
    """Its classifier reads the last token: padding there would answer for all shorter texts."""
    folder = build_tiny_model("xlnet", tmp_path)
    network = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer: Any = load_tokenizer(str(folder))
    suit(tokenizer, network.config)
    texts = ["good", "a very bad film", "good book and a fine song"]
    ids = [np.asarray(tokenizer(text)["input_ids"], dtype=np.int32) for text in texts]
    features = [Feature(row, one, None, None, False) for row, one in enumerate(ids)]
    with torch.no_grad():
        alone = torch.cat([network(input_ids=torch.tensor([one.tolist()])).logits for one in ids])
        batch = tensors_of(padded(features, None, tokenizer, max_length=64, left=pads_left(tokenizer)).inputs)
        assert torch.allclose(network(**batch).logits, alone, atol=1e-5)
        wrong = tensors_of(padded(features, None, tokenizer, max_length=64).inputs)
        assert not torch.allclose(network(**wrong).logits, alone, atol=1e-3)


def test_the_words_of_xlnet_are_not_weighed(tmp_path: Path) -> None:
    """It looks up its embeddings column by column, so that no weight would belong to its word."""
    network = AutoModelForSequenceClassification.from_pretrained(build_tiny_model("xlnet", tmp_path))
    assert embedding_of(network) is None


def test_padding_on_the_left_moves_everything() -> None:
    tokenizer = SimpleNamespace(pad_token_id=7, pad_token_type_id=3, model_input_names=["input_ids", "token_type_ids"])
    feature = Feature(0, np.asarray([1, 2, 4]), np.asarray([0, 1, 1]), None, False)
    batch = padded([feature], None, tokenizer, max_length=4, left=True)
    assert batch.inputs["input_ids"].tolist() == [[7, 1, 2, 4]]
    assert batch.inputs["attention_mask"].tolist() == [[0, 1, 1, 1]]
    assert batch.inputs["token_type_ids"].tolist() == [[3, 0, 1, 1]]


def test_xlnet_reads_and_transformer_xl_writes() -> None:
    check_encoder("x", AutoConfig.for_model("xlnet"))
    with pytest.raises(CheckpointError, match="is a model that writes"):
        check_encoder("x", AutoConfig.for_model("xlnet", attn_type="uni"))
