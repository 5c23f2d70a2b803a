"""From an accuracy that is wanted to the probability below which rows are left without an answer, as validation rows have it."""

from __future__ import annotations

import math

from bertft import console
from bertft.adapters import Adapter
from bertft.errors import UsageError
from bertft.scoring.expectation import LEVEL, Reached, lowest_threshold


def threshold_for(wanted: float, adapter: Adapter) -> float:
    """The probability from which on rows surely reach the accuracy; what that costs is said."""
    found, rows = step_for(wanted, adapter), adapter.steps[-1].rows
    console.note(
        f"--min-accuracy {wanted:g}: --min-probability {found.threshold:g}. On {rows:,} validation rows it answers "
        f"{found.rows / rows * 100:.0f} % of rows, and {found.right / found.rows * 100:.1f} % of these are right "
        f"(at least {found.sure_accuracy * 100:.1f} % with {LEVEL * 100:.0f} % confidence)."
    )
    return found.threshold


def step_for(wanted: float, adapter: Adapter) -> Reached:
    """The step that answers most rows and surely reaches the accuracy."""
    if not adapter.steps:
        raise UsageError(
            "--min-accuracy: it is not known which validation rows were right at which probability, as the run is of an earlier "
            "version or was opened with raw probabilities. Name --min-probability, or train it again."
        )
    found = lowest_threshold(adapter.steps, wanted)
    if found is None:
        raise UsageError(_out_of_reach(wanted, adapter))
    return found


def _out_of_reach(wanted: float, adapter: Adapter) -> str:
    best = max(adapter.steps, key=_surest)
    rows = adapter.steps[-1].rows
    promise = math.floor(best.sure_accuracy * 1000) / 1000
    less = "Ask for that or less, or train" if promise else "Train"
    return (
        f"--min-accuracy {wanted:g} is out of reach: with {LEVEL * 100:.0f} % confidence the {rows:,} validation rows promise "
        f"{promise:g} at most. {less} with more validation rows (--validation, --validation-share)."
    )


def _surest(step: Reached) -> float:
    return step.sure_accuracy


def with_own_probabilities(adapter: Adapter, *, raw: bool) -> Adapter:
    """The adapter without its calibration where that is asked for; UsageError for a kind that has none."""
    if not raw:
        return adapter
    if not adapter.calibrates:
        raise UsageError(
            f"--raw-probabilities does not apply: this run answers with {adapter.answers_with}, which is never calibrated."
        )
    return adapter.uncalibrated
