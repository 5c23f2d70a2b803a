"""Near repeats against brute force: every pair of texts, compared letter by letter."""

from __future__ import annotations

import random

import pytest

from bertft.checking import near
from bertft.checking.near import ALIKE, FEW_WORDS, longest_compared, near_pairs, words_of
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


def test_where_time_is_short_the_longer_texts_are_left_to_minhash() -> None:
    """10 texts of 10 letters have 45 pairs of one step of 64 letters for each letter."""
    work = [10] * 10 + [90] * 10
    assert longest_compared(work) == 90
    with pytest.MonkeyPatch.context() as patch:
        for limit, longest in ((450 + 45 * 90 * 2, 90), (450 + 45 * 90 * 2 - 1, 89), (450, 89), (449, 9)):
            patch.setattr(near, "MOST_WORK", limit)
            assert longest_compared(work) == longest
    assert longest_compared([]) == 0


@pytest.mark.parametrize(("seed", "work"), [(1, 10**9), (2, 10**9), (3, 400_000)])
def test_where_there_is_time_all_are_found(seed: int, work: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every length, some with letters changed, left out or put in."""
    monkeypatch.setattr(near, "MOST_WORK", work)
    chance = random.Random(seed)
    texts: list[str] = []
    for _ in range(400):
        letters = (
            list(chance.choice(texts))
            if texts and chance.random() < 0.5
            else chance.choices("abcd ", k=chance.randint(1, 130))
        )
        for _ in range(chance.randint(0, 6)):
            place = chance.randrange(len(letters) + 1)
            letters[place : place + chance.randint(0, 1)] = chance.choice(["", "e", "f"])
        texts.append(" ".join("".join(letters).split()))
    longest = longest_compared([len(text) for text in set(texts)])
    assert (longest == max(map(len, texts))) == (seed < 3)
    brute = {
        row
        for row, text in enumerate(texts)
        if text not in texts[:row]
        and any(fuzz.ratio(text, other) >= ALIKE and max(len(text), len(other)) <= longest for other in texts[:row])
    }
    found = dict(near_pairs(texts, [None] * len(texts)))
    assert len(brute) > 80
    assert brute <= found.keys()
    for row, other in found.items():
        same_words = set(words_of(texts[row])) == set(words_of(texts[other]))
        assert other < row
        assert fuzz.ratio(texts[row], texts[other]) >= ALIKE or (same_words and len(words_of(texts[row])) < FEW_WORDS)


def test_short_texts_are_compared_as_words() -> None:
    texts = ["thank you!", "you, thank", "thank them", "thank you!", "no"]
    assert list(near_pairs(texts, [None] * 5)) == [(1, 0)]


def test_only_rows_of_a_group_are_compared() -> None:
    texts = ["when did the ship sail to the island", "when did the ship sail to this island"]
    assert list(near_pairs(texts, ["a", "b"])) == []
    assert list(near_pairs(texts, ["a", "a"])) == [(1, 0)]
