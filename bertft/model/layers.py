"""Which weights belong to which layer: for freezing, and for learning rates that fall from the head to the embeddings.

Works on any encoder of transformers: the layers are the list of modules as long as the config says there are layers.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from bertft.errors import UsageError
from bertft.model.extras import extras_of, transformers_part
from bertft.protocols import Network


def layer_of_parameters(network: Network) -> dict[str, int]:
    """Parameter name -> layer: 0 embeddings and what all layers share, 1..N encoder layers (N with a norm at their end),
    N + 1 everything above (pooler, head, extras)."""
    whole = transformers_part(network)
    layers_at, count = _encoder_layers(whole)
    layers: dict[Any, int] = {}
    for name, parameter in whole.named_parameters(remove_duplicate=False):  # a head may have the token embeddings too
        layers[parameter] = min(
            _layer(name, whole.base_model_prefix, layers_at, count), layers.get(parameter, count + 1)
        )
    return {name: layers.get(parameter, count + 1) for name, parameter in network.named_parameters()}


def _layer(name: str, base: str, layers_at: str, count: int) -> int:
    if layers_at and name.startswith(layers_at + "."):
        return min(int(name[len(layers_at) + 1 :].split(".")[0]) + 1, count)
    if not name.startswith(base + ".") or ".pooler." in name:
        return count + 1
    return count if name.removeprefix(base + ".").split(".")[0] in _LAST_NORMS else 0


_LAST_NORMS = ("final_norm", "norm")
"""What the norm behind the last layer is called: ModernBERT's, EuroBERT's."""


def _encoder_layers(network: Any) -> tuple[str, int]:
    """Name and length of the encoder's list of layers; ALBERT shares one group among all its layers."""
    config = network.config
    wanted = {getattr(config, key, None) for key in ("num_hidden_layers", "n_layers", "num_hidden_groups")}
    for name, module in network.named_modules():
        if isinstance(module, nn.ModuleList) and len(module) in wanted:
            return name, len(module)
    return "", 0


def freeze(network: Network, what: str | None) -> None:
    """Stop the gradient of `embeddings`, `encoder` (embeddings and all layers), or N: embeddings and the N lowest layers.
    Below an extra that freezes the network nothing learns at all."""
    if frozen_below(network):
        heads = [part for extra in extras_of(network) for part in (extra, extra.decides) if part is not None]
        own = {parameter for head in heads for parameter in head.parameters()}
        for parameter in network.parameters():
            parameter.requires_grad_(parameter in own)
    if what is None:
        return
    layers = layer_of_parameters(network)
    count = max(layers.values()) - 1
    deepest = {"embeddings": 0, "encoder": count}.get(what)
    deepest = int(what) if deepest is None else deepest
    if deepest > count:
        raise UsageError(f"--freeze {what}: this backbone has {count} layers. Freeze at most {count}, or 'encoder'.")
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(layers[name] > deepest)


def frozen_below(network: Network) -> bool:
    """Whether only what stands on the network of transformers learns."""
    return any(extra.freezes for extra in extras_of(network))


def count_parameters(network: Network) -> tuple[int, int]:
    """(all, trainable) parameters; shared ones count once."""
    parameters = list(network.parameters())
    return sum(p.numel() for p in parameters), sum(p.numel() for p in parameters if p.requires_grad)
