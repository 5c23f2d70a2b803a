"""Arrays to tensors on the device, and tensors back to arrays. On a GPU the program does not wait for either: batches are copied
from pinned memory on a stream of their own, while the GPU still computes the batch before; what it found is copied back when it
is done, and waited for only when it is read. On other devices both happen at once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor


def is_asynchronous(device: torch.device) -> bool:
    """Whether the program may go on while the device computes."""
    return device.type == "cuda"


def tensors_of(arrays: Mapping[str, np.ndarray[Any, Any]]) -> dict[str, Tensor]:
    """The same memory, on the processor."""
    return {name: torch.from_numpy(values) for name, values in arrays.items()}


def to_device(tensors: Mapping[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    """The same tensors there, ready for what is computed next."""
    if is_asynchronous(device):
        return _copied_beside(tensors, device)
    return {name: values.to(device) for name, values in tensors.items()}


def _copied_beside(tensors: Mapping[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    computing, copying = torch.cuda.current_stream(device), _copying_stream(device)
    with torch.cuda.stream(copying):
        found = {name: values.pin_memory().to(device, non_blocking=True) for name, values in tensors.items()}
    computing.wait_stream(copying)
    for values in found.values():
        values.record_stream(computing)  # or their memory could be given to the next copy while they are still read
    return found


@cache
def _copying_stream(device: torch.device) -> torch.cuda.Stream:
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]


class Fetched:
    """Tensors on their way to the processor, as fp32 numbers."""

    def __init__(self, tensors: Mapping[str, Tensor], device: torch.device) -> None:
        """Starts the way, behind what the device has been told to compute so far."""
        later = is_asynchronous(device)
        self._tensors = {name: values.float().to("cpu", non_blocking=later) for name, values in tensors.items()}
        self._arrival = _arrival(device) if later else None

    def read(self) -> dict[str, Tensor]:
        """Waits until they are there."""
        if self._arrival is not None:
            self._arrival.synchronize()
        return self._tensors

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """The same in memory of its own, for what is kept: the device's copies lie in pages that cannot be swapped out."""
        found = self.read()
        return {name: (values if self._arrival is None else values.clone()).numpy() for name, values in found.items()}


def _arrival(device: torch.device) -> Any:
    """What happens when the device has done all that it was told so far."""
    event = torch.cuda.Event()  # type: ignore[no-untyped-call]
    event.record(torch.cuda.current_stream(device))
    return event
