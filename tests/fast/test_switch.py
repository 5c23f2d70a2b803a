"""`--no-fast` and BERTFT_FAST=0: every network runs as transformers wrote it, and answers the same within rounding."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Said, read_csv

from bertft import fast
from bertft.engine.dropout import StepDropout
from bertft.engine.step import Stepper
from bertft.fast.encoder import FastForward
from bertft.fast.masks import DropoutMasks
from bertft.fast.vocabulary import cut_of
from bertft.plan.plan import read_config

Run = Callable[..., Said]
QUICK = ("--precision", "fp32", "--max-steps", 4, "--eval-steps", 2, "--head-start", "random", "--no-refit")


@pytest.fixture(autouse=True)
def as_found() -> Iterator[None]:
    yield
    fast.switch(None)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """What of the fast path the steps of a training used."""
    found = {"layers": False, "vocabulary": False, "masks": False}
    take, rows = Stepper.take, StepDropout.of_rows

    def watched_step(self: Stepper, *words: Any) -> Any:
        found["layers"] |= any(isinstance(module, FastForward) for module in self.made_of.network.modules())
        found["vocabulary"] |= cut_of(self.made_of.network) is not None
        return take(self, *words)

    def watched_rows(self: StepDropout, *words: Any) -> Any:
        context = rows(self, *words)
        found["masks"] |= isinstance(context, DropoutMasks)
        return context

    monkeypatch.setattr(Stepper, "take", watched_step)
    monkeypatch.setattr(StepDropout, "of_rows", watched_rows)
    return found


@pytest.mark.parametrize("way", ["flag", "environment"])
def test_without_it_nothing_of_it_is_used(
    run: Run, reviews: Path, tiny: str, seen: dict[str, bool], monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    words = ("train", reviews, "--model", tiny, *QUICK)
    assert ", not fast" not in run(*words, "-o", "fast").err
    assert all(seen.values()), seen
    seen |= dict.fromkeys(seen, False)
    if way == "environment":
        monkeypatch.setenv("BERTFT_FAST", "0")
    said = run(*words, "-o", "plain", *(["--no-fast"] if way == "flag" else []))
    assert not any(seen.values()), seen
    assert "cpu, fp32, " in said.err
    assert ", not fast" in said.err
    assert read_config("plain/plan.toml").get("machine") == ({"fast": False} if way == "flag" else None)


def test_predictions_and_scores_agree(
    run: Run, trained: Path, reviews: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[bool] = []
    forward = FastForward.forward
    monkeypatch.setattr(
        FastForward, "forward", lambda self, *words, **named: (used.append(True), forward(self, *words, **named))[1]
    )
    for name, more in (("fast", ()), ("plain", ("--no-fast",))):
        used.clear()
        run("predict", trained, reviews, "-o", f"{name}.csv", "--precision", "fp32", *more)
        assert bool(used) == (name == "fast")
    one, other = read_csv(Path("fast.csv")), read_csv(Path("plain.csv"))
    assert [row["predicted_label"] for row in one] == [row["predicted_label"] for row in other]
    probabilities = [[float(row["probability"]) for row in rows] for rows in (one, other)]
    assert probabilities[0] == pytest.approx(probabilities[1], abs=1e-5)
    used.clear()
    scores = [
        json.loads(run("eval", trained, reviews, "--precision", "fp32", "--json", *more).out)
        for more in ((), ("--no-fast",))
    ]
    assert used
    for found in scores:
        del found["timings"]
    assert scores[0] == scores[1]


def test_the_flag_wins_over_the_plan_and_the_plan_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for asked, variable, wanted in [
        (None, "0", False),
        (True, "0", True),
        (False, "1", False),
        (None, "", True),
        (None, "No", False),
    ]:
        monkeypatch.setenv("BERTFT_FAST", variable)
        fast.switch(asked)
        assert fast.is_on() == wanted


def test_a_resumed_run_keeps_to_its_plan_and_says_where_it_cannot_repeat_itself(
    run: Run, reviews: Path, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("train", reviews, "--model", tiny, *QUICK, "-o", "run")
    run(*words, "--no-fast")
    Path("run/run.json").unlink()  # as of a run that was cut off
    assert ", not fast" in run("train", "--resume", "-o", "run").err
    Path("run/run.json").unlink()
    said = run("train", "--resume", "-o", "run", "--fast").err
    assert "fast False then, True now" in said
    state = Path("run/checkpoint/state.json")
    counters = json.loads(state.read_text())
    del counters["facts"]["fast"]  # as states were before there was a switch
    state.write_text(json.dumps(counters))
    Path("run/run.json").unlink()
    assert "Not bit for bit" not in run("train", "--resume", "-o", "run", "--fast").err
    Path("run/run.json").unlink()
    assert "fast True then, False now" in run("train", "--resume", "-o", "run", "--no-fast").err


def test_torchs_own_dropout_differs_between_processes_as_on_a_gpu() -> None:
    from types import SimpleNamespace

    fast.switch(False)
    drawn = []
    for process in (0, 1):
        accelerator = SimpleNamespace(device=torch.device("cpu"), num_processes=2, process_index=process)
        with StepDropout(1, 1, accelerator).of_rows([0], 2):
            drawn.append(torch.nn.functional.dropout(torch.ones(100)).tolist())
    assert drawn[0] != drawn[1]


def test_layers_that_something_looks_into_are_left_to_transformers(tiny: str) -> None:
    """LoRA and its kin hook into the linear layers, which the fast ones would not notice."""
    from transformers import AutoModelForSequenceClassification

    network = AutoModelForSequenceClassification.from_pretrained(tiny)
    seen = []
    query = network.bert.encoder.layer[1].attention.self.query
    query.register_forward_hook(lambda *_: seen.append(1))
    fast.speed_up(network, torch.device("cpu"))
    with torch.inference_mode():
        network(input_ids=torch.tensor([[2, 5, 6, 3]]))
    assert seen
    assert not any(isinstance(module, FastForward) for module in network.modules())
