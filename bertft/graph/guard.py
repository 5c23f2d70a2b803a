"""What a graph of a stranger may not do: read other files, compute what no exported run computes, run in circles, or ask for
memory by a constant. One that computes a huge size is not found here: session.py limits the memory of all. Decided on the
file's bytes, before onnxruntime sees them; a session is made of the same bytes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from bertft.errors import CheckpointError, UsageError

_STANDARD = """
Abs Add And Cast CastLike Ceil Clip Cos Div Equal Erf Exp Floor Gelu Greater GreaterOrEqual Identity IsInf IsNaN Less LessOrEqual
Log Max Min Mod Mul Neg Not Or Pow Reciprocal Relu Round Sigmoid Sign Sin Softplus Softsign Sqrt Sub Tanh Trunc Where Xor
ArgMax ArgMin CumSum Einsum Gemm LayerNormalization LogSoftmax MatMul RMSNormalization ReduceL2 ReduceMax ReduceMean ReduceMin
ReduceProd ReduceSum Softmax
Concat Constant Expand Flatten Gather GatherElements GatherND Range Reshape ScatterElements ScatterND Shape Size Slice Split
Squeeze Tile Transpose Trilu Unsqueeze
Conv GRU LSTM RNN
DequantizeLinear DynamicQuantizeLinear MatMulInteger QuantizeLinear
"""
"""Numbers one by one; sums and products; moves; layers from before BERT; 8 bits."""

_MICROSOFT = """
Attention BiasGelu DequantizeLinear DynamicQuantizeMatMul EmbedLayerNormalization FastGelu FusedMatMul Gelu MatMulIntegerToFloat
MatMulNBits MultiHeadAttention QuantizeLinear SkipLayerNormalization
"""

OPERATORS: Mapping[str, frozenset[str]] = {
    "": frozenset(_STANDARD.split()),
    "com.microsoft": frozenset(_MICROSOFT.split()),
}
"""By domain, what exports of encoders hold, and what 8 bits add. None of them holds a graph, names a file, or makes many numbers
of few but for Expand, Range and Tile, and Conv by what it adds at the ends."""

INPUTS = ("input_ids", "attention_mask", "token_type_ids")

MOST = 100_000_000
"""Numbers that a constant shape may ask for."""

WIDEST = 1024
"""Words that a convolution may add at each end of a text."""

_SHAPED = {"ConstantOfShape": 0, "Expand": 1, "Range": 1, "Tile": 1}
"""Operator -> which of its inputs says how large its output is."""


def needs_onnx() -> None:
    """UsageError where the libraries of the extra are missing."""
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
    except ImportError as problem:
        raise UsageError(f"A graph needs {problem.name or 'onnxruntime'}: pip install 'bertft[onnx]'") from None


def check_graph(content: bytes, where: str) -> None:
    """CheckpointError, with a reason, for a file that is no ONNX graph, or one that may not be trusted."""
    import onnx

    try:
        model = onnx.load_model_from_string(content)
    except Exception as problem:  # protobuf's own errors
        raise CheckpointError(f"{where}: not an ONNX graph, or cut off ({type(problem).__name__}).") from None
    if fault := next(faults_of(model), None):
        raise CheckpointError(f"{where}: {fault}. It is not opened.")


def faults_of(model: Any) -> Iterator[str]:
    """Each in words."""
    graph = model.graph
    if model.functions:
        yield "brings functions of its own"
    inputs = [one.name for one in graph.input if one.name not in {tensor.name for tensor in graph.initializer}]
    if unknown := [name for name in inputs if name not in INPUTS]:
        yield f"asks for an input that no text gives ({unknown[0]!r})"
    if "input_ids" not in inputs or not graph.output:
        yield "reads no tokens, or answers nothing"
    if graph.sparse_initializer:
        yield "holds sparse weights"
    for tensor in _tensors(graph):
        if _lies_elsewhere(tensor):
            yield f"its weights {tensor.name!r} lie in another file"
        if any(size < 0 for size in tensor.dims):
            yield f"its weights {tensor.name!r} have a size below 0"
        elif math.prod(tensor.dims) > 2 * tensor.ByteSize():  # the smallest numbers have four bits
            yield f"its weights {tensor.name!r} are said to be larger than they are"
    for node in graph.node:
        yield from _faults_of_node(node)
    yield from _too_large(graph)


def _faults_of_node(node: Any) -> Iterator[str]:
    if node.op_type not in OPERATORS.get(node.domain, ()):
        name = f"{node.domain}::{node.op_type}" if node.domain else node.op_type
        yield f"holds {name}, which no graph of bertft needs"
    if any(size > WIDEST for one in node.attribute if one.name == "pads" for size in one.ints):
        yield f"{node.op_type} asks for more memory than any encoder needs"
    if any(one.HasField("g") or one.graphs for one in node.attribute):
        yield f"holds a graph inside of {node.op_type}"


def _tensors(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    for node in graph.node:
        for one in node.attribute:
            if one.HasField("t"):
                yield one.t
            yield from one.tensors
            if one.HasField("sparse_tensor"):
                yield from (one.sparse_tensor.values, one.sparse_tensor.indices)


def _lies_elsewhere(tensor: Any) -> bool:
    return bool(tensor.external_data) or tensor.data_location != 0  # 0: in the file itself


def _too_large(graph: Any) -> Iterator[str]:
    """Constants from which a few bytes would become gigabytes."""
    import onnx

    small = {one.name: one for one in graph.initializer if math.prod(one.dims) <= 16}
    for node in graph.node:
        if node.op_type == "Constant":
            small.update((node.output[0], _as_tensor(onnx, one)) for one in node.attribute)
        place = _SHAPED.get(node.op_type)
        if place is None or len(node.input) <= place or (tensor := small.get(node.input[place])) is None:
            continue
        if _lies_elsewhere(tensor) or math.prod(max(1.0, float(size)) for size in _numbers(onnx, tensor)) > MOST:
            yield f"{node.op_type} asks for more memory than any encoder needs"


def _as_tensor(onnx: Any, attribute: Any) -> Any:
    """Of a Constant, which holds a tensor or bare numbers."""
    if attribute.HasField("t"):
        return attribute.t
    numbers = [*attribute.ints, *attribute.floats, *([attribute.i] if attribute.HasField("i") else [])]
    return onnx.helper.make_tensor(attribute.name, onnx.TensorProto.DOUBLE, [len(numbers)], numbers)


def _numbers(onnx: Any, tensor: Any) -> list[Any]:
    try:
        return list(onnx.numpy_helper.to_array(tensor).ravel().tolist())
    except Exception:  # a damaged tensor: onnxruntime will refuse it
        return []
