"""`bertft export` on tiny runs: the exported folder answers as the run does, wherever a run is taken. Oracle: transformers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from asked_service import asked, service_of
from conftest import Said, read_csv, read_jsonl, write_jsonl
from tagged import tagged_rows

pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

Run = Callable[..., Said]
FP32 = ("--precision", "fp32")


@pytest.fixture
def own(graph: Path) -> Path:
    """A copy without weights that a test may spoil."""
    shutil.copytree(graph, "own", ignore=shutil.ignore_patterns("model.safetensors"))
    about = json.loads(Path("own/bertft.json").read_text())
    about["files"].remove("model.safetensors")
    Path("own/bertft.json").write_text(json.dumps(about))
    return Path("own")


def test_an_exported_folder_predicts_what_its_run_predicts(run: Run, trained: Path, graph: Path, reviews: Path) -> None:
    run("predict", trained, reviews, "-o", "run.csv", *FP32)
    assert "onnx fp32" in run("predict", graph, reviews, "-o", "graph.csv").err
    ours, theirs = read_csv(Path("run.csv")), read_csv(Path("graph.csv"))
    assert [row["predicted_label"] for row in ours] == [row["predicted_label"] for row in theirs]
    for one, other in zip(ours, theirs, strict=True):
        assert float(one["probability"]) == pytest.approx(float(other["probability"]), abs=2e-4)


def test_a_graph_gives_transformers_outputs_for_batches_of_any_size(trained: Path, graph: Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification

    from bertft.exporting.equality import outputs_of_graph
    from bertft.graph import load_graph
    from bertft.model.backbone import read_model_config

    theirs = AutoModelForSequenceClassification.from_pretrained(trained).eval()
    ours = load_graph(graph, read_model_config(str(graph)), threads=1)
    for rows, tokens in ((1, 1), (1, 64), (9, 7)):
        ids = torch.randint(0, 60, (rows, tokens))
        mask = torch.ones_like(ids)
        mask[-1, (tokens + 1) // 2 :] = 0
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": torch.zeros_like(ids)}
        with torch.inference_mode():
            assert torch.allclose(outputs_of_graph(ours, inputs)["logits"], theirs(**inputs).logits, atol=1e-5)


def test_eval_report_and_load_take_an_exported_folder(
    run: Run, trained: Path, own: Path, reviews: Path, tmp_path: Path, fresh_accelerator: None
) -> None:
    copy = shutil.copytree(trained, tmp_path / "copy")  # eval notes its scores there
    theirs = json.loads(run("eval", copy, reviews, "--json", *FP32).out)
    assert json.loads(run("eval", own, reviews, "--json").out)["values"] == pytest.approx(theirs["values"], abs=1e-6)
    assert json.loads((own / "run.json").read_text())["timings"]["eval"]["device"].startswith("cpu, onnx fp32")
    run("report", own, "--data", reviews)
    assert (own / "report.html").is_file()
    import bertft

    assert bertft.load(own)("a good film")["predicted_label"] == bertft.load(own)(["a good film"])[0]["predicted_label"]


@pytest.mark.parametrize("first", ["run", "graph"])
def test_a_graph_is_compared_with_its_run_in_the_precision_of_each(
    run: Run, trained: Path, own: Path, fresh_accelerator: None, first: str
) -> None:
    """On the rows that both held back; a graph that comes first chooses none for the run."""
    runs = (trained, own) if first == "run" else (own, trained)
    said = run("compare", *runs, "--json")
    one, other = (found["scores"]["values"]["accuracy"] for found in json.loads(said.out)["runs"])
    assert one == other
    assert "was trained in" not in said.out + said.err
    assert "a precision of its own" in run("compare", *runs, *FP32, ok=2).err


def test_a_backend_chooses_between_graph_and_weights(
    run: Run, graph: Path, own: Path, trained: Path, reviews: Path
) -> None:
    assert ", onnx fp32" in run("predict", graph, reviews, "-o", "a.csv", "--backend", "auto").err
    assert "onnx" not in run("predict", graph, reviews, "-o", "b.csv", "--backend", "torch", *FP32).err.split(";")[1]
    for folder, words, says in (
        (own, ("--backend", "torch"), "--keep-weights"),
        (trained, ("--backend", "onnx"), "bertft export"),
        (own, ("--backend", "tensorrt"), "auto, torch, onnx"),
        (own, ("--precision", "bf16"), "a precision of its own"),
        (own, ("--no-fast",), "onnxruntime computes"),
    ):
        assert says in run("predict", folder, reviews, "-o", "c.csv", *words, ok=2).err
    assert "holds a graph" in run("embed", own, reviews, "-o", "v.npy", ok=2).err


def test_a_graph_names_no_place_of_the_machine_that_made_it(graph: Path) -> None:
    import sys

    import onnx

    import bertft

    content = (graph / "model.onnx").read_bytes()
    places = (sys.prefix, str(Path(bertft.__file__).parent), str(Path(onnx.__file__).parents[1]), str(Path.home()))
    assert [place for place in places if f"{place}/".encode() in content] == []


def test_what_an_interrupted_prediction_was_computed_by_must_stay(graph: Path, reviews: Path) -> None:
    """A file half by torch and half by onnx would be neither. A graph is the same beside any device."""
    from bertft.engine.plain_device import PlainDevice
    from bertft.jobs.opening import open_run
    from bertft.jobs.predicting.prediction_file import identity
    from bertft.jobs.requests import PredictRequest
    from bertft.plan.sections import MachinePlan

    request = PredictRequest(run=str(graph), input=str(reviews))
    graph_, torch_ = (open_run(str(graph), None, MachinePlan(), backend=one) for one in ("onnx", "torch"))
    assert identity(request, graph_) != identity(request, torch_)
    for answerer in (graph_, torch_):
        fp32, bf16 = (identity(request, replace(answerer, accelerator=PlainDevice(one))) for one in ("fp32", "bf16"))
        assert (fp32 == bf16) == (answerer is graph_)


def test_a_bilstm_travels_in_an_int8_graph_and_a_crf_beside_it(run: Run, tiny: str) -> None:
    write_jsonl(Path("train.jsonl"), tagged_rows(120))
    learn = ("--epochs", 6, "--lr", "5e-3", "--batch-size", 16, *FP32, "--no-refit", "--quiet")
    run("train", "train.jsonl", "--model", tiny, "--bilstm", 16, "--crf", "-o", "run", *learn)
    said = json.loads(run("export", "run", "-o", "int8", "--int8", "--max-drop", 50, "--json").out)
    forms = {one["form"]: one for one in said["forms"]}
    assert forms["onnx fp32"]["score"] == pytest.approx(forms["torch fp32"]["score"])
    assert forms["onnx fp32"]["agreement"] == 1
    assert forms["onnx int8"]["bytes"] < forms["onnx fp32"]["bytes"]
    assert (said["precision"], said["data"]) == ("int8", "validation")
    from safetensors.torch import load_file

    assert sorted(load_file("int8/constants.safetensors")) == ["end", "moves", "start"]
    assert "int8" in run("predict", "int8", "train.jsonl", "-o", "out.jsonl").err
    for row in read_jsonl(Path("out.jsonl")):
        for before, tag in pairwise(["O", *row["predicted_tags"]]):
            assert not tag.startswith("I-") or before[2:] == tag[2:]  # the CRF forbids any other
    Path("int8/constants.safetensors").unlink()
    assert "constants.safetensors" in run("predict", "int8", "train.jsonl", "-o", "x.jsonl", ok=2).err


def test_a_service_of_a_graph_tells_its_precision_and_what_it_cannot_do(own: Path, graph: Path) -> None:
    pytest.importorskip("fastapi")
    with service_of(own, f"whole={graph}", precision=None) as client:
        network = client.service.fleet.served("own").network
        network.record = replace(network.record, precision="int8")
        models = {model["name"]: model for model in client.get("/info").json()["models"]}
        assert [(one["backend"], one["precision"]) for one in models.values()] == [("onnx", "int8"), ("onnx", "fp32")]
        assert "embed" in models["whole"]["answers"]
        pair = {"source_sentence": "good", "sentences": ["bad"]}
        for path, body in (
            ("/embed", {"inputs": "a"}),
            ("/similarity", {"inputs": pair}),
            ("/v1/embeddings", {"input": "a"}),
        ):
            said = asked(client, path, status=422, **body)["error"]
            assert said.startswith(f"{path}: 'own' holds a graph only")
            assert "--keep-weights" in said
        assert "/explain: 'own' answers by a graph" in asked(client, "/explain", status=422, inputs="a")["error"]
