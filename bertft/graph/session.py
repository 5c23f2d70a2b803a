"""onnxruntime's session: how many threads it has, how they wait, and how much memory all graphs of a process may take."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from bertft.errors import CheckpointError
from bertft.system.free_memory import free_memory

LEAST = 1 << 30
"""Bytes that graphs may take where less is free at the moment."""

_LEFT_OUT = ["ConstantFolding"]
"""What onnxruntime would compute from constants when it opens a graph, and keep, outside all limits. Exported graphs have nothing
of the kind left: with it and without they have the same nodes."""

_NOTHING = 4
"""Severity of what it logs: its errors come as exceptions, which are told in our words."""

_USUAL = -1
"""Of an arena's other settings."""


def session_of(content: bytes, *, threads: int, where: str) -> Any:
    """Of the bytes of a checked graph, on the processor. CheckpointError where onnxruntime refuses it."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(_NOTHING)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = _NOTHING
    options.add_session_config_entry("session.load_model_format", "ONNX")
    if _limit_memory():
        options.add_session_config_entry("session.use_env_allocators", "1")
    try:
        return onnxruntime.InferenceSession(
            content, options, providers=["CPUExecutionProvider"], disabled_optimizers=_LEFT_OUT
        )
    except Exception as problem:  # onnxruntime has an exception for each of its codes, and no common one
        raise CheckpointError(
            f"{where}: onnxruntime {onnxruntime.__version__} cannot open it ({reason_of(problem)})."
        ) from None


@cache
def _limit_memory() -> bool:
    """Once for a process: its graphs together may take what is free now. Whether that could be done."""
    import onnxruntime as ort

    free = free_memory()
    if free is None:
        return False
    place = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
    try:
        ort.create_and_register_allocator(place, ort.OrtArenaCfg(max(free, LEAST), _USUAL, _USUAL, _USUAL))
    except Exception:  # the program around us has set one of its own
        return False
    return True


def lacks_memory(problem: Exception) -> bool:
    """Whether a graph failed because it would have taken more than there is."""
    return any(
        words in str(problem) for words in ("smaller than requested bytes", "Failed to allocate memory", "bad_alloc")
    )


def reason_of(problem: Exception) -> str:
    """In a line, without the codes and places in its source that onnxruntime puts before it."""
    told = re.split(r"Status Message: |\] : \d+ : [A-Z_]+ : ", str(problem))[-1].strip()
    return told.splitlines()[0] if told else type(problem).__name__
