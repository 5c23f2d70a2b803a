"""Fine-tune a BERT from a labelled file: train, evaluate, predict, load. Start reading at `commands/`, or at `api.py` for Python.

The verbs wake torch when one is asked for, not when bertft is imported.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bertft import errors

if TYPE_CHECKING:
    from bertft.api import evaluate, load, predict, train

__version__ = "0.1.0"
__all__ = ["__version__", "errors", "evaluate", "load", "predict", "train"]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name in ("evaluate", "load", "predict", "train"):
        return getattr(import_module("bertft.api"), name)
    raise AttributeError(f"module 'bertft' has no attribute '{name}'")
