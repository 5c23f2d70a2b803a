"""A client that hangs, sends garbage or 100 MB, or goes away in the middle harms nobody else."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from subprocess import PIPE, Popen
from threading import Event

import pytest
from conftest import HANGING, texts
from hostile_clients import ATTACKS
from prepared import begin

TEXTS = texts(8)


@pytest.fixture
def service(trained: Path) -> Iterator[tuple[Popen[str], int]]:
    """A process of its own, and its port."""
    words = ("serve", trained, "--port", 0, "--precision", "fp32", "--max-body-mb", 1, "--stop-timeout", 1)
    with begin(*words, stdout=PIPE, stderr=PIPE) as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if "Serving" in line)
        yield process, int(line.split(";")[0].rpartition(":")[2])
        process.kill()


def answers(connection: HTTPConnection) -> tuple[int, list[tuple[str, float]]]:
    """Status and labels of a client that behaves."""
    connection.request(
        "POST", "/predict", json.dumps({"inputs": [[text] for text in TEXTS]}), {"Content-Type": "application/json"}
    )
    reply = connection.getresponse()
    return reply.status, [(found[0]["label"], round(found[0]["score"], 4)) for found in json.loads(reply.read())]


def test_hostile_clients_harm_nobody_else(service: tuple[Popen[str], int]) -> None:
    process, port = service
    attacked = Event()

    def behave() -> list[tuple[int, list[tuple[str, float]]]]:
        connection = HTTPConnection("127.0.0.1", port, timeout=HANGING)
        found = [answers(connection)]
        while not attacked.is_set():
            found.append(answers(connection))
        return found

    with ThreadPoolExecutor() as pool:
        behaving = [pool.submit(behave) for _ in range(2)]
        held = [one for attack in ATTACKS for one in attack(port)]
        attacked.set()
        found = [answer for one in behaving for answer in one.result()]
    assert {status for status, _ in found} == {200}
    assert all(labels == found[0][1] for _, labels in found)
    assert answers(HTTPConnection("127.0.0.1", port, timeout=HANGING))[0] == 200
    process.send_signal(signal.SIGTERM)  # although some are held open
    assert process.wait(HANGING) == 128 + signal.SIGTERM
    for one in held:
        one.close()
