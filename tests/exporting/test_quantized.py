"""Graphs in int8: the formula against numpy, one number at a time; a row alone against the same row in a batch."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

CHANCE = np.random.default_rng(5)


def graph_of(nodes: list[Any], weights: dict[str, Any], kind: int, sizes: list[Any]) -> bytes:
    from onnx import TensorProto, helper, numpy_helper

    given = [helper.make_tensor_value_info("x", kind, sizes)]
    found = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    held = [numpy_helper.from_array(values, name) for name, values in weights.items()]
    graph = helper.make_graph(nodes, "g", given, found, held)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    content: bytes = made.SerializeToString()
    return content


def product_of(weight: Any) -> bytes:
    from onnx import TensorProto, helper

    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    return graph_of([node], {"w": weight}, TensorProto.FLOAT, ["a", "b", weight.shape[0]])


def answer(content: bytes, **inputs: Any) -> Any:
    from bertft.graph.session import session_of

    return session_of(content, threads=1, where="here").run(None, inputs)[0]


def kinds_of(content: bytes) -> Counter[str]:
    import onnx

    return Counter(node.op_type for node in onnx.load_model_from_string(content).graph.node)


def rounded(values: Any) -> Any:
    """Each row of the last axis by its own scale, one number at a time."""
    flat = values.reshape(-1, values.shape[-1]).copy()
    for row in flat:
        scale = np.float32(max(abs(row).max() * np.float32(1 / 127), 1e-30))
        row[:] = [np.float32(round(float(one / scale))) * scale for one in row]
    return flat.reshape(values.shape)


def numbers(*shape: int) -> Any:
    return CHANCE.normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("largest", [1.0, 1e4, 0.0])
def test_each_token_and_each_output_has_a_scale_of_its_own(largest: float) -> None:
    from bertft.exporting.quantized import quantized, rounded_columns

    weight, inputs = numbers(80, 300), numbers(2, 5, 80)
    weight[1:] = 0  # one product for each output: its sum has room on any processor
    inputs[1, 3] *= largest  # beside which the others keep their digits
    made = quantized(product_of(weight))
    whole, scales = rounded_columns(weight)
    assert kinds_of(made)["MatMulIntegerToFloat"] == 1
    assert abs(whole.astype(int)).max() == 127
    assert np.allclose(rounded(weight.T).T, whole * scales, atol=1e-6)
    wanted = rounded(inputs) @ rounded(weight.T).T
    assert np.allclose(answer(made, x=inputs), wanted, rtol=1e-4, atol=1e-5)
    assert not answer(made, x=np.zeros((1, 2, 80), np.float32)).any()


@pytest.mark.parametrize("inputs", [640, 600])
def test_wide_products_have_a_scale_for_each_block(inputs: int) -> None:
    from bertft.exporting.quantized import BLOCK, quantized, rounded_blocks

    weight, given = numbers(inputs, 48), numbers(2, 3, inputs)
    weight[BLOCK : 2 * BLOCK] *= 1e-3  # small numbers beside which large ones stand in other blocks
    whole, scales = rounded_blocks(weight)
    back = ((whole.astype(np.float32) - 128) * scales[..., None]).reshape(48, -1)[:, :inputs].T
    assert abs(back - weight)[BLOCK : 2 * BLOCK].max() < 2e-5
    assert abs(back - weight).max() <= scales.max() / 2 + 1e-6
    made = quantized(product_of(weight))
    assert kinds_of(made)["MatMulNBits"] == 1
    assert abs(answer(made, x=given) - given @ weight).max() < 0.02 * abs(given @ weight).max() + 0.5


def test_embeddings_are_stored_by_tokens_and_come_back_in_fp32() -> None:
    from onnx import TensorProto, helper

    from bertft.exporting.quantized import quantized

    table = numbers(400, 64) * np.geomspace(1e-3, 1e3, 400, dtype=np.float32)[:, None]
    made = quantized(
        graph_of([helper.make_node("Gather", ["t", "x"], ["y"])], {"t": table}, TensorProto.INT64, ["a", "b"])
    )
    ids = np.array([[0, 399, 7], [200, 0, 1]])
    assert np.allclose(answer(made, x=ids), rounded(table)[ids], rtol=1e-5)
    assert len(made) < 0.4 * table.nbytes


def test_an_answer_does_not_depend_on_the_rows_beside_it(graph: Path) -> None:
    from bertft.exporting.quantized import quantized

    made = quantized((graph / "model.onnx").read_bytes())
    assert {"MatMulIntegerToFloat", "MatMulNBits"} <= set(kinds_of(made))
    ids = CHANCE.integers(5, 60, (9, 7))
    inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    together = answer(made, **inputs)
    for row in range(len(ids)):
        alone = answer(made, **{name: values[row : row + 1] for name, values in inputs.items()})
        assert np.allclose(alone[0], together[row], atol=1e-5)


def test_values_of_attention_are_found_in_a_graph(graph: Path) -> None:
    import onnx

    from bertft.exporting.quantized import values_of_attention

    found = onnx.load(graph / "model.onnx").graph
    weights = {one.name for one in found.initializer}
    values = values_of_attention(found, weights)
    adds = [node for node in found.node if node.op_type == "Add" and values & set(node.input)]
    assert len(values) == sum(node.op_type == "Softmax" for node in found.node) == len(adds)
    assert all(any(name.endswith("value.bias") for name in node.input) for node in adds)
