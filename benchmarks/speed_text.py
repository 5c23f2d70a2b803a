"""Texts to measure speed with, as CSV files that every tool reads: made up offline, or taken from a file of yours.

A made-up text is words drawn from the backbone's own vocabulary, common ones more often (Zipf's law), each of them one
token; how many is lognormal. One of two planted words decides the label, so that there is something to learn."""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

COLUMNS = ("text", "text_pair", "label")
LABELS = ("left", "right")
SPECIAL = 2
"""Tokens around a text: [CLS] and [SEP]."""


@dataclass(frozen=True)
class Texts:
    """A CSV file with COLUMNS, and the tokens of each of its rows, special ones included."""

    path: str
    lengths: list[int]
    pair: bool = False


@dataclass(frozen=True)
class Wish:
    """What made-up texts are to be like."""

    rows: int
    mean_length: float
    """Tokens."""
    max_length: int
    seed: int
    spread: float = 0.5
    """Standard deviation of a length's logarithm; 0: all are equally long."""


def make_texts(path: str, tokenizer: str, wish: Wish) -> Texts:
    """Write that many texts. `tokenizer` is a folder of transformers."""
    import numpy as np
    import transformers as hf

    random = np.random.default_rng(wish.seed)
    planted, common = split_vocabulary(whole_words(hf.AutoTokenizer.from_pretrained(tokenizer)))
    chances = 1 / (np.arange(len(common)) + 2.7)
    lengths = draw_lengths(wish, random)
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for length in lengths:
            label = int(random.integers(2))
            drawn = random.choice(len(common), length - SPECIAL, p=chances / chances.sum())
            words = [common[word] for word in drawn]
            words[int(random.integers(len(words)))] = planted[label]
            writer.writerow((" ".join(words), "", LABELS[label]))
    return Texts(path, lengths)


def draw_lengths(wish: Wish, random: Any) -> list[int]:
    """Tokens of each text."""
    middle = math.log(wish.mean_length) - wish.spread**2 / 2
    drawn = random.lognormal(middle, wish.spread, wish.rows)
    return [int(length) for length in drawn.round().clip(4, wish.max_length)]


def whole_words(tokenizer: Any) -> list[str]:
    """Words that are one token each, in the order of the vocabulary, which is that of how common they are."""
    ids = {word.lstrip("Ġ▁"): number for word, number in tokenizer.get_vocab().items()}
    words = sorted((word for word in ids if word.isalpha() and len(word) > 1), key=ids.__getitem__)
    pieces = tokenizer([f" {word}" for word in words], add_special_tokens=False)["input_ids"]
    return [word for word, found in zip(words, pieces, strict=True) if len(found) == 1]


def split_vocabulary(words: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """The word that decides for each label, and those that say nothing."""
    return words[: len(LABELS)], words[len(LABELS) :]


def take_texts(paths: Sequence[str], sizes: Sequence[int], source: Any, tokenizer: str) -> list[Texts]:
    """Rows of a CSV file, shuffled, as one file of each size; `source` has train, text, text_pair, label, seed, max_length.
    Only the last file may come out smaller, or begin again with the first rows to be full."""
    import numpy as np
    import transformers as hf

    rows = list(read_source(source))
    if len(rows) <= sum(sizes[:-1]):
        sys.exit(
            f"{source.train}: {len(rows)} usable rows; more than {sum(sizes[:-1])} are wanted. Pass a smaller --rows."
        )
    shuffled = [rows[position] for position in np.random.default_rng(source.seed).permutation(len(rows))]
    shuffled += shuffled * math.ceil(sum(sizes) / len(rows))
    labels = [{row[2] for row in shuffled[: sizes[0]]}, {row[2] for row in shuffled[sizes[0] : sum(sizes[:2])]}]
    if len(labels[0]) < 2 or labels[1] - labels[0]:
        sys.exit(f"{source.train}: the rows to train on lack labels: more --rows, or another --seed.")
    known, files = hf.AutoTokenizer.from_pretrained(tokenizer), []
    for path, size in zip(paths, sizes, strict=True):
        part, shuffled = shuffled[:size], shuffled[size:]
        write_rows(path, part)
        files.append(Texts(path, count_tokens(part, known, source), bool(source.text_pair)))
    return files


def read_source(source: Any) -> Iterator[tuple[str, str, str]]:
    """Rows that have a text and a label."""
    with open(source.train, encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, restval="")
        asked = [name for name in (source.text, source.text_pair, source.label) if name]
        if missing := [name for name in asked if name not in (reader.fieldnames or ())]:
            sys.exit(f"{source.train} has no column {', '.join(missing)}.")
        for row in reader:
            text, pair, label = row[source.text], row[source.text_pair] if source.text_pair else "", row[source.label]
            if text.strip() and label.strip() and (pair.strip() or not source.text_pair):
                yield text, pair, label


def write_rows(path: str, rows: Sequence[tuple[str, str, str]]) -> None:
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])


def count_tokens(rows: Sequence[tuple[str, str, str]], tokenizer: Any, source: Any) -> list[int]:
    """Of each row, after it was cut to what is trained on."""
    texts = [[row[0] for row in rows], [row[1] for row in rows]][: 2 if source.text_pair else 1]
    return [len(ids) for ids in tokenizer(*texts, truncation=True, max_length=source.max_length)["input_ids"]]
