"""Throughput and latency of `bertft serve` beside a FastAPI app around `pipeline`, on loopback, in alternating rounds.

    python benchmarks/serve_load.py runs/sst2 --texts dev.csv

Both services run the whole time in the same precision with the same threads; one is asked at a time. All clients share one
process, whose own processor time is told. The defaults take less than four minutes.
"""

from __future__ import annotations

import argparse
import csv
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from serve_clients import Measured, labels, load

HERE = Path(__file__).parent
OURS, BY_HAND = "bertft serve", "FastAPI + pipeline"
STARTS_WITHIN = 180.0
"""Seconds."""


def main() -> None:
    options = arguments()
    texts = texts_of(options.texts, options.column, options.most_texts)
    ports = {OURS: free_port(), BY_HAND: free_port()}
    with services(options, ports) as started:
        agree = labels(ports[OURS], texts[:200]), labels(ports[BY_HAND], texts[:200])
        same = sum(one == two for one, two in zip(*agree, strict=True))
        for port in ports.values():
            load(port, texts, clients=8, seconds=2.0)  # warm
        found = measure(options, ports, started, texts)
    precisions = f"{options.precision} (by hand {by_hand_precision(options)})"
    rounds = f"{options.rounds} rounds of {options.seconds:g} s in turn"
    machine = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"{len(texts):,} texts, {precisions}, {rounds}, {machine}; {same} of {len(agree[0])} labels equal")
    for line in table(found, options.clients):
        print(line)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="run folder of a text classification")
    parser.add_argument("--texts", required=True, help="CSV file")
    parser.add_argument("--column", help="its column of texts; the first by default")
    parser.add_argument("--most-texts", type=int, default=2000)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--seconds", type=float, default=8.0, help="of one measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", choices=("auto", "fp32", "bf16"), default="fp32")
    parser.add_argument("--by-hand-precision", choices=("fp32", "bf16"), help="the same by default; beside auto: fp32")
    parser.add_argument("--threads", type=int, help="of both services; all cores by default")
    parser.add_argument("--options", nargs=argparse.REMAINDER, default=[], help="more flags of bertft serve")
    return parser.parse_args()


def by_hand_precision(options: argparse.Namespace) -> str:
    return str(options.by_hand_precision or ("fp32" if options.precision == "auto" else options.precision))


def texts_of(path: str, column: str | None, most: int) -> list[str]:
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row[column or next(iter(row))] for row in rows[:most]]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def services(options: argparse.Namespace, ports: Mapping[str, int]) -> Iterator[Mapping[str, int]]:
    """Both, until the end, with the numbers of their processes."""
    threads = str(options.threads or os.cpu_count() or 1)
    words = ["serve", options.run, "--port", str(ports[OURS]), "--precision", options.precision, "--threads", threads]
    uvicorn = [
        "-m",
        "uvicorn",
        "--app-dir",
        str(HERE),
        "serve_by_hand:app",
        "--port",
        str(ports[BY_HAND]),
        "--no-access-log",
    ]
    env = {**os.environ, "RUN": options.run, "PRECISION": by_hand_precision(options), "OMP_NUM_THREADS": threads}
    ours = [sys.executable, str(HERE.parent / "cli.py"), *words, *options.options]
    started = [
        subprocess.Popen(words, env=env, stderr=subprocess.DEVNULL) for words in (ours, [sys.executable, *uvicorn])
    ]
    try:
        for port, process in zip(ports.values(), started, strict=True):
            wait_for(port, process)
        yield {side: process.pid for side, process in zip(ports, started, strict=True)}
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health"):
            return
        time.sleep(0.2)
    raise SystemExit(f"{process.args!r} does not answer")


def cpu_of(process: int) -> float:
    """Seconds of processor time so far."""
    times = psutil.Process(process).cpu_times()
    return float(times.user + times.system)


def measure(
    options: argparse.Namespace, ports: Mapping[str, int], started: Mapping[str, int], texts: Sequence[str]
) -> dict[tuple[str, int], Measured]:
    found = {(side, clients): Measured(clients) for side in ports for clients in options.clients}
    for number in range(options.rounds):
        for clients in options.clients:
            for side in list(ports)[:: 1 if number % 2 == 0 else -1]:
                before = cpu_of(started[side])
                one = load(ports[side], texts, clients=clients, seconds=options.seconds)
                one.service_cpu = cpu_of(started[side]) - before
                found[side, clients].add(one)
    return found


def table(found: Mapping[tuple[str, int], Measured], clients: Sequence[int]) -> Iterator[str]:
    yield "| clients | service | answers/s | p50 ms | p99 ms | failed | service's CPU ms each | clients' share of a core |"
    yield "|---|---|---|---|---|---|---|---|"
    for (side, count), one in sorted(found.items(), key=lambda item: (item[0][1], item[0][0] != OURS)):
        numbers = (
            f"{one.rate:.1f} | {one.quantile(0.5):.1f} | {one.quantile(0.99):.1f} | {one.failed} | {one.cpu_each:.2f}"
        )
        yield f"| {count} | {side} | {numbers} | {one.own_cpu / max(one.seconds, 1e-9):.0%} |"
    yield ""
    for count in clients:
        ours, theirs = found[OURS, count], found[BY_HAND, count]
        yield (
            f"{count} clients: {ours.rate / max(theirs.rate, 1e-9):.2f} times the throughput, "
            f"{theirs.cpu_each / ours.cpu_each:.2f} times by processor time; our p99 is "
            f"{ours.quantile(0.99) / theirs.quantile(0.5):.2f} times its p50"
        )


if __name__ == "__main__":
    main()
