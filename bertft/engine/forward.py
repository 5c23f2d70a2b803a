"""A batch of arrays in, what a network of torch says of it out, as it arrives: without gradients, in its precision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from bertft import fast
from bertft.engine.sharding import is_sharded
from bertft.engine.transfer import Fetched, tensors_of, to_device
from bertft.protocols import Device, Network


def begin_forward(network: Network, inputs: Mapping[str, np.ndarray[Any, Any]], accelerator: Device) -> Fetched:
    """Tell the device to compute; what is read of the outcome waits for it."""
    given = tensors_of(inputs)
    # FSDP keeps what it gathers into, which must not be of inference only
    without_gradients = torch.no_grad() if is_sharded(network) else torch.inference_mode()
    known = fast.padding_known(given, accelerator.device)
    with without_gradients, accelerator.autocast(), known:
        outputs = network(**to_device(given, accelerator.device))
    tensors = {name: values for name, values in outputs.items() if isinstance(values, torch.Tensor)}
    return Fetched(tensors, accelerator.device)
