"""Names and labels from data stay what they are: text, in the model card, on the terminal and in a table."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from conftest import Said, bertft, texts, write_csv, write_jsonl
from prepared import begin

Run = Callable[..., Said]
EVIL = [
    "</details><script>alert(1)</script>",
    "---\nlicense: evil\n---",
    "| a | b |\n|---|---|\n| ![x](http://evil/x.png) |",
    "```\n# Owned\n```",
    "[click](javascript:alert(1))",
    "`} {0.__class__} {backbone}",
    "\x1b]0;owned\x07\x1b[2J\x1b[31mred\x1b[0m",
    "\u202eevil\u2066",
    "=cmd|' /C calc'!A0",
]


@pytest.fixture
def evil(tmp_path: Path) -> Path:
    """A file whose labels, column names and own name would do harm if they could."""
    rows = [
        {"id": f"=1+{number}", "te|xt\x1b[2J`": text, "la<b>bel": EVIL[number % len(EVIL)]}
        for number, text in enumerate(texts(180))
    ]
    return write_jsonl(tmp_path / "evil`|<i>\x1b[2Jname.jsonl", rows)


def train(run: Run, evil: Path, tiny: str) -> Said:
    words = ("--text", "te|xt\x1b[2J`", "--label", "la<b>bel", "--model", tiny, "--max-steps", 3)
    return run("train", evil, *words, "-o", "run")


def test_the_card_says_evil_names_and_does_not_obey_them(run: Run, evil: Path, tiny: str) -> None:
    train(run, evil, tiny)
    text = Path("run/README.md").read_text(encoding="utf-8")
    _, front, body = text.split("---\n", 2)
    assert "evil" not in json.dumps(yaml.safe_load(front).get("license", ""))
    assert [line for line in body.splitlines() if line.startswith("# ")] == ["# run: text classification"]
    assert "\n---\n" not in body
    outside = re.sub(r"```.*?\n```", "", body, flags=re.DOTALL)
    outside = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", outside)
    outside = re.sub(r"\\.", "", outside)
    for harm in ("<script", "<b>", "<i>", "</details>", "](javascript", "![x]", "\x1b", "\u202e"):
        assert harm not in outside, harm
    assert "\x1b" not in text


def test_nothing_steers_the_terminal(run: Run, evil: Path, tiny: str) -> None:
    said = [train(run, evil, tiny), run("eval", "run", evil), run("predict", "run", evil, "-o", "out.jsonl")]
    said.append(run("predict", "run", evil, "-o", "out.nonsense\x1b[2J", ok=2))
    said.append(run("train", "missing\x1b[2J.csv", ok=2))
    for heard in said:
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", heard.out + heard.err)
    assert "\\x1b]0;owned" in said[1].out


def test_a_table_cell_is_one_line(run: Run, evil: Path, tiny: str) -> None:
    """A label with a line break cannot make up lines of its own."""
    train(run, evil, tiny)
    said = run("eval", "run", evil)
    assert not [line for line in said.out.splitlines() if line.strip().startswith("license: evil")]


def test_predictions_keep_evil_text_as_it_is(run: Run, evil: Path, tiny: str) -> None:
    train(run, evil, tiny)
    run("predict", "run", evil, "-o", "out.jsonl")
    before = [json.loads(line) for line in evil.read_text(encoding="utf-8").splitlines()]
    after = [json.loads(line) for line in Path("out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [{name: row[name] for name in before[0]} for row in after] == before
    assert {row["predicted_label"] for row in after} <= set(EVIL)


def test_cells_that_a_spreadsheet_would_run_are_disarmed(run: Run, trained: Path) -> None:
    cells = [
        "=cmd|' /C calc'!A0",
        "+1+1",
        "-2+3",
        "@SUM(A1)",
        "\tbad film",
        "\rgood",
        "-5",
        "+3.5",
        "-1e-3",
        "good",
        "'=a",
    ]
    write_csv(Path("in.csv"), ["=id()", "text"], [(cell, "good film") for cell in cells])
    said = run("predict", trained, "in.csv", "--text", "text", "-o", "out.csv")
    import csv

    with Path("out.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file))
    assert header[:2] == ["'=id()", "text"]
    armed = cells[:6]
    assert [row[0] for row in rows] == [f"'{cell}" if cell in armed else cell for cell in cells]
    assert (
        "7 cells that a spreadsheet would take for formulas were given a leading '; --raw writes them as they are."
        in said.err
    )


def test_raw_writes_cells_as_they_are(run: Run, trained: Path) -> None:
    write_csv(Path("in.csv"), ["=id()", "text"], [("=1+1", "good film"), ("-2+3", "bad film")])
    said = run("predict", trained, "in.csv", "--text", "text", "-o", "out.csv", "--raw")
    assert Path("out.csv").read_text().splitlines()[0].startswith("=id(),text,")
    assert "=1+1,good film," in Path("out.csv").read_text()
    assert "spreadsheet" not in said.err


def test_a_converted_table_is_disarmed_too(run: Run) -> None:
    rows = [{"id": "=1+1", "tokens": ["a", "b"], "tags": ["O", "B-X"]}]
    write_jsonl(Path("in.jsonl"), rows)
    assert "leading '" in run("convert", "in.jsonl", "-o", "out.csv").err
    assert ",'=1+1\n" in Path("out.csv").read_text()
    run("convert", "in.jsonl", "-o", "raw.csv", "--raw")
    assert ",=1+1\n" in Path("raw.csv").read_text()


@pytest.mark.parametrize("ending", ["jsonl", "json"])
def test_other_formats_are_left_alone(run: Run, trained: Path, ending: str) -> None:
    write_csv(Path("in.csv"), ["id", "text"], [("=1+1", "good film")])
    said = run("predict", trained, "in.csv", "-o", f"out.{ending}")
    assert '"id":"=1+1"' in Path(f"out.{ending}").read_text()
    assert "spreadsheet" not in said.err


def on_a_terminal(*words: object) -> str:
    """What a terminal gets to see, of stdout and stderr."""
    ours, theirs = os.openpty()
    with begin(*words, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        seen = b""
        with suppress(OSError):  # the end, on Linux
            while more := os.read(ours, 65536):
                seen += more
    os.close(ours)
    assert process.returncode == 0, seen
    return seen.decode()


def test_predictions_on_a_terminal_do_not_steer_it(trained: Path) -> None:
    cells = ["\x1b]0;owned\x07\x1b[2J", "\x9b31mred", "\u202eevil"]
    write_csv(Path("in.csv"), ["id", "te\x1b[2Jxt", "text"], [(cell, "x", "good film") for cell in cells])
    seen = on_a_terminal("predict", trained, "in.csv", "--text", "text", "--quiet")
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e]", seen)
    assert "\\x1b]0;owned\\x07" in seen
    assert seen.count("good film") == 3


def test_predictions_in_a_pipe_are_what_they_are(trained: Path) -> None:
    write_csv(Path("in.csv"), ["id", "text"], [("\x1b[2J\x9b", "good film")])
    assert bertft("predict", trained, "in.csv").stdout.splitlines()[1].startswith("\x1b[2J\x9b,good film,")
