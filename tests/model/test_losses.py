"""Losses and class weights, against torch's, transformers' and scikit-learn's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch import Tensor
from torch.nn import BCEWithLogitsLoss, CrossEntropyLoss, MSELoss

from bertft.adapters.texts.multi_label import positive_weights
from bertft.adapters.texts.single_label import balanced_weights
from bertft.model.losses import Loss, sequence_loss

PROBLEMS = {"single-label": "single_label_classification", "multi-label": "multi_label_classification"}


def data(problem: str, *, rows: int = 24, classes: int = 5) -> tuple[Tensor, Tensor]:
    """Logits and targets as an adapter collates them."""
    torch.manual_seed(3)
    if problem == "regression":
        return torch.randn(rows, 1) * 3, torch.randn(rows)
    if problem == "multi-label":
        return torch.randn(rows, classes) * 3, torch.randint(0, 2, (rows, classes)).to(torch.int8)
    return torch.randn(rows, classes) * 3, torch.randint(0, classes, (rows,))


def test_balanced_is_scikit_learns() -> None:
    targets = np.random.default_rng(0).choice(4, size=200, p=[0.6, 0.3, 0.08, 0.02])
    wanted = compute_class_weight("balanced", classes=np.arange(4), y=targets)
    assert balanced_weights(targets.tolist(), 4).numpy() == pytest.approx(wanted, rel=1e-6)
    assert balanced_weights([0, 0, 2], 3).tolist() == [0.5, 0.0, 1.0]


def test_positive_weights_are_rows_without_over_rows_with() -> None:
    targets = np.array([[1, 0, 1], [1, 0, 0], [0, 0, 0], [1, 0, 0]])
    assert positive_weights(targets).tolist() == pytest.approx([1 / 3, 1, 3])


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weights", [None, torch.tensor([1.0, 2.0, 0.5, 3.0, 1.5])])
def test_cross_entropy_is_torchs(smoothing: float, weights: Tensor | None) -> None:
    logits, targets = data("single-label")
    found = sequence_loss("single-label", weights=weights, smoothing=smoothing)(logits, targets)
    wanted = CrossEntropyLoss(weight=weights, label_smoothing=smoothing, reduction="none")(logits, targets)
    assert torch.equal(found, wanted)


def test_label_smoothing_is_transformers() -> None:
    from transformers.trainer_pt_utils import LabelSmoother

    logits, targets = data("single-label")
    found = sequence_loss("single-label", weights=None, smoothing=0.1)(logits, targets).mean()
    assert float(found) == pytest.approx(float(LabelSmoother(epsilon=0.1)({"logits": logits}, targets)), rel=1e-6)


@pytest.mark.parametrize("weights", [None, torch.tensor([1.0, 2.0, 0.5, 3.0, 1.5])])
def test_binary_cross_entropy_is_torchs(weights: Tensor | None) -> None:
    logits, targets = data("multi-label")
    found = sequence_loss("multi-label", weights=weights, smoothing=0.0)(logits, targets).mean()
    assert float(found) == pytest.approx(
        float(BCEWithLogitsLoss(pos_weight=weights)(logits, targets.float())), rel=1e-6
    )
    smoothed = sequence_loss("multi-label", weights=weights, smoothing=0.2)(logits, targets).mean()
    soft = targets.float() * 0.8 + 0.1
    assert float(smoothed) == pytest.approx(float(BCEWithLogitsLoss(pos_weight=weights)(logits, soft)), rel=1e-6)


def test_squared_error_is_torchs() -> None:
    logits, targets = data("regression")
    found = sequence_loss("regression", weights=None, smoothing=0.0)(logits, targets)
    assert float(found.mean()) == pytest.approx(float(MSELoss()(logits.squeeze(-1), targets)), rel=1e-6)


@pytest.mark.parametrize("problem", ["single-label", "multi-label", "regression"])
def test_without_weights_it_is_the_loss_that_transformers_computes(problem: str) -> None:
    from transformers import BertConfig
    from transformers.loss.loss_utils import ForSequenceClassificationLoss

    logits, targets = data(problem)
    config = BertConfig(num_labels=logits.shape[1], problem_type=PROBLEMS.get(problem, problem))
    labels = targets.float() if problem == "multi-label" else targets
    wanted: Any = ForSequenceClassificationLoss(labels, logits, config)
    found = sequence_loss(problem, weights=None, smoothing=0.0)(logits, targets).mean()
    assert float(found) == pytest.approx(float(wanted), rel=1e-6)


@pytest.mark.parametrize("problem", ["single-label", "multi-label", "regression"])
def test_losses_are_per_example_however_a_batch_is_cut(problem: str) -> None:
    logits, targets = data(problem)
    weights = None if problem == "regression" else torch.tensor([1.0, 2.0, 0.5, 3.0, 1.5])
    loss: Loss = sequence_loss(problem, weights=weights, smoothing=0.1)
    whole = loss(logits, targets)
    assert whole.shape == (len(targets),)
    pieces = torch.cat([loss(logits[i : i + 7], targets[i : i + 7]) for i in range(0, len(targets), 7)])
    assert torch.allclose(whole, pieces, rtol=1e-6)
    assert float(pieces.sum()) == pytest.approx(float(whole.mean()) * len(targets), rel=1e-6)


@pytest.mark.parametrize("problem", ["single-label", "multi-label", "regression"])
def test_losses_are_in_fp32_whatever_the_logits(problem: str) -> None:
    logits, targets = data(problem)
    half = logits.bfloat16()
    loss = sequence_loss(problem, weights=None, smoothing=0.0)
    assert loss(half, targets).dtype == torch.float32
    assert torch.equal(loss(half, targets), loss(half.float(), targets))
