"""Fine-tune a BERT from a labelled file: train, evaluate, compare, predict, load. Start reading at `commands/`, or at `api/`.

The verbs wake torch when one is asked for, not when bertft is imported.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bertft import errors

if TYPE_CHECKING:
    from bertft.api import (
        baseline,
        check,
        compare,
        embed,
        evaluate,
        export,
        gather,
        info,
        load,
        predict,
        pretrain,
        push,
        train,
        write_report,
    )

__version__ = "0.1.0"
VERBS = (
    "baseline",
    "check",
    "compare",
    "embed",
    "evaluate",
    "export",
    "gather",
    "info",
    "load",
    "predict",
    "pretrain",
    "push",
    "train",
    "write_report",
)
__all__ = [
    "__version__",
    "baseline",
    "check",
    "compare",
    "embed",
    "errors",
    "evaluate",
    "export",
    "gather",
    "info",
    "load",
    "predict",
    "pretrain",
    "push",
    "train",
    "write_report",
]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name in VERBS:
        return getattr(import_module("bertft.api"), name)
    raise AttributeError(f"module 'bertft' has no attribute '{name}'")
