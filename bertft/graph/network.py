"""A graph that stands where a network of transformers would: a batch's arrays in, the same outputs out. It takes no gradients and
needs neither torch nor transformers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from bertft.errors import CheckpointError, TooLittleMemory
from bertft.graph.guard import check_graph, needs_onnx
from bertft.graph.record import GraphRecord, read_graph_record
from bertft.graph.session import lacks_memory, reason_of, session_of
from bertft.protocols import OUTPUTS
from bertft.runs import CONSTANTS, GRAPH
from bertft.tags.chain import CHAIN, chain_sizes

Arrays = Mapping[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class Computed:
    """What a graph said of a batch."""

    found: dict[str, np.ndarray[Any, Any]]

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """There is nothing to wait for."""
        return self.found


class GraphNetwork:
    """Computes on the processor, in the precision of its graph, whatever device and precision surround it."""

    def __init__(
        self, session: Any, config: Any, constants: Arrays, record: GraphRecord | None, *, threads: int = 1
    ) -> None:
        self.threads = threads
        self.session, self.config, self.constants, self.record = session, config, dict(constants), record
        self.wanted = [one.name for one in session.get_inputs()]
        self.given = [one.name for one in session.get_outputs()]

    def computed(self, inputs: Arrays) -> Computed:
        """What the network gives that was exported: `logits` and more. With `chosen` (B, T) logits (M, V) of these tokens."""
        fed = {name: _fed(inputs, name) for name in self.wanted}
        found = dict(zip(self.given, self._run(fed), strict=True))
        if "chosen" in inputs:
            found = {OUTPUTS[name]: values for name, values in found.items() if name in OUTPUTS}
            found["logits"] = found["logits"][inputs["chosen"]]  # (B, T, V) -> (M, V)
        return Computed(found | self.constants)

    def _run(self, fed: Arrays) -> Any:
        try:
            return self.session.run(None, fed)
        except Exception as problem:  # onnxruntime has an exception for each of its codes, and no common one
            texts, tokens = fed["input_ids"].shape
            size = f"{texts} x {tokens} tokens"
            if not lacks_memory(problem):
                reason = f"The graph fails on a batch of {size} ({reason_of(problem)}). It is no graph of an encoder."
                raise CheckpointError(reason) from None
            if texts > 1:  # it is tried again in halves
                raise MemoryError(f"The graph asks for more memory than is free, for a batch of {size}.") from None
            raise TooLittleMemory(
                f"The graph asks for more memory than is free, for a batch of {size}. It is no graph of an encoder, or other "
                f"programs held the memory when it was opened: end them and start again."
            ) from None

    def eval(self) -> Self:
        """A graph has one way to compute."""
        return self

    @property
    def told(self) -> str:
        """For messages."""
        return f"onnx {self.record.precision}" if self.record else "onnx"


def count_parameters(network: Any) -> int:
    """Of the network that a graph was made of, or of any other."""
    if isinstance(network, GraphNetwork):
        return network.record.parameters if network.record else 0
    return sum(weights.numel() for weights in network.parameters())


def _fed(inputs: Arrays, name: str) -> np.ndarray[Any, Any]:
    """Segments that nobody gave are all the first."""
    return inputs[name] if name in inputs else np.zeros_like(inputs["input_ids"])


def load_graph(folder: Path, config: Any, *, threads: int) -> GraphNetwork:
    """Of an exported folder. CheckpointError for a graph that is not the one exported there, or that cannot be trusted."""
    needs_onnx()
    record, path = read_graph_record(folder), folder / GRAPH
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != record.sha256:
        raise CheckpointError(
            f"{path}: not the graph that was exported here (sha256 differs). Copy the whole folder again."
        )
    constants = read_constants(folder, record.constants)
    return graph_of(content, config, constants, record, threads=threads, where=str(path))


def graph_of(
    content: bytes,
    config: Any,
    constants: Arrays,
    record: GraphRecord | None,
    *,
    threads: int,
    where: str,
) -> GraphNetwork:
    """From the bytes of a graph; one that is just being made has no record yet. CheckpointError where the constants are none that
    an extra adds, or would replace what it computes."""
    check_graph(content, where)
    check_added(constants, config, where)
    session = session_of(content, threads=threads, where=where)
    network = GraphNetwork(session, config, constants, record, threads=threads)
    if twice := sorted(constants.keys() & set(network.given)):
        raise CheckpointError(f"{where}: computes {twice[0]!r}, which {CONSTANTS} would replace. It is not opened.")
    return network


def check_added(constants: Arrays, config: Any, where: str) -> None:
    """CheckpointError for what is not the scores of moves between the labels of this config: numbers of one label would silently
    stand for all."""
    found = {name: values.shape for name, values in constants.items()}
    wanted = chain_sizes(config.num_labels) if found.keys() & set(CHAIN) else {}
    numbers = all(values.dtype == np.float32 and bool(np.isfinite(values).all()) for values in constants.values())
    if found != wanted or not numbers:
        raise CheckpointError(
            f"{where}: {CONSTANTS} beside it holds {_sizes(found)}, where {_sizes(wanted) or 'nothing'} is wanted, in fp32 and "
            f"finite, for the {config.num_labels} labels of config.json. It is not opened."
        )


def _sizes(found: Mapping[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {' x '.join(map(str, size)) or 'of one number'}" for name, size in sorted(found.items()))


def read_constants(folder: Path, sha256: str) -> dict[str, np.ndarray[Any, Any]]:
    """What extras add to each batch's outputs; nothing where the record knows of none. CheckpointError for a file that is not the
    one of the record."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    path = folder / CONSTANTS
    if not sha256 and not path.exists():
        return {}
    try:
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ValueError("its sha256 is not that of the export")
        return load(content)
    except (SafetensorError, OSError, ValueError, KeyError) as problem:  # KeyError: numbers that numpy lacks
        raise CheckpointError(
            f"{path}: damaged, or not of this export ({problem}). Copy the whole folder again."
        ) from None
