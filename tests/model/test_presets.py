"""What is known of families: rates in one place and on one page, and advice where it is true."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import build_backbone
from tiny_models import build_tiny_model
from transformers import AutoConfig, AutoModelForSequenceClassification

from bertft.engine.sizing import NARROW_RATE, Size, rate_for
from bertft.model.backbone import find_backbone, longest_input
from bertft.model.layers import layer_of_parameters
from bertft.model.losses import on_logits, sequence_loss
from bertft.model.network import Head, build_network
from bertft.model.presets import PUBLISHED_RATES, advice_for, published_rate
from bertft.plan.recipe import PAPER_RATE

PAGE = Path(__file__).parents[2] / "docs" / "backbones.md"
KIND = "text-classification"


def config_of(family: str, **more: Any) -> Any:
    return AutoConfig.for_model(family, **more)


@pytest.mark.parametrize(
    ("family", "width", "wanted"),
    [
        ("modernbert", 768, 8e-5),
        ("modernbert", 1024, None),
        ("electra", 768, None),
        ("deberta-v2", 768, 2e-5),
        ("deberta-v2", 1536, None),
        ("xlm-roberta", 768, None),
        ("xlnet", 768, 2e-5),
        ("bert", 768, None),
    ],
)
def test_a_rate_is_published_for_a_family_and_a_width(family: str, width: int, wanted: float | None) -> None:
    width_is = (
        {"d_model": width, "n_head": 16} if family == "xlnet" else {"hidden_size": width, "num_attention_heads": 16}
    )
    assert published_rate(config_of(family, **width_is)) == wanted


def test_a_published_rate_is_taken_by_wide_backbones_only() -> None:
    def rate(*, narrow: bool, published: float | None, small: bool) -> float:
        return rate_for(Size(9, [9] * 9, 2, KIND, narrow=narrow, mean=False, published=published), small=small)

    assert rate(narrow=False, published=2e-5, small=False) == 2e-5
    assert rate(narrow=False, published=2e-5, small=True) == 1e-5
    assert rate(narrow=False, published=None, small=False) == PAPER_RATE
    assert rate(narrow=True, published=2e-5, small=False) == NARROW_RATE


def test_the_page_has_every_rate() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    for family, rates in PUBLISHED_RATES.items():
        name = {"deberta-v2": "deberta"}.get(family, family)
        (row,) = [line for line in rows if line.lower().startswith(f"| {name}") and "e-5" in line]
        for rate in rates.values():
            assert f"{rate:.0e}".replace("e-0", "e-") in row


def test_advice_is_given_where_it_is_true() -> None:
    modern = config_of("modernbert", local_attention=128)
    (said,) = advice_for(modern, pool="cls", longest=512)
    assert "compare with --pool mean" in said
    assert not list(advice_for(modern, pool="cls", longest=64))
    assert not list(advice_for(modern, pool="mean", longest=512))
    assert not list(advice_for(modern, pool=None, longest=512))
    assert not list(advice_for(config_of("bert"), pool="cls", longest=512))
    assert "--lr" in next(iter(advice_for(config_of("ernie"), pool="cls", longest=9)))


def test_no_pooling_is_advised_to_a_head_that_is_kept(run: Any, reviews: Path, tmp_path: Path) -> None:
    """It would be refused."""
    words = ("train", reviews, "--max-steps", 1, "--head-start", "random", "--precision", "fp32", "--no-refit")
    model = build_tiny_model("mmbert", tmp_path / "model")
    assert "compare with --pool mean" in run(*words, "--model", model, "-o", "first").err
    assert "compare with" not in run(*words, "--model", "first", "-o", "second").err


@pytest.mark.parametrize(("family", "longest"), [("modernbert", 8192), ("eurobert", 8192), ("gte", 8192)])
def test_positions_come_from_the_config(family: str, longest: int) -> None:
    """None is lost to the padding, as in RoBERTa, whose tokenizer GTE has."""
    assert longest_input(config_of(family, pad_token_id=1), None) == longest  # type: ignore[arg-type]


def test_the_norm_behind_the_last_layer_learns_as_that_layer(tmp_path: Path) -> None:
    for name, norm in (("eurobert", "model.norm.weight"), ("modernbert", "model.final_norm.weight")):
        folder = build_tiny_model(name, tmp_path / name)
        layers = layer_of_parameters(AutoModelForSequenceClassification.from_pretrained(folder))
        assert layers[norm] == 2
        assert min(layers.values()) == 0


def test_half_precision_is_trained_in_full(tmp_path: Path) -> None:
    """transformers would go on in bf16, in which small steps are rounded away."""
    folder = build_backbone("bert", tmp_path / "full")
    half = AutoModelForSequenceClassification.from_pretrained(folder).to(torch.bfloat16)
    half.save_pretrained(folder)
    assert AutoModelForSequenceClassification.from_pretrained(folder).dtype == torch.bfloat16
    cost = on_logits(sequence_loss("single-label", weights=None, smoothing=0))
    network = build_network(find_backbone(str(folder)), Head(KIND, "single-label", ("a", "b"), cost))
    assert {weight.dtype for weight in network.parameters()} == {torch.float32}
    network.save_pretrained(tmp_path / "run")
    assert AutoModelForSequenceClassification.from_pretrained(tmp_path / "run").dtype == torch.float32
