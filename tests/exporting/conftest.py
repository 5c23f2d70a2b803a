"""One exported run for all tests of exporting: following a network takes seconds."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def graph(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of `trained`, exported with its weights: never write into it."""
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    from bertft.jobs.export import export
    from bertft.jobs.requests import ExportRequest

    folder = tmp_path_factory.mktemp("exported") / "graph"
    export(ExportRequest(run=str(trained), output=str(folder), export={"keep_weights": True}))
    return folder
