"""What a sentence encoder knows of two texts apart, made into lessons on pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import build_tokenizer, texts
from hypothesis import given
from hypothesis import strategies as st

from bertft.adapters import Feature, Options, adapter_for
from bertft.gold import Example, learn_task
from bertft.plan.card import plain_card
from bertft.rows.fields import Fields
from bertft.rows.row import Row
from bertft.start import pairs as room
from bertft.start.pairs import Halves, PairCollator, can_be_halved, halves_of, joined_pair, lessons, pairs_of

Array = np.ndarray[Any, Any]
CLS, SEP = 2, 3
SOME_TOKENS = st.lists(st.integers(5, 60), max_size=30)


def feature(ids: Sequence[int], segments: Sequence[int] | None = None) -> Feature:
    kinds = None if segments is None else np.asarray(segments, dtype=np.int8)
    return Feature(7, np.asarray(ids, dtype=np.int32), kinds, None, False)


def pair(one: Sequence[int], other: Sequence[int]) -> Feature:
    return feature([CLS, *one, SEP, *other, SEP], [0] * (len(one) + 2) + [1] * (len(other) + 1))


def text(ids: Sequence[int]) -> Feature:
    return feature([CLS, *ids, SEP])


def encoded(rows: Sequence[tuple[str, str]], family: str = "bert", *, max_length: int = 64) -> list[Feature]:
    """Pairs of texts as the adapter encodes them, the same label for all."""
    fields = Fields("a", "b", ("label",), None)
    table = [Row(i, f"x:{i}", {"a": a, "b": b, "label": "yn"[i % 2]}) for i, (a, b) in enumerate(rows)]
    card = plain_card("text-classification", "single-label")
    options = Options(max_length=max_length)
    labels = learn_task(card, fields, options, [*table, *(Row(9, "x:9", {"label": label}) for label in "yn")]).labels
    adapter = adapter_for(card, labels, fields, build_tokenizer(family), options)
    examples = [replace(read, gold=0) for read in adapter.reader.predictable(table) if isinstance(read, Example)]
    return [window for row in adapter.encode(examples) for window in row]


def vectors_for(halves: Halves, *, width: int = 8, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=(len(halves.texts), width))


@given(SOME_TOKENS, SOME_TOKENS)
def test_pairs_taken_apart_and_joined_are_the_same_pairs(one: list[int], other: list[int]) -> None:
    whole = pair(one, other)
    halves = halves_of([whole])
    first, second = (halves.texts[place] for place in halves.together[0])
    assert first.input_ids.tolist() == [CLS, *one, SEP]
    assert second.input_ids.tolist() == [CLS, *other, SEP]
    assert first.segments is second.segments is None
    again = joined_pair(first, second, 1000)
    assert again.input_ids.tolist() == whole.input_ids.tolist()
    assert again.segments.tolist() == whole.segments.tolist()
    assert (len(halves.texts) == 1) == (one == other)


@given(SOME_TOKENS, SOME_TOKENS, st.integers(8, 70))
def test_a_joined_pair_fits_and_loses_tokens_of_the_longer_text_only(
    one: list[int], other: list[int], most: int
) -> None:
    found = joined_pair(text(one), text(other), most)
    ids = found.input_ids.tolist()
    assert len(ids) == min(len(one) + len(other) + 3, most)
    assert (ids[0], ids[-1], ids.count(SEP)) == (CLS, SEP, 2)
    middle = ids.index(SEP)
    first, second = ids[1:middle], ids[middle + 1 : -1]
    assert first == one[: len(first)]
    assert second == other[: len(second)]
    assert found.segments.tolist() == [0] * (middle + 1) + [1] * (len(second) + 1)
    lost = len(one) - len(first), len(other) - len(second)
    assert not lost[0] or len(first) + 2 >= len(second)
    assert not lost[1] or len(second) + 1 >= len(first)


@pytest.mark.parametrize("family", ["bert", "electra", "deberta-v2", "albert"])
def test_the_halves_of_a_tokenized_pair_are_its_texts_tokenized(family: str) -> None:
    rows = list(zip(texts(20), texts(20, seed=1), strict=True))
    features = encoded(rows, family)
    assert can_be_halved(features)
    halves = halves_of(features)
    tokenizer = build_tokenizer(family)
    for (a, b), (one, other) in zip(rows, halves.together, strict=True):
        assert halves.texts[one].input_ids.tolist() == tokenizer(a)["input_ids"]
        assert halves.texts[other].input_ids.tolist() == tokenizer(b)["input_ids"]


@pytest.mark.parametrize("family", ["roberta", "mpnet", "distilbert"])
def test_without_segments_no_pair_can_be_halved(family: str) -> None:
    assert not can_be_halved(encoded([("good film", "bad film")], family))


def test_single_texts_cannot_be_halved() -> None:
    assert not can_be_halved([text([5, 6])])
    assert not can_be_halved([pair([5], [6]), text([5, 6])])


def test_a_text_that_occurs_often_is_one_text() -> None:
    halves = halves_of([pair([5], [6]), pair([6], [5]), pair([5], [5])] * 20)
    assert len(halves.texts) == 2
    assert halves.together == [(0, 1), (1, 0), (0, 0)] * 20


def test_lessons_are_the_cosines_standardised() -> None:
    halves = halves_of(encoded(list(zip(texts(25), texts(25, seed=1), strict=True))))
    vectors = vectors_for(halves)
    found = lessons(halves, vectors, max_length=64, seed=1)
    cosines = [cosine(vectors[place], vectors[other]) for place, other in places(halves, found)]
    targets = [lesson.target for lesson in found]
    assert targets == pytest.approx((cosines - np.mean(cosines)) / np.std(cosines))
    assert lessons(halves, vectors * 1e3, max_length=64, seed=1)[0].target == pytest.approx(targets[0])


def cosine(one: Array, other: Array) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def places(halves: Halves, found: Sequence[Feature]) -> list[tuple[int, int]]:
    """Which two texts each lesson is made of."""
    known = {half.input_ids.tobytes(): place for place, half in enumerate(halves.texts)}
    sides = [halves_of([lesson]) for lesson in found]
    texts_of = [[side.texts[place].input_ids.tobytes() for place in side.together[0]] for side in sides]
    return [(known[one], known[other]) for one, other in texts_of]


def test_the_lessons_are_distinct_pairs_with_the_files_own_both_ways_round() -> None:
    halves = halves_of(encoded(list(zip(texts(25), texts(25, seed=1), strict=True))))
    found = places(halves, lessons(halves, vectors_for(halves), max_length=64, seed=1))
    assert len(found) == len(set(found))
    for one, other in halves.together:
        assert {(one, other), (other, one)} <= set(found)
    assert max(max(pair) for pair in found) < len(halves.texts)


def test_near_neighbours_are_among_the_lessons() -> None:
    """Texts in twos that point the same way, and nearly so; each learns of its twin far more often than by chance."""
    many = [text([5 + place]) for place in range(40)]
    vectors = np.repeat(np.random.default_rng(0).normal(size=(20, 30)), 2, axis=0)
    found = pairs_of(Halves(many, []), vectors, np.random.default_rng(0))
    near = sum((one, one ^ 1) in found for one in range(40))
    assert near > 40 * 0.35  # of the 12 nearest about half are drawn, and 2 of all


def test_the_seed_decides_on_the_lessons() -> None:
    halves = halves_of(encoded(list(zip(texts(25), texts(25, seed=1), strict=True))))
    vectors = vectors_for(halves)
    one, same, other = (
        [lesson.input_ids.tolist() for lesson in lessons(halves, vectors, max_length=64, seed=seed)]
        for seed in (1, 1, 2)
    )
    assert one == same != other


def test_all_lessons_together_are_no_longer_than_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_MOST_TOKENS", 500)
    halves = halves_of(encoded(list(zip(texts(60), texts(60, seed=1), strict=True))))
    found = lessons(halves, vectors_for(halves), max_length=20, seed=1)
    sizes = [len(lesson.input_ids) for lesson in found]
    assert max(sizes) <= 20
    assert 450 < sum(sizes) <= 500


def test_a_limit_below_one_pair_leaves_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_MOST_TOKENS", 1)
    halves = halves_of([pair([5, 6], [7, 8])])
    assert len(lessons(halves, vectors_for(halves), max_length=20, seed=1)) == 1


def test_neighbours_are_looked_for_among_a_sample_of_a_large_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_TEXTS", 10)
    halves = halves_of([pair([5 + place], [105 + place]) for place in range(100)])
    found = set(pairs_of(halves, vectors_for(halves), np.random.default_rng(1)))
    own = {*halves.together, *((other, one) for one, other in halves.together)}
    assert own <= found
    assert len({place for pair in found - own for place in pair}) <= 10


STRANGE = {
    "one pair": [pair([5, 6], [7])],
    "one pair of the same text": [pair([5, 6], [5, 6])],
    "a pair of empty texts": [pair([], [])],
    "an empty text beside others": [pair([], [5]), pair([6, 7], [])],
    "the same pair a thousand times": [pair([5], [6])] * 1000,
}


@pytest.mark.parametrize("name", STRANGE)
@pytest.mark.parametrize("what", ["random", "zero", "the same"])
def test_strange_pairs_give_lessons_of_finite_numbers(name: str, what: str) -> None:
    halves = halves_of(STRANGE[name])
    vectors = {"random": vectors_for(halves), "zero": np.zeros((len(halves.texts), 8))}.get(
        what, np.full((len(halves.texts), 8), 0.1)
    )
    found = lessons(halves, vectors, max_length=8, seed=1)
    assert found
    assert np.isfinite([lesson.target for lesson in found]).all()
    assert np.abs([lesson.target for lesson in found]).max() < 10
    batch = PairCollator(build_tokenizer("bert"), 8).collate(found)
    assert batch.inputs["input_ids"].shape == batch.inputs["token_type_ids"].shape
    assert batch.targets is not None
    assert len(batch.targets) == len(found)


def test_lessons_are_collated_as_pairs_of_the_file_are(backbones: Callable[[str], Path]) -> None:
    features = encoded([("good film", "bad film really"), ("fine", "poor song")])
    halves = halves_of(features)
    again = [joined_pair(halves.texts[one], halves.texts[other], 64) for one, other in halves.together]
    tokenizer = build_tokenizer("bert")
    ours = PairCollator(tokenizer, 64).collate([Feature(0, f.input_ids, f.segments, 0.5, False) for f in again])
    theirs = tokenizer(
        ["good film", "fine"], ["bad film really", "poor song"], padding=True, pad_to_multiple_of=8, return_tensors="pt"
    )
    for name, values in theirs.items():
        assert ours.inputs[name].tolist() == values.tolist(), name
