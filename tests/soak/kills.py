"""Kills real training runs (SIGKILL) at random moments, goes on with each, and compares how they end with a run that was left
alone: the same bits, the same history, the same scores. `make soak` runs it; the table says how often, and what was lost."""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))

from conftest import build_backbone
from errands import ERRANDS, course, digest, scores, words_of

from bertft.console import PLAIN_LINES

BERTFT = str(Path(sys.executable).with_name("bertft"))


@dataclass
class Tally:
    """What happened to one errand."""

    name: str
    kills: Counter[str] = field(default_factory=Counter)
    """Where the run was when it was killed -> how often."""
    lost: list[str] = field(default_factory=list)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when nothing was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=3, help="per errand")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--errands", nargs="*", default=list(ERRANDS), choices=list(ERRANDS))
    asked = parser.parse_args(arguments)
    chance = random.Random(asked.seed)
    with tempfile.TemporaryDirectory() as place:
        backbone = build_backbone("bert", Path(place) / "backbone")
        tallies = [soak(name, Path(place), str(backbone), asked.kills, chance) for name in asked.errands]
    for tally in tallies:
        where = ", ".join(f"{times} {place}" for place, times in sorted(tally.kills.items()))
        print(
            f"{tally.name:12} {sum(tally.kills.values()):3} kills ({where}); lost: {'; '.join(tally.lost) or 'nothing'}"
        )
    print(f"{sum(sum(tally.kills.values()) for tally in tallies)} kills in all")
    return 1 if any(tally.lost for tally in tallies) else 0


def soak(name: str, place: Path, backbone: str, kills: int, chance: random.Random) -> Tally:
    """One run left alone and one that is killed so many times."""
    words = [*words_of(name, place, backbone), "--save-steps", "1", "--epochs", "20", "--quiet"]
    whole, parts = place / f"{name}-whole", place / f"{name}-parts"
    run(*words, "-o", str(whole))
    tally = Tally(name)
    while sum(tally.kills.values()) < kills:
        killed_in = kill(words, parts, chance)
        if killed_in == "finished":
            shutil.rmtree(parts)
            continue
        tally.kills[killed_in] += 1
        tally.lost += harm(parts)
    run(*words, "--resume", "-o", str(parts))
    tally.lost += [what for what, same in compared(whole, parts).items() if not same]
    print(f"{name}: {dict(tally.kills)}", file=sys.stderr, flush=True)
    return tally


def kill(words: Sequence[str], run: Path, chance: random.Random) -> str:
    """Go on with the run for a while, then kill it. Where it was."""
    lines, command = count_lines(run), [BERTFT, *words, "--resume", "-o", str(run)]
    if "--refit" in words and (in_refit(run) or chance.random() < 0.3):
        command.remove("--quiet")
        process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE)
        wait_for_refit(process, lines=chance.randint(1, PLAIN_LINES + 1))
        return killed(process, run)
    process = subprocess.Popen(command, start_new_session=True)
    if chance.random() < 0.2:
        time.sleep(chance.uniform(0, 5))
    else:
        while count_lines(run) <= lines and process.poll() is None:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.4))
    return killed(process, run)


def wait_for_refit(process: subprocess.Popen[bytes], *, lines: int) -> None:
    """Until it has said so many lines of its refit, or all it has to say: the history tells nothing of a refit."""
    said = (line for line in process.stderr or () if line.startswith(b"Refit"))
    for _ in islice(said, lines):
        pass


def killed(process: subprocess.Popen[bytes], run: Path) -> str:
    """Kill it. Where it was."""
    with suppress(ProcessLookupError):  # it was faster
        os.killpg(process.pid, signal.SIGKILL)
    ended = process.wait()
    if process.stderr:
        process.stderr.close()
    if ended == 0:
        return "finished"
    assert ended == -signal.SIGKILL, f"exit {ended}"
    return where(run)


def where(run: Path) -> str:
    """By what lies about in the folder."""
    if not (run / "plan.toml").exists():
        return "before there was a run"
    hidden = {entry.name for entry in run.iterdir() if entry.name.startswith(".") and ".lock" not in entry.name}
    if any("landing" in name for name in hidden):
        return "saving the best model"
    if hidden:
        return "saving the state"
    if in_refit(run):
        return "in the refit"
    return "between saves" if (run / "checkpoint").exists() else "before the first state"


def in_refit(run: Path) -> bool:
    return (run / "checkpoint" / "best").is_dir()


def harm(run: Path) -> list[str]:
    """What can no longer be opened in a folder after a kill."""
    from bertft.errors import BertftError
    from bertft.model.folder import read_task
    from bertft.model.network import load_network
    from bertft.system.files import last_whole, settle

    broken: list[str] = []
    if not (run / "bertft.json").exists():
        return broken
    settle(run)
    try:
        if (run / "model.safetensors").exists():
            load_network(str(run), read_task(run).card.kind)
        state = last_whole(run / "checkpoint")
        if state.exists():
            json.loads((state / "state.json").read_text(encoding="utf-8"))
    except (BertftError, ValueError, OSError) as problem:
        broken.append(f"{type(problem).__name__}: {problem}")
    return broken


def compared(whole: Path, parts: Path) -> dict[str, bool]:
    """Whether each of these is the same in both."""
    return {
        "weights": digest(whole) == digest(parts),
        "history": course(whole) == course(parts),
        "scores": scores(whole) == scores(parts),
        "litter": not [entry for entry in parts.iterdir() if entry.name.startswith(".")],
    }


def count_lines(run: Path) -> int:
    """Of its history."""
    try:
        return (run / "history.jsonl").read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0


def run(*words: str) -> None:
    """The installed command, to its end."""
    subprocess.run([BERTFT, *words], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
