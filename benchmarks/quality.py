"""Does `bertft train` reach the scores of transformers' Trainer? The same backbone, rows, seeds and hyperparameters, in turn.

    python benchmarks/quality.py --task sst2 --train train.csv --validation dev.csv --train-rows 8000 --seeds 1 2 3

Each run has a process of its own, and no two run at once. Both tools keep the best epoch by the card's metric; the scores
are the kept model's on the validation rows: bertft's as it reports them, Trainer's by scikit-learn and scipy. Examples/s
spans all epochs with their evaluations and savings. Both begin with a random head and read [CLS]. Settings that differ end the
comparison. What still differs: the order of the batches, and the warm-up steps, of which bertft takes the nearest whole number
and Trainer the next.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from trainer_side import SAME, Job, Result, with_trainer

from bertft.engine.sizing import NARROW_RATE
from bertft.model.backbone import find_backbone
from bertft.plan.catalog import find_card
from bertft.plan.plan import merge_recipe
from bertft.plan.recipe import PAPER_RATE
from bertft.system.versions import machine, versions


def main() -> None:
    words = read_words()
    card, backbone = find_card(words.task), find_backbone(words.model)
    rate = NARROW_RATE if backbone.small else PAPER_RATE
    flags = {"epochs": words.epochs, "learning_rate": rate, "head_start": "random", "pool": "cls"}
    recipe = merge_recipe(card, small=backbone.small, config={}, flags=flags)
    results: list[Result] = []
    for seed in words.seeds:
        job = Job(card, backbone, replace(recipe, seed=seed), words)
        pair = [with_bertft(job), in_new_process(with_trainer, job)]
        check_settings(*pair, show=not results)
        results += pair
        print(*(f"{one.tool}, seed {seed}: {one.values}" for one in pair), sep="\n", file=sys.stderr, flush=True)
    print(table(results))
    if words.json:
        record = {"task": card.name, "runs": [asdict(r) for r in results], "versions": versions(), "machine": machine()}
        Path(words.json).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def read_words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", required=True, choices=("sst2", "mrpc", "stsb"))
    parser.add_argument("--train", required=True, help="CSV file")
    parser.add_argument("--validation", required=True, help="CSV file")
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--train-rows", type=int, help="the first ones; default: all")
    parser.add_argument("--epochs", type=float, default=3.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--json", help="file for every figure and setting")
    return parser.parse_args()


def with_bertft(job: Job) -> Result:
    """The command, as a user runs it; its settings are those that it wrote into the run folder."""
    words, recipe = job.words, job.recipe
    with tempfile.TemporaryDirectory() as folder:
        train = first_rows(words.train, words.train_rows, Path(folder, "train.csv"))
        command = [sys.executable, "-m", "bertft", "train", train, "--validation", words.validation]
        command += ["--task", words.task, "--model", words.model, "--epochs", str(recipe.epochs)]
        command += ["--lr", str(recipe.learning_rate), "--head-start", recipe.head_start, "--pool", str(recipe.pool)]
        command += ["--seed", str(recipe.seed), "-o", f"{folder}/run", "--json", "--quiet"]
        said = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        plan = tomllib.loads(Path(folder, "run/plan.toml").read_text(encoding="utf-8"))
        run = json.loads(Path(folder, "run/run.json").read_text(encoding="utf-8"))
    settings = {name: plan["recipe"][name] for name in (*SAME, "max_length")} | {"best by": plan["task"]["metric"]}
    settings |= {**run["rows"], "steps": run["steps"], "device": run["device"]}
    rate = said["timings"]["train"]["examples_per_second"]
    return Result("bertft", settings, {**said["scores"]["validation"]["values"], "examples/s": rate})


def first_rows(path: str, count: int | None, copy: Path) -> str:
    """The file, or a copy of its first rows: those that Trainer gets."""
    if count is None:
        return path
    with open(path, encoding="utf-8-sig", newline="") as file, copy.open("w", encoding="utf-8", newline="") as head:
        csv.writer(head).writerows(islice(csv.reader(file), count + 1))
    return str(copy)


def in_new_process(train: Any, job: Job) -> Result:
    """So that neither tool finds the processor's libraries warm."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(train, job).result()


def check_settings(ours: Result, theirs: Result, *, show: bool) -> None:
    """Show the settings of both; stop where they differ, as then nothing is compared."""
    rows = [(name, value, theirs.settings[name]) for name, value in ours.settings.items()]
    if show:
        print(markdown([("setting", "bertft", "Trainer"), *rows]), end="\n\n", flush=True)
    differing = [f"{name} ({one} and {other})" for name, one, other in rows if one != other]
    if differing:
        sys.exit(f"bertft and Trainer are set differently: {', '.join(differing)}.")


def table(results: list[Result]) -> str:
    """Every run, mean and standard deviation of each tool, and the difference of the means."""
    names = list(results[0].values)
    ours, theirs = (
        [[one.values[name] for one in results if one.tool == tool] for name in names] for tool in ("bertft", "Trainer")
    )
    runs = [(one.tool, one.settings["seed"], *(f"{one.values[name]:.4f}" for name in names)) for one in results]
    means = [("bertft", "mean ± sd", *map(spread, ours)), ("Trainer", "mean ± sd", *map(spread, theirs))]
    differences = [f"{mean(our) - mean(their):+.4f}" for our, their in zip(ours, theirs, strict=True)]
    return markdown([("tool", "seed", *names), *runs, *means, ("bertft - Trainer", "of the means", *differences)])


def markdown(rows: list[tuple[Any, ...]]) -> str:
    head, *others = rows
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in (head, ["---"] * len(head), *others))


def spread(values: list[float]) -> str:
    return f"{mean(values):.4f}" + (f" ± {stdev(values):.4f}" if len(values) > 1 else "")


if __name__ == "__main__":
    main()
