"""What a wrong answer is asked about: the logits that count, and what a larger sum speaks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import build_tokenizer, forget_accelerator

from bertft.adapters import Options, Prediction, adapter_for
from bertft.adapters.texts.text_adapter import TextAdapter
from bertft.insight import explain
from bertft.jobs.opening import open_run
from bertft.plan.card import plain_card
from bertft.plan.sections import MachinePlan
from bertft.rows.fields import Fields
from bertft.rows.labels import Labels
from bertft.rows.row import Row


def adapter_of(problem: str, *labels: str) -> TextAdapter:
    card = plain_card("text-classification", problem)
    made = adapter_for(card, Labels(labels), Fields("text", None, ("label",)), build_tokenizer("bert"), Options(64))
    assert isinstance(made, TextAdapter)
    return made


@pytest.mark.parametrize(
    ("gold", "direction", "towards"),
    [(2, [0, 1, -1], "'b' against 'c'"), (-1, [0, 1, 0], "'b'"), (1, [0, 1, 0], "'b'")],
)
def test_a_class_is_held_against_the_gold_one(gold: int, direction: list[int], towards: str) -> None:
    found = adapter_of("single-label", "a", "b", "c").contrast(Prediction(np.asarray([0.2, 0.7, 0.1])), gold)
    assert found.direction.tolist() == direction
    assert found.towards == towards


@pytest.mark.parametrize(
    ("values", "gold", "direction", "towards"),
    [
        ([0.9, 0.6, 0.4], [0, 1, 0, 0], [1, 0, 0], "'a'"),
        ([0.1, 0.1, 0.4], [0, 1, 0, 0], [0, 1, 0], "'b' (which is missing)"),
        ([0.6, 0.1, 0.4], [0, 1, 0, 0], [0, 1, 0], "'b' (which is missing)"),
    ],
)
def test_of_several_labels_the_most_clearly_wrong_one_counts(
    values: list[float], gold: list[int], direction: list[int], towards: str
) -> None:
    found = adapter_of("multi-label", "a", "b", "c").contrast(Prediction(np.asarray(values)), np.asarray(gold))
    assert found.direction.tolist() == direction
    assert found.towards == towards


def test_of_a_number_it_is_asked_what_makes_it_large() -> None:
    found = adapter_of("regression", "score").contrast(Prediction(np.asarray([4.0])), 1.0)
    assert found.direction.tolist() == [1]
    assert found.towards == "a larger number"


def test_half_precision_of_a_run_does_not_round_the_weights(trained: Path, fresh_accelerator: None) -> None:
    weights = []
    for precision in ("fp32", "bf16"):
        answerer = open_run(str(trained), precision, MachinePlan())
        adapter: Any = answerer.adapter
        (example,) = adapter.reader.predictable([Row(0, "x.csv:2", {"text": "good film not awful", "label": "pos"})])
        found = explain(answerer.network, adapter, example, np.asarray([1.0, 0.0, -1.0]), device=torch.device("cpu"))
        weights.append([word.weight for word in found.words[0]])
        forget_accelerator()
    assert weights[0] == pytest.approx(weights[1], rel=1e-4)
