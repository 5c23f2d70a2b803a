"""The CoNLL shared tasks' way of counting phrases, written anew after its published rules (conlleval, 2004): an oracle for files.

The last column is the guess, the last but one the gold; cells are parted by tabs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ENDS = {("B", "B"), ("B", "O"), ("I", "B"), ("I", "O"), ("E", "E"), ("E", "I"), ("E", "O")}
STARTS = {("B", "B"), ("I", "B"), ("O", "B"), ("O", "I"), ("E", "E"), ("E", "I"), ("O", "E")}


@dataclass
class Counts:
    """Phrases of a file."""

    gold: int = 0
    guessed: int = 0
    right: int = 0

    @property
    def f1(self) -> float:
        return 200 * self.right / (self.gold + self.guessed) if self.gold + self.guessed else 0.0


def conlleval(path: Path) -> Counts:
    counts, inside = Counts(), False
    gold_before = guess_before = ("O", "")
    for line in [*path.read_text(encoding="utf-8").split("\n"), ""]:
        cells = line.split("\t") if line.strip() else ["boundary", "O", "O"]
        gold, guess = parted(cells[-2]), parted(cells[-1])
        ends = [ended(gold_before, gold), ended(guess_before, guess)]
        if inside and all(ends) and gold_before[1] == guess_before[1]:
            counts.right, inside = counts.right + 1, False
        elif inside and (ends[0] != ends[1] or gold[1] != guess[1]):
            inside = False
        starts = [started(gold_before, gold), started(guess_before, guess)]
        inside = inside or (all(starts) and gold[1] == guess[1])
        counts.gold += starts[0]
        counts.guessed += starts[1]
        gold_before, guess_before = gold, guess
    return counts


def parted(tag: str) -> tuple[str, str]:
    mark, dash, kind = tag.partition("-")
    return (mark, kind) if dash else (tag, "")


def ended(before: tuple[str, str], now: tuple[str, str]) -> bool:
    return (before[0], now[0]) in ENDS or (before[0] not in ("O", ".") and before[1] != now[1])


def started(before: tuple[str, str], now: tuple[str, str]) -> bool:
    return (before[0], now[0]) in STARTS or (now[0] not in ("O", ".") and before[1] != now[1])
