"""Every command of docs/serving.md against a real service, which then stops in order."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import subprocess
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
from conftest import bertft, read_csv
from curl_command import with_curl
from prepared import begin
from test_readme import ROOT, commands

pytest.importorskip("fastapi")

PAGE = ROOT / "docs" / "serving.md"
USUAL = "http://localhost:8080"


def heard_address(process: subprocess.Popen[str]) -> str:
    """From the line in which a service says where it is."""
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(r"at (http://\S+);", line):
            return found.group(1)
    raise AssertionError("it has ended")


def curl(line: str, environment: dict[str, str]) -> str:
    """What the command answers."""
    words = [*shlex.split(line), "-sS", "--fail-with-body"]
    return subprocess.run(words, env=environment, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def folder(tmp_path: Path, runs_of_all_kinds: dict[str, Path]) -> Path:
    """With runs of the names that the page has."""
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    (tmp_path / "runs").mkdir()
    for name, kind in (("messages", "labels"), ("entities", "tags"), ("questions", "questions")):
        (tmp_path / "runs" / name).symlink_to(runs_of_all_kinds[kind])
    return tmp_path


def test_every_command_of_the_page_is_answered_and_sigterm_ends_it(folder: Path) -> None:
    serve, *asked = commands(PAGE)
    *curls, with_key = (line for line in asked if not line.startswith("bertft predict"))
    assert with_key.startswith("BERTFT_API_KEY=")
    predictions = [shlex.split(line)[1:] for line in asked if line.startswith("bertft predict")]
    words, environment = shlex.split(serve)[1:], with_curl(folder)
    with begin(*words, "--port", 0, "--precision", "fp32", stderr=PIPE) as process:
        address = heard_address(process)
        answers = {line: curl(line.replace(USUAL, address), environment) for line in curls}
        for prediction in predictions:
            bertft(*(word.replace(USUAL, address) for word in prediction))
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate()
    assert process.returncode == 143, err
    assert "Traceback" not in err
    paths = {re.search(rf"{USUAL}/([a-z0-9/.]*)", line).group(1) for line in curls}  # type: ignore[union-attr]
    assert paths == set(endpoints())
    assert_sound(answers)
    for name, file in (("answers.csv", "messages"), ("entities.jsonl", "entities")):
        rows = read_csv(folder / "samples" / file / "unlabelled.csv")
        assert len((folder / name).read_text(encoding="utf-8").splitlines()) == len(rows) + name.endswith(".csv")


def endpoints() -> list[str]:
    """All that the service has but its page."""
    from bertft.serving.guard import KNOWN

    return [name for name in KNOWN if name]


def assert_sound(answers: dict[str, str]) -> None:
    by_path: dict[str, Any] = {}
    for line, answer in answers.items():
        path = line.split(USUAL)[1].split()[0].strip("'")
        by_path[path] = answer if path.startswith(("/file", "/health", "/metrics")) else json.loads(answer)
    assert len(by_path["/predict"]) == 2
    assert by_path["/answer"].keys() >= {"answer", "start", "end"}
    assert [row["reason"] is None for row in by_path["/rows"]["rows"]] == [True, False]
    file = next(answer for path, answer in by_path.items() if path.startswith("/file"))
    rows = (ROOT / "samples" / "messages" / "unlabelled.csv").read_text(encoding="utf-8")
    assert (
        file.splitlines()[0]
        == f"{rows.splitlines()[0]},predicted_label,probability,predicted_labels,probabilities,reason"
    )
    assert [model["name"] for model in by_path["/info"]["models"]] == ["messages", "entities", "questions"]
    assert {f"/{name}" for name in endpoints() if name not in ("openapi.json",)} <= {*by_path["/openapi.json"]["paths"]}
