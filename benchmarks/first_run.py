"""What does a first run without flags reach, beside cheap baselines, bertft's old default and transformers' Trainer?

    python benchmarks/first_run.py --data DIR --jobs 2
    python benchmarks/first_run.py --data DIR --only sst2 stsb --sizes 100 --seeds 1 --sides tfidf frozen new
    python benchmarks/first_run.py --file tickets train.csv test.csv
    python benchmarks/first_run.py --table

DIR has a folder for each data set (first_run_data.py names the files and columns). A seed draws a random sample of the
training rows; every side gets the same sample and is scored on the same test rows, and holds back from the sample what it
needs for validation. Sides: `tfidf`, `frozen` (logistic or ridge regression, first_run_baselines.py); `new` (this checkout)
and `old` (the commit with the old default), both without flags; `trainer` and `trainer_best` (first_run_trainer.py).

Each run has a process of its own with the same number of threads. Each result is one line of the file --out, written at
once; what stands there is not run again, so that the work can be stopped and goes on.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from first_run_data import DATA_SETS, KINDS, DataSet, in_folder, load, sample
from first_run_sides import OLD_COMMIT, ROOT, SIDES, Cell, WrongGuess, check_code, run_cell
from first_run_table import Key, key_of, read_results, table

LAST = "imdb"
"""Long documents take most of the time."""


def main() -> None:
    words = read_words()
    if words.table:
        print(table(read_results(words.out), words.label))
        return
    sets = chosen_sets(words)
    try:
        with FileLock(f"{words.out}.lock", timeout=0):
            failed = run_all(cells_to_run(words, sets), words)
    except Timeout:
        sys.exit(f"Another run writes to {words.out}: wait for it, or name another file with --out.")
    print(table(read_results(words.out), words.label))
    sys.exit(f"{failed} runs failed; the same command tries them again." if failed else 0)


def read_words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with the data sets")
    parser.add_argument("--file", nargs=3, action="append", default=[], metavar=("NAME", "TRAIN", "TEST"))
    parser.add_argument("--task", choices=KINDS, help="of --file; default: found from its columns")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="of the data sets; default: all")
    parser.add_argument("--sizes", type=int, nargs="+", help="training rows; default: by data set")
    parser.add_argument("--seeds", type=int, nargs="+", help="default: 1 2 3, at 100 and 3,000 rows 1 to 5")
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=SIDES)
    parser.add_argument(
        "--label", default="new", help="a name for this checkout, kept with the results of the side `new`"
    )
    parser.add_argument("--jobs", type=int, default=1, help="runs side by side")
    parser.add_argument("--threads", type=int, default=1, help="of each run")
    parser.add_argument("--out", type=Path, default=Path("first_run.jsonl"))
    parser.add_argument("--table", action="store_true", help="print the table of what --out holds, and stop")
    words = parser.parse_args()
    if not words.table and not words.data and not words.file:
        parser.error("name the folder of the data sets with --data, or files of your own with --file")
    return words


def chosen_sets(words: argparse.Namespace) -> list[DataSet]:
    """The data sets, then the user's files."""
    own = [DataSet(name, Path(train).resolve(), Path(test).resolve(), words.task) for name, train, test in words.file]
    sets = [in_folder(data, words.data.resolve()) for data in DATA_SETS if words.data]
    if unknown := set(words.only or ()) - {data.name for data in sets}:
        sys.exit(
            f"No data set {', '.join(sorted(unknown))}; known with --data: {', '.join(d.name for d in DATA_SETS)}."
        )
    return [data for data in sets if not words.only or data.name in words.only] + [fitted(data) for data in own]


def fitted(data: DataSet) -> DataSet:
    """A file of the user's may have fewer rows than a size asks for: then all of them are taken."""
    rows = len(load(data).train)
    return replace(data, sizes=tuple({min(size, rows): seeds for size, seeds in data.sizes}.items()))


def cells_to_run(words: argparse.Namespace, sets: list[DataSet]) -> list[Cell]:
    """Those without a result, cheap sides first, small sizes first, long documents last."""
    done = {key_of(result) for result in read_results(words.out)}
    cells = []
    for data in sets:
        for size, seeds in [(size, 3) for size in words.sizes] if words.sizes else data.sizes:
            seeds = dict(data.sizes).get(size, seeds)
            for seed in words.seeds or range(1, seeds + 1):
                cells += [Cell(data, size, seed, side) for side in words.sides]
    cells = [cell for cell in cells if key(cell, words.label) not in done]
    possible = {(cell.data, cell.rows): is_possible(cell) for cell in cells}
    cells = [cell for cell in cells if possible[cell.data, cell.rows]]
    return sorted(cells, key=lambda c: (c.data.name == LAST, SIDES.index(c.side), c.rows, sets.index(c.data), c.seed))


def is_possible(cell: Cell) -> bool:
    """Whether the file has the rows, and the rows have room for all labels; if not, it is said."""
    loaded = load(cell.data)
    try:
        if cell.rows > len(loaded.train):
            raise ValueError(f"the file has {len(loaded.train):,} rows")
        sample(loaded.train, cell.rows, 1)
    except ValueError as problem:
        print(f"Left out: {cell.data.name} with {cell.rows:,} rows: {problem}.", file=sys.stderr)
        return False
    return True


def key(cell: Cell, label: str) -> Key:
    return cell.data.name, cell.rows, cell.seed, cell.side, label if cell.side == "new" else ""


def run_all(cells: list[Cell], words: argparse.Namespace) -> int:
    """Run them and write each result as it comes; the number of runs that failed."""
    if cells:
        check_code(words.sides)
    same = {"machine": machine(), "threads": words.threads, "jobs": words.jobs, "versions": versions()}
    failed = 0
    pool = ThreadPoolExecutor(words.jobs)
    waiting = {pool.submit(run_cell, cell, words.threads): cell for cell in cells}
    try:
        for count, future in enumerate(as_completed(waiting), 1):
            cell = waiting[future]
            named = dict(zip(("data", "rows", "seed", "side", "label"), key(cell, words.label), strict=True))
            try:
                result = named | future.result() | {"commit": commit_of(cell.side)} | same
            except (RuntimeError, OSError, KeyError, ValueError) as problem:
                failed += 1
                print(f"{count}/{len(cells)} {named}: failed: {problem!r}", file=sys.stderr, flush=True)
                continue
            append(words.out, result)
            said = " ".join(str(value) for value in named.values())
            print(
                f"{count}/{len(cells)} {said}: {result['score']:.4f}, {result['seconds']} s",
                file=sys.stderr,
                flush=True,
            )
    except WrongGuess as problem:
        sys.exit(str(problem))
    finally:
        pool.shutdown(cancel_futures=True)
    return failed


def append(file: Path, result: dict[str, Any]) -> None:
    """One line, after the end of a line that an interruption may have cut."""
    cut = file.exists() and file.stat().st_size and not file.read_bytes().endswith(b"\n")
    with file.open("a", encoding="utf-8") as out:
        out.write(("\n" if cut else "") + json.dumps(result, ensure_ascii=False) + "\n")
        out.flush()


def commit_of(side: str) -> str:
    if side == "old":
        return OLD_COMMIT
    words = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True).stdout.strip() or "unknown"


def machine() -> dict[str, bool]:
    """What decides between bf16 and fp32, and their speed. Linux only; all False elsewhere."""
    try:
        flags = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    except OSError:
        flags = set()
    wanted: Iterable[tuple[str, str]] = (("avx512_bf16",) * 2, ("amx", "amx_bf16"), ("vnni", "avx512_vnni"))
    return {name: flag in flags for name, flag in wanted}


def versions() -> dict[str, str]:
    return {name: version(name) for name in ("torch", "transformers", "scikit-learn")}


if __name__ == "__main__":
    main()
