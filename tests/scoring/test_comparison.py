"""A model beside what needs no training: when it has learned, and what is said."""

from __future__ import annotations

import math

import pytest

from bertft.scoring import Baseline, Comparison, Scores


def scores(value: float | None, interval: tuple[float, float] | None = None, main: str = "accuracy") -> Scores:
    notes = [] if value is not None else [f"{main} is left out: there is no row.", "Another note."]
    return Scores(main, {} if value is None else {main: value}, 100, interval, notes=notes)


def compared(model: Scores, constant: Scores, **more: object) -> Comparison:
    return Comparison(model, Baseline("the best single class alone", constant), **more)  # type: ignore[arg-type]


def test_all_scores_stand_in_one_sentence() -> None:
    found = compared(scores(0.867, (0.8, 0.925)), scores(0.208), start=scores(0.842))
    assert found.has_learned
    assert found.summary == (
        "Validation accuracy 0.8670; the best single class alone gives 0.2080; the warm start gave 0.8420."
    )
    assert compared(scores(0.867, (0.8, 0.925)), scores(0.208)).summary.endswith("gives 0.2080.")


@pytest.mark.parametrize(
    ("model", "constant", "verdict"),
    [
        (scores(0.2, (0.1, 0.3)), scores(0.2), "The model has learned nothing that this metric shows."),
        (scores(0.1, (0.05, 0.15)), scores(0.2), "The model has learned nothing that this metric shows."),
        (
            scores(0.25, (0.15, 0.35)),
            scores(0.2),
            "The difference may be chance: the 95 % interval is 0.1500 to 0.3500.",
        ),
        (
            scores(1.1, (0.9, 1.3), "mse"),
            scores(1.2, main="mse"),
            "The difference may be chance: the 95 % interval is 0.9000 to 1.3000.",
        ),
        (
            scores(1.3, (1.1, 1.5), "mse"),
            scores(1.2, main="mse"),
            "The model has learned nothing that this metric shows.",
        ),
    ],
)
def test_a_score_that_the_label_counts_reach_is_not_learned(model: Scores, constant: Scores, verdict: str) -> None:
    found = compared(model, constant)
    assert not found.has_learned
    assert found.summary.endswith(verdict)


def test_errors_are_better_when_lower_and_correlations_beat_zero() -> None:
    assert compared(scores(0.5, (0.4, 0.6), "mse"), scores(1.2, main="mse")).has_learned
    constant = scores(None, main="spearman")
    assert compared(scores(0.5, (0.2, 0.7), "spearman"), constant).has_learned
    found = compared(scores(0.1, (-0.2, 0.3), "spearman"), constant)
    assert not found.has_learned
    assert "the best single class alone gives 0.0000, as it cannot rank." in found.summary


def test_a_model_that_says_the_same_of_all_rows_is_named() -> None:
    for model, worth in (
        (scores(0.2, (0.1, 0.3)), "that is nothing beyond the label counts"),
        (scores(0.6, (0.5, 0.7)), "its score rests on differences too small to rely on"),
    ):
        found = compared(model, scores(0.2), same_answer="all 100 rows the same answer ('neutral')")
        assert found.is_warning
        assert found.summary.endswith(f"The model gives all 100 rows the same answer ('neutral'): {worth}.")
    assert not compared(scores(0.6, (0.5, 0.7)), scores(0.2)).is_warning


@pytest.mark.parametrize("model", [scores(None), scores(math.nan)])
def test_an_undefined_main_score_is_said(model: Scores) -> None:
    found = compared(model, scores(0.2))
    why = "accuracy is left out: there is no row. " if not model.values else "accuracy is no number. "
    assert not found.has_learned
    assert found.summary.startswith("Validation accuracy undefined; ")
    assert found.summary.endswith(f"{why}No epoch could be chosen by it; another metric may do (--metric).")
