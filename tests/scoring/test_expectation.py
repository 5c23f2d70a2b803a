"""What is said of new rows comes true as often as it says, in simulations and, where they are small, over all cases."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from bertft.scoring.expectation import LEVEL, STEPS, Reached, expected_errors, lowest_threshold, steps_of


@pytest.mark.parametrize("share", [0.005, 0.02, 0.1, 0.3, 0.5])
@pytest.mark.parametrize("rows", [50, 200, 2000])
def test_the_errors_of_new_rows_lie_between_as_often_as_was_said(rows: int, share: float) -> None:
    """Over all numbers of errors that the judged rows can have: no simulation is needed."""
    covered = 0.0
    for errors in range(rows + 1):
        chance = binom.pmf(errors, rows, share)
        if chance > 1e-5:
            low, high = expected_errors(errors, rows)
            covered += chance * (binom.cdf(high, 1000, share) - binom.cdf(low - 1, 1000, share))
    assert LEVEL - 0.035 < covered < 0.995


def test_more_judged_rows_say_more() -> None:
    widths = [np.diff(expected_errors(rows // 10, rows))[0] for rows in (50, 500, 5000)]
    assert widths == sorted(widths, reverse=True)
    assert expected_errors(0, 100)[0] == 0
    assert expected_errors(100, 100)[1] == 1000


@pytest.mark.parametrize(("right", "rows"), [(0, 30), (30, 30), (57, 60), (900, 1000)])
def test_the_sure_accuracy_is_the_exact_binomial_bound(right: int, rows: int) -> None:
    level = 1 - 2 * (1 - LEVEL) / STEPS  # a two-sided interval has half of what is left on each side
    bound = binomtest(right, rows).proportion_ci(level, method="exact").low
    assert Reached(0.5, rows, right).sure_accuracy == pytest.approx(bound)


def test_steps_count_the_rows_that_reach_them() -> None:
    chance = np.random.default_rng(0)
    given = np.round(chance.random(237), 2)  # with ties
    right = chance.random(237) < given
    found = steps_of(right, given)
    assert 10 < len(found) <= STEPS
    for step in found:
        reached = given >= step.threshold
        assert (step.rows, step.right) == (reached.sum(), right[reached].sum())
    assert (found[-1].threshold, found[-1].rows) == (0.0, 237)
    assert [step.rows for step in found] == sorted(step.rows for step in found)


def test_of_all_thresholds_that_reach_an_accuracy_the_lowest_is_taken() -> None:
    steps = (Reached(0.9, 500, 500), Reached(0.8, 800, 780), Reached(0.5, 900, 880), Reached(0.0, 1000, 900))
    found = lowest_threshold(steps, 0.95)
    assert found == steps[2]
    assert lowest_threshold(steps, 0.97) == steps[0]
    assert lowest_threshold(steps, 0.999) is None
    assert lowest_threshold((), 0.5) is None


def test_the_accuracy_that_was_asked_for_is_missed_in_few_of_many_runs() -> None:
    """Rows whose probabilities are right, and a wish that half of them fulfil: what is chosen is held against the truth."""
    chance, missed, chosen = np.random.default_rng(1), 0, 0
    for _ in range(300):
        given = chance.beta(6, 1.5, 600)
        step = lowest_threshold(steps_of(chance.random(600) < given, given), 0.9)
        if step is not None:
            chosen += 1
            everything = chance.beta(6, 1.5, 20_000)
            missed += everything[everything >= step.threshold].mean() < 0.9
    assert chosen > 100
    assert missed <= 300 * (1 - LEVEL)


def test_what_is_no_number_has_no_steps() -> None:
    assert steps_of([], []) == ()
    assert steps_of([True, False], [0.5, float("nan")]) == ()
