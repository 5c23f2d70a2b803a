"""How much better one system is than another on the same rows, how sure that is, and the sentence that says it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from bertft.scoring.paired import McNemar, RowSums, difference_interval, randomisation_p
from bertft.scoring.scores import Scores, higher_is_better

LEVEL = 0.05
"""A difference with a p below this is more than chance."""

IN_UNITS = frozenset({"mse", "rmse", "mae"})
"""Metrics in the unit of the labels or its square; the others are shares, which are told in points."""

AGREE = 1e-9
"""A metric from sums over rows is that of the scores, but for rounding."""


@dataclass(frozen=True)
class Difference:
    """Of the main metric: `other` less `one`."""

    metric: str
    one: float | None
    """None where the metric is undefined."""
    other: float | None
    rows: int
    interval: tuple[float, float] | None = None
    """95 %, of `other` less `one`."""
    p: float | None = None
    """Of approximate randomisation; None where there is no test."""
    comparisons: int = 1
    """How many tests p is corrected for."""
    mcnemar: McNemar | None = None
    """Where each row is right or wrong."""
    untested: str = ""
    """Why there is no test, in words."""
    in_points: bool = True
    """Whether the metric is a share."""

    @property
    def value(self) -> float | None:
        return None if self.one is None or self.other is None else self.other - self.one

    @property
    def is_clear(self) -> bool:
        """Whether it is more than chance."""
        return self.p is not None and self.p < LEVEL

    def corrected(self, p: float, comparisons: int) -> Difference:
        """With the p that several tests leave."""
        return replace(self, p=p, comparisons=comparisons)

    def sentence(self, one: str, other: str) -> str:
        """`B is 1.2 points of accuracy above A (95 % interval -0.3 to 2.7, p = 0.12): that may be chance.` The better one comes
        first, and the interval is of its lead."""
        if self.value is None:
            names = " and ".join(name for name, value in ((one, self.one), (other, self.other)) if value is None)
            return f"{self.metric} is undefined for {names}, so there is no difference to tell."
        if self.value == 0:
            return f"{one} and {other} have the same {self.metric}, {self.one:.4f} ({self._sureness(1)})."
        rises, sign = higher_is_better(self.metric), 1 if self.value > 0 else -1
        first, second = (other, one) if (self.value > 0) == rises else (one, other)
        lead, unit = self._amount(abs(self.value)), " points" if self.in_points else ""
        if rises:
            said = (
                f"{first} is {lead}{unit} of {self.metric} above {second}"
                if unit
                else f"{first} has {lead} more {self.metric} than {second}"
            )
        else:
            said = f"{first} is better than {second} by {lead}{unit} of {self.metric}, of which less is better"
        return f"{said} ({self._sureness(sign)}): {self._verdict}."

    def _sureness(self, sign: int) -> str:
        """The interval in the direction of the sentence, and p."""
        said = []
        if self.interval:
            low, high = sorted(sign * end for end in self.interval)
            said.append(f"95 % interval {self._amount(low)} to {self._amount(high)}")
        if self.p is not None:
            said.append("p < 0.001" if self.p < 0.001 else f"p = {self.p:.2g}")
        return ", ".join(said) or "no interval"

    def _amount(self, value: float) -> str:
        """Points with a digit behind the point, unless they are tiny; units in full."""
        value = value * 100 if self.in_points else value
        if not self.in_points and abs(value) >= 99.5:
            return f"{value:,.0f}"
        if not self.in_points or 0 < abs(value) < 0.1:
            return f"{value:.2g}"
        return f"{value + 0.0:.1f}".replace("-0.0", "0.0")

    @property
    def _verdict(self) -> str:
        if self.p is None:
            return f"not tested, as {self.untested}"
        corrected = f", with p corrected for {self.comparisons} comparisons" if self.comparisons > 1 else ""
        return ("more than chance" if self.is_clear else "that may be chance") + corrected

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        tested = self.mcnemar
        return {
            "metric": self.metric,
            "difference": self.value,
            "interval": list(self.interval) if self.interval else None,
            "p": self.p,
            "comparisons": self.comparisons,
            "more_than_chance": self.is_clear,
            "untested": self.untested or None,
            "mcnemar": {
                "first_only": tested.one_only,
                "other_only": tested.other_only,
                "exact_p": tested.exact_p,
                "mid_p": tested.mid_p,
            }
            if tested
            else None,
        }


def difference(
    one: Scores,
    other: Scores,
    sums: tuple[RowSums, RowSums] | None,
    *,
    mcnemar: McNemar | None = None,
    own: bool = False,
) -> Difference:
    """From the scores of two systems on the same rows, and their main metric as sums over these. `own`: the metric is a function
    of the user's."""
    found = Difference(
        metric=one.main,
        one=one.values.get(one.main),
        other=other.values.get(other.main),
        rows=one.examples,
        mcnemar=mcnemar,
        in_points=not own and one.main not in IN_UNITS,
    )
    if found.value is None:
        return found
    if sums is None:
        return replace(
            found, untested="a metric of your own is no sum over rows" if own else f"{one.main} is no sum over rows"
        )
    if any(
        not math.isclose(side.total, score.main_value, abs_tol=AGREE)
        for side, score in zip(sums, (one, other), strict=True)
    ):
        return replace(found, untested=f"{one.main} depends on which labels a run knows")
    return replace(found, interval=difference_interval(*sums), p=randomisation_p(*sums))
