"""Eight rows of each class: bertft without flags, with --few-shot, frozen features, and the package `setfit`.

    python benchmarks/few_shot.py --data DIR --draws 10
    python benchmarks/few_shot.py --data DIR --draws 10 --setfit-python OTHER/bin/python

Every side gets the same rows of a draw and is scored on the same test rows. `setfit` 1.2 needs transformers below 5, so it
runs in a Python of its own (pip install setfit 'transformers<5'); without --setfit-python it is left out.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from statistics import mean, stdev

from first_run_data import CLASSES, DATA_SETS, DataSet, Loaded, Row, in_folder, load, write
from first_run_scores import score_of
from first_run_sides import MODEL, ROOT, environment, timed

from bertft.model.backbone import find_backbone

SIDES = {"default": ("--no-few-shot",), "few_shot": ("--few-shot",)}
"""Of bertft, with their flags."""

BASELINES = "first_run_baselines.py"


def main() -> None:
    words = read_words()
    sides = [*SIDES, "frozen", *(["setfit"] if words.setfit_python else [])]
    for data in (in_folder(one, words.data) for one in DATA_SETS if one.name in words.only):
        found = defaultdict(list)
        for draw in range(1, words.draws + 1):
            train = few_rows(data, words.per_class, draw)
            for side in sides:
                score, seconds = run_side(side, data, train, draw, words)
                found[side].append(score)
                print(f"{data.name} draw {draw} {side}: {score:.4f}, {seconds:.0f} s", file=sys.stderr, flush=True)
        shown = (f"{side} {100 * mean(f):.1f} ± {100 * stdev(f) if len(f) > 1 else 0:.1f}" for side, f in found.items())
        print(f"{data.name}, {words.per_class} of each class, {words.draws} draws: {'; '.join(shown)}", flush=True)


def read_words() -> argparse.Namespace:
    known = [data.name for data in DATA_SETS if data.kind == CLASSES and data.name not in ("mrpc", "rte")]  # pairs
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the data sets")
    parser.add_argument("--only", nargs="+", choices=known, default=["sst2", "banking77"])
    parser.add_argument("--per-class", type=int, default=8)
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--setfit-python", type=Path, help="a Python that can import setfit")
    return parser.parse_args()


def few_rows(data: DataSet, per_class: int, draw: int) -> list[Row]:
    """So many random rows of each class, shuffled."""
    chance, found = random.Random(draw), defaultdict(list)
    rows = load(data).train
    for row in chance.sample(rows, len(rows)):
        if len(found[row.gold]) < per_class:
            found[row.gold].append(row)
    chosen = [row for group in found.values() for row in group]
    return chance.sample(chosen, len(chosen))


def run_side(side: str, data: DataSet, train: list[Row], seed: int, words: argparse.Namespace) -> tuple[float, float]:
    """Score on the test rows, and wall seconds from start to predicted rows."""
    run = run_bertft if side in SIDES else run_other
    with tempfile.TemporaryDirectory() as folder:
        return run(side, load(data), train, seed, Path(folder), words)


def run_bertft(
    side: str, loaded: Loaded, train: list[Row], seed: int, folder: Path, words: argparse.Namespace
) -> tuple[float, float]:
    files = [write(rows, CLASSES, folder / name).name for rows, name in ((train, "train"), (loaded.test, "test"))]
    command = [sys.executable, "-m", "bertft", "train", files[0], "--test", files[1], "--model", MODEL]
    command += ["--seed", str(seed), "-o", "run", "--json", "-q", *SIDES[side]]
    said, seconds = timed(command, folder, environment(ROOT, words.threads))
    return float(json.loads(said)["scores"]["test"]["values"][loaded.metric]), seconds


def run_other(
    side: str, loaded: Loaded, train: list[Row], seed: int, folder: Path, words: argparse.Namespace
) -> tuple[float, float]:
    work = {"kind": CLASSES, "metric": loaded.metric, "seed": seed, "train": [asdict(row) for row in train]}
    work |= {"test": [row.texts for row in loaded.test], "backbone": find_backbone(MODEL).path}
    (folder / "work.json").write_text(json.dumps(work), encoding="utf-8")
    script, python = ("few_shot_setfit.py", words.setfit_python) if side == "setfit" else (BASELINES, sys.executable)
    command = [
        str(python),
        str(Path(__file__).with_name(script)),
        *([side] if script == BASELINES else []),
        str(folder),
    ]
    env = environment(ROOT, words.threads)
    _, seconds = timed(command, folder, {**env, "PYTHONPATH": ""} if side == "setfit" else env)
    predicted = json.loads((folder / "predicted.json").read_text(encoding="utf-8"))
    return score_of(loaded.metric, [row.gold for row in loaded.test], predicted), seconds


if __name__ == "__main__":
    main()
