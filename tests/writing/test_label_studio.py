"""Predictions as tasks that Label Studio imports: with its own numbers, names and way of counting."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Said, bertft, read_jsonl, texts, write_csv, write_jsonl
from tagged import tagged_rows

from bertft.errors import UsageError
from bertft.reading import open_source
from bertft.writing.label_studio import Tasks

Run = Callable[..., Said]
QUICK = ("--max-steps", 1, "--precision", "fp32", "--no-refit", "--quiet")


@pytest.fixture(scope="module")
def runs(tiny: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tagger that has learned hardly anything."""
    folder = tmp_path_factory.mktemp("runs")
    write_jsonl(folder / "tags.jsonl", tagged_rows(30))
    bertft("train", folder / "tags.jsonl", "--model", tiny, "-o", folder / "tags", *QUICK)
    return folder


def utf16(text: str, value: dict[str, Any]) -> str:
    """As a browser cuts."""
    return text.encode("utf-16-le")[2 * value["start"] : 2 * value["end"]].decode("utf-16-le")


def predicted(run: Run, folder: Path, data: str, *words: object) -> list[dict[str, Any]]:
    run("predict", folder, data, "-o", "tasks.json", "--form", "label-studio", *words)
    run("predict", folder, data, "-o", "plain.jsonl", *words)
    tasks: list[dict[str, Any]] = json.loads(Path("tasks.json").read_text())
    return tasks


def test_entities_go_back_to_their_tasks(runs: Path, run: Run) -> None:
    told = [
        {"id": n, "annotations": [], "data": {"text": f"🎉 {text}", "source": n}} for n, text in enumerate(texts(6), 70)
    ]
    Path("export.json").write_text(
        json.dumps([*told, {"id": 99, "annotations": [], "data": {"text": "", "source": 0}}])
    )
    *tasks, empty = predicted(run, runs / "tags", "export.json")
    plain = read_jsonl(Path("plain.jsonl"))
    assert [task["id"] for task in tasks] == list(range(70, 76))
    assert [(task["data"]["text"], task["data"]["source"]) for task in tasks] == [
        (row["text"], row["source"]) for row in plain[:-1]
    ]
    assert sum(len(row["entities"]) for row in plain if row["entities"]) > 0
    for task, row in zip(tasks, plain, strict=False):
        (prediction,) = task["predictions"]
        assert prediction["model_version"] == "tags"
        values = [result["value"] for result in prediction["result"]]
        assert [value["labels"] for value in values] == [[one["label"]] for one in row["entities"]]
        assert [utf16(task["data"]["text"], value) for value in values] == [one["text"] for one in row["entities"]]
        assert {(one["from_name"], one["to_name"], one["type"]) for one in prediction["result"]} <= {
            ("label", "text", "labels")
        }
        assert [one["score"] for one in prediction["result"]] == [one["probability"] for one in row["entities"]]
        assert prediction.get("score") == min((one["probability"] for one in row["entities"]), default=None)
    assert (empty["predictions"], empty["data"]["reason"]) == ([], "no words in column 'text'")


def test_words_become_the_text_that_their_places_count(runs: Path, run: Run) -> None:
    for task in predicted(run, runs / "tags", str(runs / "tags.jsonl")):
        for result in task["predictions"][0]["result"]:
            assert utf16(task["data"]["text"], result["value"]) == result["value"]["text"]


def test_a_class_stands_under_the_name_of_its_column(trained: Path, run: Run) -> None:
    write_csv(Path("new.csv"), ["text", "label", "reason"], [(text, "old", "why") for text in texts(5, seed=3)])
    for task, row in zip(predicted(run, trained, "new.csv"), read_jsonl(Path("plain.jsonl")), strict=True):
        assert task["data"] == {"text": row["text"], "label": "old", "reason": "why"}
        (prediction,) = task["predictions"]
        (found,) = prediction["result"]
        assert found["value"] == {"choices": [row["predicted_label"]]}
        assert (found["from_name"], found["to_name"], found["type"]) == ("label", "text", "choices")
        assert prediction["score"] == row["probability"]


def results(text: str, **answers: Any) -> list[tuple[str, str, Any]]:
    """Of one record."""
    tasks = Tasks("text", {name: f"x_{name}" for name in answers}, control="mood", version="v")
    tasks.check()
    record = {"text": text, "task_id": 3, **{f"x_{name}": value for name, value in answers.items()}}
    task = tasks.task(record)
    assert (task["id"], task["data"]) == (3, {"text": text})
    return [(one["from_name"], one["type"], one["value"]) for one in task["predictions"][0]["result"]]


def test_other_answers_have_their_own_results() -> None:
    assert results("a", predicted_labels=["x", "y"]) == [("mood", "choices", {"choices": ["x", "y"]})]
    assert results("a", predicted_labels=[]) == []
    assert results("a", predicted_score=1.5) == [("mood", "number", {"number": 1.5})]
    place = {"start": 3, "end": 5, "text": "in", "labels": ["Answer"]}
    given: dict[str, Any] = {"predicted_answer": "in", "answer_start": 2, "answer_end": 4, "probability": 0.5}
    assert results("🎉 in", **given) == [("label", "labels", place)]
    assert results("a", **{**given, "predicted_answer": "", "answer_start": None, "answer_end": None}) == []
    with pytest.raises(UsageError, match="tags without spans have no place there"):
        results("a", predicted_tags=["NN"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-o", "t.csv", "--form", "label-studio"), "imports .json"),
        (("--form", "label-studio"), "imports .json"),
        (("-o", "t.json", "--form", "brat"), "label-studio is wanted"),
        (("-o", "t.json", "--form", "label-studio", "--prefix", "x"), "no names of columns"),
    ],
)
def test_what_label_studio_does_not_take_is_refused(trained: Path, run: Run, words: tuple[str, ...], said: str) -> None:
    write_csv(Path("in.csv"), ["text"], [("good film",)])
    assert said in run("predict", trained, "in.csv", *words, ok=2).err


def test_convert_writes_predictions_as_predictions(runs: Path, run: Run) -> None:
    write_jsonl(Path("new.jsonl"), [{"text": text, "task_id": n, "source": "a"} for n, text in enumerate(texts(9), 5)])
    run("predict", runs / "tags", "new.jsonl", "-o", "out.jsonl")
    run("convert", "out.jsonl", "-o", "tasks.json", "--form", "label-studio")
    for task, row in zip(json.loads(Path("tasks.json").read_text()), read_jsonl(Path("out.jsonl")), strict=True):
        assert (task["id"], task["data"]["source"], "annotations" in task) == (row["task_id"], "a", False)
        assert [one["value"]["text"] for one in task["predictions"][0]["result"]] == [
            one["text"] for one in row["entities"]
        ]
    assert "9 tasks with predictions of a model only, which are no labels" in open_source("tasks.json").notes
    run("convert", "out.jsonl", "-o", "prodigy.jsonl", "--form", "prodigy")
    assert not any("answer" in row for row in read_jsonl(Path("prodigy.jsonl")))


def test_convert_keeps_numbers_and_columns_of_gold_tasks(run: Run) -> None:
    result = {"value": {"start": 0, "end": 2, "labels": ["ORG"]}, "type": "labels"}
    task = {"id": 8, "annotations": [{"result": [result]}], "data": {"text": "EU and", "source": "a"}}
    Path("in.json").write_text(json.dumps([task]))
    run("convert", "in.json", "-o", "out.json", "--form", "label-studio")
    (found,) = json.loads(Path("out.json").read_text())
    assert (found["id"], found["data"]) == (8, {"text": "EU and", "source": "a"})
    (said,) = found["annotations"][0]["result"]
    assert (said["value"]["labels"], said["value"]["text"]) == (["ORG"], "EU")
