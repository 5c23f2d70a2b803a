"""What a reader with no stake found wrong, each as it should be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Said, texts, write_csv

from bertft.engine.checkpoints import Checkpoints, Judgement
from bertft.engine.order import Step

Run = Callable[..., Said]
FAST = ("--max-steps", 2, "--precision", "fp32")
FLAGS = ("bad", "film", "good")


def flag_rows(count: int = 60) -> list[tuple[object, ...]]:
    return [(text, *(int(name in text.split()) for name in FLAGS)) for text in texts(count)]


def test_a_bad_test_file_is_found_before_training(run: Run, reviews: Path, tmp_path: Path, tiny: str) -> None:
    write_csv(tmp_path / "bad.csv", ["text", "label"], [("good", "weird")])
    said = run("train", "train.csv", "--test", "bad.csv", "--model", tiny, "-o", "run", *FAST, ok=2)
    assert "bad.csv:2: label 'weird'" in said.err
    assert "Training" not in said.err
    assert not Path("run/model.safetensors").exists()


def test_a_label_column_that_validation_lacks_is_named(run: Run, tmp_path: Path, tiny: str) -> None:
    write_csv(tmp_path / "t.csv", ["text", *FLAGS], flag_rows())
    write_csv(tmp_path / "v.csv", ["text", "bad", "film"], [row[:3] for row in flag_rows(20)])
    words = ("train", "t.csv", "--validation", "v.csv", "--model", tiny, "-o", "run", *FAST)
    said = run(*words, ok=2)
    assert "v.csv: no column 'good' for the label (the file has: text, bad, film)" in said.err


def test_label_columns_may_be_called_otherwise_in_another_file(run: Run, tmp_path: Path, tiny: str) -> None:
    write_csv(tmp_path / "t.csv", ["text", *FLAGS], flag_rows())
    write_csv(tmp_path / "upper.csv", ["Text", "Bad", "Film", "Good"], flag_rows())
    write_csv(tmp_path / "other.csv", ["text", "x", "y", "z"], flag_rows())
    run("train", "t.csv", "--model", tiny, "-o", "run", *FAST)
    named = ("--label", "x", "--label", "y", "--label", "z")
    found = [
        run("eval", "run", *words, "--json", "--quiet").out
        for words in (["t.csv"], ["upper.csv"], ["other.csv", *named])
    ]
    values = [json.loads(out)["values"] for out in found]
    assert values[0] == values[1] == values[2]


def test_a_card_with_several_labels_finds_what_parts_them(run: Run, tmp_path: Path, tiny: str) -> None:
    rows = [(row[0], "|".join(n for n, on in zip(FLAGS, row[1:], strict=True) if on) or "[]") for row in flag_rows()]
    write_csv(tmp_path / "t.csv", ["text", "label"], rows)
    card = 'name = "m"\nsummary = "which words?"\nkind = "text-classification"\nproblem = "multi-label"\n'
    (tmp_path / "m.toml").write_text(
        card + 'metrics = ["f1_micro"]\nmetric = "f1_micro"\n[columns]\ntext = "text"\nlabel = "label"\n'
    )
    said = run("train", "t.csv", "--task", "./m.toml", "--model", tiny, "-o", "run", *FAST)
    assert json.loads(Path("run/bertft.json").read_text())["labels"]["names"] == list(FLAGS)
    assert "(--separator)" in said.err


def test_a_metric_for_two_labels_is_refused_for_three(run: Run, reviews: Path, tiny: str) -> None:
    said = run("train", "train.csv", "--model", tiny, "-o", "run", "--metric", "f1", *FAST, ok=2)
    assert "'f1' is for two labels, here are 3: use f1_macro" in said.err


def test_a_run_that_stopped_early_is_at_its_end(
    run: Run, reviews: Path, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    values, whole = iter([0.8, 0.9, 0.5]), Checkpoints.consider  # the first of the warm start

    def consider(self: Checkpoints, scores: object, step: Step) -> Judgement:
        scores.values["accuracy"] = next(values)  # type: ignore[attr-defined]
        return whole(self, scores, step)  # type: ignore[arg-type]

    monkeypatch.setattr(Checkpoints, "consider", consider)
    words = ("--epochs", 3, "--eval-steps", 2, "--early-stop", 1, "--precision", "fp32")
    run("train", "train.csv", "--model", tiny, "-o", "run", *words)
    before = json.loads(Path("run/run.json").read_text())
    run("train", "--resume", "-o", "run")
    after = json.loads(Path("run/run.json").read_text())
    assert before["steps"] == after["steps"] == 4
    assert before["timings"]["train"]["examples"] == after["timings"]["train"]["examples"] > 0


def test_epochs_on_the_command_line_end_the_steps_of_the_config(run: Run, reviews: Path, tiny: str) -> None:
    run("train", "train.csv", "--model", tiny, "-o", "run", *FAST)
    said = run("train", "--config", "run/plan.toml", "--epochs", 2, "--dry-run")
    assert "max_steps" not in said.out
    assert "epochs = 2.0" in said.out


@pytest.mark.parametrize("words", [["--class-weights", "balanced"], ["--label-smoothing", "0.1"]])
def test_what_a_regression_cannot_do_is_refused(run: Run, tmp_path: Path, tiny: str, words: list[str]) -> None:
    write_csv(tmp_path / "t.csv", ["text", "score"], [(text, n / 7) for n, text in enumerate(texts(40))])
    assert "a regression has none" in run("train", "t.csv", "--model", tiny, "-o", "run", *words, *FAST, ok=2).err
    run("train", "t.csv", "--model", tiny, "-o", "run", "--overwrite", *FAST)
    assert "answers with a number" in run("predict", "run", "t.csv", "-o", "o.csv", "--top-k", 3, ok=2).err


@pytest.mark.parametrize(
    ("content", "wanted"), [('data = "t.csv"', "[data]"), ("[data]\nlimit = 0\ntrain='x'", "--max-train-rows")]
)
def test_a_config_is_read_strictly(run: Run, tmp_path: Path, tiny: str, content: str, wanted: str) -> None:
    (tmp_path / "c.toml").write_text(content)
    assert wanted in run("train", "--config", "c.toml", "--model", tiny, ok=2).err
