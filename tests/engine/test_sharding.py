"""Weights that are cut up among processes (FSDP version 2) are learned, saved and gone on with like whole ones."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from conftest import HANGING, Said, forget_accelerator, wait_to_hear
from errands import words_of
from pair import pair, together
from safetensors.torch import load_file
from test_processes import AT_MOST, judged, losses

from bertft.engine import device
from bertft.errors import UsageError
from bertft.fast.vocabulary import widened

Run = Callable[..., Said]
CLI = Path(__file__).parents[1] / "tools" / "sharded_cli.py"


@pytest.mark.parametrize("errand", ["sequence", "mean", "tagger"])
def test_sharded_training_learns_what_one_process_does(
    run: Run, undisturbed: Run, tmp_path: Path, tiny: str, errand: str
) -> None:
    words = [*words_of(errand, tmp_path, tiny), "--batch-size", "15"]
    undisturbed(*words, name="one")
    together(*words, "-o", "two", script=CLI)
    assert losses("two") == pytest.approx(losses("one"), abs=AT_MOST)
    assert json.dumps(judged("two")) == json.dumps(judged("one"))
    for file in ("model.safetensors", "checkpoint/weights.safetensors", "checkpoint/optimizer.safetensors"):
        one, two = (load_file(Path(name, file)) for name in ("one", "two"))
        assert {name for name in one if not name.endswith(".pieces")} == two.keys()
        assert all(
            torch.allclose(of_whole(one, name, len(two[name])), two[name], atol=1e-4) for name in two if two[name].ndim
        )
        assert all(torch.equal(one[name], two[name]) for name in two if not two[name].ndim)
    assert Path("two/config.json").read_text() == Path("one/config.json").read_text()
    assert json.loads(run("eval", "two", words[1], "--json").out)["examples"] == 120


def test_lessons_on_pairs_are_left_out_and_it_is_said(tmp_path: Path, tiny: str) -> None:
    words = [*words_of("pairs", tmp_path, tiny), "-o", "two", "--max-steps", "4"]
    done = together(*words, script=CLI)
    assert done.stderr.count("Warning: Pairs: left out with FSDP.") == 1
    assert len(losses("two")) == 4


def of_whole(state: dict[str, torch.Tensor], name: str, vocabulary: int) -> torch.Tensor:
    """One process trains only the word pieces that occur."""
    pieces = state.get(f"{name.partition('.')[0]}.pieces")
    return state[name] if pieces is None or state[name].ndim < 2 else widened(state[name], pieces, vocabulary)


def test_a_sharded_run_goes_on_sharded_and_whole(run: Run, undisturbed: Run, tmp_path: Path, tiny: str) -> None:
    words = words_of("sequence", tmp_path, tiny)
    undisturbed(*words, name="one")
    begun = pair(*words, "-o", "two", "--save-steps", 1, script=CLI)
    wait_to_hear("Training", begun[0])
    for process in begun:
        process.terminate()
    said = [process.communicate(timeout=HANGING)[1] for process in begun]
    assert json.loads(Path("two/checkpoint/state.json").read_text())["step"] < 21, said
    subprocess.run(["cp", "-r", "two", "three"], check=True)
    together("train", "--resume", "-o", "two", script=CLI)
    assert losses("two") == pytest.approx(losses("one"), abs=AT_MOST)
    run(*words, "--resume", "-o", "three")
    assert losses("three") == pytest.approx(losses("one"), abs=AT_MOST)


@pytest.mark.parametrize(("way", "version"), [("DEEPSPEED", 0), ("FSDP", 1), ("MEGATRON_LM", 0)])
def test_a_way_that_cannot_be_saved_is_refused(way: str, version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from accelerate import Accelerator
    from accelerate.utils import DistributedType

    forget_accelerator()
    monkeypatch.setattr(Accelerator, "distributed_type", property(lambda _: DistributedType[way]))
    monkeypatch.setattr(Accelerator, "is_fsdp2", property(lambda _: version == 2))
    named = "FSDP version 1" if way == "FSDP" else way
    with pytest.raises(
        UsageError, match=f"Accelerate is set up for {named}; bertft takes plain data parallelism and FSDP"
    ):
        device.start_accelerator("fp32")
