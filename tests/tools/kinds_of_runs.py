"""A small run of every kind of task, made once, and rows to ask it about: also rows that cannot be answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

QUICK = ("--max-steps", 2, "--precision", "fp32", "--head-start", "random", "--no-refit", "--quiet")
ROOT = Path(__file__).parents[2]

LONG = " ".join(["good", "bad", "fine"] * 40)
ROWS: dict[str, list[dict[str, Any]]] = {
    "labels": [
        {"id": 1, "text": "good fine"},
        {"id": 2, "text": ""},
        {"id": 3, "text": LONG},
        {"id": 4, "text": "<b>"},
    ],
    "several": [{"text": "good fine"}, {"text": "bad"}, {"text": " "}],
    "pairs": [{"one": "good", "other": "bad"}, {"one": "good", "other": ""}, {"one": "slow", "other": "slow"}],
    "joined": [
        {"title": "good", "body": "bad 🚲 fine", "other": "slow"},
        {"title": "", "body": "fine", "other": "fine"},
        {"title": "", "body": " ", "other": "fine"},
    ],
    "tags": [{"text": "Linus Harrow left Grimsdale."}, {"text": ""}, {"text": "é" * 300}],
    "questions": [
        {"question": "Who left?", "context": "Linus Harrow left Grimsdale."},
        {"question": "", "context": "Nobody."},
        {"question": "Where?", "context": LONG},
    ],
    "masks": [{"text": "a [MASK] day"}, {"text": "no mask here"}],
}
"""Kind of run -> rows."""


def make_runs(folder: Path, tiny: str) -> dict[str, Path]:
    """Name -> run folder; `labels` is the tests' own."""
    from conftest import bertft, sentiment, texts, write_csv

    some, others = texts(60), texts(60, seed=1)
    labels = [
        (text, "|".join(sorted({sentiment(text), sentiment(other)}))) for text, other in zip(some, others, strict=True)
    ]
    pairs = [(one, other, len(one) / len(other)) for one, other in zip(some, others, strict=True)]
    write_csv(folder / "several.csv", ["text", "label"], labels)
    write_csv(folder / "pairs.csv", ["one", "other", "label"], pairs)
    joined = [(one, other, one[::-1], sentiment(one)) for one, other in zip(some, others, strict=True)]
    write_csv(folder / "joined.csv", ["title", "body", "other", "label"], joined)
    (folder / "corpus.txt").write_text("\n".join(some), encoding="utf-8")
    asked = {
        "several": ("train", folder / "several.csv", "--multi-label", "--separator", "|"),
        "pairs": ("train", folder / "pairs.csv", "--regression", "--text", "one", "--text-pair", "other"),
        "joined": ("train", folder / "joined.csv", "--text", "title", "--text", "body", "--text-pair", "other"),
        "tags": ("train", ROOT / "samples" / "entities" / "train.jsonl"),
        "questions": ("train", ROOT / "samples" / "questions" / "train.jsonl", "--max-length", 48, "--overlap", 8),
    }
    for name, words in asked.items():
        bertft(*words, "--model", tiny, "-o", folder / name, *QUICK)
    bertft("pretrain", folder / "corpus.txt", "--model", tiny, "-o", folder / "masks", "--max-steps", 2, "--quiet")
    return {name: folder / name for name in (*asked, "masks")}


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path
