"""In which of its forms a folder's network is used: as torch computes it from its weights, or as a graph."""

from __future__ import annotations

from pathlib import Path

from bertft.errors import UsageError
from bertft.runs import GRAPH

AUTO, TORCH, ONNX = "auto", "torch", "onnx"
BACKENDS = (AUTO, TORCH, ONNX)
WEIGHTS = ("model.safetensors", "model.safetensors.index.json")


def has_graph(folder: Path) -> bool:
    return (folder / GRAPH).is_file()


def uses_graph(folder: Path, backend: str = AUTO) -> bool:
    """Whether a run folder is opened by its graph; `auto`: where there is one. UsageError for a form that the folder
    does not hold."""
    if backend not in BACKENDS:
        raise UsageError(f"--backend is {backend}: one of {', '.join(BACKENDS)}.")
    if backend == ONNX and not has_graph(folder):
        raise UsageError(
            f"{folder}: --backend onnx needs a graph, and there is no {GRAPH} here. Make one: bertft export {folder} -o OTHER"
        )
    if backend == TORCH and not any((folder / name).is_file() for name in WEIGHTS):
        raise UsageError(
            f"{folder}: --backend torch needs weights, and there are none beside {GRAPH}. Name the run that was exported, or "
            f"export it with --keep-weights."
        )
    return backend != TORCH and has_graph(folder)
