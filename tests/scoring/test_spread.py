"""Mean and standard deviation over runs, held against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from bertft.scoring.spread import Spread, spread_of, spreads_of


def test_the_deviation_is_that_of_a_sample() -> None:
    values = [0.81, 0.84, 0.79, 0.9]
    found = spread_of(values)
    assert found.mean == pytest.approx(np.mean(values))
    assert found.deviation == pytest.approx(np.std(values, ddof=1))


def test_runs_in_which_a_score_is_undefined_do_not_count() -> None:
    found = spreads_of([{"f1": 0.5, "mcc": 0.1}, {"f1": 0.7}, {"f1": 0.9}])
    assert found == {"f1": Spread(pytest.approx(0.7), pytest.approx(0.2), 3), "mcc": Spread(0.1, None, 1)}  # type: ignore[arg-type]
