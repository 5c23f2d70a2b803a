"""Prediction in int8 beside bf16, fp32 and transformers' pipeline: alternating rounds on the same sentences.

    python benchmarks/sentences.py train.csv sentences.csv --text sentence
    bertft export RUN -o RUN-int8 --int8
    python benchmarks/int8_speed.py RUN sentences.csv --text sentence --int8 RUN-int8

Every side runs in a process of its own and in turn. Ratios are to pipeline(batch_size=32) in fp32 of the same round. bertft's
seconds hold reading and writing, the pipeline's its call alone. With 1,024 rows and three rounds it takes three minutes on two
idle cores. Run nothing else meanwhile."""

from __future__ import annotations

import argparse
import csv
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median

from speed_parts import compared, tell, timed
from speed_sides import Run, in_new_process, predict_with_bertft
from speed_text import COLUMNS, Texts


def main() -> None:
    words = read_words()
    os.environ["HF_HUB_OFFLINE"] = "1"
    run, rounds = Path(words.run).resolve(), []
    with tempfile.TemporaryDirectory() as folder:
        texts = sentences(words, Path(folder) / "asked.csv")
        for _ in range(words.rounds):
            rounds.append(one_round(run, texts, words))
            tell(rounds[-1])
    print(
        f"\n{len(texts.lengths):,} texts of {sum(texts.lengths) / len(texts.lengths):.1f} tokens, {words.rounds} rounds\n"
    )
    print("| | examples/s | times the pipeline | labels as the fp32 pipeline's |\n|---|---|---|---|")
    for sides in zip(*rounds, strict=True):
        rates = median(side.rate for side in sides)
        ratio = median(side.rate / found[-1].rate for side, found in zip(sides, rounds, strict=True))
        same = median(side.same_labels or 0.0 for side in sides)
        print(f"| {sides[0].tool} | {rates:,.0f} | {ratio:.2f} | {same:.2%} |")


def read_words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="run folder")
    parser.add_argument("file", help="CSV file of texts")
    parser.add_argument("--text", default="text", help="its column")
    parser.add_argument("--int8", help="the same run, exported with --int8")
    parser.add_argument("--rows", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def sentences(words: argparse.Namespace, path: Path) -> Texts:
    """The first rows of the file, in a file of their own with the column that all sides read."""
    with Path(words.file).open(encoding="utf-8-sig", newline="") as file:
        found = [row[words.text] for row, _ in zip(csv.DictReader(file), range(words.rows), strict=False)]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *((text, "", "") for text in found)])
    return Texts(str(path), in_new_process("int8_speed", "lengths_of", words.run, found), pair=False)


def lengths_of(run: str, texts: list[str]) -> list[int]:
    """Tokens of each text."""
    from transformers import AutoTokenizer

    return [len(ids) for ids in AutoTokenizer.from_pretrained(run)(texts)["input_ids"]]


def one_round(run: Path, texts: Texts, words: argparse.Namespace) -> list[Run]:
    """Each side once; the pipeline last."""
    found = [predict_with_bertft(run, texts, precision) for precision in ("bf16", "fp32")]
    if words.int8:
        exported = predict_with_bertft(Path(words.int8).resolve(), texts, "auto")
        found.insert(0, replace(exported, tool="bertft, onnx int8"))
    found.append(timed("predict_with_pipeline", str(run), texts, "fp32", 128))
    return [compared(side, found[-1]) for side in found]


if __name__ == "__main__":
    main()
