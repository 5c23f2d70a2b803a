"""The table of the BERT paper's feature-based approach (arXiv 1810.04805, table 7): which layers of a frozen backbone tell a
tagger most. A two-layer BiLSTM learns on each choice of layers; fine-tuning stands beside them, with the cost of an epoch.

    python benchmarks/feature_layers.py --data ../shared/data/conll2003 --rows 2000

The folder holds train.jsonl, whose rows are learned from, and dev.jsonl, which is scored. With few rows, units or epochs the
figures tell the order at best.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

LAST_FOUR = ("--layers", "-1,-2,-3,-4")
CHOICES = {
    "embeddings": (91.0, ("--layers", "0")),
    "second-to-last": (95.6, ("--layers", "-2")),
    "last": (94.9, ("--layers", "-1")),
    "sum of the last four": (None, (*LAST_FOUR, "--combine", "sum")),
    "weighted sum of the last four": (95.9, (*LAST_FOUR, "--combine", "mix")),
    "concatenation of the last four": (96.1, (*LAST_FOUR, "--combine", "concat")),
}
"""What is read, the paper's dev F1 with bert-base, and the flags."""


def main() -> None:
    asked = arguments()
    train, dev = (Path(asked.data, f"{split}.jsonl") for split in ("train", "dev"))
    print(
        "| what the head reads | dev F1 | the paper's | seconds once | seconds an epoch |\n|---|---|---|---|---|",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        dev = first_rows(dev, asked.dev_rows, Path(folder, "dev.jsonl"))
        common = ("--model", asked.model, "--max-train-rows", asked.rows, "--validation", dev, "--precision", "fp32")
        common = (
            *common,
            "--seed",
            asked.seed,
            "--batch-size",
            asked.batch_size,
            *(("--threads", asked.threads) if asked.threads else ()),
        )
        for name, (paper, flags) in CHOICES.items():
            head = ("--features", "--features-head", "bilstm", "--head-units", asked.units, "--epochs", asked.epochs)
            told = run(Path(folder, "run"), (train, *common, *head, *flags))
            line(name, told, f"{paper or ''}", asked.epochs)
        if asked.fine_tuning_epochs:
            told = run(Path(folder, "run"), (train, *common, "--epochs", asked.fine_tuning_epochs))
            line("fine-tuned", told, "96.4", asked.fine_tuning_epochs)


def arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with train.jsonl and dev.jsonl")
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--rows", type=int, default=2000, help="training sentences")
    parser.add_argument("--dev-rows", type=int, default=1_000_000, help="sentences of dev.jsonl that are scored")
    parser.add_argument("--epochs", type=int, default=10, help="of the head")
    parser.add_argument("--fine-tuning-epochs", type=int, default=3, help="0: leave fine-tuning out")
    parser.add_argument("--batch-size", type=int, default=32, help="sentences of a step")
    parser.add_argument("--units", type=int, default=384, help="of each direction of the LSTM")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--seed", type=int, default=42)
    return parser.parse_args()


def first_rows(file: Path, rows: int, into: Path) -> Path:
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)[:rows]
    into.write_text("".join(lines), encoding="utf-8")
    return into


def run(folder: Path, words: tuple[Any, ...]) -> dict[str, Any]:
    """What run.json says of a training."""
    command = [sys.executable, "-m", "bertft", "train", *map(str, words), "-o", str(folder), "--overwrite", "--quiet"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    found: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return found


def line(name: str, told: dict[str, Any], paper: str, epochs: float) -> None:
    timings = told["timings"]
    once, each = timings.get("features", {}).get("seconds", 0.0), timings["train"]["seconds"] / epochs
    score = 100 * told["scores"]["validation"]["value"]
    print(f"| {name} | {score:.1f} | {paper} | {once:.1f} | {each:.1f} |", flush=True)


if __name__ == "__main__":
    main()
