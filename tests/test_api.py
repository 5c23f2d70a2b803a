"""The Python door does what the commands do, on files and on rows that a program holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pandas as pd
import pytest
from conftest import Said, read_jsonl, texts, write_csv, write_jsonl
from in_python import FAST, weights
from tagged import asked_rows, tagged_rows

import bertft
from bertft.errors import CheckpointError, DataError, UsageError
from bertft.reading.memory import table_of_rows
from bertft.runs.record import read_record

Run = Callable[..., Said]
WORDS = ("--epochs", 1, "--head-start", "random", "--precision", "fp32", "--no-refit")
pytestmark = pytest.mark.usefixtures("fresh_accelerator")


def test_importing_it_wakes_no_torch() -> None:
    code = "import sys, bertft; bertft.errors; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_it_learns_what_the_command_learns(run: Run, reviews: Path, rows: list[dict[str, str]], tiny: str) -> None:
    run("train", reviews, "--model", tiny, "-o", "typed", *WORDS)
    same = {"model": tiny, **FAST}
    assert weights(bertft.train(reviews, output_dir="a", **same).folder) == weights("typed")
    assert weights(bertft.train(rows, output_dir="b", **same).folder) == weights("typed")
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    assert weights(bertft.train(columns, output_dir="c", **same).folder) == weights("typed")
    assert weights(bertft.train(pd.DataFrame(rows), output_dir="d", **same).folder) == weights("typed")
    assert weights(bertft.train(datasets.Dataset.from_list(rows), output_dir="e", **same).folder) == weights("typed")


def test_scores_are_those_of_the_command(run: Run, trained: Path, reviews: Path, rows: list[dict[str, str]]) -> None:
    typed = json.loads(run("eval", trained, reviews, "--json").out)
    for data in (reviews, rows):
        found = json.loads(json.dumps(bertft.evaluate(trained, data).scores.as_dict()))
        assert found == {name: typed[name] for name in found}
        assert "accuracy" in found["values"]


def test_answers_are_those_of_the_command(run: Run, trained: Path, reviews: Path, rows: list[dict[str, str]]) -> None:
    run("predict", trained, reviews, "-o", "typed.jsonl", "--top-k", 2)
    typed = read_jsonl(Path("typed.jsonl"))
    frame = bertft.predict(trained, pd.DataFrame(rows, index=[f"r{n}" for n in range(len(rows))]), top_k=2)
    assert list(frame.index) == [f"r{number}" for number in range(len(rows))]
    for found in (
        bertft.predict(trained, reviews, top_k=2),
        bertft.predict(trained, rows, top_k=2),
        frame.to_dict("records"),
    ):
        assert [row["predicted_labels"] for row in found] == [row["predicted_labels"] for row in typed]
        assert [row["text"] for row in found] == [row["text"] for row in typed]
        assert [row["probability"] for row in found] == pytest.approx([row["probability"] for row in typed], abs=1e-6)
    told = bertft.predict(trained, reviews, output="out.jsonl", top_k=2)
    assert (told.rows, told.unanswered) == (len(rows), 0)
    assert Path("out.jsonl").read_bytes() == Path("typed.jsonl").read_bytes()


def test_a_loaded_run_answers_texts(trained: Path) -> None:
    model = bertft.load(trained)
    some = texts(5, seed=3)
    together = model(some)
    assert [model(text)["predicted_label"] for text in some] == [answer["predicted_label"] for answer in together]
    assert model({"text": some[0], "id": 7}) == model(some[0])
    assert model([]) == []
    assert model("")["reason"] == "no text in column 'text'"
    assert bertft.predict(model, some) == model(pd.Series(some)) == together
    with pytest.raises(UsageError, match="text: only for rows with columns"):
        bertft.predict(model, some, text="words")
    with pytest.raises(UsageError, match="format: only for files"):
        bertft.predict(model, [{"text": "good"}], format="csv")
    with pytest.warns(UserWarning, match="has the column 'predicted_label', which stays"):
        (row,) = bertft.predict(model, [{"text": "good", "predicted_label": "x"}])
    assert (row["predicted_label"], row["predicted_predicted_label"]) == ("x", model("good")["predicted_label"])
    with pytest.raises(UsageError, match=r"^input 1: 2 part\(s\), wanted 1: text"):
        model(("one", "two"))
    with pytest.raises(UsageError, match=r"^input 2: no 'text'"):
        model(["good", {"words": "good"}])
    with pytest.raises(UsageError, match=r"^Unknown: topk\. Wanted: top_k"):
        model("good", topk=3)
    with pytest.raises(UsageError, match="top_k is '3', wanted int"):
        model("good", top_k="3")
    with pytest.raises(UsageError, match="n-best does not apply"):
        model("good", n_best=3)


def test_a_loaded_run_knows_its_record(trained: Path, tmp_path: Path) -> None:
    record = bertft.load(trained).record
    assert asdict(record) == json.loads((trained / "run.json").read_text())
    old = json.loads((trained / "run.json").read_text())
    del old["refitted"]
    (tmp_path / "run.json").write_text(json.dumps({**old, "later": 1}))
    assert read_record(tmp_path) == replace(record, refitted=False)
    for damaged in ("", "[]", "{}", '{"data": 1}'):
        (tmp_path / "run.json").write_text(damaged)
        with pytest.raises(CheckpointError, match=r"run\.json: no record of a run"):
            read_record(tmp_path)


def test_the_column_that_was_learned_counts_more_than_the_role(rows: list[dict[str, str]], tiny: str) -> None:
    titled = [{"title": row["text"], "label": row["label"]} for row in rows]
    model = bertft.load(bertft.train(titled, text="title", model=tiny, output_dir="run", **FAST))
    one, other = "good good great", "bad awful poor"
    assert model({"text": one}) == model(one)
    for given in ({"title": one, "text": other}, {"text": other, "title": one}):
        assert model(given) == model(one)
        assert bertft.predict(model, [given])[0]["probability"] == model(one)["probability"]


def test_pairs_come_as_tuples(tiny: str) -> None:
    one, two = texts(60), texts(60, seed=1)
    rows = [
        {"sentence1": a, "sentence2": b, "label": str(n % 2)} for n, (a, b) in enumerate(zip(one, two, strict=True))
    ]
    run = bertft.train(rows, model=tiny, output_dir="pairs", **FAST)
    model = bertft.load(run)
    named = model({"sentence1": "good film", "sentence2": "bad film"})
    assert model(("good film", "bad film")) == named == model({"text": "good film", "text_pair": "bad film"})
    with pytest.raises(UsageError, match=r"wanted 2: sentence1 and sentence2"):
        model("good film")


def test_a_tagger_takes_texts_and_words(tiny: str) -> None:
    run = bertft.train(tagged_rows(60), model=tiny, output_dir="tags", crf=True, **FAST)
    by_text, by_words = bertft.load(run)(["the film , very good", ["the", "film", ",", "very", "good"]])
    assert by_text["predicted_tags"] == by_words["predicted_tags"]
    assert len(by_words["predicted_tags"]) == 5


def test_questions_come_with_their_context(tiny: str) -> None:
    rows = asked_rows(40)
    run = bertft.train(rows, model=tiny, output_dir="questions", **FAST)
    found = bertft.load(run)((rows[0]["question"], rows[0]["context"]), n_best=2)
    assert found["predicted_answer"] in rows[0]["context"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (7, "memory:train: a int, wanted a list of dicts"),
        ([], "no rows"),
        ([{"text": "a"}, "b"], r"memory:train#2: a str, wanted a dict"),
        ([{1: "a"}], "the column name 1 is a int"),
        ([{"text": b"a", "label": "x"}], r"memory:train#1, column 'text': a bytes"),
        ([{"text": "a", "label": object()}], "column 'label': a object"),
        ({"text": ["a", "b"], "label": ["x"]}, "one list of the same length"),
        ({"text": "ab", "label": ["x", "y"]}, "one list of the same length"),
        (pd.DataFrame([["a", "b"]], columns=["text", "text"]), "two columns of one name"),
        (pd.DataFrame({0: ["a"]}), "the column name 0 is a"),
        (pd.DataFrame({"text": ["a", 1], "label": ["x", "y"]}), "several types"),
        (datasets.DatasetDict({"train": datasets.Dataset.from_list([{"text": "a"}])}), "wanted"),
        ("nofile.csv", "no such file"),
    ],
)
def test_what_is_no_rows_is_refused(data: Any, words: str, tiny: str) -> None:
    with pytest.raises(DataError, match=words):
        bertft.train(data, model=tiny, output_dir="run")
    assert not Path("run").exists()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: bertft.train("x.csv", epoch=3), "no setting 'epoch' here. Did you mean 'epochs'"),
        (lambda: bertft.train("x.csv", problem="multi"), "problem is 'multi'"),
        (lambda: bertft.train("x.csv", batch_size="8"), "batch_size is '8': a whole number is wanted"),
        (lambda: bertft.train("x.csv", epochs=True), "epochs is True: a number is wanted"),
        (lambda: bertft.train("x.csv", refit="no"), "refit is 'no': true or false is wanted"),
        (lambda: bertft.train("x.csv", text_pair=["text"]), "text_pair is .'text'.: a string is wanted"),
        (lambda: bertft.load("run", fast="off"), "fast is 'off': true or false is wanted"),
        (lambda: bertft.load("run", threads="2"), "threads is '2': a whole number is wanted"),
        (lambda: bertft.predict("run", "x.csv", topk=1), "Did you mean 'top_k'"),
        (lambda: bertft.predict("run", [{"text": "a"}], output="x.csv"), "output is for the answers to a file"),
        (lambda: bertft.evaluate("run", "x.csv", epochs=1), "no setting 'epochs' here"),
        (lambda: bertft.evaluate("run", "x.csv", max_train_rows=1), "no setting 'max_train_rows' here"),
        (lambda: bertft.predict("run", "x.csv", unknown_labels="skip"), "no setting 'unknown_labels' here"),
        (lambda: bertft.predict("run", "x.csv", resume=True), "no setting 'resume' here"),
        (lambda: bertft.load(3), "A int, wanted a run folder"),
        (lambda: bertft.load("nowhere"), "no such run folder"),
    ],
)
def test_mistakes_are_exceptions(call: Callable[[], object], words: str) -> None:
    with pytest.raises((UsageError, DataError, CheckpointError), match=words):
        call()


def test_wrong_values_are_refused_before_anything_is_touched(rows: list[dict[str, str]], tiny: str) -> None:
    with pytest.raises(UsageError, match="--batch-size is 0"):
        bertft.train(rows, model=tiny, output_dir="run", batch_size=0)
    assert not Path("run").exists()


def test_settings_may_be_paths_numbers_of_numpy_and_short_names(rows: list[dict[str, str]], tiny: str) -> None:
    said = {
        "model": Path(tiny),
        "output_dir": Path("run"),
        "seed": np.int64(3),
        "lr": np.float64(1e-3),
        "label": "label",
    }
    plan = bertft.train(rows, **said, **FAST).plan
    assert (plan.recipe.seed, plan.recipe.learning_rate, plan.fields.label) == (3, 1e-3, ("label",))


def test_values_that_no_file_could_hold_become_what_a_file_would_hold() -> None:
    given = {
        "f": pd.NaT,
        "a": np.int64(3),
        "b": np.array([1.5, float("nan")]),
        "c": float("nan"),
        "d": date(2026, 1, 2),
        "e": ("x", {"y": None}),
    }
    (row,) = table_of_rows([given], "rows")
    assert row.fields == {"f": None, "a": 3, "b": [1.5, None], "c": None, "d": "2026-01-02", "e": ["x", {"y": None}]}
    assert row.origin == "rows#1"


def test_classes_of_a_data_set_keep_their_names() -> None:
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])})
    data = datasets.Dataset.from_dict({"text": ["a", "b", "c"], "label": [1, 0, -1]}, features=features)
    table = table_of_rows(data, "rows")
    assert table.columns == ["text", "label"]
    assert list(table.column("label")) == ["pos", "neg", None]


def test_tags_of_a_data_set_keep_their_names(tiny: str) -> None:
    names = ["O", "B-ART", "I-ART", "B-TEAM", "I-TEAM"]
    tagged = tagged_rows(60)
    codes = [[names.index(tag) for tag in row["tags"]] for row in tagged]
    kinds = {
        "tokens": datasets.List(datasets.Value("string")),
        "ner_tags": datasets.List(datasets.ClassLabel(names=names)),
    }
    rows = {"tokens": [row["tokens"] for row in tagged], "ner_tags": codes}
    data = datasets.Dataset.from_dict(rows, features=datasets.Features(kinds))
    found = bertft.train(data, model=tiny, output_dir="run", **FAST)
    assert set(found.labels) == set(names)
    assert found.scores["validation"].main == "f1"


def test_rows_for_validation_and_test_are_scored(rows: list[dict[str, str]], tiny: str, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "test.csv", list(rows[0]), [list(row.values()) for row in rows[:20]])
    found = bertft.train(rows[20:80], validation=rows[80:], test=file, model=tiny, output_dir="run", **FAST)
    assert set(found.scores) == {"validation", "test"}
    assert found.scores["test"].examples == found.rows["test"] == 20
    stored = json.loads((found.folder / "run.json").read_text())["data"]
    assert stored["validation"]["path"] == "memory:validation"
    assert "bertft.train(…) with the same rows and settings" in (found.folder / "README.md").read_text()
    assert len(stored["train"]["sha256"]) == 64


def test_paths_may_be_paths(trained: Path, tmp_path: Path) -> None:
    data = write_jsonl(tmp_path / "in.jsonl", [{"text": "good"}])
    assert len(bertft.predict(os.fspath(trained), data)) == len(bertft.predict(trained, str(data))) == 1
