"""Every family of today's encoders through every kind of task: train, eval, predict, resume, and the same answers from
transformers, one text at a time. `make families` runs it; each line is one family and task, with what went wrong."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))

from conftest import PowerFails, forget_accelerator, read_jsonl, texts, write_jsonl
from errands import digest
from tagged import asked_rows, tagged_rows
from tiny_models import CHINESE, TINY_MODELS, build_tiny_model

SHORT = ("--epochs", 2, "--lr", "1e-3", "--batch-size", 16, "--precision", "fp32", "--no-refit")


def rows_for(task: str) -> list[dict[str, Any]]:
    """Labelled rows, with long and short texts, and some in Chinese characters."""
    if task == "tags":
        return tagged_rows(40)
    if task == "answers":
        return asked_rows(40)
    found = []
    for number, text in enumerate(texts(40)):
        text = text if number % 5 else " ".join(CHINESE[number % 7 : number % 7 + 9])
        row: dict[str, Any] = {"a": text, **({"b": texts(1, seed=number + 100)[0]} if task == "pair" else {})}
        words = text.split()
        labels = {"labels": [word for word in ("good", "bad", "film") if word in words], "number": len(words) / 4}
        found.append({**row, "label": labels.get(task, "good" if "good" in words else "other")})
    return found


FLAGS: dict[str, list[str]] = {
    "class": ["--single-label", "--text", "a", "--label", "label"],
    "pair": ["--single-label", "--text", "a", "--text-pair", "b", "--label", "label"],
    "labels": ["--multi-label", "--text", "a", "--label", "label"],
    "number": ["--regression", "--text", "a", "--label", "label"],
    "tags": [],
    "answers": [],
    "long": [],
}
"""Kind of task -> flags of its training."""


class Failed(Exception):
    """What a command said when it should not have failed."""


LONG = 8192
"""Tokens of the long texts."""

LONG_FAMILIES = ("modernbert", "eurobert", "gte-multilingual", "xlnet")
"""Which are tried with them too."""


def run(*words: object) -> str:
    """The command inside this process; all that it said."""
    from bertft.commands.main import main

    forget_accelerator()
    said = io.StringIO()
    sys.argv = ["bertft", *map(str, words)]
    os.environ["BERTFT_DEBUG"] = "1"
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            main()
        except SystemExit as leaving:
            if leaving.code:
                raise Failed(f"{words[0]}: exit {leaving.code}: {said.getvalue()[-400:]}") from None
    return said.getvalue()


def unlabelled(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    gold = ("label", "tags", "answers")
    return [{key: value for key, value in row.items() if key not in gold} for row in rows]


def course(name: str, task: str) -> None:
    """All the verbs in the working folder; an exception says what failed."""
    if task == "long":
        long_texts(name)
        return
    rows = rows_for(task)
    write_jsonl(Path("train.jsonl"), rows)
    write_jsonl(Path("new.jsonl"), unlabelled(rows))
    train = ("train", "train.jsonl", "--model", build_tiny_model(name, Path("model")), *FLAGS[task], *SHORT)
    run(*train, "-o", "run")
    run("eval", "run", "train.jsonl")
    more = {"labels": ["--min-probability", 0], "class": ["--top-k", 2], "pair": ["--top-k", 2]}.get(task, [])
    run("predict", "run", "new.jsonl", "-o", "out.jsonl", "--precision", "fp32", *more)
    compare(task, read_jsonl(Path("out.jsonl")))
    resumed(train)
    run("train", "train.jsonl", "--model", "run", "-o", "further", *FLAGS[task], *SHORT[2:], "--max-steps", 2)


def long_texts(name: str) -> None:
    """Two texts that fill 8,192 tokens, from training to prediction."""
    rows = [{"a": " ".join(texts(1, seed=n, longest=12) * 1200), "label": "good" if n else "other"} for n in (0, 1)]
    write_jsonl(Path("train.jsonl"), rows * 3)
    train = ("train", "train.jsonl", "--model", build_tiny_model(name, Path("model")), "-o", "run", *FLAGS["class"])
    run(*train, *SHORT, "--max-steps", 1, "--batch-size", 1, "--max-length", LONG, "--head-start", "random")
    write_jsonl(Path("new.jsonl"), unlabelled(rows))
    run("predict", "run", "new.jsonl", "-o", "out.jsonl", "--precision", "fp32", "--top-k", 2)
    compare("class", read_jsonl(Path("out.jsonl")))


def resumed(train: Sequence[object]) -> None:
    """A run that was cut off in its third step and resumed ends in the same bits."""
    from bertft.engine.step import Stepper

    whole = Stepper.take

    def take(self: Any, step: Any, asked: Any = ()) -> Any:
        if step.number == 3:
            raise PowerFails
        return whole(self, step, asked)

    Stepper.take = take  # type: ignore[method-assign]
    try:
        with contextlib.suppress(PowerFails):
            run(*train, "-o", "cut", "--save-steps", 1)
    finally:
        Stepper.take = whole  # type: ignore[method-assign]
    run(*train, "-o", "cut", "--resume")
    if digest(Path("cut")) != digest(Path("run")):
        raise Failed("resume: other weights than without the stop")


def compare(task: str, found: list[dict[str, Any]]) -> None:
    """The answers beside those of transformers' own classes."""
    import torch
    import transformers

    tokenizer: Any = transformers.AutoTokenizer.from_pretrained("run")
    architecture = json.loads(Path("run/config.json").read_text())["architectures"][0]
    auto = {  # as the tasks are called above
        "class": "SequenceClassification",
        "pair": "SequenceClassification",
        "labels": "SequenceClassification",
        "number": "SequenceClassification",
        "tags": "TokenClassification",
        "answers": "QuestionAnswering",
    }[task]
    if auto == "QuestionAnswering" and "TokenClassification" in architecture:
        auto = "TokenClassification"
    model = getattr(transformers, f"AutoModelFor{auto}").from_pretrained("run").eval()
    for row in found:
        with torch.no_grad():
            wrong = {"tags": tags_differ, "answers": answers_differ}.get(task, classes_differ)(
                row, model, tokenizer, task
            )
        if wrong:
            raise Failed(f"transformers: {wrong}")


def classes_differ(row: dict[str, Any], model: Any, tokenizer: Any, task: str) -> str:
    inputs = tokenizer(row["a"], row.get("b"), return_tensors="pt", truncation=True)
    logits = model(**inputs).logits[0]
    if task == "number":
        ours, theirs = [row["predicted_score"]], logits.tolist()
    else:
        values = logits.sigmoid() if task == "labels" else logits.softmax(-1)
        known = dict(zip(row["predicted_labels"], row["probabilities"], strict=True))
        ours = [known[model.config.id2label[k]] for k in range(len(values))]
        theirs = values.tolist()
    worst = max(abs(a - b) for a, b in zip(ours, theirs, strict=True))
    rounding = max(
        1e-5, 2e-6 * max(float(weight.abs().max()) for weight in model.parameters())
    )  # fitted heads may be steep
    return "" if worst < rounding else f"{worst:.2g} apart"


def tags_differ(row: dict[str, Any], model: Any, tokenizer: Any, task: str) -> str:
    """Of running text: pieces of words are those that the words have by themselves."""
    inputs = tokenizer(" ".join(row["tokens"]), return_tensors="pt")
    by_words = tokenizer(row["tokens"], is_split_into_words=True, return_tensors="pt")
    if inputs["input_ids"].tolist() != by_words["input_ids"].tolist():
        return f"words and text are cut apart differently: {tokenizer.convert_ids_to_tokens(by_words['input_ids'][0])}"
    best = model(**by_words).logits[0].argmax(-1)
    ids = by_words.word_ids()
    theirs = [model.config.id2label[int(best[ids.index(word)])] for word in range(len(row["tokens"]))]
    ours = row["predicted_tags"]
    legal = all(tag[0] != "I" or before[2:] == tag[2:] for before, tag in pairwise(["O", *theirs]))
    return f"{ours} and {theirs}" if legal and ours != theirs else ""  # what follows no entity is mended in ours


def answers_differ(row: dict[str, Any], model: Any, tokenizer: Any, task: str) -> str:
    inputs = tokenizer(row["question"], row["context"], return_tensors="pt", return_offsets_mapping=True)
    offsets = inputs.pop("offset_mapping")[0].tolist()
    outputs = model(**inputs)
    start, end = outputs.logits[0].T if "logits" in outputs else (outputs.start_logits[0], outputs.end_logits[0])
    inside = [place for place, of in enumerate(inputs.sequence_ids(0)) if of == 1]
    spans = {(i, j): float(start[i] + end[j]) for i in inside for j in inside if i <= j < i + 30}
    words = {span: row["context"][offsets[span[0]][0] : offsets[span[1]][1]].strip() for span in spans}
    best = max(spans, key=lambda span: spans[span])
    ours = max(
        (value for span, value in spans.items() if words[span] == row["predicted_answer"]), default=-float("inf")
    )
    near = spans[best] - ours < 1e-4  # two spans may be as good but for rounding
    return "" if near else f"{row['predicted_answer']!r} and {words[best]!r}, {spans[best] - ours:.2g} better"


@contextlib.contextmanager
def own_folder() -> Iterator[None]:
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        try:
            yield
        finally:
            os.chdir(before)


def main(arguments: Sequence[str] | None = None) -> int:
    """How many failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--families", nargs="*", default=list(TINY_MODELS), choices=list(TINY_MODELS))
    parser.add_argument("--tasks", nargs="*", default=list(FLAGS), choices=list(FLAGS))
    asked = parser.parse_args(arguments)
    failed = 0
    for name in asked.families:
        for task in asked.tasks:
            if task == "long" and name not in LONG_FAMILIES:
                continue
            wrong = ""
            with own_folder():
                try:
                    course(name, task)
                except Exception as problem:
                    wrong = f"{type(problem).__name__}: {problem}"
                    if os.environ.get("TRACE"):
                        traceback.print_exc()
            failed += bool(wrong)
            print(f"{name:18}{task:9}{wrong or 'ok'}", flush=True)
    print(f"{failed} failed")
    return failed


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    sys.exit(bool(main()))
