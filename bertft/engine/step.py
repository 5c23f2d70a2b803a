"""One optimizer step: forward, backward, clip, update. The loss is the mean over all its examples (a tagger's: over all
labelled words), however they are cut into batches and processes; so gradient accumulation, data parallelism and a memory
that is too small give the same step as one large batch.

What goes wrong here is said here: a loss that is no number ends the run before the weights take harm from it, and a batch
that does not fit into the memory is cut in halves, which stay small from then on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from bertft import console
from bertft.adapters import Adapter, Batch, Feature
from bertft.engine.device import is_out_of_memory
from bertft.engine.dropout import StepDropout
from bertft.engine.meter import Meter
from bertft.engine.order import Ids, Step
from bertft.engine.sharding import whole
from bertft.errors import TrainingError
from bertft.model.losses import Cost
from bertft.plan.recipe import Recipe
from bertft.protocols import Device, Network
from bertft.scoring import Scores


@dataclass(frozen=True)
class Ingredients:
    """What a training run is made of."""

    network: Network
    adapter: Adapter
    features: Sequence[Feature]
    cost: Cost
    recipe: Recipe
    evaluate: Callable[[Network], Scores]
    origin: Callable[[int], str]
    """Where a feature's row stands in its file."""
    anew: Callable[[int], Sequence[Feature]] | None = None
    """What the features are in an epoch, by the number of epochs before it; None: the same in all."""

    @property
    def lengths(self) -> Sequence[int]:
        """Of the features, in tokens; of those that are made when they are asked for, without making them."""
        known: Sequence[int] | None = getattr(self.features, "lengths", None)
        return [len(feature.input_ids) for feature in self.features] if known is None else known

    def features_of(self, step: Step) -> dict[int, Feature]:
        """Those of a step, by their numbers."""
        features = self.features if self.anew is None else self.anew(step.passes)
        return {example: features[example] for batch in step.batches for example in batch}


@dataclass(frozen=True)
class StepResult:
    """What a step found out."""

    loss: float
    """Summed over its examples."""
    weight: int
    """What the sum is to be divided by."""
    flags: list[bool]
    """Which of the things that were asked about were said yes to by any process."""


@dataclass(frozen=True)
class _Part:
    """A batch, or as much of it as fits into the memory, after its backward pass."""

    ids: Ids
    """Of this process's share."""
    losses: torch.Tensor
    """(B,), of the share."""
    batch: Batch
    """Of all processes together."""

    @property
    def not_finite(self) -> Ids:
        """The examples whose loss is no number."""
        return [example for example, fine in zip(self.ids, self.losses.isfinite().tolist(), strict=True) if not fine]


class NotANumber(TrainingError):
    """A loss or a gradient that is no number; the weights are those before the step."""


def texts_of(rows: Sequence[int], shape: Sequence[int]) -> tuple[list[int], int]:
    """Which texts of a batch belong to its `rows`, and how many there are: an example may hold several, (B, K, T), which the
    network reads one below the other, (B * K, T)."""
    each = math.prod(shape[1:-1])
    return [row * each + place for row in rows for place in range(each)], shape[0] * each


class Stepper:
    """Takes steps with a prepared network and optimizer."""

    def __init__(
        self, made_of: Ingredients, network: Network, optimizer: Any, accelerator: Device, meter: Meter
    ) -> None:
        self.made_of, self.network, self.optimizer = made_of, network, optimizer
        self.accelerator, self.meter = accelerator, meter
        self.pieces = 1
        """Into how many parts each batch is cut, because the memory is too small for all of it."""
        self._features: dict[int, Feature] = {}
        """Of the step that is taken, by their numbers."""

    def take(self, step: Step, asked: Sequence[Callable[[], object]] = ()) -> StepResult:
        """One optimizer step over its batches. NotANumber before the weights are touched."""
        self.network.train()
        self._features = self.made_of.features_of(step)
        parts, told = self._backward_within_memory(step, asked)
        loss, flags = told[0], [value > 0 for value in told[1:]]
        norm = float(
            whole(self.accelerator.clip_grad_norm_(self.network.parameters(), self.made_of.recipe.max_grad_norm))
        )
        scaled = self.accelerator.scaler is not None  # fp16: its scaler skips steps whose gradients overflow
        if not math.isfinite(loss) or not (scaled or math.isfinite(norm)):
            self.optimizer.zero_grad()
            raise NotANumber(self._complaint(step, loss, parts))
        self.optimizer.step()
        self.optimizer.zero_grad()
        for part in parts:
            batch = part.batch
            self.meter.count(examples=batch.examples, tokens=batch.tokens, padded_tokens=batch.padded_tokens)
        return StepResult(loss, self._weight(step), flags)

    def _backward_within_memory(
        self, step: Step, asked: Sequence[Callable[[], object]]
    ) -> tuple[list[_Part], list[float]]:
        while True:
            try:
                return self._backward(step, asked)
            except (RuntimeError, MemoryError) as problem:
                if not is_out_of_memory(problem):
                    raise
            self._halve(step)  # here, where nothing holds the failed tensors any more

    def _backward(self, step: Step, asked: Sequence[Callable[[], object]]) -> tuple[list[_Part], list[float]]:
        """Gradients of the whole step. What went through, and the sums over all processes of its loss and of what is asked."""
        dropout = StepDropout(self.made_of.recipe.seed, step.number, self.accelerator)
        cut = list(self._cut(step))
        parts = [self._backward_part(ids, step, dropout, last=ids is cut[-1]) for ids in cut]
        loss = torch.stack([part.losses.sum() for part in parts]).sum()
        return parts, self._tell_all([float(loss), *(float(bool(question())) for question in asked)])

    def _backward_part(self, ids: Ids, step: Step, dropout: StepDropout, *, last: bool) -> _Part:
        """Adds up the gradients of this process's share of a batch. All processes pad alike."""
        accelerator, made_of, weight = self.accelerator, self.made_of, self._weight(step)
        batch = made_of.adapter.collate([self._features[example] for example in ids])
        with accelerator.split_between_processes(list(range(len(ids)))) as mine:
            rows = mine or [0]
            share = 1.0 if mine else 0.0  # with fewer examples than processes, this one only keeps step
        inputs = {name: values[rows].to(accelerator.device) for name, values in batch.inputs.items()}  # (B, T)
        targets = batch.targets[rows].to(accelerator.device)  # type: ignore[index]
        with nullcontext() if last else accelerator.no_sync(self.network):  # gradients travel with the last part only
            with dropout.of_rows(*texts_of(rows, batch.inputs["input_ids"].shape)):
                losses = self._summed(made_of.cost(self.network(**inputs), targets), step) * share  # (B,)
            accelerator.backward(losses.sum() * accelerator.num_processes / max(weight, 1))
        return _Part([ids[row] for row in rows], losses.detach(), batch)

    def _summed(self, losses: torch.Tensor, step: Step) -> torch.Tensor:
        """(B,), to be divided by the weight of the step. Of (B, 2) the second ones are a mean over its examples beside."""
        if losses.dim() == 1:
            return losses
        return losses[:, 0] + losses[:, 1] * (self._weight(step) / step.examples)

    def _cut(self, step: Step) -> Iterator[Ids]:
        for batch in step.batches:
            size = math.ceil(len(batch) / self.pieces)
            yield from (batch[start : start + size] for start in range(0, len(batch), size))

    def _halve(self, step: Step) -> None:
        """Smaller parts from now on; TrainingError where a single example is too large, or other processes wait."""
        self.optimizer.zero_grad()
        most = max(map(len, step.batches))
        size = math.ceil(most / self.pieces)
        if self.accelerator.num_processes > 1:
            raise TrainingError(
                f"Step {step.number}: out of memory. Several processes cannot change their batches on the way: "
                f"start again with a smaller --batch-size and a larger --grad-accum."
            )
        if size == 1:
            raise TrainingError(
                f"Step {step.number}: out of memory with a single example. Pass a smaller --max-length, or another --model."
            )
        self.pieces = math.ceil(most / math.ceil(size / 2))
        console.warn(
            f"Step {step.number}: out of memory with {size} examples at once. Going on with {math.ceil(size / 2)} at once; "
            f"each step still learns from the same examples."
        )
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _tell_all(self, values: list[float]) -> list[float]:
        """Sums over all processes."""
        if self.accelerator.num_processes == 1:
            return values
        told = torch.tensor(values, device=self.accelerator.device)
        return list(self.accelerator.reduce(told, reduction="sum").tolist())

    def _weight(self, step: Step) -> int:
        return sum(self._features[example].weight for batch in step.batches for example in batch)

    def _complaint(self, step: Step, loss: float, parts: Sequence[_Part]) -> str:
        from accelerate.utils import gather_object

        bad = [example for part in parts for example in part.not_finite]
        bad = list(gather_object(bad)) if self.accelerator.num_processes > 1 else bad
        what = f"the loss is {loss / max(self._weight(step), 1)}" if bad else "the gradient is not a number"
        rate = max(group["lr"] for group in self.optimizer.param_groups)
        rows = bad or [example for batch in step.batches for example in batch]
        where = [self.made_of.origin(self._features[example].row) for example in rows[:5]]
        more = f" and {len(rows) - 5:,} more" if len(rows) > 5 else ""
        return f"Step {step.number:,}: {what}, at a learning rate of {rate:.3g}. Rows: {', '.join(where)}{more}."
