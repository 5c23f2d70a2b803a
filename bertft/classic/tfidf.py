"""TF-IDF with a logistic regression for one class per row, one for each of several labels, or a ridge regression for numbers:
scikit-learn's, fitted at once. Which n-grams are read and how strongly the weights are bounded is chosen by cross-validation on
the rows that are learned from."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import log_softmax

from bertft.classic.features import (
    COSINE,
    DIFFERENCE,
    ONE,
    OTHER,
    PRODUCT,
    TFIDF,
    counts_of,
    features_of,
    inverse_frequencies,
    weighted,
)
from bertft.classic.grams import CHARACTERS, WORDS
from bertft.classic.lesson import Array, Choice, Fit, Lesson
from bertft.classic.majority import base_rates
from bertft.classic.vocabulary import FIRST

STRENGTHS = (1.0, 10.0, 100.0)
"""C of a logistic regression, 1 / alpha of a ridge, that are tried on features of length 1."""

GRAM_CHOICES = ((WORDS,), (CHARACTERS,), (WORDS, CHARACTERS))
PART_CHOICES = ((ONE, OTHER, DIFFERENCE, PRODUCT, COSINE), (DIFFERENCE, PRODUCT, COSINE), (COSINE,))
FOLDS = 3

MOST_CHARACTERS = 20_000_000
"""Numbers of n-grams in all rows together beyond which only words are read, as each fit would take minutes."""

_STEPS = 1000


def fit_tfidf(lesson: Lesson, choice: Choice | None = None) -> Fit:
    """Choose, unless that was done before, and fit on all rows."""
    choice = choice or chosen(lesson)
    vocabulary, numbers = lesson.vocabulary.closed(choice.kinds, seen_in(lesson))
    texts = [[numbers[ids] for ids in column] for column in zip(*lesson.texts, strict=True)]
    counts = [counts_of(column, len(vocabulary) - FIRST) for column in texts]
    idf = inverse_frequencies_of(counts)
    features = features_of([weighted(one, TFIDF, idf, vocabulary.ends) for one in counts], choice.parts)
    weight, bias = fit_linear(features, lesson, choice.strength)
    return Fit(vocabulary, numbers, {"idf": idf, "weight": weight, "bias": bias}, choice)


def seen_in(lesson: Lesson) -> Array:
    """The numbers of all n-grams in its rows."""
    return np.concatenate([ids for row in lesson.texts for ids in row])


def inverse_frequencies_of(counts: Sequence[Any]) -> Array:
    """Over both texts of each pair, as texts of their own."""
    from scipy import sparse

    return inverse_frequencies(sparse.csr_matrix(sparse.vstack(counts)))


def chosen(lesson: Lesson) -> Choice:
    """The n-grams and parts that do best with a strength in the middle, then the best strength for these: by the loss of rows
    that were left out of the fit."""
    many = sum(len(ids) for row in lesson.texts for ids in row) > MOST_CHARACTERS
    parts = PART_CHOICES if lesson.is_pair else ((ONE,),)
    tried = [
        Choice(kinds, part, STRENGTHS[1]) for kinds in (GRAM_CHOICES[:1] if many else GRAM_CHOICES) for part in parts
    ]
    losses = {choice: _loss(lesson, choice) for choice in tried} if len(tried) > 1 else {tried[0]: np.inf}
    best = min(losses, key=lambda choice: losses[choice])
    others = [replace(best, strength=strength) for strength in STRENGTHS]
    losses |= {choice: _loss(lesson, choice) for choice in others if losses.get(choice, np.inf) == np.inf}
    best = min(others, key=lambda choice: losses[choice])
    return replace(best, said=_said(best, lesson))


def _said(choice: Choice, lesson: Lesson) -> str:
    name = "1 / alpha" if lesson.link == "identity" else "C"
    parts = f" as {', '.join(choice.parts)}" if lesson.is_pair else ""
    return f"{' and '.join(choice.kinds)}{parts}, {name} {choice.strength:g}, by {FOLDS}-fold cross-validation"


def _loss(lesson: Lesson, choice: Choice) -> float:
    """The mean loss of rows that a fit has not seen."""
    total = 0.0
    for learned, left_out in folds(lesson):
        fit = fit_tfidf(part_of(lesson, learned), choice)
        outputs = outputs_of(fit, part_of(lesson, left_out))
        total += float(losses_of(outputs, lesson.targets[left_out], lesson.link).sum())
    return total / len(lesson.targets)


def folds(lesson: Lesson) -> Iterator[tuple[Array, Array]]:
    """Positions to learn from and to leave out; each class is spread evenly."""
    order = np.random.default_rng(lesson.seed).permutation(len(lesson.targets))
    if lesson.link == "softmax":
        order = order[np.argsort(lesson.targets[order].argmax(axis=1), kind="stable")]
    count = min(FOLDS, len(order))
    for fold in range(count):
        yield np.sort(order[np.arange(len(order)) % count != fold]), np.sort(order[fold::count])


def part_of(lesson: Lesson, positions: Array) -> Lesson:
    """The rows at these positions."""
    return replace(lesson, texts=[lesson.texts[i] for i in positions], targets=lesson.targets[positions])


def outputs_of(fit: Fit, lesson: Lesson) -> Array:
    """(N, K) what a fit says of other rows."""
    texts = [[fit.numbers[ids] for ids in column] for column in zip(*lesson.texts, strict=True)]
    counts = (counts_of(column, len(fit.vocabulary) - FIRST) for column in texts)
    rows = [weighted(one, fit.weighting, fit.weights["idf"], fit.vocabulary.ends) for one in counts]
    return np.asarray(features_of(rows, fit.choice.parts) @ fit.weights["weight"] + fit.weights["bias"])


def losses_of(outputs: Array, targets: Array, link: str) -> Array:
    """(N,) cross-entropy, or the squared error."""
    if link == "softmax":
        return np.asarray(-(targets * log_softmax(outputs, axis=1)).sum(axis=1))
    if link == "sigmoid":
        return np.asarray((np.logaddexp(0, outputs) - targets * outputs).sum(axis=1))
    return np.asarray(((outputs - targets) ** 2).sum(axis=1))


def fit_linear(features: Any, lesson: Lesson, strength: float) -> tuple[Array, Array]:
    """(F, K) weights and (K,) bias; base rates alone where the texts have no n-gram."""
    if not features.shape[1]:
        return np.zeros((0, lesson.targets.shape[1])), base_rates(lesson.targets, lesson.link)
    if lesson.link == "identity":
        return _ridge(features, lesson.targets, strength)
    if lesson.link == "softmax":
        return _classes(features, lesson, strength)
    columns = [_label(features, lesson, strength, label) for label in range(lesson.targets.shape[1])]
    return np.stack([weight for weight, _ in columns], axis=1), np.asarray([bias for _, bias in columns])


def _ridge(features: Any, targets: Array, strength: float) -> tuple[Array, Array]:
    from sklearn.linear_model import Ridge

    model = Ridge(alpha=1 / strength).fit(features, targets)
    return np.asarray(model.coef_).reshape(targets.shape[1], -1).T, np.asarray(model.intercept_).reshape(-1)


def _classes(features: Any, lesson: Lesson, strength: float) -> tuple[Array, Array]:
    """A class without rows keeps its base rate, which is next to nothing; of two classes one gets all the weight."""
    gold, bias = lesson.targets.argmax(axis=1), base_rates(lesson.targets, lesson.link)
    weight = np.zeros((features.shape[1], len(bias)))
    present = np.unique(gold)
    if len(present) < 2:
        return weight, bias
    given = None if lesson.class_weights is None else dict(enumerate(lesson.class_weights))
    coefficients, intercepts = _regression(features, gold, strength, given)
    bias[present] = [0.0, *intercepts] if len(present) == 2 else intercepts
    weight[:, present[-len(coefficients) :]] = coefficients.T
    return weight, bias


def _label(features: Any, lesson: Lesson, strength: float, label: int) -> tuple[Array, float]:
    """A label that all rows have, or none has, keeps its base rate."""
    gold = lesson.targets[:, label].astype(np.int64)
    if len(np.unique(gold)) < 2:
        return np.zeros(features.shape[1]), float(base_rates(lesson.targets[:, [label]], lesson.link)[0])
    given = None if lesson.class_weights is None else {0: 1.0, 1: float(lesson.class_weights[label])}
    coefficients, intercepts = _regression(features, gold, strength, given)
    return coefficients[0], float(intercepts[0])


def _regression(features: Any, gold: Array, strength: float, given: Any) -> tuple[Array, Array]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression(C=strength, max_iter=_STEPS, class_weight=given).fit(features, gold)
    return np.asarray(model.coef_), np.asarray(model.intercept_)
