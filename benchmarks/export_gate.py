"""What exporting costs: the gate's table of each kind of task, on public data.

    python benchmarks/export_gate.py DATA_FOLDER [NAME …] [--rows 1000]

Trains minilm for one epoch on a few rows of each data set, exports it with --int8, and prints the gate's table. Scores
are those of such short trainings: what counts is how little the forms differ. Rates say something on an idle machine only."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent

SETS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "sst2": ("sst2/train.csv", "sst2/dev.csv", ()),
    "banking77": ("banking77/train.csv", "banking77/test.csv", ("--epochs", "3")),
    "stsb": ("stsb/train.csv", "stsb/dev.csv", ("--text", "sentence1", "--text-pair", "sentence2")),
    "conll2003": ("conll2003/train.jsonl", "conll2003/dev.jsonl", ()),
    "conll2003-crf": ("conll2003/train.jsonl", "conll2003/dev.jsonl", ("--crf",)),
    "squad": ("squad1_train_subset/train.jsonl", "squad1_dev_nus/dev_orig.jsonl", ()),
}
"""Name -> training file, validation file, further flags."""


def bertft(*words: str) -> str:
    """What a command says on stdout."""
    done = subprocess.run([sys.executable, str(ROOT / "cli.py"), *words], stdout=subprocess.PIPE, text=True)
    if done.returncode not in (0, 2):
        raise SystemExit(f"bertft {' '.join(words)}: exit {done.returncode}")
    return done.stdout if done.returncode == 0 else ""


def gate_of(data: Path, name: str, rows: int, folder: Path) -> dict[str, Any] | None:
    """What `bertft export --int8 --json` says of a short training; None where the gate refused it."""
    train, validation, more = SETS[name]
    run, made = folder / name, folder / f"{name}-int8"
    usual = ("--model", "minilm", "--max-train-rows", str(rows), "--epochs", "1", "--no-refit", "--quiet")
    flags = tuple(word for word in usual if "--epochs" not in more or word not in ("--epochs", "1"))
    bertft("train", str(data / train), "--validation", str(data / validation), *flags, *more, "-o", str(run))
    said = bertft("export", str(run), "--int8", "--max-drop", "100", "--json", "--quiet", "-o", str(made))
    return dict(json.loads(said)) if said else None


def show(name: str, found: dict[str, Any]) -> None:
    sizes = f"{found['bytes_before'] / 1e6:.1f} MB -> {found['bytes_after'] / 1e6:.1f} MB"
    print(f"\n{name}: {found['rows']:,} rows, {sizes}, int8 with {found['units']}")
    print(f"{'form':12} {found['metric']:>14} {'MB':>7} {'rows/s':>8} {'same answers':>13}")
    for one in found["forms"]:
        rate, size = one["examples_per_second"], one["bytes"] / 1e6
        print(f"{one['form']:12} {one['score']:14.4f} {size:7.1f} {rate:8.1f} {one['agreement']:13.2%}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(SETS)}; all without any")
    parser.add_argument("--rows", type=int, default=1000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bertft-gate-") as folder:
        for name in asked.names or SETS:
            if found := gate_of(asked.data, name, asked.rows, Path(folder)):
                show(name, found)
            else:
                print(f"\n{name}: refused")


if __name__ == "__main__":
    main()
