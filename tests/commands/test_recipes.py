"""`export --for`: what is written is what the tool reads, whatever the run is called, and answers as `predict` does."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import HANGING, Said, read_csv, texts, write_csv

from bertft.exporting.recipes import NEXT, RECIPES, Facts, plain_name, recipe_files

Run = Callable[..., Said]
ROOT = Path(__file__).parents[2]
HOSTILE = ['a"]\nRUN touch /pwned', "x: {y: !!z}", "${HOME}", "`id`", "名", "-o", "A B", "'", "a" * 200, "..."]
INSTRUCTIONS = {"FROM", "ARG", "RUN", "WORKDIR", "COPY", "ENV", "USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT"}


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """One on each line: these have no continued lines."""
    lines = [line for line in dockerfile.splitlines() if line and not line.startswith("#")]
    assert not any(line.endswith("\\") for line in lines)
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines]


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_folder_for_a_tool_is_a_run_that_answers(run: Run, trained: Path, recipe: str) -> None:
    data = write_csv(Path("in.csv"), ["text"], [[text] for text in texts(20)])
    said = run("export", trained, "-o", "out", "--for", recipe)
    assert NEXT[recipe].partition(" ")[0] in said.out
    assert {*RECIPES[recipe], "bertft.json", "model.safetensors"} <= set(os.listdir("out"))
    run("predict", trained, data, "-o", "by-run.csv")
    run("predict", "out", data, "-o", "by-folder.csv")
    assert Path("by-run.csv").read_bytes() == Path("by-folder.csv").read_bytes()


@pytest.mark.parametrize("words", [("endpoints",), ("docker", "--format", "onnx", "--no-gate")])
def test_what_is_made_for_others_names_no_place_of_this_machine(
    run: Run, trained: Path, words: Sequence[str], graph_at_once: None
) -> None:
    """As `push` does it: what was typed, and from which folders, stays here."""
    mine = Path(shutil.copytree(trained, "mine")).resolve()
    plan, record = ((mine / name).read_text("utf-8") for name in ("plan.toml", "run.json"))
    assert (str(trained.parent) in plan, str(trained.parent) in record) == (True, True)
    said = run("export", mine, "-o", "out", "--for", *words).out
    assert words != ("endpoints",) or re.search("hf upload OWNER/mine out --private", said)
    for path in Path("out").iterdir():
        content = path.read_bytes()
        assert str(trained.parent).encode() not in content, path
        assert str(mine).encode() not in content, path
    assert json.loads(Path("out/run.json").read_text("utf-8"))["command"] == ""


def test_a_file_that_names_a_place_is_not_made_for_others(run: Run, trained: Path) -> None:
    mine = Path(shutil.copytree(trained, "mine")).resolve()
    config = json.loads((mine / "config.json").read_text("utf-8"))
    (mine / "config.json").write_text(json.dumps({**config, "note": f"{mine}/labels.txt"}), "utf-8")
    assert "names a place on this machine" in run("export", mine, "-o", "out", "--for", "ray", ok=2).err
    assert not Path("out").exists()


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_of_a_folder_breaks_out_of_a_file(name: str) -> None:
    import yaml

    slug = plain_name(f"/runs/{name}")
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", slug)  # RFC 1123, and an image's name
    facts = Facts(slug, "0.1.0", "2.13.0+cu130", is_graph=True)
    served = recipe_files("kserve", facts)
    found = instructions(served["Dockerfile"])
    assert {word for word, _ in found} == INSTRUCTIONS
    entry = json.loads(dict(found)["ENTRYPOINT"])
    assert entry[:3] == ["bertft", "serve", f"{slug}=/srv/run"]
    service = yaml.safe_load(served["inferenceservice.yaml"])
    assert (service["kind"], service["metadata"]) == ("InferenceService", {"name": slug})
    assert service["spec"]["predictor"]["containers"][0]["image"] == f"registry.example.org/{slug}:0.1.0"


def test_the_container_starts_a_command_that_there_is(run: Run) -> None:
    import yaml
    from typer.main import get_command

    from bertft.commands.main import app

    files = recipe_files("kserve", Facts("mine", "0.1.0", "2.13.0", is_graph=False))
    entry = json.loads(dict(instructions(files["Dockerfile"]))["ENTRYPOINT"])
    args = yaml.safe_load(files["inferenceservice.yaml"])["spec"]["predictor"]["containers"][0]["args"]
    serve = get_command(app).commands["serve"]  # type: ignore[attr-defined]
    given = serve.make_context("serve", [*entry[2:], *args]).params
    assert (given["runs"], given["host"], given["port"]) == (["mine=/srv/run"], "0.0.0.0", 8080)
    assert list(given["allow_host"]) == ["*"]
    assert "bertft[serve]==0.1.0" in files["Dockerfile"]
    assert "torch==2.13.0" in files["Dockerfile"]


def module_of(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("from_a_folder", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.usefixtures("fresh_accelerator")
def test_the_handler_speaks_the_protocol_of_endpoints(run: Run, trained: Path) -> None:
    run("export", trained, "-o", "out", "--for", "endpoints")
    assert Path("out/requirements.txt").read_text() == "bertft==0.1.0\n"
    answers = module_of(Path("out/handler.py")).EndpointHandler("out")
    some = texts(3)
    write_csv(Path("in.csv"), ["text"], [[text] for text in some])
    run("predict", trained, "in.csv", "-o", "out.csv")
    expected = [(row["predicted_label"], float(row["probability"])) for row in read_csv(Path("out.csv"))]
    found = json.loads(json.dumps(answers({"inputs": some})))
    assert [(one["predicted_label"], pytest.approx(one["probability"], abs=1e-5)) for one in found] == expected
    one = answers({"inputs": {"text": some[0]}, "parameters": {"top_k": 2}})
    assert len(one["predicted_labels"]) == 2
    with pytest.raises(ValueError, match="inputs"):
        answers({"text": "a"})


@pytest.fixture
def graph_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made elsewhere: what is tested here is what lies beside it."""
    pytest.importorskip("onnx")
    from bertft.jobs.exporting import export

    monkeypatch.setattr(export, "graph_bytes", lambda *_: b"a graph")
    monkeypatch.setattr(export.Source, "graph", lambda *_: None)
    monkeypatch.setattr(export, "check_equal", lambda *_: None)


@pytest.mark.usefixtures("graph_at_once")
def test_a_graph_comes_with_its_recipe_too(run: Run, trained: Path) -> None:
    said = run("export", trained, "-o", "out", "--for", "docker", "--format", "onnx", "--no-gate").out
    assert said.splitlines()[-1].startswith("Next: docker build -t ")
    assert {"model.onnx", "export.json", "Dockerfile", ".dockerignore"} <= set(os.listdir("out"))
    assert "bertft[serve,onnx]==" in Path("out/Dockerfile").read_text()
    endpoints = recipe_files("endpoints", Facts("mine", "0.1.0", "2.13.0", is_graph=True))
    assert endpoints["requirements.txt"] == "bertft[onnx]==0.1.0\n"


def test_what_cannot_be_written_leaves_nothing(run: Run, trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "one of docker, kserve, ray, endpoints" in run("export", trained, "-o", "out", "--for", "podman", ok=2).err
    assert "-o is missing" in run("export", trained, "--for", "docker", ok=2).err
    for flags in (
        ("--max-drop", "2"),
        ("--no-gate",),
        ("--keep-weights",),
        ("--data", "x.csv"),
        ("--threads", "1"),
        ("--no-fast",),
    ):
        assert f"{flags[0]}: of no effect" in run("export", trained, "-o", "out", "--for", "docker", *flags, ok=2).err
    assert "with --check" in run("export", trained, "--check", "--for", "docker", ok=2).err
    shutil.copytree(trained, "run")
    assert "lies in the run" in run("export", "run", "-o", "run/inside", "--for", "ray", ok=2).err
    os.unlink("run/tokenizer.json")
    assert "tokenizer.json is missing" in run("export", "run", "-o", "out", "--for", "ray", ok=2).err
    assert "no such run folder" in run("export", "nothing", "-o", "out", "--for", "ray", ok=2).err
    assert os.listdir() == ["run"]
    Path("taken").mkdir()
    Path("taken/mine.txt").write_text("mine")
    assert "already holds something" in run("export", trained, "-o", "taken", "--for", "ray", ok=2).err


def test_the_example_is_the_recipe() -> None:
    written = recipe_files("ray", Facts("any", "0.1.0", "2.13.0", is_graph=False))["ray_app.py"]
    assert (ROOT / "examples" / "ray_serve.py").read_text(encoding="utf-8") == written
    for example in (ROOT / "examples").glob("*.py"):
        compile(example.read_text(encoding="utf-8"), str(example), "exec")


def test_a_ray_cluster_predicts_a_file(run: Run, trained: Path) -> None:
    pytest.importorskip("ray")
    data = write_csv(Path("in.csv"), ["text"], [[text] for text in texts(30)])
    run("predict", trained, data, "-o", "whole.csv")
    words = [sys.executable, ROOT / "examples" / "ray_predict.py", trained, data, "-o", "out.csv", "--parts", "2"]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=HANGING, check=False)
    assert done.returncode == 0, done.stderr
    assert "30 rows from 2 parts" in done.stdout
    assert Path("out.csv").read_bytes() == Path("whole.csv").read_bytes()


@pytest.mark.usefixtures("fresh_accelerator")
def test_the_ray_app_answers(run: Run, trained: Path) -> None:
    pytest.importorskip("ray")
    import bertft

    run("export", trained, "-o", "out", "--for", "ray")
    some = texts(3)
    script = """
import json, socket, sys, urllib.error, urllib.request
import ray
from ray import serve

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
ray.init(num_cpus=2, include_dashboard=False)
serve.start(http_options={"host": "127.0.0.1", "port": port})
sys.path.insert(0, "out")
import ray_app
serve.run(ray_app.app)
for body in json.loads(sys.argv[1]):
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/", json.dumps(body).encode())
    try:
        print("SAID", urllib.request.urlopen(asked).read().decode())
    except urllib.error.HTTPError as refused:
        print("SAID", json.dumps([refused.code, json.loads(refused.read())]))
"""
    bodies = [
        {"inputs": some},
        {"inputs": some[0], "parameters": {"top_k": 2}},
        {"inputs": [{"a": 1}, "fine"]},
        {"text": 1},
        [],
    ]
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(bodies)], capture_output=True, text=True, timeout=HANGING, check=False
    )
    said = [json.loads(line.removeprefix("SAID ")) for line in done.stdout.splitlines() if line.startswith("SAID ")]
    assert len(said) == len(bodies), done.stderr
    model = bertft.load(trained)
    assert [one["predicted_label"] for one in said[0]] == [one["predicted_label"] for one in model(some)]
    assert said[1] == model(some[0], top_k=2)
    assert [one[0] for one in said[2:]] == [422, 422, 422]
