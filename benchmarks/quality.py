"""Does `bertft train` reach the scores of transformers' Trainer? The same backbone, rows, seeds and hyperparameters, in turn.

    python benchmarks/quality.py --task sst2 --train train.csv --validation dev.csv --train-rows 8000

Trainer is set up as run_glue.py does it, with the flags that are best for it: dynamic padding, length grouping, bf16.
Both keep the best epoch by the card's metric. The scores are those of the kept model on the validation rows.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
    set_seed,
)
from transformers.utils import logging

from bertft.card import Card
from bertft.catalog import find_card
from bertft.engine.device import resolve_precision
from bertft.fields import pick
from bertft.model.backbone import Backbone, find_backbone
from bertft.plan import merge_recipe
from bertft.recipe import Recipe
from bertft.scoring import score_regression, score_single_label

Words = argparse.Namespace


def main() -> None:
    words = read_words()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    card, backbone = find_card(words.task), find_backbone(words.model)
    recipe = merge_recipe(card, small=backbone.small, config={}, flags={"epochs": words.epochs})
    print(
        f"Both: {recipe.epochs:g} epochs, batch {recipe.batch_size}, rate {recipe.learning_rate:g}, {card.metric} decides"
    )
    found: list[dict[str, Any]] = []
    for seed in words.seeds:
        for tool, train in (("bertft", with_bertft), ("Trainer", with_trainer)):
            scores, rate = train(words, card, backbone, recipe, seed)
            found.append({"tool": tool, "seed": seed, **scores, "examples/s": rate})
            print(found[-1], file=sys.stderr, flush=True)
    print(table(found))
    if words.json:
        Path(words.json).write_text(json.dumps(found, indent=2))


def read_words() -> Words:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", required=True)
    parser.add_argument("--train", required=True)
    parser.add_argument("--validation", required=True)
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--train-rows", type=int)
    parser.add_argument("--epochs", type=float, default=3.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--json", help="where the figures go, too")
    return parser.parse_args()


def with_bertft(
    words: Words, card: Card, backbone: Backbone, recipe: Recipe, seed: int
) -> tuple[dict[str, float], float]:
    """The command, as a user runs it."""
    limit = ["--max-train-rows", str(words.train_rows)] if words.train_rows else []
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bertft", "train", words.train, "--task", words.task]
        command += ["--validation", words.validation, "--model", words.model, "--epochs", str(words.epochs)]
        command += ["--seed", str(seed), "-o", f"{folder}/run", "--json", "--quiet", *limit]
        done = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return done["scores"]["validation"]["values"], done["timings"]["train"]["examples_per_second"]


def with_trainer(
    words: Words, card: Card, backbone: Backbone, recipe: Recipe, seed: int
) -> tuple[dict[str, float], float]:
    """transformers' Trainer on the same rows."""
    set_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(backbone.path)
    train = read_rows(words.train, card, tokenizer, recipe)[: words.train_rows]
    validation = read_rows(words.validation, card, tokenizer, recipe)
    model = AutoModelForSequenceClassification.from_pretrained(backbone.path, num_labels=len(card.labels) or 1)
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=model,
            args=arguments(folder, card, recipe, seed),
            train_dataset=train,
            eval_dataset=validation,
            data_collator=DataCollatorWithPadding(tokenizer),
            compute_metrics=lambda prediction: score(card, prediction.predictions, prediction.label_ids),
        )
        started = time.perf_counter()
        trainer.train()
        seconds = time.perf_counter() - started
        scores = score(card, *trainer.predict(validation)[:2])
    return scores, round(len(train) * recipe.epochs / seconds, 2)


def arguments(folder: str, card: Card, recipe: Recipe, seed: int) -> TrainingArguments:
    """The recipe in Trainer's words."""
    import torch

    gpu = torch.cuda.is_available()
    return TrainingArguments(
        output_dir=folder,
        num_train_epochs=recipe.epochs,
        per_device_train_batch_size=recipe.batch_size,
        per_device_eval_batch_size=64,
        learning_rate=recipe.learning_rate,
        warmup_steps=recipe.warmup,
        weight_decay=recipe.weight_decay,
        max_grad_norm=recipe.max_grad_norm,
        lr_scheduler_type=recipe.scheduler,
        train_sampling_strategy="group_by_length",
        bf16=resolve_precision("auto", cuda=gpu) == "bf16",
        use_cpu=not gpu,
        seed=seed,
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=1,
        load_best_model_at_end=True,
        metric_for_best_model=card.metric,
        disable_tqdm=True,
        report_to="none",
        logging_strategy="no",
    )


def read_rows(path: str, card: Card, tokenizer: Any, recipe: Recipe) -> list[dict[str, Any]]:
    """Tokenized rows of a CSV, as run_glue makes them but for the padding."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = list(rows[0])
    roles = [card.columns.text, *([card.columns.text_pair] if card.columns.text_pair else [])]
    texts = [[row[pick("text", names, columns, file=path) or ""] for row in rows] for names in roles]
    label = pick("label", card.columns.label, columns, file=path) or ""
    encoded = tokenizer(*texts, truncation=True, max_length=recipe.max_length)
    features = [dict(zip(encoded, values, strict=True)) for values in zip(*encoded.values(), strict=True)]
    return [{**feature, "labels": target(row[label], card)} for feature, row in zip(features, rows, strict=True)]


def target(cell: str, card: Card) -> float | int:
    if card.problem == "regression":
        return float(cell)
    return card.labels.index(cell) if cell in card.labels else int(cell)


def score(card: Card, logits: Any, gold: Any) -> dict[str, float]:
    """The card's metrics, for both tools by the same code, which the tests hold against scikit-learn."""
    if card.problem == "regression":
        return score_regression(list(gold), logits[:, 0], main=card.metric, metrics=card.metrics).values
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = shifted / shifted.sum(axis=1, keepdims=True)
    return score_single_label(list(gold), probabilities, card.labels, main=card.metric, metrics=card.metrics).values


def table(found: list[dict[str, Any]]) -> str:
    """Mean and standard deviation over the seeds, and every seed."""
    names = [name for name in found[0] if name not in ("tool", "seed")]
    lines = ["| tool | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    for tool in ("bertft", "Trainer"):
        columns = [[one[name] for one in found if one["tool"] == tool] for name in names]
        lines.append(f"| {tool} | " + " | ".join(spread(column) for column in columns) + " |")
    return "\n".join(lines)


def spread(values: list[float]) -> str:
    each = ", ".join(f"{value:.4g}" for value in values)
    return f"{mean(values):.4f} ± {stdev(values) if len(values) > 1 else 0:.4f} ({each})"


if __name__ == "__main__":
    main()
