"""Loads transformers without what no answer needs: torch's compiler, its distributed tensors and its sizes that are formulas, and
what scipy has for finding objects in pictures. These are 1,400 modules, a third of what a command for one line waits for.

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
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

TRIED = {"torch": "2.13.", "transformers": "5.23."}
"""How the versions begin with which nothing is missed."""

LAUNCHED = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR")
"""Environment variables of one among several processes."""

COMPILER, FORMULAS = "torch._dynamo", "torch.fx.experimental.symbolic_shapes"
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

    for name in _STANDING:
        if name not in sys.modules:
            _put_in_place(name)
    import_utils.is_scipy_available.cache_clear()
    with (
        _replaced(torch.distributed, "is_available", lambda: False),
        _replaced(import_utils, "_is_package_available", _without("scipy", import_utils._is_package_available)),
        _replaced(import_utils, "create_import_structure_from_path", _known_already(import_utils)),
    ):
        import_utils.is_torch_distributed_available()  # what it says is kept for the whole process
        import_module("transformers.modeling_utils")
        import_module("transformers.generation.utils")
    _draw_nothing_without_memory()
    return True


def is_launched() -> bool:
    """Whether this process is one among several."""
    return any(name in os.environ for name in LAUNCHED)


def _fits() -> bool:
    """Whether nobody was before us, nobody is beside us, and the versions are known."""
    if "transformers.modeling_utils" in sys.modules or is_launched():
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


def _known(question: str) -> Callable[..., Any]:
    """Whether a condition holds: True and False answer for themselves, one on formulas is asked in full."""
    return lambda so, *more: so if isinstance(so, bool) else getattr(_real(FORMULAS), question)(so, *more)


_QUESTIONS = ("expect_true", "guard_or_false", "guard_or_true", "guard_size_oblivious", "statically_known_true")


def _is_nested(size: Any) -> Any:
    """Whether it stands for many sizes, as no number does."""
    return False if type(size) is int else _real(FORMULAS).is_nested_int(size)


def _same(one: Any, other: Any) -> Any:
    """Whether sizes are equal; formulas are compared in full."""
    sizes = [part for side in (one, other) for part in (side if isinstance(side, tuple | list) else (side,))]
    plain = all(type(size) is int for size in sizes) and isinstance(one, tuple) and isinstance(other, tuple)
    return one == other if plain else _real(FORMULAS).sym_eq(one, other)


_STANDING: dict[str, dict[str, Any]] = {
    COMPILER: {
        "disable": _unmarked,
        "allow_in_graph": _unmarked,
        "assume_constant_result": _unmarked,
        "eval_frame": SimpleNamespace(OptimizedModule=_Compiled),
    },
    FORMULAS: {**{name: _known(name) for name in _QUESTIONS}, "sym_eq": _same, "is_nested_int": _is_nested},
}
"""What is used of the compiler where nothing is compiled, and of formulas where all sizes are numbers."""


class _Placeholder(ModuleType):
    """A module that has not been loaded. All but what stands above is the real one's, which is loaded for it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self and name in _STANDING[self.__name__]:
            return _STANDING[self.__name__][name]
        return getattr(_real(self.__name__), name)


def _real(name: str) -> ModuleType:
    """The module itself. Placeholders for others go with its own: each may need them whole."""
    for standing in _STANDING:
        if isinstance(sys.modules.get(standing), _Placeholder):
            del sys.modules[standing]
    return import_module(name)


def _draw_nothing_without_memory() -> None:
    """The first numbers of a network whose weights are read from a file have no memory. torch would load a library for formulas
    to draw them."""
    from torch.nn import init

    draw = init._no_grad_normal_
    init._no_grad_normal_ = lambda tensor, *more, **named: tensor if tensor.is_meta else draw(tensor, *more, **named)


def _known_already(import_utils: Any) -> Callable[[Any], Any]:
    """What transformers found in the 2,000 files of its models when it was imported, where it would look through them again under
    another name of their folder."""
    scan = import_utils.create_import_structure_from_path
    models = Path(import_utils.__file__).parents[1] / "models"
    return lambda path: scan(models if str(path) == str(models / "__init__.py") else path)


def _put_in_place(name: str) -> None:
    """Of a module; those inside a package can be loaded as ever."""
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
