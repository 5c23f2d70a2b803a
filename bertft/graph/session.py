"""onnxruntime's session: how many threads it has and how they wait."""

from __future__ import annotations

from typing import Any

from bertft.errors import CheckpointError


def session_of(content: bytes, *, threads: int, where: str) -> Any:
    """Of the bytes of a checked graph, on the processor. CheckpointError where onnxruntime refuses it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 4  # none: its errors come as exceptions, which are told in our words
    options.add_session_config_entry("session.load_model_format", "ONNX")
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as problem:  # onnxruntime has an exception for each of its codes, and no common one
        raise CheckpointError(
            f"{where}: onnxruntime {onnxruntime.__version__} cannot open it ({str(problem).splitlines()[0]})."
        ) from None
