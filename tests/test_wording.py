"""Numbers in sentences: as many digits as tell them apart, and no more."""

from __future__ import annotations

import math

import pytest

from bertft.wording import duration, number_text, smallest_gap


@pytest.mark.parametrize(
    ("value", "apart", "text"),
    [
        (250_663.4, 220.6, "250663"),
        (250_663.4, 0.25, "250663.4"),
        (3.21712, 0.98, "3.217"),
        (-0.001234, 0.5, "-0.00123"),
        (3.5, 100_000.0, "3.5"),
        (0.0, 0.5, "0"),
        (2.0, 2.5, "2"),
        (12_345_678_901.5, 1e9, "12345678902"),
        (0.1 + 0.2, 0.0, "0.3"),
        (250_663.25, math.inf, "250663.25"),
        (math.nan, 1.0, "nan"),
    ],
)
def test_digits_follow_the_difference(value: float, apart: float, text: str) -> None:
    assert number_text(value, apart) == text


@pytest.mark.parametrize("size", [1e-8, 0.03, 1.0, 7e4, 3e9])
@pytest.mark.parametrize("apart", [1e-3, 0.4, 5.0])
def test_numbers_that_differ_are_shown_as_different(size: float, apart: float) -> None:
    one, other = size, size + apart * size
    shown = [float(number_text(number, apart * size)) for number in (one, other)]
    assert shown[1] - shown[0] == pytest.approx(apart * size, rel=0.01)


def test_the_smallest_gap_is_between_numbers_that_differ() -> None:
    assert smallest_gap([5.0, 2.0, 2.0, 4.5, math.nan, math.inf]) == 0.5
    assert smallest_gap([2.0, 2.0]) == smallest_gap([]) == 0.0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.043, "0.043 s"),
        (9.34, "9.3 s"),
        (45.2, "45 s"),
        (99.4, "99 s"),
        (99.5, "2 min"),
        (5999, "100 min"),
        (12_600, "3.5 h"),
    ],
)
def test_durations_have_the_unit_that_fits(seconds: float, text: str) -> None:
    assert duration(seconds) == text
