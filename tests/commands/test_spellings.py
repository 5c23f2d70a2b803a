"""The same label in two spellings is one label, or is said."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Said, read_csv, texts, write_csv, write_jsonl

Run = Callable[..., Said]
QUICK = ("--max-steps", 2, "--precision", "fp32", "--no-refit", "--head-start", "random")


def test_true_of_json_is_true_of_pandas(run: Run, tmp_path: Path, tiny: str) -> None:
    rows = [{"text": text, "label": number % 2 == 0} for number, text in enumerate(texts(40))]
    run("train", write_jsonl(tmp_path / "train.jsonl", rows), "--model", tiny, "-o", "run", *QUICK)
    test = write_csv(tmp_path / "test.csv", ["text", "label"], [(row["text"], row["label"]) for row in rows])
    assert read_csv(test)[0]["label"] == "True"
    said = run("eval", "run", test, "--json")
    assert "20 rows with label 'True' taken for 'true'" in said.err
    assert "20 rows with label 'False' taken for 'false'" in said.err
    same = run("eval", "run", tmp_path / "train.jsonl", "--json")
    assert "taken for" not in same.err
    one, other = ({**json.loads(found.out), "data": "", "timings": {}} for found in (said, same))
    assert one == other


@pytest.mark.parametrize("other", ["POS", " Pos ", "p os", "pos\u00a0"])
def test_case_and_spaces_do_not_matter_in_another_file(run: Run, tmp_path: Path, trained: Path, other: str) -> None:
    data = write_csv(
        tmp_path / "test.csv", ["text", "label"], [("good film", other), ("bad", "neg"), ("dish", "neutral")]
    )
    said = run("eval", trained, data, "--json")
    assert json.loads(said.out)["examples"] == 3
    assert "unknown" not in said.err


def test_unicode_forms_do_not_matter_in_another_file(run: Run, tmp_path: Path, tiny: str) -> None:
    rows = [(text, "réclame" if number % 2 else "autre") for number, text in enumerate(texts(40))]
    run("train", write_csv(tmp_path / "train.csv", ["text", "label"], rows), "--model", tiny, "-o", "run", *QUICK)
    other = [(text, unicodedata.normalize("NFD", label)) for text, label in rows]
    said = run("eval", "run", write_csv(tmp_path / "test.csv", ["text", "label"], other), "--json")
    assert json.loads(said.out)["examples"] == 40
    assert "20 rows with label" in said.err


def test_labels_that_are_nearly_alike_are_said_and_kept_apart(run: Run, tmp_path: Path, tiny: str) -> None:
    rows = [(text, ["US", "us", "other"][number % 3]) for number, text in enumerate(texts(60))]
    data = write_csv(tmp_path / "train.csv", ["text", "label"], rows)
    said = run("train", data, "--model", tiny, "-o", "run", *QUICK)
    assert "Column 'label': the labels 'US' and 'us' differ only in case, spaces or Unicode form." in said.err
    assert json.loads(Path("run/bertft.json").read_text())["labels"]["names"] == ["US", "other", "us"]
    test = write_csv(tmp_path / "test.csv", ["text", "label"], [("good", "Us"), ("bad", "us")])
    assert "label 'Us'" in run("eval", "run", test, ok=2).err  # of two that it could be


def test_one_of_several_labels_may_be_spelt_otherwise(run: Run, tmp_path: Path, tiny: str) -> None:
    rows = [{"text": text, "label": ["good", "long"][: 1 + number % 2]} for number, text in enumerate(texts(40))]
    run("train", write_jsonl(tmp_path / "train.jsonl", rows), "--model", tiny, "-o", "run", *QUICK)
    other = [{**row, "label": [name.upper() for name in row["label"]]} for row in rows]
    said = run("eval", "run", write_jsonl(tmp_path / "test.jsonl", other), "--json")
    assert "40 rows with label 'GOOD' taken for 'good'" in said.err
