"""How many word pieces the texts have, against what a model reads. A tokenizer.json is opened without the model, so that torch
sleeps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from bertft.checking.finding import MOST_EXAMPLES, Findings
from bertft.checking.numbers import texts_of
from bertft.checking.splits import Split, examples_at
from bertft.gold import Reader
from bertft.model.backbone import EMBEDDED, LONGEST_DEFAULT, embedded_folder, positions

_CHUNK = 1000
MOST_MEASURED = 20_000
"""Rows of a file; of a longer one a sample."""


@dataclass(frozen=True)
class Ruler:
    """A tokenizer and the most tokens that are read."""

    tokenizer: Any
    most: int

    @classmethod
    def of(cls, folder: Path, max_length: int | None) -> Ruler:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return cls(tokenizer, min(max_length or LONGEST_DEFAULT, _positions(folder) or LONGEST_DEFAULT))

    def lengths(self, texts: Iterator[tuple[str, ...]]) -> list[int]:
        """Tokens of each text or pair, special ones included."""
        found: list[int] = []
        while chunk := list(islice(texts, _CHUNK)):
            inputs = [one if len(one) > 1 else one[0] for one in chunk]
            found += [len(encoding) for encoding in self.tokenizer.encode_batch_fast(inputs)]
        return found


def _positions(folder: Path) -> int | None:
    """What config.json says; transformers, which would wake torch, is not asked."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return positions(SimpleNamespace(**{"model_type": "", "pad_token_id": 0, **config}))
    except (OSError, ValueError, TypeError):
        return None


def find_long_texts(split: Split, reader: Reader, ruler: Ruler, findings: Findings) -> None:
    """Texts of which the model does not see all, among all rows or a sample."""
    places, most = split.sample(MOST_MEASURED), ruler.most
    tokens = np.asarray(ruler.lengths(texts_of(example) for example in examples_at(split, places, reader)))
    long = np.flatnonzero(tokens > most)
    if not len(long):
        return
    lost = (tokens[long] - most).sum() / tokens.sum()
    for place in long[:MOST_EXAMPLES].tolist():
        findings.add("too_long", split.origin(places[place]), f"{tokens[place]:,} word pieces, {most:,} are read")
    findings.add("too_long", split.name, count=max(0, len(long) - MOST_EXAMPLES))
    share = f"{len(long) / len(tokens):.1%}, beyond it {lost:.1%} of all word pieces"
    findings.found["too_long"].share = f" of {len(tokens):,} that were measured ({share})"


def tokenizer_folder(model: str | None) -> Path | None:
    """Where the tokenizer.json of a model lies on this machine; None where it does not. Without a name that of minilm, whose word
    pieces are those of bert-base-uncased."""
    if model in (None, EMBEDDED):
        return embedded_folder()
    if (Path(model) / "tokenizer.json").is_file():
        return Path(model)
    from huggingface_hub import try_to_load_from_cache

    cached = None if Path(model).exists() else try_to_load_from_cache(model, "tokenizer.json")
    return Path(cached).parent if isinstance(cached, str) else None
