"""From the command to the first answer: `bertft predict` of one line, from the start of the process to its end.

    python benchmarks/first_answer.py RUN --rounds 5
    python benchmarks/first_answer.py RUN --rounds 5 --before ../other-checkout

With --before the two checkouts take turns, and the ratio of the medians is shown. Run nothing else meanwhile. The
seconds of a processor, which stand beside, suffer less from other programs."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

HERE = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="run folder")
    parser.add_argument("--text", default="text", help="the column that the run reads")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--before", help="another checkout of bertft, to compare with")
    words = parser.parse_args()
    trees = [HERE, *([Path(words.before)] if words.before else [])]
    found: dict[Path, list[tuple[float, float]]] = {tree: [] for tree in trees}
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder) / "one.csv"
        asked.write_text(f"{words.text}\na charming and often affecting journey\n", encoding="utf-8")
        for number in range(words.rounds + 1):
            for tree in trees:
                once = seconds_of(tree, [words.run, str(asked), "-o", str(asked.with_name(f"{number}.csv"))])
                found[tree] += [once] if number else []  # the first reads the files from the disk
                asked.with_name(f"{number}.csv").unlink()
    medians = {tree: [median(times) for times in zip(*found[tree], strict=True)] for tree in trees}
    for tree, (seconds, busy) in medians.items():
        print(f"{tree}: {seconds:.2f} s from the command to its end, {busy:.2f} s of a processor")
    if words.before:
        (now, busy), (before, busy_before) = medians[HERE], medians[trees[1]]
        print(f"here / there: {now / before:.2f} of the seconds, {busy / busy_before:.2f} of the processor's")


def seconds_of(tree: Path, words: list[str]) -> tuple[float, float]:
    """Of one command, by the clock and of the processor."""
    command = [sys.executable, "-m", "bertft", "predict", *map(os.path.abspath, words[:2]), *words[2:], "--quiet"]
    started = time.perf_counter()
    child = subprocess.Popen(command, cwd=tree, env={**os.environ, "PYTHONPATH": str(tree.resolve())})
    _, status, usage = os.wait4(child.pid, 0)
    if os.waitstatus_to_exitcode(status):
        sys.exit("The command failed.")
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
