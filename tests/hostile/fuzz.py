"""`make fuzz`: thousands of broken files through train, predict, eval and convert. Every one must end in a right result or in
one plain message, within ten seconds.

    python tests/hostile/fuzz.py --files 10000 --seed 0

A file that ends otherwise is kept in --keep, with the words that were typed and what came of them, and the exit code is 1.
The three small models are opened once, as opening them is not what is tried here; all else runs as in a process of its own.
"""

from __future__ import annotations

import argparse
import faulthandler
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))

import mutations
import seeds
from conftest import build_backbone
from outcome import FAULT, MESSAGE, RIGHT, Outcome, tried
from seeds import SEEDS, Seed

LIMIT = 10.0
"""Seconds for one command on one file."""
REALLY_TRAINED = 0.01
"""Share of the files on which a training step is taken, and not only planned."""
TRAIN_FLAGS: tuple[tuple[str, ...], ...] = (
    *((), (), (), (), (), ("--single-label",), ("--multi-label",), ("--regression",), ("--no-header",)),
    *(("--task", "ner"), ("--task", "qa"), ("--task", "mrpc"), ("--task", "classification"), ("--format", "csv")),
    *(("--label", "label"), ("--text", "text"), ("--encoding", "latin-1"), ("--encoding", "utf-7")),
)
FORMS = ("tokens", "spans", "doccano", "prodigy", "spacy", "label-studio")


@dataclass
class Report:
    """What came of all files."""

    ends: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(command, kind of outcome) -> how often."""
    slowest: float = 0.0
    faults: list[str] = field(default_factory=list)

    def add(self, command: str, found: Outcome) -> None:
        self.ends[command, found.kind] += 1
        self.slowest = max(self.slowest, found.seconds)

    def __str__(self) -> str:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        rows = [
            f"{command:8} {self.ends[command, RIGHT]:7,} right {self.ends[command, MESSAGE]:7,} message "
            f"{self.ends[command, FAULT]:5,} fault"
            for command in ("train", "predict", "eval", "convert")
        ]
        return "\n".join([*rows, f"slowest {self.slowest:.2f} s, memory at most {peak:.2f} GiB"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first file, to see one again")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-faults"))
    asked = parser.parse_args()
    asked.keep = asked.keep.absolute()
    faulthandler.enable()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        os.chdir(folder)
        os.environ.update(HF_HUB_OFFLINE="1", TMPDIR=folder)
        tempfile.tempdir = folder
        report = fuzz(asked, small_models(Path(folder)))
    print(report)
    return 1 if report.faults else 0


def fuzz(asked: argparse.Namespace, models: dict[str, Path]) -> Report:
    report, start = Report(), time.perf_counter()
    for number in range(asked.first, asked.first + asked.files):
        chance = random.Random(f"{asked.seed}-{number}")
        seed = chance.choice(SEEDS)
        file = broken_file(seed, chance)
        for words in commands(file, seed, models, chance):
            found = tried(words, limit=LIMIT)
            report.add(str(words[0]), found)
            if found.kind == FAULT:
                keep(asked.keep, number, file, words, found, report)
        clear_up(file)
        if (number + 1) % 500 == 0:
            print(f"{number + 1:,} files, {time.perf_counter() - start:.0f} s, {len(report.faults)} faults", flush=True)
    return report


def broken_file(seed: Seed, chance: random.Random) -> Path:
    """A sound file, broken in its rows, in its bytes, in its name, or in several of them."""
    rows = seed.rows(chance.randrange(1000))
    while chance.random() < 0.6:
        rows = mutations.in_rows(rows, chance)
    try:
        content = seed.write(rows)
    except Exception:  # such rows have no place in this format; others are broken instead
        content = seed.write(seed.rows(0))
    while chance.random() < 0.5:
        content = mutations.in_bytes(content, chance)
    ending = (
        seed.ending if chance.random() < 0.9 else chance.choice(["csv", "json", "jsonl", "parquet", "conll", "x", "gz"])
    )
    path = Path(f"broken.{ending}" + (".gz" if chance.random() < 0.02 else ""))
    path.write_bytes(content)
    return path


def commands(file: Path, seed: Seed, models: dict[str, Path], chance: random.Random) -> list[list[Any]]:
    """What is typed for this file."""
    model = models[seed.kind] if chance.random() < 0.9 else models[chance.choice([*models])]
    backbone, out = models[seeds.CLASSES].parent / "backbone", chance.choice(["out.jsonl", "out.csv", "out.json"])
    as_words = ["-o", chance.choice([out, "out.conll"]), "--form", chance.choice(FORMS)]
    really = ["--dry-run"] if chance.random() > REALLY_TRAINED else ["--max-steps", 1, "--precision", "fp32"]
    words = [
        ["train", file, "--model", backbone, "-o", "run", "--overwrite", *really, *chance.choice(TRAIN_FLAGS)],
        ["predict", model, file, "-o", out, "--precision", "fp32"],
        ["convert", file, *as_words],
    ]
    return [*words, ["eval", model, file, "--precision", "fp32"]] if chance.random() < 0.5 else words


def small_models(folder: Path) -> dict[str, Path]:
    """A trained run for each kind of task; `open_run` gives each of them from memory from now on."""
    backbone = build_backbone("bert", folder / "backbone")
    models = {}
    for name, rows in (
        (seeds.CLASSES, seeds.reviews),
        (seeds.TAGS, seeds.sentences),
        (seeds.QUESTIONS, seeds.questions),
    ):
        data, models[name] = folder / "train.jsonl", folder / name
        data.write_bytes(seeds.lines([row for seed in range(3) for row in rows(seed)]))
        words = ["train", data, "--model", backbone, "-o", models[name], "--max-steps", 2, "--precision", "fp32"]
        found = tried(words, limit=120)
        assert found.kind == RIGHT, found.said
    _open_once()
    return models


def _open_once() -> None:
    from functools import cache

    from bertft.jobs import opening
    from bertft.jobs.judging import eval as evaluation
    from bertft.jobs.predicting import predict

    predict.open_run = evaluation.open_run = cache(opening.open_run)  # type: ignore[attr-defined]


def keep(folder: Path, number: int, file: Path, words: list[Any], found: Outcome, report: Report) -> None:
    """The file and its story, to be seen again."""
    folder.mkdir(parents=True, exist_ok=True)
    typed = " ".join(map(str, words))
    name = f"{number}-{words[0]}"
    shutil.copy(file, folder / f"{name}.{file.name}")
    (folder / f"{name}.txt").write_text(f"{typed}\n\n{found.said}", "utf-8", "backslashreplace")
    report.faults.append(typed)
    last = next((line for line in reversed(found.said.splitlines()) if line.strip()), "")
    print(
        f"FAULT in file {number}: bertft {typed}\n  {last[:300]}".encode("ascii", "backslashreplace").decode(),
        flush=True,
    )


def clear_up(file: Path) -> None:
    """Nothing is left for the next file; nothing of bertft's own may lie about."""
    for path in (file, *Path().glob("out.*")):
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
