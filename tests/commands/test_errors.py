"""Mistakes that test_mistakes.py leaves out: odd values and places, configs, unknown labels counted by hand."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Said, bertft, read_csv, sentiment, texts, write_csv, write_jsonl

Run = Callable[..., Said]
FAST = ("--max-steps", 2, "--precision", "fp32")


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--epochs", "nan"], ["--epochs"]),
        (["--epochs", "-1"], ["--epochs"]),
        (["--max-steps", "0"], ["--max-steps"]),
        (["--batch-size", "0"], ["--batch-size"]),
        (["--max-tokens", "-1"], ["--max-tokens"]),
        (["--grad-accum", "0"], ["--grad-accum"]),
        (["--lr", "inf"], ["--learning-rate"]),
        (["--weight-decay", "nan"], ["--weight-decay"]),
        (["--max-grad-norm", "0"], ["--max-grad-norm"]),
        (["--layer-decay", "1.5"], ["--layer-decay"]),
        (["--label-smoothing", "1"], ["--label-smoothing"]),
        (["--class-weights", "heavy"], ["--class-weights", "balanced"]),
        (["--scheduler", "cosin"], ["--scheduler", "cosine"]),
        (["--max-length", "3"], ["--max-length", "8"]),
        (["--long", "chop"], ["--long", "window"]),
        (["--overlap", "-1"], ["--overlap"]),
        (["--freeze", "-1"], ["--freeze"]),
        (["--seed", "-1"], ["--seed"]),
        (["--early-stop", "0"], ["--early-stop"]),
        (["--eval-steps", "0"], ["--eval-steps"]),
        (["--max-train-rows", "-3"], ["--max-train-rows"]),
        (["--validation-share", "nan"], ["--validation-share"]),
        (["--validation-share", "0"], ["--validation-share"]),
        (["--unknown-labels", "ignore"], ["--unknown-labels", "skip"]),
        (["--delimiter", "ab"], ["ab"]),
        (["--format", "docx"], ["docx"]),
        (["--text", "text", "--text-pair", "text"], ["text"]),
        (["--text", "label"], ["label"]),
        (["--validation", "gone.csv"], ["gone.csv"]),
        (["--test", "gone.csv"], ["gone.csv"]),
        (["--validation", "notext.csv"], ["notext.csv", "'text'"]),
        (["--config", "gone.toml"], ["gone.toml"]),
        (["--config", "."], ["."]),
        (["--config", "kinds.toml"], ["kinds.toml", "epochs is 'three'", "seed is 1.5", "freeze is 2"]),
        (["--config", "numbertask.toml"], ["task"]),
        (["--config", "list.toml"], ["recipe"]),
        (["-o", "train.csv/run"], ["train.csv/run"]),
        (["--model", ""], ["--model"]),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_an_odd_value_is_one_plain_message(
    run: Run, reviews: Path, tmp_path: Path, tiny: str, words: list[str], wanted: list[str]
) -> None:
    files = {
        "kinds.toml": '[recipe]\nepochs = "three"\nseed = 1.5\nfreeze = 2',
        "numbertask.toml": "task = 3",
        "list.toml": "recipe = [1]",
        "notext.csv": "words,label\ngood,pos\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    model = [] if "--model" in words else ["--model", tiny]
    said = run("train", "train.csv", *words, *model, ok=2)
    assert said.out == ""
    assert said.err.count("Error: ") == 1
    assert [part for part in wanted if part not in said.err.split("Error: ")[1]] == [], said.err


def test_resume_has_words_for_a_folder_without_a_state(run: Run, reviews: Path, tmp_path: Path, tiny: str) -> None:
    run("train", "train.csv", "--model", tiny, "-o", "run", *FAST)
    (tmp_path / "run" / "run.json").unlink()  # as if it had not ended
    (tmp_path / "run" / "checkpoint" / "state.json").unlink()
    said = run("train", "--resume", "-o", "run", ok=2)
    assert "no saved state to continue from" in said.err
    assert "Start again without --resume" in said.err


def test_overwrite_leaves_a_folder_that_only_looks_like_a_run(
    run: Run, reviews: Path, tmp_path: Path, tiny: str
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text("{}")
    run("train", "train.csv", "--model", tiny, "-o", "mine", "--overwrite", *FAST, ok=2)
    run("train", "train.csv", "--model", tiny, "-o", ".", "--overwrite", *FAST, ok=2)
    assert reviews.exists()
    assert (tmp_path / "mine" / "config.json").read_text() == "{}"


def test_a_lone_training_label_beyond_validation_is_no_error(run: Run, tmp_path: Path, tiny: str) -> None:
    """A class of one row stays in training: it cannot be held back, and nothing is said to be unknown."""
    write_csv(tmp_path / "t.csv", ["text", "label"], [("odd film", "rare"), *((t, sentiment(t)) for t in texts(60))])
    run("train", "t.csv", "--model", tiny, "-o", "run", *FAST)
    assert json.loads(Path("run/bertft.json").read_text())["labels"]["names"] == ["neg", "neutral", "pos", "rare"]


def test_unknown_labels_count_as_wrong_in_eval_as_a_count_by_hand_says(run: Run, tmp_path: Path, trained: Path) -> None:
    rows = [(text, "strange" if n % 4 == 3 else sentiment(text)) for n, text in enumerate(texts(40, seed=9))]
    write_csv(tmp_path / "e.csv", ["text", "label"], rows)
    said = run("eval", trained, "e.csv", ok=2)
    assert "e.csv:5: label 'strange' (10 rows) was never seen in training (known: neg, neutral, pos)" in said.err
    copy = shutil.copytree(trained, tmp_path / "copy")
    words = ("--unknown-labels", "skip", "--precision", "fp32", "--json")
    scores = json.loads(run("eval", copy, "e.csv", *words).out)
    run("predict", copy, "e.csv", "-o", "out.csv", "--precision", "fp32")
    right = sum(row["label"] == row["predicted_label"] for row in read_csv(tmp_path / "out.csv"))
    assert scores["examples"] == 40
    assert scores["values"]["accuracy"] == pytest.approx(right / 40)


def test_a_file_to_score_needs_a_label_column(run: Run, tmp_path: Path, trained: Path) -> None:
    write_csv(tmp_path / "e.csv", ["text", "lable"], [("good", "pos")])
    said = run("eval", trained, "e.csv", ok=2)
    assert "e.csv: no column 'label'" in said.err
    assert "Did you mean 'lable'? Name one of them with --label" in said.err


def test_a_file_of_empty_rows_says_so(run: Run, tmp_path: Path, trained: Path) -> None:
    write_jsonl(tmp_path / "e.jsonl", [{"text": "", "label": ""}] * 3)
    assert "no row has both a text and a label" in run("eval", trained, "e.jsonl", ok=2).err


@pytest.mark.parametrize("words", [["--epochs", "three"], ["--no-such-flag"], ["--seed", "1.5"]])
def test_what_the_command_line_itself_refuses_names_the_flag(run: Run, words: list[str]) -> None:
    said = run("train", "t.csv", *words, ok=2)
    assert words[0] in said.err
    assert "Traceback" not in said.err


def test_a_column_name_cannot_steer_the_terminal(run: Run, tmp_path: Path, trained: Path) -> None:
    write_csv(tmp_path / "new.csv", ["a\x1b]0;title\x07", "b"], [("good", "x")])
    said = run("predict", trained, "new.csv", "-o", "out.csv", ok=2)
    assert "\x1b" not in said.err
    assert "\\x1b]0;title\\x07" in said.err


def test_without_a_network_the_installed_command_says_it_plainly(tiny: str) -> None:
    said = bertft("train", "--task", "mrpc", "--model", tiny, ok=2)
    assert "Without a network" in said.stderr
    assert len([line for line in said.stderr.splitlines() if line.startswith("Error: ")]) == 1
