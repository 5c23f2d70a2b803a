"""Rows that the model is unsure of: left empty or given a fallback label, counted, and what that costs and gains."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Said, read_csv, read_jsonl, texts, write_csv, write_jsonl
from sklearn.metrics import accuracy_score

import bertft
from bertft.model.folder import read_task

Run = Callable[..., Said]
NAMES = ["bad", "film", "good"]


@pytest.fixture
def new(run: Run, trained: Path) -> Path:
    """40 rows, and one without a text."""
    return write_csv(Path("new.csv"), ["text"], [*((text,) for text in texts(40)), (" ",)])


@pytest.fixture
def plain(run: Run, trained: Path, new: Path) -> list[dict[str, str]]:
    """What the model says of the 40 rows."""
    run("predict", trained, new, "-o", "plain.csv", "--precision", "fp32")
    return read_csv(Path("plain.csv"))[:40]


@pytest.fixture
def middle(plain: list[dict[str, str]]) -> float:
    """A probability that some rows reach, and that lies far from any."""
    found = sorted(float(row["probability"]) for row in plain)
    return max((found[n + 1] - found[n], (found[n + 1] + found[n]) / 2) for n in range(10, 30))[1]


def test_unsure_rows_get_the_fallback_label_and_are_counted(
    run: Run, trained: Path, new: Path, plain: list[dict[str, str]], middle: float
) -> None:
    words = ("--min-probability", middle, "--fallback-label", "oos", "--precision", "fp32")
    said = run("predict", trained, new, "-o", "out.csv", *words)
    found = read_csv(Path("out.csv"))
    unsure = [float(row["probability"]) < middle for row in plain]
    for row, whole, is_unsure in zip(found, plain, unsure, strict=False):
        assert row["predicted_label"] == ("oos" if is_unsure else whole["predicted_label"])
        assert row["probability"] == whole["probability"]
    assert found[40]["predicted_label"] == ""  # no text: no answer, and no fallback
    assert f"{sum(unsure)} of 41 rows are less probable than --min-probability: labelled 'oos'" in said.err


def test_unsure_rows_without_a_fallback_are_counted_too(run: Run, trained: Path, new: Path, middle: float) -> None:
    said = run("predict", trained, new, "-o", "out.csv", "--threshold", middle)
    empty = sum(not row["predicted_label"] for row in read_csv(Path("out.csv"))[:40])
    assert f"{empty} of 41 rows are less probable than --min-probability: left without a label" in said.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--fallback-label", "oos"], "--fallback-label needs --min-probability"),
        (["--fallback-label", " ", "--min-probability", "0.5"], "--fallback-label is empty"),
    ],
)
def test_a_fallback_that_means_nothing_is_refused(
    run: Run, trained: Path, new: Path, words: list[str], says: str
) -> None:
    assert says in run("predict", trained, new, "-o", "out.csv", *words, ok=2).err


def test_the_count_goes_on_where_a_prediction_stopped(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bertft.jobs.predicting.predict import Tally

    noted: dict[str, Any] = {"unanswered": 2, "rejected": 3}
    assert Tally.going_on(10, noted) == Tally(10, 2, 3)
    assert Tally.going_on(10, {"unanswered": 2, "disarmed": 1}) == Tally(10, 2, 0)  # begun by an earlier version


def test_python_gives_the_fallback_too(trained: Path, middle: float, fresh_accelerator: None) -> None:
    model = bertft.load(trained)
    assert {model(text, min_probability=1.0, fallback_label="oos")["predicted_label"] for text in texts(3)} == {"oos"}


def test_eval_shows_accuracy_against_coverage(
    run: Run, trained: Path, plain: list[dict[str, str]], middle: float
) -> None:
    gold = read_csv(trained.parent / "train.csv")[:40]
    write_csv(Path("labelled.csv"), ["text", "label"], [(row["text"], row["label"]) for row in gold])
    assert [row["text"] for row in gold] == [row["text"] for row in plain]
    words = ("labelled.csv", "--min-probability", middle, "--precision", "fp32")
    table = json.loads(run("eval", trained, *words, "--json").out)["coverage"]
    assert [one["threshold"] for one in table] == sorted({middle, 0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99})
    for one in table:
        kept = [n for n, row in enumerate(plain) if float(row["probability"]) >= one["threshold"]]
        assert one["rows"] == len(kept)
        right = (
            accuracy_score([gold[n]["label"] for n in kept], [plain[n]["predicted_label"] for n in kept])
            if kept
            else None
        )
        assert one["accuracy"] == right
    shown = run("eval", trained, *words).out
    assert "Accuracy against coverage" in shown
    assert f"{middle:g}" in shown
    assert "Accuracy against coverage" not in run("eval", trained, "labelled.csv").out


@pytest.fixture
def several(run: Run, tiny: str) -> Path:
    """A run of several labels, and v.jsonl."""
    rows = [{"text": text, "labels": [name for name in NAMES if name in text.split()]} for text in texts(160)]
    write_jsonl(Path("t.jsonl"), rows[:120])
    write_jsonl(Path("v.jsonl"), rows[120:])
    words = ("--max-steps", 4, "--lr", "5e-3", "--precision", "fp32", "--quiet", "--head-start", "random")
    run("train", "t.jsonl", "--validation", "v.jsonl", "--model", tiny, "-o", "several", *words)
    return Path("several")


def test_of_several_labels(run: Run, several: Path) -> None:
    """Top labels are ranked whatever their thresholds; rows without a label are counted, and may get a fallback; thresholds carry
    names, and those of older runs are read."""
    stored = json.loads((several / "bertft.json").read_text())
    thresholds = stored["stored"]["thresholds"]
    assert list(thresholds) == NAMES

    run("predict", several, "v.jsonl", "-o", "all.jsonl", "--top-k", 3, "--precision", "fp32")
    ranked = read_jsonl(Path("all.jsonl"))
    assert all(sorted(row["predicted_labels"]) == NAMES for row in ranked)
    assert all(row["probabilities"] == sorted(row["probabilities"], reverse=True) for row in ranked)
    run("predict", several, "v.jsonl", "-o", "two.jsonl", "--top-k", 2, "--precision", "fp32")
    assert [row["predicted_labels"] for row in read_jsonl(Path("two.jsonl"))] == [
        row["predicted_labels"][:2] for row in ranked
    ]
    assert (
        "needs --min-probability"
        in run("predict", several, "v.jsonl", "-o", "x", "--top-k", 2, "--fallback-label", "none", ok=2).err
    )
    assert "does not apply" in run("eval", several, "v.jsonl", "--min-probability", 0.5, ok=2).err

    said = run(
        "predict", several, "v.jsonl", "-o", "sure.jsonl", "--min-probability", 0.999, "--fallback-label", "none"
    )
    assert "40 of 40 rows get no label: labelled 'none'" in said.err
    assert all(row["predicted_labels"] == ["none"] for row in read_jsonl(Path("sure.jsonl")))

    stored["stored"]["thresholds"] = list(thresholds.values())
    (several / "bertft.json").write_text(json.dumps(stored))
    assert read_task(several).stored["thresholds"] == thresholds
    stored["stored"]["thresholds"] = {**thresholds, "other": 0.5}
    (several / "bertft.json").write_text(json.dumps(stored))
    assert "stored.thresholds" in run("predict", several, "v.jsonl", "-o", "y.jsonl", ok=2).err
