"""What users of such tools complain about, where test_columns_labels_files.py leaves a gap: labels, truncation, talk, offline."""

from __future__ import annotations

import json
import re
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Said, bertft, read_csv, read_jsonl, sentiment, texts, write_csv, write_jsonl

Run = Callable[..., Said]
FAST = ("--max-steps", 2, "--precision", "fp32")
LATE = ("--text", "text", "--label", "label", "--max-length", 16, "--lr", "3e-3", "--precision", "fp32")


def test_an_empty_row_is_counted_named_and_kept_with_a_reason(run: Run, tmp_path: Path, tiny: str) -> None:
    lines = [(text, sentiment(text)) for text in texts(60)]
    lines[4], lines[9], lines[20] = ("", "pos"), ("", "neg"), ("good", "")
    write_csv(tmp_path / "t.csv", ["text", "label"], lines)
    said = run("train", "t.csv", "--model", tiny, "-o", "run", *FAST)
    assert "2 rows with no text in column 'text' (t.csv:6, t.csv:11); 1 row with no label (t.csv:22)" in said.err
    run("predict", "run", "t.csv", "-o", "out.csv")
    found = read_csv(tmp_path / "out.csv")
    assert [n for n, row in enumerate(found) if row["reason"]] == [4, 9]
    assert len(found) == 60


def test_scores_in_quotes_are_a_question_as_bare_ones_are(run: Run, tmp_path: Path, tiny: str) -> None:
    write_jsonl(tmp_path / "t.jsonl", [{"text": text, "score": str(n % 26)} for n, text in enumerate(texts(104))])
    said = run("train", "t.jsonl", "--model", tiny, "-o", "run", *FAST, ok=2)
    assert [word for word in ("26 distinct", "--regression", "--single-label") if word not in said.err] == []


def test_the_label_order_does_not_depend_on_the_hash_seed(run: Run, reviews: Path, tmp_path: Path, tiny: str) -> None:
    """A set of these labels is out of order under this seed, and this process has another one."""
    words = ("train", "train.csv", "--model", tiny, *FAST, "--quiet")
    bertft(*words, "-o", "seeded", env={"PYTHONHASHSEED": "1"}, cold=True)
    run(*words, "-o", "here")
    orders = [json.loads(Path(f"{folder}/config.json").read_text())["id2label"] for folder in ("seeded", "here")]
    assert orders == [{"0": "neg", "1": "neutral", "2": "pos"}] * 2


def test_nested_squad_is_told_from_a_classification(run: Run, tmp_path: Path, tiny: str) -> None:
    answer = {"id": 7, "question": "which?", "answers": [{"text": "film", "answer_start": 5}]}
    nested = {"version": "1.1", "data": [{"title": "x", "paragraphs": [{"context": "good film", "qas": [answer]}]}]}
    (tmp_path / "squad.json").write_text(json.dumps(nested))
    said = run("train", "squad.json", "--model", tiny, "-o", "run", *FAST, ok=2)
    assert "squad.json" in said.err
    assert "question" in said.err


def test_a_moved_run_predicts_when_the_training_file_is_gone(
    run: Run, reviews: Path, tmp_path: Path, tiny: str
) -> None:
    run("train", "train.csv", "--model", tiny, "-o", "run", *FAST)
    reviews.unlink()
    shutil.move(tmp_path / "run", tmp_path / "elsewhere")
    write_csv(tmp_path / "new.csv", ["text"], [("good film",)])
    run("predict", "elsewhere", "new.csv", "-o", "out.csv")
    assert read_csv(tmp_path / "out.csv")[0]["predicted_label"]


def late_words(folder: Path) -> list[str]:
    """40 texts of 41 words with the only telling words last, and the same without it. The limit is 16 tokens."""
    told = [" ".join(["film"] * 36 + ["good" if n % 2 else "bad"] * 5) for n in range(40)]
    rows = [(text, "pos" if text.endswith("good") else "neg") for text in told]
    write_csv(folder / "t.csv", ["text", "label"], rows)
    return told


@pytest.mark.parametrize(("how", "sees"), [("truncate", False), ("window", True), ("head-tail", True)])
def test_what_stands_last_is_seen_by_windows_and_not_when_cut(
    run: Run, tmp_path: Path, tiny: str, how: str, sees: bool
) -> None:
    late_words(tmp_path)
    windows = ("--overlap", 4) if how == "window" else ()
    said = run("train", "t.csv", "--model", tiny, "-o", "run", "--long", how, *windows, "--max-steps", 2, *LATE)
    assert ("t.csv: 100.0% of the texts are longer than 16 tokens and are cut" in said.err) == (how != "window")
    run("predict", "run", "t.csv", "-o", "out.csv", "--precision", "fp32")
    found = {(row["predicted_label"], row["probability"]) for row in read_csv(tmp_path / "out.csv")}
    assert (len(found) > 1) == sees


def test_the_share_that_is_cut_is_the_share_of_long_texts(run: Run, tmp_path: Path, tiny: str) -> None:
    lines = [("good " * (15 if n < 6 else 14), f"{n % 2}") for n in range(48)]  # [CLS] and [SEP] make 17 and 16
    write_csv(tmp_path / "t.csv", ["text", "label"], lines)
    said = run("train", "t.csv", "--model", tiny, "-o", "run", "--max-length", 16, *FAST)
    assert "t.csv: 12.5% of the texts are longer than 16 tokens" in said.err


def test_trainable_parameters_are_said_before_training_and_none_is_frozen(run: Run, reviews: Path, tiny: str) -> None:
    said = run("train", "train.csv", "--model", tiny, "-o", "run", "--epochs", 1, "--precision", "fp32")
    found = re.search(r"([\d,]+) parameters, ([\d,]+) of them trainable", said.err)
    assert found
    assert found[1] == found[2]
    assert found.start() < said.err.index("Training 1/")


def test_an_epoch_in_a_pipe_is_about_twenty_lines(run: Run, tmp_path: Path, tiny: str) -> None:
    write_csv(tmp_path / "t.csv", ["text", "label"], [(text, sentiment(text)) for text in texts(240)])
    said = run("train", "t.csv", "--model", tiny, "-o", "run", "--epochs", 1, "--batch-size", 4, "--precision", "fp32")
    lines = [line for line in said.err.splitlines() if line.startswith("Training ")]
    assert 15 <= len(lines) <= 30
    assert all("loss" in line for line in lines)
    logged = [row for row in read_jsonl(Path("run/history.jsonl")) if "loss" in row]
    assert 15 <= len(logged) <= 30


def test_two_epochs_are_about_forty_lines(run: Run, tmp_path: Path, tiny: str) -> None:
    write_csv(tmp_path / "t.csv", ["text", "label"], [(text, sentiment(text)) for text in texts(240)])
    run("train", "t.csv", "--model", tiny, "-o", "run", "--epochs", 2, "--batch-size", 4, "--precision", "fp32")
    assert 30 <= len([row for row in read_jsonl(Path("run/history.jsonl")) if "loss" in row]) <= 60


def test_training_scoring_and_predicting_open_no_connection(
    run: Run, reviews: Path, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def refuse(_: socket.socket, address: object) -> None:
        asked.append(address)
        raise OSError("no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    run("train", "train.csv", "--model", tiny, "-o", "run", *FAST)
    run("eval", "run", "train.csv")
    run("predict", "run", "train.csv", "-o", "out.csv")
    assert asked == []


def test_training_again_on_a_changed_file_learns_the_new_content(run: Run, tmp_path: Path, tiny: str) -> None:
    for labels, folder in ((("a", "b"), "one"), (("c", "d"), "two")):
        write_csv(tmp_path / "t.csv", ["text", "label"], [(t, labels[n % 2]) for n, t in enumerate(texts(40))])
        run("train", "t.csv", "--model", tiny, "-o", folder, *FAST)
    run("predict", "two", "t.csv", "-o", "out.csv")
    assert {row["predicted_label"] for row in read_csv(tmp_path / "out.csv")} <= {"c", "d"}
    shas = {
        json.loads(Path(run_folder, "run.json").read_text())["data"]["train"]["sha256"] for run_folder in ("one", "two")
    }
    assert len(shas) == 2
