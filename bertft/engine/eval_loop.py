"""Features in, what is kept of the network's outputs for each out, in the same order. Batches are sorted by length; outputs leave
the device at once. A GPU is told of the next batch before the last one's outputs are read, so that it never waits."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
import torch

from bertft import console, fast
from bertft.adapters import Batch, Feature
from bertft.engine.device import is_out_of_memory
from bertft.engine.meter import Meter
from bertft.engine.order import Ids, inference_batches
from bertft.engine.sharding import is_sharded
from bertft.engine.transfer import Fetched, is_asynchronous, to_device
from bertft.errors import Stopped
from bertft.protocols import Device, Network
from bertft.system import signals

BATCH_SIZE, _MOST_TOKENS = 64, 64 * 128
"""Windows and padded tokens per batch in evaluation and prediction: long windows come in smaller batches, or memory would grow
with their length."""

ON_PROCESSORS = 128, 1536
"""The same on processors, whose caches hold no more of the hidden states."""


_T = TypeVar("_T")


class Batching(Protocol):
    """What is asked of an adapter here."""

    def collate(self, features: Sequence[Feature]) -> Batch: ...

    def outputs_of(self, outputs: Mapping[str, np.ndarray[Any, Any]], features: Sequence[Feature]) -> list[Any]: ...


def model_outputs(
    network: Network,
    adapter: Batching,
    features: Sequence[Feature],
    accelerator: Device,
    meter: Meter,
    bar: console.Bar,
) -> list[Any]:
    """What the adapter keeps of the network's outputs (fp32) for each feature. The meter counts rows, not their windows."""
    begins = [i == 0 or feature.row != features[i - 1].row for i, feature in enumerate(features)]
    lengths = [len(feature.input_ids) for feature in features]
    size, most_tokens = ON_PROCESSORS if accelerator.device.type == "cpu" else (BATCH_SIZE, _MOST_TOKENS)
    batches = inference_batches(lengths, batch_size=size, max_tokens=most_tokens)
    found: list[tuple[int, Any]] = []
    network.eval()
    with accelerator.split_between_processes(batches) as mine:
        for ids, outputs in _one_behind(_computed(network, adapter, features, mine, accelerator, meter), accelerator):
            found += zip(ids, (one for part in outputs for one in part.read(adapter)), strict=True)
            meter.examples += sum(begins[i] for i in ids)
            if accelerator.num_processes == 1:
                signals.check()
            bar.update(meter.examples, str(meter))
        if is_sharded(network) and len(mine) * accelerator.num_processes < len(batches):
            _begin(network, adapter, [features[0]], accelerator, Meter())  # the others wait for its weights
    return _in_order(_gather(found, accelerator))


@dataclass(frozen=True)
class _Begun:
    """Features that the device was told to compute, and their outputs."""

    features: Sequence[Feature]
    outputs: Fetched

    def read(self, adapter: Batching) -> list[Any]:
        """What the adapter keeps of each."""
        return adapter.outputs_of(
            {name: values.numpy() for name, values in self.outputs.unpinned().items()}, self.features
        )


def _computed(
    network: Network,
    adapter: Batching,
    features: Sequence[Feature],
    batches: Sequence[Ids],
    accelerator: Device,
    meter: Meter,
) -> Iterator[tuple[Ids, list[_Begun]]]:
    """Batches, each of them in one part or in several, as they are computed."""
    for ids in batches:
        yield ids, _within_memory(network, adapter, [features[i] for i in ids], accelerator, meter)


def _one_behind(begun: Iterator[_T], accelerator: Device) -> Iterator[_T]:
    """The same, each only when the next one was begun, where the device computes beside the program."""
    waiting: deque[_T] = deque()
    for one in begun:
        waiting.append(one)
        if len(waiting) > is_asynchronous(accelerator.device):
            yield waiting.popleft()
    yield from waiting


def _within_memory(
    network: Network, adapter: Batching, features: Sequence[Feature], accelerator: Device, meter: Meter
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
    network: Network, adapter: Batching, features: Sequence[Feature], accelerator: Device, meter: Meter
) -> _Begun:
    batch = adapter.collate(features)
    without_gradients = (
        torch.no_grad() if is_sharded(network) else torch.inference_mode()
    )  # FSDP keeps what it gathers into
    known = fast.padding_known(batch.inputs, accelerator.device)
    with without_gradients, accelerator.autocast(), known:
        outputs = network(**to_device(batch.inputs, accelerator.device))
    meter.count(examples=0, tokens=batch.tokens, padded_tokens=batch.padded_tokens)
    return _Begun(features, Fetched(dict(_tensors(outputs)), accelerator.device))


def stop_together(accelerator: Device) -> None:
    """Raise Stopped in all processes if any was asked to stop: one that leaves alone would keep the others waiting."""
    if accelerator.num_processes == 1:
        return
    asked = torch.tensor(float(bool(signals.asked())), device=accelerator.device)
    if float(accelerator.reduce(asked, reduction="sum")):
        raise Stopped(signals.asked() or signal.SIGTERM)


def _tensors(outputs: Mapping[str, Any]) -> Iterator[tuple[str, torch.Tensor]]:
    return ((name, values) for name, values in outputs.items() if isinstance(values, torch.Tensor))


def _gather(found: list[Any], accelerator: Device) -> list[Any]:
    from accelerate.utils import gather_object

    return list(gather_object(found)) if accelerator.num_processes > 1 else found


def _in_order(found: list[tuple[int, Any]]) -> list[Any]:
    return [output for _, output in sorted(found, key=lambda pair: pair[0])]
