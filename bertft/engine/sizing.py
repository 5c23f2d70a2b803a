"""What the size of a file and the backbone decide where nobody else did: epochs, learning rate, what a classifier reads.

Small files want steps, not three passes: Mosbach et al. 2021 (arXiv 2006.04884) train them for 20 epochs with warm-up and
bias-corrected AdamW. Large ones keep the BERT paper's recipe (arXiv 1810.04805, appendix A.3).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bertft.kinds import KINDS, takes
from bertft.plan.recipe import PAPER_EPOCHS, PAPER_RATE, Recipe

FEWEST_STEPS = 200
"""Optimizer steps that a small file gets, and STEPS_PER_LABEL more for each label."""
STEPS_PER_LABEL = 2

MOST_EPOCHS = 20

MOST_TOKENS = 1_500_000
"""Read in all epochs together before a file counts as large: some five minutes on two cores."""

SCRATCH_STEPS = 2000
"""Optimizer steps that a network from before BERT gets, if its score rises so long; within these epochs:"""
SCRATCH_EPOCHS = (10, 40)

FROZEN_STEPS = 1000
"""Optimizer steps that a head on a frozen backbone gets, within these epochs:"""
FROZEN_EPOCHS = (5, 20)

FROZEN_RATE = 1e-3
"""Its learning rate: nothing else learns."""

NARROW_RATE = 1e-4
"""Learning rate of backbones no wider than 384, which need larger steps."""

SMALL_ROWS = 10_000
"""Training rows up to which a sentence encoder is read by the mean of its tokens, which costs a layer's time."""


BY_SIZE = {"epochs": "--epochs", "learning_rate": "--lr", "pool": "--pool", "refit": "--refit"}
"""Settings that are chosen here, and their flags."""


@dataclass(frozen=True)
class Size:
    """What is known of a run before its first step."""

    rows: int
    lengths: Sequence[int]
    """Tokens of each window; a long row may have several."""
    labels: int
    kind: str
    narrow: bool
    """Whether the backbone is no wider than 384."""
    mean: bool
    """Whether the backbone was trained to be read by the mean of its tokens, and can be."""
    published: float | None = None
    """A learning rate that is known of the backbone's family, in this width."""
    own_pool: str | None = None
    """What its classifier reads by itself, in families that have a choice."""
    held_back: bool = False
    """Whether the validation rows are a share of the training file."""
    frozen: bool = False
    """Whether only a head learns, on outputs that are computed once."""
    knows_nothing: bool = False
    """Whether the network is one from before BERT, which wants more steps and is fast."""


def sized(recipe: Recipe, size: Size) -> tuple[Recipe, str]:
    """The recipe with all its settings, and one line about those that were chosen here; '' for none."""
    chosen: dict[str, float | str | bool] = {}
    said = []
    steps = steps_per_epoch(recipe, size)
    epochs = epochs_for(size, steps)
    if recipe.epochs is None:
        chosen["epochs"] = float(epochs)
        if recipe.max_steps is None:
            said += [f"{epochs:g} epochs, as {size.rows:,} rows give {steps:,} steps each (--epochs)"]
        if size.knows_nothing and recipe.early_stop is not None:
            said += [f"it ends after {recipe.early_stop} evaluations without a better score (--early-stop)"]
    if recipe.learning_rate is None:
        chosen["learning_rate"] = rate_for(size, small=epochs > PAPER_EPOCHS)  # whatever epochs were typed
        said += [f"learning rate {chosen['learning_rate']:g} (--lr)"]
    if recipe.pool is None:
        own = None if size.frozen else size.own_pool
        by_mean = size.mean and (size.frozen or size.rows <= SMALL_ROWS)
        chosen["pool"] = own or ("mean" if by_mean else "cls")
        if own:
            said += [f"pooling {own} (--pool)"]
        elif by_mean:
            said += [f"mean pooling{'' if size.frozen else ', in a layer of its own'} (--pool)"]
    if recipe.refit is None:
        chosen["refit"] = is_refitted(size, epochs)
        if chosen["refit"]:
            said += ["the validation rows are trained on at the end (--no-refit)"]
    return replace(recipe, **chosen), f"Recipe: {'; '.join(said)}." if said else ""  # type: ignore[arg-type]


def unsized(recipe: Recipe, kind: str, *, held_back: bool) -> list[str]:
    """The flags of what `sized` will choose. `held_back`: the validation rows are a share of the training file."""
    meaningless = {"epochs"} if recipe.max_steps is not None else set()
    meaningless |= set() if held_back else {"refit"}
    meaningless |= set() if takes("pool", kind) else {"pool"}
    return [flag for name, flag in BY_SIZE.items() if getattr(recipe, name) is None and name not in meaningless]


def steps_per_epoch(recipe: Recipe, size: Size) -> int:
    """About, where batches are counted in tokens."""
    batches = math.ceil(len(size.lengths) / recipe.batch_size)
    if recipe.max_tokens is not None:
        batches = math.ceil(sum(size.lengths) / recipe.max_tokens)
    return max(math.ceil(batches / recipe.grad_accum), 1)


def epochs_for(size: Size, steps: int) -> int:
    """As many as give enough steps; no more than the paper's three where that would take long."""
    if size.knows_nothing:
        return min(max(math.ceil(SCRATCH_STEPS / steps), SCRATCH_EPOCHS[0]), SCRATCH_EPOCHS[1])
    if size.frozen:
        return min(max(math.ceil(FROZEN_STEPS / steps), FROZEN_EPOCHS[0]), FROZEN_EPOCHS[1])
    wanted = math.ceil((FEWEST_STEPS + STEPS_PER_LABEL * size.labels) / steps)
    affordable = MOST_TOKENS // max(sum(size.lengths), 1)
    return max(min(wanted, affordable, MOST_EPOCHS), int(PAPER_EPOCHS))


def is_refitted(size: Size, epochs: int) -> bool:
    """Whether the validation rows are learned from in the end: of a small file, where they are its own."""
    return size.held_back and epochs > PAPER_EPOCHS


def rate_for(size: Size, *, small: bool) -> float:
    """On small files by kind of task; a wide backbone may not bear a factor above 1."""
    if size.frozen:
        return FROZEN_RATE
    rate = NARROW_RATE if size.narrow else size.published or PAPER_RATE
    factor = KINDS[size.kind].small_file_factor if small else 1.0
    return rate * (factor if size.narrow else min(factor, 1.0))
