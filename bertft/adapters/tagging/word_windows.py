"""Rows of words to their word pieces, so that every word has at least one.

Words of which the tokenizer leaves nothing, such as a soft hyphen, stand there as unknown, so that nothing after them shifts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bertft.gold.windows import Pieces
from bertft.rows.surrogates import without_surrogates

_Ids = np.ndarray[Any, Any]


def pieces_of(rows: Sequence[Sequence[str]], tokenizer: Any, *, max_pieces: int) -> list[Pieces]:
    """The pieces of each row's words, without special tokens; a word has at most `max_pieces`, and at least one."""
    found = tokenizer(
        [[*map(without_surrogates, words)] for words in rows],
        is_split_into_words=True,
        add_special_tokens=False,
        return_attention_mask=False,
        return_token_type_ids=False,
        verbose=False,
    )
    return [
        _pieces(np.asarray(ids, dtype=np.int32), found.word_ids(row), len(rows[row]), _unknown(tokenizer), max_pieces)
        for row, ids in enumerate(found["input_ids"])
    ]


def _pieces(ids: _Ids, word_ids: list[int | None], words: int, unknown: int, most: int) -> Pieces:
    word_of = np.asarray([word for word in word_ids if word is not None], dtype=np.int64)  # (N,)
    counts = np.bincount(word_of, minlength=words)  # (W,)
    if counts.min(initial=1) > 0 and counts.max(initial=0) <= most:
        return Pieces(ids, np.concatenate([[0], np.cumsum(counts)]))
    parts = np.split(ids, np.cumsum(counts)[:-1])
    parts = [part[:most] if len(part) else np.asarray([unknown], dtype=np.int32) for part in parts]
    return Pieces(np.concatenate(parts), np.concatenate([[0], np.cumsum([len(part) for part in parts])]))


def _unknown(tokenizer: Any) -> int:
    known = (tokenizer.unk_token_id, tokenizer.mask_token_id, tokenizer.sep_token_id, tokenizer.eos_token_id, 0)
    return int(next(number for number in known if number is not None))


def special_ids(tokenizer: Any) -> tuple[list[int], list[int]]:
    """What the tokenizer puts before and after a text."""
    whole, bare = tokenizer("a")["input_ids"], tokenizer("a", add_special_tokens=False)["input_ids"]
    start = next(i for i in range(len(whole)) if whole[i : i + len(bare)] == bare)
    return whole[:start], whole[start + len(bare) :]
