"""What the rest of the package uses of the objects that transformers and accelerate make. No torch wakes with this file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

OUTPUTS = {
    "logits": "logits",
    "prediction_logits": "logits",  # of a network with two heads
    "seq_relationship_logits": "pair_logits",
    "sop_logits": "pair_logits",
}
"""transformers' names of outputs of networks that fill masks, and ours."""


class Network(Protocol):
    """A network of transformers, one with extras, or one that accelerate has prepared."""

    def __call__(self, **inputs: Tensor) -> Mapping[str, Tensor]:
        """A batch's inputs to outputs, such as `logits`."""

    def train(self, mode: bool = True) -> Self: ...

    def eval(self) -> Self: ...

    def to(self, device: torch.device) -> Self: ...

    def modules(self) -> Iterator[nn.Module]: ...

    def parameters(self) -> Iterator[nn.Parameter]: ...

    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]: ...

    def state_dict(self) -> Mapping[str, Tensor]: ...


class Tokenizer(Protocol):
    """A fast tokenizer of transformers."""

    model_max_length: int
    pad_token_id: int | None

    def __call__(self, *texts: Any, **settings: Any) -> Any:
        """Texts to token ids, as transformers says."""

    def get_vocab(self) -> dict[str, int]: ...

    def save_pretrained(self, folder: Any) -> Any: ...


class Device(Protocol):
    """accelerate's Accelerator: where and how precisely networks compute, alone or as one of several processes."""

    @property
    def device(self) -> torch.device: ...

    @property
    def mixed_precision(self) -> str:
        """`no`, `bf16` or `fp16`."""

    @property
    def num_processes(self) -> int: ...

    @property
    def process_index(self) -> int: ...

    @property
    def is_main_process(self) -> bool: ...

    @property
    def distributed_type(self) -> Any: ...

    @property
    def scaler(self) -> Any:
        """Of fp16; else None."""

    def prepare(self, *parts: Any) -> Any: ...

    def prepare_model(self, model: Any, *, device_placement: bool | None = None, evaluation_mode: bool) -> Any: ...

    def unwrap_model(self, model: Any) -> Any: ...

    def autocast(self) -> AbstractContextManager[Any]: ...

    def no_sync(self, model: Any) -> AbstractContextManager[Any]: ...

    def backward(self, loss: Tensor) -> None: ...

    def clip_grad_norm_(self, parameters: Any, max_norm: float) -> Any: ...

    def split_between_processes(self, inputs: list[Any]) -> AbstractContextManager[list[Any]]: ...

    def reduce(self, tensor: Tensor, reduction: str) -> Tensor: ...

    def wait_for_everyone(self) -> None: ...

    def free_memory(self) -> Any: ...
