"""Several files, patterns in quotes, and folders of `save_to_disk` are read as one file would be."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Said, read_csv, texts, write_csv, write_jsonl
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value, load_from_disk

from bertft.errors import DataError
from bertft.jobs.splits import read_files
from bertft.plan.plan import merge_data
from bertft.reading import open_source, read_table

Run = Callable[..., Said]
QUICK = ("--max-steps", 2, "--precision", "fp32", "--no-refit", "--head-start", "random")
ROWS = [(text, ["neg", "pos"][number % 2]) for number, text in enumerate(texts(60))]


def parts(folder: Path) -> None:
    write_csv(folder / "whole.csv", ["text", "label"], ROWS)
    write_csv(folder / "part1.csv", ["text", "label"], ROWS[:25])
    write_csv(folder / "part2.csv", ["label", "text"], [(label, text) for text, label in ROWS[25:]])


def data(run: str) -> Any:
    return json.loads(Path(run, "run.json").read_text())["data"]


def test_files_together_are_the_whole_file(run: Run, tmp_path: Path, tiny: str) -> None:
    parts(tmp_path)
    run("train", "whole.csv", "--model", tiny, "-o", "whole", *QUICK)
    said = run("train", "part1.csv", "part2.csv", "--model", tiny, "-o", "two", *QUICK)
    assert "Read together: part1.csv (25 rows), part2.csv (35 rows)" in said.err
    assert Path("two/model.safetensors").read_bytes() == Path("whole/model.safetensors").read_bytes()
    assert ", 60 rows" in run("train", "part[12].csv", "--model", tiny, "--dry-run", "-o", "no").err
    assert ", 60 rows" in run("train", "--config", "two/plan.toml", "--dry-run", "-o", "no").err
    assert tomllib.loads(Path("two/plan.toml").read_text())["data"]["more_train"] == ["part2.csv"]
    assert {one["path"] for one in data("two").values()} == {"part1.csv", "part2.csv"}
    assert all(one["sha256"] for one in data("two").values())
    assert ", 25 rows" in run("train", "part1.csv", "--config", "two/plan.toml", "--dry-run", "-o", "no").err
    scores = [json.loads(run("eval", "two", name, "--json").out)["values"] for name in ("whole.csv", "part*.csv")]
    assert scores[0] == scores[1]


def test_a_row_is_called_by_its_own_file(tmp_path: Path) -> None:
    parts(tmp_path)
    table = read_files(["part1.csv", "part2.csv"], merge_data({}, {"train": "part1.csv"}))
    assert [table[place].origin for place in (0, 24, 25, 59)] == [
        "part1.csv:2",
        "part1.csv:26",
        "part2.csv:2",
        "part2.csv:36",
    ]
    assert [row.origin for row in table.only([59, 3])] == ["part2.csv:36", "part1.csv:5"]
    assert list(table.column("text")) == [text for text, _ in ROWS]


REFUSED: dict[str, tuple[list[str], str]] = {
    "other columns": (
        ["part1.csv", "other.csv"],
        "other.csv: its columns are not those of part1.csv: it lacks text and has body",
    ),
    "another format": (["part1.csv", "rows.jsonl"], "rows.jsonl: of another kind than part1.csv"),
    "twice the same": (["part1.csv", "part*.csv"], "part1.csv: named twice"),
    "no match": (["nothing*.csv"], "no file matches this pattern"),
    "one is not there": (["part1.csv", "part9.csv"], "part9.csv: no such file"),
    "no row": (["part1.csv", "none.csv"], "none.csv: no row below the column names"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_does_not_go_together_is_refused(run: Run, tmp_path: Path, tiny: str, kind: str) -> None:
    parts(tmp_path)
    write_csv(tmp_path / "other.csv", ["body", "label"], ROWS)
    write_csv(tmp_path / "none.csv", ["text", "label"], [])
    write_jsonl(tmp_path / "rows.jsonl", [{"text": text, "label": label} for text, label in ROWS])
    words, reason = REFUSED[kind]
    assert reason in run("train", *words, "--model", tiny, "--dry-run", "-o", "run", ok=2).err


def test_predict_takes_one_file(run: Run, tmp_path: Path, trained: Path) -> None:
    parts(tmp_path)
    assert "matches 2 files, but one file is read here" in run("predict", trained, "part*.csv", "-o", "o.csv", ok=2).err


def test_a_file_may_be_called_like_a_pattern(tmp_path: Path) -> None:
    parts(tmp_path)
    (tmp_path / "part1.csv").rename(tmp_path / "part[1].csv")
    assert len(read_files(["part[1].csv"], merge_data({}, {"train": "x"}))) == 25


def saved(folder: Path, shards: int = 3) -> Dataset:
    features = Features({"text": Value("string"), "label": ClassLabel(names=["neg", "pos"])})
    rows = {"text": [text for text, _ in ROWS], "label": [label for _, label in ROWS]}
    dataset = Dataset.from_dict(rows, features=features).shuffle(seed=1)
    dataset.save_to_disk(folder, num_shards=shards)
    return dataset


def test_a_saved_data_set_is_read_as_datasets_reads_it(run: Run, tmp_path: Path, trained: Path, tiny: str) -> None:
    saved(tmp_path / "saved")
    loaded = load_from_disk(tmp_path / "saved")
    names = loaded.features["label"]
    wanted = [(row["text"], names.int2str(row["label"])) for row in loaded]
    assert [tuple(row.fields.values()) for row in open_source("saved").rows()] == wanted
    assert [tuple(row.fields.values()) for row in read_table("saved")] == wanted
    said = run("train", "saved", "--model", tiny, "--dry-run", "-o", "run")
    assert "label 'label': 2 distinct values: neg, pos" in said.err
    run("predict", trained, "saved", "-o", "out.csv")
    assert [row["text"] for row in read_csv(Path("out.csv"))] == [text for text, _ in wanted]


def test_of_saved_splits_one_is_named(tmp_path: Path) -> None:
    dataset = saved(tmp_path / "saved")
    DatasetDict({"train": dataset, "test": dataset}).save_to_disk(tmp_path / "both")
    with pytest.raises(
        DataError, match=r"both: a saved data set with several splits\. Name one: both/test, both/train"
    ):
        open_source("both")
    assert len(read_table("both/test")) == 60


@pytest.mark.parametrize(
    "state", ["", "[]", "{}", '{"_data_files": [{"filename": "../whole.arrow"}]}', '{"_data_files": [3]}']
)
def test_a_saved_data_set_that_is_damaged_is_refused(tmp_path: Path, state: str) -> None:
    saved(tmp_path / "saved")
    (tmp_path / "saved" / "state.json").write_text(state)
    with pytest.raises(DataError, match="save_to_disk"):
        open_source("saved")
