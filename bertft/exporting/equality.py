"""Whether a graph gives the outputs of the network that it was made of: on made-up batches of several sizes, and on each batch of
the rows that it is scored on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from bertft.errors import InternalError, TooLittleMemory, UsageError, first_line
from bertft.exporting.graph_file import sample_inputs
from bertft.graph import GraphNetwork

EQUAL = 1e-4
"""How far outputs of the same network may lie apart: for values above 1, as a share of the largest."""

SHAPES = (1, 3), (2, 8), (5, 24), (2, 128)
"""Texts and tokens of the made-up batches."""

Outputs = Mapping[str, Tensor]


def distance(one: Outputs, other: Outputs, mask: Tensor) -> float:
    """The largest between two outputs of a batch, on the scale of EQUAL. `mask` (B, T): what stands on padding is no answer.
    Infinite where one has what the other lacks, or is no number."""
    if one.keys() != other.keys():
        return float("inf")
    return max((_distance(one[name].float(), other[name].float(), mask) for name in one), default=float("inf"))


def _distance(one: Tensor, other: Tensor, mask: Tensor) -> float:
    if one.shape != other.shape:
        return float("inf")
    if one.shape[:2] == mask.shape:
        one, other = one[mask.bool()], other[mask.bool()]
    if one.numel() == 0:
        return 0.0
    found = float((one - other).abs().max() / one.abs().max().clamp(min=1))
    return found if found == found else float("inf")


def check_equal(network: Any, graph: GraphNetwork, tokenizer: Any, where: str) -> float:
    """The largest distance on made-up batches; UsageError where it is too large."""
    worst = 0.0
    for number, (texts, tokens) in enumerate(SHAPES):
        inputs = sample_inputs(tokenizer, network.config, texts, tokens, seed=number)
        try:
            found = _found_by(graph, inputs)
        except TooLittleMemory:
            raise
        except Exception as problem:  # onnxruntime has an exception for each of its codes, and no common one
            texts, tokens = inputs["input_ids"].shape
            raise UsageError(
                f"{where}: its graph cannot compute a batch of {texts} x {tokens} tokens ({first_line(problem)}). "
                f"transformers cannot export a {network.config.model_type} like this; nothing is written."
            ) from None
        with torch.inference_mode():
            worst = max(worst, distance(_tensors(network(**inputs)), found, inputs["attention_mask"]))
    refuse_unequal(worst, "made-up texts", where)
    return worst


def refuse_unequal(found: float, on: str, where: str) -> None:
    """UsageError for a graph that is not the network."""
    if not found <= EQUAL:
        raise UsageError(
            f"{where}: onnxruntime's outputs differ from torch's by {found:.2g} on {on}, where at most {EQUAL:g} is rounding. "
            f"Nothing is written. Update the packages: pip install -U 'bertft[onnx]'"
        )


def _tensors(outputs: Mapping[str, Any]) -> dict[str, Tensor]:
    return {name: values for name, values in outputs.items() if isinstance(values, Tensor)}


def outputs_of_graph(graph: GraphNetwork, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors in, tensors out."""
    found = graph.computed({name: values.cpu().numpy() for name, values in inputs.items()}).arrays()
    return {name: torch.from_numpy(values) for name, values in found.items()}


def _found_by(graph: GraphNetwork, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same, but too little memory ends the export: in halves a batch has no outputs of torch beside it."""
    try:
        return outputs_of_graph(graph, inputs)
    except MemoryError as problem:
        raise TooLittleMemory(f"{problem} End other programs and export again.") from None


class Remembering(nn.Module):
    """A network whose outputs are kept, batch by batch."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network, self.config, self.kept = network, network.config, list[dict[str, Tensor]]()

    def forward(self, **inputs: Tensor) -> Any:
        outputs = self.network(**inputs)
        self.kept.append({name: values.detach().cpu() for name, values in _tensors(outputs).items()})
        return outputs


class Comparing(nn.Module):
    """A graph whose outputs are held against those that were kept of the same batches."""

    def __init__(self, graph: GraphNetwork, kept: list[dict[str, Tensor]]) -> None:
        super().__init__()
        self.graph, self.config, self.farthest = graph, graph.config, 0.0
        self._kept: Iterator[dict[str, Tensor]] = iter(kept)

    def forward(self, **inputs: Tensor) -> Any:
        outputs = _found_by(self.graph, inputs)
        expected = next(self._kept, None)
        if expected is None:
            raise InternalError("a graph was given more batches than its network")
        self.farthest = max(self.farthest, distance(expected, outputs, inputs["attention_mask"]))
        return outputs
