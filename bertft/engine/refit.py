"""The refit: once the validation rows have chosen a model, they are learned from too.

Of a small file a tenth is much. Where it costs little and the last epoch was a good one, the same training is done once more on
all rows; else the chosen model goes on for a while. The scores that are reported are those of the chosen model. It is kept in
checkpoint/best/, and a run that was cut off begins its refit again.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from bertft import console
from bertft.adapters import Adapter, Feature
from bertft.engine.answerer import Answerer
from bertft.engine.beginning import train_fast
from bertft.engine.examples import Examples
from bertft.engine.meter import Meter
from bertft.engine.optimizer import parameter_groups
from bertft.engine.order import Order
from bertft.engine.resume import go_on
from bertft.engine.sharding import whole_weights
from bertft.engine.stage import run_stage
from bertft.engine.step import NotANumber
from bertft.errors import CheckpointError, TrainingError
from bertft.model.folder import save_network
from bertft.model.layers import freeze
from bertft.model.network import Head, load_network
from bertft.plan.recipe import Recipe
from bertft.protocols import Device, Network
from bertft.runs import BEST, CHECKPOINT, OF_THE_RUN, REFIT_MARK
from bertft.scoring import Scores, better, standard_error
from bertft.start.pairs import are_learned_beforehand
from bertft.system import signals
from bertft.system.files import explained, fresh_folder, last_whole, write_text
from bertft.wording import counted

CHEAP = 220_000
"""Tokens, in all epochs together, up to which a model is trained anew. More would take a first run beyond five minutes on two
cores: banking77 with 3,000 rows, 295,000 tokens, took 170 s without a refit, 234 s going on and 312 s anew, and gained nothing by
the last.
"""

SHARE = 0.25
"""Of the epochs that were trained, where the chosen model goes on."""

FACTOR = 0.5
"""Of the run's learning rates, then."""


def best_folder(run: Path) -> Path:
    """Where the model stands that the validation rows chose: the run folder, until a refit begins. CheckpointError where it is
    gone: the model that is left has learned from those rows, which could not score it."""
    kept = last_whole(run / CHECKPOINT / BEST)
    if kept.is_dir():
        return kept
    if (run / CHECKPOINT / REFIT_MARK).is_file():
        raise CheckpointError(
            f"{kept}: gone. The model in {run} has learned from the validation rows since, so they cannot score it any more. "
            f"Start again without --resume, in another folder."
        )
    return run


def files_of_model(run: Path) -> list[Path]:
    """What stands in a run folder itself and may belong to its model: no folder, and nothing half-written."""
    found = (file for file in run.iterdir() if file.is_file() and not file.name.startswith("."))
    return sorted(file for file in found if file.name not in OF_THE_RUN)


def keep_chosen(run: Path) -> None:
    """Copy the chosen model to where a refit does not write, and say so there."""
    if best_folder(run) == run:
        with fresh_folder(run / CHECKPOINT / BEST) as kept:
            for file in files_of_model(run):
                shutil.copy2(file, kept)
    write_text(run / CHECKPOINT / REFIT_MARK, f"{BEST}/ is what the validation rows chose.\n")


def shortened(recipe: Recipe) -> Recipe:
    """The recipe by which a chosen model goes on: a quarter of the epochs or steps that were trained, but at least one epoch, or
    all there were."""
    return replace(
        recipe,
        epochs=min(math.ceil(recipe.passes * SHARE), recipe.passes),
        max_steps=None if recipe.max_steps is None else math.ceil(recipe.max_steps * SHARE),
        learning_rate=recipe.rate * FACTOR,
        head_learning_rate=recipe.head_learning_rate * FACTOR,
    )


@dataclass(frozen=True)
class Refit:
    """What a refit is made from."""

    folder: Path
    """Of the run."""
    adapter: Adapter
    """With its thresholds, which stay as they are."""
    examples: Examples
    validation: Examples
    recipe: Recipe
    """Of the refit."""
    anew: Callable[[Sequence[Feature], Head], Network] | None
    """Makes the network that a run on these features begins with; None where the chosen model goes on."""
    accelerator: Device
    origin: Callable[[int], str]
    """Where a feature's row stands in its file."""

    def run(self, scores: Scores) -> bool:
        """Train on all rows and put what comes of it in the place of the chosen model, whose `scores` these are. False, and the
        chosen one stays, where that failed: it must not do worse on the rows that it has now learned from."""
        self._keep_chosen()
        rows = len(self.examples) + len(self.validation)
        how = f"{'from the beginning for ' if self.anew else ''}{_amount(self.recipe)}{'' if self.anew else ' more'}"
        console.note(f"Refit: {how} on all {rows:,} rows, those for validation included (--no-refit).")
        features = sorted([*self.examples.features, *self.validation.features], key=lambda feature: feature.row)
        head = self.adapter.head([*self.examples.targets, *self.validation.targets], self.recipe)
        network = self.anew(features, head) if self.anew else self._load_chosen()
        problem = self._problem(network, features, head, scores)
        if problem:
            console.warn(f"Refit undone: {problem} The model stays as the validation rows chose it.")
            self.accelerator.free_memory()
            network = self._load_chosen()
        self._put_in_place(network)
        return not problem

    def undo(self) -> None:
        """Put the chosen model in its place again, should an earlier refit have taken it."""
        if best_folder(self.folder) != self.folder:
            self._put_in_place(self._load_chosen())

    def _problem(self, network: Network, features: Sequence[Feature], head: Head, scores: Scores) -> str:
        """What is wrong with the network after its refit; '' if nothing is."""
        try:
            self._train(network, features, head)
        except TrainingError as found:
            signals.check()
            if self.accelerator.num_processes > 1 and not isinstance(found, NotANumber):
                raise  # here alone: the others are still at work, and would wait
            return str(found)
        after = self._scores(network)
        if is_as_good(after.main_value, scores):
            return ""
        return f"the {scores.main} of the validation rows went from {scores.main_value:.4f} to {after.main_value:.4f}."

    def _scores(self, network: Network) -> Scores:
        network = self.accelerator.unwrap_model(network)
        found = Answerer(self.adapter, network, self.accelerator).predictions(self.validation.windows, Meter())
        return self.adapter.score(found, self.validation.targets)

    def _keep_chosen(self) -> None:
        if self.accelerator.is_main_process:
            with self._writing():
                keep_chosen(self.folder)
        self.accelerator.wait_for_everyone()

    def _load_chosen(self) -> Network:
        network = load_network(str(best_folder(self.folder)), self.adapter.card.kind)
        freeze(network, self.recipe.freeze)
        return network.to(self.accelerator.device)

    def _train(self, network: Network, features: Sequence[Feature], head: Head) -> None:
        train_fast(network, self.adapter, features, self.accelerator)
        run_stage(
            network,
            self.adapter,
            features,
            head.cost,
            self.recipe,
            self.accelerator,
            label="Refit",
            origin=self.origin,
            groups=parameter_groups(network, self.recipe),
        )

    def _put_in_place(self, network: Network) -> None:
        weights = whole_weights(network)
        if self.accelerator.is_main_process:
            with self._writing():
                save_network(network, self.folder, weights)
        self.accelerator.wait_for_everyone()

    def _writing(self) -> AbstractContextManager[None]:
        return explained(self.folder, f"Its model and last state stand; make room and {go_on(self.folder)}")


def is_as_good(value: float, scores: Scores) -> bool:
    """Whether the main metric is better there than in some scores, or worse by no more than a standard error."""
    fell = better(scores.main, scores.main_value, value)
    return not fell or abs(value - scores.main_value) <= standard_error(scores)


def is_cheap(features: Sequence[Feature], recipe: Recipe) -> bool:
    """Whether a training by the recipe, and what comes before its first step, takes little time."""
    learns_pairs = recipe.few_shot or are_learned_beforehand(features, recipe)
    order = Order([len(feature.input_ids) for feature in features], recipe)
    passes = order.total_steps / max(order.steps_per_epoch, 1)
    return not learns_pairs and passes * sum(order.lengths) <= CHEAP


def _amount(recipe: Recipe) -> str:
    if recipe.max_steps is not None:
        return counted(recipe.max_steps, "step")
    return "1 epoch" if recipe.passes == 1 else f"{recipe.passes:g} epochs"
