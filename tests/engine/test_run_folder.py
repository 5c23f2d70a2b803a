"""What a run leaves behind besides its weights: records that are true, a card that the Hub reads, files that can be shared."""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Said, read_jsonl, sentiment, texts, write_csv, write_jsonl
from huggingface_hub import ModelCard

Run = Callable[..., Said]
QUICK = ("--epochs", 1, "--precision", "fp32")


def write_three(folder: Path, kind: str) -> None:
    """train, dev and test files of that kind of task."""
    for number, (split, rows) in enumerate({"train": 60, "dev": 24, "test": 36}.items()):
        words = texts(rows, seed=number)
        if kind == "multi":
            lists = [[word for word in ("good", "bad", "film") if word in text.split()] for text in words]
            labelled = zip(words, lists, strict=True)
            write_jsonl(folder / f"{split}.jsonl", [{"text": text, "labels": names} for text, names in labelled])
        else:
            pairs = list(zip(words, texts(rows, seed=9), strict=True))
            labels = [sentiment(one) if kind == "pair" else f"{len(one) / 10 + 0.05:.2f}" for one, _ in pairs]
            lines = [(*pair, label) for pair, label in zip(pairs, labels, strict=True)]
            write_csv(folder / f"{split}.csv", ["text", "other", "label"], lines)


KINDS = {
    "pair": ("csv", ["--text", "text", "--text-pair", "other", "--label", "label"], "accuracy"),
    "regression": ("csv", ["--regression", "--text", "text", "--label", "label"], "spearmanr"),
    "multi": ("jsonl", ["--multi-label", "--text", "text", "--label", "labels"], "f1_micro"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_records_are_true_for_every_kind_of_task(run: Run, tmp_path: Path, tiny: str, kind: str) -> None:
    ending, words, metric = KINDS[kind]
    write_three(tmp_path, kind)
    others = ("--validation", f"dev.{ending}", "--test", f"test.{ending}")
    said = run("train", f"train.{ending}", *others, "--model", tiny, "-o", "run", *words, *QUICK, "--json")

    record = json.loads(Path("run/run.json").read_text())
    assert json.loads(said.out)["scores"] == record["scores"]
    assert {split: scores["examples"] for split, scores in record["scores"].items()} == {"validation": 24, "test": 36}
    assert record["rows"] == {"train": 60, "validation": 24, "test": 36}
    for split, name in (("train", "train"), ("validation", "dev"), ("test", "test")):
        content = Path(f"{name}.{ending}").read_bytes()
        assert record["data"][split]["sha256"] == hashlib.sha256(content).hexdigest()
    timing = record["timings"]["train"]
    assert timing["examples"] == 60
    assert timing["examples_per_second"] == pytest.approx(60 / timing["seconds"], rel=0.02)
    assert record["seed"] == tomllib.loads(Path("run/plan.toml").read_text())["recipe"]["seed"] == 42

    card = ModelCard.load("run/README.md")
    shown = {(result.dataset_split, result.metric_type): result.metric_value for result in card.data.eval_results}
    for split in ("validation", "test"):
        value = record["scores"][split]["value"]
        if value is not None:
            assert shown[split, metric] == pytest.approx(value, abs=1e-4)
            assert f"{value:.4f}" in card.text
    assert card.data.pipeline_tag == "text-classification"
    assert "more information needed" not in card.text.lower()
    assert "None" not in card.text


def test_history_tells_each_step_and_each_evaluation(run: Run, reviews: Path, tiny: str) -> None:
    run("train", reviews, "--model", tiny, "-o", "run", "--batch-size", 16, "--eval-steps", 4, *QUICK)
    lines = read_jsonl(Path("run/history.jsonl"))
    losses = [line for line in lines if "loss" in line]
    assert [line["step"] for line in losses] == list(range(1, 8))
    assert all(line["examples_per_second"] > 0 and 0 <= line["padding"] < 1 for line in losses)
    judged = [line for line in lines if "validation" in line]
    assert [line["step"] for line in judged] == [0, 4, 7]  # 0: the warm start
    record = json.loads(Path("run/run.json").read_text())
    best = next(line for line in judged if line["step"] == record["best_step"])
    assert best["validation"]["accuracy"] == record["scores"]["validation"]["values"]["accuracy"]


@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077])
def test_files_are_as_open_as_the_umask_says(run: Run, reviews: Path, tiny: str, mask: int) -> None:
    before = os.umask(mask)
    try:
        run("train", reviews, "--model", tiny, "-o", "run", "--max-steps", 2, "--precision", "fp32")
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in Path("run").rglob("*") if path.is_file()}
    assert modes == dict.fromkeys(modes, 0o666 & ~mask)
    assert {"model.safetensors", "optimizer.safetensors", "config.json", "tokenizer.json"} <= set(modes)


def test_nothing_half_written_is_left_behind(run: Run, reviews: Path, tiny: str) -> None:
    run("train", reviews, "--model", tiny, "-o", "run", *QUICK)
    assert [path.name for path in Path("run").rglob(".*")] == []


def test_a_repeated_command_refuses_to_overwrite_and_says_how(run: Run, reviews: Path, tiny: str) -> None:
    run("train", reviews, "--model", tiny, "-o", "run", "--max-steps", 2, "--precision", "fp32")
    before = Path("run/model.safetensors").read_bytes()
    said = run("train", reviews, "--model", tiny, "-o", "run", "--max-steps", 1, "--precision", "fp32", ok=2)
    assert "already holds a run. Choose another folder with -o or pass --overwrite" in said.err
    assert Path("run/model.safetensors").read_bytes() == before
