"""What the size of a file and the backbone decide, and what is said of it. What was asked for is never changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertft.engine.order import Order
from bertft.engine.sizing import FEWEST_STEPS, MOST_EPOCHS, MOST_TOKENS, SMALL_ROWS, STEPS_PER_LABEL, Size, sized
from bertft.plan.recipe import PAPER_EPOCHS, PAPER_RATE, Recipe
from bertft.plan.settings import checked


def size(
    rows: int = 1000, *, tokens: int = 20, labels: int = 2, kind: str = "text-classification", **more: Any
) -> Size:
    return Size(rows, [tokens] * rows, labels, kind, **{"narrow": False, "mean": False, **more})


def epochs(rows: int, recipe: Recipe | None = None, **more: Any) -> float | None:
    return sized(recipe or Recipe(), size(rows, **more))[0].epochs


@pytest.mark.parametrize("rows", [40, 100, 300, 700, 1000])
@pytest.mark.parametrize("labels", [1, 2, 77])
def test_small_files_get_enough_steps_and_no_more(rows: int, labels: int) -> None:
    recipe, _ = sized(Recipe(), size(rows, labels=labels))
    steps = Order([20] * rows, recipe).total_steps
    wanted = FEWEST_STEPS + STEPS_PER_LABEL * labels
    each = steps / (recipe.epochs or 0)
    assert recipe.epochs == MOST_EPOCHS or steps >= wanted
    assert recipe.epochs == PAPER_EPOCHS or steps < wanted + each


def test_large_files_and_long_texts_get_the_papers_three() -> None:
    assert epochs(100_000) == PAPER_EPOCHS
    assert epochs(300, tokens=512) == MOST_TOKENS // (300 * 512)
    assert epochs(1000, tokens=512) == PAPER_EPOCHS


@given(st.lists(st.integers(3, 512), min_size=1, max_size=300), st.integers(1, 200), st.integers(1, 64), st.booleans())
def test_more_rows_never_get_more_epochs(lengths: list[int], labels: int, batch: int, by_tokens: bool) -> None:
    recipe = Recipe(batch_size=batch, max_tokens=1024 if by_tokens else None)
    found = []
    for rows in range(1, len(lengths) + 1, max(len(lengths) // 7, 1)):
        given_size = Size(rows, lengths[:rows], labels, "text-classification", narrow=True, mean=True)
        found.append(sized(recipe, given_size)[0].epochs or 0)
    assert found == sorted(found, reverse=True)
    assert all(PAPER_EPOCHS <= count <= MOST_EPOCHS for count in found)


@given(st.integers(1, 3000), st.integers(1, 300))
def test_more_labels_never_get_fewer_epochs(rows: int, labels: int) -> None:
    assert (epochs(rows, labels=labels) or 0) <= (epochs(rows, labels=labels + 50) or 0)


def test_accumulated_batches_are_fewer_steps_and_so_more_epochs() -> None:
    assert epochs(1000) == 7  # 32 steps each; 204 are wanted
    assert epochs(1000, Recipe(grad_accum=2)) == 13  # 16 each
    assert epochs(1000, Recipe(batch_size=64)) == 13
    assert epochs(1000, Recipe(max_tokens=640)) == 7  # 32 texts of 20 tokens
    assert epochs(1000, Recipe(grad_accum=1000)) == MOST_EPOCHS


@pytest.mark.parametrize(
    ("narrow", "kind", "rows", "rate"),
    [
        (False, "text-classification", 1000, PAPER_RATE / 2),
        (True, "text-classification", 1000, 5e-5),
        (True, "text-classification", 100_000, 1e-4),
        (False, "token-classification", 1000, PAPER_RATE),
        (True, "token-classification", 1000, 3e-4),
        (True, "token-classification", 100_000, 1e-4),
        (False, "question-answering", 1000, PAPER_RATE),
        (True, "question-answering", 1000, 2e-4),
    ],
)
def test_the_rate_comes_from_width_kind_and_size(narrow: bool, kind: str, rows: int, rate: float) -> None:
    recipe, said = sized(Recipe(), size(rows, narrow=narrow, kind=kind))
    assert recipe.learning_rate == pytest.approx(rate)
    assert f"learning rate {rate:g} (--lr)" in said


@pytest.mark.parametrize(
    ("rows", "mean", "pool"),
    [(1000, True, "mean"), (1000, False, "cls"), (SMALL_ROWS, True, "mean"), (SMALL_ROWS + 1, True, "cls")],
)
def test_sentence_encoders_are_read_by_their_mean_on_small_files(rows: int, mean: bool, pool: str) -> None:
    recipe, said = sized(Recipe(), size(rows, mean=mean))
    assert recipe.pool == pool
    assert ("mean pooling" in said and "(--pool)" in said) == (pool == "mean")


@pytest.mark.refits
@pytest.mark.parametrize(
    ("rows", "held_back", "refit"), [(300, True, True), (300, False, False), (100_000, True, False)]
)
def test_held_back_rows_of_small_files_are_learned_from_in_the_end(rows: int, held_back: bool, refit: bool) -> None:
    recipe, said = sized(Recipe(), replace(size(rows), held_back=held_back))
    assert recipe.refit is refit
    assert ("the validation rows are trained on at the end (--no-refit)" in said) == refit


ASKED = {"epochs": 1.5, "learning_rate": 7e-6, "pool": "cls", "refit": True}


@pytest.mark.parametrize("name", ASKED)
def test_what_was_asked_for_stays_and_is_not_spoken_of(name: str) -> None:
    asked = replace(Recipe(), **{name: ASKED[name]})
    recipe, said = sized(asked, size(mean=True))
    assert getattr(recipe, name) == ASKED[name]
    flags = {"epochs": "--epochs", "learning_rate": "--lr", "pool": "--pool"}
    assert [flag for flag in flags.values() if flag in said] == [flag for key, flag in flags.items() if key != name]


def test_who_asks_for_everything_is_told_nothing() -> None:
    asked = replace(Recipe(), **ASKED)
    assert sized(asked, size(mean=True)) == (asked, "")


def test_nothing_but_what_was_open_is_chosen() -> None:
    asked = Recipe(batch_size=7, warmup=0.3, seed=9, early_stop=2, max_length=99, weight_decay=0.0)
    recipe, _ = sized(asked, size())
    assert replace(recipe, epochs=None, learning_rate=None, pool=None, refit=None) == asked
    assert checked(recipe) is recipe
    assert sized(recipe, size()) == (recipe, "")  # a plan that was written down is not sized again


def test_with_a_number_of_steps_no_epochs_are_spoken_of() -> None:
    recipe, said = sized(Recipe(max_steps=50), size())
    assert "--epochs" not in said
    assert Order([20] * 1000, recipe).total_steps == 50


def test_the_line_says_why() -> None:
    _, said = sized(Recipe(), size(300))
    assert said == "Recipe: 20 epochs, as 300 rows give 10 steps each (--epochs); learning rate 2.5e-05 (--lr)."
    assert "as 12,000 rows give 375 steps each" in sized(Recipe(), size(12_000))[1]


@pytest.mark.parametrize("lengths", [[], [0], [1], [10**7]], ids=str)
def test_strange_sizes_are_no_trouble(lengths: list[int]) -> None:
    recipe, _ = sized(
        Recipe(max_tokens=8), Size(len(lengths), lengths, 0, "question-answering", narrow=True, mean=False)
    )
    assert PAPER_EPOCHS <= (recipe.epochs or 0) <= MOST_EPOCHS
