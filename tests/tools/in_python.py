"""What tests of the Python door share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

FAST: dict[str, Any] = {"epochs": 1, "head_start": "random", "precision": "fp32", "refit": False}


def weights(folder: str | Path) -> bytes:
    return (Path(folder) / "model.safetensors").read_bytes()
