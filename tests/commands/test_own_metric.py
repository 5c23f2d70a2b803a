"""`--metric ./mine.py:NAME` and the metrics of evaluate: what they are called with, and that they decide."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import read_csv, read_jsonl, sentiment, texts, write_csv, write_jsonl
from sklearn.metrics import accuracy_score, recall_score

from bertft.scoring import higher_is_better
from bertft.scoring.metrics import Accuracy

ROWS = texts(60)


def mine(body: str) -> str:
    Path("mine.py").write_text(f"def mine(predictions, references):\n    {body}\n", encoding="utf-8")
    return "./mine.py:mine"


def reviews() -> Path:
    return write_csv(Path("data.csv"), ["text", "label"], [(text, sentiment(text)) for text in ROWS])


def record() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path("run/run.json").read_text(encoding="utf-8"))["scores"]["validation"]
    return found


def test_a_function_decides_and_is_reported_first(run: Any, tiny: str) -> None:
    data = reviews()
    metric = mine("return sum(p == r == 'pos' for p, r in zip(predictions, references)) / references.count('pos')")
    words = ("train", data, "--validation", data, "--model", tiny, "-o", "run", "--epochs", 6, "--lr", "3e-3")
    run(*words, "--metric", metric)
    seen = [line["validation"]["mine"] for line in read_jsonl(Path("run/history.jsonl")) if "validation" in line]
    assert record()["main"] == "mine"
    assert record()["value"] == pytest.approx(max(seen))
    run("predict", "run", data, "-o", "out.csv")
    given = [row["predicted_label"] for row in read_csv(Path("out.csv"))]
    gold = [sentiment(text) for text in ROWS]
    assert record()["value"] == pytest.approx(recall_score(gold, given, labels=["pos"], average="macro"))
    said = run("eval", "run", data, "--metric", metric, "--json").out
    assert json.loads(said)["values"]["mine"] == pytest.approx(record()["value"])
    assert json.loads(said)["values"]["accuracy"] == pytest.approx(accuracy_score(gold, given))


def test_an_error_is_best_where_it_is_least(run: Any, tiny: str) -> None:
    assert not higher_is_better("my_error")
    data = write_csv(Path("data.csv"), ["text", "label"], [(text, f"{len(text) / 9:.2f}") for text in ROWS])
    Path("mine.py").write_text("def my_error(p, r):\n    return max(abs(a - b) for a, b in zip(p, r))\n")
    words = ("train", data, "--regression", "--model", tiny, "-o", "run", "--epochs", 5, "--lr", "3e-2")
    run(*words, "--metric", "mine.py:my_error")
    seen = [line["validation"]["my_error"] for line in read_jsonl(Path("run/history.jsonl")) if "validation" in line]
    assert record()["value"] == pytest.approx(min(seen), rel=1e-5)
    assert min(seen) < max(seen)


WORDS = [text.split() for text in ROWS[:30]]
SAID: dict[str, tuple[list[dict[str, Any]], str]] = {
    "several labels": (
        [{"text": text, "labels": [sentiment(text), "x"] if n % 2 else ["x"]} for n, text in enumerate(ROWS)],
        "all(isinstance(name, str) for row in predictions + references for name in row)",
    ),
    "tags": (
        [{"tokens": line, "tags": ["B-X" if word in ("good", "bad") else "O" for word in line]} for line in WORDS],
        "[len(row) for row in predictions] == [len(row) for row in references] and {'O'} < set(sum(references, []))",
    ),
    "questions": (
        [
            {
                "question": "what",
                "context": text,
                "answers": {"text": [text.split()[1]], "answer_start": [text.index(" ") + 1]},
            }
            for text in ROWS[:30]
        ],
        "all(isinstance(text, str) for text in predictions) and all(isinstance(row, list) for row in references)",
    ),
}


@pytest.mark.parametrize(("rows", "holds"), SAID.values(), ids=SAID.keys())
def test_every_kind_is_asked_in_words(run: Any, tiny: str, rows: list[dict[str, Any]], holds: str) -> None:
    data = write_jsonl(Path("data.jsonl"), rows)
    metric = mine(f"assert len(predictions) == len(references) and {holds}, predictions[:3]\n    return 0.25")
    run("train", data, "--model", tiny, "-o", "run", "--max-steps", 1, "--metric", metric)
    assert (record()["main"], record()["value"]) == ("mine", 0.25)


FAULTS = {
    "./none.py:f": "there is no file ./none.py",
    "./mine.py:f": "./mine.py has no function 'f'",
    "./mine.py:mine": "failed on 54 rows: ZeroDivisionError: division by zero",
    "./nan.py:f": "gave no number (nan) on 54 rows",
    "./broken.py:f": "./broken.py cannot be run (NameError",
    "acuracy": "There is no metric 'acuracy' for single-label data. Did you mean 'accuracy'?",
    "pearson": "There is no metric 'pearson' for single-label data",
    "bleurt": "The metric 'bleurt' is none of ours, and evaluate could not load it",
}


@pytest.mark.parametrize(("words", "told"), FAULTS.items())
def test_what_cannot_be_had_is_said(run: Any, tiny: str, words: str, told: str) -> None:
    mine("return 1 / 0")
    Path("nan.py").write_text("def f(p, r):\n    return float('nan')\n")
    Path("broken.py").write_text("nonsense\n")
    said = run("train", reviews(), "--model", tiny, "-o", "run", "--max-steps", 1, "--metric", words, ok=2)
    assert told in said.err


def test_a_plan_runs_no_function_that_was_not_typed(run: Any, tiny: str) -> None:
    metric = mine("return 1.0")
    words = ("train", reviews(), "--model", tiny, "--max-steps", 1)
    run(*words, "-o", "run", "--metric", metric)
    Path("mine.py").write_text("open('ran', 'w').close()\ndef mine(p, r):\n    return 1.0\n")
    for again in (("train", "--config", "run/plan.toml", "-o", "again"), ("train", "--resume", "-o", "run")):
        assert "which is only run if you type it: --metric ./mine.py:mine" in run(*again, ok=2).err
    run("predict", "run", "data.csv", "-o", "out.csv")
    run("eval", "run", "data.csv")
    assert not Path("ran").exists()
    run("train", "--config", "run/plan.toml", "-o", "again", "--metric", metric)
    assert Path("ran").exists()


def test_a_metric_of_evaluate_gets_numbers(run: Any, tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import evaluate

    class Theirs(Accuracy):
        name = "theirs"

    monkeypatch.setattr(evaluate, "load", lambda name: Theirs())
    run("train", reviews(), "--model", tiny, "-o", "run", "--max-steps", 2, "--metric", "exact_sciences")
    assert record()["main"] == "theirs"
    assert record()["value"] == record()["values"]["accuracy"]
