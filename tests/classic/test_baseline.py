"""`bertft baseline`: models from before BERT and BERT on the same rows, in a table and a sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Said, texts, write_csv, write_jsonl

import bertft
from bertft.errors import UsageError
from bertft.report.baselines import BaselineRun, times

Run = Callable[..., Said]
SHORT = ("--models", "majority,tfidf", "--max-steps", 1, "--head-start", "random", "--no-refit")


def test_the_models_are_held_against_bert_on_the_same_rows(run: Run, reviews: Path, tiny: str) -> None:
    said = run("baseline", reviews, "--model", tiny, "-o", "base", *SHORT)
    name = Path(tiny).name
    lines = [line.split()[0] for line in said.out.splitlines() if line]
    assert lines.index("majority") < lines.index("tfidf") < lines.index(name)
    sentence = next(line for line in said.out.splitlines() if line.startswith("tfidf is "))
    assert f"points of accuracy above {name} (95 % interval" in sentence
    assert re.search(rf"(tfidf|{name}) took \S+ times as long", sentence)
    scores = {one: json.loads(Path("base", one, "run.json").read_text())["scores"] for one in ("tfidf", name)}
    points = 100 * (scores["tfidf"]["validation"]["value"] - scores[name]["validation"]["value"])
    assert f"tfidf is {points:.1f} points" in sentence
    assert "points of accuracy" in run("compare", f"base/{name}", "base/tfidf").out


def test_what_is_trained_is_not_trained_again(run: Run, reviews: Path, tiny: str) -> None:
    words = ("baseline", reviews, "--model", tiny, "-o", "base", *SHORT)
    run(*words)
    before = {file: file.stat().st_mtime_ns for file in Path("base").rglob("model.safetensors")}
    assert len(before) == 3
    said = run(*words, ok=2)
    assert "there already" in said.err
    assert "--resume" in said.err
    for file in Path("base/tfidf").iterdir():
        if file.is_file():
            file.unlink()
    again = json.loads(run(*words, "--resume", "--json").out)
    after = {file: file.stat().st_mtime_ns for file in Path("base").rglob("model.safetensors")}
    assert {file.parent.name for file in after if after[file] != before[file]} == {"tfidf"}
    assert [model["name"] for model in again["models"]] == [Path(tiny).name, "tfidf", "majority"]
    assert again["sentence"].startswith("tfidf is ")
    assert all(model["seconds"] > 0 for model in again["models"])


def test_rows_of_a_program_are_compared_too(rows: Any, tiny: str, fresh_accelerator: None) -> None:
    found = bertft.baseline(
        rows, models="tfidf", model=tiny, max_steps=1, head_start="random", refit=False, output_dir="base"
    )
    assert found.sentence.startswith("tfidf is ")
    assert [one.name for one in found.runs] == [Path(tiny).name, "tfidf"]


def test_a_problem_that_is_none_is_refused(rows: Any) -> None:
    with pytest.raises(UsageError, match="problem is 'clases': one of"):
        bertft.baseline(rows, problem="clases", models="majority")


def test_a_program_cannot_train_them_several_times(rows: Any) -> None:
    for name in ("seeds", "folds"):
        with pytest.raises(UsageError, match=f"There is no setting '{name}' here"):
            bertft.baseline(rows, models="majority,tfidf", **{name: 2})


def test_a_test_file_judges_all_of_them(run: Run, reviews: Path, tiny: str, tmp_path: Path) -> None:
    test = write_csv(tmp_path / "new.csv", ["text", "label"], [(text, "pos") for text in texts(9, seed=5)])
    found = json.loads(run("baseline", reviews, "--test", test, "--model", tiny, "-o", "base", *SHORT, "--json").out)
    assert (found["data"], found["rows"]) == ("test", 9)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("--models", "majority,tree"), "--models tree: not for text-classification here. There are majority, tfidf"),
        (("--models", ""), "--models is empty"),
        (("--model", "tfidf"), "--model tfidf: names the BERT here"),
        (("--models", "tfidf,tfidf"), "--models names tfidf twice"),
    ],
)
def test_what_cannot_be_compared_is_refused_at_once(
    words: tuple[str, ...], wanted: str, run: Run, reviews: Path, tiny: str
) -> None:
    said = run("baseline", reviews, "--model", tiny, "-o", "base", *words, ok=2)
    assert wanted in said.err
    assert not Path("base").exists()


def test_questions_have_no_baseline(run: Run, tmp_path: Path, tiny: str) -> None:
    asked = [{"question": "who", "context": "it was me", "answers": {"text": ["me"], "answer_start": [7]}}] * 9
    said = run("baseline", write_jsonl(tmp_path / "qa.jsonl", asked), "--model", tiny, ok=2)
    assert "no model from before BERT for question-answering" in said.err


def one(name: str, seconds: float | None) -> BaselineRun:
    return BaselineRun(name, None, seconds)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("bert", "other", "wanted"),
    [
        (120.0, 3.0, "bert took 40 times as long (2 min beside 3 s)."),
        (1.0, 3.0, "other took 3.0 times as long (3 s beside 1 s)."),
        (None, 3.0, ""),
        (2.0, 0.0, "bert took 2000 times as long (2 s beside 0 s)."),
    ],
)
def test_the_longer_time_is_told_as_a_multiple(bert: float | None, other: float, wanted: str) -> None:
    assert times(one("bert", bert), one("other", other)) == wanted
