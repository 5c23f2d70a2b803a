"""--track: what trackers are told is what history.jsonl has; one that fails harms nothing; a run that goes on is the same run."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from accelerate import tracking as accelerates
from accelerate.state import PartialState
from conftest import Said, read_jsonl

from bertft.engine import tracking as room
from bertft.engine.order import Step
from bertft.engine.tracking import Tracking, flat
from bertft.system.trackers import are_trackers, names_in

Run = Callable[..., Said]
QUICK = ("--precision", "fp32", "--max-steps", 4, "--eval-steps", 2, "--no-refit")


class Told(accelerates.GeneralTracker):
    """A tracker of a library that is not there."""

    name, requires_logging_directory = "wandb", False
    made: list[Told]
    fails_at: str | None

    def __init__(self, project: str, **settings: Any) -> None:
        self.project, self.settings, self.id = project, settings, settings.get("id", "first")
        self.logs: list[tuple[int | None, dict[str, Any]]] = []
        self.calls: list[str] = []
        self.config: dict[str, Any] | None = None

    @property
    def tracker(self) -> Told:
        return self

    def _call(self, name: str) -> None:
        print(f"{name} of a library")
        self.calls.append(name)
        if name == self.fails_at:
            raise OSError(28, "No space left on device")

    def start(self) -> None:
        Told.made.append(self)
        self.environment = dict(os.environ)
        self._call("start")

    def store_init_configuration(self, values: dict[str, Any]) -> None:
        self.config = values
        self._call("config")

    def log(self, values: dict[str, Any], step: int | None = None, **_: Any) -> None:
        self.logs.append((step, values))
        self._call("log")

    def finish(self) -> None:
        self._call("finish")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> type[Told]:
    """In the place of Weights & Biases."""
    Told.made, Told.fails_at = [], None
    monkeypatch.setitem(accelerates.LOGGER_TYPE_TO_CLASS, "wandb", Told)
    monkeypatch.setattr(accelerates, "get_available_trackers", lambda: ["tensorboard", "wandb"])
    return Told


def digest(run: str) -> str:
    return hashlib.sha256(Path(run, "model.safetensors").read_bytes()).hexdigest()


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard itself shows."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder))
    found.Reload()
    return {tag: [(one.step, one.value) for one in found.Scalars(tag)] for tag in found.Tags()["scalars"]}


def test_tensorboard_shows_the_history_and_a_tracker_that_fails_beside_it_harms_nothing(
    run: Run, reviews: Path, tiny: str, told: type[Told]
) -> None:
    run("train", reviews, "--model", tiny, "-o", "plain", *QUICK)
    told.fails_at = "log"
    said = run("train", reviews, "--model", tiny, "-o", "run", *QUICK, "--track", "wandb,tensorboard", "--json")
    json.loads(said.out)  # what the library prints is no result
    warned = [line for line in said.err.splitlines() if "--track" in line]
    reason = "OSError: [Errno 28] No space left on device"
    assert warned == [f"Warning: --track wandb failed ({reason}). The run goes on without it."]
    assert told.made[0].calls == ["start", "config", "log"]
    assert digest("run") == digest("plain")
    shown, history = scalars(Path("run/logs/tensorboard")), read_jsonl(Path("run/history.jsonl"))
    for name in ("loss", "learning_rate"):
        wanted = [(line["step"], pytest.approx(line[name])) for line in history if "loss" in line]
        assert shown[f"train/{name}"] == wanted
    wanted = [(line["step"], pytest.approx(line["validation"]["accuracy"])) for line in history if "validation" in line]
    assert shown["validation/accuracy"] == wanted
    record = json.loads(Path("run/run.json").read_text())
    final = record["scores"]["validation"]["values"]["accuracy"]
    assert shown["final/validation/accuracy"] == [(4, pytest.approx(final))]
    assert 'track = [\n    "wandb,tensorboard",\n]' in Path("run/plan.toml").read_text()


def test_the_command_of_the_docs_runs(run: Run, reviews: Path, tiny: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / "training.md").read_text(encoding="utf-8")
    (line,) = [line for line in page.splitlines() if line.startswith("bertft train") and "--track" in line]
    run(*line.split()[1:], "--model", tiny, *QUICK)
    assert "validation/accuracy" in scalars(Path("runs/mine/logs/tensorboard"))


def test_one_that_does_not_start_ends_the_run_and_the_advice_works(
    run: Run, reviews: Path, tiny: str, told: type[Told]
) -> None:
    told.fails_at = "start"
    said = run("train", reviews, "--model", tiny, "-o", "run", *QUICK, "--track", "wandb", ok=2)
    reason = "--track wandb: it does not start (OSError: [Errno 28] No space left on device)."
    advice = "Without it, continue with: bertft train --resume -o run --track none"
    assert said.err.splitlines()[-1] == f"Error: {reason} {advice}"
    assert not Path("run/model.safetensors").exists()
    run(*advice.split("bertft ")[1].split())
    assert Path("run/model.safetensors").exists()
    assert len(told.made) == 1


def test_a_library_that_is_not_there_is_told_before_anything_is_done(
    run: Run, reviews: Path, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accelerates, "get_available_trackers", lambda: ["tensorboard"])
    said = run("train", reviews, "--model", tiny, "-o", "run", "--track", "tensorboard,mlflow", ok=2)
    assert said.err.splitlines()[-1] == "Error: --track mlflow needs a package: pip install 'bertft[mlflow]'."
    assert not Path("run").exists()


class Plan:
    """As much of a plan as is tracked."""

    def __init__(self, *track: str) -> None:
        self.track = track

    def to_dict(self) -> Mapping[str, Any]:
        return {"recipe": {"epochs": 3.0, "crf": False}, "data": {"train": "a.csv", "more_train": ["b.csv"]}}


class OneProcess:
    num_processes, is_main_process = 1, True


def tracking(folder: Path, *track: str) -> Tracking:
    PartialState(cpu=True)
    return Tracking(Plan(*track), folder, OneProcess())  # type: ignore[arg-type]


def log(tracked: Tracking, steps: range, loss: float) -> None:
    for number in steps:
        tracked.logged(Step(number, number / 4, []), {"loss": loss + number})


def test_what_came_after_the_saved_state_is_forgotten(tmp_path: Path) -> None:
    first = tracking(tmp_path, "tensorboard")
    first.start()
    log(first, range(1, 7), 100)
    first.close()
    again = tracking(tmp_path, "tensorboard")
    again.start(after=4)
    log(again, range(5, 9), 200)
    again.close()
    wanted = [(1, 101), (2, 102), (3, 103), (4, 104), (5, 205), (6, 206), (7, 207), (8, 208)]
    assert scalars(tmp_path / "logs/tensorboard")["train/loss"] == wanted


def test_a_run_that_goes_on_is_the_same_run_of_the_tracker(tmp_path: Path, told: type[Told]) -> None:
    for after in (None, 4):
        tracked = tracking(tmp_path, "wandb")
        tracked.start(after=after)
        tracked.close()
    first, again = told.made
    assert first.config == {
        **{"recipe.epochs": 3.0, "recipe.crf": False},
        **{"data.train": "a.csv", "data.more_train": '["b.csv"]'},
    }
    assert again.config is None
    assert first.settings == {"dir": str(tmp_path / "logs"), "name": tmp_path.name}
    assert again.settings == {**first.settings, "id": "first", "resume": "allow"}


def test_files_stay_in_the_run_folder_unless_the_user_says_otherwise(
    tmp_path: Path, told: type[Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_CACHE_DIR", "/mine")
    monkeypatch.setenv("WANDB_PROJECT", "ours")
    monkeypatch.delenv("WANDB_CONFIG_DIR", raising=False)
    before = dict(os.environ)
    tracked = tracking(tmp_path, "wandb")
    tracked.start()
    tracked.close()
    inside = told.made[0].environment
    assert inside["WANDB_CACHE_DIR"] == "/mine"
    assert inside["WANDB_CONFIG_DIR"].startswith(str(tmp_path / "logs"))
    assert dict(os.environ) == before
    assert told.made[0].project == "ours"


def test_nothing_is_left_of_a_run_that_stood_there_before(tmp_path: Path, told: type[Told]) -> None:
    for _ in range(2):
        tracked = tracking(tmp_path, "wandb")
        tracked.start()
        tracked.close()
    assert "id" not in told.made[1].settings


def test_trackers_are_named_with_commas_or_one_by_one() -> None:
    assert names_in(("wandb, tensorboard", "wandb")) == ["wandb", "tensorboard"]
    assert names_in(("none",)) == names_in(None) == []
    assert are_trackers(("wandb,mlflow", "trackio"))
    assert are_trackers(("none",))
    for wrong in (("none,wandb",), ("none", "wandb"), ("all",), ("",), ("wandb,",), ()):
        assert not are_trackers(wrong), wrong


def test_a_wrong_name_is_told_by_its_flag(run: Run, reviews: Path) -> None:
    said = run("train", reviews, "--track", "wandb", "--track", "comet", ok=2)
    wanted = "--track is wandb,comet: any of tensorboard, wandb, mlflow, trackio, or none."
    assert said.err.splitlines()[-1] == f"Error: {wanted}"


def test_a_model_without_steps_has_nothing_to_follow(run: Run, reviews: Path) -> None:
    said = run("train", reviews, "--model", "majority", "--track", "tensorboard", ok=2)
    assert said.err.splitlines()[-1].startswith(
        "Error: --track follows a training step by step; majority is fitted at once."
    )
    run("train", reviews, "--model", "majority", "--track", "none", "--dry-run")


def test_only_the_main_process_tracks(tmp_path: Path, told: type[Told], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "decided_by_main", lambda accelerator, decide: "")  # as another process has it
    tracked = tracking(tmp_path, "wandb")
    tracked.start()
    log(tracked, range(1, 3), 0)
    tracked.close()
    assert told.made == []


def test_a_plan_becomes_flat() -> None:
    assert flat({"a": {"b": {"c": 1}}, "d": [1, "x"], "e": None}) == {"a.b.c": 1, "d": '[1, "x"]', "e": "null"}
