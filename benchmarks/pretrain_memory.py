"""How much memory `bertft pretrain` takes on a corpus of many short lines, which it writes first: the peak of the whole command.

python benchmarks/pretrain_memory.py --lines 10000000 [--model minilm] [--folder DIR]
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORDS = [
    *(
        "the",
        "a",
        "of",
        "to",
        "and",
        "in",
        "on",
        "with",
        "from",
        "new",
        "old",
        "good",
        "bad",
        "small",
        "large",
        "time",
        "year",
    ),
    *("people", "way", "day", "thing", "man", "world", "life", "hand"),
]
BATCH = 100_000


def write_lines(path: Path, lines: int) -> None:
    """Of 4 to 14 words and a number, each a document."""
    chance = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        for start in range(0, lines, BATCH):
            some = range(start, min(start + BATCH, lines))
            file.writelines(f"{' '.join(chance.choices(WORDS, k=chance.randint(4, 14)))} {number}\n" for number in some)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--folder", help="Where to put the corpus and the run; a temporary folder if left out.")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        corpus, run = Path(folder) / "corpus.txt", Path(folder) / "run"
        write_lines(corpus, asked.lines)
        held = Path(folder) / "held.txt"
        write_lines(held, 500)
        words = ["pretrain", corpus, "--validation", held, "--model", asked.model, "--max-steps", 20, "-o", run]
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "bertft", *map(str, words)], check=True)
        seconds = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6  # KiB on Linux
        print(
            f"{asked.lines:,} lines, {corpus.stat().st_size / 1e6:,.0f} MB: {peak:.2f} GB at the peak, {seconds:,.0f} s"
        )


if __name__ == "__main__":
    main()
