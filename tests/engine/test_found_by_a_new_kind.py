"""Faults that readers with fresh eyes found in the engine."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from conftest import Said, texts, write_jsonl

from bertft.engine.step import texts_of

Run = Callable[..., Said]
QUICK = ("--max-steps", 2, "--precision", "fp32", "--no-refit")


@pytest.mark.parametrize(("shape", "rows"), [((6, 9), [1, 3]), ((6, 4, 9), [0, 5]), ((6, 2, 3, 9), [2])])
def test_the_texts_of_some_rows_are_those_that_the_network_reads_below_each_other(
    shape: tuple[int, ...], rows: list[int]
) -> None:
    batch = torch.arange(torch.tensor(shape).prod()).view(shape)
    chosen, whole = texts_of(rows, shape)
    assert torch.equal(batch.view(-1, shape[-1])[chosen], batch[rows].view(-1, shape[-1]))
    assert whole == len(batch.view(-1, shape[-1]))


def test_a_head_of_another_kind_is_not_kept_though_its_labels_are_the_same(run: Run, tmp_path: Path, tiny: str) -> None:
    labelled = [{"text": text, "label": "AB"[number % 2]} for number, text in enumerate(texts(40))]
    run("train", write_jsonl(tmp_path / "texts.jsonl", labelled), "--model", tiny, "-o", "texts", *QUICK)
    tagged = [{"tokens": text.split(), "tags": ["AB"[len(word) % 2] for word in text.split()]} for text in texts(40)]
    data = write_jsonl(tmp_path / "words.jsonl", tagged)
    said = run("train", data, "--task", "ner", "--model", "texts", "-o", "words", *QUICK)
    assert json.loads(Path("words/bertft.json").read_text())["labels"]["names"] == ["A", "B"]
    assert "its head is kept" not in said.err
    assert "its head is kept" in run("train", data, "--task", "ner", "--model", "words", "-o", "again", *QUICK).err


@pytest.mark.parametrize("length", [8, 9, 12, 20])
def test_an_overlap_that_nobody_typed_fits_into_tiny_windows(run: Run, tmp_path: Path, tiny: str, length: int) -> None:
    rows = [{"tokens": text.split(), "tags": ["AB"[len(word) % 2] for word in text.split()]} for text in texts(40)]
    data = write_jsonl(tmp_path / "words.jsonl", rows)
    run("train", data, "--task", "ner", "--model", tiny, "--max-length", length, "-o", "run", *QUICK)
    predicted = run("predict", "run", data, "-o", "out.jsonl")
    assert "could not be predicted" not in predicted.err
    found = [json.loads(line)["predicted_tags"] for line in Path("out.jsonl").read_text().splitlines()]
    assert [len(tags) for tags in found] == [len(row["tokens"]) for row in rows]


@pytest.mark.parametrize(("setting", "kind"), [("crf = true", "token"), ("max_answer = 3", "question")])
def test_a_setting_of_another_kind_is_refused_in_a_config_file_too(
    run: Run, reviews: Path, tiny: str, setting: str, kind: str
) -> None:
    Path("mine.toml").write_text(f"[recipe]\n{setting}\n")
    said = run("train", reviews, "--model", tiny, "--config", "mine.toml", "-o", "run", *QUICK, ok=2)
    name = setting.split(" ")[0]
    assert f"[recipe] {name} = " in said.err
    assert f"is for {kind}" in said.err
    assert not Path("run").exists()


def test_extras_of_another_kind_of_task_are_left_alone(run: Run, trained: Path, tmp_path: Path, tiny: str) -> None:
    rows = [{"tokens": text.split(), "tags": ["AB"[len(word) % 2] for word in text.split()]} for text in texts(40)]
    data = write_jsonl(tmp_path / "words.jsonl", rows)
    run("train", data, "--task", "ner", "--model", tiny, "--bilstm", 4, "-o", "tagger", *QUICK)
    shutil.copytree(trained, "run")
    asked = write_jsonl(tmp_path / "in.jsonl", [{"text": "good"}])
    shutil.copyfile("tagger/tagger.safetensors", "run/tagger.safetensors")
    assert "predicted_label" in run("predict", "run", asked).out
    Path("run/tagger.safetensors").write_bytes(b"nonsense")  # it may have been the run's own head
    assert "run/tagger.safetensors: damaged" in run("predict", "run", asked, ok=2).err
