"""The last passes: once the validation rows have chosen a model, it learns from them too.

Of a small file a tenth is much: banking77 with 1,000 rows gains two points by it. The scores that are reported are those of the
model before; it stands in checkpoint/best/, and a resumed run begins here again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bertft import console
from bertft.adapters import Adapter
from bertft.engine import resume
from bertft.engine.examples import Examples
from bertft.engine.haste import hasten_training
from bertft.engine.judging import Validator
from bertft.engine.optimizer import parameter_groups
from bertft.engine.sharding import whole_weights
from bertft.engine.stage import run_stage
from bertft.engine.step import NotANumber
from bertft.model.folder import save_network
from bertft.model.layers import freeze
from bertft.model.network import load_network
from bertft.recipe import Recipe
from bertft.scoring import Scores, better, standard_error
from bertft.system.files import fresh_folder, last_whole

SHARE = 0.25
"""Of the epochs of the run. banking77, 1,000 rows: as good as training anew on all rows, at a quarter of the time."""

FACTOR = 0.5
"""Of the run's learning rates."""

BEST = "best"
"""In checkpoint/: the model that was chosen, as transformers opens it."""


def best_folder(run: Path) -> Path:
    """Where the model stands that the validation rows chose: the run folder, until it learns from them too."""
    kept = last_whole(run / resume.FOLDER / BEST)
    return kept if kept.is_dir() else run


def shortened(recipe: Recipe) -> Recipe:
    """The recipe of the last passes: at least one epoch, at a lower rate."""
    steps = None if recipe.max_steps is None else math.ceil(recipe.max_steps * SHARE)
    return replace(
        recipe,
        epochs=max(math.ceil(recipe.passes * SHARE), 1.0),
        max_steps=steps,
        learning_rate=recipe.rate * FACTOR,
        head_learning_rate=recipe.head_learning_rate * FACTOR,
    )


@dataclass(frozen=True)
class Refit:
    """What the last passes are made from."""

    folder: Path
    """Of the run."""
    adapter: Adapter
    examples: Examples
    validation: Examples
    recipe: Recipe
    accelerator: Any
    origin: Callable[[int], str]
    """Where a feature's row stands in its file."""

    def run(self, scores: Scores) -> bool:
        """Train the chosen model on all rows and put it in its place. False, and the chosen one stays, where that came to
        nothing: it must not be worse on the rows that it has now learned from than its `scores` there were before."""
        network = self._chosen()
        try:
            self._train(network)
            after = Validator(self.adapter, self.validation, self.accelerator)(network)
            worse = not is_as_good(after, scores)
            problem = f"The {scores.main} of the validation rows fell to {after.main_value:.4f}." if worse else ""
        except NotANumber as found:
            problem = str(found)
        if problem:
            console.warn(f"Refit: left out. {problem}")
            network = self._chosen()
        weights = whole_weights(network)
        if self.accelerator.is_main_process:
            save_network(network, self.folder, weights)
        self.accelerator.wait_for_everyone()
        return not problem

    def _chosen(self) -> Any:
        """The chosen model, on the device; kept where the last passes do not write."""
        network = load_network(str(best_folder(self.folder)), self.adapter.card.kind)
        if best_folder(self.folder) == self.folder and self.accelerator.is_main_process:
            with fresh_folder(self.folder / resume.FOLDER / BEST) as kept:
                save_network(network, kept, network.state_dict())
        self.accelerator.wait_for_everyone()
        freeze(network, self.recipe.freeze)
        return network.to(self.accelerator.device)

    def _train(self, network: Any) -> None:
        recipe, features = shortened(self.recipe), [*self.examples.features, *self.validation.features]
        head = self.adapter.head([*self.examples.targets, *self.validation.targets], recipe)
        hasten_training(network, self.adapter, features, self.accelerator)
        groups = parameter_groups(network, recipe)
        rows = len(self.examples) + len(self.validation)
        console.note(f"Refit: {_amount(recipe)} on all {rows:,} rows, the validation rows among them (--no-refit).")
        run_stage(
            network,
            self.adapter,
            features,
            head.cost,
            recipe,
            self.accelerator,
            label="Refit",
            origin=self.origin,
            groups=groups,
        )


def is_as_good(after: Scores, before: Scores) -> bool:
    """Whether scores are better, or worse by no more than a standard error."""
    fell = better(before.main, before.main_value, after.main_value)
    return not fell or abs(after.main_value - before.main_value) <= standard_error(before)


def _amount(recipe: Recipe) -> str:
    if recipe.max_steps is not None:
        return f"{recipe.max_steps:,} more steps"
    return f"{recipe.passes:g} more epoch{'' if recipe.passes == 1 else 's'}"
