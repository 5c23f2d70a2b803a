"""`train`, `eval`, `predict` and `convert` on files of tagged words as shared tasks and tools write them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Said, bertft, read_jsonl, write_jsonl
from conlleval import conlleval
from tagged import tagged_rows

from bertft.tags import convert_tags

Run = Callable[..., Said]
LEARN = ("--epochs", 5, "--lr", "5e-3", "--batch-size", 16, "--precision", "fp32", "--no-refit", "--quiet")


def columns(rows: list[dict], *, untyped: bool = False) -> str:
    """A word and its tag in each line."""
    tag = (lambda tag: tag[0]) if untyped else str
    return "\n".join("".join(f"{w}\t{tag(t)}\n" for w, t in zip(r["tokens"], r["tags"], strict=True)) for r in rows)


@pytest.fixture(scope="module")
def untyped(tiny: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that has learned B, I and O."""
    folder = tmp_path_factory.mktemp("untyped")
    (folder / "train.bio").write_text(columns(tagged_rows(100), untyped=True))
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


@pytest.fixture(scope="module")
def typed(tiny: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that has learned some of what there is to learn."""
    folder = tmp_path_factory.mktemp("typed")
    write_jsonl(folder / "train.jsonl", tagged_rows(80))
    write_jsonl(folder / "dev.jsonl", tagged_rows(10, seed=5))
    files = ("train", folder / "train.jsonl", "--validation", folder / "dev.jsonl")
    bertft(*files, "--model", tiny, "-o", folder / "run", *LEARN, "--epochs", 3)
    return folder / "run"


def as_written(rows: list[dict], form: str) -> tuple[str, str]:
    """The rows in a file of that form: its name and content."""
    parts = [[f"POS{place % 3}" for place, _ in enumerate(row["tokens"])] for row in rows]
    if form == "documents":
        blocks = [
            "".join(f"{w} {p} {t}\n" for w, p, t in zip(row["tokens"], pos, row["tags"], strict=True))
            for row, pos in zip(rows, parts, strict=True)
        ]
        return "x.conll", "".join(
            f"-DOCSTART- -X- O\n\n{block}\n" if n % 4 == 0 else f"{block}\n" for n, block in enumerate(blocks)
        )
    if form == "other names":
        made = [
            {"id": n, "tokens": row["tokens"], "ner_tags": row["tags"], "pos_tags": pos}
            for n, (row, pos) in enumerate(zip(rows, parts, strict=True))
        ]
    else:
        made = [{"tokens": row["tokens"], "tags": convert_tags(row["tags"], "IOB2", form)} for row in rows]
    return "x.jsonl", "".join(json.dumps(row) + "\n" for row in made)


@pytest.mark.parametrize("form", ["documents", "other names", "IOB1", "BIOES", "BILOU"])
def test_conlleval_gives_the_scores_of_eval(typed: Path, run: Run, form: str) -> None:
    name, content = as_written(tagged_rows(40, seed=9), form)
    Path(name).write_text(content)
    scores = json.loads(run("eval", typed, name, "--json").out)["values"]
    run("predict", typed, name, "-o", "pred.conll")
    counts = conlleval(Path("pred.conll"))
    assert 0 < counts.right < counts.gold
    assert f"{counts.f1:.10f}" == f"{100 * scores['f1']:.10f}"
    assert f"{100 * counts.right / counts.gold:.10f}" == f"{100 * scores['recall']:.10f}"


def test_conlleval_counts_tags_without_a_type_as_eval_does(untyped: Path, run: Run) -> None:
    scores = json.loads(run("eval", untyped / "run", untyped / "test.bio", "--json").out)["values"]
    run("predict", untyped / "run", untyped / "test.bio", "-o", "pred.conll")
    assert f"{conlleval(Path('pred.conll')).f1:.10f}" == f"{100 * scores['f1']:.10f}"


def test_what_conll_cannot_hold_is_said(run: Run) -> None:
    rows = [
        {"tokens": ["-DOCSTART-", "is"], "tags": ["B-PER", "O"], "id": 1},
        {"tokens": ["# text = x", "b"], "tags": ["B-PER", "O"], "id": 2},
        {"tokens": ["Ada\tB", "#", "-"], "tags": ["B-PER", "O", "O"], "id": 3},
        {"tokens": [], "tags": [], "id": 4},
    ]
    write_jsonl(Path("rows.jsonl"), rows)
    said = run("convert", "rows.jsonl", "-o", "out.conll").err
    assert "without rows 1, 2: a word like '-DOCSTART-' or '# text = x' would be read as a document's start" in said
    assert "1 word holds tabs or line breaks, which became spaces" in said
    assert "without id: CoNLL columns hold a value for each word" in said
    assert "1 row with no words: left out" in said
    assert "1 row, IOB2 to IOB2, tokens." in said
    assert Path("out.conll").read_text() == "Ada B\tB-PER\n#\tO\n-\tO\n\n"
