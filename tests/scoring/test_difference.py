"""The sentence that sums up two systems: which is better, by how much, and how sure that is."""

from __future__ import annotations

import numpy as np
import pytest

from bertft.scoring.difference import Difference, difference
from bertft.scoring.paired import RowSums
from bertft.scoring.scores import Scores


def said(one: float | None, other: float | None, metric: str = "accuracy", **more: object) -> str:
    return Difference(metric, one, other, 100, **more).sentence("A", "B")  # type: ignore[arg-type]


CHANCE, CLEAR = "that may be chance.", "more than chance."


@pytest.mark.parametrize(
    ("one", "other", "interval", "p", "lead", "sure", "verdict"),
    [
        (0.9, 0.912, (-0.003, 0.027), 0.12, "B is 1.2 points", "95 % interval -0.3 to 2.7, p = 0.12", CHANCE),
        (0.912, 0.9, (-0.027, 0.003), 0.12, "A is 1.2 points", "95 % interval -0.3 to 2.7, p = 0.12", CHANCE),
        (0.5, 0.531, (0.018, 0.042), 0.0001, "B is 3.1 points", "95 % interval 1.8 to 4.2, p < 0.001", CLEAR),
        (0.9, 0.9001, (-0.0004, 0.0006), 0.7, "B is 0.01 points", "95 % interval -0.04 to 0.06, p = 0.7", CHANCE),
        (0.9, 1.0, None, 0.05, "B is 10.0 points", "p = 0.05", CHANCE),
    ],
)
def test_the_better_one_comes_first(
    one: float, other: float, interval: tuple[float, float] | None, p: float, lead: str, sure: str, verdict: str
) -> None:
    worse = "A" if lead.startswith("B") else "B"
    assert said(one, other, interval=interval, p=p) == f"{lead} of accuracy above {worse} ({sure}): {verdict}"


def test_equal_scores_are_no_lead() -> None:
    sentence = "A and B have the same accuracy, 0.9000 (95 % interval -1.0 to 1.0, p = 1)."
    assert said(0.9, 0.9, interval=(-0.01, 0.01), p=1.0) == sentence


def test_of_errors_less_is_better() -> None:
    for one, other, interval in ((0.5, 0.46, (-0.07, -0.01)), (0.46, 0.5, (0.01, 0.07))):
        better, worse = ("B", "A") if other < one else ("A", "B")
        lead = f"{better} is better than {worse} by 0.04 of mae, of which less is better"
        sentence = f"{lead} (95 % interval 0.01 to 0.07, p = 0.02): {CLEAR}"
        assert said(one, other, "mae", interval=interval, p=0.02, in_points=False) == sentence
    lead = "B is better than A by 1.0 points of hamming_loss, of which less is better"
    assert said(0.02, 0.01, "hamming_loss", p=0.5) == f"{lead} (p = 0.5): {CHANCE}"


def test_large_errors_are_told_in_full() -> None:
    sentence = (
        "B is better than A by 12,346 of mae, of which less is better (95 % interval 99 to 20,000): not tested, as {}."
    )
    assert said(250_000, 237_654.3, "mae", interval=(-20_000, -99.2), in_points=False) == sentence.format("")


def test_what_could_not_be_tested_says_why() -> None:
    assert (
        said(0.1, 0.2, "mine", untested="of this", in_points=False)
        == "B has 0.1 more mine than A (no interval): not tested, as of this."
    )
    assert said(None, 0.2) == "accuracy is undefined for A, so there is no difference to tell."


def test_several_tests_are_told() -> None:
    found = Difference("f1", 0.5, 0.6, 10, p=0.01).corrected(0.03, 3)
    assert found.is_clear
    assert found.sentence("A", "B").endswith("more than chance, with p corrected for 3 comparisons.")


def test_sums_that_are_not_the_metric_are_not_tested() -> None:
    """A run that lacks labels has another macro mean in its own scores than among the labels of both."""
    right = RowSums.of(np.asarray([[1.0], [0.0]]), lambda sums: sums[:, 0] / 2)
    scores = Scores("f1_macro", {"f1_macro": 0.5}, 2)
    assert difference(scores, scores, (right, right)).p == 1.0
    other = Scores("f1_macro", {"f1_macro": 0.6}, 2)
    assert difference(scores, other, (right, right)).p is None
    assert "depends on which labels a run knows" in difference(scores, other, (right, right)).sentence("A", "B")
