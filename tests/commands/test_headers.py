"""Lines of a CSV that are no rows: Excel's sep=, column names once more; and flags that part nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Said, read_csv, texts, write_csv, write_jsonl
from tagged import tagged_rows

Run = Callable[..., Said]
QUICK = ("--max-steps", 2, "--precision", "fp32", "--no-refit", "--head-start", "random")


def labels(folder: str) -> list[str]:
    return list(json.loads(Path(folder, "bertft.json").read_text())["labels"]["names"])


def rows(count: int = 40) -> list[tuple[str, str]]:
    return [(text, ["joy", "anger"][number % 2]) for number, text in enumerate(texts(count))]


@pytest.mark.parametrize("line", ["sep=;\r\n", '"sep=;"\n', "sep=;\n"])
def test_excels_line_is_no_header(run: Run, tmp_path: Path, tiny: str, line: str) -> None:
    data = write_csv(tmp_path / "plain.csv", ["text", "label"], rows(), delimiter=";")
    excel = tmp_path / "excel.csv"
    excel.write_bytes(line.encode() + data.read_bytes())
    run("train", excel, "--model", tiny, "-o", "run", *QUICK)
    assert labels("run") == ["anger", "joy"]
    run("predict", "run", excel, "-o", "one.csv")
    run("predict", "run", data, "-o", "other.csv")
    assert Path("one.csv").read_bytes() == Path("other.csv").read_bytes()
    bad = excel.read_text() + "one;two;three;four\n"
    excel.write_text(bad)
    assert f"excel.csv:{len(bad.splitlines())}: 4 cells" in run("train", excel, "--model", tiny, "-o", "no", ok=2).err


def test_column_names_in_the_middle_are_no_row(run: Run, tmp_path: Path, tiny: str) -> None:
    data = write_csv(tmp_path / "twice.csv", ["text", "label"], [*rows(), ("text", "label"), *rows()])
    said = run("train", data.name, "--model", tiny, "-o", "run", *QUICK)
    assert labels("run") == ["anger", "joy"]
    assert "twice.csv: skipped 1 row with the column names once more (twice.csv:42)." in said.err
    said = run("predict", "run", data, "-o", "out.csv")
    found = read_csv(Path("out.csv"))
    assert len(found) == 81
    assert found[40]["reason"] == "the column names once more"
    assert [row["reason"] for row in found].count("") == 80


def test_a_label_may_be_the_name_of_its_column(run: Run, tmp_path: Path, tiny: str) -> None:
    """Also of every column at once, but not in one row."""
    some = [("spam" if number == 6 else text, ["spam", "ham"][number % 2]) for number, text in enumerate(texts(40))]
    data = write_csv(tmp_path / "mail.csv", ["text", "spam"], [*some, ("text", "ham")])
    said = run("train", data, "--label", "spam", "--model", tiny, "-o", "run", *QUICK)
    assert labels("run") == ["ham", "spam"]
    assert "column names" not in said.err
    assert json.loads(Path("run/run.json").read_text())["rows"] == {"train": 37, "validation": 4}


def test_a_text_may_be_the_name_of_its_only_column(run: Run, tmp_path: Path, trained: Path) -> None:
    data = write_csv(tmp_path / "in.csv", ["text"], [("text",), ("good",)])
    run("predict", trained, data, "-o", "out.csv")
    assert [row["reason"] for row in read_csv(Path("out.csv"))] == ["", ""]


def test_numbers_and_tags_are_learned_although_the_names_come_again(run: Run, tmp_path: Path, tiny: str) -> None:
    numbers = [(text, f"{number / 40:.3f}") for number, text in enumerate(texts(40))]
    data = write_csv(tmp_path / "n.csv", ["text", "score"], [*numbers, ("text", "score"), *numbers])
    run("train", data, "--model", tiny, "-o", "numbers", *QUICK)
    assert json.loads(Path("numbers/bertft.json").read_text())["card"]["problem"] == "regression"
    tagged = [(" ".join(row["tokens"]), " ".join(row["tags"])) for row in tagged_rows(40)]
    data = write_csv(tmp_path / "t.csv", ["tokens", "tags"], [*tagged, ("tokens", "tags"), *tagged])
    run("train", data, "--task", "ner", "--model", tiny, "-o", "tags", *QUICK)
    assert "tags" not in labels("tags")


@pytest.mark.parametrize("words", [(), ("--single-label",), ("--task", "sst2")])
def test_a_separator_that_parts_nothing_is_refused(run: Run, tmp_path: Path, tiny: str, words: tuple[str, ...]) -> None:
    name = "sentence" if words == ("--task", "sst2") else "text"
    some = [(text, ["0", "1"][number % 2]) for number, text in enumerate(texts(40))]
    data = write_csv(tmp_path / "train.csv", [name, "label"], some)
    said = run("train", data, "--separator", "#", *words, "--model", tiny, "-o", "run", *QUICK, ok=2)
    assert "--separator parts the labels of one cell; this task is single-label" in said.err
    assert not Path("run").exists()


def test_the_advice_about_a_separator_works(run: Run, tmp_path: Path, tiny: str) -> None:
    some = [{"text": text, "label": ["joy#anger", "fear"][number % 2]} for number, text in enumerate(texts(40))]
    data = write_jsonl(tmp_path / "train.jsonl", some)
    run("train", data, "--separator", "#", "--multi-label", "--model", tiny, "-o", "run", *QUICK)
    assert labels("run") == ["anger", "fear", "joy"]
