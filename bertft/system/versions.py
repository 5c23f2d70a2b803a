"""The versions that a result depends on, and the machine it was made on. Read from package metadata: nothing is imported."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

PACKAGES = ("bertft", "torch", "transformers", "tokenizers", "accelerate", "datasets", "numpy")


def versions() -> dict[str, str]:
    """Package -> version, Python among them."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def machine() -> dict[str, Any]:
    """Without host or user names: a run folder gets shared."""
    return {"system": platform.system(), "processor": platform.machine(), "cpus": os.cpu_count()}
