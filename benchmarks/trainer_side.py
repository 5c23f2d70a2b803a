"""The other side: transformers' Trainer, set up as run_glue.py does it, on the rows and with the recipe that bertft gets.

With the flags that are best for it: dynamic padding, length grouping, bf16 where bertft takes it. Scored by scikit-learn
and scipy.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
import transformers as hf
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import accuracy_score, f1_score

from bertft.engine.device import describe, resolve_precision
from bertft.engine.eval_loop import BATCH_SIZE
from bertft.model.backbone import Backbone
from bertft.plan.card import Card
from bertft.plan.recipe import Recipe
from bertft.rows.fields import pick

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


def with_trainer(job: Job) -> Result:
    """transformers' Trainer on the same rows."""
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
    gpu = torch.cuda.is_available()
    return hf.TrainingArguments(
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
    metrics = {"accuracy": accuracy_score, "f1": f1_score, "pearson": pearsonr, "spearman": spearmanr}
    found = logits[:, 0] if card.problem == "regression" else logits.argmax(axis=1)
    values = {name: metrics[name](gold, found) for name in card.metrics}
    return {name: float(getattr(value, "statistic", value)) for name, value in values.items()}
