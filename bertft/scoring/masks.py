"""Scores of filled masks: perplexity, the exponential of the mean loss over all masks, and the share that was filled right."""

from __future__ import annotations

import math

import numpy as np

from bertft.arrays import Array
from bertft.scoring.bootstrap import interval_by_rows
from bertft.scoring.scores import Scores
from bertft.wording import counted


def score_masks(sums: Array, *, main: str = "perplexity") -> Scores:
    """`sums` (B, 3): of each block the summed loss of its masks, how many were filled right, and how many there are. (B, 5)
    of pairs: also the loss of each, and whether it was answered right."""
    losses, right, masks, *of_pairs = sums.T
    total = float(masks.sum())
    if not total:
        return Scores(main, {}, len(sums), notes=[f"{main} is undefined: no token can be masked."])
    values = {"perplexity": _exp(float(losses.sum()) / total), "accuracy": float(right.sum()) / total}
    if of_pairs:
        values |= {"pair_accuracy": float(of_pairs[1].mean()), "pair_loss": float(of_pairs[0].mean())}
    return Scores(
        main=main,
        values={main: values[main], **values},
        examples=len(sums),
        interval=interval_by_rows(len(sums), lambda weights: _resampled(main, weights, sums[:, :3])),
        notes=[f"Measured on {counted(int(total), 'masked token')} in {counted(len(sums), 'block')}."],
    )


def score_next_tokens(sums: Array, *, main: str = "perplexity") -> Scores:
    """`sums` (B, 5): of each block the summed loss of its tokens forward and backward, how many were right in either, and how
    many there are. What is not called forward or backward is the mean of both."""
    forward, backward, right, right_backward, tokens = sums.T
    total = float(tokens.sum())
    if not total:
        return Scores(main, {}, len(sums), notes=[f"{main} is undefined: there is no token to say."])
    both = np.stack([forward + backward, right + right_backward, 2 * tokens], axis=1)
    values = {
        "perplexity": _exp(float(both[:, 0].sum()) / (2 * total)),
        "accuracy": float(both[:, 1].sum()) / (2 * total),
        "forward_perplexity": _exp(float(forward.sum()) / total),
        "backward_perplexity": _exp(float(backward.sum()) / total),
    }
    return Scores(
        main=main,
        values={main: values[main], **values},
        examples=len(sums),
        interval=interval_by_rows(len(sums), lambda weights: _resampled(main, weights, both)),
        notes=[f"Measured on {counted(int(total), 'token')} in {counted(len(sums), 'block')}, in both directions."],
    )


def _exp(mean_loss: float) -> float:
    return math.exp(mean_loss) if mean_loss < 700 else math.inf


def _resampled(main: str, weights: Array, sums: Array) -> Array:
    """weights (R, B) -> (R,)."""
    losses, right, masks = (weights @ sums).T
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return np.asarray(np.exp(losses / masks) if main == "perplexity" else right / masks)


def score_frequencies(learned: Array, asked: Array, *, main: str = "perplexity") -> Scores:
    """What the frequencies of tokens alone give, without a text around. `learned` (V,) how often a token occurs in training,
    above 0 for all that may be masked; `asked` (V,) how often it is asked for."""
    total, some = asked.sum(), asked > 0
    if not total:
        return Scores(main, {}, 0, notes=[f"{main} is undefined: no token can be masked."])
    losses = math.log(learned.sum()) - np.log(learned[some])
    values = {
        "perplexity": _exp(float(asked[some] @ losses / total)),
        "accuracy": float(asked[learned.argmax()] / total),
    }
    return Scores(main, {main: values[main], **values}, int(total))
