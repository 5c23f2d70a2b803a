"""An fp32 graph in, the same in int8 out, in which an answer does not depend on the texts beside it.

Products: weights with a scale for each output, inputs with a scale for each token, found anew in every pass (Dettmers et al.
2022, arXiv 2208.07339, without its outliers). onnxruntime's own `quantize_dynamic` has one scale for a whole batch. The products
that lose most by it have a scale for each 64 numbers, which is slower: the values of attention, and those with more inputs than
outputs. Embeddings are stored in int8, with a scale for each token of the vocabulary, and added up in fp32. Products of
activations stay in fp32, and so does what is computed once for each text (Gemm: a pooler, a head). Figures: docs/exporting.md."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

MOST = 127
"""The largest number; the smallest is its opposite."""

MIDDLE = 128
"""Where zero stands in inputs: unsigned times signed is what VNNI multiplies. Both signed falls to slow code on x86."""

TINY = 1e-30
"""Scale of a token, or of weights, that are zero throughout."""

SMALLEST = 16
"""Inputs and outputs of a product that is worth it: the last one, to two or nine labels, stays as it is."""

BLOCK = 64
"""Numbers of a scale in the products that lose most."""

DOMAIN = "com.microsoft"
"""Of onnxruntime's own operators."""

MOVING = ("Reshape", "Transpose", "Cast", "Where", "Identity", "Squeeze", "Unsqueeze", "Mul")
"""What may stand between a product and what uses it: moves of numbers, masks, scales."""

Array = np.ndarray[Any, Any]


def quantized(content: bytes) -> bytes:
    """Of the bytes of a graph; products of activations with each other stay in fp32."""
    import onnx

    model = onnx.load_model_from_string(content)
    _Rewriting(model.graph).rewrite()
    if not any(one.domain == DOMAIN for one in model.opset_import):
        model.opset_import.append(onnx.helper.make_opsetid(DOMAIN, 1))
    written: bytes = model.SerializeToString()
    return written


def rounded_columns(weight: Array) -> tuple[Array, Array]:
    """(K, N) -> the same in int8, and (N,) what one is worth in each column."""
    scales = np.maximum(np.abs(weight).max(0) / MOST, TINY).astype(np.float32)
    return np.rint(weight / scales).astype(np.int8), scales


def rounded_blocks(weight: Array) -> tuple[Array, Array]:
    """(K, N) -> (N, blocks, 64) in uint8 around the middle, and (N, blocks) what one is worth in each. Zeros fill the last."""
    inputs, outputs = weight.shape
    filled = np.pad(weight.T, ((0, 0), (0, -inputs % BLOCK))).reshape(-1, BLOCK)
    whole, scales = rounded_columns(filled.T)
    blocks = (whole.T.astype(np.int16) + MIDDLE).astype(np.uint8)
    return blocks.reshape(outputs, -1, BLOCK), scales.reshape(outputs, -1)


class _Rewriting:
    """A graph on the way to int8: its nodes in order, each as it was or with others in its place."""

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        self.weights = {one.name: one for one in graph.initializer}
        self.values = values_of_attention(graph, self.weights)
        self.nodes: list[Any] = []
        self.inputs: dict[str, tuple[str, str]] = {}
        """Activations -> their int8 and scales, which several products share."""
        self.tables: dict[str, tuple[str, str]] = {}
        """The same of weights."""

    def rewrite(self) -> None:
        for node in self.graph.node:
            if node.op_type == "MatMul" and self._is_worth_it(node.input[1]):
                self._in_blocks(node) if self._is_touchy(node) else self._by_tokens(node)
            elif node.op_type == "Gather" and self._is_worth_it(node.input[0]) and _axis(node) == 0:
                self._embedding(node)
            else:
                self.nodes.append(node)
        self._replace()

    def _is_worth_it(self, name: str) -> bool:
        weight = self.weights.get(name)
        return weight is not None and weight.data_type == 1 and len(weight.dims) == 2 and min(weight.dims) >= SMALLEST

    def _is_touchy(self, node: Any) -> bool:
        inputs, outputs = self.weights[node.input[1]].dims
        return inputs > outputs or node.output[0] in self.values

    def _in_blocks(self, node: Any) -> None:
        """MatMul (…, K) x (K, N), whose input onnxruntime itself cuts into blocks."""
        import onnx

        name = node.input[1]
        inputs, outputs = self.weights[name].dims
        whole, scales = rounded_blocks(onnx.numpy_helper.to_array(self.weights[name]))
        given = [
            node.input[0],
            self._constant(f"{name}.blocks", whole),
            self._constant(f"{name}.blocks.scales", scales),
        ]
        size = {"K": inputs, "N": outputs, "bits": 8, "block_size": BLOCK, "accuracy_level": 4}  # 4: inputs in int8
        self._add("MatMulNBits", given, node.output[0], domain=DOMAIN, **size)

    def _by_tokens(self, node: Any) -> None:
        """MatMul (…, K) x (K, N)."""
        weight, worth = self._columns(node.input[1])
        whole, scales = self._tokens(node.input[0], self.weights[node.input[1]].dims[0])
        middle = self._constant("int8.middle", np.array(MIDDLE, np.uint8))
        one = self._constant("int8.one", np.array(1, np.float32))
        total = f"{node.output[0]}.int8.sum"
        self._add("MatMulIntegerToFloat", [whole, weight, one, worth, middle], total, domain=DOMAIN)
        self._add("Mul", [total, scales], node.output[0])

    def _tokens(self, name: str, width: int) -> tuple[str, str]:
        """(…, K) -> the same in uint8 around the middle, and (…, 1) what one is worth in each token."""
        if name not in self.inputs:
            ends = [
                f"{name}.int8.{end}" for end in ("size", "top", "share", "scale", "rows", "flat", "middles", "whole")
            ]
            size, top, share, scale, rows, flat, middles, whole = ends
            last = self._constant("int8.last", np.array([-1], np.int64))
            self._add("Abs", [name], size)
            self._add("ReduceMax", [size, last], top, keepdims=1)
            self._add("Mul", [top, self._constant("int8.share", np.array(1 / MOST, np.float32))], share)
            self._add("Max", [share, self._constant("int8.tiny", np.array(TINY, np.float32))], scale)
            self._add("Reshape", [scale, last], rows)  # (…, 1) -> (M,)
            self._add("Reshape", [name, self._constant(f"int8.flat.{width}", np.array([-1, width], np.int64))], flat)
            self._add("Shape", [rows], f"{rows}.shape")
            self._add(
                "Expand", [self._constant("int8.middles", np.array([MIDDLE], np.uint8)), f"{rows}.shape"], middles
            )
            self._add("QuantizeLinear", [flat, rows, middles], f"{flat}.whole", axis=0)
            self._add("Shape", [name], f"{name}.int8.shape")
            self._add("Reshape", [f"{flat}.whole", f"{name}.int8.shape"], whole)
            self.inputs[name] = whole, scale
        return self.inputs[name]

    def _columns(self, name: str) -> tuple[str, str]:
        import onnx

        if name not in self.tables:
            whole, scales = rounded_columns(onnx.numpy_helper.to_array(self.weights[name]))
            self.tables[name] = self._constant(f"{name}.int8", whole), self._constant(f"{name}.scales", scales)
        return self.tables[name]

    def _embedding(self, node: Any) -> None:
        """A row of a table for each token: Gather of whole numbers and of their scales."""
        import onnx

        table = onnx.numpy_helper.to_array(self.weights[node.input[0]])
        whole, scales = rounded_columns(table.T)
        key, out = node.input[0], node.output[0]
        rows = self._constant(f"{key}.rows.int8", np.ascontiguousarray(whole.T))
        worth = self._constant(f"{key}.rows.scales", scales[:, None])
        self._add("Gather", [rows, node.input[1]], f"{out}.int8", axis=0)
        self._add("Gather", [worth, node.input[1]], f"{out}.scales", axis=0)
        self._add("Cast", [f"{out}.int8"], f"{out}.float", to=1)
        self._add("Mul", [f"{out}.float", f"{out}.scales"], out)

    def _constant(self, name: str, values: Array) -> str:
        import onnx

        if name not in self.weights:
            self.weights[name] = onnx.numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def _add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> None:
        import onnx

        self.nodes.append(onnx.helper.make_node(kind, inputs, [output], name=f"{kind}:{output}", **attributes))

    def _replace(self) -> None:
        """Nodes in place of the old ones; weights that nobody reads any more go."""
        read = {name for node in self.nodes for name in node.input} | {one.name for one in self.graph.output}
        kept = [one for name, one in self.weights.items() if name in read]
        for field, values in (("node", self.nodes), ("initializer", kept)):
            self.graph.ClearField(field)
            getattr(self.graph, field).extend(values)


def _axis(node: Any) -> int:
    return next((one.i for one in node.attribute if one.name == "axis"), 0)


def values_of_attention(graph: Any, weights: Collection[str]) -> set[str]:
    """Outputs of the products that make the values: what a softmax weighs, back through what only moves or shifts numbers."""
    made = {output: node for node in graph.node for output in node.output}
    found: set[str] = set()
    for node in graph.node:
        if node.op_type == "MatMul" and _back(node.input[0], made, weights, MOVING).op_type == "Softmax":
            value = _back(node.input[1], made, weights, (*MOVING, "Add"))
            found.update(value.output if value.op_type == "MatMul" else ())
    return found


def _back(name: str, made: Mapping[str, Any], weights: Collection[str], through: Collection[str]) -> Any:
    """The node that made an activation, but for those it only passed through; one without a kind where there is none."""
    import onnx

    node = made.get(name)
    while node is not None and node.op_type in through:
        given = [one for one in node.input if one and one not in weights and one in made]
        node = made[given[0]] if given and (node.op_type != "Add" or len(given) == 1) else None
    return onnx.NodeProto() if node is None else node
