"""transformers' Trainer in the first-run table: as it comes, and with the flags that are best for small files.

    python benchmarks/first_run_trainer.py trainer|trainer_best FOLDER

reads FOLDER/work.json and writes FOLDER/predicted.json. `trainer` learns from all rows; `trainer_best` holds a tenth back to
choose the best epoch, and for several labels the thresholds.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers as hf
from first_run_data import CLASSES, LABELS, NUMBER, TAGS, Row, hold_back
from first_run_frozen import LONGEST, first_tokens
from first_run_scores import best_thresholds, score_of
from first_run_sides import MODEL

from bertft.engine.device import resolve_precision
from bertft.model.backbone import find_backbone

PROBLEMS = {
    CLASSES: "single_label_classification",
    LABELS: "multi_label_classification",
    NUMBER: "regression",
    TAGS: None,
}


class Side:
    """Rows in Trainer's form, and its outputs in the form of the gold answers."""

    def __init__(self, work: dict[str, Any]) -> None:
        self.kind, self.metric, self.seed = work["kind"], work["metric"], work["seed"]
        self.rows = [Row(tuple(row["texts"]), row["gold"]) for row in work["train"]]
        self.test = [Row(tuple(texts), None) for texts in work["test"]]
        self.names = sorted(set().union(*(row.names for row in self.rows)))
        self.path = find_backbone(MODEL).path
        self.tokenizer = hf.AutoTokenizer.from_pretrained(self.path)

    def model(self) -> Any:
        problem = {"problem_type": PROBLEMS[self.kind]} if PROBLEMS[self.kind] else {}
        auto = hf.AutoModelForTokenClassification if self.kind == TAGS else hf.AutoModelForSequenceClassification
        return auto.from_pretrained(self.path, num_labels=len(self.names) or 1, **problem)

    def encode(self, row: Row) -> dict[str, Any]:
        """Token ids, and `labels` where the row has an answer."""
        cut = {"truncation": True, "max_length": LONGEST}
        if self.kind != TAGS:
            encoded = self.tokenizer(*row.texts, **cut)
            return dict(encoded) if row.gold is None else {**encoded, "labels": self.target(row.gold)}
        encoded = self.tokenizer(list(row.texts), is_split_into_words=True, **cut)
        labels = [-100] * len(encoded["input_ids"])
        for word, token in first_tokens(encoded.word_ids()).items():
            labels[token] = self.names.index(row.gold[word]) if row.gold else 0
        return {**encoded, "labels": labels}

    def target(self, gold: Any) -> Any:
        if self.kind == LABELS:
            return [float(name in gold) for name in self.names]
        return gold if self.kind == NUMBER else self.names.index(gold)

    def answers(self, logits: Any, rows: list[Row], thresholds: Any = 0.5) -> list[Any]:
        if self.kind == NUMBER:
            return [float(value) for value in logits[:, 0]]
        if self.kind == CLASSES:
            return [self.names[place] for place in logits.argmax(axis=1)]
        if self.kind == LABELS:
            return [[self.names[k] for k in np.flatnonzero(line)] for line in probabilities(logits) >= thresholds]
        return [self.tags(line, row) for line, row in zip(logits.argmax(axis=2), rows, strict=True)]

    def tags(self, chosen: Any, row: Row) -> list[str]:
        """Words beyond the limit have no tag."""
        ids = self.tokenizer(list(row.texts), is_split_into_words=True, truncation=True, max_length=LONGEST).word_ids()
        first = first_tokens(ids)
        return [self.names[chosen[first[word]]] if word in first else "O" for word in range(len(row.texts))]


def probabilities(logits: Any) -> Any:
    return 1 / (1 + np.exp(-logits.astype(np.float64)))


def as_it_comes(side: Side, folder: str) -> list[Any]:
    """Three epochs, batch 8, 5e-5, fp32."""
    trainer = trainer_for(side, side.rows, [], output_dir=folder, save_strategy="no")
    trainer.train()
    return side.answers(logits_of(trainer, side, side.test), side.test)


def at_its_best(side: Side, folder: str) -> list[Any]:
    rows, held = hold_back(side.rows, side.seed)
    gpu = torch.cuda.is_available()
    trainer = trainer_for(
        *(side, rows, held),
        output_dir=folder,
        learning_rate=1e-4,
        per_device_train_batch_size=16,
        num_train_epochs=10,
        warmup_steps=0.1,  # below 1: a share of all steps
        weight_decay=0.01,
        bf16=resolve_precision("auto", cuda=gpu) == "bf16",
        train_sampling_strategy="group_by_length",
        eval_strategy="epoch" if held else "no",
        save_strategy="epoch" if held else "no",
        save_only_model=True,
        save_total_limit=1,
        metric_for_best_model="score",
        load_best_model_at_end=bool(held),
    )
    trainer.train()
    trainer.args.train_sampling_strategy = "random"  # or it would give the rows back by length
    found: Any = 0.5
    if side.kind == LABELS and held:
        gold = np.array([side.target(row.gold) for row in held])
        found = best_thresholds(gold, probabilities(logits_of(trainer, side, held)))
    return side.answers(logits_of(trainer, side, side.test), side.test, found)


def trainer_for(side: Side, rows: list[Row], held: list[Row], **more: Any) -> Any:
    hf.set_seed(side.seed)
    tagging = side.kind == TAGS
    collator = hf.DataCollatorForTokenClassification if tagging else hf.DataCollatorWithPadding
    quiet = {"logging_strategy": "no", "disable_tqdm": True, "report_to": "none"}
    device = {"use_cpu": not torch.cuda.is_available(), "per_device_eval_batch_size": 64}
    trainer = hf.Trainer(
        model=side.model(),
        args=hf.TrainingArguments(seed=side.seed, **device, **quiet, **more),
        train_dataset=[side.encode(row) for row in rows],
        eval_dataset=[side.encode(row) for row in held] or None,
        data_collator=collator(side.tokenizer),
        compute_metrics=lambda found: {"score": held_score(side, found.predictions, held)},
    )
    trainer.remove_callback(hf.PrinterCallback)
    return trainer


def held_score(side: Side, logits: Any, held: list[Row]) -> float:
    """Of the rows held back, which choose the best epoch. For several labels with the thresholds tuned on them."""
    if side.kind != LABELS:
        return score_of(side.metric, [row.gold for row in held], side.answers(logits, held))
    cuts = best_thresholds(np.array([side.target(row.gold) for row in held]), probabilities(logits))
    return score_of(side.metric, [row.gold for row in held], side.answers(logits, held, cuts))


def logits_of(trainer: Any, side: Side, rows: list[Row]) -> Any:
    """By its prediction loop; the answers of test rows are not known here, those of words are placeholders."""
    trainer.compute_metrics = None
    return trainer.predict([side.encode(row) for row in rows]).predictions


def main() -> None:
    hf.utils.logging.set_verbosity_error()
    hf.utils.logging.disable_progress_bar()
    name, folder = sys.argv[1], Path(sys.argv[2])
    side = Side(json.loads((folder / "work.json").read_text(encoding="utf-8")))
    with tempfile.TemporaryDirectory() as output:
        predicted = {"trainer": as_it_comes, "trainer_best": at_its_best}[name](side, output)
    (folder / "predicted.json").write_text(json.dumps(predicted), encoding="utf-8")


if __name__ == "__main__":
    main()
