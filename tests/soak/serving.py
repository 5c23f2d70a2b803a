"""A service under load for an hour: its memory stays where it is, hostile clients harm nobody else, and when it is killed and
started again each request ends with the right answer or with an error. `make soak-serve` runs it."""

from __future__ import annotations

import argparse
import json
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event, Thread

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))

from conftest import build_backbone, sentiment, texts, write_csv
from hostile_clients import ATTACKS

BERTFT = [sys.executable, str(Path(__file__).parents[2] / "cli.py")]
CLIENTS = 6
STEADY = 0.8
"""Share of the time before the first kill, in which memory is watched."""
WARM = 0.25
"""Share of the steady time after which memory must not grow."""
WARM_ROUNDS = 12
"""Of all attacks, before memory is watched."""
MOST_GROWTH = 32
"""Megabytes."""
ATTACK_EVERY, KILL_EVERY, LOOK_EVERY = 3.0, 20.0, 5.0
"""Seconds."""
HANGS = 120.0
"""Seconds after which a request is lost: neither answer nor error."""


@dataclass
class Outcomes:
    """What became of the requests of clients that behave."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where nothing was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pause", type=float, default=0.0, help="seconds a client waits before it asks again")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as place:
        return soak(trained(Path(place)), 60 * asked.minutes, asked.pause, random.Random(asked.seed))


def trained(place: Path) -> Path:
    backbone = build_backbone("bert", place / "backbone")
    rows = [(text, sentiment(text)) for text in texts(120)]
    data = write_csv(place / "train.csv", ["text", "label"], rows)
    words = ["--model", str(backbone), "--max-steps", "4", "--no-refit", "--quiet", "-o", str(place / "run")]
    subprocess.run([*BERTFT, "train", str(data), *words], check=True)
    return place / "run"


def soak(run: Path, seconds: float, pause: float, chance: random.Random) -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    process, stopped, outcomes = start(run, port), Event(), Outcomes()
    rights = {text: ask(HTTPConnection("127.0.0.1", port), text) for text in texts(50, seed=3, longest=40)}
    clients = [
        Thread(target=behave, args=(port, rights, outcomes, stopped, pause, number)) for number in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    for attack in [*ATTACKS] * WARM_ROUNDS:  # large batches take memory that is kept for the next ones
        for one in attack(port):
            one.close()
    attacks, memory = watched(process, port, STEADY * seconds, chance)
    kills = 0
    end = time.monotonic() + (1 - STEADY) * seconds
    while time.monotonic() < end:
        time.sleep(min(KILL_EVERY, max(end - time.monotonic(), 0)) * chance.random())
        process.send_signal(chance.choice([signal.SIGKILL, signal.SIGTERM]))
        process.wait()
        process, kills = start(run, port), kills + 1
    stopped.set()
    for client in clients:
        client.join()
    process.terminate()
    process.wait()
    return told(outcomes, attacks, memory, kills)


def start(run: Path, port: int) -> subprocess.Popen[str]:
    words = ["serve", str(run), "--port", str(port), "--precision", "fp32", "--stop-timeout", "20"]
    process = subprocess.Popen([*BERTFT, *words], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    next(line for line in process.stderr if "Serving" in line)
    Thread(target=process.stderr.read, daemon=True).start()
    return process


def ask(connection: HTTPConnection, text: str) -> tuple[str, float]:
    """Label and probability; HTTPException for another status."""
    connection.request("POST", "/predict", json.dumps({"inputs": text}), {"Content-Type": "application/json"})
    reply = connection.getresponse()
    found = json.loads(reply.read())
    if reply.status != 200:
        raise HTTPException(f"status {reply.status}")
    return found[0]["label"], found[0]["score"]


def behave(
    port: int, rights: dict[str, tuple[str, float]], outcomes: Outcomes, stopped: Event, pause: float, number: int
) -> None:
    """One text after the other, as fast as they are answered or with a pause between."""
    chance, connection = random.Random(number), HTTPConnection("127.0.0.1", port, timeout=HANGS)
    while not stopped.wait(pause):
        text = chance.choice(list(rights))
        try:
            label, score = ask(connection, text)
            if label != rights[text][0] or abs(score - rights[text][1]) > 1e-4:
                outcomes.wrong.append(f"'{text}': {label} {score}, not {rights[text]}")
            outcomes.counts["answered"] += 1
        except TimeoutError:
            outcomes.wrong.append(f"'{text}': neither answer nor error in {HANGS:.0f} s")
            connection.close()
        except (OSError, HTTPException, ValueError) as problem:
            outcomes.counts[type(problem).__name__] += 1
            connection.close()
            time.sleep(0.05)


def watched(
    process: subprocess.Popen[str], port: int, seconds: float, chance: random.Random
) -> tuple[Counter[str], list[tuple[float, float]]]:
    """Attacks by name, and megabytes by time. What they hold open is held for a while."""
    begun, looked, held = time.monotonic(), 0.0, list[list[socket.socket]]()
    attacks, memory = Counter[str](), list[tuple[float, float]]()
    while (now := time.monotonic() - begun) < seconds:
        attack = chance.choice(ATTACKS)
        with suppress(OSError):
            held.append(attack(port))
        attacks[attack.__name__] += 1
        for one in held.pop(0) if len(held) > 10 else ():
            one.close()
        if now - looked >= LOOK_EVERY or not memory:
            looked = now
            memory.append((now, psutil.Process(process.pid).memory_info().rss / 2**20))
        time.sleep(ATTACK_EVERY * chance.random())
    return attacks, memory


def told(outcomes: Outcomes, attacks: Counter[str], memory: list[tuple[float, float]], kills: int) -> int:
    """Prints what happened."""
    warm = [size for when, size in memory if when >= WARM * memory[-1][0]]
    step = max(len(memory) // 12, 1)
    print("minutes: MB  " + "  ".join(f"{when / 60:.1f}: {size:.0f}" for when, size in memory[::step]))
    print(f"memory after warming up: {warm[0]:.0f} MB at first, {warm[-1]:.0f} at last, {max(warm):.0f} at most")
    print(
        f"{sum(attacks.values())} attacks: " + ", ".join(f"{count} {name}" for name, count in sorted(attacks.items()))
    )
    print(f"{kills} kills and restarts; requests: " + ", ".join(f"{n:,} {name}" for name, n in outcomes.counts.items()))
    for line in outcomes.wrong[:10]:
        print(f"WRONG {line}")
    grows = warm[-1] - warm[0] > MOST_GROWTH
    print(f"{len(outcomes.wrong)} wrong or lost; memory {'grows' if grows else 'is steady'}")
    return 1 if outcomes.wrong or grows else 0


if __name__ == "__main__":
    sys.exit(main())
