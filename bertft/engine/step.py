"""One optimizer step: forward, backward, clip, update. The loss is the mean over all its examples (a tagger's: over all
labelled words), however they are cut into batches and processes; so gradient accumulation, data parallelism and a memory
that is too small give the same step as one large batch.

What goes wrong here is said here: a loss that is no number ends the run before the weights take harm from it, and a batch
that does not fit into the memory is cut in halves, which stay small from then on.

On a single GPU nothing waits for the step that was just begun. The optimizer itself leaves the weights alone from the first loss
or gradient on that is no number, and the program hears of it one step later, while the GPU computes the next one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from bertft import console, fast
from bertft.adapters import Adapter, Batch, Feature
from bertft.engine.device import is_out_of_memory
from bertft.engine.dropout import StepDropout
from bertft.engine.meter import Meter
from bertft.engine.order import Ids, Step
from bertft.engine.sharding import whole
from bertft.engine.transfer import Fetched, is_asynchronous, tensors_of, to_device
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

    losses: list[tuple[float, int]]
    """Of the steps whose loss is known now and was not before: summed over a step's examples, and what the sum is to be
    divided by. That of this step; where the program runs ahead of the device, that of the step before."""
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


@dataclass(frozen=True)
class _Begun:
    """A step that the device was told to compute."""

    step: Step
    parts: list[_Part]
    features: Mapping[int, Feature]
    """By their numbers."""
    rate: float
    """The highest learning rate."""

    @property
    def weight(self) -> int:
        """What the sum of its losses is to be divided by."""
        return _weight_of(self.step, self.features)


class NotANumber(TrainingError):
    """A loss or a gradient that is no number; the weights are those before the step."""

    def __init__(self, words: str, step: int) -> None:
        super().__init__(words)
        self.step = step


def _weight_of(step: Step, features: Mapping[int, Feature]) -> int:
    return sum(features[example].weight for batch in step.batches for example in batch)


def texts_of(rows: Sequence[int], shape: Sequence[int]) -> tuple[list[int], int]:
    """Which texts of a batch belong to its `rows`, and how many there are: an example may hold several, (B, K, T), which the
    network reads one below the other, (B * K, T)."""
    each = math.prod(shape[1:-1])
    return [row * each + place for row in rows for place in range(each)], shape[0] * each


def runs_ahead(accelerator: Device, optimizer: Any) -> bool:
    """Whether steps are begun before the last one is known to have come to something: on one GPU, with torch's fused optimizer,
    which can be told there to leave its weights alone. fp16 has a scaler, which waits for each step; several processes ask
    each other."""
    own = getattr(optimizer, "optimizer", optimizer)
    alone = accelerator.num_processes == 1 and accelerator.scaler is None
    return is_asynchronous(accelerator.device) and alone and bool(own.defaults.get("fused"))


_TARGETS = "targets"


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
        self._ahead = runs_ahead(accelerator, optimizer)
        self._unread: tuple[_Begun, Fetched] | None = None
        """The last step, where its loss was not looked at yet."""
        self._spoilt = torch.zeros((), device=accelerator.device)
        """1 from the first step on whose loss or gradient is no number; looked at by the optimizer where this runs ahead."""

    def take(self, step: Step, asked: Sequence[Callable[[], object]] = ()) -> StepResult:
        """One optimizer step over its batches. NotANumber, of this step or of the one before, leaves the weights as they were
        before that step."""
        self.network.train()
        self._features = self.made_of.features_of(step)
        parts, loss = self._backward_within_memory(step)
        begun = _Begun(step, parts, self._features, max(group["lr"] for group in self.optimizer.param_groups))
        if self._ahead:
            return StepResult(self._go_ahead(begun, loss), [bool(question()) for question in asked])
        return self._look_first(begun, loss, asked)

    def settle(self) -> list[tuple[float, int]]:
        """Wait for the last step, where its loss is not known yet: its loss and weight. NotANumber as in `take`."""
        if self._unread is None:
            return []
        (begun, fetched), self._unread = self._unread, None
        loss, norm = fetched.read()["found"].tolist()
        if not math.isfinite(loss) or not math.isfinite(norm):
            raise self._not_a_number(begun, loss)
        return [self._counted(begun, loss)]

    def _look_first(self, begun: _Begun, loss: torch.Tensor, asked: Sequence[Callable[[], object]]) -> StepResult:
        """Update the weights once loss and gradient are seen to be numbers."""
        told = self._tell_all([float(loss), *(float(bool(question())) for question in asked)])
        norm = float(whole(self._clip()))
        scaled = self.accelerator.scaler is not None  # fp16: its scaler skips steps whose gradients overflow
        if not math.isfinite(told[0]) or not (scaled or math.isfinite(norm)):
            self.optimizer.zero_grad()
            raise self._not_a_number(begun, told[0])
        self.optimizer.step()
        self.optimizer.zero_grad()
        return StepResult([self._counted(begun, told[0])], [value > 0 for value in told[1:]])

    def _go_ahead(self, begun: _Begun, loss: torch.Tensor) -> list[tuple[float, int]]:
        """Leave it to the device whether the weights are updated; what the step before came to."""
        found = torch.stack([loss.float(), self._clip().float()])
        self._spoilt.copy_(torch.maximum(self._spoilt, (~found.isfinite()).any().float()))
        getattr(self.optimizer, "optimizer", self.optimizer).found_inf = self._spoilt  # as GradScaler tells it
        self.optimizer.step()
        self.optimizer.zero_grad()
        fetched = Fetched({"found": found}, self.accelerator.device)
        before = self.settle()
        self._unread = begun, fetched
        return before

    def _clip(self) -> torch.Tensor:
        """The norm of all gradients before they were clipped."""
        norm: torch.Tensor = self.accelerator.clip_grad_norm_(
            self.network.parameters(), self.made_of.recipe.max_grad_norm
        )
        return norm

    def _counted(self, begun: _Begun, loss: float) -> tuple[float, int]:
        for part in begun.parts:
            batch = part.batch
            self.meter.count(examples=batch.examples, tokens=batch.tokens, padded_tokens=batch.padded_tokens)
        return loss, begun.weight

    def _backward_within_memory(self, step: Step) -> tuple[list[_Part], torch.Tensor]:
        while True:
            try:
                return self._backward(step)
            except (RuntimeError, MemoryError) as problem:
                if not is_out_of_memory(problem):
                    raise
            self._halve(step)  # here, where nothing holds the failed tensors any more

    def _backward(self, step: Step) -> tuple[list[_Part], torch.Tensor]:
        """Gradients of the whole step. What went through, and the sum of this process's losses, ()."""
        dropout = StepDropout(self.made_of.recipe.seed, step.number, self.accelerator)
        cut = list(self._cut(step))
        parts = [self._backward_part(ids, step, dropout, last=ids is cut[-1]) for ids in cut]
        return parts, torch.stack([part.losses.sum() for part in parts]).sum()

    def _backward_part(self, ids: Ids, step: Step, dropout: StepDropout, *, last: bool) -> _Part:
        """Adds up the gradients of this process's share of a batch. All processes pad alike."""
        accelerator, made_of, weight = self.accelerator, self.made_of, self._weight(step)
        batch = made_of.adapter.collate([self._features[example] for example in ids])
        with accelerator.split_between_processes(list(range(len(ids)))) as mine:
            rows = mine or [0]
            share = 1.0 if mine else 0.0  # with fewer examples than processes, this one only keeps step
        assert batch.targets is not None
        own = tensors_of({name: values[rows] for name, values in {**batch.inputs, _TARGETS: batch.targets}.items()})
        inputs = to_device(own, accelerator.device)  # (B, T)
        targets = inputs.pop(_TARGETS)
        with nullcontext() if last else accelerator.no_sync(self.network):  # gradients travel with the last part only
            known = fast.padding_known(own, accelerator.device)
            with known, dropout.of_rows(*texts_of(rows, batch.inputs["input_ids"].shape)):
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
        return _weight_of(step, self._features)

    def _not_a_number(self, begun: _Begun, loss: float) -> NotANumber:
        from accelerate.utils import gather_object

        step = begun.step
        bad = [example for part in begun.parts for example in part.not_finite]
        bad = list(gather_object(bad)) if self.accelerator.num_processes > 1 else bad
        what = f"the loss is {loss / max(begun.weight, 1)}" if bad else "the gradient is not a number"
        rows = bad or [example for batch in step.batches for example in batch]
        where = [self.made_of.origin(begun.features[example].row) for example in rows[:5]]
        more = f" and {len(rows) - 5:,} more" if len(rows) > 5 else ""
        words = f"Step {step.number:,}: {what}, at a learning rate of {begun.rate:.3g}. Rows: {', '.join(where)}{more}."
        return NotANumber(words, step.number)
