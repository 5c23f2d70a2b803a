"""The measured sides, each in a process of its own: bertft as the command that a user types, others as functions in a new
Python. This process stays small and never wakes torch, as a child's peak memory counts from its parent's."""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from speed_model import Model
from speed_text import Texts

from bertft.plan.recipe import Recipe

PER_MB = 1e6 if sys.platform == "darwin" else 1e3
"""Of what the system says about peak memory: bytes on macOS, kB elsewhere."""


@dataclass(frozen=True)
class Job:
    """What all tools are given."""

    model: Model
    train: Texts
    validation: Texts
    recipe: Recipe


@dataclass(frozen=True)
class Run:
    """One measured run of one tool."""

    tool: str
    precision: str
    examples: int
    """Over all epochs."""
    tokens: int
    """Real ones, without padding."""
    seconds: float
    """Of training with its evaluations and savings (Trainer: and reading the best model back), or of prediction with reading
    and writing (the pipeline: without). Loading what is trained or asked is in none."""
    padding: float | None = None
    """Share of the batches, 0 to 1; bertft computes little of it."""
    loop_rate: float | None = None
    """Examples/s of the training loop alone: from the end of an epoch's first (logged) step to the end of its last."""
    accuracy: float | None = None
    command_seconds: float = 0.0
    """From the start of the process to its end."""
    peak_mb: float = 0.0
    same_labels: float | None = None
    """Share of predictions that are the fp32 pipeline's of the same round."""
    labels: list[str] = field(default_factory=list, repr=False)

    @property
    def rate(self) -> float:
        """Examples/s."""
        return self.examples / self.seconds


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    said: str
    seconds: float
    peak_mb: float


def run_command(command: list[str]) -> Ended:
    """What it said on stdout, how long it took from start to end, and its peak memory."""
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        child = subprocess.Popen(command, stdout=said)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            sys.exit(f"This ended with exit code {child.returncode}: {' '.join(command)}")
        said.seek(0)
        return Ended(said.read(), seconds, usage.ru_maxrss / PER_MB)


def in_new_process(module: str, function: str, *given: Any) -> Any:
    """What that function returns, called in a new Python."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_call, module, function, given).result()


def _call(module: str, function: str, given: tuple[Any, ...]) -> Any:
    return getattr(import_module(module), function)(*given)


def bertft(*words: object) -> list[str]:
    """The installed command."""
    return [sys.executable, "-m", "bertft", *map(str, words)]


def train_words(job: Job, folder: Path) -> list[str]:
    """`bertft train` with the job's recipe; what is not named is the default of both tools."""
    recipe = job.recipe
    columns = ["--text", "text", *(["--text-pair", "text_pair"] if job.train.pair else []), "--label", "label"]
    words = bertft("train", job.train.path, "--validation", job.validation.path, "--model", job.model.name, *columns)
    words += ["--single-label", "--epochs", str(recipe.epochs), "--batch-size", str(recipe.batch_size)]
    words += ["--head-start", "random", "--pool", "cls"]  # as Trainer begins
    words += ["--lr", str(recipe.learning_rate), "--seed", str(recipe.seed), "--max-length", str(recipe.max_length)]
    return [*words, "-o", str(folder), "--json", "--quiet"]


def train_with_bertft(job: Job, folder: Path) -> Run:
    """Its `seconds` are timings.train: epochs, evaluations and savings."""
    ended = run_command(train_words(job, folder))
    said = json.loads(ended.said)
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    timings = said["timings"]["train"]
    return Run(
        "bertft",
        precision=record["device"].split(", ")[1],
        examples=timings["examples"],
        tokens=round(sum(job.train.lengths) * job.recipe.epochs),
        seconds=timings["seconds"],
        padding=timings["padding"],
        loop_rate=loop_rate(folder / "history.jsonl", job),
        accuracy=said["scores"]["validation"]["values"]["accuracy"],
        command_seconds=ended.seconds,
        peak_mb=ended.peak_mb,
    )


def loop_rate(history: Path, job: Job) -> float | None:
    """From the rates that bertft logs, which count from the start; None where an epoch has one logged step only."""
    batch = job.recipe.batch_size
    epochs: dict[int, list[tuple[int, float]]] = {}
    for line in map(json.loads, history.read_text(encoding="utf-8").splitlines()):
        if "examples_per_second" in line:
            examples = line["step"] * batch  # all batches are full
            epoch = (examples - 1) // len(job.train.lengths)
            epochs.setdefault(epoch, []).append((examples, examples / line["examples_per_second"]))
    spans = [(found[-1][0] - found[0][0], found[-1][1] - found[0][1]) for found in epochs.values()]
    seconds = sum(span[1] for span in spans)
    return sum(span[0] for span in spans) / seconds if seconds > 0 else None


def predict_with_bertft(run: Path, texts: Texts, precision: str, *, with_labels: bool = True) -> Run:
    """Its `seconds` are timings.predict: reading the file, tokens, network, and writing the answers."""
    output = run.parent / f"{run.name}-{precision}.csv"
    pair = ["--text-pair", "text_pair"] if texts.pair else []
    words = [run, texts.path, "-o", output, "--text", "text", *pair, "--precision", precision, "--quiet"]
    ended = run_command(bertft("predict", *words))
    timings = json.loads((run / "run.json").read_text(encoding="utf-8"))["timings"]["predict"]
    if timings["examples"] != len(texts.lengths):
        sys.exit(f"Only {timings['examples']:,} of {len(texts.lengths):,} rows were predicted: {texts.path}")
    with output.open(encoding="utf-8-sig", newline="") as file:
        labels = [row["predicted_label"] for row in csv.DictReader(file)] if with_labels else []
    output.unlink()
    return Run(
        f"bertft, {precision}",
        precision=precision,
        examples=len(texts.lengths),
        tokens=sum(texts.lengths),
        seconds=timings["seconds"],
        padding=timings["padding"],
        command_seconds=ended.seconds,
        peak_mb=ended.peak_mb,
        labels=labels,
    )
