"""GLUE's SST-2 has mostly phrases, cut out of its sentences. This keeps the texts that are part of no other: the sentences.

python benchmarks/sentences.py train.csv sentences.csv --text sentence
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="CSV")
    parser.add_argument("output", help="CSV with the same columns and fewer rows, in the same order")
    parser.add_argument("--text", required=True, help="its column")
    words = parser.parse_args()
    with Path(words.file).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    wholes = part_of_no_other(row[words.text].strip() for row in rows)
    kept = [row for row in rows if row[words.text].strip() in wholes]
    with Path(words.output).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(kept)
    print(f"{len(kept):,} of {len(rows):,} rows.")


def part_of_no_other(texts: Iterable[str]) -> set[str]:
    """Longest first, each is looked for in those that were kept."""
    kept: set[str] = set()
    together = ""
    for text in sorted(set(texts), key=len, reverse=True):
        if text not in together:
            kept.add(text)
            together += f"\n{text}"
    return kept


if __name__ == "__main__":
    main()
