"""Rows of every kind, and the words that train on them: for tests of how a run begins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from conftest import read_jsonl, sentiment, texts, write_jsonl
from tagged import tagged_rows

NAMES = ("bad", "film", "good")
KINDS: dict[str, tuple[str, ...]] = {
    "single-label": ("--single-label",),
    "pair": ("--single-label", "--text-pair", "other"),
    "multi-label": ("--multi-label",),
    "regression": ("--regression",),
    "tags": ("--task", "token-classification"),
}


def rows_of(kind: str, count: int, seed: int) -> list[dict[str, Any]]:
    if kind == "tags":
        return tagged_rows(count, seed=seed)
    make: dict[str, Callable[[str], object]] = {
        "multi-label": lambda text: [name for name in NAMES if name in text.split()],
        "regression": lambda text: 3 + len(text.split()) / 4,
    }
    both = zip(texts(count, seed=seed), texts(count, seed=seed + 100), strict=True)
    return [{"text": a, "other": b, "label": make.get(kind, sentiment)(a)} for a, b in both]


def words_of(kind: str, model: str, *, rows: int = 120) -> list[object]:
    """`train ...` without its -o."""
    write_jsonl(Path("train.jsonl"), rows_of(kind, rows, 1))
    write_jsonl(Path("held.jsonl"), rows_of(kind, 40, 2))
    columns = () if kind == "tags" else ("--text", "text", "--label", "label")
    return ["train", "train.jsonl", "--validation", "held.jsonl", "--model", model, *columns, *KINDS[kind]]


def evaluated_steps(folder: str) -> list[int]:
    return [line["step"] for line in read_jsonl(Path(folder, "history.jsonl")) if "validation" in line]
