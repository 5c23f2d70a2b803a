"""Does bertft reach transformers' Trainer on named entities and on question answering? The same backbone, rows and recipe.

    python benchmarks/words_and_spans.py ner --train train.jsonl --test test.jsonl --epochs 3 --seeds 1 --crf
    python benchmarks/words_and_spans.py qa --train train.jsonl --test dev.jsonl --epochs 3 --seeds 1

Trainer is set up as the examples run_ner.py and run_qa.py of transformers do it, with the flags that are best for its speed
(dynamic padding, length grouping, bf16 where bertft takes it). Both sides keep the last weights. Tags are scored by seqeval,
answers by the official SQuAD formulas, for both sides by the same lines here, from what each side predicts.
"""

from __future__ import annotations

import argparse
import json
import re
import string
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

from trainer_words import answer_questions, tag_words

RATE = {"ner": 1e-4, "qa": 1e-4}
"""Learning rates for the small backbone; --lr for others."""


def main() -> None:
    words = read_words()
    for seed in words.seeds:
        for tool in words.tools:
            started = time.perf_counter()
            found = RUNS[tool](words, seed)
            found["wall seconds"] = round(time.perf_counter() - started, 1)
            print(json.dumps({"task": words.task, "tool": tool, "seed": seed, **found}), flush=True)


def read_words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=("ner", "qa"))
    parser.add_argument("--train", required=True)
    parser.add_argument("--test", required=True)
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--epochs", type=float, default=3.0)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--lr", type=float)
    parser.add_argument("--train-rows", type=int)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument(
        "--tools", nargs="+", default=["bertft", "trainer"], choices=("bertft", "bertft-crf", "trainer")
    )
    words = parser.parse_args()
    words.lr = words.lr or RATE[words.task]
    return words


def with_bertft(words: argparse.Namespace, seed: int, *more: str) -> dict[str, Any]:
    """Trained, then read back from its folder and predicted, by the installed command."""
    with tempfile.TemporaryDirectory() as folder:
        run, answers = f"{folder}/run", f"{folder}/answers.jsonl"
        file = first_rows(words.train, words.train_rows, Path(folder, "train.jsonl"))
        train = ["train", file, "--validation", words.test, "--task", words.task, "--model", words.model, "-o", run]
        train += ["--epochs", str(words.epochs), "--batch-size", str(words.batch_size), "--lr", str(words.lr)]
        train += [
            "--head-start",
            "random",
            "--seed",
            str(seed),
            "--eval-steps",
            "1000000",
        ]  # as Trainer begins and looks
        bertft([*train, "--json", "--quiet", *more])
        bertft(["predict", run, words.test, "-o", answers, "--quiet"])
        rows = [json.loads(line) for line in Path(answers).read_text(encoding="utf-8").splitlines()]
        timings = json.loads(Path(run, "run.json").read_text())["timings"]
    scores = (
        score_tags(rows)
        if words.task == "ner"
        else score_answers({str(r["id"]): r["predicted_answer"] for r in rows}, rows)
    )
    return scores | {"train examples/s": timings["train"]["examples_per_second"]}


def first_rows(path: str, count: int | None, copy: Path) -> str:
    """The file, or a copy of its first rows: those that Trainer gets."""
    if count is None:
        return path
    with open(path, encoding="utf-8") as file, copy.open("w", encoding="utf-8") as head:
        head.writelines(islice(file, count))
    return str(copy)


def bertft(words: list[str]) -> None:
    subprocess.run([sys.executable, "-m", "bertft", *words], check=True, stdout=subprocess.DEVNULL)


def with_trainer(words: argparse.Namespace, seed: int) -> dict[str, Any]:
    rows = [json.loads(line) for line in Path(words.test).read_text(encoding="utf-8").splitlines()]
    if words.task == "ner":
        tags, rate = tag_words(words, seed)
        scores = score_tags([{**row, "predicted_tags": found} for row, found in zip(rows, tags, strict=True)])
    else:
        answers, rate = answer_questions(words, seed)
        scores = score_answers(answers, rows)
    return scores | {"train examples/s": rate}


def score_tags(rows: list[dict[str, Any]]) -> dict[str, float]:
    from seqeval.metrics import f1_score
    from seqeval.scheme import IOB2

    gold, predicted = [row["tags"] for row in rows], [row["predicted_tags"] for row in rows]
    strict = f1_score(gold, predicted, mode="strict", scheme=IOB2)
    return {"f1 strict": round(strict, 4), "f1 lenient": round(f1_score(gold, predicted), 4)}


def score_answers(answers: dict[str, str], rows: list[dict[str, Any]]) -> dict[str, float]:
    def best(measure: Any, row: dict[str, Any]) -> float:
        return max(measure(gold, answers[str(row["id"])]) for gold in row["answers"]["text"] or [""])

    exact, f1 = ([best(measure, row) for row in rows] for measure in (exact_match, word_f1))
    return {"exact match": round(sum(exact) / len(rows), 4), "f1": round(sum(f1) / len(rows), 4)}


def normal(text: str) -> list[str]:
    """As the official script of SQuAD 2.0: lower case, no punctuation, no articles, words."""
    bare = "".join(sign for sign in text.lower() if sign not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", bare).split()


def exact_match(gold: str, answer: str) -> float:
    return float(normal(gold) == normal(answer))


def word_f1(gold: str, answer: str) -> float:
    one, other = normal(gold), normal(answer)
    shared = sum((Counter(one) & Counter(other)).values())
    if not one or not other:
        return float(one == other)
    return 2 * shared / (len(one) + len(other))


RUNS = {
    "bertft": with_bertft,
    "bertft-crf": lambda words, seed: with_bertft(words, seed, "--crf"),
    "trainer": with_trainer,
}

if __name__ == "__main__":
    main()
