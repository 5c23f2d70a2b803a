"""Runs of each kind, what they are asked, and the files they write: for tests that cut predictions off or into parts."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from conftest import bertft, texts, write_csv, write_jsonl
from errands import words_of
from tagged import asked_rows, tagged_rows


@cache
def other_runs(tiny: str) -> dict[str, Path]:
    """A finished run of each kind but the one of `trained`, made once: never write into them."""
    folder = Path(tempfile.mkdtemp(dir=Path(tiny).parent))
    for name in ("crf bf16", "questions"):
        bertft(*words_of(name, folder, tiny), "-o", folder / name, "--max-steps", 4, "--quiet")
    return {"words": folder / "crf bf16", "questions": folder / "questions"}


def inputs(kind: str) -> str:
    """100 rows, some of them empty; their place."""
    if kind == "texts":
        rows = [(f"={n}", "" if n % 9 == 0 else text) for n, text in enumerate(texts(100))]
        return str(write_csv(Path("in.csv"), ["id", "text"], rows))
    if kind == "words":
        rows_of_words: list[dict[str, Any]] = [{"document": n // 7, **row} for n, row in enumerate(tagged_rows(100))]
        for row in rows_of_words[:11]:
            row["tokens"], row["tags"] = [], []
        return str(write_jsonl(Path("in.jsonl"), rows_of_words))
    return str(write_jsonl(Path("in.jsonl"), asked_rows(100)))


OUTPUTS = [
    *(("texts", f"out.{ending}", ()) for ending in ("csv", "tsv", "jsonl", "json", "csv.gz", "jsonl.gz", "json.gz")),
    *(("words", f"out.{ending}", ()) for ending in ("conll", "conll.gz", "jsonl")),
    ("questions", "out.json", ("--format", "squad")),
    ("questions", "out.csv", ("--n-best", "2")),
]
