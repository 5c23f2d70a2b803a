"""Which example stands in which step: once an epoch, by the seed, and the same from the middle as from the start."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch
from transformers.trainer_pt_utils import get_length_grouped_indices

from bertft.engine.examples import split
from bertft.engine.order import Order, bucket_rows, inference_batches
from bertft.recipe import Recipe

LENGTHS = np.random.default_rng(0).integers(3, 90, size=1003).tolist()
RECIPES = [Recipe(batch_size=16), Recipe(batch_size=7, grad_accum=3), Recipe(max_tokens=256), Recipe(batch_size=5000)]


def batches(order: Order) -> list[list[int]]:
    return [batch for step in order.steps() for batch in step.batches]


@pytest.mark.parametrize("recipe", RECIPES, ids=str)
def test_every_example_comes_once_an_epoch(recipe: Recipe) -> None:
    order = Order(LENGTHS, recipe)
    seen = [example for batch in batches(order) for example in batch]
    assert len(seen) == 3 * len(LENGTHS)
    for epoch in range(3):
        assert sorted(seen[epoch * len(LENGTHS) : (epoch + 1) * len(LENGTHS)]) == list(range(len(LENGTHS)))


@pytest.mark.parametrize("recipe", RECIPES, ids=str)
def test_going_on_gives_the_steps_that_were_left(recipe: Recipe) -> None:
    order = Order(LENGTHS, recipe)
    steps = list(order.steps())
    assert [step.number for step in steps] == list(range(1, order.total_steps + 1))
    for after in (0, 1, len(steps) // 2, len(steps) - 1, len(steps)):
        assert list(Order(LENGTHS, recipe).steps(after=after)) == steps[after:]


def test_the_seed_decides_and_epochs_differ() -> None:
    one, same, other = (batches(Order(LENGTHS, Recipe(seed=seed))) for seed in (1, 1, 2))
    assert one == same != other
    assert one[: len(one) // 3] != one[len(one) // 3 : 2 * len(one) // 3]


def test_batches_stay_under_their_padded_tokens_and_little_is_padding() -> None:
    order = Order(LENGTHS, Recipe(max_tokens=256))
    padded = [len(batch) * max(LENGTHS[example] for example in batch) for batch in batches(order)]
    assert max(padded) <= 256
    by_length = [len(batch) * max(LENGTHS[example] for example in batch) for batch in batches(Order(LENGTHS, Recipe()))]
    assert 1 - 3 * sum(LENGTHS) / sum(by_length) < 0.15  # in four buckets; unsorted it is half


@pytest.mark.parametrize("recipe", [Recipe(batch_size=8), Recipe(max_tokens=300), Recipe(batch_size=8, grad_accum=3)])
def test_the_first_batch_takes_the_most_memory(recipe: Recipe) -> None:
    order = Order(LENGTHS, recipe)
    sizes = [
        len(ids) * max(LENGTHS[i] for i in ids) for step in order.steps() if step.epoch <= 1 for ids in step.batches
    ]
    assert sizes[0] == max(sizes) > min(sizes)


@pytest.mark.parametrize(("epochs", "steps"), [(1, 63), (0.5, 32), (2.5, 158), (3, 189)])
def test_epochs_may_be_parts(epochs: float, steps: int) -> None:
    order = Order(LENGTHS, Recipe(batch_size=16, epochs=epochs))
    assert order.total_steps == steps == len(list(order.steps()))
    assert list(order.steps())[-1].epoch == pytest.approx(epochs, abs=0.02)


def test_steps_win_over_epochs() -> None:
    order = Order(LENGTHS, Recipe(batch_size=16, epochs=1, max_steps=100))
    assert order.total_steps == 100 == len(list(order.steps()))


def test_inference_sees_every_example_once_the_longest_first() -> None:
    found = inference_batches(LENGTHS, batch_size=64)
    flat = [example for batch in found for example in batch]
    assert sorted(flat) == list(range(len(LENGTHS)))
    assert [LENGTHS[example] for example in flat] == sorted(LENGTHS, reverse=True)


def test_the_held_back_share_is_stratified_seeded_and_leaves_no_class_empty() -> None:
    targets = [0] * 70 + [1] * 20 + [2] * 2 + [3]
    kept, held = split(targets, 0.1, seed=1)
    assert sorted(kept + held) == list(range(len(targets)))
    assert [sum(targets[i] == k for i in held) for k in range(4)] == [7, 2, 1, 0]
    assert (kept, held) == split(targets, 0.1, seed=1)
    assert held != split(targets, 0.1, seed=2)[1]
    assert len(split([n / 7 for n in range(50)], 0.2, seed=1)[1]) == 10


def test_rows_of_one_group_are_held_back_together() -> None:
    groups = [position // 7 for position in range(100)]
    kept, held = split([None] * 100, 0.2, seed=3, groups=groups)
    assert sorted(kept + held) == list(range(100))
    assert not {groups[position] for position in kept} & {groups[position] for position in held}
    assert 10 <= len(held) <= 30
    assert held != split([None] * 100, 0.2, seed=4, groups=groups)[1]


def test_a_long_batch_at_prediction_is_a_small_one() -> None:
    found = inference_batches([500] * 10 + [10] * 100, batch_size=64, max_tokens=1000)
    assert [len(batch) for batch in found] == [2, 2, 2, 2, 2, 64, 36]
    assert sorted(example for batch in found for example in batch) == list(range(110))


def test_one_group_is_no_reason_to_hold_back_nothing() -> None:
    kept, held = split([None] * 40, 0.1, seed=3, groups=["the only document"] * 40)
    assert (len(kept), len(held)) == (36, 4)


def test_no_large_group_is_held_back_for_a_small_share() -> None:
    for seed in range(8):
        _, held = split([None] * 60, 0.1, seed=seed, groups=["long"] * 50 + ["short"] * 10)
        assert held == list(range(50, 60))


@pytest.mark.parametrize("batch_size", [1, 7, 16, 32])
@pytest.mark.parametrize("rows", [1, 5, 100, 127, 128, 129, 1000, 1601, 6400, 20_000])
def test_as_many_rows_are_sorted_together_as_with_group_by_length(rows: int, batch_size: int) -> None:
    """Of transformers: each of its groups falls in length, and rises where the next begins."""
    lengths = np.random.default_rng(rows).permutation(rows) + 1
    theirs = lengths[
        get_length_grouped_indices(lengths.tolist(), batch_size, generator=torch.Generator().manual_seed(1))
    ]
    theirs = np.delete(theirs, np.flatnonzero(theirs == theirs.max()))  # it swaps the longest to the front
    rises = np.flatnonzero(np.diff(theirs) > 0) + 1
    size = bucket_rows(rows, batch_size)
    assert size % batch_size == 0
    assert all(min((rise + shift) % size for shift in (0, 1, 2)) == 0 for rise in rises if size > 3)
    assert len(rises) <= rows / size + 2
    if size > 8:  # in shorter groups one may begin lower than the last has ended
        assert len(rises) >= (rows - 2) // size - 1


@pytest.mark.parametrize("rows", [250, 1000])
def test_the_batches_of_a_small_file_are_others_in_each_epoch(rows: int) -> None:
    """Of the pairs of rows that stand in one batch, few do so in the next epoch too."""
    lengths = np.random.default_rng(0).integers(5, 60, size=rows).tolist()
    order = Order(lengths, Recipe(batch_size=16, epochs=2))
    first, second = (together(order, epoch) for epoch in (0, 1))
    assert len(first & second) / len(first) < 0.15


def together(order: Order, epoch: int) -> set[tuple[int, int]]:
    """The pairs of rows that stand in one batch of that epoch."""
    each = order.steps_per_epoch
    steps = list(order.steps())[epoch * each : (epoch + 1) * each]
    return {pair for step in steps for batch in step.batches for pair in combinations(sorted(batch), 2)}


@pytest.mark.parametrize("lengths", [[5] * 40, [5], list(range(1, 60)), [512] + [5] * 99], ids=len)
def test_every_row_of_a_small_file_comes_once_an_epoch(lengths: list[int]) -> None:
    order = Order(lengths, Recipe(batch_size=16, epochs=2))
    seen = [example for batch in batches(order) for example in batch]
    assert sorted(seen) == sorted([*range(len(lengths)), *range(len(lengths))])
