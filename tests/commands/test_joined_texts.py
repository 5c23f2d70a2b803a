"""`--text title --text body`: the texts of several columns are one text, in training and ever after."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Said, read_csv, texts, write_csv

import bertft
from bertft.errors import DataError, UsageError

Run = Callable[..., Said]
QUICK = ("--max-steps", 2, "--precision", "fp32", "--no-refit", "--head-start", "random")
TITLES, BODIES = texts(40, longest=4), texts(40, seed=1)
CLASSES = ["neg", "pos"]


def news(folder: Path) -> Path:
    rows = [(t, b, CLASSES[n % 2]) for n, (t, b) in enumerate(zip(TITLES, BODIES, strict=True))]
    rows[3], rows[4] = ("", BODIES[3], "pos"), (TITLES[4], "", "neg")
    return write_csv(folder / "news.csv", ["title", "body", "label"], rows)


def joined(folder: Path) -> Path:
    """The same by hand."""
    both = [f"{row['title']}\n{row['body']}".strip("\n") for row in read_csv(folder / "news.csv")]
    return write_csv(folder / "one.csv", ["text", "label"], [(one, CLASSES[n % 2]) for n, one in enumerate(both)])


def answers(path: str) -> list[tuple[str, str]]:
    return [(row["predicted_label"], row["probability"]) for row in read_csv(Path(path))]


def test_joined_columns_are_the_text_that_one_would_write(run: Run, tmp_path: Path, tiny: str) -> None:
    news(tmp_path)
    joined(tmp_path)
    said = run("train", "news.csv", "--text", "title", "--text", "body", "--model", tiny, "-o", "two", *QUICK)
    assert "text, joined to it by a line break, 'body'" in said.err
    run("train", "one.csv", "--model", tiny, "-o", "one", *QUICK)
    assert Path("two/model.safetensors").read_bytes() == Path("one/model.safetensors").read_bytes()
    run("predict", "two", "news.csv", "-o", "two.csv", "--precision", "fp32")
    run("predict", "one", "one.csv", "-o", "one_out.csv", "--precision", "fp32")
    assert answers("two.csv") == answers("one_out.csv")
    scores = [
        json.loads(run("eval", folder, file, "--json").out)
        for folder, file in (("two", "news.csv"), ("one", "one.csv"))
    ]
    assert scores[0]["values"] == scores[1]["values"]
    plan = tomllib.loads(Path("two/plan.toml").read_text())
    assert (plan["data"]["fields"]["text"], plan["data"]["fields"]["more_text"]) == ("title", ["body"])
    run("train", "--config", "two/plan.toml", "-o", "again")
    assert Path("two/model.safetensors").read_bytes() == Path("again/model.safetensors").read_bytes()
    model = bertft.load("two", precision="fp32")
    found = model({"title": TITLES[0], "body": BODIES[0]})
    assert found == model((TITLES[0], BODIES[0]))
    assert round(found["probability"], 6) == pytest.approx(float(answers("two.csv")[0][1]), abs=2e-6)
    with pytest.raises(UsageError, match="wanted 2: title and body"):
        model("a text")
    with pytest.raises(DataError, match="1 text column is named, the run has 2: title, body"):
        bertft.predict("two", [{"title": "a"}], text="title")


def test_a_row_needs_one_of_the_texts(run: Run, tmp_path: Path, tiny: str) -> None:
    news(tmp_path).open("a").write(",,pos\n")
    said = run("train", "news.csv", "--text", "title", "--text", "body", "--model", tiny, "-o", "two", *QUICK)
    assert "1 row with no text in columns 'title', 'body' (news.csv:42)" in said.err


def dry(run: Run, *words: object, ok: int = 0) -> Said:
    return run("train", "news.csv", *words, "--dry-run", "-o", "run", ok=ok)


def test_columns_may_be_joined_beside_a_second_text_or_a_card(run: Run, tmp_path: Path, tiny: str) -> None:
    news(tmp_path)
    words = ("--model", tiny, "--text", "body", "--text", "TITLE")
    fields = tomllib.loads(dry(run, *words, "--task", "sst2", "--label", "label", "--single-label").out)["data"][
        "fields"
    ]
    assert fields == {"text": "body", "more_text": ["title"], "label": ["label"]}
    assert "cannot be used twice" in dry(run, *words, "--text-pair", "title", ok=2).err
    assert "cannot be used twice" in dry(run, *words, "--text", "body", ok=2).err
    assert "cannot be used twice" in dry(run, *words, "--text", "body", "--task", "sst2", "--label", "label", ok=2).err
    assert "no column 'bodi' for the text" in dry(run, *words, "--text", "bodi", ok=2).err


@pytest.mark.parametrize("task", ["ner", "qa", "conll2003"])
def test_words_and_questions_are_not_joined(run: Run, tmp_path: Path, tiny: str, task: str) -> None:
    news(tmp_path)
    said = dry(run, "--text", "title", "--text", "body", "--task", task, "--model", tiny, ok=2)
    assert "joined" in said.err


def test_the_message_about_two_texts_says_how_to_join_them(run: Run, tmp_path: Path, tiny: str) -> None:
    rows = [(a, b, CLASSES[n % 2]) for n, (a, b) in enumerate(zip(texts(40, seed=2), BODIES, strict=True))]
    write_csv(tmp_path / "news.csv", ["plot", "verdict", "label"], rows)
    assert "--text, once or for each to join them" in dry(run, "--model", tiny, ok=2).err
    dry(run, "--model", tiny, "--text", "plot", "--text", "verdict")
