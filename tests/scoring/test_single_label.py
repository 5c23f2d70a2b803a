"""One label per row. The oracle is scikit-learn."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from sklearn import metrics as oracle

from bertft.errors import InternalError
from bertft.kinds import PROBLEMS
from bertft.scoring import score_single_label


def random_case(seed: int, rows: int, classes: int, unknown: int = 0):
    """Predictions that are right about half of the time."""
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.ones(classes), rows)
    gold = np.where(rng.random(rows) < 0.5, probabilities.argmax(1), rng.integers(0, classes, rows))
    gold[:unknown] = -1
    return gold, probabilities, [f"label {k}" for k in range(classes)]


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
@pytest.mark.parametrize("family", ["f1", "precision", "recall"])
@pytest.mark.parametrize("classes", [2, 3, 7])
def test_averages_agree_with_scikit_learn(family: str, average: str, classes: int) -> None:
    gold, probabilities, labels = random_case(classes, 200, classes)
    theirs = getattr(oracle, f"{family}_score")(gold, probabilities.argmax(1), average=average)
    assert score_single_label(gold, probabilities, labels).values[f"{family}_{average}"] == pytest.approx(theirs)


@pytest.mark.parametrize("classes", [2, 5])
def test_accuracy_matthews_and_roc_auc_agree_with_scikit_learn(classes: int) -> None:
    gold, probabilities, labels = random_case(1, 300, classes)
    values = score_single_label(gold, probabilities, labels).values
    predicted = probabilities.argmax(1)
    scores = probabilities[:, 1] if classes == 2 else probabilities
    assert values["accuracy"] == pytest.approx(oracle.accuracy_score(gold, predicted))
    assert values["mcc"] == pytest.approx(oracle.matthews_corrcoef(gold, predicted))
    assert values["roc_auc"] == pytest.approx(oracle.roc_auc_score(gold, scores, multi_class="ovr"))


def test_with_two_labels_the_second_is_the_positive_one() -> None:
    gold, probabilities, labels = random_case(2, 100, 2)
    values = score_single_label(gold, probabilities, labels).values
    for family in ("f1", "precision", "recall"):
        assert values[family] == pytest.approx(getattr(oracle, f"{family}_score")(gold, probabilities.argmax(1)))


def test_with_three_labels_there_is_no_plain_f1() -> None:
    assert "f1" not in score_single_label(*random_case(3, 50, 3)).values
    asked = score_single_label(*random_case(3, 50, 3), metrics=["accuracy", "f1"])
    assert list(asked.values) == ["accuracy"]
    assert asked.notes == ["f1 is left out: it is for two labels, here are 3."]


def test_labels_of_the_model_that_never_occur_do_not_pull_the_macro_mean_down() -> None:
    gold, probabilities, labels = random_case(4, 100, 3)
    wider = np.hstack([probabilities, np.zeros((100, 2))])
    narrow, wide = score_single_label(gold, probabilities, labels), score_single_label(gold, wider, [*labels, "d", "e"])
    assert wide.values["f1_macro"] == narrow.values["f1_macro"]
    assert wide.per_class["e"] == {"precision": 0, "recall": 0, "f1": 0, "support": 0}


def test_a_label_unknown_to_the_model_is_never_right() -> None:
    gold, probabilities, labels = random_case(5, 100, 3, unknown=10)
    scores = score_single_label(gold, probabilities, labels)
    predicted, known = probabilities.argmax(1), gold >= 0
    assert scores.values["accuracy"] == pytest.approx((gold == predicted).sum() / 100)
    assert scores.values["mcc"] == pytest.approx(oracle.matthews_corrcoef(gold, predicted))
    assert scores.values["recall_macro"] == pytest.approx(
        oracle.recall_score(gold[known], predicted[known], average="macro")
    )
    assert scores.values["precision_micro"] == pytest.approx((gold == predicted).sum() / 100)
    assert sum(scores.confusion.unknown) == 10
    assert scores.notes[0].startswith("10 of 100 rows have a label that the model does not know: they count as wrong")


def test_per_class_and_confusion_agree_with_scikit_learn() -> None:
    gold, probabilities, labels = random_case(6, 150, 4)
    scores, predicted = score_single_label(gold, probabilities, labels), probabilities.argmax(1)
    columns = oracle.precision_recall_fscore_support(gold, predicted)
    for k, label in enumerate(labels):
        assert list(scores.per_class[label].values()) == pytest.approx([column[k] for column in columns])
    assert scores.confusion.counts == oracle.confusion_matrix(gold, predicted).tolist()
    assert scores.confusion.labels == labels


def test_a_card_gets_exactly_the_metrics_it_names_and_its_main_one() -> None:
    scores = score_single_label(*random_case(7, 40, 2), metrics=["accuracy", "f1"])
    assert list(scores.values) == ["accuracy", "f1"]
    other = score_single_label(*random_case(7, 40, 2), metrics=["accuracy"], main="matthews_correlation")
    assert list(other.values) == ["accuracy", "mcc"]
    assert other.main_value == other.values["mcc"]


def test_without_a_list_every_metric_is_measured() -> None:
    assert list(score_single_label(*random_case(8, 60, 2)).values) == list(PROBLEMS["single-label"].metrics)


def test_roc_auc_is_left_out_where_a_class_has_no_gold_row() -> None:
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8]])
    scores = score_single_label([1, 1], probabilities, ["no", "yes"], main="roc_auc")
    assert "roc_auc" not in scores.values
    assert "roc_auc is left out: 1 of 2 labels do not occur in gold." in scores.notes
    assert scores.main_value == -math.inf
    assert scores.interval is None
    assert json.loads(json.dumps(scores.as_dict(), allow_nan=False))["value"] is None


def test_probabilities_that_are_not_numbers_are_said_and_do_not_crash() -> None:
    scores = score_single_label([0, 1, 1], [[math.nan, 0.5], [0.1, 0.9], [0.6, 0.4]], ["no", "yes"])
    assert "roc_auc is left out: some probabilities are not finite numbers." in scores.notes


def test_no_rows_give_no_numbers() -> None:
    scores = score_single_label([], np.zeros((0, 2)), ["no", "yes"])
    assert (scores.values, scores.examples, scores.interval) == ({}, 0, None)
    assert "accuracy is left out: there is no row." in scores.notes


def test_a_model_that_says_one_thing_only_is_pointed_out() -> None:
    scores = score_single_label([0, 1, 0], [[0.9, 0.1]] * 3, ["no", "yes"])
    assert "All 3 rows were predicted 'no'." in scores.notes


def test_arrays_that_do_not_fit_are_our_own_mistake() -> None:
    with pytest.raises(InternalError, match="do not fit 3 labels"):
        score_single_label([0, 1], np.zeros((2, 2)), ["a", "b", "c"])
    with pytest.raises(InternalError, match="do not fit 2 labels"):
        score_single_label([0, 2], np.zeros((2, 2)), ["a", "b"])


def test_a_score_is_ready_for_json() -> None:
    scores = score_single_label(*random_case(9, 30, 3))
    told = json.loads(json.dumps(scores.as_dict(), allow_nan=False))
    assert told["value"] == scores.main_value
    assert told["interval"] == list(scores.interval)
    assert told["confusion"]["counts"] == scores.confusion.counts


def test_the_confusion_of_many_labels_keeps_the_largest_cells() -> None:
    """Right rows and all counts still add up; what is stored grows with the labels, not with their square."""
    gold, probabilities, labels = random_case(10, 4000, 150)
    scores, predicted = score_single_label(gold, probabilities, labels, metrics=["mcc"]), probabilities.argmax(1)
    table = oracle.confusion_matrix(gold, predicted)
    stored = scores.as_dict()["confusion"]
    assert scores.confusion.counts == table.tolist()
    assert scores.values["mcc"] == pytest.approx(oracle.matthews_corrcoef(gold, predicted))
    assert stored["right"] == table.diagonal().tolist()
    assert "counts" not in stored
    shown = [mistake["rows"] for mistake in stored["mistakes"]]
    assert shown == sorted(table[~np.eye(150, dtype=bool)].tolist(), reverse=True)[:1000]
    assert sum(shown) + stored["mistakes_left_out"] + sum(stored["right"]) == 4000
    first = stored["mistakes"][0]
    assert table[labels.index(first["gold"]), labels.index(first["predicted"])] == first["rows"]


def test_thousands_of_labels_need_no_table_of_all_by_all() -> None:
    """20,000 by 20,000 would not fit."""
    labels = [f"label {k}" for k in range(20_000)]
    gold, probabilities = [7, 19_999, -1], np.zeros((3, 20_000))
    probabilities[[0, 1, 2], [7, 3, 7]] = 1.0
    scores = score_single_label(gold, probabilities, labels)
    assert scores.confusion.mistakes == [("label 19999", "label 3", 1)]
    assert scores.confusion.unknown[7] == 1
    assert len(json.dumps(scores.as_dict()["confusion"])) < 500_000
