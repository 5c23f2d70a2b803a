"""What the gate refuses, what it leaves behind, and what `--check` holds against the record. The graph itself is made once."""

from __future__ import annotations

import errno
import json
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Said

from bertft.errors import UsageError
from bertft.exporting.gate import check_lost, points_lost

pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

Run = Callable[..., Said]


@pytest.fixture
def made(graph: Path) -> bytes:
    """The graph of `trained`."""
    return (graph / "model.onnx").read_bytes()


@pytest.fixture
def made_at_once(made: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Following the network takes seconds, and is not what is tested here."""
    monkeypatch.setattr("bertft.jobs.exporting.export.graph_bytes", lambda *_: made)


def test_too_little_memory_ends_an_export_in_a_sentence(
    run: Run, trained: Path, made_at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut in halves, a batch would have no outputs of torch to be held against."""
    from bertft.graph import GraphNetwork

    computes = GraphNetwork._run

    def small(network: GraphNetwork, fed: Any) -> Any:
        if len(fed["input_ids"]) > 5:  # more than the made-up batches have
            raise MemoryError("The graph asks for more memory than is free.")
        return computes(network, fed)

    monkeypatch.setattr(GraphNetwork, "_run", small)
    assert "End other programs and export again" in run("export", trained, "-o", "out", ok=2).err
    assert not Path("out").exists()


def test_points_are_hundredths_of_a_score_and_percent_of_an_error() -> None:
    assert points_lost("accuracy", 0.9, 0.88) == pytest.approx(2)
    assert points_lost("mae", 0.5, 0.55) == pytest.approx(10)
    assert points_lost("mae", 0.5, 0.4) < 0
    assert math.isnan(points_lost("f1", None, 0.4))
    assert points_lost("rmse", 0.0, 0.1) == math.inf


@pytest.mark.parametrize(("before", "after"), [(0.9, 0.88), (0.9, None), (None, 0.9), (math.nan, 0.9), (0.9, math.nan)])
def test_a_score_that_fell_or_is_none_is_refused(before: float | None, after: float | None) -> None:
    with pytest.raises(UsageError, match="Nothing is written"):
        check_lost(before, after, "accuracy", "onnx int8", 1.0, "run")
    check_lost(0.9, 0.89, "accuracy", "onnx int8", 1.1, "run")


def test_fp32_stands_by_its_outputs_where_a_score_is_undefined() -> None:
    """As a rank correlation is where all answers are the same."""
    check_lost(None, None, "spearman", "onnx fp32", 1.0, "run")
    with pytest.raises(UsageError, match="--no-gate"):
        check_lost(None, None, "spearman", "onnx int8", 1.0, "run")


def test_a_full_disk_is_no_fault_of_the_exporter(
    run: Run, trained: Path, made: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/full/tmp")

    monkeypatch.setattr("bertft.exporting.graph_file._exported", full)
    with pytest.raises(OSError, match="/full/tmp"):  # the command line tells it so
        run("export", trained, "-o", "new")


def test_a_refused_export_leaves_nothing(
    run: Run, trained: Path, made_at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bertft.jobs.exporting.export.quantized", spoiled)
    said = run("export", trained, "-o", "new", "--int8", "--max-drop", "0.5", ok=2)
    assert "onnx int8 loses" in said.err
    assert "--max-drop" in said.err
    assert "torch fp32: " in said.err  # what each form is worth is told all the same
    assert not Path("new").exists()


def spoiled(graph: bytes) -> bytes:
    """The same graph with its last layer turned round: every answer is wrong."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load_model_from_string(graph)
    for one in model.graph.initializer:
        if "classifier" in one.name:
            one.CopyFrom(numpy_helper.from_array(-numpy_helper.to_array(one), one.name))
    return model.SerializeToString()


def test_a_graph_that_is_not_the_network_is_refused(
    run: Run, trained: Path, made: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bertft.jobs.exporting.export.graph_bytes", lambda *_: spoiled(made))
    assert "differ from torch's" in run("export", trained, "-o", "new", "--no-gate", ok=2).err
    assert not Path("new").exists()


def test_an_export_is_checked_where_it_is_used(
    run: Run, trained: Path, made_at_once: None, monkeypatch: pytest.MonkeyPatch, reviews: Path
) -> None:
    """On a processor that may answer otherwise it is said, until `--check` has found the scores again."""
    run("export", trained, "-o", "new", "--int8", "--max-drop", "100", "--data", reviews)
    assert "may answer otherwise" not in run("predict", "new", reviews, "-o", "a.csv").err
    for place in ("jobs.opening", "jobs.exporting.export_check"):
        monkeypatch.setattr(f"bertft.{place}.int8_units", lambda: "AVX2 without VNNI")
    said = run("predict", "new", reviews, "-o", "b.csv").err
    assert "may answer otherwise" in said
    assert "bertft export new --check --data FILE" in said
    found = json.loads(run("export", "new", "--check", "--data", reviews, "--max-drop", "100", "--json").out)
    assert found["score"] == pytest.approx(found["recorded"])
    assert "may answer otherwise" not in run("predict", "new", reviews, "-o", "c.csv").err
    other = Path("other.csv")
    other.write_text(reviews.read_text() + "r0,good film,pos\n")
    assert "not the rows that scored" in run("export", "new", "--check", "--data", other, ok=2).err


def test_rows_held_back_from_a_training_file_are_found_again_elsewhere(run: Run, graph: Path, trained: Path) -> None:
    """They are told by their content, wherever the file lies now and whatever it is called."""
    train = json.loads((trained / "run.json").read_text())["data"]["train"]["path"]
    moved = Path(shutil.copytree(graph, "moved"))
    for name in ("plan.toml", "run.json"):
        (moved / name).write_text((moved / name).read_text().replace(train, "gone.csv"))
    shutil.copyfile(train, "here.csv")
    Path("other.csv").write_text("id,text,label\nr0,good film,pos\n")
    for words in ((), ("--data", "other.csv")):
        said = run("export", moved, "--check", *words, ok=2).err
        assert "gone.csv (sha256 " in said
        assert "from which it learned" in said
        assert "no-gate" not in said
    found = json.loads(run("export", moved, "--check", "--data", "here.csv", "--json").out)
    assert (found["score"], found["data"], found["rows"]) == (found["recorded"], "validation", 12)
    about = json.loads((moved / "export.json").read_text())
    (moved / "export.json").write_text(json.dumps({**about, "data_sha256": "0" * 64}))
    assert "not the rows that scored" in run("export", moved, "--check", "--data", "here.csv", ok=2).err


def test_int8_that_was_never_scored_says_so_when_it_is_made_and_whenever_it_answers(
    run: Run, trained: Path, made_at_once: None, reviews: Path
) -> None:
    assert "not scored" in run("export", trained, "-o", "new", "--int8", "--no-gate").out
    assert json.loads(Path("new/export.json").read_text())["units"] == ""
    said = run("predict", "new", reviews, "-o", "a.csv", "--quiet").err
    assert "never scored" in said
    assert "bertft eval new FILE" in said
    said = run("export", "new", "--check", "--data", reviews, ok=2).err
    assert "nothing to hold against" in said
    assert "no-gate" not in said.splitlines()[-1]


def test_what_cannot_be_is_refused_before_any_work(run: Run, trained: Path, reviews: Path) -> None:
    Path("full").mkdir()
    Path("full/mine.txt").write_text("mine")
    for words, says in (
        ((trained,), "-o is missing"),
        ((trained, "-o", "full"), "already holds something"),
        ((trained, "-o", "new", "--format", "tflite"), "--format is tflite"),
        ((trained, "-o", "new", "--max-drop", "-1"), "--max-drop is -1"),
        ((trained, "-o", "new", "--max-drop", "nan"), "--max-drop is nan"),
        ((trained, "--check"), "is not exported"),
        ((trained, "--check", "-o", "new"), "leave -o out"),
        ((trained, "--check", "--int8"), "--int8 does not apply to --check"),
        ((trained, "--check", "--no-gate"), "--no-gate does not apply to --check"),
        ((trained, "-o", "new", "--no-gate", "--data", reviews), "--no-gate"),
        (("nowhere", "-o", "new"), "no such run folder"),
    ):
        assert says in run("export", *words, ok=2).err
    assert sorted(path.name for path in Path().iterdir() if path.name in ("full", "new")) == ["full"]
    assert Path("full/mine.txt").read_text() == "mine"
