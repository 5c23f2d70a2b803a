"""The training loop, top to bottom. It knows no task: a network, features, a loss, and someone who evaluates.

The loss of a step is the mean over all its examples (a tagger's: over all labelled words), however they are cut into
batches and processes; so gradient accumulation and data parallelism give the same step as one large batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from bertft import console
from bertft.adapters import Adapter, Feature
from bertft.engine.keeper import Keeper
from bertft.engine.meter import Meter, RunningMean
from bertft.engine.optimizer import build_optimizer, build_schedule
from bertft.engine.order import Order, Step
from bertft.model.losses import Cost
from bertft.recipe import Recipe
from bertft.scoring import Scores

LOGS_PER_EPOCH = 20


@dataclass(frozen=True)
class Ingredients:
    """What a training run is made of."""

    network: Any
    adapter: Adapter
    features: Sequence[Feature]
    cost: Cost
    recipe: Recipe
    evaluate: Callable[[Any], Scores]


def train(made_of: Ingredients, keeper: Keeper, accelerator: Any) -> Meter:
    """Train to the last step or the early stop. The keeper holds the best weights and the last state."""
    recipe = made_of.recipe
    order = Order([len(feature.input_ids) for feature in made_of.features], recipe)
    optimizer = build_optimizer(made_of.network, recipe)
    network, optimizer = accelerator.prepare(made_of.network, optimizer)
    schedule = build_schedule(optimizer.optimizer, recipe, order.total_steps)
    keeper.attach(accelerator.unwrap_model(network), optimizer.optimizer, schedule)
    meter, running = keeper.meter, RunningMean()
    eval_every = recipe.eval_steps or order.steps_per_epoch
    log_every = max(order.steps_per_epoch // LOGS_PER_EPOCH, 1)
    with console.progress("Training", order.total_steps) as bar:
        for step in order.steps(after=order.total_steps if keeper.stops else keeper.step):
            network.train()
            running.add(*take_step(step, made_of, network, optimizer, accelerator, meter))
            rate = schedule.get_last_lr()[0]
            schedule.step()
            if step.number % log_every == 0 or step.number == order.total_steps:
                loss = running.read()
                keeper.log(step, loss=loss, learning_rate=rate, meter=meter)
                bar.update(step.number, f"loss {loss:.4f}  {meter}")
            if step.number % eval_every == 0 or step.number == order.total_steps:
                keeper.consider(made_of.evaluate(network), step, meter)
                if keeper.stops:
                    break
    return meter


def take_step(
    step: Step, made_of: Ingredients, network: Any, optimizer: Any, accelerator: Any, meter: Meter
) -> tuple[float, int]:
    """One optimizer step over its batches; returns the sum of its losses and what they weigh."""
    weight = sum(made_of.features[example].weight for batch in step.batches for example in batch)
    summed = torch.zeros((), device=accelerator.device)
    for position, ids in enumerate(step.batches):
        last = position == len(step.batches) - 1
        with accelerator.split_between_processes(ids) as mine:
            share = 1.0 if mine else 0.0  # with fewer examples than processes, this one only keeps step
            batch = made_of.adapter.collate([made_of.features[example] for example in mine or ids[:1]])
        inputs = {name: values.to(accelerator.device) for name, values in batch.inputs.items()}  # (B, T)
        with _sync(network, accelerator, last):
            outputs = network(**inputs)
            losses = made_of.cost(outputs, batch.targets.to(accelerator.device)) * share  # type: ignore[union-attr]  # (B,)
            accelerator.backward(losses.sum() * accelerator.num_processes / max(weight, 1))
        summed += losses.detach().sum()
        meter.count(examples=batch.examples, tokens=batch.tokens, padded_tokens=batch.padded_tokens)
    accelerator.clip_grad_norm_(network.parameters(), made_of.recipe.max_grad_norm)
    optimizer.step()
    optimizer.zero_grad()
    return float(accelerator.reduce(summed, reduction="sum")), weight


def _sync(network: Any, accelerator: Any, last: bool) -> Any:
    """Gradients travel between processes only with a step's last batch."""
    from contextlib import nullcontext

    return nullcontext() if last else accelerator.no_sync(network)
