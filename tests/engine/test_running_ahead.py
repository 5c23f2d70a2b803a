"""On a GPU the program runs a step ahead of the device. Here the processor plays the GPU: what it found is handed over only when
it is read. Nothing may come out differently for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import torch
from conftest import Said
from errands import course, words_of
from safetensors.torch import load_file

from bertft.engine import eval_loop, forward, step, transfer
from bertft.engine.optimizer import build_optimizer
from bertft.plan.recipe import Recipe

Run = Callable[..., Said]
STEPS = 8


class LateFetched(transfer.Fetched):
    """Writes down when it was begun and when it was read."""

    told: ClassVar[list[tuple[str, str, int]]] = []
    begun: ClassVar[dict[str, int]] = {}

    def __init__(self, tensors: Any, device: torch.device) -> None:
        super().__init__(tensors, device)
        self.kind = "step" if "found" in tensors else "batch"
        self.number = self.begun[self.kind] = self.begun.get(self.kind, 0) + 1
        self.told.append(("begun", self.kind, self.number))

    def read(self) -> dict[str, torch.Tensor]:
        self.told.append(("read", self.kind, self.number))
        return super().read()


@pytest.fixture
def ahead(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, int]]:
    """Inside, this processor is run ahead of; in which order things were begun and read."""
    monkeypatch.setattr(step, "runs_ahead", lambda *_: True)
    monkeypatch.setattr(eval_loop, "runs_beside", lambda *_: True)
    for module in (step, forward):
        monkeypatch.setattr(module, "Fetched", LateFetched)
    LateFetched.told, LateFetched.begun = [], {}
    return LateFetched.told


def state(folder: str) -> dict[str, Any]:
    """All that a run goes on from, but for the clock."""
    place = Path(folder, "checkpoint")
    found = json.loads((place / "state.json").read_text())
    found["meter"].pop("seconds_before")
    tensors = {**load_file(place / "weights.safetensors"), **load_file(place / "optimizer.safetensors")}
    return {**found, **{name: value.numpy().tobytes() for name, value in tensors.items()}}


def losses_of(folder: str) -> list[Any]:
    return [(line["step"], line["loss"], line["learning_rate"]) for line in course(Path(folder)) if "loss" in line]


def words(tmp_path: Path, tiny: str) -> list[str]:
    return [*map(str, words_of("sequence", tmp_path, tiny)), "--no-fast", "--max-steps", str(STEPS)]


def sick_at(step_number: int, monkeypatch: pytest.MonkeyPatch, *, gradient: bool) -> None:
    """One row's loss is no number in this step, or only its gradient."""
    from bertft.model import losses

    entropy, calls = losses.cross_entropy, [0]

    def cost(logits: Any, targets: Any, **named: Any) -> Any:
        calls[0] += 1
        found = entropy(logits, targets, **named)
        if calls[0] != step_number:
            return found
        if gradient:
            found.register_hook(lambda gradient: gradient * torch.nan)
            return found
        return torch.where(torch.arange(len(found)) == 3, torch.nan, found)

    monkeypatch.setattr(losses, "cross_entropy", cost)


def test_running_ahead_changes_no_bit_of_a_run(
    run: Run, tmp_path: Path, tiny: str, ahead: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(*words(tmp_path, tiny), "-o", "ahead")
    with monkeypatch.context() as here:
        here.setattr(step, "runs_ahead", lambda *_: False)
        here.setattr(eval_loop, "runs_beside", lambda *_: False)
        run(*words(tmp_path, tiny), "-o", "plain")
    assert state("ahead") == state("plain")
    assert losses_of("ahead") == losses_of("plain")
    assert Path("ahead/model.safetensors").read_bytes() == Path("plain/model.safetensors").read_bytes()


def test_a_step_and_a_batch_are_read_after_the_next_was_begun(
    run: Run, tmp_path: Path, tiny: str, ahead: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless somebody wants to know: here the log and the evaluation do after each epoch. All are read once, in their order."""
    monkeypatch.setattr("bertft.engine.train_loop.LOGS_PER_EPOCH", 1)
    monkeypatch.setattr(eval_loop, "ON_PROCESSORS", (4, 512))
    run(*words(tmp_path, tiny), "-o", "run")
    for kind in ("step", "batch"):
        own = [(verb, number) for verb, about, number in ahead if about == kind]
        read = [number for verb, number in own if verb == "read"]
        assert read == sorted(read) == list(range(1, LateFetched.begun[kind] + 1))
        places = {one: place for place, one in enumerate(own)}
        behind = [places["begun", number + 1] < places["read", number] for number in read[:-1]]
        assert sum(behind) >= len(behind) // 2, own


@pytest.mark.parametrize("gradient", [False, True], ids=["loss", "gradient"])
@pytest.mark.parametrize("number", [1, 4, STEPS])
def test_a_step_that_comes_to_nothing_is_told_late_but_harms_nothing(
    run: Run,
    tmp_path: Path,
    tiny: str,
    ahead: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    gradient: bool,
) -> None:
    """The same message and the same state as where each step is looked at first."""
    heard = {}
    for name, is_ahead in (("ahead", True), ("plain", False)):
        with monkeypatch.context() as here:
            here.setattr(step, "runs_ahead", lambda *_, is_ahead=is_ahead: is_ahead)
            here.setattr("bertft.engine.train_loop.LOGS_PER_EPOCH", 1)
            sick_at(number, here, gradient=gradient)
            heard[name] = run(*words(tmp_path, tiny), "-o", name, ok=2).err.replace(name, "RUN").split("Step ", 1)[1]
    assert heard["ahead"] == heard["plain"]
    assert heard["ahead"].startswith(f"{number}: the {'gradient is not a number' if gradient else 'loss is nan'}")
    assert losses_of("ahead") == losses_of("plain")
    if number > 1:
        assert state("ahead") == state("plain")
        assert state("ahead")["step"] == number - 1


def test_a_run_that_came_to_nothing_goes_on_as_if_it_had_not(
    run: Run, tmp_path: Path, tiny: str, ahead: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(*words(tmp_path, tiny), "-o", "whole")
    with monkeypatch.context() as here:
        sick_at(4, here, gradient=False)
        run(*words(tmp_path, tiny), "-o", "run", ok=2)
    run("train", "--resume", "-o", "run")
    assert state("run") == state("whole")


def test_only_one_gpu_with_the_fused_optimizer_is_run_ahead_of() -> None:
    network: Any = torch.nn.Linear(2, 2)
    plain = SimpleNamespace(optimizer=torch.optim.AdamW(network.parameters(), fused=False))
    fused = SimpleNamespace(optimizer=torch.optim.AdamW(network.parameters(), fused=True))

    def goes(optimizer: Any = fused, device: str = "cuda", processes: int = 1, scaler: object = None) -> bool:
        place: Any = SimpleNamespace(device=torch.device(device), num_processes=processes, scaler=scaler)
        return step.runs_ahead(place, optimizer)

    assert goes()
    assert not goes(device="cpu")
    assert not goes(processes=2)
    assert not goes(scaler=object())
    assert not goes(plain)


def test_the_optimizer_of_a_network_is_the_fused_one() -> None:
    class One(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.base_model_prefix, self.layer = "", torch.nn.Linear(2, 2)

    network: Any = One()
    groups = [{"params": list(network.parameters()), "lr": 0.1}]
    assert build_optimizer(network, Recipe(), groups).defaults["fused"] is True


def test_copies_to_a_gpu_are_pinned_beside_the_computing_and_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What torch is told, in which order: a GPU that computes before the copy has come would read anything."""
    told: list[str] = []

    class Stream:
        def __init__(self, name: str) -> None:
            self.name = name

        def wait_stream(self, other: Stream) -> None:
            told.append(f"{self.name} waits for {other.name}")

        def __enter__(self) -> None:
            told.append(f"on {self.name}")

        def __exit__(self, *_: object) -> None:
            told.append(f"off {self.name}")

    computing, copying = Stream("computing"), Stream("copying")
    monkeypatch.setattr(torch.cuda, "current_stream", lambda _: computing)
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: stream)
    monkeypatch.setattr(transfer, "_copying_stream", lambda _: copying)
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: told.append("pinned") or self)
    monkeypatch.setattr(
        torch.Tensor, "record_stream", lambda self, stream: told.append(f"kept until {stream.name} is done")
    )
    found = transfer._copied_beside({"input_ids": torch.arange(3)}, torch.device("cpu"))
    assert found["input_ids"].tolist() == [0, 1, 2]
    wanted = ["on copying", "pinned", "off copying", "computing waits for copying", "kept until computing is done"]
    assert told == wanted


def test_what_comes_back_from_a_gpu_is_read_only_once_it_has_arrived(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    class Event:
        def record(self, stream: str) -> None:
            told.append(f"recorded on {stream}")

        def synchronize(self) -> None:
            told.append("waited")

    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda _: "computing")
    monkeypatch.setattr(transfer, "is_asynchronous", lambda _: True)
    fetched = transfer.Fetched({"logits": torch.ones(2, dtype=torch.bfloat16)}, torch.device("cpu"))
    assert told == ["recorded on computing"]
    assert fetched.read()["logits"].dtype == torch.float32
    assert told == ["recorded on computing", "waited"]
    kept = fetched.arrays()["logits"].ctypes.data
    assert kept != fetched.read()["logits"].data_ptr()  # what is kept holds no pinned page
