"""Which tokens a strategy chooses, and what becomes of them: proportions by chi-square, nothing special chosen, nothing cut in
half. All chance is seeded."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import chisquare, ttest_1samp

from bertft.masking import STRATEGIES
from bertft.masking.marks import ENTITY, ENTITY_START, WORD_START, entities_in, words_in
from bertft.masking.masked import Block, Masker, strategy_of
from bertft.masking.spans import LONGEST, MEAN, length_chances

MASK, SPECIAL, VOCABULARY = 4, 10, 1000
ORDINARY = np.arange(SPECIAL, VOCABULARY, dtype=np.int32)
UNLIKELY = 0.001


def block(length: int, chance: np.random.Generator) -> Block:
    """Ordinary tokens between special ones, with one in the middle; words of 1 to 4 tokens, of which a few are entities."""
    ids = chance.choice(ORDINARY, size=length)
    ids[[0, length // 2, -1]] = 1, 2, 2
    sizes = chance.integers(1, 5, size=length)
    marks = np.zeros(length + 4, dtype=np.uint8)
    for start, size in zip(np.cumsum(sizes) - sizes, sizes, strict=True):
        if start < length:
            is_entity = chance.random() < 0.1
            marks[start : start + size] |= ENTITY * is_entity
            marks[start] |= WORD_START | ENTITY_START * is_entity
    return Block(ids, ids < SPECIAL, marks[:length])


def masker(name: str) -> Masker:
    return Masker(strategy_of(name), 0.15, MASK, ORDINARY)


def numbers_of(name: str, found: Block) -> np.ndarray:
    """Of each token: its own, or that of its word or entity."""
    if name == "token":
        return np.where(found.special, -1, np.arange(len(found.ids)))
    return entities_in(found)[0] if name == "entity" else words_in(found)


def runs(found: Block, chosen: np.ndarray) -> np.ndarray:
    """Of each chosen token, the number of its span: spans do not touch."""
    numbers = np.full(len(found.ids), -1)
    numbers[chosen] = np.cumsum(np.diff(chosen, prepend=-9) > 1)
    return numbers


def fates(found: Block, chosen: np.ndarray, inputs: np.ndarray, groups: np.ndarray) -> Counter[str]:
    """Of the groups, each of which must have one only."""
    counted: Counter[str] = Counter()
    for group in np.unique(groups[chosen]):
        now, before = inputs[groups == group], found.ids[groups == group]
        masked, kept = now == MASK, now == before
        assert masked.all() or not masked.any()
        counted["mask" if masked.all() else "kept" if kept.all() else "random"] += 1
    return counted


@pytest.mark.parametrize("name", STRATEGIES)
def test_proportions_are_those_of_bert(name: str) -> None:
    chance = np.random.default_rng(11)
    counted, random, shares = Counter[str](), Counter[int](), list[float]()
    for _ in range(300):
        found = block(130, chance)
        masked = masker(name)(found, chance)
        groups = runs(found, masked.chosen) if name == "span" else numbers_of(name, found)
        counted += fates(found, masked.chosen, masked.inputs, groups)
        shares.append(len(masked.chosen) / (~found.special).sum())
        random.update(masked.inputs[(masked.inputs != found.ids) & (masked.inputs != MASK)].tolist())
    each = [counted[fate] for fate in ("mask", "random", "kept")]
    assert chisquare(each, [share * counted.total() for share in (0.8, 0.1, 0.1)]).pvalue > UNLIKELY
    assert ttest_1samp(shares, 0.15).pvalue > UNLIKELY
    assert np.std(shares) < (0.05 if name == "span" else 0.02)
    tens = [sum(count for one, count in random.items() if one // 99 == ten) for ten in range(1, 10)]
    assert min(random) >= SPECIAL
    assert chisquare(tens).pvalue > UNLIKELY


@pytest.mark.parametrize("name", STRATEGIES)
def test_nothing_special_is_chosen_and_no_word_is_cut(name: str) -> None:
    chance = np.random.default_rng(5)
    for length in (3, 4, 7, 20, 130):
        for _ in range(20):
            found = block(length, chance)
            masked = masker(name)(found, chance)
            chosen = np.isin(np.arange(length), masked.chosen)
            assert not (chosen & found.special).any()
            assert chosen.any() == (~found.special).any()
            groups = numbers_of(name, found)
            assert all(chosen[groups == group].all() for group in np.unique(groups[chosen]))
            assert (masked.inputs[~chosen] == found.ids[~chosen]).all()
            assert (masked.labels == found.ids[chosen]).all()


@pytest.mark.parametrize("name", STRATEGIES)
def test_masks_are_drawn_afresh_and_again_by_the_same_chance(name: str) -> None:
    found = block(130, np.random.default_rng(3))
    first, again, other = (masker(name)(found, np.random.default_rng([7, epoch])) for epoch in (1, 1, 2))
    assert (first.inputs == again.inputs).all()
    assert (first.chosen == again.chosen).all()
    assert set(first.chosen) != set(other.chosen)


def test_long_words_are_chosen_as_often_as_short_ones() -> None:
    chance = np.random.default_rng(2)
    there, taken = Counter[int](), Counter[int]()
    for _ in range(300):
        found = block(130, chance)
        units, words = strategy_of("whole-word")(found, 0.15, chance), words_in(found)
        there.update(np.bincount(words[words >= 0]).tolist())
        taken.update(np.bincount(words[words >= 0])[np.unique(units[units >= 0])].tolist())
    rate = taken.total() / there.total()
    assert (
        chisquare([taken[size] for size in range(1, 5)], [rate * there[size] for size in range(1, 5)]).pvalue > UNLIKELY
    )


@pytest.mark.parametrize("sizes", [[100], [*[1] * 10, 60], [200, 3, 3]])
@pytest.mark.parametrize("name", STRATEGIES)
def test_words_longer_than_the_share_are_not_hidden_whole(name: str, sizes: list[int]) -> None:
    chance, marks = np.random.default_rng(6), np.zeros(sum(sizes) + 2, dtype=np.uint8)
    marks[np.cumsum([1, *sizes[:-1]])] = WORD_START
    if name == "entity":
        marks[-1 - sizes[-1] : -1] |= ENTITY
        marks[-1 - sizes[-1]] |= ENTITY_START
    found = Block(np.full(len(marks), SPECIAL, dtype=np.int32), np.arange(len(marks)) % (len(marks) - 1) == 0, marks)
    shares = [(strategy_of(name)(found, 0.15, chance) >= 0).sum() / sum(sizes) for _ in range(600)]
    assert np.mean(shares) == pytest.approx(0.15, abs=0.03 if name == "span" else 0.01)
    assert max(shares) < 0.9


def test_spans_are_geometric_and_never_touch() -> None:
    chance, lengths = np.random.default_rng(9), Counter[int]()
    for _ in range(150):
        found = block(260, chance)
        units, words = strategy_of("span")(found, 0.15, chance), words_in(found)
        spans = [np.unique(words[units == unit]) for unit in np.unique(units[units >= 0])]
        lengths.update(len(span) for span in spans)
        assert all((np.diff(span) == 1).all() for span in spans)
        assert all((np.diff(np.flatnonzero(units == unit)) == 1).all() for unit in range(len(spans)))
        ends = sorted((span[0], span[-1]) for span in spans)
        assert all(after[0] > before[1] + 1 for before, after in pairwise(ends))
    counts = np.array([lengths[length] for length in range(1, LONGEST + 1)])
    assert chisquare(counts, length_chances() * counts.sum()).pvalue > UNLIKELY
    assert length_chances() @ np.arange(1, LONGEST + 1) == pytest.approx(MEAN)
    assert length_chances()[1:] / length_chances()[:-1] == pytest.approx(length_chances()[1] / length_chances()[0])


def test_entities_come_before_other_words() -> None:
    chance = np.random.default_rng(4)
    for _ in range(50):
        found = block(130, chance)
        units = strategy_of("entity")(found, 0.15, chance)
        numbers, entities = entities_in(found)
        others = set(np.unique(numbers[units >= 0])) - set(entities)
        assert not others or set(entities) <= set(np.unique(units))
