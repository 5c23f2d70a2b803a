"""A network of transformers counted by building it: its parameters on the meta device, which holds no numbers; what it keeps for
the backward pass, and its operations, on fake tensors, which have shapes and compute nothing.

So any family can be counted, in a second and in no memory, and the formulas of `bertft/counting/` can be held against it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensorMode,
    UnsupportedFakeTensorException,
)

from bertft import fast
from bertft.counting import HEADS
from bertft.errors import CheckpointError
from bertft.model.layers import freeze

Found = TypeVar("Found")

_NAMES = (
    ("convolution", r"\bconv\."),
    ("relative positions", r"rel_embeddings|encoder\.LayerNorm|relative_attention_bias"),
    ("token embeddings", r"(word|tok|token)_embeddings|embed_tokens"),
    ("position embeddings", r"position_embeddings"),
    ("segment embeddings", r"token_type_embeddings"),
    ("projection of the embeddings", r"embeddings_project|embedding_hidden_mapping_in|embed_proj"),
    ("LayerNorm of the embeddings", r"embeddings\.(LayerNorm|norm)"),
    ("LayerNorms before attention", r"attn_norm"),
    ("LayerNorms before feed-forward", r"mlp_norm"),
    ("last LayerNorm", r"final_norm"),
    ("LayerNorms of the layers", r"(?i)norm"),
    ("attention", r"\.(attention|attn|self_attn|rel_attn)\."),
    ("feed-forward", r"\.(intermediate|output|ffn|ffn_output|mlp|ff)\."),
)
"""Parts of a network, and what marks the names of their parameters; the first that fits counts."""


class _Bare(nn.Module):
    """An encoder without a head, named as inside a network that has one."""

    def __init__(self, base: Any) -> None:
        super().__init__()
        self.base_model_prefix, self.config = base.base_model_prefix, base.config
        setattr(self, base.base_model_prefix, base)

    def forward(self, **inputs: Tensor) -> Any:
        return getattr(self, self.base_model_prefix)(**inputs)


def build_on(device: AbstractContextManager[Any], config: Any, head: str, labels: int, **settings: Any) -> Any:
    """A network of random weights, or of none. CheckpointError where the family has no such head."""
    import transformers
    from transformers.initialization import no_init_weights

    config.id2label = {number: f"LABEL_{number}" for number in range(labels)}
    groups = getattr(config, "num_hidden_groups", 1)  # of ALBERT, which transformers builds without any, but cannot run
    if groups < 1:
        raise CheckpointError(
            f"{config.model_type} cannot be built: num_hidden_groups is {groups}; at least 1 is wanted."
        )
    try:
        with device, no_init_weights():
            network = getattr(transformers, HEADS[head]).from_config(config, **settings)
            network.tie_weights()
    except (
        Exception
    ) as problem:  # ValueError, RuntimeError, ZeroDivisionError: each family and each wrong size has its own
        reason = str(problem).split("\n")[0][:200]
        raise CheckpointError(
            f"{config.model_type} cannot be built with the head '{head}' (--head): {reason}"
        ) from problem
    return _Bare(network) if head == "none" else network


def measured_parts(config: Any, head: str, labels: int, frozen: str | None = None) -> dict[str, tuple[int, int]]:
    """Name of a part -> its parameters, and those that learn."""
    network = build_on(torch.device("meta"), config, head, labels)
    freeze(network, frozen)
    found: dict[str, tuple[int, int]] = {}
    own = {parameter: name for name, parameter in network.named_parameters()}
    prefix = f"{network.base_model_prefix}."
    shared = {one: name for name, one in network.named_parameters(remove_duplicate=False) if name.startswith(prefix)}
    for parameter, name in {**own, **shared}.items():  # a head may have the token embeddings too
        part, size = _part_of(name, prefix), parameter.numel()
        count, learns = found.get(part, (0, 0))
        found[part] = (count + size, learns + size * parameter.requires_grad)
    return found


def _part_of(name: str, base: str) -> str:
    if "pooler." in name:
        return "pooler"
    if not name.startswith(base):
        return "head"
    return next((part for part, mark in _NAMES if re.search(mark, name)), "other")


@dataclass(frozen=True)
class Kept:
    """Bytes that are kept at the end of a forward pass."""

    activations: int
    """In proportion to the texts."""
    copies: int
    """Of weights in another precision, and whatever else is the same for any number of texts."""


def on_fakes(measure: Callable[..., Found], *given: Any, **more: Any) -> Found | None:
    """What is measured on fake tensors; None where a network looks at their numbers, of which they have none."""
    try:
        return measure(*given, **more)
    except (UnsupportedFakeTensorException, DataDependentOutputException, DynamicOutputShapeException):
        return None


def measured_memory(
    config: Any,
    head: str,
    labels: int,
    *,
    texts: int,
    length: int,
    half: bool,
    drawn: bool,
    frozen: str | None = None,
) -> Kept:
    """Of a training by transformers' own layers, without padding. `drawn`: whether dropout's masks are those of bertft/fast."""
    with FakeTensorMode():
        network = build_on(nullcontext(), config, head, labels).train()
        freeze(network, frozen)
        once, twice = (_saved(network, count, length, half, drawn) for count in (texts, 2 * texts))
    return Kept(twice - once, 2 * once - twice)


def uses_fast_layers(config: Any, head: str, labels: int) -> bool:
    """Whether bertft/fast/ computes the encoder of such a network on a processor."""
    network = build_on(torch.device("meta"), config, head, labels)
    fast.speed_up(network, torch.device("cpu"))
    return any(hasattr(module, "fast_layers") for module in network.modules())


def measured_operations(config: Any, head: str, labels: int, length: int) -> int:
    """Of one text: see counting/operations.py."""
    from torch.utils.flop_counter import FlopCounterMode

    with FakeTensorMode():
        network = (
            build_on(nullcontext(), config, head, labels, attn_implementation="eager").eval().requires_grad_(False)
        )
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(**_inputs(1, length))
    return int(counter.get_total_flops())


def _saved(network: Any, texts: int, length: int, half: bool, drawn: bool) -> int:
    """Bytes of what autograd saves, each storage once, but for weights."""
    storages: dict[int, Tensor] = {}
    weights = {id(parameter.untyped_storage()) for parameter in network.parameters()}

    def keep(saved: Tensor) -> Tensor:
        storages[id(saved.untyped_storage())] = saved
        return saved

    with (
        torch.autograd.graph.saved_tensors_hooks(keep, lambda saved: saved),
        torch.autocast("cpu", torch.bfloat16, enabled=half),
        _FakeMasks() if drawn else nullcontext(),
    ):
        network(**_inputs(texts, length))
    return sum(one.untyped_storage().nbytes() for key, one in storages.items() if key not in weights)


def _inputs(texts: int, length: int) -> dict[str, Tensor]:
    """Without a mask: there is no padding, and fake tensors could not be looked at for any."""
    return {"input_ids": torch.zeros((texts, length), dtype=torch.long)}


class _FakeMasks(fast.DropoutMasks):
    """Dropout's masks as bertft/fast has them, drawn of nothing."""

    def __init__(self) -> None:
        super().__init__(fast.DropoutBits(0))

    def keep(self, shape: Sequence[int], p: float) -> Tensor:
        return torch.ones(tuple(shape), dtype=torch.uint8)
