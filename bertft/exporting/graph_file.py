"""A network in, the bytes of its ONNX graph out: transformers' own padded computation, for batches of any size and length.

Extras that change what the network computes, such as a BiLSTM, go into the graph; what they only add to its outputs is the same
for every text and stands beside it."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bertft.errors import UsageError, first_line
from bertft.exporting.recurrent import with_recurrent_operators
from bertft.model.backbone import longest_input
from bertft.model.extras import ExtendedNetwork, extras_of, transformers_part
from bertft.model.masked_lm import as_transformers_wrote
from bertft.protocols import Network, Tokenizer

LARGEST = 2_000_000_000
"""Bytes of a file that protobuf can hold."""

_ORIGIN = ("metadata_props", "doc_string")

SAMPLE = 3, 16
"""Texts and tokens of the batch that the computation is followed with; a graph holds for any."""


def constants_of(network: Network) -> dict[str, np.ndarray[Any, Any]]:
    """What extras add to the outputs of each batch, whatever the text."""
    with torch.inference_mode():
        found = {name: value for extra in extras_of(network) for name, value in extra.outputs().items()}
    return {name: value.detach().float().clone().contiguous().numpy() for name, value in found.items()}


def graph_bytes(network: Any, tokenizer: Tokenizer, where: str) -> bytes:
    """The network is of no other use afterwards. UsageError for one that transformers cannot export, or that is too large."""
    size = sum(weights.numel() * weights.element_size() for weights in network.parameters())
    if size > LARGEST:
        raise UsageError(f"{where}: {size / 1e9:.1f} GB of weights; an ONNX file holds {LARGEST / 1e9:.0f} GB.")
    with _silence():
        try:
            computed = with_recurrent_operators(_computed(network).eval())
            return _exported(computed, sample_inputs(tokenizer, network.config, *SAMPLE))
        except Exception as problem:  # torch.export, onnxscript and onnx_ir have their own, without a common one
            if (
                isinstance(problem, OSError) and problem.errno
            ):  # a full disk; torch has others, of sources that it lacks
                raise
            reason = first_line(problem)
    raise UsageError(f"{where}: transformers cannot export a {network.config.model_type} like this to ONNX ({reason}).")


def _exported(network: Any, inputs: dict[str, Tensor]) -> bytes:
    import onnx_ir
    import transformers.exporters

    library: Any = transformers.exporters
    exported = library.OnnxExporter().export(network, inputs, config=library.OnnxConfig(dynamic=True))
    graph: Any = onnx_ir.to_proto(exported.program)
    _forget_origin(graph)
    return bytes(graph.SerializeToString())


def _forget_origin(part: Any) -> None:
    """Of each part of a graph the exporter notes the lines of code that made it, with their paths on this machine."""
    for name in _ORIGIN:
        if name in part.DESCRIPTOR.fields_by_name:
            part.ClearField(name)
    for field, found in part.ListFields():
        if field.message_type is not None:
            for one in found if isinstance(found, Sequence) else [found]:
                _forget_origin(one)


def sample_inputs(tokenizer: Any, config: Any, texts: int, tokens: int, *, seed: int = 0) -> dict[str, Tensor]:
    """A batch of random tokens; each text but the first is a little shorter than the one before it, on the side where this
    tokenizer fills up. Where the network tells two texts apart, the second begins in the middle."""
    tokens = min(tokens, longest_input(config, tokenizer))
    chance = torch.Generator().manual_seed(seed)
    ids = torch.randint(0, len(tokenizer.get_vocab()), (texts, tokens), generator=chance)
    mask = torch.ones_like(ids)
    for line in range(texts):
        hidden = min(line, tokens - 1)
        place = slice(0, hidden) if tokenizer.padding_side == "left" else slice(tokens - hidden, tokens)
        mask[line, place] = 0
    ids = torch.where(mask.bool(), torch.where(ids == tokenizer.pad_token_id, tokenizer.unk_token_id or 0, ids), ids)
    ids[mask == 0] = tokenizer.pad_token_id
    inputs = {"input_ids": ids, "attention_mask": mask}
    if "token_type_ids" in tokenizer.model_input_names:
        second = torch.arange(tokens) >= tokens / 2
        two = getattr(config, "type_vocab_size", 1) > 1
        inputs["token_type_ids"] = mask * second if two else torch.zeros_like(ids)
    return inputs


class _Whole(torch.nn.Module):
    """A network with extras, without what they only add to its outputs."""

    def __init__(self, network: ExtendedNetwork) -> None:
        super().__init__()
        self.network, self.config = network, network.config
        self.added = {name for extra in extras_of(network) for name in extra.outputs()}

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None
    ) -> dict[str, Tensor]:
        segments = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        outputs = self.network(input_ids=input_ids, attention_mask=attention_mask, **segments)
        return {name: values for name, values in outputs.items() if name not in self.added}


def _is_changed(network: ExtendedNetwork) -> bool:
    """Whether an extra takes part in the computation."""
    return any(extra.computes for extra in extras_of(network))


def _computed(network: Any) -> Any:
    """What becomes a graph: transformers' own network, or one with extras that take part in the computation."""
    if isinstance(network, ExtendedNetwork) and _is_changed(network):
        return _Whole(network)
    return as_transformers_wrote(transformers_part(network))


@contextmanager
def _silence() -> Iterator[None]:
    """The exporters print and log every step."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
