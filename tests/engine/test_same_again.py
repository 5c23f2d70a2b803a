"""The same plan gives the same weights, bit for bit; so does a run that was stopped and went on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Said, read_jsonl

from bertft.engine.checkpoints import Checkpoints, Judgement
from bertft.engine.order import Step

Run = Callable[..., Said]
WORDS = ("--epochs", 2, "--batch-size", 16, "--eval-steps", 3, "--lr", "1e-3", "--no-refit")


def weights(run: str) -> str:
    return hashlib.sha256(Path(run, "model.safetensors").read_bytes()).hexdigest()


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_written_plan_gives_bit_identical_weights(run: Run, reviews: Path, tiny: str, precision: str) -> None:
    words = ("--grad-accum", 2, "--freeze", "embeddings", "--layer-decay", 0.9, "--class-weights", "balanced")
    run("train", "train.csv", "--model", tiny, "-o", "one", *WORDS, *words, "--precision", precision)
    run("train", "--config", "one/plan.toml", "-o", "two")
    assert weights("one") == weights("two")
    one, two = (Path(name, "plan.toml").read_text() for name in ("one", "two"))
    assert one.replace('dir = "one"', 'dir = "two"') == two
    run("train", "--config", "one/plan.toml", "-o", "three", "--seed", 7)
    assert weights("one") != weights("three")


class Stopped(Exception):
    """As if the machine went down."""


def stop_after(evaluations: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run dies right after that many evaluations."""
    whole, seen = Checkpoints.keep, []

    def keep(self: Checkpoints, *words: object, **named: object) -> None:
        whole(self, *words, **named)  # type: ignore[arg-type]
        seen.append(1)
        if len(seen) == evaluations:
            raise Stopped

    monkeypatch.setattr(Checkpoints, "keep", keep)


@pytest.mark.parametrize("evaluations", [1, 2, 4])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_run_that_went_on_ends_like_one_that_never_stopped(
    run: Run, undisturbed: Callable[..., None], reviews: Path, tiny: str,
    monkeypatch: pytest.MonkeyPatch, evaluations: int, precision: str,
) -> None:  # fmt: skip
    words = (*WORDS, "--precision", precision, "--early-stop", 9, "--save-steps", 3)
    undisturbed("train", "train.csv", "--model", tiny, *words)
    with monkeypatch.context() as here:
        stop_after(evaluations, here)
        with pytest.raises(Stopped):
            run("train", "train.csv", "--model", tiny, "-o", "parts", *words)
    said = run("train", "--resume", "-o", "parts")
    going_on = f"Continuing after step {3 * (evaluations - 1)} of parts"
    assert (going_on in said.err) == (evaluations > 1)  # the first is that of the warm start, which is made again
    assert weights("whole") == weights("parts")
    for name in ("weights.safetensors", "optimizer.safetensors"):
        assert Path("whole/checkpoint", name).read_bytes() == Path("parts/checkpoint", name).read_bytes()
    losses = [[line.get("loss") for line in read_jsonl(Path(name, "history.jsonl"))] for name in ("whole", "parts")]
    assert [loss for loss in losses[0] if loss] == pytest.approx([loss for loss in losses[1] if loss])
    scores = [json.loads(Path(name, "run.json").read_text())["scores"] for name in ("whole", "parts")]
    assert scores[0] == scores[1]


def test_resuming_with_other_arguments_says_which(run: Run, reviews: Path, tiny: str) -> None:
    run("train", "train.csv", "--model", tiny, "-o", "run", "--max-steps", 2, "--precision", "fp32")
    said = run("train", "--resume", "-o", "run", "--lr", "2e-5", ok=2)
    assert "[recipe] learning_rate" in said.err
    assert "2e-05 now" in said.err
    assert said.err.count(" in the run, ") == 1


def test_the_best_is_kept_and_not_the_last(run: Run, reviews: Path, tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The third of five evaluations is made the best, the first being that of the warm start; then the patience of two ends
    the run."""
    values, saved = iter([0.2, 0.3, 0.9, 0.5, 0.4, 0.8]), {}
    judge, whole = Checkpoints.consider, Checkpoints.keep

    def consider(self: Checkpoints, scores: object, step: Step) -> Judgement:
        scores.values["accuracy"] = next(values)  # type: ignore[attr-defined]
        return judge(self, scores, step)  # type: ignore[arg-type]

    def keep(self: Checkpoints, verdict: Judgement, step: Step, **named: object) -> None:
        whole(self, verdict, step, **named)  # type: ignore[arg-type]
        saved[step.number] = weights("run")

    monkeypatch.setattr(Checkpoints, "consider", consider)
    monkeypatch.setattr(Checkpoints, "keep", keep)
    run("train", "train.csv", "--model", tiny, "-o", "run", *WORDS, "--precision", "fp32", "--early-stop", 2)
    assert list(saved) == [0, 3, 6, 9, 12]
    assert len({saved[0], saved[3], saved[6]}) == 3
    assert saved[6] == saved[9] == saved[12] == weights("run")
    assert json.loads(Path("run/run.json").read_text())["best_step"] == 6


def test_accumulated_batches_make_the_same_step_as_one_large_batch(run: Run, reviews: Path, still: str) -> None:
    from safetensors.torch import load_file

    common = ("--model", still, "--max-steps", 3, "--lr", "1e-3", "--precision", "fp32", "--warmup", 0)
    common = (*common, "--head-start", "random")  # 108 rows are left for training
    run("train", "train.csv", "-o", "large", *common, "--batch-size", 108)
    run("train", "train.csv", "-o", "small", *common, "--batch-size", 12, "--grad-accum", 9)
    large, small = (load_file(Path(name, "checkpoint", "weights.safetensors")) for name in ("large", "small"))
    assert max(float((large[name] - small[name]).abs().max()) for name in large) < 1e-5


@pytest.fixture
def still(tiny: str, tmp_path: Path) -> str:
    """The tiny backbone without dropout."""
    import shutil

    shutil.copytree(tiny, tmp_path / "still")
    config = json.loads((tmp_path / "still" / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (tmp_path / "still" / "config.json").write_text(json.dumps(config))
    return str(tmp_path / "still")


def test_the_run_folder_is_complete(run: Run, reviews: Path, tiny: str) -> None:
    from huggingface_hub import ModelCard

    run("train", "train.csv", "--model", tiny, "-o", "run", "--epochs", 1, "--precision", "fp32")
    run("eval", "run", "train.csv")
    run("eval", "run", "train.csv", "--metric", "f1_macro")
    run("predict", "run", "train.csv", "-o", "out.csv")
    names = {path.name for path in Path("run").iterdir()}
    assert names == {
        *("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "bertft.json"),
        *("plan.toml", "run.json", "history.jsonl", "errors.csv", "README.md", "checkpoint"),
    }
    record = json.loads(Path("run/run.json").read_text())
    content = hashlib.sha256(Path("train.csv").read_bytes()).hexdigest()
    scored = f"train.csv (sha256 {content[:12]})"
    assert set(record["scores"]) == {"validation", scored, f"{scored}, f1_macro"}
    assert set(record["timings"]) == {"train", "eval", "predict"}
    assert all(
        timing["examples_per_second"] > 0 and timing["tokens_per_second"] > 0 for timing in record["timings"].values()
    )
    assert record["data"]["train"]["sha256"] == hashlib.sha256(reviews.read_bytes()).hexdigest()
    assert record["command"].startswith("bertft train train.csv")
    card = ModelCard.load("run/README.md")
    shown = {result.metric_type: result.metric_value for result in card.data.eval_results}
    assert shown["accuracy"] == pytest.approx(record["scores"]["validation"]["values"]["accuracy"], abs=1e-4)
    assert "more information needed" not in card.text.lower()
    assert "{" not in card.text.split("## Training data")[0].replace("{'", "")
