"""Every command in docs/exporting.md runs, on a tiny run."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Said, sentiment, texts, write_csv

PAGE = Path(__file__).parents[2] / "docs" / "exporting.md"


def test_the_commands_on_exporting_run(
    run: Callable[..., Said], trained: Path, graph: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """8 bits cost a network of 32 numbers more than a real one: any loss is allowed."""
    made = (graph / "model.onnx").read_bytes()
    monkeypatch.setattr("bertft.jobs.exporting.export.graph_bytes", lambda *_: made)
    shutil.copytree(trained, "runs/messages")
    Path("samples/messages").mkdir(parents=True)
    rows = [(text, sentiment(text)) for text in texts(20, seed=3)]
    write_csv(Path("samples/messages/validation.csv"), ["text", "label"], rows)
    lines = [
        line
        for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
        for line in block.splitlines()
    ]
    for line in lines:
        words = shlex.split(line)[1:]
        gated = words[0] == "export" and "--max-drop" not in words
        run(*("100" if word == "0.5" else word for word in words), *(("--max-drop", "100") if gated else ()))
    assert [(Path(name) / "model.onnx").is_file() for name in ("exported", "careful", "both")] == [True] * 3
    assert {"--int8", "--check", "--backend", "--keep-weights"} <= {
        word for line in lines for word in shlex.split(line)
    }
