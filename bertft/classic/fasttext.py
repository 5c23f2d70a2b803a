"""The classifier of fastText (Joulin et al. 2016, arXiv 1607.01759): the mean of a text's embeddings, of its words, pairs of
words and runs of characters, and a linear layer on it. Of a pair both texts, their difference and their product.

Learned by Adam on the rows that a step touches; how many epochs are best is chosen by cross-validation on the rows that are
learned from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bertft.classic.features import DIFFERENCE, MEAN, ONE, OTHER, PRODUCT, counts_of, features_of, weighted, width_of
from bertft.classic.grams import CHARACTERS, WORDS
from bertft.classic.lesson import Array, Choice, Fit, Lesson
from bertft.classic.majority import base_rates
from bertft.classic.tfidf import FOLDS, MOST_CHARACTERS, folds, losses_of, part_of, seen_in
from bertft.classic.vocabulary import FIRST, Vocabulary

WIDTH, RATE, BATCH = 100, 3e-3, 32
"""Numbers in an embedding, learning rate, rows in a step."""

MOST_EPOCHS, PATIENCE = 60, 3
"""Epochs that are tried, and those without a lower loss after which no more are."""


def fit_fasttext(lesson: Lesson, choice: Choice | None = None) -> Fit:
    """Choose the epochs, unless that was done before, and learn from all rows."""
    choice = choice or chosen_epochs(lesson)
    learner = Learner.of(lesson, choice)
    for _ in range(round(choice.strength)):
        learner.learn()
    return learner.fit()


def chosen_epochs(lesson: Lesson) -> Choice:
    """As many as leave the least loss on rows that were left out."""
    many = sum(len(ids) for row in lesson.texts for ids in row) > MOST_CHARACTERS
    parts = (ONE, OTHER, DIFFERENCE, PRODUCT) if lesson.is_pair else (ONE,)
    choice = Choice((WORDS,) if many else (WORDS, CHARACTERS), parts)
    losses: list[float] = []
    for loss in _losses(lesson, choice):
        losses.append(loss)
        if len(losses) - int(np.argmin(losses)) > PATIENCE:
            break
    epochs = int(np.argmin(losses)) + 1
    said = f"{' and '.join(choice.kinds)}, {epochs} epochs, by {FOLDS}-fold cross-validation"
    return replace(choice, strength=float(epochs), said=said)


def _losses(lesson: Lesson, choice: Choice) -> Iterator[float]:
    """After each epoch the loss of the rows that were left out, over all folds."""
    parts = [(part_of(lesson, learned), part_of(lesson, left_out)) for learned, left_out in folds(lesson)]
    learners = [Learner.of(learned, choice) for learned, _ in parts]
    others = [one.features(left_out) for one, (_, left_out) in zip(learners, parts, strict=True)]
    for _ in range(MOST_EPOCHS):
        total = 0.0
        for learner, features, (_, left_out) in zip(learners, others, parts, strict=True):
            learner.learn()
            total += float(losses_of(learner.outputs(features), left_out.targets, lesson.link).sum())
        yield total


def units_of(lesson: Lesson) -> tuple[Array, Array]:
    """(K,) mean and deviation of numbers; 0 and 1 of what is none."""
    if lesson.link != "identity":
        return np.zeros(lesson.targets.shape[1]), np.ones(lesson.targets.shape[1])
    deviation = lesson.targets.std(axis=0)
    return lesson.targets.mean(axis=0), np.where(deviation > 0, deviation, 1.0)


@dataclass
class Learner:
    """Embeddings and a linear layer, and what they learn from."""

    lesson: Lesson
    """With numbers in units of their own: they may be prices as well as shares, and the learning rate is one for all."""
    centre: Array
    unit: Array
    """(K,) what such numbers are in the file: centre + unit * number; 0 and 1 of classes and labels."""
    choice: Choice
    vocabulary: Vocabulary
    numbers: Array
    rows: Any
    """(N, F) features."""
    embeddings: nn.Parameter
    """(F, WIDTH)."""
    output: nn.Parameter
    """(WIDTH, K)."""
    bias: nn.Parameter
    optimizers: list[torch.optim.Optimizer]
    chance: np.random.Generator

    @classmethod
    def of(cls, lesson: Lesson, choice: Choice) -> Learner:
        """One that has learned the base rates alone."""
        vocabulary, numbers = lesson.vocabulary.closed(choice.kinds, seen_in(lesson))
        centre, unit = units_of(lesson)
        lesson = replace(lesson, targets=(lesson.targets - centre) / unit)
        width, chance = width_of(choice.parts, len(vocabulary) - FIRST), np.random.default_rng(lesson.seed)
        embeddings = nn.Parameter(torch.from_numpy(chance.uniform(-1, 1, (width, WIDTH)) / WIDTH).float())
        output = nn.Parameter(torch.zeros(WIDTH, lesson.targets.shape[1]))
        bias = nn.Parameter(torch.from_numpy(base_rates(lesson.targets, lesson.link)).float())
        adam = [torch.optim.SparseAdam([embeddings], RATE), torch.optim.Adam([output, bias], RATE)]
        made = cls(lesson, centre, unit, choice, vocabulary, numbers, None, embeddings, output, bias, adam, chance)
        made.rows = made.features(lesson)
        return made

    def features(self, lesson: Lesson) -> Any:
        """(N, F) of the rows of a lesson with the same numbers."""
        columns = [[self.numbers[ids] for ids in column] for column in zip(*lesson.texts, strict=True)]
        counts = (counts_of(column, len(self.vocabulary) - FIRST) for column in columns)
        return features_of([weighted(one, MEAN, None, self.vocabulary.ends) for one in counts], self.choice.parts)

    def learn(self) -> None:
        """One epoch."""
        order = self.chance.permutation(len(self.lesson.targets))
        for start in range(0, len(order), BATCH):
            some = np.sort(order[start : start + BATCH])
            loss = self._loss(self._logits(self.rows[some]), torch.from_numpy(self.lesson.targets[some]).float())
            for optimizer in self.optimizers:
                optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            for optimizer in self.optimizers:
                optimizer.step()

    def outputs(self, rows: Any) -> Array:
        """(N, K) for features."""
        hidden = rows @ self.embeddings.detach().double().numpy()
        output, bias = self._layer()
        return np.asarray(hidden @ output + bias)

    def _layer(self) -> tuple[Array, Array]:
        """The linear layer, with answers as in the file."""
        output, bias = (one.detach().double().numpy() for one in (self.output, self.bias))
        return output * self.unit, bias * self.unit + self.centre

    def _logits(self, rows: Any) -> Tensor:
        hidden = functional.embedding_bag(
            torch.from_numpy(rows.indices).long(),
            self.embeddings,
            torch.from_numpy(rows.indptr[:-1]).long(),
            mode="sum",
            sparse=True,
            per_sample_weights=torch.from_numpy(rows.data).float(),
        )  # (B, WIDTH)
        return hidden @ self.output + self.bias

    def _loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        given = self.lesson.class_weights
        weights = None if given is None else torch.from_numpy(given).float()
        if self.lesson.link == "softmax":
            return functional.cross_entropy(logits, targets.argmax(dim=1), weight=weights)
        if self.lesson.link == "sigmoid":
            return functional.binary_cross_entropy_with_logits(logits, targets, pos_weight=weights)
        return functional.mse_loss(logits, targets)

    def fit(self) -> Fit:
        """What was learned."""
        output, bias = self._layer()
        weights = {
            "idf": np.ones(len(self.vocabulary) - FIRST),
            "weight": self.embeddings.detach().numpy(),
            "output": output,
            "bias": bias,
        }
        return Fit(self.vocabulary, self.numbers, weights, self.choice, MEAN, WIDTH)
