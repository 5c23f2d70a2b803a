"""How many word pieces the texts have, against what a model reads. A tokenizer.json is opened without the model, so that torch
sleeps."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import numpy as np

from bertft.checking.finding import MOST_EXAMPLES, Findings
from bertft.checking.numbers import texts_of
from bertft.checking.splits import Split, examples_at
from bertft.gold import Options, Reader
from bertft.model.backbone import EMBEDDED, embedded_folder, positions
from bertft.rows.surrogates import without_surrogates

Item = TypeVar("Item")
_CHUNK = 1000
MOST_MEASURED = 20_000
"""Rows of a file; of a longer one a sample."""


@dataclass(frozen=True)
class Ruler:
    """A tokenizer, and how much is read."""

    tokenizer: Any
    options: Options

    @classmethod
    def of(cls, folder: Path, options: Options, *, words: bool) -> Ruler:
        """`words`: it will be given words one by one, as in model/tokens.py."""
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        if words and hasattr(tokenizer.pre_tokenizer, "add_prefix_space"):
            tokenizer.pre_tokenizer.add_prefix_space = True
        return cls(tokenizer, options)

    def room(self, *, pair: bool) -> int:
        """Tokens of a window beside its special ones."""
        return self.options.max_length - int(self.tokenizer.num_special_tokens_to_add(pair))

    def lengths(self, texts: Iterable[tuple[str, ...]]) -> list[int]:
        """Tokens of each text or pair, special ones included."""
        found: list[int] = []
        for chunk in batched(texts):
            clean = [tuple(map(without_surrogates, one)) for one in chunk]
            inputs = [one if len(one) > 1 else one[0] for one in clean]
            found += [len(encoding) for encoding in self.tokenizer.encode_batch_fast(inputs)]
        return found


def batched(items: Iterable[Item], size: int = _CHUNK) -> Iterator[list[Item]]:
    """So many at once."""
    left = iter(items)
    while chunk := list(islice(left, size)):
        yield chunk


def most_tokens(folder: Path) -> int | None:
    """What config.json says the model has positions for; transformers, which would wake torch, is not asked."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return positions(SimpleNamespace(**{"model_type": "", "pad_token_id": 0, **config}))
    except (OSError, ValueError, TypeError):
        return None


def find_long_texts(splits: Sequence[Split], readers: Sequence[Reader], ruler: Ruler, findings: Findings) -> None:
    """Texts of which the model does not see all, among all rows of each file or a sample."""
    if ruler.options.long == "window":
        return
    most, found = ruler.options.max_length, list[Any]()
    for split, reader in zip(splits, readers, strict=True):
        places = split.sample(MOST_MEASURED)
        tokens = np.asarray(ruler.lengths(texts_of(one) for one in examples_at(split, places, reader)), dtype=np.int64)
        found.append(tokens)
        long = np.flatnonzero(tokens > most)
        for place in long[:MOST_EXAMPLES].tolist():
            findings.add("too_long", split.origin(places[place]), f"{tokens[place]:,} word pieces, {most:,} are read")
        if len(long) > MOST_EXAMPLES:
            findings.add("too_long", split.name, count=len(long) - MOST_EXAMPLES)
    findings.of_all("too_long", _share_beyond(np.concatenate(found), most))


def _share_beyond(tokens: np.ndarray[Any, Any], most: int) -> str:
    """Of texts of so many tokens, how many are longer, and how much of all is lost."""
    if not len(tokens):
        return ""
    long, lost = tokens > most, np.maximum(tokens - most, 0).sum() / tokens.sum()
    share = f"{long.mean():.1%}, beyond it {lost:.1%} of all word pieces"
    return f" of {len(tokens):,} that were measured ({share})"


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
