"""What a command for one line wakes, and that it answers as ever."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from conftest import read_csv, write_csv

from bertft.system import lean

NOT_NEEDED = (
    *("datasets", "evaluate", "sklearn", "pandas", "peft", "optuna", "onnxruntime", "sentence_transformers"),
    *(
        "scipy.special",
        "scipy.sparse",
        "scipy.stats",
        "scipy.optimize",
        "sympy",
        "torch._dynamo.convert_frame",
        "torch._inductor",
        "torch.distributed.tensor",
    ),
)
SCRIPT = f"""
import sys
from bertft.commands.main import main
try: main()
except SystemExit as leaving: assert not leaving.code
print([name for name in {NOT_NEEDED!r} if name in sys.modules])
"""

LEFT_OUT = """
import sys, torch, transformers
from bertft.system import lean
lean.ask_for_lean(); lean.load_lean()
assert torch._dynamo.disable(len) is len
from torch.fx.experimental.symbolic_shapes import guard_or_false, guard_or_true, is_nested_int, sym_eq
print(guard_or_false(True), sym_eq((2, 3), (2, 3)), sym_eq((2,), (3,)), is_nested_int(2), 'sympy' in sys.modules)
from torch.fx.experimental.symbolic_shapes import ShapeEnv
size = ShapeEnv().create_unbacked_symint()
print(guard_or_false(size == 3), guard_or_true(size == 3), type(sym_eq((size,), (3,))).__name__)
print(torch._dynamo.config.cache_size_limit > 0, torch.compile(lambda x: x + 1, backend='eager')(torch.ones(1)).item())
print(len(dir(transformers.models)))
"""


def test_one_answer_wakes_only_what_it_needs_and_is_the_same(
    trained: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    asked = write_csv(tmp_path / "one.csv", ["text"], [["good film"], ["awful book , not quite good"]])
    words = ["predict", str(trained), str(asked), "--quiet", "-o"]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *words, str(tmp_path / "lean.csv")], capture_output=True, text=True, check=True
    )
    run(*words, tmp_path / "usual.csv")
    assert read_csv(tmp_path / "lean.csv") == read_csv(tmp_path / "usual.csv")
    if all(str(module.__version__).startswith(lean.TRIED[module.__name__]) for module in (torch, transformers)):
        assert done.stdout.strip() == "[]"


def test_what_was_left_out_can_be_used_after_all() -> None:
    """The compiler, sizes that are formulas, and all that transformers has in its models."""
    done = subprocess.run([sys.executable, "-c", LEFT_OUT], capture_output=True, text=True, check=True)
    asked_of_numbers, asked_of_formulas, compiled, known = done.stdout.splitlines()
    assert asked_of_numbers.split() == ["True", "True", "False", "False", "False"]
    assert asked_of_formulas.split() == ["False", "True", "SymBool"]
    assert compiled.split() == ["True", "2.0"]
    assert int(known) == len(dir(transformers.models))


@pytest.mark.parametrize("name", lean.LAUNCHED)
def test_one_of_several_processes_loads_all(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lean, "_asked", [True])
    monkeypatch.delitem(sys.modules, "transformers.modeling_utils", raising=False)
    assert lean._fits()
    monkeypatch.setenv(name, "1")
    assert not lean.load_lean()


def test_other_versions_load_as_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lean, "_asked", [True])
    monkeypatch.delitem(sys.modules, "transformers.modeling_utils", raising=False)
    monkeypatch.setitem(lean.TRIED, "torch", "1.")
    assert not lean.load_lean()
