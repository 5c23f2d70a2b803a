"""One cell of the first-run table: a side trains on the sampled rows, in a process of its own, and is scored on the test rows.

bertft's sides run the command and report the scores that it prints. The other sides get the training rows and the test
texts without their answers, and hand back what they predict; scikit-learn, scipy and seqeval score it here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from first_run_data import CLASSES, LABELS, NUMBER, TAGS, DataSet, Row, load, sample, write
from first_run_scores import score_of

ROOT = Path(__file__).resolve().parent.parent
MODEL = "minilm"
OLD_COMMIT = "2093268"
SIDES = ("tfidf", "frozen", "new", "old", "trainer_best", "trainer")
"""In the order of the work: cheap ones first."""

PLANNED = {
    CLASSES: ("text-classification", "single-label"),
    LABELS: ("text-classification", "multi-label"),
    NUMBER: ("text-classification", "regression"),
    TAGS: ("token-classification", None),
}
"""What bertft must have guessed."""

IN_BERTFT = {"entity_f1": "f1_lenient"}
"""Its name of the metric where it differs: seqeval's default mode."""


class WrongGuess(Exception):
    """bertft took the file for another task: its score would mean nothing, so the whole run stops."""


@dataclass(frozen=True)
class Cell:
    """One run of one side."""

    data: DataSet
    rows: int
    seed: int
    side: str


def run_cell(cell: Cell, threads: int) -> dict[str, Any]:
    """Score and whole wall seconds of the process, from start to predicted test rows."""
    loaded = load(cell.data)
    train = sample(loaded.train, cell.rows, cell.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = run_bertft if cell.side in ("old", "new") else run_other
        score, seconds = run(cell, loaded.kind, loaded.metric, train, loaded.test, folder, threads)
    return {
        "score": round(score, 6),
        "seconds": round(seconds, 1),
        "metric": loaded.metric,
        "test_rows": len(loaded.test),
    }


def run_bertft(
    cell: Cell, kind: str, metric: str, train: list[Row], test: list[Row], folder: Path, threads: int
) -> tuple[float, float]:
    """The command, as a newcomer types it: no flag but the backbone, the test file, the seed and where to write."""
    files = [write(rows, kind, folder / name).name for rows, name in ((train, "train"), (test, "test"))]
    command = [sys.executable, "-m", "bertft", "train", files[0], "--test", files[1], "--model", MODEL]
    command += ["--seed", str(cell.seed), "-o", "run", "--json", "-q"]
    said, seconds = timed(command, folder, environment(code_of(cell.side), threads))
    plan = tomllib.loads((folder / "run/plan.toml").read_text(encoding="utf-8"))
    guessed = (plan["task"]["kind"], plan["task"].get("problem"))
    pair = plan["data"]["fields"].get("text_pair") is not None
    if guessed != PLANNED[kind] or pair != (kind != TAGS and len(train[0].texts) == 2):
        raise WrongGuess(f"{cell.data.name}: bertft guessed {guessed}, columns {plan['data']['fields']}, not {kind}.")
    return float(json.loads(said)["scores"]["test"]["values"][IN_BERTFT.get(metric, metric)]), seconds


def run_other(
    cell: Cell, kind: str, metric: str, train: list[Row], test: list[Row], folder: Path, threads: int
) -> tuple[float, float]:
    work = {"kind": kind, "metric": metric, "seed": cell.seed, "train": [asdict(row) for row in train]}
    work["test"] = [row.texts for row in test]
    (folder / "work.json").write_text(json.dumps(work), encoding="utf-8")
    script = "first_run_baselines.py" if cell.side in ("tfidf", "frozen") else "first_run_trainer.py"
    command = [sys.executable, str(Path(__file__).with_name(script)), cell.side, str(folder)]
    _, seconds = timed(command, folder, environment(ROOT, threads))
    predicted = json.loads((folder / "predicted.json").read_text(encoding="utf-8"))
    return score_of(metric, [row.gold for row in test], predicted), seconds


def timed(command: list[str], folder: Path, env: dict[str, str]) -> tuple[str, float]:
    """What it prints to stdout, and wall seconds. RuntimeError with the end of stderr where it fails."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, encoding="utf-8")
    seconds = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(f"exit {done.returncode}: {done.stderr.strip()[-1500:]}")
    return done.stdout, seconds


def environment(code: Path, threads: int) -> dict[str, str]:
    """bertft is imported from `code`; every library has the same number of threads."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")
    offline = {"HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore"}
    return {**os.environ, **dict.fromkeys(names, str(threads)), **offline, "PYTHONPATH": str(code)}


def code_of(side: str) -> Path:
    """This checkout, or the commit with the old default, exported once into the cache."""
    if side == "new":
        return ROOT
    folder = Path(tempfile.gettempdir(), f"bertft-first-run-{os.getuid()}-{OLD_COMMIT}")
    if not folder.is_dir():
        archive = subprocess.run(["git", "archive", OLD_COMMIT], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
        partial = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=folder.parent))
        with tarfile.open(fileobj=BytesIO(archive)) as tar:
            tar.extractall(partial, filter="data")
        partial.rename(folder)
    return folder


def check_code(sides: Sequence[str]) -> None:
    """Stop unless Python imports each side's own bertft, whatever is installed."""
    for side in {"old", "new"} & set(sides):
        code = code_of(side)
        words = [sys.executable, "-c", "import bertft; print(bertft.__file__)"]
        said, _ = timed(words, Path(tempfile.gettempdir()), environment(code, 1))
        if not Path(said.strip()).is_relative_to(code):
            sys.exit(f"The side '{side}' would import bertft from {said.strip()}, not from {code}.")
