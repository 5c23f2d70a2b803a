"""What a command for one line wakes, and that it answers as ever."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import read_csv, write_csv

from bertft.system import lean

NOT_NEEDED = (
    *("datasets", "evaluate", "sklearn", "pandas", "peft", "optuna", "onnxruntime", "sentence_transformers"),
    *("scipy.stats", "scipy.optimize", "torch._dynamo.convert_frame", "torch._inductor", "torch.distributed.tensor"),
)
SCRIPT = f"""
import sys
from bertft.commands.main import main
try: main()
except SystemExit as leaving: assert not leaving.code
print([name for name in {NOT_NEEDED!r} if name in sys.modules])
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
    if all(
        str(module.__version__).startswith(lean.TRIED[module.__name__])
        for module in (torch, __import__("transformers"))
    ):
        assert done.stdout.strip() == "[]"


def test_the_compiler_can_be_used_after_all() -> None:
    script = (
        "import torch; from bertft.system import lean; lean.ask_for_lean(); lean.load_lean()\n"
        "assert torch._dynamo.disable(len) is len\n"
        "print(torch._dynamo.config.cache_size_limit > 0, torch.compile(lambda x: x + 1, backend='eager')(torch.ones(1)).item())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "2.0"]


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
