"""An ONNX file of a stranger: what could reach other files, call other code or eat the memory is refused before it is opened."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bertft.errors import CheckpointError, UserError

onnx: Any = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def model_of(
    *nodes: Any, initializers: Any = (), more_inputs: Any = (), functions: Any = (), more_outputs: Any = ()
) -> Any:
    """A graph that reads token ids and gives them back, with what a test adds."""
    helper, kind = onnx.helper, onnx.TensorProto
    ids = helper.make_tensor_value_info("input_ids", kind.INT64, ["B", "T"])
    out = helper.make_tensor_value_info("logits", kind.FLOAT, ["B", "T"])
    cast = helper.make_node("Cast", ["input_ids"], ["logits"], to=kind.FLOAT)
    more = [helper.make_tensor_value_info(name, kind.INT64, None) for name in more_outputs]
    graph = helper.make_graph([*nodes, cast], "g", [ids, *more_inputs], [out, *more], list(initializers))
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("custom", 1)]
    return helper.make_model(graph, opset_imports=opsets, functions=list(functions), ir_version=10)


def elsewhere(location: str) -> Any:
    tensor = onnx.helper.make_tensor("w", onnx.TensorProto.FLOAT, [1], [0.0])
    tensor.ClearField("float_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    return tensor


def cases() -> dict[str, Any]:
    helper, kind = onnx.helper, onnx.TensorProto
    huge = helper.make_tensor("shape", kind.INT64, [2], [1 << 20, 1 << 20])
    end = helper.make_tensor("end", kind.INT64, [], [1 << 33])
    bare = helper.make_node("Constant", [], ["s"], value_ints=[1 << 16, 1 << 16])
    inner = helper.make_graph([], "inner", [], [])
    function = helper.make_function("own", "F", ["x"], ["y"], [helper.make_node("Relu", ["x"], ["y"])], [])
    return {
        "in another file": model_of(initializers=[elsewhere("../../etc/passwd")]),
        "lie in another file": model_of(helper.make_node("Constant", [], ["w"], value=elsewhere("model.onnx.data"))),
        "holds custom::Evil": model_of(helper.make_node("Evil", ["input_ids"], ["e"], domain="custom")),
        "holds Loop": model_of(helper.make_node("Loop", ["", ""], ["l"], body=inner)),
        "holds com.microsoft::EPContext": model_of(helper.make_node("EPContext", [], ["e"], domain="com.microsoft")),
        "more memory": model_of(helper.make_node("Expand", ["one", "shape"], ["z"]), initializers=[huge]),
        "Expand asks for more": model_of(bare, helper.make_node("Expand", ["one", "s"], ["z"])),
        "Range asks for more": model_of(helper.make_node("Range", ["a", "end", "a"], ["z"]), initializers=[end]),
        "Conv asks for more": model_of(helper.make_node("Conv", ["x", "w"], ["z"], pads=[1 << 30, 1 << 30])),
        "holds RandomNormal": model_of(helper.make_node("RandomNormal", [], ["z"], shape=[1 << 16, 1 << 16])),
        "holds Pad": model_of(helper.make_node("Pad", ["x", "p"], ["z"])),
        "holds ConstantOfShape": model_of(helper.make_node("ConstantOfShape", ["computed"], ["z"])),
        "larger than they are": model_of(
            initializers=[onnx.TensorProto(name="w", data_type=1, dims=[1 << 17, 1 << 17])]
        ),
        "no text gives": model_of(more_inputs=[helper.make_tensor_value_info("secret", kind.FLOAT, [1])]),
        "functions of its own": model_of(functions=[function]),
    }


@pytest.mark.parametrize("says", cases())
def test_a_graph_that_reaches_out_is_refused(says: str) -> None:
    from bertft.graph.guard import check_graph

    with pytest.raises(CheckpointError, match=says):
        check_graph(cases()[says].SerializeToString(), "g/model.onnx")
    check_graph(model_of().SerializeToString(), "g/model.onnx")


@pytest.mark.parametrize("content", [b"", b"\x08", b"not a graph at all", b"\x00\x00\x00\x00ORTM" + b"\x00" * 64])
def test_what_is_no_graph_is_refused(content: bytes) -> None:
    from bertft.graph.guard import check_graph

    with pytest.raises(CheckpointError):
        check_graph(content, "g/model.onnx")


def computing(side: int) -> Any:
    """The network of a graph that computes a square of side * side numbers on the way."""
    from bertft.graph.network import graph_of

    helper, kind = onnx.helper, onnx.TensorProto
    size = helper.make_tensor("size", kind.INT64, [2], [side, side])
    root = helper.make_node("Mul", ["size", "one"], ["shape"])
    more = helper.make_node("Expand", ["one", "shape"], ["z"])
    one = helper.make_node("ReduceMax", ["input_ids"], ["one"], keepdims=0)
    content = model_of(one, root, more, initializers=[size], more_outputs=["z"]).SerializeToString()
    return graph_of(content, None, {}, None, threads=1, where="g/model.onnx")


@pytest.mark.parametrize(
    ("side", "says"),
    [
        (1 << 20, "more memory than is free, for a batch of 1 x 1 tokens"),
        (1 << 31, r"fails on a batch of 1 x 1 tokens \(Calculation for Tensor storage size overflowed\)"),
    ],
)
def test_a_graph_that_computes_a_huge_size_fails_in_one_line(
    side: int, says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Which no look at its bytes finds. onnxruntime's own red lines stay out of it."""
    import numpy as np

    with pytest.raises(UserError, match=says):
        computing(side).computed({"input_ids": np.ones((1, 1), dtype=np.int64)})
    assert capfd.readouterr().err == ""


def test_too_little_memory_for_a_batch_is_known_as_such() -> None:
    """It is cut in halves then, as where torch has none."""
    import numpy as np

    from bertft.engine.device import is_out_of_memory

    with pytest.raises(MemoryError, match="2 x 1 tokens") as caught:
        computing(1 << 20).computed({"input_ids": np.ones((2, 1), dtype=np.int64)})
    assert is_out_of_memory(caught.value)


def test_nothing_is_computed_from_constants_when_a_graph_is_opened() -> None:
    """A small file would take a gigabyte outside of all limits."""
    import psutil

    from bertft.graph.session import session_of

    helper, kind = onnx.helper, onnx.TensorProto
    known = [helper.make_tensor("one", kind.INT64, [1], [1]), helper.make_tensor("size", kind.INT64, [1], [1 << 21])]
    names = [f"z{number}" for number in range(64)]
    nodes = [helper.make_node("Expand", ["one", "size"], [name]) for name in names]
    content = model_of(*nodes, initializers=known, more_outputs=names).SerializeToString()
    before = psutil.Process().memory_info().rss
    session = session_of(content, threads=1, where="g/model.onnx")
    assert psutil.Process().memory_info().rss - before < 1 << 28
    assert len(session.get_outputs()) == 65


def test_a_graph_that_was_changed_or_has_no_sound_record_is_refused(tmp_path: Path) -> None:
    from bertft.graph import GraphRecord, load_graph

    (tmp_path / "model.onnx").write_bytes(model_of().SerializeToString())
    with pytest.raises(CheckpointError, match="no record of an export"):
        load_graph(tmp_path, None, threads=1)
    record = GraphRecord("fp32", "0" * 64, "", 1, "", "", (), "", "", 0, "", (), {})
    record.write(tmp_path)
    with pytest.raises(CheckpointError, match="sha256 differs"):
        load_graph(tmp_path, None, threads=1)
    for damage in ('{"format": 2}', "[]", '{"format": 1}', "[" * 100_000):
        (tmp_path / "export.json").write_text(damage)
        with pytest.raises(CheckpointError, match="no record of an export"):
            load_graph(tmp_path, None, threads=1)


def exported_by(stranger: Path, **constants: Any) -> Any:
    """A folder with a graph, these tensors beside it, and a record that knows both."""
    import torch
    from safetensors.torch import save

    from bertft.graph import GraphRecord

    graph = model_of().SerializeToString()
    beside = save({name: torch.tensor(value) for name, value in constants.items()}) if constants else b""
    (stranger / "model.onnx").write_bytes(graph)
    (stranger / "constants.safetensors").write_bytes(beside)
    known = [hashlib.sha256(content).hexdigest() if content else "" for content in (graph, beside)]
    record = GraphRecord("fp32", *known, 1, "", "", (), "", "", 0, "", (), {})
    record.write(stranger)
    return record


LABELS = SimpleNamespace(num_labels=2)
MOVES = {"start": [0.0, 1.0], "moves": [[0.0, 1.0], [2.0, 3.0]], "end": [1.0, 0.0]}
"""Of a CRF over two labels."""


def test_what_stands_beside_a_graph_replaces_nothing_that_it_computes(tmp_path: Path) -> None:
    """Each answer would be what the file says, whatever the text."""
    from bertft.graph import load_graph

    exported_by(tmp_path, **MOVES)
    assert sorted(load_graph(tmp_path, LABELS, threads=1).constants) == ["end", "moves", "start"]
    for added in ("logits", "start_logits"):
        exported_by(tmp_path, **{added: [9.0]})
        with pytest.raises(CheckpointError, match=rf"holds {added} 1, where nothing is wanted"):
            load_graph(tmp_path, LABELS, threads=1)


def test_a_graph_does_not_compute_what_stands_beside_it() -> None:
    import numpy as np

    from bertft.graph.network import graph_of

    moves = model_of(onnx.helper.make_node("Identity", ["input_ids"], ["moves"]), more_outputs=["moves"])
    constants = {name: np.asarray(values, dtype=np.float32) for name, values in MOVES.items()}
    with pytest.raises(CheckpointError, match=r"computes 'moves', which constants.safetensors would replace"):
        graph_of(moves.SerializeToString(), LABELS, constants, None, threads=1, where="g/model.onnx")


@pytest.mark.parametrize(
    "change",
    [
        {"start": [0.0]},
        {"start": 0.0},
        {"moves": [[0.0, 1.0]]},
        {"moves": [[0.0] * 3] * 3},
        {"end": [1.0, float("nan")]},
        {"end": [float("inf"), 0.0]},
        {"end": [1, 0]},
        {"more": [1.0]},
        {"end": None},
    ],
    ids=str,
)
def test_moves_of_a_crf_are_those_of_its_labels(tmp_path: Path, change: dict[str, Any]) -> None:
    """One number would silently stand for all labels; the record knows the file all the same."""
    from bertft.graph import load_graph

    exported_by(tmp_path, **{name: value for name, value in {**MOVES, **change}.items() if value is not None})
    with pytest.raises(
        CheckpointError, match=r"end 2, moves 2 x 2, start 2 is wanted, in fp32 and finite, for the 2 labels"
    ):
        load_graph(tmp_path, LABELS, threads=1)


def test_what_stands_beside_a_graph_is_that_of_its_export(tmp_path: Path) -> None:
    from bertft.graph import load_graph

    record = exported_by(tmp_path, **MOVES)
    beside = (tmp_path / "constants.safetensors").read_bytes()
    for changed, known in ((beside[:-1] + b"\0", record), (beside, replace(record, constants=""))):
        (tmp_path / "constants.safetensors").write_bytes(changed)
        known.write(tmp_path)
        with pytest.raises(CheckpointError, match=r"constants.safetensors: damaged, or not of this export"):
            load_graph(tmp_path, LABELS, threads=1)
    record.write(tmp_path)
    (tmp_path / "constants.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"constants.safetensors: damaged, or not of this export"):
        load_graph(tmp_path, LABELS, threads=1)


def test_a_record_that_scored_something_scored_the_graph_and_its_run(tmp_path: Path) -> None:
    from bertft.graph import FormScore, read_graph_record

    torch_, onnx_ = (FormScore(form, 0.9, 1, 1.0, 1.0) for form in ("torch fp32", "onnx fp32"))
    record = exported_by(tmp_path)
    replace(record, forms=(torch_, onnx_), units="VNNI").write(tmp_path)
    assert read_graph_record(tmp_path).score_of("onnx fp32") == 0.9
    for forms, units in (((torch_,), "VNNI"), ((onnx_,), "VNNI"), ((torch_, onnx_), ""), ((), "VNNI")):
        replace(record, forms=forms, units=units).write(tmp_path)
        with pytest.raises(CheckpointError, match="no record of an export"):
            read_graph_record(tmp_path)
