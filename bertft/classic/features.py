"""Numbers of n-grams to the features that a linear layer reads, as sparse rows: TF-IDF as scikit-learn computes it with
`sublinear_tf=True`, or the mean over all n-grams; and what parts and joins the two texts of a pair. For fitting and answering
alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy  # its `sparse`, which is heavy, is loaded where it is first used

from bertft.classic.vocabulary import FIRST

Array = np.ndarray[Any, Any]

TFIDF, MEAN = "tfidf", "mean"
WEIGHTINGS = (TFIDF, MEAN)

ONE, OTHER, DIFFERENCE, PRODUCT, COSINE = "one", "other", "difference", "product", "cosine"
PARTS = (ONE, OTHER, DIFFERENCE, PRODUCT, COSINE)
"""Of a pair; a single text has only the first."""


def counts_of(texts: Sequence[Array], grams: int) -> Any:
    """(N, grams) how often each n-gram stands in each text; `texts` are their numbers."""
    known = [ids[ids >= FIRST] - FIRST for ids in texts]
    rows = np.repeat(np.arange(len(texts)), [len(ids) for ids in known])
    columns = np.concatenate(known) if known else np.zeros(0, dtype=np.int64)
    ones = np.ones(len(columns))
    found = scipy.sparse.csr_matrix((ones, (rows, columns)), shape=(len(texts), grams))
    found.sum_duplicates()
    return found


def inverse_frequencies(counts: Any) -> Array:
    """(grams,) logarithm of the inverse share of texts that have each n-gram, as if one more text had them all."""
    texts = np.bincount(counts.indices, minlength=counts.shape[1])
    return np.asarray(np.log((1 + counts.shape[0]) / (1 + texts)) + 1)


def weighted(counts: Any, weighting: str, idf: Array | None, ends: Sequence[int]) -> Any:
    """(N, grams) what a text says of each n-gram. TF-IDF has length 1 within each kind of n-gram; `ends` are their last
    columns, plus one."""
    if weighting == MEAN:
        totals = np.asarray(counts.sum(axis=1)).ravel()
        return scipy.sparse.diags(1 / np.maximum(totals, 1)) @ counts
    found = counts.copy()
    found.data = (1 + np.log(found.data)) * np.asarray(idf)[found.indices]
    parts = [found[:, start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    return scipy.sparse.csr_matrix(scipy.sparse.hstack([_of_length_1(part) for part in parts])) if parts else found


def _of_length_1(rows: Any) -> Any:
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return scipy.sparse.diags(np.divide(1, lengths, where=lengths > 0, out=np.zeros(len(lengths)))) @ rows


def features_of(texts: Sequence[Any], parts: Sequence[str]) -> Any:
    """(N, F) weighted texts, one or two matrices, to the features of these parts, side by side."""
    one, other = texts[0], texts[-1]
    made = {
        ONE: lambda: one,
        OTHER: lambda: other,
        DIFFERENCE: lambda: abs(one - other),
        PRODUCT: lambda: one.multiply(other),
        COSINE: lambda: scipy.sparse.csr_matrix(one.multiply(other).sum(axis=1)),
    }
    return scipy.sparse.csr_matrix(scipy.sparse.hstack([made[part]() for part in parts]))


def width_of(parts: Sequence[str], grams: int) -> int:
    """How many features there are."""
    return sum(1 if part == COSINE else grams for part in parts)
