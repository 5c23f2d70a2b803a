"""From a model's predictions on held-out rows to an adapter whose probabilities come true, and to what that was worth on rows
that did not fit it: each fifth of the validation rows is judged by what the other four fitted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bertft.adapters.adapter import Adapter, Prediction
from bertft.scoring.calibration import expected_by_chance, log_loss, mean_error
from bertft.scoring.temperature import FEWEST_OF_LABEL, FEWEST_ROWS, folds
from bertft.scoring.trust import Calibration

_TOO_RARE = f"no label has {FEWEST_OF_LABEL} validation rows with it and {FEWEST_OF_LABEL} without it"

_NO_GAIN = "a scale is no gain on validation rows that had no part in it (log loss, cross-fitted)"


def calibrate(
    adapter: Adapter, found: Sequence[Prediction], targets: Sequence[Any]
) -> tuple[Adapter, Calibration | None]:
    """The adapter with its scale, and the calibration error of the validation rows; None for a kind that has none."""
    if not adapter.calibrates:
        return adapter, None
    before = calibration_error(adapter, found, targets)
    if why_not := _why_not(before, len(found)):
        return adapter, Calibration("validation", len(found), before, why_not=why_not)
    fitted = adapter.calibrated(found, targets)
    if fitted is adapter:
        return adapter, Calibration("validation", len(found), before, why_not=_TOO_RARE)
    others = _by_the_other_folds(adapter, found, targets)
    if not _is_gain(adapter, found, others, targets):
        return adapter, Calibration("validation", len(found), before, why_not=_NO_GAIN)
    return fitted, _worth(fitted, "validation", found, others, targets)


def judge_calibration(
    adapter: Adapter, split: str, own: Sequence[Prediction], targets: Sequence[Any], *, why_not: str
) -> Calibration | None:
    """Of rows that had no part in it; `own`: what the network says of them. `why_not`: why it was not calibrated."""
    if not adapter.calibrates:
        return None
    if why_not:
        return Calibration(split, len(own), calibration_error(adapter, own, targets), why_not=why_not)
    return _worth(adapter, split, own, adapter.rescaled(own), targets)


def calibration_error(adapter: Adapter, found: Sequence[Prediction], targets: Sequence[Any]) -> float | None:
    """Of the answers, or the mean of all labels."""
    return mean_error(adapter.reliability(found, targets))


def _worth(
    adapter: Adapter, split: str, own: Sequence[Prediction], given: Sequence[Prediction], targets: Sequence[Any]
) -> Calibration:
    before, after = (calibration_error(adapter, found, targets) for found in (own, given))
    chance = None
    if adapter.one_label_a_row and after is not None:
        chance = expected_by_chance([one.values.max() for one in given])
    return Calibration(split, len(own), before, after, chance, adapter.how_calibrated)


def _is_gain(adapter: Adapter, own: Sequence[Prediction], given: Sequence[Prediction], targets: Sequence[Any]) -> bool:
    """Whether what came true was more probable on the scale that other rows fitted."""
    before, after = (log_loss(adapter.given_to_truth(found, targets)) for found in (own, given))
    return after < before


def _why_not(before: float | None, rows: int) -> str:
    if before is None:
        return "the model gives what is no number"
    if rows < FEWEST_ROWS:
        return f"that takes {FEWEST_ROWS} validation rows or more (--validation, --validation-share)"
    return ""


def _by_the_other_folds(adapter: Adapter, found: Sequence[Prediction], targets: Sequence[Any]) -> list[Prediction]:
    """Each row's prediction, on the scale that the other folds fitted."""
    classes = targets if all(isinstance(target, int) for target in targets) else None
    given = list(found)
    for held in folds(len(found), classes):
        rest = np.setdiff1d(np.arange(len(found)), held)
        scale = adapter.calibrated([found[place] for place in rest], [targets[place] for place in rest], targets)
        for place, prediction in zip(held, scale.rescaled([found[place] for place in held]), strict=True):
            given[place] = prediction
    return given
