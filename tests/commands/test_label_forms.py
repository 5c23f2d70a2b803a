"""Labels as annotation tools and data frames write them, through the commands: understood or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Said, read_csv, texts, write_csv, write_jsonl

Run = Callable[..., Said]
QUICK = ("--max-steps", 2, "--precision", "fp32", "--no-refit", "--head-start", "random")
SETS = [["joy"], ["joy", "fear"], [], ["fear", "love"]] * 10
NAMES = ["fear", "joy", "love"]


def vectors() -> list[list[int]]:
    return [[int(name in labels) for name in NAMES] for labels in SETS]


def scores(said: Said) -> dict[str, object]:
    return {**json.loads(said.out), "data": "", "timings": {}}


def test_all_forms_of_the_same_labels_are_scored_alike(run: Run, tmp_path: Path, tiny: str) -> None:
    """Trained on vectors, scored on lists, objects and their prints."""
    words = texts(40)
    rows = [{"text": text, "labels": vector} for text, vector in zip(words, vectors(), strict=True)]
    train = write_jsonl(tmp_path / "train.jsonl", rows)
    run("train", train, "--model", tiny, "--label-names", "fear, joy, love", "-o", "run", *QUICK)
    assert json.loads(Path("run/bertft.json").read_text())["labels"]["names"] == NAMES
    wanted = scores(run("eval", "run", train, "--json"))
    assert wanted["examples"] == 40
    for form in (str, json.dumps, lambda labels: str({name: name in labels for name in NAMES})):
        cells = [(text, form(labels)) for text, labels in zip(words, SETS, strict=True)]
        other = write_csv(tmp_path / "other.csv", ["text", "labels"], cells)
        assert scores(run("eval", "run", other, "--json")) == wanted
    run("predict", "run", train, "-o", "answers.csv")
    given = {label for row in read_csv(Path("answers.csv")) for label in json.loads(row["predicted_labels"])}
    assert given <= set(NAMES)
    again = run("train", "--config", "run/plan.toml", "-o", "again", "--dry-run")
    assert 'label_names = [\n    "fear",\n    "joy",\n    "love",\n]' in again.out
    short = write_jsonl(tmp_path / "short.jsonl", [{"text": "good", "labels": [0, 1]}])
    assert "short.jsonl:1: column 'labels': `[0, 1]` has 2 places" in run("eval", "run", short, ok=2).err


def test_one_hot_vectors_learn_one_class_a_row(run: Run, tmp_path: Path, tiny: str) -> None:
    rows = [{"text": text, "label": [number % 2, 1 - number % 2]} for number, text in enumerate(texts(40))]
    train = write_jsonl(tmp_path / "train.jsonl", rows)
    run("train", train, "--model", tiny, "-o", "run", "--max-train-rows", 20, *QUICK)
    stored = json.loads(Path("run/bertft.json").read_text())
    assert (stored["card"]["problem"], stored["labels"]["names"]) == ("single-label", ["label_0", "label_1"])
    said = run("eval", "run", write_csv(tmp_path / "test.csv", ["text", "label"], [("good", "label_0")]), "--json")
    assert json.loads(said.out)["examples"] == 1


def test_lists_of_one_label_train_a_single_label_model(run: Run, tmp_path: Path, tiny: str) -> None:
    rows = [{"text": text, "label": [["pos", "neg"][number % 2]]} for number, text in enumerate(texts(40))]
    train = write_jsonl(tmp_path / "train.jsonl", rows)
    said = run("train", train, "--model", tiny, "--single-label", "-o", "run", *QUICK)
    assert "single-label, as asked: lists of 2 distinct labels, one in each" in said.err
    assert json.loads(Path("run/bertft.json").read_text())["labels"]["names"] == ["neg", "pos"]
    two = write_jsonl(tmp_path / "two.jsonl", [{"text": "good", "label": ["pos", "neg"]}])
    assert "two.jsonl:1: column 'label' has 2 labels (pos, neg)" in run("eval", "run", two, ok=2).err


@pytest.mark.parametrize("column", ["label", "answer"])
def test_rows_that_an_annotator_rejected_are_not_learned(run: Run, tmp_path: Path, tiny: str, column: str) -> None:
    answers = ["accept", "accept", "reject", "ignore"]
    rows = [
        {"text": text, "label": ["SPAM", "HAM"][n % 2], "answer": answers[n % 4], "_task_hash": n}
        for n, text in enumerate(texts(80))
    ]
    train = write_jsonl(tmp_path / "train.jsonl", rows)
    said = run("train", train, "--label", column, "--model", tiny, "-o", "run", *QUICK)
    assert "20 rows with the annotator's answer 'ignore' (column 'answer')" in said.err
    assert ("20 rows with the annotator's answer 'reject'" in said.err) == (column == "label")
    names = {"label": ["HAM", "SPAM"], "answer": ["accept", "reject"]}[column]
    assert json.loads(Path("run/bertft.json").read_text())["labels"]["names"] == names
    assert json.loads(run("eval", "run", train, "--json").out)["examples"] == {"label": 40, "answer": 60}[column]
    run("predict", "run", train, "-o", "answers.csv")
    assert len(read_csv(Path("answers.csv"))) == 80


def test_a_column_called_answer_may_be_a_text(run: Run, tmp_path: Path, tiny: str) -> None:
    rows = [(text, ["reject", "yes"][n % 2], ["a", "b"][n % 2]) for n, text in enumerate(texts(40))]
    data = write_csv(tmp_path / "train.csv", ["question", "answer", "label"], rows)
    said = run("train", data, "--text", "question", "--text-pair", "answer", "--model", tiny, "-o", "run", *QUICK)
    assert "annotator" not in said.err


def test_choices_of_label_studio_are_labels(run: Run, tmp_path: Path) -> None:
    def task(text: str, choices: list[str]) -> dict[str, object]:
        result = {"from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": choices}}
        return {"data": {"text": text}, "annotations": [{"result": [result]}]}

    tasks = [task(text, [["joy"], ["joy", "fear"], ["fear"]][n % 3]) for n, text in enumerate(texts(30))]
    data = tmp_path / "tasks.json"
    data.write_text(json.dumps(tasks))
    said = run("train", data, "--dry-run")
    assert "multi-label: lists of 2 distinct labels; 20 of the cells hold one label without a list" in said.err
    wrapped = [
        (text, json.dumps({"choices": [["joy"], ["joy", "fear"], ["fear"]][n % 3]})) for n, text in enumerate(texts(30))
    ]
    said = run("train", write_csv(tmp_path / "min.csv", ["text", "mood"], wrapped), "--label", "mood", "--dry-run")
    assert "multi-label: lists of 2 distinct labels" in said.err


def test_names_of_places_are_refused_where_there_are_none(run: Run, tmp_path: Path) -> None:
    data = write_csv(tmp_path / "train.csv", ["text", "label"], [(text, n / 7) for n, text in enumerate(texts(30))])
    said = run("train", data, "--regression", "--label-names", "a,b", "--dry-run", ok=2)
    assert "--label-names names the places of vectors of 0 and 1; this task is regression. Leave it out." in said.err
