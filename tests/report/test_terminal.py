"""What a person sees of scores: the result first, the worst and the commonest, and where the rest is."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Said
from sklearn import metrics as oracle

from bertft.engine.observers import few
from bertft.report.terminal import show_scores
from bertft.scoring import Scores, score_multi_label, score_single_label

Run = Callable[..., Said]


def of_many_labels(classes: int = 151, *, unknown: int = 0) -> tuple[Scores, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(classes) / 10, 3000)
    gold = np.where(rng.random(3000) < 0.7, probabilities.argmax(1), rng.integers(0, classes, 3000))
    gold[:unknown] = -1
    names = [f"label {k:03}" for k in range(classes)]
    return score_single_label(gold, probabilities, names), gold, probabilities.argmax(1)


def shown(capsys: pytest.CaptureFixture[str], scores: Scores, *, full: bool = False) -> str:
    show_scores(scores, title="Validation", record="run/run.json", full=full)
    return capsys.readouterr().out


def test_many_labels_fit_on_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    scores, gold, predicted = of_many_labels()
    lines = shown(capsys, scores).splitlines()
    assert len(lines) < 50
    assert lines[0] == "Validation: 3,000 rows"
    low, high = scores.interval
    assert lines[3].split() == ["accuracy", f"{scores.main_value:.4f}", f"{low:.4f}", "to", f"{high:.4f}"]
    f1 = oracle.f1_score(gold, predicted, average=None)
    rows = (re.match(r"label (\d+) +[\d.]+ +[\d.]+ +[\d.]+ +\d+$", line) for line in lines)
    worst = [int(row.group(1)) for row in rows if row]
    assert len(worst) == 10
    assert max(f1[worst]) <= np.sort(f1)[9]
    assert "The worst 10 of 151 labels" in lines
    assert "Commonest mistakes" in lines
    assert lines[-1] == "Not shown: 6 metrics and 141 labels (--full, or run/run.json)."


def test_full_shows_all_and_has_no_rest(capsys: pytest.CaptureFixture[str]) -> None:
    scores, *_ = of_many_labels()
    out = shown(capsys, scores, full=True)
    assert all(f"\n{name} " in out for name in scores.values)
    assert all(name in out for name in scores.per_class)
    assert "Not shown" not in out
    assert "worst" not in out


def test_metrics_that_are_equal_by_definition_appear_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Five of them are where each row has one known label; with unknown labels they differ, and all are there."""
    scores, *_ = of_many_labels(5)
    same = {"accuracy", "f1_micro", "precision_micro", "recall_micro", "recall_weighted"}
    assert len({round(scores.values[name], 12) for name in same}) == 1
    assert same & set(scores.distinct) == {"accuracy"}
    out = shown(capsys, scores)
    assert [name for name in sorted(same) if f"\n{name} " in out] == ["accuracy"]
    assert few(scores) == ["accuracy", "f1_macro", "f1_weighted"]
    unsure, *_ = of_many_labels(5, unknown=30)
    assert same <= set(unsure.distinct)


def test_the_main_metric_stays_among_its_equals() -> None:
    scores = score_single_label([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], ["no", "yes"], main="f1_micro")
    assert next(iter(scores.distinct)) == "f1_micro"
    assert "accuracy" not in scores.distinct
    several = score_multi_label([[1, 0], [1, 1]], [[0.9, 0.2], [0.1, 0.8]], ["a", "b"], thresholds=[0.5, 0.5])
    assert dict(several.distinct) == several.values


def test_labels_without_rows_are_not_the_worst(capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"label {k}" for k in range(30)]
    scores = score_single_label([*range(12)], np.eye(30)[[*range(11), 12]], names)
    assert "label 11 " in shown(capsys, scores)
    assert "label 29" not in shown(capsys, scores)


def test_eval_takes_full_but_not_with_json(run: Run, reviews: Path, trained: Path) -> None:
    short, full = (run("eval", trained, reviews, "--quiet", *words).out for words in ((), ("--full",)))
    assert "f1_micro" not in short
    assert "f1_micro" in full
    assert f"(--full, or {trained}/run.json)" in short
    said = run("eval", trained, reviews, "--full", "--json", ok=2)
    assert "--json prints everything" in said.err
