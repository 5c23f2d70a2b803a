"""How many of the near repeats that comparing every pair finds `bertft check` finds too, and how much faster.

    python benchmarks/near_repeats.py --data sms.csv --text text --rows 5000

A row nearly repeats an earlier one if nine letters of ten need no edit, or if both are under five words and have the same ones;
exact repeats are another finding."""

from __future__ import annotations

import argparse
import random
import time

import numpy as np
from rapidfuzz import fuzz, process

from bertft.checking import near
from bertft.checking.near import ALIKE, FEW_WORDS, longest_compared, near_pairs, words_of
from bertft.checking.numbers import normal
from bertft.reading import read_table

CHUNK = 500


def texts_in(path: str, columns: list[str], rows: int, seed: int) -> list[str]:
    """The texts of so many rows, by lot."""
    table = read_table(path)
    places = sorted(random.Random(seed).sample(range(len(table)), min(rows, len(table))))
    found = [table[place].fields for place in places]
    return [" ".join(str(fields.get(column) or "") for column in columns) for fields in found]


def all_pairs(texts: list[str]) -> set[int]:
    """Rows that nearly repeat an earlier one and are no exact repeat, by comparing each with all before it."""
    bare = [normal(text) for text in texts]
    near = set()
    for start in range(0, len(bare), CHUNK):
        part = bare[start : start + CHUNK]
        alike = process.cdist(part, bare[: start + len(part)], scorer=fuzz.ratio, score_cutoff=ALIKE, dtype=np.float32)
        for row, column in zip(*np.nonzero(alike), strict=True):
            if column < start + row and bare[column] != part[row]:
                near.add(start + int(row))
    seen: set[str] = set()
    sets: set[frozenset[str]] = set()
    for row, text in enumerate(bare):
        if len(words := words_of(text)) < FEW_WORDS:
            near |= {row} if frozenset(words) in sets else set()
            sets.add(frozenset(words))
    exact = {row for row, text in enumerate(bare) if text in seen or seen.add(text)}  # type: ignore[func-returns-value]
    return near - exact


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--data", required=True)
    words.add_argument("--text", action="append", required=True, help="Column; repeat it to join several.")
    words.add_argument("--rows", type=int, default=5000)
    words.add_argument("--seed", type=int, default=0)
    words.add_argument(
        "--minhash", action="store_true", help="As for a file so large that no pairs can be compared at once."
    )
    asked = words.parse_args()
    if asked.minhash:
        near.MOST_WORK = 0
    texts = texts_in(asked.data, asked.text, asked.rows, asked.seed)
    began = time.process_time()
    found = {row for row, _ in near_pairs(texts, [None] * len(texts))}
    middle = time.process_time()
    wanted = all_pairs(texts)
    ended = time.process_time()
    both = len(found & wanted)
    print(f"{len(texts):,} rows; every pair finds {len(wanted):,}, check {len(found):,}, both {both:,};", end=" ")
    print(f"recall {both / max(len(wanted), 1):.1%}, precision {both / max(len(found), 1):.1%}")
    pieces = longest_compared([len(text) for text in set(map(normal, texts))]) < max(map(len, texts))
    print("with MinHash for the longer ones" if pieces else "every pair was compared")
    print(f"check {middle - began:.1f} s, every pair {ended - middle:.1f} s of processor time")


if __name__ == "__main__":
    main()
