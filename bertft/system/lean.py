"""Loads transformers without what no answer needs: torch's compiler and its distributed tensors, and what scipy has for finding
objects in pictures. These are 900 modules, a third of what a command for one line waits for.

Only for a command that asked for it, alone on its machine, with the versions it was tried with; all others load as usual. What
asks for the compiler all the same gets the real one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from types import ModuleType, SimpleNamespace
from typing import Any

TRIED = {"torch": "2.13.", "transformers": "5.23."}
"""How the versions begin with which nothing is missed."""

LAUNCHED = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR")
"""Environment variables of one among several processes."""

COMPILER = "torch._dynamo"
_asked: list[bool] = []


def ask_for_lean() -> None:
    """Call in a command that answers, and ends."""
    _asked[:] = [True]


def load_lean() -> bool:
    """Load what all networks of transformers need, and no more; whether that was done. Call before transformers is used."""
    if not _asked or not _fits():
        return False
    import torch.distributed
    from transformers.utils import import_utils

    if COMPILER not in sys.modules:
        _put_in_place(COMPILER)
    import_utils.is_scipy_available.cache_clear()
    with (
        _replaced(torch.distributed, "is_available", lambda: False),
        _replaced(import_utils, "_is_package_available", _without("scipy", import_utils._is_package_available)),
    ):
        import_utils.is_torch_distributed_available()  # what it says is kept for the whole process
        import_module("transformers.modeling_utils")
        import_module("transformers.generation.utils")
    _draw_nothing_without_memory()
    return True


def _fits() -> bool:
    """Whether nobody was before us, nobody is beside us, and the versions are known."""
    if "transformers.modeling_utils" in sys.modules or any(name in os.environ for name in LAUNCHED):
        return False
    try:
        return all(version(name).startswith(known) for name, known in TRIED.items())
    except PackageNotFoundError:
        return False


class _Compiled:
    """What no network is before the compiler is loaded."""


def _unmarked(function: Callable[..., Any] | None = None, *_: Any, **__: Any) -> Any:
    """A decorator, with settings or without, that would tell the compiler something, and otherwise does nothing."""
    return (lambda decorated: decorated) if function is None else function


_STANDING = {
    "disable": _unmarked,
    "allow_in_graph": _unmarked,
    "assume_constant_result": _unmarked,
    "eval_frame": SimpleNamespace(OptimizedModule=_Compiled),
}
"""What is used of the compiler where nothing is compiled."""


class _Placeholder(ModuleType):
    """A package that has not been loaded. All but what stands above is the real one's, which is loaded for it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            if name in _STANDING:
                return _STANDING[name]
            del sys.modules[self.__name__]
            import_module(self.__name__)
        return getattr(sys.modules[self.__name__], name)


def _draw_nothing_without_memory() -> None:
    """The first numbers of a network whose weights are read from a file have no memory. torch would load a library for formulas
    to draw them."""
    from torch.nn import init

    draw = init._no_grad_normal_
    init._no_grad_normal_ = lambda tensor, *more, **named: tensor if tensor.is_meta else draw(tensor, *more, **named)


def _put_in_place(name: str) -> None:
    """Of a package; its modules can be loaded as ever."""
    spec = find_spec(name)
    assert spec is not None
    standing = _Placeholder(name)
    standing.__spec__, standing.__file__ = spec, spec.origin
    standing.__path__ = list(spec.submodule_search_locations or ())
    sys.modules[name] = standing
    parent, _, last = name.rpartition(".")
    setattr(sys.modules[parent], last, standing)


def _without(absent: str, is_there: Callable[..., Any]) -> Callable[..., Any]:
    """The question whether a package is there, answered with no for one."""
    return lambda name, *more, **named: (False, "N/A") if name == absent else is_there(name, *more, **named)


@contextmanager
def _replaced(owner: Any, name: str, by: Any) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, by)
    try:
        yield
    finally:
        setattr(owner, name, before)
