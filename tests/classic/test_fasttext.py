"""The fastText classifier: a mean of embeddings and a linear layer, learned on the rows that it is given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Said, sentiment, texts
from test_tfidf import answers, lesson

from bertft.classic import fasttext
from bertft.classic.fasttext import Learner, chosen_epochs, fit_fasttext
from bertft.classic.features import DIFFERENCE, ONE, OTHER, PRODUCT
from bertft.classic.grams import CHARACTERS, WORDS, grams_of
from bertft.classic.lesson import Choice

ROWS, NEW = texts(60), texts(20, seed=3)
CLASSES = np.eye(3)[[{"neg": 0, "neutral": 1, "pos": 2}[sentiment(text)] for text in ROWS]]
BOTH = (WORDS, CHARACTERS)


def test_a_text_is_the_mean_of_its_known_n_grams() -> None:
    fit = fit_fasttext(lesson("softmax", CLASSES, ROWS), Choice(BOTH, (ONE,), 2.0))
    place = {gram: number for number, gram in enumerate(fit.vocabulary.grams)}
    found = answers(fit, 3, [*NEW, "zzz"])
    for text, logits in zip(NEW, found, strict=False):
        known = [place[gram] for gram in grams_of(text, BOTH) if gram in place]
        hidden = fit.weights["weight"][known].mean(axis=0)
        assert hidden @ fit.weights["output"] + fit.weights["bias"] == pytest.approx(logits, abs=1e-5)
    assert found[-1] == pytest.approx(fit.weights["bias"], abs=1e-6), "nothing of it is known"


def test_what_it_learns_from_is_what_it_answers_with() -> None:
    learner = Learner.of(lesson("softmax", CLASSES, ROWS), Choice(BOTH, (ONE,)))
    learner.learn()
    assert learner._logits(learner.rows).detach().numpy() == pytest.approx(learner.outputs(learner.rows), abs=1e-5)


def test_pairs_are_answered_as_they_are_learned() -> None:
    learner = Learner.of(
        lesson("softmax", CLASSES, ROWS, [*reversed(ROWS)]), Choice(BOTH, (ONE, OTHER, DIFFERENCE, PRODUCT))
    )
    for _ in range(3):
        learner.learn()
    found = answers(learner.fit(), 3, ROWS, [*reversed(ROWS)])
    assert found == pytest.approx(learner.outputs(learner.rows), abs=1e-4)


@pytest.mark.parametrize("link", ["softmax", "sigmoid", "identity"])
def test_an_epoch_lowers_the_loss(link: str) -> None:
    learner = Learner.of(lesson(link, CLASSES, ROWS), Choice((WORDS,), (ONE,)))
    before = fasttext.losses_of(learner.outputs(learner.rows), CLASSES, link).mean()
    for _ in range(5):
        learner.learn()
    assert fasttext.losses_of(learner.outputs(learner.rows), CLASSES, link).mean() < before - 0.01


def test_the_epochs_with_the_least_loss_are_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    def losses(*_: Any) -> Any:
        yield from [5.0, 3.0, 4.0, 2.0, 3.0, 3.0, 3.0]
        raise AssertionError("patience is over")

    monkeypatch.setattr(fasttext, "_losses", losses)
    choice = chosen_epochs(lesson("softmax", CLASSES, ROWS))
    assert (choice.strength, choice.said) == (4.0, "words and characters, 4 epochs, by 3-fold cross-validation")


def test_class_weights_change_what_is_learned() -> None:
    def mean(weights: Any) -> Any:
        learned = lesson("softmax", CLASSES, ROWS, class_weights=weights)
        return answers(fit_fasttext(learned, Choice((WORDS,), (ONE,), 20.0)), 3, NEW).mean(axis=0)

    assert (mean(np.asarray([9.0, 1.0, 1.0])) - mean(None)).argmax() == 0


def test_it_is_trained_and_used_through_the_command(run: Callable[..., Said], reviews: Path) -> None:
    for name in ("one", "other"):
        said = run("train", reviews, "--model", "fasttext", "-o", name)
    assert "epochs, by 3-fold cross-validation" in said.err
    assert Path("one/model.safetensors").read_bytes() == Path("other/model.safetensors").read_bytes()
    run("predict", "one", reviews, "-o", "out.csv")
