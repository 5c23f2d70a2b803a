"""Several processes (gloo, on processors) learn, score and predict what one does; one that dies ends them all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import HANGING, Said, texts, wait_to_hear, write_csv
from errands import course, words_of
from pair import CLI, free_port, launched, together, torchrun
from safetensors.torch import load_file

Run = Callable[..., Said]
AT_MOST = 1e-4
"""Between the losses of one and of two processes, in fp32, dropout included."""
WEIGHTS_AT_MOST = 1e-3
"""Between the weights of one and of two processes, as a share of their size."""


def losses(run: str) -> list[float]:
    return [line["loss"] for line in course(Path(run)) if "loss" in line]  # type: ignore[misc]


def judged(run: str) -> list[object]:
    return [line["validation"] for line in course(Path(run)) if "validation" in line]


def apart(one: str, other: str) -> float:
    """How far the weights of two runs are from each other, as a share of their size."""
    first, second = (load_file(Path(name, "model.safetensors")) for name in (one, other))
    size = sum(float(weight.square().sum()) for weight in first.values())
    return float(sum(float((second[name] - weight).square().sum()) for name, weight in first.items()) / size) ** 0.5


@pytest.mark.parametrize("errand", ["sequence", "mean", "pairs", "refit", "tagger", "tags", "questions"])
def test_two_processes_learn_what_one_does(undisturbed: Run, tmp_path: Path, tiny: str, errand: str) -> None:
    """With dropout, an odd batch size and validation rows that do not divide by two."""
    words = [*words_of(errand, tmp_path, tiny), "--batch-size", "15"]
    undisturbed(*words, name="one")
    said = together(*words, "-o", "two")
    assert len(losses("one")) > 20
    assert losses("two") == pytest.approx(losses("one"), abs=AT_MOST)
    assert json.dumps(judged("two")) == json.dumps(judged("one"))
    assert said.stdout.count("Run folder: two") == 1
    assert said.stderr.count("Going on") == 0
    one, two = (json.loads(Path(name, "run.json").read_text()) for name in ("one", "two"))
    assert two["scores"] == one["scores"]
    assert two["timings"]["train"]["examples"] == one["timings"]["train"]["examples"]
    assert two["refitted"] == one["refitted"] == (errand == "refit")
    assert apart("one", "two") < WEIGHTS_AT_MOST
    if errand == "refit":
        assert apart("one", "one/checkpoint/best") > 2 * WEIGHTS_AT_MOST


@pytest.mark.parametrize("errand", ["sequence", "tagger", "questions"])
def test_two_processes_say_what_one_does(run: Run, tmp_path: Path, tiny: str, errand: str) -> None:
    words = words_of(errand, tmp_path, tiny)
    data = words[1]
    run(*words, "--max-steps", 8, "-o", "one")
    run("predict", "one", data, "-o", "one.jsonl")
    together("predict", "one", data, "-o", "two.jsonl")
    assert Path("two.jsonl").read_text() == Path("one.jsonl").read_text()
    alone = run("eval", "one", data, "--json")
    both = together("eval", "one", data, "--json")
    assert without_timings(both.stdout) == without_timings(alone.out)


def without_timings(text: str) -> dict[str, object]:
    found = json.loads(text)
    found.pop("timings")
    return found


def test_rows_fewer_than_processes_are_counted_once(run: Run, tmp_path: Path, trained: Path) -> None:
    write_csv(tmp_path / "single.csv", ["text", "label"], [(texts(1)[0], "pos")])
    said = together("eval", trained, "single.csv", "--json")
    assert json.loads(said.stdout)["examples"] == 1
    together("predict", trained, "single.csv", "-o", "out.csv")
    run("predict", trained, "single.csv", "-o", "alone.csv")
    assert Path("out.csv").read_text() == Path("alone.csv").read_text()


def test_a_run_of_two_processes_goes_on_as_one_and_the_other_way_round(
    run: Run, undisturbed: Run, tmp_path: Path, tiny: str
) -> None:
    words = words_of("sequence", tmp_path, tiny)
    undisturbed(*words)
    process = torchrun(*words, "-o", "run", "--save-steps", 1)
    wait_to_hear("Training", process)
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=HANGING)[1]
    assert process.returncode
    step = json.loads(Path("run/checkpoint/state.json").read_text())["step"]
    assert step < 21, said
    assert (
        "Not bit for bit the same as without the stop: processes 2 then, 1 now"
        in run("train", "--resume", "-o", "run").err
    )
    assert losses("run") == pytest.approx(losses("whole"), abs=AT_MOST)


def test_one_process_that_dies_ends_the_run_with_a_message(tmp_path: Path, tiny: str) -> None:
    words = [*words_of("sequence", tmp_path, tiny), "--epochs", "500"]
    process = torchrun(*words, "-o", "run")
    wait_to_hear("Epoch", process)
    victim = children_of(process.pid)[-1]
    os.kill(victim, signal.SIGKILL)
    said = process.communicate(timeout=HANGING)[1]
    assert process.returncode
    assert "SIGKILL" in said or "Another process of this run has ended" in said
    assert "fault of bertft" not in said


def children_of(process: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(process)], capture_output=True, text=True, check=True)
    return sorted(int(line) for line in found.stdout.split())


def test_a_users_mistake_is_told_once_and_ends_both(tmp_path: Path, tiny: str) -> None:
    Path("mine").mkdir()
    Path("mine/thesis.txt").write_text("years of work")
    said = together(*words_of("sequence", tmp_path, tiny), "-o", "mine", ok=None)
    assert said.returncode
    assert said.stderr.count("Error: mine: already holds something") == 1
    assert os.listdir("mine") == ["thesis.txt"]


def test_two_launches_on_two_hosts_are_one_run(undisturbed: Run, tmp_path: Path, tiny: str) -> None:
    """The hosts are imitated by two launches on the loopback device."""
    words = words_of("sequence", tmp_path, tiny)
    undisturbed(*words, name="one")
    port = free_port()
    launches = [
        torchrun(*words, "-o", "two", launch=("--nnodes", 2, "--nproc_per_node", 1, "--node_rank", rank), port=port)
        for rank in (0, 1)
    ]
    said = [launch.communicate(timeout=HANGING) for launch in launches]
    assert [launch.returncode for launch in launches] == [0, 0], said
    assert losses("two") == pytest.approx(losses("one"), abs=AT_MOST)
    assert "Run folder: two" in said[0][0]
    assert said[1][0] == ""


def test_accelerate_launch_starts_two_processes_too(run: Run, tmp_path: Path, tiny: str) -> None:
    words = words_of("sequence", tmp_path, tiny)
    launch = ("launch", "--multi_gpu", "--num_processes", "2", "--main_process_port", free_port(), CLI)
    process = launched("accelerate.commands.accelerate_cli", *launch, *words, "-o", "two", "--max-steps", 4)
    said = process.communicate(timeout=HANGING)[1]
    assert process.returncode == 0, said[-2000:]
    assert ", 2 processes" in said
    run(*words, "-o", "one", "--max-steps", 4)
    assert losses("two") == pytest.approx(losses("one"), abs=AT_MOST)


def test_accelerate_launch_on_one_processor_says_what_it_did(tmp_path: Path, tiny: str) -> None:
    words = ("launch", "--cpu", "--num_processes", "2", CLI, *words_of("sequence", tmp_path, tiny))
    process = launched("accelerate.commands.accelerate_cli", *words, "--max-steps", 2)
    said = process.communicate(timeout=HANGING)[1]
    assert process.returncode == 0, said
    assert "`accelerate launch --cpu` starts one process whatever --num_processes says." in said
