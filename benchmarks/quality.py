"""Does `bertft train` reach the scores of transformers' Trainer? The same backbone, rows, seeds and hyperparameters, in turn.

    python benchmarks/quality.py --task sst2 --train train.csv --validation dev.csv --train-rows 8000 --seeds 1 2 3

Trainer is set up as run_glue.py does it, with the flags that are best for it: dynamic padding, length grouping, bf16.
Each run has a process of its own, and no two run at once. Both tools keep the best epoch by the card's metric; the scores
are the kept model's on the validation rows: bertft's as it reports them, Trainer's by scikit-learn and scipy. Examples/s
spans all epochs with their evaluations and savings. Settings that differ stop the run. What still differs: the order of
the batches, and the number of warm-up steps, which bertft rounds and Trainer rounds up.
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
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from bertft.card import Card
from bertft.catalog import find_card
from bertft.engine.device import describe, resolve_precision
from bertft.engine.eval_loop import BATCH_SIZE
from bertft.fields import pick
from bertft.model.backbone import Backbone, find_backbone
from bertft.plan import merge_recipe
from bertft.recipe import Recipe
from bertft.versions import machine, versions

SAME = {
    "epochs": "num_train_epochs",
    "batch_size": "per_device_train_batch_size",
    "grad_accum": "gradient_accumulation_steps",
    "learning_rate": "learning_rate",
    "scheduler": "lr_scheduler_type",
    "warmup": "warmup_steps",  # below 1: a share of all steps
    "weight_decay": "weight_decay",
    "max_grad_norm": "max_grad_norm",
    "label_smoothing": "label_smoothing_factor",
    "seed": "seed",
}
"""Settings: bertft's names -> Trainer's."""


@dataclass(frozen=True)
class Job:
    """What both tools are given."""

    card: Card
    backbone: Backbone
    recipe: Recipe
    words: argparse.Namespace


@dataclass(frozen=True)
class Result:
    """One run: settings as the tool itself says afterwards, metrics and examples/s."""

    tool: str
    settings: dict[str, Any]
    values: dict[str, float]


def main() -> None:
    words = read_words()
    card, backbone = find_card(words.task), find_backbone(words.model)
    recipe = merge_recipe(card, small=backbone.small, config={}, flags={"epochs": words.epochs})
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
    limit = ["--max-train-rows", str(words.train_rows)] if words.train_rows else []
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bertft", "train", words.train, "--validation", words.validation, *limit]
        command += ["--task", words.task, "--model", words.model, "--epochs", str(recipe.epochs)]
        command += ["--seed", str(recipe.seed), "-o", f"{folder}/run", "--json", "--quiet"]
        said = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        plan = tomllib.loads(Path(folder, "run/plan.toml").read_text(encoding="utf-8"))
        run = json.loads(Path(folder, "run/run.json").read_text(encoding="utf-8"))
    settings = {name: plan["recipe"][name] for name in (*SAME, "max_length")} | {"best by": plan["task"]["metric"]}
    settings |= {**run["rows"], "steps": run["steps"], "device": run["device"]}
    rate = said["timings"]["train"]["examples_per_second"]
    return Result("bertft", settings, {**said["scores"]["validation"]["values"], "examples/s": rate})


def in_new_process(train: Any, job: Job) -> Result:
    """So that neither tool finds the processor's libraries warm."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(train, job).result()


def with_trainer(job: Job) -> Result:
    """transformers' Trainer on the same rows."""
    import transformers as hf

    hf.utils.logging.set_verbosity_error()
    hf.utils.logging.disable_progress_bar()
    hf.set_seed(job.recipe.seed)
    labels, tokenizer = len(job.card.labels) or 1, hf.AutoTokenizer.from_pretrained(job.backbone.path)
    validation = read_rows(job, job.words.validation, None, tokenizer)
    with tempfile.TemporaryDirectory() as folder:
        trainer = hf.Trainer(
            model=hf.AutoModelForSequenceClassification.from_pretrained(job.backbone.path, num_labels=labels),
            args=arguments(folder, job),
            train_dataset=read_rows(job, job.words.train, job.words.train_rows, tokenizer),
            eval_dataset=validation,
            data_collator=hf.DataCollatorWithPadding(tokenizer),
            compute_metrics=lambda found: score(job.card, found.predictions, found.label_ids),
        )
        trainer.remove_callback(hf.PrinterCallback)
        rate = trainer.train().metrics["train_samples_per_second"]
        found = trainer.predict(validation)
    values = {**score(job.card, found.predictions, found.label_ids), "examples/s": rate}
    return Result("Trainer", trainer_settings(trainer, job), values)


def arguments(folder: str, job: Job) -> Any:
    """The recipe in Trainer's words."""
    import torch
    from transformers import TrainingArguments

    gpu = torch.cuda.is_available()
    return TrainingArguments(
        output_dir=folder,
        use_cpu=not gpu,
        bf16=resolve_precision(job.recipe.precision, cuda=gpu) == "bf16",
        train_sampling_strategy="group_by_length",
        per_device_eval_batch_size=BATCH_SIZE,
        metric_for_best_model=job.card.metric,
        load_best_model_at_end=True,
        save_total_limit=1,
        **{theirs: getattr(job.recipe, ours) for ours, theirs in SAME.items()},
        **{"eval_strategy": "epoch", "save_strategy": "epoch", "logging_strategy": "no"},
        **{"disable_tqdm": True, "report_to": "none"},
    )


def trainer_settings(trainer: Any, job: Job) -> dict[str, Any]:
    """Read back from it, under bertft's names."""
    args = trainer.args.to_dict()
    settings = {ours: args[theirs] for ours, theirs in SAME.items()} | {"max_length": job.recipe.max_length}
    settings |= {"best by": args["metric_for_best_model"].removeprefix("eval_"), "steps": trainer.state.global_step}
    settings |= {"train": len(trainer.train_dataset), "validation": len(trainer.eval_dataset)}
    return settings | {"device": describe(trainer.accelerator)}


def check_settings(ours: Result, theirs: Result, *, show: bool) -> None:
    """Show the settings of both; stop where they differ, as then nothing is compared."""
    rows = [(name, value, theirs.settings[name]) for name, value in ours.settings.items()]
    if show:
        print(markdown([("setting", "bertft", "Trainer"), *rows]), end="\n\n", flush=True)
    differing = [f"{name} ({one} and {other})" for name, one, other in rows if one != other]
    if differing:
        sys.exit(f"bertft and Trainer are set differently: {', '.join(differing)}.")


def read_rows(job: Job, path: str, limit: int | None, tokenizer: Any) -> list[dict[str, Any]]:
    """Tokenized rows, as run_glue.py makes them but for the padding."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = list(islice(csv.DictReader(file), limit))
    roles = {"text": job.card.columns.text, "text_pair": job.card.columns.text_pair, "label": job.card.columns.label}
    *names, label = [pick(role, wanted, list(rows[0]), file=path) for role, wanted in roles.items() if wanted]
    texts = [[row[name] for row in rows] for name in names]
    encoded = tokenizer(*texts, truncation=True, max_length=job.recipe.max_length)
    encoded["labels"] = [float(row[label]) if job.card.problem == "regression" else int(row[label]) for row in rows]
    return [dict(zip(encoded, values, strict=True)) for values in zip(*encoded.values(), strict=True)]


def score(card: Card, logits: Any, gold: Any) -> dict[str, float]:
    """The card's metrics by the libraries that GLUE's are defined with."""
    from scipy.stats import pearsonr, spearmanr
    from sklearn.metrics import accuracy_score, f1_score

    metrics = {"accuracy": accuracy_score, "f1": f1_score, "pearson": pearsonr, "spearman": spearmanr}
    found = logits[:, 0] if card.problem == "regression" else logits.argmax(axis=1)
    values = {name: metrics[name](gold, found) for name in card.metrics}
    return {name: float(getattr(value, "statistic", value)) for name, value in values.items()}


def table(results: list[Result]) -> str:
    """Every run, mean and standard deviation of each tool, and the difference of the means."""
    names, tools = list(results[0].values), ("bertft", "Trainer")
    found = {tool: [[r.values[name] for r in results if r.tool == tool] for name in names] for tool in tools}
    return markdown(
        [
            ("tool", "seed", *names),
            *((r.tool, r.settings["seed"], *(f"{r.values[name]:.4f}" for name in names)) for r in results),
            *((tool, "mean ± sd", *map(spread, found[tool])) for tool in tools),
            (
                "bertft - Trainer",
                "of the means",
                *(f"{mean(a) - mean(b):+.4f}" for a, b in zip(*found.values(), strict=True)),
            ),
        ]
    )


def markdown(rows: list[tuple[Any, ...]]) -> str:
    head, *others = rows
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in (head, ["---"] * len(head), *others))


def spread(values: list[float]) -> str:
    return f"{mean(values):.4f}" + (f" ± {stdev(values):.4f}" if len(values) > 1 else "")


if __name__ == "__main__":
    main()
