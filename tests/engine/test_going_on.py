"""A run that was cut off, wherever, and gone on with ends as if nothing had happened: the same bits, the same history."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import PowerFails, Said, write_csv
from errands import ERRANDS, course, digest, scores, words_of

from bertft.engine import training
from bertft.engine.order import Step
from bertft.engine.step import Stepper
from bertft.runs import CHECKPOINT

Run = Callable[..., Said]


@pytest.fixture
def cut_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let the power fail in the middle of that step."""
    whole, at = Stepper.take, [0]

    def take(self: Stepper, step: Step, asked: Any = ()) -> Any:
        if step.number == at[0]:
            at[0] = 0
            raise PowerFails
        return whole(self, step, asked)

    monkeypatch.setattr(Stepper, "take", take)
    return lambda step: at.__setitem__(0, step)


@pytest.mark.parametrize(("number", "errand"), list(enumerate(ERRANDS)))
def test_a_run_cut_off_anywhere_ends_in_the_same_bits(
    run: Run, undisturbed: Any, tmp_path: Path, tiny: str, cut_at: Callable[[int], None], number: int, errand: str
) -> None:
    """Cut off twice, at random steps of one and the same run: before the first state, between states, in mid-epoch."""
    words = words_of(errand, tmp_path, tiny)
    undisturbed(*words)
    last = int(json.loads(Path("whole/run.json").read_text())["steps"])
    chance = random.Random(errand)
    early, late = sorted(chance.sample(range(1, last + 1), k=2))
    flags = ("--save-steps", "2") if number % 2 else ()
    for step in (early, late):
        cut_at(step)
        with pytest.raises(PowerFails):
            run(*words, *flags, "-o", "parts", "--resume", "--quiet")
    run(*words, "-o", "parts", "--resume", "--quiet")
    assert digest(Path("parts")) == digest(Path("whole")), (early, late)
    assert course(Path("parts")) == course(Path("whole"))
    assert scores(Path("parts")) == scores(Path("whole"))


def test_going_on_replays_no_batch(run: Run, tmp_path: Path, tiny: str, cut_at: Any, monkeypatch: Any) -> None:
    words = words_of("sequence", tmp_path, tiny)
    cut_at(14)
    with pytest.raises(PowerFails):
        run(*words, "-o", "run", "--save-steps", 1)
    taken: list[int] = []
    whole = Stepper.take
    monkeypatch.setattr(
        Stepper, "take", lambda self, step, asked=(): (taken.append(step.number), whole(self, step, asked))[1]
    )
    assert "Continuing after step 13" in run(*words, "-o", "run", "--resume").err
    assert taken == list(range(14, 22))


def test_a_state_that_is_due_at_an_evaluation_is_saved(run: Run, tmp_path: Path, tiny: str, cut_at: Any) -> None:
    """Evaluations come every five steps."""
    words = words_of("warm", tmp_path, tiny)
    cut_at(8)
    with pytest.raises(PowerFails):
        run(*words, "-o", "run", "--save-steps", 5)
    assert "Continuing after step 5" in run(*words, "-o", "run", "--resume").err


@pytest.mark.parametrize(("evaluation", "step"), [(1, 0), (2, 5), (3, 10)])
def test_an_evaluation_that_was_cut_off_is_made_up_for(
    run: Run, undisturbed: Any, tmp_path: Path, tiny: str, monkeypatch: Any, evaluation: int, step: int
) -> None:
    """Also the first, of the warm start, which is before any step."""
    words = words_of("warm", tmp_path, tiny)
    undisturbed(*words)
    seen = [0]
    score = training.Validator.__call__

    def asked_to_stop(self: Any, network: Any) -> Any:
        seen[0] += 1
        if seen[0] == evaluation:
            os.kill(os.getpid(), signal.SIGTERM)
        return score(self, network)

    with monkeypatch.context() as here:
        here.setattr(training.Validator, "__call__", asked_to_stop)
        said = run(*words, "-o", "run", ok=143)
    assert "Stopped by SIGTERM. Progress is saved; continue with: bertft train --resume -o run" in said.err
    state = json.loads(Path("run/checkpoint/state.json").read_text())
    assert (state["step"], state["owes_evaluation"]) == (step, True)
    run("train", "--resume", "-o", "run")
    assert digest(Path("run")) == digest(Path("whole"))
    assert course(Path("run")) == course(Path("whole"))
    whole, parts = (json.loads(Path(name, "run.json").read_text())["reference"] for name in ("whole", "run"))
    assert parts == whole
    assert whole["start"]


def test_a_finished_run_that_goes_on_stays_as_it_is(run: Run, tmp_path: Path, tiny: str) -> None:
    words = words_of("early stop", tmp_path, tiny)
    run(*words, "-o", "run")
    before = digest(Path("run")), course(Path("run")), scores(Path("run"))
    run("train", "--resume", "-o", "run")
    assert (digest(Path("run")), course(Path("run")), scores(Path("run"))) == before


def test_going_on_before_there_is_anything_starts_at_the_beginning(run: Run, tmp_path: Path, tiny: str) -> None:
    words = words_of("sequence", tmp_path, tiny)
    said = run(*words, "-o", "new", "--resume", "--max-steps", 2)
    assert "new: no interrupted run yet, so it starts from the beginning." in said.err
    assert "new: no run to resume" in run("train", "--resume", "-o", "other/new", ok=2).err.replace("other/", "")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--lr", "2e-5"), "[recipe] learning_rate: 0.001 in the run, 2e-05 now"),
        (("--batch-size", "8"), "[recipe] batch_size: 16 in the run, 8 now"),
        (("--seed", "7"), "[recipe] seed: 42 in the run, 7 now"),
        (("--text", "id"), "[data] fields"),
    ],
)
def test_going_on_with_other_words_says_which(run: Run, tmp_path: Path, tiny: str, words: Any, named: str) -> None:
    whole = words_of("sequence", tmp_path, tiny)
    run(*whole, "-o", "run", "--max-steps", 2)
    before = digest(Path("run"))
    said = run(*whole, "-o", "run", "--resume", "--max-steps", 2, *words, ok=2)
    assert named in said.err
    assert said.err.count(" in the run, ") == 1
    assert digest(Path("run")) == before


def test_going_on_with_changed_data_is_refused(run: Run, tmp_path: Path, tiny: str) -> None:
    words = words_of("sequence", tmp_path, tiny)
    run(*words, "-o", "run", "--max-steps", 2)
    write_csv(tmp_path / "reviews.csv", ["id", "text", "label"], [("1", "good film", "pos"), ("2", "bad", "neg")] * 20)
    said = run("train", "--resume", "-o", "run", ok=2)
    assert "reviews.csv: changed since the run began; --resume needs the same data." in said.err


def test_what_a_crash_left_half_written_is_swept_up(run: Run, tmp_path: Path, tiny: str, cut_at: Any) -> None:
    words = words_of("sequence", tmp_path, tiny)
    cut_at(12)
    with pytest.raises(PowerFails):
        run(*words, "-o", "run")
    Path("run/.plan.toml.4711.part").write_text("[ta")
    Path("run/.landing.part").mkdir()
    Path("run/.landing.part/model.safetensors").write_bytes(b"half")
    run("train", "--resume", "-o", "run")
    assert not list(Path("run").glob(".*"))


def test_a_torn_line_of_the_history_is_dropped(
    run: Run, undisturbed: Any, tmp_path: Path, tiny: str, cut_at: Any
) -> None:
    words = words_of("sequence", tmp_path, tiny)
    undisturbed(*words)
    cut_at(12)
    with pytest.raises(PowerFails):
        run(*words, "-o", "run")
    with Path("run/history.jsonl").open("a") as file:
        file.write('{"step": 12, "epo')
    run("train", "--resume", "-o", "run")
    assert course(Path("run")) == course(Path("whole"))


@pytest.mark.parametrize("harm", ["cut short", "garbage", "of another model", "no counters"])
def test_a_damaged_state_is_refused_in_plain_words(
    run: Run, tmp_path: Path, tiny: str, backbones: Any, harm: str
) -> None:
    words = words_of("sequence", tmp_path, tiny)
    run(*words, "-o", "run", "--max-steps", 2)
    Path("run/run.json").unlink()  # as if it had not ended
    state = Path("run") / CHECKPOINT
    if harm == "cut short":
        (state / "optimizer.safetensors").write_bytes((state / "optimizer.safetensors").read_bytes()[:-100])
    elif harm == "garbage":
        (state / "state.json").write_bytes(b"\x80\x04\x00")
    elif harm == "no counters":
        (state / "state.json").write_text("{}")
    else:
        run(*words_of("sequence", tmp_path, str(backbones("electra"))), "-o", "other", "--max-steps", 2)
        shutil.copytree("other/checkpoint", state, dirs_exist_ok=True)
    said = run("train", "--resume", "-o", "run", ok=2)
    assert "no saved state to continue from" in said.err
    assert "Start again without --resume." in said.err
