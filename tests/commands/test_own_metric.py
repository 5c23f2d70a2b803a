"""`--metric ./mine.py:NAME`: what a function is called with, and that it decides."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from conftest import read_csv, read_jsonl, sentiment, texts, write_csv, write_jsonl
from sklearn.metrics import accuracy_score, recall_score

from bertft.engine.resume import go_on
from bertft.scoring import higher_is_better

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
    "./mine.py": "name the function too, as in ./mine.py:my_f1",
    "./mine.py:mine": "failed on 6 rows: KeyError: 7",
    "./leaves.py:f": "failed on 6 rows: SystemExit: 0",
    "./leaves_at_once.py:f": "./leaves_at_once.py cannot be run (SystemExit",
    "./mine.py:f1": "'f1' is a metric of ours; give your function another name",
    "./broken.py:f": "./broken.py cannot be run (NameError",
    "acuracy": "There is no metric 'acuracy' for single-label data. Did you mean 'accuracy'?",
    "pearson": "There is no metric 'pearson' for single-label data",
    "./evil": "There is no metric './evil' for single-label data",
}


@pytest.mark.parametrize(("words", "told"), FAULTS.items())
def test_what_cannot_be_had_is_said(run: Any, tiny: str, words: str, told: str) -> None:
    mine("raise KeyError(7)")
    Path("leaves.py").write_text("import sys\ndef f(p, r):\n    sys.exit(0)\n")
    Path("leaves_at_once.py").write_text("raise SystemExit(0)\n")
    Path("broken.py").write_text("nonsense\n")
    said = run("train", reviews(), "--model", tiny, "-o", "run", "--max-steps", 1, "--metric", words, ok=2)
    assert told in said.err


@pytest.mark.parametrize("body", ["return 1 / 0", "return float('nan')", "return float('inf')"])
def test_what_is_undefined_never_wins(run: Any, tiny: str, body: str) -> None:
    metric = mine(f"CALLS.append(0)\n    if len(CALLS) < 5:\n        {body}\n    return 0.5")
    Path("mine.py").write_text("CALLS = []\n" + Path("mine.py").read_text())
    data = reviews()
    words = ("--validation", data, "--model", tiny, "-o", "run", "--epochs", 6)
    run("train", data, *words, "--head-start", "random", "--metric", metric)
    seen = [line["validation"].get("mine") for line in read_jsonl(Path("run/history.jsonl")) if "validation" in line]
    assert set(seen) == {None, 0.5}
    assert (record()["main"], record()["value"]) == ("mine", 0.5)


def test_the_constant_that_an_error_is_held_against_is_the_best_one(run: Any, tiny: str) -> None:
    rows = [(text, "neg" if n % 4 else "pos") for n, text in enumerate(ROWS)]
    data = write_csv(Path("data.csv"), ["text", "label"], rows)
    Path("mine.py").write_text("def my_error(p, r):\n    return sum(a != b for a, b in zip(p, r)) / len(r)\n")
    words = ("--validation", data, "--model", tiny, "-o", "run", "--max-steps", 1)
    said = run("train", data, *words, "--metric", "./mine.py:my_error")
    assert "the best single class alone gives 0.2500" in said.out + said.err


def test_a_label_that_the_model_does_not_know_is_none(run: Any, tiny: str) -> None:
    data = write_jsonl(
        Path("data.jsonl"), [{"text": text, "labels": ["a"] if n % 2 else ["a", "b"]} for n, text in enumerate(ROWS)]
    )
    run("train", data, "--multi-label", "--model", tiny, "-o", "run", "--max-steps", 1)
    other = write_jsonl(
        Path("other.jsonl"), [{"text": "good film", "labels": ["zzz"]}, {"text": "bad film", "labels": ["a"]}]
    )
    metric = mine("return 1.0 if references == [[None], ['a']] else 0.0")
    said = run("eval", "run", other, "--metric", metric, "--unknown-labels", "skip", "--json").out
    assert json.loads(said)["values"]["mine"] == 1.0


def test_a_file_may_import_what_lies_beside_it(run: Any, tiny: str) -> None:
    Path("beside.py").write_text("VALUE = 0.75\n")
    Path("mine.py").write_text("from beside import VALUE\ndef mine(p, r):\n    return VALUE\n")
    run("train", reviews(), "--model", tiny, "-o", "run", "--max-steps", 1, "--metric", "./mine.py:mine")
    assert record()["value"] == 0.75


@pytest.mark.parametrize("name", ["error", "MAE", "my_loss", "my_mae", "wer"])
def test_what_should_fall_is_known_by_its_last_word(name: str) -> None:
    assert not higher_is_better(name)


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


def test_what_a_run_advises_to_go_on_or_repeat_it_works(run: Any, tiny: str) -> None:
    metric = mine("return 1.0")
    run("train", reviews(), "--model", tiny, "-o", "run", "--max-steps", 1, "--metric", metric)
    _, *again = shlex.split(go_on(Path("run")).removeprefix("continue with: "))
    assert "already finished, after 1 step" in run(*again).err
    _, *again = shlex.split(json.loads(Path("run/run.json").read_text(encoding="utf-8"))["repeat"])
    run(*again)
    assert Path("OTHER_FOLDER/model.safetensors").read_bytes() == Path("run/model.safetensors").read_bytes()
