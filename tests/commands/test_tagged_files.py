"""`train`, `eval`, `predict` and `convert` on files of tagged words as shared tasks and tools write them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Said, bertft, read_jsonl
from tagged import tagged_rows

Run = Callable[..., Said]
LEARN = ("--epochs", 6, "--lr", "5e-3", "--batch-size", 16, "--precision", "fp32", "--no-refit", "--quiet")


def columns(rows: list[dict], *, untyped: bool = False) -> str:
    """A word and its tag in each line."""
    tag = (lambda tag: tag[0]) if untyped else str
    return "\n".join("".join(f"{w}\t{tag(t)}\n" for w, t in zip(r["tokens"], r["tags"], strict=True)) for r in rows)


@pytest.fixture(scope="module")
def untyped(tiny: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that has learned B, I and O."""
    folder = tmp_path_factory.mktemp("untyped")
    (folder / "train.bio").write_text(columns(tagged_rows(120), untyped=True))
    (folder / "test.bio").write_text(columns(tagged_rows(40, seed=9), untyped=True))
    files = ("train", folder / "train.bio", "--validation", folder / "test.bio")
    bertft(*files, "--model", tiny, "-o", folder / "run", *LEARN)
    return folder


def test_tags_without_a_type_are_entities_and_are_written_without_it(untyped: Path, run: Run) -> None:
    scores = json.loads(run("eval", untyped / "run", untyped / "test.bio", "--json").out)
    assert scores["main"] == "f1"
    assert scores["values"]["f1"] > 0.8
    assert set(scores["per_class"]) == {"ENTITY"}
    run("predict", untyped / "run", untyped / "test.bio", "-o", "out.jsonl", "--scheme", "BIOES")
    rows = read_jsonl(Path("out.jsonl"))
    assert {tag for row in rows for tag in row["predicted_tags"]} <= set("BIOES")
    assert {entity["label"] for row in rows for entity in row["entities"]} == {"ENTITY"}
    run("convert", untyped / "test.bio", "-o", "same.conll")
    assert Path("same.conll").read_text().strip() == (untyped / "test.bio").read_text().strip()
