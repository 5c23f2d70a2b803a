"""The parts of the speed benchmark: who is run, in which turn, and what is shown of it."""

from __future__ import annotations

import shutil
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import median
from typing import Any

import speed_curves as curves
import speed_table as tables
from speed_model import TRAINING
from speed_sides import Job, Run, in_new_process, predict_with_bertft, train_with_bertft
from speed_text import Texts, Wish

Record = dict[str, Any]


def train_part(job: Job, folder: Path, peak: Record, *, runs: int, slow_runs: int) -> Record:
    """bertft, Trainer with its best flags, Trainer as run_glue.py sets it up: in turn. Leaves the last run in folder/run."""
    rounds = []
    for number in range(runs):
        found = [new_run(job, folder), timed("train_with_trainer", job, True)]
        found += [timed("train_with_trainer", job, False)] if number < slow_runs else []
        rounds.append(found)
        tell(found)
    references = ("Trainer, best flags", "Trainer as in run_glue.py")
    peak = higher(peak, job)
    lines = tables.summarize(rounds, references, TRAINING * flops_per_text(job, job.train), peak["gflops"])
    show("Training", tables.training_table(lines), peak)
    return {"gflops": peak["gflops"], "summary": lines, "rounds": as_record(rounds)}


def predict_part(job: Job, texts: Texts, folder: Path, peak: Record, *, runs: int) -> Record:
    """bertft and transformers' pipeline, both in bf16 and in fp32, in turn; and the tokenizer alone."""
    run, most = trained(job, folder), job.recipe.max_length
    rounds, tokenizer = [], []
    for _ in range(runs):
        found = [predict_with_bertft(run, texts, precision) for precision in ("bf16", "fp32")]
        found += [timed("predict_with_pipeline", str(run), texts, precision, most) for precision in ("bf16", "fp32")]
        found = [compared(one, found[-1]) for one in found]
        tokenizer.append(in_new_process("speed_others", "tokenizer_rate", str(run), texts, most))
        rounds.append(found)
        tell(found)
    references = ("pipeline, bf16", "pipeline, fp32")
    peak = higher(peak, job)
    lines = tables.summarize(rounds, references, flops_per_text(job, texts), peak["gflops"])
    show("Prediction", tables.prediction_table(lines), peak)
    print(f"\nThe tokenizer alone: {median(tokenizer):,.0f} texts/s.")
    rates = {"gflops": peak["gflops"], "tokenizer_texts_per_second": tokenizer}
    return {**rates, "summary": lines, "rounds": as_record(rounds)}


def scaling_part(job: Job, wish: Wish, folder: Path, words: Namespace) -> Record:
    """Cost of an example by rows and by length, of made-up texts."""
    run = curves.train_on_made_up(job, wish, folder) if job.train.pair else trained(job, folder)
    by_rows = list(curves.by_rows(run, job.model, wish, words.most_rows))
    show("Cost by rows", tables.points_table(by_rows))
    by_length = list(curves.by_length(job, folder, wish, words.length_tokens))
    show("Cost by length", tables.points_table(by_length))
    return {"by rows": list(map(asdict, by_rows)), "by length": list(map(asdict, by_length))}


def startup_part(job: Job, folder: Path, *, runs: int) -> dict[str, float]:
    seconds = curves.startup(job, folder, runs)
    show("Starting", tables.startup_table(seconds))
    return seconds


def trained(job: Job, folder: Path) -> Path:
    """A run folder of bertft to predict with."""
    run = folder / "run"
    if not run.is_dir():
        new_run(job, folder)
    return run


def new_run(job: Job, folder: Path) -> Run:
    """bertft's, in folder/run, where the last one was."""
    shutil.rmtree(folder / "run", ignore_errors=True)
    return train_with_bertft(job, folder / "run")


def timed(function: str, *given: Any) -> Run:
    """A run of the other side, in a process of its own that is timed from its start to its end."""
    started = time.perf_counter()
    run: Run = in_new_process("speed_others", function, *given)
    return replace(run, command_seconds=time.perf_counter() - started)


def compared(run: Run, reference: Run) -> Run:
    """With the share of its labels that are the reference's; the labels themselves are not needed any more."""
    same = sum(one == other for one, other in zip(run.labels, reference.labels, strict=True))
    return replace(run, same_labels=same / len(reference.labels), labels=[])


def flops_per_text(job: Job, texts: Texts) -> float:
    """Of a forward pass, on average."""
    return job.model.flops(texts.lengths) / len(texts.lengths)


def higher(peak: Record, job: Job) -> Record:
    """The peak, measured again: where others use the machine too, the better one is nearer to what it can do."""
    again = in_new_process("speed_model", "matrix_peak", job.model)["gflops"]
    return {**peak, "gflops": {precision: max(rate, again[precision]) for precision, rate in peak["gflops"].items()}}


def as_record(rounds: Sequence[Sequence[Run]]) -> list[list[Record]]:
    return [[asdict(run) for run in found] for found in rounds]


def tell(found: Sequence[Run]) -> None:
    """What a round found, on the side."""
    print(*(f"{run.tool}: {run.rate:,.1f} examples/s" for run in found), sep="; ", file=sys.stderr, flush=True)


def show(title: str, table: str, peak: Record | None = None) -> None:
    print(f"\n{title}\n\n{table}", flush=True)
    if peak:
        rates = ", ".join(f"{rate:,.0f} in {precision}" for precision, rate in peak["gflops"].items())
        print(f"\nThe peak, before or after these runs: {rates} (GFLOP/s of a matrix product).", flush=True)
