"""Near repeats against brute force: every pair of texts, compared letter by letter."""

from __future__ import annotations

import random

import pytest

from bertft.checking.near import ALIKE, near_pairs
from bertft.checking.numbers import normal

fuzz = pytest.importorskip("rapidfuzz.fuzz")
pytest.importorskip("datasketch")


def texts_with_repeats(seed: int) -> list[str]:
    """A third of them are earlier ones with a word changed, left out or put in."""
    chance = random.Random(seed)
    words = ["".join(chance.choices("abcdefghijklmnoprstuvw", k=chance.randint(2, 9))) for _ in range(400)]
    texts: list[list[str]] = []
    for _ in range(300):
        if texts and chance.random() < 0.33:
            text = list(chance.choice(texts))
            text[chance.randrange(len(text))] = chance.choice([*words[:20], ""])
        else:
            text = chance.choices(words, k=chance.randint(6, 30))
        texts.append(text)
    return [" ".join(filter(None, text)) for text in texts]


@pytest.mark.parametrize("seed", [1, 2])
def test_nearly_all_that_brute_force_finds_is_found(seed: int) -> None:
    texts = [normal(text) for text in texts_with_repeats(seed)]
    brute = {
        row
        for row, text in enumerate(texts)
        for other in texts[:row]
        if text != other and fuzz.ratio(text, other) >= ALIKE
    }
    brute -= {row for row, text in enumerate(texts) if text in texts[:row]}
    found = dict(near_pairs(texts, [None] * len(texts)))
    assert all(fuzz.ratio(texts[row], texts[other]) >= ALIKE and other < row for row, other in found.items())
    assert len(brute) > 50
    assert len(brute & found.keys()) >= 0.95 * len(brute)


def test_short_texts_are_compared_as_words() -> None:
    texts = ["thank you!", "you, thank", "thank them", "thank you!", "no"]
    assert list(near_pairs(texts, [None] * 5)) == [(1, 0)]


def test_only_rows_of_a_group_are_compared() -> None:
    texts = ["when did the ship sail to the island", "when did the ship sail to this island"]
    assert list(near_pairs(texts, ["a", "b"])) == []
    assert list(near_pairs(texts, ["a", "a"])) == [(1, 0)]
