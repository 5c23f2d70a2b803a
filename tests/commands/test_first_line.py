"""A file without column names: its first row is never lost, and the way out that the message names works."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Said, bertft, read_csv, texts, write_csv

Run = Callable[..., Said]
DRY = ("--dry-run", "-o", "run")
CLASSES = ["joy", "anger"]


def rows(classes: list[str], count: int = 40) -> list[tuple[str, str]]:
    return [(text, classes[number % len(classes)]) for number, text in enumerate(texts(count))]


def labelled(count: int = 40) -> list[tuple[str, str]]:
    return rows(CLASSES, count)


def fields(said: Said) -> dict[str, object]:
    found: dict[str, object] = tomllib.loads(said.out)["data"]["fields"]
    return found


HEADERLESS = {
    "words": (labelled(), "'joy' is also a value"),
    "a class that is called like a column": (rows(["question", "answer"]), "'question' is also a value"),
    "numbered classes": (rows(["1", "0"]), "'1' is also a value"),
    "an id before": ([(f"r-{n}", *row) for n, row in enumerate(labelled())], "'joy' is also a value"),
    "scores": ([(text, f"{n / 7:.3f}") for n, text in enumerate(texts(40))], "stands above a column of numbers"),
    "dates": ([(f"2024-01-{n % 28 + 1:02}", text, f"c{n}") for n, text in enumerate(texts(40))], "2024-01-01"),
}


@pytest.mark.parametrize("kind", HEADERLESS)
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_a_row_is_not_taken_for_column_names(run: Run, tmp_path: Path, tiny: str, kind: str, delimiter: str) -> None:
    lines, reason = HEADERLESS[kind]
    write_csv(tmp_path / "t.csv", lines[0], lines[1:], delimiter=delimiter)
    said = run("train", "t.csv", "--model", tiny, *DRY, ok=2)
    assert "t.csv:1: the first line looks like data" in said.err
    assert reason in said.err
    label = f"column_{len(lines[0])}"
    advised = run("train", "t.csv", "--no-header", "--label", label, "--single-label", "--model", tiny, *DRY, ok=None)
    assert "the first line looks like data" not in advised.err
    if kind not in ("scores", "dates"):
        assert fields(advised)["label"] == [label]
        assert ", 40 rows" in advised.err


def test_who_names_a_column_says_that_the_line_is_a_header(run: Run, tmp_path: Path, tiny: str) -> None:
    write_csv(tmp_path / "t.csv", ["satz", "joy"], labelled())
    assert "Pass --no-header" in run("train", "t.csv", "--model", tiny, *DRY, ok=2).err
    for flag, name in (("--label", "joy"), ("--text", "satz"), ("--label", "JOY")):
        assert fields(run("train", "t.csv", flag, name, "--model", tiny, *DRY))["label"] == ["joy"]


@pytest.mark.parametrize("names", [("text", "joy"), ("Review Text", "joy"), ("satz", "label"), ("id", "joy")])
def test_a_usual_name_is_a_header(run: Run, tmp_path: Path, tiny: str, names: tuple[str, str]) -> None:
    write_csv(tmp_path / "t.csv", names, [*labelled(), ("text", "anger")])
    assert ", 41 rows" in run("train", "t.csv", "--model", tiny, *DRY).err


def test_json_has_names_whatever_they_are(run: Run, tmp_path: Path, tiny: str) -> None:
    (tmp_path / "t.jsonl").write_text("".join(f'{{"satz": "{one}", "joy": "{two}"}}\n' for one, two in labelled()))
    assert fields(run("train", "t.jsonl", "--model", tiny, *DRY))["label"] == ["joy"]


def test_a_card_knows_the_names(run: Run, tmp_path: Path, tiny: str) -> None:
    lines = rows(["1", "0"])
    write_csv(tmp_path / "t.csv", lines[0], lines[1:])
    words = ("train", "t.csv", "--task", "sst2", "--model", tiny, *DRY)
    assert "Pass --no-header" in run(*words, ok=2).err
    assert ", 40 rows" in run(*words, "--no-header", "--text", "column_1", "--label", "column_2").err


def test_scoring_says_it_too(run: Run, tmp_path: Path, trained: Path) -> None:
    lines = rows(["pos", "neg"], 10)
    write_csv(tmp_path / "t.csv", lines[0], lines[1:])
    assert "Pass --no-header" in run("eval", trained, "t.csv", ok=2).err
    said = run("eval", trained, "t.csv", "--no-header", "--text", "column_1", "--label", "column_2", "--json")
    assert '"examples": 10' in said.out


@pytest.mark.parametrize("name", ["review", "Kommentar", "contenu"])
def test_predict_finds_the_only_text(run: Run, tmp_path: Path, trained: Path, name: str) -> None:
    write_csv(tmp_path / "t.csv", ["id", name], [(f"r{n}", text) for n, text in enumerate(texts(9))])
    said = run("predict", trained, "t.csv", "-o", "out.csv")
    assert f"t.csv: text '{name}' (--text)" in said.err
    run("predict", trained, "t.csv", "--text", name, "-o", "asked.csv")
    assert Path("out.csv").read_bytes() == Path("asked.csv").read_bytes()
    assert [row[name] for row in read_csv(Path("out.csv"))] == texts(9)


def test_predict_takes_no_row_for_the_name_of_the_only_text(run: Run, tmp_path: Path, trained: Path) -> None:
    (tmp_path / "t.csv").write_text("".join(f"{text}\n" for text in texts(9)))
    assert "Pass --no-header if it is data" in run("predict", trained, "t.csv", "-o", "out.csv", ok=2).err
    run("predict", trained, "t.csv", "-o", "out.csv", "--no-header")
    assert [row["column_1"] for row in read_csv(Path("out.csv"))] == texts(9)
    assert all(row["predicted_label"] for row in read_csv(Path("out.csv")))


def test_predict_does_not_choose_between_two_texts(run: Run, tmp_path: Path, trained: Path) -> None:
    write_csv(tmp_path / "t.csv", ["this", "that"], zip(texts(9), texts(9, seed=1), strict=True))
    said = run("predict", trained, "t.csv", "-o", "out.csv", ok=2)
    assert "no column 'text' for the text (the file has: this, that)" in said.err
    run("predict", trained, "t.csv", "-o", "out.csv", "--text", "that")


def test_the_only_text_of_standard_input_is_found(trained: Path) -> None:
    lines = "".join(f"r{number},{text}\n" for number, text in enumerate(texts(700)))
    done = bertft("predict", trained, "-", stdin=f"id,Kommentar\n{lines}")
    assert done.stdout.count("\n") == 701
    assert "stdin: text 'Kommentar' (--text)" in done.stderr


def test_no_label_column_is_offered_for_the_text(run: Run, tmp_path: Path, tiny: str) -> None:
    write_csv(
        tmp_path / "t.csv", ["sentiment", "one", "two"], [(CLASSES[n % 2], t, t) for n, t in enumerate(texts(40))]
    )
    said = run("train", "t.csv", "--text", "sentence", "--model", tiny, *DRY, ok=2)
    assert "no column 'sentence' for the text" in said.err
    assert "Did you mean" not in said.err


def test_short_names_of_one_column_are_not_lost(run: Run, tmp_path: Path, trained: Path) -> None:
    (tmp_path / "t.csv").write_text("good\nbad\nfine\n")
    assert "If the first line is data, pass --no-header" in run("predict", trained, "t.csv", "-o", "o.csv", ok=2).err
    run("predict", trained, "t.csv", "-o", "o.csv", "--no-header")
    assert [row["column_1"] for row in read_csv(Path("o.csv"))] == ["good", "bad", "fine"]
