"""Networks whose weights are cut up among processes (FSDP): whole tensors out of the pieces, and pieces out of whole tensors.

Where nothing is cut up, tensors pass through. What gathers has to be called in all processes, in the same order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from bertft import fast
from bertft.engine.device import cuts_up
from bertft.protocols import Device, Network


def is_sharded(network: Network) -> bool:
    """Whether every forward pass needs all processes."""
    return any(hasattr(parameter, "full_tensor") for parameter in network.parameters())


def whole(value: Tensor) -> Tensor:
    """The whole of a tensor, on the processor."""
    gathered = value.full_tensor() if hasattr(value, "full_tensor") else value
    return gathered.detach().cpu().contiguous()


def whole_weights(network: Network) -> dict[str, Tensor]:
    """Name -> whole tensor, of all weights and buffers that a checkpoint holds."""
    return {name: whole(value) for name, value in network.state_dict().items()}


def like(value: Tensor, parameter: Tensor) -> Tensor:
    """A whole tensor, cut up as the parameter is if it has the parameter's shape."""
    mesh = getattr(parameter, "device_mesh", None)
    if mesh is None or value.shape != parameter.shape:
        return value
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(value.to(mesh.device_type), mesh, parameter.placements)  # type: ignore[attr-defined]


def fill(parameters: Iterable[tuple[str, Tensor]], weights: Mapping[str, Tensor]) -> None:
    """Every parameter, by its name, from its whole tensor. KeyError where one is missing, RuntimeError where a shape differs."""
    with torch.no_grad():
        for name, parameter in parameters:
            parameter.copy_(like(weights[name], parameter))


def ready(network: Network, accelerator: Device) -> Network:
    """A network that only answers, on the device and fast: whole in every process, as it needs no room for gradients."""
    fast.speed_up(network, accelerator.device)
    if cuts_up(accelerator):
        return network.to(accelerator.device)
    prepared: Network = accelerator.prepare_model(network, device_placement=True, evaluation_mode=True)
    return prepared
