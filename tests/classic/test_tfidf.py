"""TF-IDF models answer as scikit-learn's do, and a saved network as its fit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from conftest import sentiment, texts
from scipy.special import expit, softmax
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline

from bertft.classic.features import COSINE, DIFFERENCE, ONE, OTHER, PRODUCT
from bertft.classic.grams import CHARACTERS, TOKEN, WORDS
from bertft.classic.lesson import Choice, Lesson
from bertft.classic.tfidf import STRENGTHS, chosen, fit_linear, fit_tfidf, folds, outputs_of, part_of
from bertft.classic.vocabulary import Vocabulary
from bertft.engine.fitting import network_of
from bertft.kinds import SINGLE_LABEL, TEXT_CLASSIFICATION
from bertft.model.network import Head

ROWS, NEW = texts(80), texts(30, seed=3)
CLASSES = np.asarray([{"neg": 0, "neutral": 1, "pos": 2}[sentiment(text)] for text in ROWS])


def lesson(link: str, targets: Any, *columns: list[str], **more: Any) -> Lesson:
    growing = Vocabulary([WORDS, CHARACTERS], grows=True)
    read = [growing(column)["input_ids"] for column in columns or (ROWS,)]
    no_words = np.zeros(0, dtype=np.int32)
    return Lesson([*zip(*read, strict=True)], np.asarray(targets, dtype=float), no_words, link, growing, **more)


def head(labels: int) -> Head:
    names = tuple(f"label {number}" for number in range(labels))
    return Head(TEXT_CLASSIFICATION.name, SINGLE_LABEL.name, names, cost=None)  # type: ignore[arg-type]


def answers(fit: Any, labels: int, *columns: list[str]) -> Any:
    """Of the network that is made of a fit, through its own vocabulary."""
    found = fit.vocabulary(*columns)
    width = max(len(ids) for ids in found["input_ids"])
    ids, segments = (
        torch.tensor([[*row, *[0] * (width - len(row))] for row in found[name]])
        for name in ("input_ids", "token_type_ids")
    )
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.inference_mode():
        return network_of(fit, head(labels))(input_ids=ids, token_type_ids=segments)["logits"].numpy()


def vectorizer(kinds: tuple[str, ...]) -> Any:
    made = {
        WORDS: TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=TOKEN),
        CHARACTERS: TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True),
    }
    return FeatureUnion([(kind, made[kind]) for kind in kinds])


@pytest.mark.parametrize("kinds", [(WORDS,), (CHARACTERS,), (WORDS, CHARACTERS)])
@pytest.mark.parametrize("classes", [2, 3])
def test_classes_are_as_probable_as_scikit_learn_says(kinds: tuple[str, ...], classes: int) -> None:
    gold = np.minimum(CLASSES, classes - 1)
    fit = fit_tfidf(lesson("softmax", np.eye(classes)[gold]), Choice(kinds, (ONE,), 10.0))
    theirs = make_pipeline(vectorizer(kinds), LogisticRegression(C=10.0, max_iter=1000)).fit(ROWS, gold)
    assert np.abs(softmax(answers(fit, classes, NEW), axis=1) - theirs.predict_proba(NEW)).max() < 1e-5


def test_labels_are_as_probable_as_scikit_learn_says() -> None:
    gold = np.stack([CLASSES == 0, CLASSES != 2, ["a" in row for row in ROWS]], axis=1).astype(int)
    fit = fit_tfidf(lesson("sigmoid", gold), Choice((WORDS,), (ONE,), 10.0))
    one_each = OneVsRestClassifier(LogisticRegression(C=10.0, max_iter=1000))
    theirs = make_pipeline(vectorizer((WORDS,)), one_each).fit(ROWS, gold)
    assert np.abs(expit(answers(fit, 3, NEW)) - theirs.predict_proba(NEW)).max() < 1e-5


def test_numbers_are_those_of_scikit_learns_ridge() -> None:
    gold = CLASSES + np.linspace(0, 1, len(CLASSES))
    fit = fit_tfidf(lesson("identity", gold[:, None]), Choice((WORDS,), (ONE,), 10.0))
    theirs = make_pipeline(vectorizer((WORDS,)), Ridge(alpha=0.1)).fit(ROWS, gold)
    assert np.abs(answers(fit, 1, NEW)[:, 0] - theirs.predict(NEW)).max() < 1e-5


@pytest.mark.parametrize("parts", [(ONE, OTHER, DIFFERENCE, PRODUCT, COSINE), (DIFFERENCE, PRODUCT, COSINE), (COSINE,)])
def test_a_network_reads_pairs_as_its_fit_does(parts: tuple[str, ...]) -> None:
    other = [*reversed(ROWS)]
    learned = lesson("softmax", np.eye(3)[CLASSES], ROWS, other)
    fit = fit_tfidf(learned, Choice((WORDS, CHARACTERS), parts, 10.0))
    wanted = outputs_of(fit, learned)
    found = answers(fit, 3, ROWS, other)
    assert np.abs(found - wanted).max() < 1e-4
    assert np.ptp(found, axis=0).max() > 0.1, "the same for all rows"


def test_pairs_are_parted_and_joined_as_by_hand() -> None:
    learned = lesson("identity", [[1.0], [2.0]], ["good film", "bad"], ["good", "bad"])
    fit = fit_tfidf(learned, Choice((WORDS,), (COSINE,), 1e9))
    assert answers(fit, 1, ["good film", "bad"], ["good", "bad"])[:, 0] == pytest.approx([1.0, 2.0], abs=1e-4)
    idf = dict(zip([gram for _, gram in fit.vocabulary.grams], fit.weights["idf"], strict=True))
    length = np.sqrt(idf["good"] ** 2 + idf["film"] ** 2 + idf["good film"] ** 2)
    slope = 1 / (1 - idf["good"] / length)
    assert fit.weights["weight"].item() == pytest.approx(slope, rel=1e-4)


def test_a_class_that_no_row_has_is_never_the_answer() -> None:
    gold = np.eye(4)[CLASSES + 1]
    fit = fit_tfidf(lesson("softmax", gold), Choice((WORDS,), (ONE,), 10.0))
    assert softmax(answers(fit, 4, NEW), axis=1)[:, 0].max() < 1e-6


def test_a_label_that_all_rows_have_is_always_given() -> None:
    gold = np.stack([np.ones(80), np.zeros(80), CLASSES == 2], axis=1)
    fit = fit_tfidf(lesson("sigmoid", gold), Choice((WORDS,), (ONE,), 10.0))
    found = expit(answers(fit, 3, NEW))
    assert found[:, 0].min() > 0.999
    assert found[:, 1].max() < 0.001


def test_class_weights_are_scikit_learns() -> None:
    weights = np.asarray([1.0, 5.0, 0.5])
    learned = lesson("softmax", np.eye(3)[CLASSES], class_weights=weights)
    fit = fit_tfidf(learned, Choice((WORDS,), (ONE,), 10.0))
    model = LogisticRegression(C=10.0, max_iter=1000, class_weight=dict(enumerate(weights)))
    theirs = make_pipeline(vectorizer((WORDS,)), model).fit(ROWS, CLASSES)
    assert np.abs(softmax(answers(fit, 3, NEW), axis=1) - theirs.predict_proba(NEW)).max() < 1e-5


def test_folds_leave_out_every_row_once_and_spread_classes() -> None:
    learned = lesson("softmax", np.eye(3)[CLASSES])
    parts = list(folds(learned))
    assert sorted(np.concatenate([left_out for _, left_out in parts])) == list(range(80))
    assert all(not set(learned_from) & set(left_out) for learned_from, left_out in parts)
    counts = np.stack([np.bincount(CLASSES[left_out], minlength=3) for _, left_out in parts])
    assert np.ptp(counts, axis=0).max() <= 1


def test_the_choice_has_the_least_loss_of_rows_left_out() -> None:
    """Against scikit-learn, which learns the vocabulary of each fold anew too."""
    learned = lesson("softmax", np.eye(3)[CLASSES])
    choice = chosen(learned)

    def loss(strength: float) -> float:
        total = 0.0
        for rows, left_out in folds(learned):
            model = make_pipeline(vectorizer(choice.kinds), LogisticRegression(C=strength, max_iter=1000))
            model.fit([ROWS[i] for i in rows], CLASSES[rows])
            found = model.predict_proba([ROWS[i] for i in left_out])
            total -= np.log(found[np.arange(len(left_out)), CLASSES[left_out]]).sum()
        return total

    assert choice.strength == min(STRENGTHS, key=loss)
    assert choice.said.startswith(" and ".join(choice.kinds))


def test_what_is_left_out_has_no_part_in_a_fit() -> None:
    learned = lesson("softmax", np.eye(3)[CLASSES])
    some = np.arange(40)
    fit = fit_tfidf(part_of(learned, some), Choice((WORDS,), (ONE,), 10.0))
    alone = fit_tfidf(lesson("softmax", np.eye(3)[CLASSES[:40]], ROWS[:40]), Choice((WORDS,), (ONE,), 10.0))
    assert fit.vocabulary.grams == alone.vocabulary.grams
    assert np.abs(fit.weights["weight"] - alone.weights["weight"]).max() < 1e-9


def test_one_class_alone_needs_no_regression() -> None:
    weight, bias = fit_linear(np.zeros((4, 2)), replace(lesson("softmax", np.eye(2)[[1] * 4], ROWS[:4])), 1.0)
    assert not weight.any()
    assert softmax(bias)[1] > 0.999999


@pytest.mark.parametrize(("link", "wanted"), [("softmax", np.log([0.25, 0.75])), ("identity", [0.25, 0.75])])
def test_texts_without_any_n_gram_get_the_base_rates(link: str, wanted: Any) -> None:
    fit = fit_tfidf(lesson(link, np.eye(2)[[0, 1, 1, 1]], ["...", "!!", "?", ""]), Choice((WORDS,), (ONE,), 1.0))
    assert answers(fit, 2, ["??", "good"]) == pytest.approx(np.asarray([wanted, wanted]), abs=1e-6)
