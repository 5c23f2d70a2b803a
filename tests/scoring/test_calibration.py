"""The calibration error agrees with its definition, does not depend on the order of rows, and knows what chance explains."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike
from sklearn.calibration import calibration_curve

from bertft.scoring.calibration import BINS, FEWEST_IN_BIN, Reliability, expected_by_chance, mean_error, reliability


def measured(right: ArrayLike, given: ArrayLike) -> Reliability:
    found = reliability(right, given)
    assert found is not None
    return found


def by_definition(right: np.ndarray, given: np.ndarray, count: int) -> float:
    """Sum over equally large bins of their share of rows times |accuracy - confidence| (Guo et al. 2017, equation 3)."""
    order = np.argsort(given)
    parts = [part for part in np.array_split(order, count) if len(part)]
    return float(sum(len(part) / len(given) * abs(right[part].mean() - given[part].mean()) for part in parts))


@pytest.mark.parametrize("rows", [300, 600, 3000])
def test_it_agrees_with_the_definition(rows: int) -> None:
    chance = np.random.default_rng(rows)
    given = chance.random(rows)
    right = chance.random(rows) < given**2
    found = measured(right, given)
    assert len(found.bins) == min(BINS, rows // FEWEST_IN_BIN)
    assert found.error == pytest.approx(by_definition(right, given, len(found.bins)))
    assert found.error == pytest.approx(
        sum(one.rows * abs(one.probability - one.accuracy) for one in found.bins) / rows
    )


def test_the_bins_are_those_of_scikit_learn() -> None:
    chance = np.random.default_rng(0)
    given = chance.beta(2, 1, 1501)  # scikit-learn puts a row that lies on an edge into the bin above it
    right = chance.random(1501) < given
    accuracy, probability = calibration_curve(right, given, n_bins=BINS, strategy="quantile")
    found = measured(right, given)
    assert [one.accuracy for one in found.bins] == pytest.approx(accuracy, abs=0.02)
    assert [one.probability for one in found.bins] == pytest.approx(probability, abs=0.01)


def test_what_is_calibrated_has_the_error_that_chance_explains() -> None:
    chance = np.random.default_rng(3)
    given = chance.beta(5, 1, 2000)
    errors = [measured(chance.random(2000) < given, given).error for _ in range(50)]
    assert np.mean(errors) == pytest.approx(expected_by_chance(given), rel=0.05)
    assert measured(chance.random(2000) < given - 0.2, given).error > 3 * expected_by_chance(given)


def test_the_order_of_rows_and_ties_do_not_matter() -> None:
    chance = np.random.default_rng(1)
    given = np.round(chance.random(500), 1)  # eleven values, so bins cannot hold equally many
    right = chance.random(500) < given
    found, order = measured(right, given), chance.permutation(500)
    again = measured(right[order], given[order])
    assert again.error == pytest.approx(found.error)
    assert [one.rows for one in found.bins] == [one.rows for one in again.bins]
    assert sum(one.rows for one in found.bins) == 500
    assert all(one.high < two.low for one, two in zip(found.bins, found.bins[1:], strict=False))


def test_one_value_for_all_rows_is_one_bin() -> None:
    found = measured([1] * 60 + [0] * 40, [0.9] * 100)
    assert found.error == pytest.approx(0.3)
    assert len(found.bins) == 1


def test_there_is_none_without_rows_or_with_what_is_no_number() -> None:
    assert reliability([], []) is None
    assert reliability([1, 0], [0.5, float("nan")]) is None
    assert mean_error({}) is None


def test_labels_do_not_make_up_for_each_other() -> None:
    high, low = measured([0] * 50, [0.3] * 50), measured([1] * 50, [0.7] * 50)
    assert mean_error({"a": high, "b": low}) == pytest.approx(0.3)
