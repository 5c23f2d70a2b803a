"""Dropout's bits: how many go, that they are independent, and that they follow from their seeds alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import binomtest, chi2_contingency
from torch.nn import functional

from bertft.fast.masks import DropoutBits, DropoutMasks

MANY = 4_000_000


@pytest.mark.parametrize("p", [0.001, 0.1, 0.125, 0.2, 0.5, 0.9])
def test_as_many_go_as_asked(p: float) -> None:
    """Not the next multiple of 1/256: for 0.1 that would be off by eleven standard deviations."""
    gone = MANY - int(DropoutBits(1, 2).keep(MANY, p).sum())
    assert binomtest(gone, MANY, p).pvalue > 1e-4


def test_neighbours_are_independent() -> None:
    keep = DropoutBits(3).keep(MANY, 0.1)
    for distance in (1, 2, 7, 8, 64):
        table = np.histogram2d(keep[:-distance], keep[distance:], bins=2)[0]
        assert chi2_contingency(table).pvalue > 1e-4


def test_bits_follow_from_the_seeds() -> None:
    first = DropoutBits(1, 2).keep(1000, 0.3)
    assert np.array_equal(first, DropoutBits(1, 2).keep(1000, 0.3))
    assert not np.array_equal(first, DropoutBits(1, 3).keep(1000, 0.3))
    assert not np.array_equal(first, DropoutBits(2, 2).keep(1000, 0.3))


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 1001])
def test_any_number_of_them(count: int) -> None:
    keep = DropoutBits(1).keep(count, 0.1)
    assert keep.shape == (count,)
    assert keep.dtype == bool
    assert DropoutBits(1).keep(count, 0.0).all()


def test_grouped_queries_get_torchs_own_dropout() -> None:
    """Their keys are fewer than their queries, which these masks do not know."""
    query, key = torch.rand(2, 4, 5, 8), torch.rand(2, 2, 5, 8)
    torch.manual_seed(3)
    wanted = functional.scaled_dot_product_attention(query, key, key, dropout_p=0.5, enable_gqa=True)
    torch.manual_seed(3)
    with DropoutMasks(DropoutBits(1)):
        found = functional.scaled_dot_product_attention(query, key, key, dropout_p=0.5, enable_gqa=True)
    assert torch.equal(found, wanted)
