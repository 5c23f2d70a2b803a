"""A short training before or after the training: the same steps, without evaluations and without a state on the disk."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from typing import Any

from bertft import console
from bertft.engine.meter import Meter, RunningMean
from bertft.engine.optimizer import build_optimizer, build_schedule
from bertft.engine.order import Order
from bertft.engine.step import Ingredients, Stepper
from bertft.errors import Stopped
from bertft.model.losses import Cost
from bertft.plan.recipe import Recipe
from bertft.protocols import Device, Network
from bertft.scoring import Scores
from bertft.system import signals


def run_stage(
    network: Network,
    collator: Any,
    features: Sequence[Any],
    cost: Cost,
    recipe: Recipe,
    accelerator: Device,
    *,
    label: str,
    origin: Callable[[int], str],
    groups: list[dict[str, Any]] | None = None,
) -> float:
    """Train `network` once through the recipe; the mean loss of the last fifth of its steps. What is asked to stop stops here:
    a resumed run begins the stage anew, and the same chance gives the same weights. `groups` of the optimizer: None for all
    trainable weights at one rate, without decay."""
    order = Order([len(feature.input_ids) for feature in features], recipe)
    weights = [parameter for parameter in network.parameters() if parameter.requires_grad]
    plain = [{"params": weights, "lr": recipe.rate, "weight_decay": 0.0}]
    optimizer = build_optimizer(network, recipe, groups or plain)
    prepared, optimizer = accelerator.prepare(network, optimizer)
    schedule = build_schedule(optimizer.optimizer, recipe, order.total_steps)
    made_of = Ingredients(network, collator, features, cost, recipe, _no_scores, origin)
    stepper, running = Stepper(made_of, prepared, optimizer, accelerator, Meter()), RunningMean()
    with console.progress(label, order.total_steps) as bar, signals.deferred():
        for step in order.steps():
            result = stepper.take(step, [signals.asked])
            schedule.step()
            if result.flags[0]:
                raise Stopped(signals.asked() or signal.SIGTERM)
            running.add_all(result.losses)
            if step.number == order.total_steps * 4 // 5:
                running.add_all(stepper.settle())
                running.read()
            bar.update(step.number, str(stepper.meter))
        running.add_all(stepper.settle())
    accelerator.free_memory()
    return running.read()


def _no_scores(_: Network) -> Scores:
    raise NotImplementedError("a stage evaluates nothing")
