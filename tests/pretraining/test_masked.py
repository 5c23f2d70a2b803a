"""What is masked, and with what: shares by chi-square, special tokens never, chance that depends on nothing but its seed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chisquare

from bertft.masking import STRATEGIES
from bertft.masking.marks import WORD_START
from bertft.masking.masked import Block, Masker, strategy_of
from bertft.scoring.masks import score_frequencies

MASK, SPECIAL, VOCABULARY = 4, 5, 1000


def block(tokens: int, seed: int = 0) -> Block:
    """Ordinary tokens, with special ones at both ends and in the middle."""
    ids = np.random.default_rng(seed).integers(SPECIAL, VOCABULARY, tokens).astype(np.int32)
    ids[[0, tokens // 2, -1]] = (2, 1, 3)
    return Block(ids, ids < SPECIAL, np.full(tokens, WORD_START, dtype=np.uint8))


def masker(name: str = "token", share: float = 0.15) -> Masker:
    return Masker(strategy_of(name), share, MASK, np.arange(SPECIAL, VOCABULARY, dtype=np.int32))


def test_shares_are_those_of_bert() -> None:
    """15 % are chosen; of these 80 % masked, 10 % random, 10 % kept. One in 995 random tokens is the old one again."""
    fates, ordinary = np.zeros(3), 0
    for number in range(60):
        before = block(500, number)
        masked = masker()(before, np.random.default_rng([7, number]))
        new = masked.inputs[masked.chosen]
        fates += [(new == MASK).sum(), ((new != MASK) & (new != masked.labels)).sum(), (new == masked.labels).sum()]
        ordinary += int((~before.special).sum())
    chosen = fates.sum()
    assert chosen == pytest.approx(0.15 * ordinary, rel=0.005)  # counted out in each block, so nearly exact
    assert chisquare(fates, chosen * np.array([0.8, 0.1 * 994 / 995, 0.1 + 0.1 / 995])).pvalue > 0.001


def test_every_place_and_every_random_token_is_as_likely() -> None:
    places, drawn = np.zeros(50), np.zeros(10)
    for number in range(1500):
        masked = masker()(block(50), np.random.default_rng([1, number]))
        places[masked.chosen] += 1
        new = masked.inputs[masked.chosen]
        drawn += np.histogram(new[(new != MASK) & (new != masked.labels)], bins=10, range=(SPECIAL, VOCABULARY))[0]
    open_to = ~block(50).special
    assert chisquare(places[open_to]).pvalue > 0.001
    assert chisquare(drawn).pvalue > 0.001


@pytest.mark.parametrize("name", STRATEGIES)
def test_no_special_token_is_chosen_and_what_is_not_chosen_stays(name: str) -> None:
    for number in range(200):
        before = block(3 + number % 20, number)
        masked = masker(name)(before, np.random.default_rng(number))
        assert not before.special[masked.chosen].any()
        assert (masked.labels == before.ids[masked.chosen]).all()
        assert np.array_equal(np.delete(masked.inputs, masked.chosen), np.delete(before.ids, masked.chosen))
        assert len(masked.chosen) or before.special.all()


def test_tokens_of_one_unit_share_their_fate() -> None:
    def pairs(block: Block, share: float, chance: np.random.Generator) -> np.ndarray:
        return np.arange(len(block.ids)) // 2

    ids = np.full(40_000, 9, dtype=np.int32)
    masked = Masker(pairs, 0.15, MASK, np.asarray([7], dtype=np.int32))(Block(ids, ids == 0), np.random.default_rng(0))
    assert (masked.inputs[::2] == masked.inputs[1::2]).all()
    counts = [int((masked.inputs == one).sum()) for one in (MASK, 7, 9)]
    assert chisquare(np.asarray(counts) / 2, 20_000 * np.array([0.8, 0.1, 0.1])).pvalue > 0.001


def test_frequencies_of_no_token_that_is_asked_for_give_no_score() -> None:
    found = score_frequencies(np.array([0.0, 3, 1]), np.zeros(3))
    assert found.values == {}
    assert "no token can be masked" in found.notes[0]
