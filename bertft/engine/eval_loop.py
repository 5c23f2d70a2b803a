"""Features in, what is kept of the network's outputs for each out, in the same order. Batches are sorted by length; outputs leave
the device at once. A GPU is told of the next batch before the last one's outputs are read, so that it never waits."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from bertft import console
from bertft.adapters import Batch, Feature
from bertft.engine.device import is_out_of_memory
from bertft.engine.meter import Meter
from bertft.engine.order import Ids, inference_batches
from bertft.errors import Stopped
from bertft.graph import GraphNetwork
from bertft.protocols import Device, Network
from bertft.system import signals

BATCH_SIZE, _MOST_TOKENS = 64, 64 * 128
"""Windows and padded tokens per batch in evaluation and prediction: long windows come in smaller batches, or memory would grow
with their length."""

ON_PROCESSORS = 128, 1536
"""The same on processors, whose caches hold no more of the hidden states."""


_T = TypeVar("_T")

Computing = Network | GraphNetwork


class Arriving(Protocol):
    """Outputs of a network that may still be on their way."""

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """Waits until they are there."""


class Batching(Protocol):
    """What is asked of an adapter here."""

    def collate(self, features: Sequence[Feature]) -> Batch: ...

    def outputs_of(self, outputs: Mapping[str, np.ndarray[Any, Any]], features: Sequence[Feature]) -> list[Any]: ...


def model_outputs(
    network: Computing,
    adapter: Batching,
    features: Sequence[Feature],
    accelerator: Device,
    meter: Meter,
    bar: console.Bar,
) -> list[Any]:
    """What the adapter keeps of the network's outputs (fp32) for each feature. The meter counts rows, not their windows."""
    begins = [i == 0 or feature.row != features[i - 1].row for i, feature in enumerate(features)]
    lengths = [len(feature.input_ids) for feature in features]
    on_processor = isinstance(network, GraphNetwork) or accelerator.device.type == "cpu"
    size, most_tokens = ON_PROCESSORS if on_processor else (BATCH_SIZE, _MOST_TOKENS)
    batches = inference_batches(lengths, batch_size=size, max_tokens=most_tokens)
    found: list[tuple[int, Any]] = []
    network.eval()
    with accelerator.split_between_processes(batches) as mine:
        begun = _computed(network, adapter, features, mine, accelerator, meter)
        for ids, outputs in _one_behind(begun, beside=runs_beside(network, accelerator)):
            found += zip(ids, (one for part in outputs for one in part.read(adapter)), strict=True)
            meter.examples += sum(begins[i] for i in ids)
            if accelerator.num_processes == 1:
                signals.check()
            bar.update(meter.examples, str(meter))
        if len(mine) * accelerator.num_processes < len(batches) and _needs_all(network):
            _begin(network, adapter, [features[0]], accelerator, Meter())  # the others wait for its weights
    return _in_order(_gather(found, accelerator))


@dataclass(frozen=True)
class _Begun:
    """Features that the device was told to compute, and their outputs."""

    features: Sequence[Feature]
    outputs: Arriving

    def read(self, adapter: Batching) -> list[Any]:
        """What the adapter keeps of each."""
        return adapter.outputs_of(self.outputs.arrays(), self.features)


def _computed(
    network: Computing,
    adapter: Batching,
    features: Sequence[Feature],
    batches: Sequence[Ids],
    accelerator: Device,
    meter: Meter,
) -> Iterator[tuple[Ids, list[_Begun]]]:
    """Batches, each of them in one part or in several, as they are computed."""
    for ids in batches:
        yield ids, _within_memory(network, adapter, [features[i] for i in ids], accelerator, meter)


def _one_behind(begun: Iterator[_T], *, beside: bool) -> Iterator[_T]:
    """The same, each only when the next one was begun, where the device computes beside the program."""
    waiting: deque[_T] = deque()
    for one in begun:
        waiting.append(one)
        if len(waiting) > beside:
            yield waiting.popleft()
    yield from waiting


def _within_memory(
    network: Computing, adapter: Batching, features: Sequence[Feature], accelerator: Device, meter: Meter
) -> list[_Begun]:
    """In halves where the memory is too small for all at once."""
    try:
        return [_begin(network, adapter, features, accelerator, meter)]
    except (RuntimeError, MemoryError) as problem:
        if len(features) == 1 or not is_out_of_memory(problem):
            raise
    half = len(features) // 2
    parts = (features[:half], features[half:])
    return [begun for part in parts for begun in _within_memory(network, adapter, part, accelerator, meter)]


def _begin(
    network: Computing, adapter: Batching, features: Sequence[Feature], accelerator: Device, meter: Meter
) -> _Begun:
    batch = adapter.collate(features)
    outputs = _told(network, batch, accelerator)
    meter.count(examples=0, tokens=batch.tokens, padded_tokens=batch.padded_tokens)
    return _Begun(features, outputs)


def _told(network: Computing, batch: Batch, accelerator: Device) -> Arriving:
    if isinstance(network, GraphNetwork):
        return network.computed(batch.inputs)
    from bertft.engine.forward import begin_forward  # networks are torch's, and a graph needs none

    return begin_forward(network, batch.inputs, accelerator)


def runs_beside(network: Computing, accelerator: Device) -> bool:
    """Whether the program may go on while the device computes."""
    if isinstance(network, GraphNetwork):
        return False
    from bertft.engine.transfer import is_asynchronous

    return is_asynchronous(accelerator.device)


def _needs_all(network: Computing) -> bool:
    """Whether every forward pass needs all processes."""
    if isinstance(network, GraphNetwork):
        return False
    from bertft.engine.sharding import is_sharded

    return is_sharded(network)


def stop_together(accelerator: Device) -> None:
    """Raise Stopped in all processes if any was asked to stop: one that leaves alone would keep the others waiting."""
    if accelerator.num_processes == 1:
        return
    import torch

    asked = torch.tensor(float(bool(signals.asked())), device=accelerator.device)
    if float(accelerator.reduce(asked, reduction="sum")):
        raise Stopped(signals.asked() or signal.SIGTERM)


def _gather(found: list[Any], accelerator: Device) -> list[Any]:
    if accelerator.num_processes == 1:
        return found
    from accelerate.utils import gather_object

    return list(gather_object(found))


def _in_order(found: list[tuple[int, Any]]) -> list[Any]:
    return [output for _, output in sorted(found, key=lambda pair: pair[0])]
