"""How bertft's cost grows with the rows of a file and the length of its texts, and how long it takes to begin.

Each point is one run. Prediction is timed with reading and writing; training by its loop alone, without evaluation."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from speed_model import Model
from speed_sides import (
    Job,
    Run,
    bertft,
    in_new_process,
    predict_with_bertft,
    run_command,
    train_with_bertft,
    train_words,
)
from speed_text import Texts, Wish

ROWS = (1_000, 10_000, 100_000, 1_000_000)
LENGTHS = (16, 32, 64, 128, 256, 512)
POLL_SECONDS = 0.005


@dataclass(frozen=True)
class Point:
    """What one example costs at one size."""

    what: str
    """train or predict"""
    rows: int
    tokens_per_text: float
    us_per_example: float
    us_per_token: float
    peak_mb: float
    command_seconds: float


def point(what: str, run: Run, texts: Texts, rate: float) -> Point:
    tokens, cost = sum(texts.lengths) / len(texts.lengths), 1e6 / rate
    return Point(what, len(texts.lengths), tokens, cost, cost / tokens, run.peak_mb, run.command_seconds)


def by_rows(run: Path, model: Model, wish: Wish, most_rows: int) -> Iterator[Point]:
    """Prediction of ever larger files of made-up texts of one kind, none of them pairs."""
    path = str(run.parent / "rows.csv")
    for rows in ROWS:
        if rows <= most_rows:
            texts = in_new_process("speed_text", "make_texts", path, model.path, replace(wish, rows=rows))
            found = predict_with_bertft(run, texts, "auto", with_labels=False)
            yield point("predict", found, texts, found.rate)


def train_on_made_up(job: Job, wish: Wish, folder: Path) -> Path:
    """A run folder to predict such texts with."""
    made = [
        in_new_process(
            "speed_text", "make_texts", str(folder / f"made-{seed}.csv"), job.model.path, replace(wish, seed=seed)
        )
        for seed in (wish.seed, wish.seed + 1)
    ]
    train_with_bertft(Job(job.model, *made, job.recipe), folder / "made")
    return folder / "made"


def by_length(job: Job, folder: Path, wish: Wish, tokens: int) -> Iterator[Point]:
    """Training for an epoch, and prediction with that model, on texts that are all equally long."""
    batch = job.recipe.batch_size
    for length in LENGTHS:
        rows = max(tokens // length // batch, 4) * batch
        even = replace(wish, rows=rows, mean_length=length, max_length=length, spread=0.0)
        texts = in_new_process("speed_text", "make_texts", str(folder / "even.csv"), job.model.path, even)
        few = replace(even, rows=batch, seed=wish.seed + 1)
        validation = in_new_process("speed_text", "make_texts", str(folder / "few.csv"), job.model.path, few)
        recipe = replace(job.recipe, epochs=1.0, max_length=length)
        run = folder / f"length-{length}"
        trained = train_with_bertft(Job(job.model, texts, validation, recipe), run)
        yield point("train", trained, texts, trained.loop_rate or trained.rate)
        predicted = predict_with_bertft(run, texts, "auto", with_labels=False)
        yield point("predict", predicted, texts, predicted.rate)


def startup(job: Job, folder: Path, runs: int) -> dict[str, float]:
    """Medians of seconds from the start of the process: to the end of `bertft --help`, to the end of a Python that only
    imports torch and transformers' Trainer, and to the end of the first optimizer step of `bertft train` (when the first
    line appears in its history.jsonl), in which the data is read and tokenized, and the model loaded."""
    heavy = [sys.executable, "-c", "import torch; from transformers import Trainer"]
    return {
        "bertft --help": median(run_command(bertft("--help")).seconds for _ in range(runs)),
        "import of torch and Trainer alone": median(run_command(heavy).seconds for _ in range(runs)),
        "bertft train, first step done": median(first_step(job, folder / f"first-{run}") for run in range(runs)),
    }


def first_step(job: Job, folder: Path) -> float:
    """Seconds until the history has its first line; the run goes on to its end."""
    history, started, seconds = folder / "history.jsonl", time.perf_counter(), 0.0
    with subprocess.Popen([*train_words(job, folder), "--max-steps", "1"], stdout=subprocess.DEVNULL) as child:
        while child.poll() is None:
            if not seconds and history.is_file() and history.stat().st_size:
                seconds = time.perf_counter() - started
            time.sleep(POLL_SECONDS)
    if child.returncode or not seconds:
        sys.exit(f"bertft train ended with exit code {child.returncode} and no first step.")
    return seconds
