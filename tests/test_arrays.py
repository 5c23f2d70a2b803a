"""From logits to probabilities as scipy has them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special

from bertft.arrays import log_softmax, logsumexp, sigmoid, softmax


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("span", [1, 30, 1e5])
def test_probabilities_are_those_of_scipy(dtype: Any, span: float) -> None:
    logits = np.random.default_rng(3).uniform(-span, span, (40, 7)).astype(dtype)
    close = {"rtol": 1e-5 if dtype == np.float32 else 1e-13, "atol": 0}
    for axis in (0, -1):
        np.testing.assert_allclose(softmax(logits, axis=axis), special.softmax(logits, axis=axis), **close)
        np.testing.assert_allclose(log_softmax(logits, axis=axis), special.log_softmax(logits, axis=axis), **close)
    assert softmax(logits).dtype == log_softmax(logits).dtype == dtype
    np.testing.assert_allclose(sigmoid(logits), special.expit(logits.astype(np.float64)), rtol=1e-13)
    assert logsumexp(logits[0]) == pytest.approx(special.logsumexp(logits[0]), rel=1e-6)


def test_what_cannot_be_counts_for_nothing() -> None:
    assert logsumexp(np.asarray([-np.inf, 2.0, -np.inf])) == 2.0
    assert logsumexp(np.asarray([-np.inf, -np.inf])) == -np.inf
    assert sigmoid([-1e6, 0.0, 1e6]).tolist() == [0.0, 0.5, 1.0]
