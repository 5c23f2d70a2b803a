"""Predictions of runs with thresholds of their own, put together: each row is decided as its own run decided it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bertft.adapters import Prediction
from bertft.adapters.questions.answering import QuestionAnswering
from bertft.adapters.questions.best_answers import Candidate, Found
from bertft.adapters.tagging.best_tags import Tagging
from bertft.adapters.tagging.tagger import WordTagger
from bertft.adapters.texts.multi_label import MultiLabel
from bertft.adapters.texts.regression import Regression
from bertft.engine.out_of_fold import settled_answers
from bertft.gold import Options
from bertft.rows.answers import Answers
from bertft.rows.labels import Labels

NAMES = ("a", "b", "c")


def adapter(kind: type[Any]) -> Any:
    """Without a card, columns and tokenizer, which nothing here asks for."""
    nothing: Any = None
    return kind(nothing, Labels(NAMES), nothing, nothing, Options(64))


def again(made: Any, prediction: Prediction) -> Prediction:
    """By way of JSON."""
    return made.from_plain(json.loads(json.dumps(made.to_plain(prediction))))  # type: ignore[no-any-return]


def test_labels_are_given_as_by_the_thresholds_of_the_run(tmp_path: Path) -> None:
    """Which stand in its bertft.json."""
    random, plain = np.random.default_rng(1), adapter(MultiLabel)
    own = plain.with_stored({"thresholds": {"a": 0.2, "b": 0.5, "c": 0.9}})
    rows = [Prediction(values) for values in random.random((50, 3))]
    rows += [
        Prediction(np.asarray(edge)) for edge in ([0.2, 0.5, 0.9], [0.0, 1.0, 0.9], [np.nextafter(0.2, 0), 0.5, 1.0])
    ]
    gold = [np.zeros(4)] * len(rows)
    (tmp_path / "bertft.json").write_text(json.dumps({"stored": own.stored()}))
    lines = [json.loads(json.dumps({"prediction": plain.to_plain(row)})) for row in rows]
    settled = settled_answers(tmp_path, plain, lines)
    assert plain.in_words(settled, gold) == own.in_words(rows, gold)
    assert plain.in_words(rows, gold) != own.in_words(rows, gold)
    before, after = (np.stack([row.values for row in some]) for some in (rows[:50], settled[:50]))
    np.testing.assert_array_equal(before.argsort(axis=0), after.argsort(axis=0))


@pytest.mark.parametrize("odds", [-3.0, 0.4, 0.5, 0.6, np.inf])
def test_questions_are_left_open_as_by_the_threshold_of_the_run(odds: float) -> None:
    plain = replace(adapter(QuestionAnswering), can_abstain=True)
    own = plain.with_stored({"can_abstain": True, "null_threshold": 0.5})
    row = Prediction(Found((Candidate("here", 3, 7, 0.25),) if np.isfinite(odds) else (), odds, 0.1))
    gold = [Answers((), ())]
    assert again(plain, row).values == row.values
    assert plain.in_words([own.settled(again(plain, row))], gold) == own.in_words([row], gold)


def test_tags_and_numbers_come_back_to_the_last_digit() -> None:
    tagging = Tagging(np.asarray([2, 0]), np.asarray([1 / 3, 0.1 + 0.2]))
    found = again(adapter(WordTagger), Prediction(tagging)).values
    assert (found.tags.tolist(), found.confidence.tolist()) == ([2, 0], [1 / 3, 0.1 + 0.2])
    assert again(adapter(Regression), Prediction(np.asarray([2 / 3]))).values.tolist() == [2 / 3]
