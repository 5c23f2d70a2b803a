"""The best answer that needs no text, and models that give every row the same one. The oracles are scikit-learn's dummies, and
trying every set of labels."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from conftest import build_tokenizer
from scipy.special import expit
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import f1_score, hamming_loss, mean_squared_error
from test_battery import ASKED, CASES, make_adapter, make_rows, outputs_of, targets_of, unlabelled

from bertft.adapters import Adapter, Options, Prediction, adapter_for
from bertft.adapters.questions.best_answers import Candidate, Found
from bertft.adapters.tagging.best_tags import Tagging
from bertft.plan.card import plain_card
from bertft.rows.answers import Answers
from bertft.rows.fields import Fields
from bertft.rows.labels import Labels
from bertft.scoring import best_fixed_labels

RNG = np.random.default_rng


def adapter_of(problem: str, names: tuple[str, ...]) -> Adapter:
    kind = (
        "text-classification" if ("-" in problem and problem.endswith("label")) or problem == "regression" else problem
    )
    card = plain_card(kind, problem if kind != problem else None)
    asks = kind == "question-answering"
    stored: dict[str, Any] = {"can_abstain": True} if asks else {"scheme": "IOB2"}
    fields = Fields("text", "context" if asks else None, ("label",), None)
    return adapter_for(card, Labels(names), fields, build_tokenizer("bert"), Options(max_length=64), **stored)


def test_of_two_classes_the_constant_is_the_one_that_scores_more() -> None:
    """With F1 of the second class, giving it to all rows beats giving the more frequent first one."""
    adapter = adapter_of("single-label", ("no", "yes"))
    by_f1 = replace(adapter, card=replace(adapter.card, metric="f1"))
    learned = [0] * 63 + [1] * 37
    assert adapter.constant(learned, [0])[0].values.tolist() == [1.0, 0.0]
    assert by_f1.constant(learned, [0])[0].values.tolist() == [0.0, 1.0]


def test_single_label_answers_as_a_dummy_classifier() -> None:
    learned, gold = RNG(1).integers(0, 3, 200).tolist(), RNG(2).integers(0, 3, 50).tolist()
    adapter = adapter_of("single-label", ("a", "b", "c"))
    dummy = DummyClassifier(strategy="most_frequent").fit(np.zeros((200, 1)), learned)
    answers = adapter.constant(learned, gold)
    assert np.array_equal([answer.values for answer in answers], dummy.predict_proba(np.zeros((50, 1))))
    values = adapter.score(answers, gold).values
    assert values["accuracy"] == dummy.score(np.zeros((50, 1)), gold)
    assert (values["roc_auc"], values["mcc"]) == (0.5, 0.0)


def test_a_regression_answers_as_a_dummy_regressor() -> None:
    learned, gold = RNG(1).normal(3, 1, 200).tolist(), RNG(2).normal(3, 1, 50).tolist()
    adapter = adapter_of("regression", ("score",))
    dummy = DummyRegressor().fit(np.zeros((200, 1)), learned).predict(np.zeros((50, 1)))
    scores = adapter.score(adapter.constant(learned, gold), gold)
    assert scores.values["mse"] == pytest.approx(mean_squared_error(gold, dummy))
    assert "pearson" not in scores.values


@pytest.mark.parametrize(
    ("main", "average"), [("f1_micro", "micro"), ("f1_macro", "macro"), ("f1_weighted", "weighted")]
)
def test_fixed_labels_are_the_best_of_all_sets(main: str, average: str) -> None:
    gold = (RNG(3).random((150, 5)) < [0.7, 0.4, 0.3, 0.1, 0.02]).astype(int)
    best = max(
        f1_score(gold, np.tile(given, (150, 1)), average=average, zero_division=0)
        for given in product((0, 1), repeat=5)
    )
    chosen = np.tile(best_fixed_labels(gold, main), (150, 1))
    assert f1_score(gold, chosen, average=average, zero_division=0) == pytest.approx(best)


def test_fixed_labels_fit_the_other_metrics_too() -> None:
    gold = (RNG(3).random((150, 4)) < [0.7, 0.6, 0.3, 0.1]).astype(int)
    every = [np.tile(given, (150, 1)) for given in product((False, True), repeat=4)]
    chosen = np.tile(best_fixed_labels(gold, "hamming_loss"), (150, 1))
    assert hamming_loss(gold, chosen) == min(hamming_loss(gold, given) for given in every)
    chosen = np.tile(best_fixed_labels(gold, "subset_accuracy"), (150, 1))
    assert (gold == chosen).all(1).mean() == max((gold == given).all(1).mean() for given in every)


def test_multi_label_answers_with_the_best_fixed_labels() -> None:
    gold = (RNG(3).random((150, 3)) < [0.7, 0.4, 0.05]).astype(int)
    targets = list(np.pad(gold, ((0, 0), (0, 1))))
    adapter = adapter_of("multi-label", ("a", "b", "c"))
    values = adapter.score(adapter.constant(targets, targets), targets).values
    assert values["f1_micro"] == pytest.approx(f1_score(gold, np.tile([1, 1, 0], (150, 1)), average="micro"))


def test_a_tagger_gives_every_word_the_best_single_tag() -> None:
    adapter = adapter_of("token-classification", ("B-X", "I-X", "O"))
    gold = [("B-X", "O"), ("O", "O", "O", "B-X")]
    scores = adapter.score(adapter.constant([("O", "B-X", "I-X"), ("O", "O")], gold), gold)
    assert (scores.values["f1"], scores.values["accuracy"]) == (0.0, pytest.approx(4 / 6))
    scores = adapter.score(adapter.constant([("O", "B-X", "O"), ("O", "O")], gold), gold)
    assert scores.values["f1"] == pytest.approx(2 * 2 / (6 + 2))


def test_no_answer_is_right_where_there_is_none() -> None:
    adapter = adapter_of("question-answering", ())
    gold = [Answers(("film",), (0,)), Answers((), ()), Answers((), ())]
    assert adapter.score(adapter.constant(gold, gold), gold).main_value == pytest.approx(2 / 3)


@pytest.mark.parametrize(("name", "pair"), ASKED)
def test_the_constant_answer_is_named_as_one_and_other_answers_are_not(name: str, pair: bool) -> None:
    rows = make_rows(CASES[name], 9, pair=pair)
    adapter = make_adapter(CASES[name], rows, pair=pair)
    targets = targets_of(adapter, rows)
    constant = adapter.constant(targets, targets)
    assert adapter.same_answer(constant, targets).startswith("all ")
    encoded = adapter.encode(unlabelled(adapter, rows))
    other = [(outputs_of(adapter, windows, seed), windows) for seed, windows in enumerate(encoded)]
    assert adapter.same_answer(adapter.decode_rows(other), targets) == ""
    same_gold = [targets[2]] * 9  # then one answer is as it should be; of the tagger's row all tags are O
    assert adapter.same_answer(adapter.constant(targets, same_gold), same_gold) == ""


def predictions(values: Any) -> list[Prediction]:
    return [Prediction(value) for value in values]


def test_answers_that_differ_by_rounding_are_the_same() -> None:
    noise = RNG(4).normal(0, 1e-4, (40, 2))
    single, several = adapter_of("single-label", ("a", "b")), adapter_of("multi-label", ("a", "b"))
    halves = np.stack([0.5 + noise[:, 0], 0.5 - noise[:, 0]], axis=1)
    gold = RNG(5).integers(0, 2, 40).tolist()
    said = "all 40 rows the same answer (the same probabilities, within rounding)"
    assert single.same_answer(predictions(halves), gold) == said
    assert single.same_answer(predictions(0.5 + 100 * (halves - 0.5)), gold) == ""
    lists = list(RNG(5).integers(0, 2, (40, 3)))
    assert several.same_answer(predictions(0.5 + noise), lists) == said
    assert several.same_answer(predictions(expit(-3 + noise)), lists) == "all 40 rows the same answer (no label)"
    assert several.same_answer(predictions(0.6 + noise), lists) == "all 40 rows the same answer ('a', 'b')"
    assert several.same_answer(predictions(0.5 + 100 * noise), lists) == ""
    number = adapter_of("regression", ("score",))
    scores = RNG(6).normal(0, 1, 40).tolist()
    assert number.same_answer(predictions(2.5 + noise[:, :1]), scores).endswith("(2.5, within rounding)")
    assert number.same_answer(predictions(2.5 + 1000 * noise[:, :1]), scores) == ""


def test_words_and_answers_that_are_all_the_same_are_named() -> None:
    tagger, asked = adapter_of("token-classification", ("B-X", "I-X", "O")), adapter_of("question-answering", ())
    tags = [Tagging(np.asarray([2, 2]), np.ones(2))] * 3
    assert tagger.same_answer(predictions(tags), [("O", "B-X")] * 3) == "all words the same tag ('O')"
    gold = [Answers(("a",), (0,)), Answers(("b",), (0,)), Answers((), ())]
    found = Found((Candidate("a", 0, 1, 0.9),), -1.0, 0.1)
    assert asked.same_answer(predictions([found] * 3), gold) == "all 3 rows the same answer (a)"
    assert asked.same_answer(asked.constant(gold, gold), gold) == "all 3 rows the same answer (none)"
