"""How fast `bertft pretrain` takes its steps, beside transformers' Trainer set up as its MLM example does it line by line
(run_mlm.py --line_by_line: DataCollatorForLanguageModeling, dynamic padding), in the same precision, in turns.

    python benchmarks/pretrain_speed.py TEXTS.csv --text COLUMN [--model minilm] [--steps 30] [--rounds 3] [--rows 3000]

Both read the same texts, each a block of its own cut at --max-length, with the same batch size, and count tokens without padding.
The first steps of each turn, in which the machine warms up, are left out, and so are evaluations and saving.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import torch
import transformers as hf

import bertft
from bertft.engine.device import resolve_precision
from bertft.engine.step import Stepper
from bertft.model.backbone import find_backbone
from bertft.model.tokens import load_tokenizer

WARM_UP = 3


@dataclass
class Clock:
    """When steps began and ended, and how many tokens each had."""

    times: list[float] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Tokens per second, after the warm-up."""
        return sum(self.tokens[WARM_UP:]) / (self.times[-1] - self.times[WARM_UP - 1])

    def step(self, tokens: int) -> None:
        """One has ended."""
        self.times.append(time.perf_counter())
        self.tokens.append(tokens)


@contextmanager
def clocked() -> Iterator[Clock]:
    """Inside, bertft's steps are timed."""
    clock, take = Clock(), Stepper.take

    def timed(self: Stepper, step: Any, asked: Any = ()) -> Any:
        before = self.meter.tokens
        result = take(self, step, asked)
        clock.step(self.meter.tokens - before)
        return result

    Stepper.take = timed  # type: ignore[method-assign]
    try:
        yield clock
    finally:
        Stepper.take = take  # type: ignore[method-assign]


def ours(texts: list[str], asked: argparse.Namespace) -> float:
    with tempfile.TemporaryDirectory() as folder, clocked() as clock:
        corpus, held = Path(folder) / "corpus.txt", Path(folder) / "held.txt"
        corpus.write_text("\n".join(texts), encoding="utf-8")
        held.write_text("\n".join(texts[:8]), encoding="utf-8")
        settings = {"max_steps": asked.steps, "batch_size": asked.batch_size, "max_length": asked.max_length}
        bertft.pretrain(
            corpus,
            validation=held,
            model=asked.model,
            output_dir=f"{folder}/run",
            precision=asked.precision,
            threads=asked.threads,
            **settings,
        )
    return clock.rate


def trainers(texts: list[str], asked: argparse.Namespace) -> float:
    backbone, clock, counted = find_backbone(asked.model), Clock(), [0]
    tokenizer: Any = load_tokenizer(backbone.path)
    network = hf.AutoModelForMaskedLM.from_pretrained(backbone.path)
    found = tokenizer(texts, truncation=True, max_length=asked.max_length, return_special_tokens_mask=True)
    rows = [{name: values[row] for name, values in found.items()} for row in range(len(texts))]
    collator = hf.DataCollatorForLanguageModeling(tokenizer=tokenizer, mlm_probability=0.15)

    def collate(examples: list[Any]) -> Any:
        batch = collator(examples)
        counted[0] += int(batch["attention_mask"].sum())
        return batch

    class Timer(hf.TrainerCallback):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            clock.step(counted[0] - sum(clock.tokens))

    with tempfile.TemporaryDirectory() as folder:
        settings = hf.TrainingArguments(
            output_dir=folder,
            max_steps=asked.steps,
            per_device_train_batch_size=asked.batch_size,
            bf16=asked.precision == "bf16",
            fp16=asked.precision == "fp16",
            use_cpu=not torch.cuda.is_available(),
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            logging_strategy="no",
        )
        hf.Trainer(model=network, args=settings, train_dataset=rows, data_collator=collate, callbacks=[Timer()]).train()
    return clock.rate


def read(asked: argparse.Namespace) -> list[str]:
    with open(asked.file, encoding="utf-8", newline="") as file:
        texts = (" ".join(row[asked.text].split()) for row in csv.DictReader(file))
        return [text for text in islice(texts, asked.rows) if text]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--text", default="text")
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--max-length", type=int, default=128)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    asked.precision = resolve_precision(asked.precision, cuda=torch.cuda.is_available())
    texts, ratios = read(asked), []
    for number in range(1, asked.rounds + 1):
        torch.set_num_threads(asked.threads)
        theirs, own = trainers(texts, asked), ours(texts, asked)
        ratios.append(own / theirs)
        print(f"round {number}: bertft {own:,.0f} tokens/s, Trainer {theirs:,.0f}: {ratios[-1]:.2f} times", flush=True)
    print(
        f"{asked.file}, {asked.precision}, {asked.threads} threads: median {median(ratios):.2f} times over {asked.rounds} rounds"
    )


if __name__ == "__main__":
    main()
