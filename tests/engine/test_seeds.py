"""Several seeds: each run is the one that its seed gives alone, the best is kept, and a kill changes nothing."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from conftest import PowerFails, Said
from errands import course, digest, words_of

from bertft.engine.order import Step
from bertft.engine.step import Stepper
from bertft.jobs.training import seeds as job
from bertft.scoring import Scores


def words(folder: Path, model: str) -> list[str]:
    return [
        *words_of("sequence", folder, model),
        "--max-steps",
        "4",
        "--eval-steps",
        "2",
        "--lr",
        "3e-2",
        "--seed",
        "7",
    ]


def record(run: str) -> dict[str, Any]:
    """run.json without what time and place decide."""
    found = json.loads(Path(run, "run.json").read_text())
    for name in ("command", "repeat", "finished", "timings"):
        del found[name]
    for member in found["series"]["members"]:
        del member["seconds"]
    return dict(found)


@pytest.fixture
def best_is_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever few steps are worth on twelve rows."""
    monkeypatch.setattr(job, "best_of", lambda records: list(records)[min(1, len(records) - 1)])


def test_each_run_is_that_of_its_seed_and_the_best_is_kept(
    run: Any, tmp_path: Path, tiny: str, best_is_second: None
) -> None:
    said = run(*words(tmp_path, tiny), "--seeds", 3, "-o", "run")
    assert [line for line in said.err.splitlines() if line.startswith("Run ")] == [
        f"Run {number} of 3: seed {seed}." for number, seed in ((1, 7), (2, 8), (3, 9))
    ]
    run(*words(tmp_path, tiny), "--quiet", "-o", "first")
    run("train", "--config", "run/seeds/8/plan.toml", "-o", "second", "--quiet")
    assert course(Path("run/seeds/7")) == course(Path("first"))
    assert course(Path("run/seeds/8")) == course(Path("run")) == course(Path("second"))
    assert digest(Path("run")) == digest(Path("second"))
    assert not [*Path("run/seeds").rglob("*.safetensors")]
    found = json.loads(Path("run/run.json").read_text())
    assert (found["seed"], found["series"]["kept"]) == (8, "seeds/8")
    alone = [json.loads(Path(f"run/seeds/{seed}/run.json").read_text()) for seed in (7, 8, 9)]
    values = [one["scores"]["validation"]["value"] for one in alone]
    assert found["series"]["spread"]["validation"]["accuracy"]["mean"] == pytest.approx(sum(values) / 3)
    assert found["scores"] == alone[1]["scores"]
    assert len({one["rows"]["validation"] for one in alone}) == 1
    card, alone = (set(Path(name, "README.md").read_text().splitlines()) for name in ("run", "second"))
    assert any(line.startswith("| seeds/8 (kept) |") for line in card)
    timed = ("| training |", "| evaluation |")
    assert [line for line in alone - card if "second" not in line and not line.startswith(timed)] == []
    for asked in (("train", "--resume", "-o", "run/seeds/9"), ("predict", "run/seeds/9", tmp_path / "reviews.csv")):
        kept = "its scores were kept, its weights were not; the model that was kept stands in run. To train this one alone: "
        advice = "bertft train --config run/seeds/9/plan.toml -o OTHER_FOLDER"
        assert f"run/seeds/9: {kept}{advice}" in run(*asked, ok=2).err


def test_the_model_with_the_best_validation_score_is_the_best() -> None:
    def scored(name: str, value: float) -> Any:
        values = {name: value}
        return type("Record", (), {"scores": {"validation": Scores(name, values, examples=9).as_dict()}})

    assert job.best_of({"a": scored("f1", 0.7), "b": scored("f1", 0.8), "c": scored("f1", 0.8)}) == "b"
    assert job.best_of({"a": scored("rmse", 0.7), "b": scored("rmse", 0.8)}) == "a"


def fail(*_: Any, **__: Any) -> None:
    raise PowerFails


def test_a_kill_inside_between_and_at_the_end_changes_nothing(
    run: Any, tmp_path: Path, tiny: str, best_is_second: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [*words(tmp_path, tiny), "--seeds", 2, "--save-steps", 1, "--quiet"]
    run(*asked, "-o", "whole")
    take, steps = Stepper.take, [0]

    def cut(self: Stepper, step: Step, more: Any = ()) -> Any:
        steps[0] += 1
        if steps[0] == 7:  # the third of the second run
            os.kill(os.getpid(), signal.SIGTERM)
        return take(self, step, more)

    with monkeypatch.context() as here:
        here.setattr(Stepper, "take", cut)
        said: Said = run(*asked, "-o", "run", ok=143)
    assert "Progress is saved; continue with: bertft train --resume -o run" in said.err.splitlines()[-1]
    taken: list[int] = []
    with monkeypatch.context() as here:
        here.setattr(
            Stepper, "take", lambda self, step, more=(): (taken.append(step.number), take(self, step, more))[1]
        )
        here.setattr(job, "leave_records", fail)
        with pytest.raises(PowerFails):
            run("train", "--resume", "-o", "run", "--quiet")
    assert taken == [4]
    with monkeypatch.context() as here:
        here.setattr(job.Members, "drop_weights", fail)
        with pytest.raises(PowerFails):
            run("train", "--resume", "-o", "run", "--quiet")
    run("train", "--resume", "-o", "run", "--quiet")
    assert digest(Path("run")) == digest(Path("whole"))
    assert course(Path("run")) == course(Path("whole"))
    assert record("run") == record("whole")
    assert not [*Path("run/seeds").rglob("*.safetensors")]


def test_a_changed_file_is_not_mixed_with_runs_that_have_ended(run: Any, tmp_path: Path, tiny: str) -> None:
    asked = [*words(tmp_path, tiny), "--seeds", 2, "--quiet"]
    run(*asked, "-o", "run")
    Path("run/run.json").unlink()
    with Path(asked[1]).open("a") as file:
        file.write("r999,good film,pos\n")
    said = run("train", "--resume", "-o", "run", ok=2)
    assert "changed since the run began; --resume needs the same data" in said.err
