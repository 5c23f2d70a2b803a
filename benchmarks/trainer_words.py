"""The other side: transformers' Trainer on words and on answer spans, as run_ner.py and run_qa.py set it up."""

from __future__ import annotations

import argparse
import collections
import json
import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers as hf

from bertft.engine.device import resolve_precision
from bertft.model.backbone import find_backbone

Rows = list[dict[str, Any]]


def tag_words(words: argparse.Namespace, seed: int) -> tuple[list[list[str]], float]:
    """Tags of the test rows' words, and training examples/s. Labels on first sub-tokens only."""
    train, test = read(words.train, words.train_rows), read(words.test)
    names = sorted({tag for row in train for tag in row["tags"]})
    path = find_backbone(words.model).path
    tokenizer = hf.AutoTokenizer.from_pretrained(path)
    model = hf.AutoModelForTokenClassification.from_pretrained(path, num_labels=len(names))
    number = {name: position for position, name in enumerate(names)}
    trainer = hf.Trainer(
        model=model,
        args=arguments(words, seed),
        train_dataset=[labelled(row, tokenizer, number) for row in train],
        data_collator=hf.DataCollatorForTokenClassification(tokenizer),
    )
    rate = trainer.train().metrics["train_samples_per_second"]
    trainer.args.train_sampling_strategy = "random"  # or it would give the rows back by length
    found = trainer.predict([labelled(row, tokenizer, number) for row in test])
    chosen = found.predictions.argmax(axis=2)
    tags = [[names[k] for k in line[gold != -100]] for line, gold in zip(chosen, found.label_ids, strict=True)]
    return [line + ["O"] * (len(row["tags"]) - len(line)) for line, row in zip(tags, test, strict=True)], rate


def labelled(row: dict[str, Any], tokenizer: Any, number: dict[str, int]) -> dict[str, Any]:
    encoded = tokenizer(row["tokens"], is_split_into_words=True, truncation=True, max_length=512)
    labels, before = [], None
    for word in encoded.word_ids():
        labels.append(-100 if word is None or word == before else number.get(row["tags"][word], 0))
        before = word
    return {**encoded, "labels": labels}


def answer_questions(words: argparse.Namespace, seed: int) -> tuple[dict[str, str], float]:
    """Answers by id, and training examples/s (questions, not windows). Windows of 384 tokens that share 128."""
    train, test = read(words.train, words.train_rows), read(words.test)
    path = find_backbone(words.model).path
    tokenizer = hf.AutoTokenizer.from_pretrained(path)
    features = [feature for row in train for feature in windows(row, tokenizer)]
    trainer = hf.Trainer(
        model=hf.AutoModelForQuestionAnswering.from_pretrained(path),
        args=arguments(words, seed),
        train_dataset=[{k: v for k, v in f.items() if k not in ("offsets", "id")} for f in features],
        data_collator=hf.DataCollatorWithPadding(tokenizer),
    )
    rate = trainer.train().metrics["train_samples_per_second"]
    asked = [feature for row in test for feature in windows(row, tokenizer)]
    inputs = [{k: v for k, v in f.items() if k not in ("offsets", "id")} for f in asked]
    trainer.args.train_sampling_strategy = "random"  # or it would give the windows back by length
    starts, ends = trainer.predict(inputs).predictions[:2]
    return best_texts(test, asked, starts, ends), rate


def windows(row: dict[str, Any], tokenizer: Any) -> Rows:
    """As prepare_train_features of run_qa.py."""
    encoded = tokenizer(
        row["question"].lstrip(), row["context"], truncation="only_second", max_length=384, stride=128,
        return_overflowing_tokens=True, return_offsets_mapping=True,
    )  # fmt: skip
    found = []
    for i, offsets in enumerate(encoded["offset_mapping"]):
        of = encoded.sequence_ids(i)
        offsets = [span if of[k] == 1 else None for k, span in enumerate(offsets)]
        start, end = place(offsets, row["answers"])
        keys = ("input_ids", "attention_mask", "token_type_ids")
        found.append({key: encoded[key][i] for key in keys if key in encoded})
        found[-1] |= {"start_positions": start, "end_positions": end, "offsets": offsets, "id": row["id"]}
    return found


def place(offsets: list[Any], answers: dict[str, Any]) -> tuple[int, int]:
    if not answers["text"]:
        return 0, 0
    begin, finish = answers["answer_start"][0], answers["answer_start"][0] + len(answers["text"][0])
    context = [k for k, span in enumerate(offsets) if span]
    if not context or offsets[context[0]][0] > begin or offsets[context[-1]][1] < finish:
        return 0, 0
    return max(k for k in context if offsets[k][0] <= begin), min(k for k in context if offsets[k][1] >= finish)


def best_texts(rows: Rows, features: Rows, starts: Any, ends: Any) -> dict[str, str]:
    """As postprocess_qa_predictions of run_qa.py: 20 best starts and ends, answers of at most 30 tokens."""
    of_row = collections.defaultdict(list)
    for i, feature in enumerate(features):
        of_row[feature["id"]].append(i)
    texts = {}
    for row in rows:
        best, text = -np.inf, ""
        for i in of_row[row["id"]]:
            offsets = features[i]["offsets"]
            for start in np.argsort(starts[i])[-20:]:
                for end in np.argsort(ends[i])[-20:]:
                    legal = start <= end < start + 30 and end < len(offsets) and offsets[start] and offsets[end]
                    if legal and starts[i][start] + ends[i][end] > best:
                        best = starts[i][start] + ends[i][end]
                        text = row["context"][offsets[start][0] : offsets[end][1]]
        texts[str(row["id"])] = text
    return texts


def arguments(words: argparse.Namespace, seed: int) -> Any:
    hf.utils.logging.set_verbosity_error()
    hf.utils.logging.disable_progress_bar()
    hf.set_seed(seed)
    gpu = torch.cuda.is_available()
    return hf.TrainingArguments(
        output_dir=tempfile.mkdtemp(),
        use_cpu=not gpu,
        bf16=resolve_precision("auto", cuda=gpu) == "bf16",
        train_sampling_strategy="group_by_length",
        num_train_epochs=words.epochs,
        per_device_train_batch_size=words.batch_size,
        per_device_eval_batch_size=64,
        learning_rate=words.lr,
        warmup_steps=0.1,
        weight_decay=0.01,
        seed=seed,
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        report_to="none",
    )


def read(path: str, limit: int | None = None) -> Rows:
    with Path(path).open(encoding="utf-8") as file:
        return [json.loads(line) for line in islice(file, limit)]
