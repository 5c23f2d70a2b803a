"""What a run folder tells stays true: a finished run is left alone, each eval has its place, a refused run leaves nothing."""

from __future__ import annotations

import io
import json
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Said, sentiment, texts, write_csv

import bertft
from bertft.model.folder import model_files
from bertft.report.model_card import file_name, public_name
from bertft.scoring import Scores, score_multi_label, score_single_label

Run = Callable[..., Said]
QUICK = ("--epochs", 1, "--precision", "fp32", "--head-start", "random")


@pytest.fixture
def finished(trained: Path, tmp_path: Path) -> Path:
    """A run of one's own."""
    return Path(shutil.copytree(trained, tmp_path / "run"))


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("words", [(), ("--epochs", 1), ("--json",), ("--quiet",)], ids=str)
def test_a_finished_run_that_is_resumed_says_so_and_stays_byte_for_byte(
    run: Run, reviews: Path, finished: Path, words: tuple[object, ...]
) -> None:
    run("eval", finished, reviews)
    before = content(finished)
    said = run("train", "--resume", "-o", finished, *words)
    assert ("already finished, after 4 steps. Nothing was changed." in said.err) == ("--quiet" not in words)
    assert content(finished) == before
    scores = json.loads(before["run.json"])["scores"]["validation"]
    if "--json" in words:
        assert json.loads(said.out)["scores"] == {"validation": scores}
    else:
        assert f"{scores['value']:.4f}" in said.out


def test_a_finished_run_without_its_last_state_is_finished_too(run: Run, finished: Path) -> None:
    shutil.rmtree(finished / "checkpoint")
    before = content(finished)
    assert "already finished" in run("train", "--resume", "-o", finished).err
    assert content(finished) == before


def test_a_program_gets_the_scores_of_a_finished_run(finished: Path, fresh_accelerator: None) -> None:
    found = bertft.train(output_dir=finished, resume=True)
    assert (
        found.scores["validation"].as_dict() == json.loads((finished / "run.json").read_text())["scores"]["validation"]
    )
    assert found.comparison.as_dict() == json.loads((finished / "run.json").read_text())["reference"]


def test_a_run_cannot_be_made_longer_and_what_to_type_instead_works(run: Run, finished: Path) -> None:
    before = content(finished)
    said = run("train", "--resume", "-o", finished, "--epochs", 2, ok=2)
    assert "[recipe] epochs: 1.0 in the run, 2.0 now" in said.err
    anew, further = re.findall(r"bertft (train --config .*)", said.err)
    assert "--epochs 2" in anew
    assert "--model" not in anew
    assert f"--model {finished} --epochs 1" in further
    for number, line in enumerate((anew, further)):
        words = shlex.split(line)
        words[words.index("-o") + 1] = f"other-{number}"
        run(*words, "--max-steps", 1, "--quiet")
        assert Path(f"other-{number}", "run.json").is_file()
    assert content(finished) == before


def test_a_shorter_run_is_a_new_run(run: Run, finished: Path) -> None:
    said = run("train", "--resume", "-o", finished, "--max-steps", 2, ok=2)
    assert f"bertft train --config {finished}/plan.toml --max-steps 2 -o {finished}-2" in said.err
    assert "Or begin with" not in said.err


def test_two_files_of_one_name_and_two_states_of_one_file_keep_their_scores(
    run: Run, finished: Path, tmp_path: Path
) -> None:
    before = json.loads((finished / "run.json").read_text())["scores"]
    for place, seed in (("a", 1), ("b", 2)):
        (tmp_path / place).mkdir()
        write_csv(tmp_path / place / "test.csv", ["text", "label"], [(t, sentiment(t)) for t in texts(30, seed=seed)])
        run("eval", finished, f"{place}/test.csv")
    write_csv(tmp_path / "a" / "test.csv", ["text", "label"], [(t, sentiment(t)) for t in texts(20, seed=3)])
    for _ in range(2):  # the same file again takes its own place
        run("eval", finished, "a/test.csv")
    scores = json.loads((finished / "run.json").read_text())["scores"]
    kept = [(one["data"]["path"], one["examples"]) for name, one in scores.items() if name not in before]
    assert kept == [("a/test.csv", 30), ("b/test.csv", 30), ("a/test.csv", 20)]
    assert all(one["data"]["sha256"].startswith(name.split()[-1][:-1]) for name, one in scores.items() if "data" in one)


@pytest.mark.parametrize("place", ["new", "new/deeper", None])
def test_a_refused_run_leaves_no_empty_folder(run: Run, reviews: Path, tiny: str, tmp_path: Path, place: str) -> None:
    """Refused after the folder was made: the validation file has a label that training never saw."""
    other = write_csv(tmp_path / "dev.csv", ["text", "label"], [("good film", "odd"), ("bad", "neg")])
    words = ("--label", "label", *(("-o", place) if place else ()))
    before = sorted(tmp_path.rglob("*"))
    run("train", reviews, "--model", tiny, "--validation", other, *words, *QUICK, ok=2)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_empty_folder_of_the_users_stays(run: Run, reviews: Path, tiny: str, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    other = write_csv(tmp_path / "dev.csv", ["text", "label"], [("good film", "odd"), ("bad", "neg")])
    run("train", reviews, "--model", tiny, "--validation", other, "-o", "mine", *QUICK, ok=2)
    assert list((tmp_path / "mine").iterdir()) == []


@pytest.mark.parametrize("labels", [3, 120])
def test_scores_are_read_back_as_they_were_written(labels: int) -> None:
    names = [f"label {number}" for number in range(labels)]
    gold = [number * 7 % labels for number in range(5000)]
    given = [(number + number % 5 * (number // labels)) * 7 % labels for number in range(5000)]
    rows = [[float(place == one) for place in range(labels)] for one in given]
    scores = score_single_label(gold, rows, names, metrics=["accuracy"])
    stored = json.loads(json.dumps(scores.as_dict()))
    assert Scores.from_dict(stored).as_dict() == stored
    several = score_multi_label([[1, 0], [1, 1]], [[0.9, 0.2], [0.1, 0.8]], ["a", "b"], thresholds=[0.5, 0.5])
    stored = json.loads(json.dumps(several.as_dict()))
    assert Scores.from_dict(stored).as_dict() == stored


def test_resume_and_overwrite_exclude_each_other(run: Run, finished: Path) -> None:
    before = content(finished)
    assert "exclude each other" in run("train", "--resume", "--overwrite", "-o", finished, ok=2).err
    assert content(finished) == before


def test_a_finished_run_with_a_damaged_record_is_not_trained_anew(run: Run, finished: Path) -> None:
    shutil.rmtree(finished / "checkpoint")
    (finished / "run.json").write_text("{")
    before = content(finished)
    said = run("train", "--resume", "-o", finished, ok=2)
    assert "a finished run, with no state to continue from, and run.json is damaged" in said.err
    assert content(finished) == before


def test_two_streams_keep_their_scores(run: Run, finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (4, 5):
        rows = "".join(f"{text},{sentiment(text)}\n" for text in texts(number))
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"text,label\n{rows}".encode())))
        run("eval", finished, "-")
    scores = json.loads((finished / "run.json").read_text())["scores"]
    assert sorted(found["examples"] for name, found in scores.items() if name.startswith("- (sha256")) == [4, 5]


def test_files_that_others_put_into_a_run_folder_are_not_the_models(finished: Path) -> None:
    before = model_files(finished)
    (finished / "log.txt").write_text("said")
    (finished / "notes.json").write_text("{}")
    assert (
        model_files(finished)
        == before
        == ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
    )


def test_no_path_of_the_machine_stands_in_a_model_card() -> None:
    assert [public_name(name) for name in ("a/b", "minilm", "/x/y/z", "../x/y", "~/model", "a/b/c")] == [
        *("a/b", "minilm", "z", "y", "model", "c")
    ]
    assert [file_name(name) for name in ("a/b.csv", "acme/*.csv", "../x.csv", "hub:a/b:c:train", "memory:data")] == [
        *("b.csv", "*.csv", "x.csv", "hub:a/b:c:train", "rows of a program")
    ]


def test_a_card_is_called_like_its_folder(run: Run, reviews: Path, tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    metric = Path("mine.py").resolve()
    metric.write_text("def right(predictions, references):\n    return 0.5\n")
    Path("here").mkdir()
    monkeypatch.chdir("here")
    run(
        "train",
        reviews,
        "--model",
        tiny,
        "--max-steps",
        1,
        "--metric",
        f"{metric}:right",
        "-o",
        ".",
        "--no-refit",
        *QUICK[2:],
    )
    card = Path("README.md").read_text()
    assert "# here: text classification" in card
    assert "bertft predict here" in card
    assert "| metric | mine.py:right |" in card
    assert str(metric.parent) not in card
