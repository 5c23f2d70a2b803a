"""The versions that a result depends on, and the machine it was made on. Read from package metadata: nothing is imported."""

from __future__ import annotations

import functools
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

PACKAGES = ("bertft", "torch", "transformers", "tokenizers", "accelerate", "datasets", "numpy")


def versions() -> dict[str, str]:
    """Package -> version, Python among them."""
    return {"python": platform.python_version(), **{package: _installed(package) for package in PACKAGES}}


@functools.cache
def _installed(package: str) -> str:
    """Its metadata is a long file, and a training asks four times."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def machine() -> dict[str, Any]:
    """Without host or user names: a run folder gets shared."""
    return {"system": platform.system(), "processor": platform.machine(), "cpus": os.cpu_count()}
