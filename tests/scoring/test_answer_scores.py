"""Answers to questions. The oracles are the official scripts' formulas, written down here once more, and brute force."""

from __future__ import annotations

import collections
import math
import random
import re
import string
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertft.errors import InternalError, UsageError
from bertft.kinds import PROBLEMS
from bertft.kinds.metric_names import check_metric
from bertft.scoring import score_answers, tune_null_threshold
from bertft.scoring.answer_texts import cmrc_exact, cmrc_f1, segments, squad_agreement, words_of

PHRASES = [
    "",
    "a",
    "The",
    "  ",
    "U.S.",
    "u.s. army",
    "the  Army",
    "1,000",
    "1000",
    "“quoted”",
    "quoted",
    "–",
    "...",
    "naïve",
    "a-b",
]
PHRASES += [
    "an answer",
    "answer an",
    "in the 10th century",
    "10th century",
    "the the the",
    "theatre",
    "İstanbul",
    "x\u00a0y",
]
TEXT = st.one_of(st.sampled_from(PHRASES), st.text(st.sampled_from("aA thén.,–'\u00a0我0"), max_size=12))
GOLD = st.lists(TEXT, max_size=3)


def official_words(text: str) -> list[str]:
    lowered = "".join(letter for letter in text.lower() if letter not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", lowered).split()).split()


def official_f1(gold: str, predicted: str, *, version: int = 2) -> float:
    wanted, found = official_words(gold), official_words(predicted)
    same = sum((collections.Counter(wanted) & collections.Counter(found)).values())
    if version == 2 and (not wanted or not found):
        return float(wanted == found)
    if same == 0:
        return 0.0
    precision, recall = same / len(found), same / len(wanted)
    return 2 * precision * recall / (precision + recall)


def official(predicted: str, gold: list[str], *, version: int = 2) -> tuple[float, float]:
    """Exact match and F1 of a row."""
    if version == 2:
        gold = [text for text in gold if official_words(text)] or [""]
    exact = max(float(official_words(text) == official_words(predicted)) for text in gold)
    return exact, max(official_f1(text, predicted, version=version) for text in gold)


def official_threshold(
    predicted: list[str], scores: list[float], odds: list[float], gold: list[list[str]]
) -> tuple[float, float]:
    """find_best_thresh: the best score, 0 to 1, and its threshold."""
    current = best = float(sum(not texts for texts in gold))
    threshold = 0.0
    for i in sorted(range(len(odds)), key=lambda i: odds[i]):
        current += scores[i] if gold[i] else (-1 if predicted[i] else 0)
        if current > best:
            best, threshold = current, odds[i]
    return best / len(gold), threshold


def random_case(seed: int, rows: int) -> tuple[list[str], list[list[str]], list[float]]:
    """Predictions, gold (a third without answer) and odds that know something of it."""
    chance = random.Random(seed)
    words = ["red", "green", "blue sky", "the sky", "far", "sea"]
    gold = [[" ".join(chance.sample(words, 2))] * (number % 3 > 0) for number in range(rows)]
    predicted = [" ".join(chance.sample(words, 2)) if chance.random() < 0.5 or not g else g[0] for g in gold]
    return predicted, gold, [chance.gauss(0 if texts else 1, 1) for texts in gold]


@given(TEXT, GOLD)
def test_a_row_scores_what_the_official_script_gives_it(predicted: str, gold: list[str]) -> None:
    assert words_of(predicted) == official_words(predicted)
    assert squad_agreement(predicted, gold) == pytest.approx(official(predicted, gold))


@given(st.lists(st.tuples(TEXT, GOLD), min_size=1, max_size=8))
def test_scores_are_the_official_means_and_parts(rows: list[tuple[str, list[str]]]) -> None:
    predicted, gold = [row[0] for row in rows], [row[1] for row in rows]
    each = np.array([official(*row) for row in rows])
    has = np.array([bool(texts) for texts in gold])
    expected = {"f1": each[:, 1].mean(), "exact_match": each[:, 0].mean()}
    if has.any() and not has.all():
        expected["has_answer_f1"], expected["has_answer_exact_match"] = each[has, 1].mean(), each[has, 0].mean()
        expected["no_answer_accuracy"] = each[~has, 0].mean()
        assert each[~has, 1].mean() == expected["no_answer_accuracy"]
    assert score_answers(predicted, gold).values == pytest.approx(expected)


def test_known_figures_of_the_scripts() -> None:
    """Worked by hand from the scripts' rules."""
    scores = score_answers(["the cat sat", "", "Denver Broncos!", "x"], [["cat sat down"], [], ["denver broncos"], []])
    assert scores.values == pytest.approx(
        {
            "f1": (0.8 + 1 + 1 + 0) / 4,
            "exact_match": 0.5,
            "has_answer_f1": 0.9,
            "has_answer_exact_match": 0.5,
            "no_answer_accuracy": 0.5,
        }
    )
    assert scores.notes == ["2 of 4 rows have no answer."]
    assert (scores.main, scores.main_value, scores.examples) == ("f1", scores.values["f1"], 4)


def test_what_is_asked_for_is_what_comes_and_the_rest_is_explained() -> None:
    scores = score_answers(["", ""], [["x"], ["y"]], main="no_answer_accuracy", metrics=["em", "cmrc_f1"])
    assert scores.values == {"exact_match": 0, "cmrc_f1": 0}
    assert scores.notes == [
        "no_answer_accuracy is left out: every row has an answer.",
        "No answer was given to any of 2 rows.",
    ]
    assert scores.interval is None
    assert math.isinf(scores.main_value)
    assert "no row has an answer" in score_answers(["x"], [[]], main="has_answer_f1").notes[0]
    assert score_answers([], []).values == {}


def test_the_interval_is_that_of_rows_drawn_again() -> None:
    predicted, gold, _ = random_case(3, 300)
    rows = np.array([official(text, texts) for text, texts in zip(predicted, gold, strict=True)])
    has = np.array([bool(texts) for texts in gold])
    for main, column, chosen in (("f1", 1, has | True), ("exact_match", 0, has | True), ("has_answer_f1", 1, has)):
        rng = np.random.default_rng(5)
        draws = [rng.integers(0, 300, 300) for _ in range(4000)]
        wanted = np.percentile([rows[draw[chosen[draw]], column].mean() for draw in draws], [2.5, 97.5])
        assert score_answers(predicted, gold, main=main).interval == pytest.approx(tuple(wanted), abs=0.012)


def test_metrics_are_known_by_name_and_by_their_official_names() -> None:
    for name in PROBLEMS["question-answering"].metrics:
        assert check_metric("question-answering", name) == name
        assert name in score_answers(["a b", ""], [["b"], []], main=name).values
    assert check_metric("question-answering", "HasAns_f1") == "has_answer_f1"
    assert check_metric("question-answering", "NoAns-exact") == "no_answer_accuracy"
    with pytest.raises(UsageError, match="no metric 'accuracy' for question-answering"):
        check_metric("question-answering", "accuracy")


def test_as_many_predictions_as_rows() -> None:
    with pytest.raises(InternalError):
        score_answers(["a"], [["a"], ["b"]])


@pytest.mark.parametrize("metric", ["f1", "exact_match"])
@pytest.mark.parametrize("seed", range(8))
def test_the_threshold_scores_what_the_official_search_finds(metric: str, seed: int) -> None:
    predicted, gold, odds = random_case(seed, 60)
    scores = [official(text, texts)[metric == "f1"] for text, texts in zip(predicted, gold, strict=True)]
    threshold, value = tune_null_threshold(predicted, odds, gold, metric=metric)
    assert value == pytest.approx(official_threshold(predicted, scores, odds, gold)[0])
    assert value == pytest.approx(at_threshold(threshold, predicted, odds, gold, metric))
    assert all(threshold != one for one in odds)


def at_threshold(threshold: float, predicted: list[str], odds: list[float], gold: Any, metric: str = "f1") -> float:
    kept = ["" if one > threshold else text for text, one in zip(predicted, odds, strict=True)]
    return score_answers(kept, gold, main=metric, metrics=[]).main_value


ODDS = st.one_of(st.sampled_from([-2.0, 0.0, 1.0, 1.5, math.inf, -math.inf]), st.floats(width=32))


@pytest.mark.slow
@given(st.lists(st.tuples(TEXT, GOLD, ODDS), min_size=1, max_size=7))
def test_no_threshold_at_all_is_better_also_with_ties_and_odd_odds(rows: list[tuple[str, list[str], float]]) -> None:
    predicted, gold, odds = [r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows]
    threshold, value = tune_null_threshold(predicted, odds, gold)
    finite = [one for one in odds if math.isfinite(one)]
    every = [math.nextafter(one, way) for one in finite for way in (-math.inf, math.inf)] + finite or [0.0]
    assert math.isfinite(threshold)
    assert value == pytest.approx(max(at_threshold(one, predicted, odds, gold) for one in every))
    assert value == pytest.approx(at_threshold(threshold, predicted, odds, gold))


def test_of_equally_good_thresholds_the_nearest_to_zero_is_taken() -> None:
    assert tune_null_threshold(["x"] * 3, [-9.0, 1.0, 5.0], [["x"], ["y"], ["y"]]) == (3.0, pytest.approx(1 / 3))
    assert tune_null_threshold(["x"] * 2, [-3.0, 5.0], [["x"], []]) == (1.0, 1.0)
    assert tune_null_threshold(["x"] * 2, [2.0, 5.0], [["x"], ["x"]]) == (6.0, 1.0)
    assert tune_null_threshold(["x"] * 2, [2.0, 5.0], [[], []]) == (1.0, 1.0)


def test_a_threshold_lies_between_numbers_that_have_none_between_them() -> None:
    for lower in (1.0, math.nextafter(1.0, 2)):
        odds = [lower, math.nextafter(lower, 2)]
        threshold, value = tune_null_threshold(["x", "x"], odds, [["x"], []])
        assert value == at_threshold(threshold, ["x", "x"], odds, [["x"], []]) == 1


IGNORED = "-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』"


def longest_common_run(one: list[str], other: list[str]) -> int:
    runs = {tuple(one[i:j]) for i in range(len(one)) for j in range(i + 1, len(one) + 1)}
    return max(
        (j - i for i in range(len(other)) for j in range(i + 1, len(other) + 1) if tuple(other[i:j]) in runs), default=0
    )


CHINESE = st.text(st.sampled_from("我你他ab 12.,…" * 3 + IGNORED), max_size=12)


@given(CHINESE, st.lists(CHINESE, min_size=1, max_size=3))
def test_cmrc_scores_are_those_of_its_script(predicted: str, gold: list[str]) -> None:
    def bare(text: str) -> str:
        return "".join(letter for letter in text.lower().strip() if letter not in IGNORED)

    def f1(one: list[str], other: list[str]) -> float:
        run = longest_common_run(one, other)
        return 2 * (run / len(one)) * (run / len(other)) / (run / len(one) + run / len(other)) if run else 0.0

    assert cmrc_exact(predicted, gold) == any(bare(text) == bare(predicted) for text in gold)
    assert cmrc_f1(predicted, gold) == pytest.approx(max(f1(segments(text), segments(predicted)) for text in gold))


def test_chinese_is_cut_into_characters_and_the_rest_into_words() -> None:
    assert segments("光荣和ω-force") == ["光", "荣", "和", "ωforce"]
    assert segments("约为 0.304平方公里。") == ["约", "为", "0.304", "平", "方", "公", "里"]
    assert segments(" U.S. Army, 1,000 Men (3%).") == ["u.s.", "army", ",", "1,000", "men", "(", "3", "%", ")", "."]
    assert cmrc_f1("1990年5月", ["1990年5月1日"]) == pytest.approx(2 * 4 / (4 + 6))
    assert (cmrc_f1("", []), cmrc_f1("我", []), cmrc_exact("", []), cmrc_exact("我", [])) == (1, 0, 1, 0)
