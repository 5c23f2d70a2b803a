"""Tokens in the places of masks, as a person would write them: ids to text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

CONTINUES = "##"
"""Begins a token of WordPiece that goes on with the word before it."""

STARTS = ("Ġ", "▁")
"""Begin a token of byte-level BPE or SentencePiece that starts a word."""


@dataclass(frozen=True)
class Filling:
    """The best tokens of each mask of a text."""

    ids: np.ndarray[Any, Any]
    """(M, K), the most probable first."""
    probabilities: np.ndarray[Any, Any]
    """(M, K)"""

    def listed(self, count: int, tokenizer: Any) -> list[list[dict[str, Any]]]:
        """For each mask its best tokens."""
        return [
            [
                {"token": shown_token(int(one), tokenizer), "probability": float(probability)}
                for one, probability in zip(ids[:count], probabilities[:count], strict=True)
            ]
            for ids, probabilities in zip(self.ids, self.probabilities, strict=True)
        ]


def shown_token(number: int, tokenizer: Any) -> str:
    """A token by itself, as transformers' pipeline shows it, without spaces around it."""
    return str(tokenizer.decode([number])).strip()


def filled_text(text: str, tokens: Sequence[int], tokenizer: Any) -> str:
    """The text with its masks, in order, replaced by tokens. One that goes on with the word before it stands close to it."""
    before, *parts = text.split(tokenizer.mask_token)
    for number, after in zip(tokens, parts, strict=True):
        shown, name = shown_token(number, tokenizer), tokenizer.convert_ids_to_tokens(number)
        if name.startswith(CONTINUES):
            before, shown = before.rstrip(), shown.removeprefix(CONTINUES)
        elif name.startswith(STARTS) and before and not before[-1].isspace():
            shown = f" {shown}"
        before += shown + after
    return before
