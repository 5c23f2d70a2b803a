"""What threads and their waiting cost, on an idle machine and beside programs that keep the cores busy.

    python benchmarks/threads.py --rounds 3

Each round trains the embedded backbone for a few steps on made-up texts in every way, one after the other, so that what else
happens on the machine meets all ways alike. `spin` is how libgomp waits by default, `short` spins for some microseconds,
`passive` sleeps at once. Prints milliseconds a step: the median, and all rounds."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from speed_text import Wish, make_texts

from bertft.model.backbone import find_backbone
from bertft.system.cores import SPIN_SETTINGS, THREAD_SETTINGS, usable_cores

WAYS = {
    "spin": {"GOMP_SPINCOUNT": "300000"},
    "short": {"GOMP_SPINCOUNT": "1000"},
    "passive": {"OMP_WAIT_POLICY": "PASSIVE"},
}
BURN = "import time\nend = time.monotonic() + {seconds}\nwhile time.monotonic() < end: pass"
BATCH = 32


def main() -> None:
    words = read_words()
    found: dict[tuple[int, int, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "texts.csv"
        rows = (words.steps + 2) * BATCH
        make_texts(str(data), str(find_backbone("minilm").path), Wish(rows, words.length, 128, seed=1))
        for number in range(words.rounds):
            for burners in words.burners:
                for threads in words.threads:
                    for way in WAYS if threads > 1 else ("passive",):
                        with busy_cores(burners, words.longest):
                            taken = milliseconds(data, threads, way, words)
                        found.setdefault((burners, threads, way), []).append(taken)
                        print(
                            f"round {number + 1}: {said(burners, threads, way)}{taken:9.1f}",
                            file=sys.stderr,
                            flush=True,
                        )
    print(f"{'busy beside':>11}{'threads':>9}  {'waiting':<9}{'ms a step':>9}   all rounds")
    for (burners, threads, way), times in found.items():
        every = " ".join(f"{taken:.0f}" for taken in times)
        print(f"{said(burners, threads, way)}{statistics.median(times):9.1f}   {every}")


def read_words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--length", type=float, default=25, help="Tokens of a text, on average.")
    parser.add_argument("--threads", type=int, nargs="+", default=sorted({1, usable_cores()}))
    parser.add_argument("--burners", type=int, nargs="+", default=[0, 1], help="Programs that burn a core each.")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--longest", type=int, default=180, help="Seconds after which a way is given up.")
    return parser.parse_args()


def said(burners: int, threads: int, way: str) -> str:
    return f"{burners:>11}{threads:>9}  {way if threads > 1 else '-':<9}"


@contextmanager
def busy_cores(count: int, seconds: int) -> Iterator[None]:
    """So many programs that burn a core each; they end by themselves, whatever becomes of this one."""
    burning = [subprocess.Popen([sys.executable, "-c", BURN.format(seconds=seconds)]) for _ in range(count)]
    try:
        yield
    finally:
        for process in burning:
            process.kill()
            process.wait()


def milliseconds(data: Path, threads: int, way: str, words: argparse.Namespace) -> float:
    """Of a training step; infinity where it took too long."""
    run = data.parent / "run"
    command = [sys.executable, "-m", "bertft", "train", data, "--model", "minilm", "-o", run, "--overwrite", "--quiet"]
    steps = ["--max-steps", words.steps, "--batch-size", BATCH, "--precision", words.precision, "--threads", threads]
    env = {name: value for name, value in os.environ.items() if name not in (*SPIN_SETTINGS, *THREAD_SETTINGS)}
    try:
        subprocess.run(
            [*map(str, [*command, *steps])],
            env={**env, **WAYS[way]},
            check=True,
            timeout=words.longest,
            stdout=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return float("inf")
    timings = json.loads((run / "run.json").read_text(encoding="utf-8"))["timings"]
    return float(timings["train"]["seconds"]) * 1000 / words.steps


if __name__ == "__main__":
    main()
