"""Where the machine or the numbers give out: too little memory, no room on the disk, a loss that is no number."""

from __future__ import annotations

import errno
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Said, bertft
from errands import course, digest, words_of
from safetensors.torch import load_file

Run = Callable[..., Said]
REFUSED = (
    "[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."
)


class PowerFails(BaseException):
    """As if the plug was pulled."""


@pytest.fixture
def still(tiny: str, tmp_path: Path) -> str:
    """The tiny backbone without dropout, whose masks depend on how a batch is cut."""
    import shutil

    shutil.copytree(tiny, tmp_path / "still")
    config = json.loads((tmp_path / "still" / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (tmp_path / "still" / "config.json").write_text(json.dumps(config))
    return str(tmp_path / "still")


@pytest.fixture
def memory_for(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """A memory that holds so many examples in training, and in evaluation."""
    from transformers import BertModel

    whole, most = BertModel.forward, [10**9]

    def forward(self: Any, input_ids: Any, **inputs: Any) -> Any:
        if len(input_ids) > most[0]:
            raise RuntimeError(REFUSED)
        return whole(self, input_ids, **inputs)

    monkeypatch.setattr(BertModel, "forward", forward)
    return lambda examples: most.__setitem__(0, examples)


def furthest(one: Path, other: Path) -> float:
    pair = [load_file(run / "checkpoint" / "weights.safetensors") for run in (one, other)]
    return max(float((pair[0][name] - pair[1][name]).abs().max()) for name in pair[0])


def test_too_little_memory_cuts_the_batch_and_not_the_step(
    run: Run, tmp_path: Path, still: str, memory_for: Callable[[int], None]
) -> None:
    words = words_of("sequence", tmp_path, still)
    run(*words, "-o", "whole")
    memory_for(5)
    said = run(*words, "-o", "parts")
    assert said.err.count("out of memory") == 2
    assert "Step 1: out of memory with 16 examples at once. Going on with 8 at once" in said.err
    assert "Step 1: out of memory with 8 examples at once. Going on with 4 at once" in said.err
    assert furthest(Path("whole"), Path("parts")) < 1e-5
    losses = [[line["loss"] for line in course(Path(name)) if "loss" in line] for name in ("whole", "parts")]
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)
    examples = [
        json.loads(Path(name, "run.json").read_text())["timings"]["train"]["examples"] for name in ("whole", "parts")
    ]
    assert examples[0] == examples[1] == 324


def test_smaller_batches_stay_small_when_the_run_goes_on(
    run: Run, tmp_path: Path, tiny: str, memory_for: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or its dropout would be drawn for other batches, and the bits would differ."""
    from bertft.engine.step import Stepper

    words = words_of("sequence", tmp_path, tiny)
    words = [*words, "--save-steps", "5"]
    memory_for(9)
    run(*words, "-o", "whole")
    take = Stepper.take

    def cut_off(self: Stepper, step: Any, asked: Any = ()) -> Any:
        if step.number == 12:
            raise PowerFails
        return take(self, step, asked)

    with monkeypatch.context() as here:
        here.setattr(Stepper, "take", cut_off)
        with pytest.raises(PowerFails):
            run(*words, "-o", "parts")
    memory_for(10**9)
    run("train", "--resume", "-o", "parts")
    assert digest(Path("whole")) == digest(Path("parts"))


def test_a_single_example_that_is_too_large_is_told(run: Run, tmp_path: Path, tiny: str, memory_for: Any) -> None:
    memory_for(0)
    said = run(*words_of("sequence", tmp_path, tiny), "-o", "run", ok=2)
    assert "Step 1: out of memory with a single example. Pass a smaller --max-length" in said.err


def test_prediction_goes_on_in_a_small_memory(run: Run, trained: Path, memory_for: Any) -> None:
    data = trained.parent / "train.csv"
    run("predict", trained, data, "-o", "whole.csv")
    memory_for(3)
    run("predict", trained, data, "-o", "parts.csv")
    whole, parts = (Path(name).read_text().splitlines() for name in ("whole.csv", "parts.csv"))
    assert [line.rsplit(",", 2)[0] for line in whole] == [line.rsplit(",", 2)[0] for line in parts]


def test_a_loss_that_is_no_number_ends_the_run_before_the_weights_are_harmed(
    run: Run, tmp_path: Path, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bertft.model import losses

    words = words_of("sequence", tmp_path, tiny)
    run(*words, "-o", "whole", "--max-steps", 8)
    entropy, calls = losses.cross_entropy, [0]

    def sick(logits: Any, targets: Any, **named: Any) -> Any:
        calls[0] += 1
        found = entropy(logits, targets, **named)
        return torch.where(torch.arange(len(found)) == 3, torch.nan, found) if calls[0] == 9 else found

    monkeypatch.setattr(losses, "cross_entropy", sick)
    said = run(*words, "-o", "run", ok=2)
    assert "Step 9: the loss is nan, at a learning rate of 0.000684. Rows: " in said.err
    rows = said.err.split("Rows: ")[-1].split(".\n")[0]
    assert rows.startswith(str(tmp_path / "reviews.csv:")), rows
    assert "," not in rows
    assert "The state after step 8 is saved in run/checkpoint" in said.err
    assert "the best model (step 5) stands in run" in said.err
    assert json.loads(Path("run/checkpoint/state.json").read_text())["step"] == 8
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    run("train", "--resume", "-o", "run")
    run(*words, "-o", "healthy")
    assert digest(Path("run")) == digest(Path("healthy"))


@pytest.mark.parametrize("errand", ["sequence", "warm"])
def test_weights_that_are_no_numbers_are_told_at_the_first_step(
    run: Run, tmp_path: Path, still: str, errand: str
) -> None:
    from safetensors.torch import save_file

    file = Path(still, "model.safetensors")
    weights = load_file(file)
    weights["encoder.layer.0.output.dense.weight"][0, 0] = torch.inf
    save_file(weights, file, metadata={"format": "pt"})
    said = run(*words_of(errand, tmp_path, still), "-o", "run", ok=2)
    assert "Step 1: the loss is nan" in said.err
    assert " and 11 more. Train again with a smaller --lr, or look at these rows." in said.err.replace("\n", " ")


def test_a_full_disk_gives_one_message_and_the_last_state_stands(
    run: Run, undisturbed: Any, tmp_path: Path, tiny: str
) -> None:
    words = words_of("sequence", tmp_path, tiny)
    undisturbed(*words)
    run(*words, "-o", "run", "--save-steps", 4, "--quiet")
    size = Path("run/checkpoint/optimizer.safetensors").stat().st_size
    done = bertft(*words, "-o", "new", limits={"RLIMIT_FSIZE": size - 1}, ok=2)
    assert done.stderr.count("Error: ") == 1
    assert "new: cannot be written" in done.stderr
    assert "The last state stands; make room and continue with: bertft train --resume -o new" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(Path("new").glob(".*"))
    run("train", "--resume", "-o", "new")
    assert digest(Path("new")) == digest(Path("whole"))


@pytest.fixture
def tight_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB, where one may be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1000k", "tmpfs", place], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a small disk needs more rights than the tests have")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_disk_that_fills_up_on_the_way_leaves_the_last_state(
    run: Run, undisturbed: Any, tmp_path: Path, tiny: str, tight_disk: Path
) -> None:
    words = words_of("sequence", tmp_path, tiny)
    undisturbed(*words)
    folder = tight_disk / "run"
    run(*words, "-o", "needed", "--max-steps", 6)
    assert json.loads(Path("needed/checkpoint/state.json").read_text())["step"] == 6
    code, ballast = 0, tight_disk / "ballast"
    for kilobytes in range(900, 0, -60):  # ever more room: each time it gets a little further
        ballast.write_bytes(b"0" * 1024 * kilobytes)
        said = run(*words, "-o", folder, "--resume", ok=None)
        code = said.code
        if code == 0:
            break
        assert code == 2
        assert said.err.count("Error: ") == 1
        assert "No space left on device" in said.err, said.err
    assert code == 0
    assert digest(folder) == digest(Path("whole"))


def test_a_forbidden_folder_is_told(run: Run, tmp_path: Path, tiny: str) -> None:
    if os.geteuid() == 0:
        pytest.skip("nothing is forbidden to root")
    Path("closed").mkdir(mode=0o500)
    said = run(*words_of("sequence", tmp_path, tiny), "-o", "closed/run", ok=2)
    assert "closed/run: cannot be written (Permission denied). Choose another with -o." in said.err


def test_other_refusals_of_the_machine_are_told_in_plain_words() -> None:
    from bertft.commands.main import machine_limit

    assert machine_limit(MemoryError()).startswith("Out of memory.")
    assert machine_limit(RuntimeError(REFUSED)).startswith("Out of memory.")
    full = OSError(errno.ENOSPC, "No space left on device", "/tmp/table.arrow")
    assert machine_limit(full).startswith("/tmp/table.arrow: cannot be written (No space left on device).")
    assert machine_limit(KeyError("label")) == ""
