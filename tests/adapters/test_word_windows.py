"""Windows of words: every word is whole in one of them, and answered for by the one that sees most around it."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from conftest import WORDS, build_tokenizer
from hypothesis import given
from hypothesis import strategies as st

from bertft.adapters.tagging.word_windows import pieces_of, special_ids
from bertft.gold.windows import Pieces, cut_windows
from bertft.model.tokens import load_tokenizer

SIZES = st.lists(st.integers(1, 5), min_size=1, max_size=60)


def pieces_with(sizes: list[int]) -> Pieces:
    """Words of so many pieces."""
    first = np.concatenate([[0], np.cumsum(sizes)])
    return Pieces(np.arange(first[-1], dtype=np.int32), first)


@given(SIZES, st.integers(8, 40), st.integers(0, 30))
def test_every_word_is_answered_for_by_exactly_one_window(sizes: list[int], room: int, overlap: int) -> None:
    pieces = pieces_with(sizes)
    windows = cut_windows(pieces, room=room, overlap=overlap)
    owned = [word for window in windows for word in range(window.own_start, window.own_end)]
    assert owned == list(range(len(sizes)))
    for window in windows:
        assert window.start <= window.own_start <= window.own_end <= window.end
        assert pieces.size(window.start, window.end) <= room


@given(SIZES, st.integers(8, 40), st.integers(0, 30))
def test_neighbours_share_as_much_as_was_asked_but_for_one_word(sizes: list[int], room: int, overlap: int) -> None:
    pieces = pieces_with(sizes)
    windows = cut_windows(pieces, room=room, overlap=overlap)
    for left, right in itertools.pairwise(windows):
        shared = pieces.size(right.start, left.end)
        assert shared <= overlap or right.start == left.start + 1
        if right.start > left.start + 1:
            assert pieces.size(right.start - 1, left.end) > overlap


@given(SIZES, st.integers(8, 40), st.integers(0, 30))
def test_the_owner_sees_most_around_a_word(sizes: list[int], room: int, overlap: int) -> None:
    """Most: the lesser of what stands before and after it. Brute force over all windows; at the ends of a text there is
    nothing more to see."""
    pieces = pieces_with(sizes)
    windows = cut_windows(pieces, room=room, overlap=min(overlap, room // 2))
    total = pieces.size(0, len(sizes))

    def seen(window, word: int) -> float:
        before = pieces.size(window.start, word) if window.start else total
        after = pieces.size(word + 1, window.end) if window.end < len(sizes) else total
        return min(before, after)

    for window in windows:
        for word in range(window.own_start, window.own_end):
            others = [seen(other, word) for other in windows if other.start <= word < other.end]
            assert seen(window, word) >= max(others) - max(sizes)


@pytest.mark.parametrize("family", ["bert", "roberta", "mpnet", "distilbert", "modernbert"])
def test_pieces_are_the_tokenizers_own(family: str, tmp_path: Path) -> None:
    build_tokenizer(family).save_pretrained(tmp_path)
    tokenizer = load_tokenizer(str(tmp_path), words=True)
    rows = [list(WORDS[:5]), ["wonderfullylong", *WORDS[3:6]], [WORDS[0]]]
    for words, pieces in zip(rows, pieces_of(rows, tokenizer, max_pieces=50), strict=True):
        whole = tokenizer(words, is_split_into_words=True, add_special_tokens=False)
        assert pieces.ids.tolist() == whole["input_ids"]
        assert pieces.first[:-1].tolist() == [whole.word_ids().index(word) for word in range(len(words))]
        before, after = special_ids(tokenizer)
        assert [*before, *pieces.ids, *after] == tokenizer(words, is_split_into_words=True)["input_ids"]


def test_a_word_of_which_nothing_is_left_keeps_its_place() -> None:
    tokenizer = build_tokenizer("bert")
    words = [WORDS[0], "\u00ad", "\x00", WORDS[1]]
    (pieces,) = pieces_of([words], tokenizer, max_pieces=50)
    unknown = tokenizer.unk_token_id
    first, last = (tokenizer(word, add_special_tokens=False)["input_ids"] for word in (WORDS[0], WORDS[1]))
    assert pieces.ids.tolist() == [*first, unknown, unknown, *last]
    assert pieces.words == 4


def test_an_endless_word_leaves_room_for_others() -> None:
    tokenizer = build_tokenizer("bert")
    (pieces,) = pieces_of([["x" * 60, WORDS[0]]], tokenizer, max_pieces=3)
    assert pieces.size(0, 1) <= 3
    assert pieces.words == 2
