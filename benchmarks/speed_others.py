"""The other sides: transformers' Trainer, with the flags that are best for its speed or as run_glue.py sets it up, and
transformers' pipeline. Each of these functions runs in a process of its own."""

from __future__ import annotations

import csv
import resource
import tempfile
import time
from typing import Any

import torch
import transformers as hf
from speed_sides import PER_MB, Job, Run
from speed_text import Texts
from trainer_side import SAME

from bertft.engine.device import resolve_precision
from bertft.engine.eval_loop import BATCH_SIZE


class LoopClock(hf.TrainerCallback):
    """Seconds from the end of each epoch's first step to the end of its last."""

    def __init__(self, steps_per_epoch: int) -> None:
        self.steps, self.seconds, self.counted, self.started = steps_per_epoch, 0.0, 0, 0.0

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        step = (state.global_step - 1) % self.steps
        if step in (0, self.steps - 1) and torch.cuda.is_available():
            torch.cuda.synchronize()
        if step == 0:
            self.started = time.perf_counter()
        elif step == self.steps - 1:
            self.seconds += time.perf_counter() - self.started
            self.counted += step


class CountingTrainer(hf.Trainer):
    """Counts the tokens that it trains on, padding included."""

    padded_tokens = 0

    def training_step(self, model: Any, inputs: Any, *rest: Any, **named: Any) -> Any:
        self.padded_tokens += inputs["input_ids"].numel()
        return super().training_step(model, inputs, *rest, **named)


def train_with_trainer(job: Job, best: bool) -> Run:
    """Its `seconds` are train(), which evaluates and saves, as bertft's timing has it, and reads the best back."""
    be_quiet()
    hf.set_seed(job.recipe.seed)
    tokenizer = hf.AutoTokenizer.from_pretrained(job.model.path)
    rows = encode_rows(job, job.train, tokenizer, padding=not best)
    clock = LoopClock(len(rows) // job.recipe.batch_size)
    with tempfile.TemporaryDirectory() as folder:
        args = arguments(folder, job, best=best)
        trainer = CountingTrainer(
            model=hf.AutoModelForSequenceClassification.from_pretrained(job.model.path, num_labels=len(label_ids(job))),
            args=args,
            train_dataset=rows,
            eval_dataset=encode_rows(job, job.validation, tokenizer, padding=not best),
            data_collator=padding_collator(tokenizer) if best else hf.default_data_collator,
            compute_metrics=accuracy,
            callbacks=[clock],
        )
        trainer.remove_callback(hf.PrinterCallback)
        started = time.perf_counter()
        trainer.train()
        seconds = time.perf_counter() - started
        scores = trainer.evaluate()
    tokens = round(sum(job.train.lengths) * job.recipe.epochs)
    return Run(
        "Trainer, best flags" if best else "Trainer as in run_glue.py",
        precision="bf16" if args.bf16 else "fp32",
        examples=round(len(rows) * job.recipe.epochs),
        tokens=tokens,
        seconds=seconds,
        padding=1 - tokens / trainer.padded_tokens,
        loop_rate=clock.counted * job.recipe.batch_size / clock.seconds if clock.seconds else None,
        accuracy=scores["eval_accuracy"],
        peak_mb=peak_mb(),
    )


def accuracy(found: Any) -> dict[str, float]:
    return {"accuracy": float((found.predictions.argmax(1) == found.label_ids).mean())}


def arguments(folder: str, job: Job, *, best: bool) -> Any:
    """The recipe in Trainer's words; `best`: with what makes it fast."""
    gpu = torch.cuda.is_available()
    fast: dict[str, Any] = {
        "bf16": resolve_precision("auto", cuda=gpu) == "bf16",
        "train_sampling_strategy": "group_by_length",
        "per_device_eval_batch_size": BATCH_SIZE,
    }
    same = {theirs: getattr(job.recipe, ours) for ours, theirs in SAME.items()}
    keeping: dict[str, Any] = {
        "eval_strategy": "epoch",
        "save_strategy": "epoch",
        "save_total_limit": 1,
        "load_best_model_at_end": True,
        "metric_for_best_model": "accuracy",
    }
    if gpu:
        fast |= {"optim": "adamw_torch_fused", "tf32": has_tf32()}  # pinned memory is its default
    quiet: dict[str, Any] = {"logging_strategy": "no", "disable_tqdm": True, "report_to": "none"}
    return hf.TrainingArguments(folder, use_cpu=not gpu, **same, **keeping, **quiet, **(fast if best else {}))


def padding_collator(tokenizer: Any) -> Any:
    """On a GPU to widths that its units multiply best, as run_glue.py does."""
    return hf.DataCollatorWithPadding(tokenizer, pad_to_multiple_of=8 if torch.cuda.is_available() else None)


def has_tf32() -> bool:
    """From Ampere on; transformers refuses the flag on others."""
    return torch.cuda.get_device_capability()[0] >= 8


def encode_rows(job: Job, texts: Texts, tokenizer: Any, *, padding: bool) -> list[dict[str, Any]]:
    """Tokenized rows; run_glue.py pads them all to the maximum."""
    rows, ids = read_rows(texts), label_ids(job)
    columns = [[row["text"] for row in rows], [row["text_pair"] for row in rows]][: 2 if texts.pair else 1]
    pad = "max_length" if padding else False
    encoded = tokenizer(*columns, truncation=True, max_length=job.recipe.max_length, padding=pad)
    encoded["labels"] = [ids[row["label"]] for row in rows]
    return [dict(zip(encoded, values, strict=True)) for values in zip(*encoded.values(), strict=True)]


def label_ids(job: Job) -> dict[str, int]:
    return {label: number for number, label in enumerate(sorted({row["label"] for row in read_rows(job.train)}))}


def read_rows(texts: Texts) -> list[dict[str, str]]:
    with open(texts.path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def predict_with_pipeline(run: str, texts: Texts, precision: str, max_length: int) -> Run:
    """Its `seconds` are those of the call; loading the model and reading the file are left out."""
    be_quiet()
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    device = 0 if torch.cuda.is_available() else -1
    pipe = hf.pipeline("text-classification", model=run, batch_size=32, device=device, dtype=kind)
    rows = read_rows(texts)
    inputs = [{name: row[name] for name in ("text", "text_pair") if row[name]} for row in rows]
    started = time.perf_counter()
    found = pipe(inputs, truncation=True, max_length=max_length)
    seconds = time.perf_counter() - started
    return Run(
        f"pipeline, {precision}",
        precision=precision,
        examples=len(rows),
        tokens=sum(texts.lengths),
        seconds=seconds,
        peak_mb=peak_mb(),
        labels=[one["label"] for one in found],
    )


def tokenizer_rate(run: str, texts: Texts, max_length: int) -> float:
    """Texts/s of the tokenizer alone."""
    tokenizer = hf.AutoTokenizer.from_pretrained(run)
    rows = read_rows(texts)
    columns = [[row["text"] for row in rows], [row["text_pair"] for row in rows]][: 2 if texts.pair else 1]
    started = time.perf_counter()
    tokenizer(*columns, truncation=True, max_length=max_length)
    return len(rows) / (time.perf_counter() - started)


def be_quiet() -> None:
    hf.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    hf.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]


def peak_mb() -> float:
    """Of this process, on the processor's side."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / PER_MB
