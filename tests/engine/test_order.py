"""Which example stands in which step: once an epoch, by the seed, and the same from the middle as from the start."""

from __future__ import annotations

import numpy as np
import pytest

from bertft.engine.holdout import split
from bertft.engine.order import Order, inference_batches
from bertft.plan.recipe import Recipe

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
    many = np.random.default_rng(0).integers(3, 90, size=6400).tolist()
    by_length = [len(batch) * max(many[example] for example in batch) for batch in batches(Order(many, Recipe()))]
    assert 1 - 3 * sum(many) / sum(by_length) < 0.1


@pytest.mark.parametrize("rows", [100, 300, 1003])
def test_a_small_file_gives_other_batches_in_each_epoch(rows: int) -> None:
    """Sorted whole, neighbours in length would stand together in every epoch; sorted in four parts they seldom do."""
    order = Order(LENGTHS[:rows], Recipe(batch_size=16))
    first, second = (
        [set(batch) for step in order.steps() if epoch < step.epoch <= epoch + 1 for batch in step.batches]
        for epoch in (0, 1)
    )
    alike = [max(len(batch & other) for other in second) for batch in first]
    assert sum(alike) / sum(map(len, first)) < 0.5


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
    assert [sum(targets[i] == k for i in held) for k in range(4)] == [7, 2, 0, 0]
    assert (kept, held) == split(targets, 0.1, seed=1)
    assert held != split(targets, 0.1, seed=2)[1]
    assert len(split([n / 7 for n in range(50)], 0.2, seed=1)[1]) == 10
    of_many_classes = split([n // 6 for n in range(600)], 0.1, seed=1)[1]  # 0.6 rows of each
    assert len(of_many_classes) == len({position // 6 for position in of_many_classes}) == 60


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
