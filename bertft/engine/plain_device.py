"""A device that no Accelerator stands behind: the processor, alone, in one precision. Several may stand beside each other in a
process, whatever Accelerate was set up for; it is for comparing the forms of a network, and for a graph, which needs no torch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class PlainDevice:
    """What answering asks of `Device`; nothing is trained on it."""

    precision: str = "fp32"
    """fp32 or bf16."""

    num_processes = 1
    process_index = 0
    is_main_process = True
    distributed_type: Any = "NO"
    scaler: Any = None

    @property
    def device(self) -> torch.device:
        import torch

        return torch.device("cpu")

    @property
    def mixed_precision(self) -> str:
        """As accelerate calls it."""
        return "no" if self.precision == "fp32" else self.precision

    def prepare(self, *parts: Any) -> Any:
        return parts

    def prepare_model(self, model: Any, *, device_placement: bool | None = None, evaluation_mode: bool) -> Any:
        return model

    def unwrap_model(self, model: Any) -> Any:
        return model

    def autocast(self) -> AbstractContextManager[Any]:
        if self.precision == "fp32":
            return nullcontext()
        import torch

        return torch.autocast("cpu", torch.bfloat16)

    def no_sync(self, model: Any) -> AbstractContextManager[Any]:
        return nullcontext()

    def backward(self, loss: torch.Tensor) -> None:
        loss.backward()  # type: ignore[no-untyped-call]

    def clip_grad_norm_(self, parameters: Any, max_norm: float) -> Any:
        import torch

        return torch.nn.utils.clip_grad_norm_(parameters, max_norm)

    @contextmanager
    def split_between_processes(self, inputs: list[Any]) -> Iterator[list[Any]]:
        yield inputs

    def reduce(self, tensor: torch.Tensor, reduction: str) -> torch.Tensor:
        return tensor

    def wait_for_everyone(self) -> None:
        return None

    def free_memory(self) -> Any:
        return None
