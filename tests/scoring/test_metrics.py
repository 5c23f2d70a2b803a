"""The metrics as evaluate.Metric objects: same names and sums as evaluate's own, and no trace on the disk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import evaluate
import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as oracle

from bertft.errors import UsageError
from bertft.kinds import PROBLEMS
from bertft.kinds.metric_names import ALIASES, check_metric
from bertft.scoring import better, higher_is_better
from bertft.scoring import metrics as local
from bertft.scoring import real_metrics as real

RNG = np.random.default_rng(0)
GOLD, GUESS = RNG.integers(0, 2, 50), RNG.integers(0, 2, 50)
NUMBERS, OTHERS = RNG.normal(size=50), RNG.normal(size=50)


@pytest.mark.parametrize(
    ("metric", "key", "theirs"),
    [
        (local.Accuracy, "accuracy", oracle.accuracy_score),
        (local.F1, "f1", oracle.f1_score),
        (local.Precision, "precision", oracle.precision_score),
        (local.Recall, "recall", oracle.recall_score),
        (local.HammingLoss, "hamming_loss", oracle.hamming_loss),
    ],
)
def test_compute_agrees_with_scikit_learn_and_with_measure(metric: type, key: str, theirs) -> None:
    expected = {key: pytest.approx(theirs(GOLD, GUESS))}
    assert metric().compute(predictions=GUESS, references=GOLD) == expected
    assert metric().measure(GUESS, GOLD) == expected
    assert isinstance(metric(), evaluate.Metric)
    assert metric().name == key


@pytest.mark.parametrize(
    ("metric", "key", "theirs"),
    [
        (real.Pearsonr, "pearsonr", lambda x, y: stats.pearsonr(x, y)[0]),
        (real.Spearmanr, "spearmanr", lambda x, y: stats.spearmanr(x, y)[0]),
        (real.Mse, "mse", oracle.mean_squared_error),
        (real.Mae, "mae", oracle.mean_absolute_error),
        (real.RSquared, "r_squared", oracle.r2_score),
    ],
)
def test_metrics_of_numbers_agree_with_scipy_and_scikit_learn(metric: type, key: str, theirs) -> None:
    expected = {key: pytest.approx(theirs(NUMBERS, OTHERS))}
    assert metric().compute(predictions=OTHERS, references=NUMBERS) == expected
    assert metric().measure(OTHERS, NUMBERS) == expected
    assert metric().name == key


def test_keywords_are_those_of_evaluate() -> None:
    rooted = real.Mse().compute(predictions=OTHERS, references=NUMBERS, squared=False)
    assert rooted["mse"] == pytest.approx(oracle.root_mean_squared_error(NUMBERS, OTHERS))
    assert set(real.Pearsonr().compute(predictions=OTHERS, references=NUMBERS, return_pvalue=True)) == {
        "pearsonr",
        "p-value",
    }
    each = local.F1().compute(predictions=GUESS, references=GOLD, average=None)["f1"]
    assert each.tolist() == pytest.approx(oracle.f1_score(GOLD, GUESS, average=None).tolist())


def test_ranking_metrics_take_scores_of_one_or_many_labels() -> None:
    scores, gold = RNG.random((50, 3)), RNG.integers(0, 2, (50, 3))
    one = local.RocAuc().compute(prediction_scores=scores[:, 0], references=gold[:, 0])
    assert one["roc_auc"] == pytest.approx(oracle.roc_auc_score(gold[:, 0], scores[:, 0]))
    for metric, theirs in (
        (local.RocAuc, oracle.roc_auc_score),
        (local.AveragePrecision, oracle.average_precision_score),
    ):
        many = metric("multilabel").compute(prediction_scores=scores, references=gold)
        assert list(many.values()) == [pytest.approx(theirs(gold, scores))]
    shares, classes = scores / scores.sum(1, keepdims=True), RNG.integers(0, 3, 50)
    found = local.RocAuc("multiclass").compute(prediction_scores=shares, references=classes, multi_class="ovr")
    assert found["roc_auc"] == pytest.approx(oracle.roc_auc_score(classes, shares, multi_class="ovr"))


def test_batches_can_be_added_one_by_one() -> None:
    metric = local.Accuracy()
    for start in range(0, 50, 20):
        metric.add_batch(predictions=GUESS[start : start + 20], references=GOLD[start : start + 20])
    assert metric.compute() == {"accuracy": pytest.approx((GOLD == GUESS).mean())}


def test_several_metrics_collect_at_once_without_disturbing_each_other() -> None:
    first, second = local.Accuracy(), local.Accuracy()
    first.add_batch(predictions=[1], references=[1])
    second.add_batch(predictions=[1], references=[0])
    assert (first.compute()["accuracy"], second.compute()["accuracy"]) == (1.0, 0.0)


@pytest.mark.slow
def test_nothing_is_written_and_no_network_is_needed(tmp_path: Path) -> None:
    code = (
        "from bertft.scoring import *; from bertft.scoring.metrics import Accuracy\n"
        "print(score_single_label([0, 1, 1], [[.9, .1], [.2, .8], [.6, .4]], ['a', 'b']).main_value)\n"
        "print(Accuracy().compute(predictions=[1], references=[1]))\n"
    )
    env = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf"), "HOME": str(tmp_path)}
    env |= {"PYTHONPATH": str(Path(local.__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=env, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.split("\n")[:2] == ["0.6666666666666666", "{'accuracy': 1.0}"], done.stderr
    assert [path for path in tmp_path.rglob("*") if "metrics" in path.parts or path.suffix == ".lock"] == []


def test_names_are_checked_and_translated() -> None:
    assert check_metric("single-label", "matthews_correlation") == "mcc"
    assert check_metric("regression", "spearmanr") == "spearman"
    assert check_metric("single-label", "F1-macro") == "f1_macro"
    assert all(any(name in problem.metrics for problem in PROBLEMS.values()) for name in ALIASES.values())


def test_an_unknown_name_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(
        UsageError, match=r"no metric 'acuracy' for single-label data. Did you mean 'accuracy'\?"
    ) as told:
        check_metric("single-label", "acuracy")
    assert all(name in str(told.value) for name in PROBLEMS["single-label"].metrics)
    with pytest.raises(UsageError, match="no metric 'accuracy' for regression data"):
        check_metric("regression", "accuracy")


def test_plain_f1_with_more_than_two_labels_names_its_averages() -> None:
    assert check_metric("single-label", "f1", labels=2) == "f1"
    with pytest.raises(UsageError, match="'f1' is for two labels, here are 5: use f1_macro, f1_micro or f1_weighted"):
        check_metric("single-label", "f1", labels=5)


def test_better_knows_which_way_is_up() -> None:
    assert better("accuracy", 0.9, 0.8)
    assert better("mse", 0.1, 0.2)
    assert better("eval_loss", 0.1, 0.2)
    assert not better("hamming_loss", 0.2, 0.1)
    assert not better("accuracy", 0.8, 0.8)
    assert not better("accuracy", float("nan"), 0.1)
    assert better("mse", 5.0, float("nan"))
    assert [higher_is_better(name) for name in ("f1", "loss", "rmse", "mae")] == [True, False, False, False]
