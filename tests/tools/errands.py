"""Small training runs of every kind, as words of the command line: for tests that break them off and compare how they end."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from conftest import read_jsonl, sentiment, texts, write_csv, write_jsonl
from tagged import asked_rows, tagged_rows

QUICK = ("--batch-size", "16", "--eval-steps", "5", "--lr", "1e-3", "--no-refit")

ERRANDS = {
    "sequence": ("reviews.csv", ("--epochs", "3", "--head-start", "random", "--precision", "fp32")),
    "warm": ("reviews.csv", ("--epochs", "3", "--precision", "fp32")),
    "refit": ("reviews.csv", ("--epochs", "3", "--refit", "--precision", "fp32")),
    "mean": ("reviews.csv", ("--epochs", "3", "--pool", "mean", "--precision", "fp32")),
    "pairs": ("pairs.csv", ("--epochs", "11", "--pool", "mean", "--lr", "1e-4", "--precision", "fp32")),
    "bf16": ("reviews.csv", ("--epochs", "3", "--precision", "bf16")),
    "accumulated": ("reviews.csv", ("--epochs", "5", "--grad-accum", "3", "--precision", "bf16")),
    "early stop": ("reviews.csv", ("--epochs", "9", "--early-stop", "2", "--eval-steps", "3", "--precision", "fp32")),
    "by tokens": ("reviews.csv", ("--epochs", "3", "--max-tokens", "160", "--precision", "fp32")),
    "layers": ("reviews.csv", ("--epochs", "3", "--layer-decay", "0.8", "--freeze", "1", "--precision", "bf16")),
    "multi-label": ("topics.jsonl", ("--multi-label", "--epochs", "3", "--precision", "fp32")),
    "tags": ("words.jsonl", ("--epochs", "3", "--precision", "fp32")),
    "tagger": ("words.jsonl", ("--epochs", "3", "--crf", "--bilstm", "8", "--precision", "fp32")),
    "crf bf16": ("words.jsonl", ("--epochs", "3", "--crf", "--precision", "bf16")),
    "questions": ("asked.jsonl", ("--epochs", "3", "--precision", "fp32")),
}
"""Name -> data file, further words. About 21 steps each."""


def words_of(name: str, folder: Path, model: str) -> list[str]:
    """`train DATA ...` without its -o; the data file is written into `folder` if it is not there."""
    data, words = ERRANDS[name]
    if not (folder / data).exists():
        _write(folder / data)
    return ["train", str(folder / data), "--model", model, *QUICK, *words]


def _write(path: Path) -> None:
    if path.name == "reviews.csv":
        rows = [(f"r{number}", text, sentiment(text)) for number, text in enumerate(texts(120))]
        write_csv(path, ["id", "text", "label"], rows)
    elif path.name == "pairs.csv":
        pairs = zip(texts(24), texts(24, seed=1), strict=True)  # few: each makes many lessons
        write_csv(path, ["premise", "hypothesis", "label"], [(*pair, sentiment(" ".join(pair))) for pair in pairs])
    elif path.name == "topics.jsonl":
        named = ({word for word in ("good", "bad", "film") if word in text.split()} for text in texts(120))
        rows = [{"text": text, "labels": sorted(names)} for text, names in zip(texts(120), named, strict=True)]
        write_jsonl(path, rows)
    else:
        write_jsonl(path, tagged_rows(120) if path.name == "words.jsonl" else asked_rows(120))


def digest(run: Path) -> dict[str, str]:
    """sha256 of all that was learned: the model, the last state, and the model before a refit."""
    files = [file for place in ("", "checkpoint/", "checkpoint/best/") for file in run.glob(f"{place}*.safetensors")]
    return {str(path.relative_to(run)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(files)}


def course(run: Path) -> list[dict[str, object]]:
    """The history without its timings."""
    timed = ("examples_per_second", "tokens_per_second")
    lines = read_jsonl(run / "history.jsonl")
    return [{key: value for key, value in line.items() if key not in timed} for line in lines]


def scores(run: Path) -> object:
    """What run.json says was reached."""
    found = json.loads((run / "run.json").read_text(encoding="utf-8"))
    return {"scores": found["scores"], "best": found["best_step"], "steps": found["steps"]}
