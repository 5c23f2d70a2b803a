"""Files and explanations: in threads that keep their place until they have ended, and the service's end leaves behind."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE
from typing import Any
from urllib.request import Request, urlopen

import pytest
from conftest import HANGING
from prepared import begin
from test_serving_docs import heard_address

from bertft.serving.aside import Aside
from bertft.serving.problems import Refused

pytest.importorskip("fastapi")

WAITING = 60
"""Seconds for which a test that fails would hang."""


@dataclass
class Held:
    """Works that go on until they are let go."""

    go: threading.Event = field(default_factory=threading.Event)
    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    over: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def work(self, given_up: threading.Event) -> str:
        self.begun.release()
        assert self.go.wait(WAITING)
        self.over.release()
        return "done"


@pytest.fixture
def held() -> Iterator[Held]:
    one = Held()
    yield one
    one.go.set()


def ended(aside: Aside) -> None:
    while aside.running:
        threading.Event().wait(0.001)


def test_what_takes_too_long_keeps_its_place_until_its_thread_has_ended(held: Held) -> None:
    aside = Aside(1, "files are being answered")
    with pytest.raises(Refused) as late:
        asyncio.run(aside.result(held.work, 0.0))
    assert late.value.status == 504
    with pytest.raises(Refused, match="1 files are being answered already") as full:
        asyncio.run(aside.result(held.work, WAITING))
    assert full.value.status == 429
    held.go.set()
    ended(aside)
    assert asyncio.run(aside.result(held.work, WAITING)) == "done"


def test_a_work_hears_that_nobody_waits_any_more() -> None:
    told: list[threading.Event] = []
    with pytest.raises(Refused):
        asyncio.run(Aside(1, "works").result(lambda given_up: told.append(given_up) or given_up.wait(WAITING), 0.0))
    assert told[0].is_set()


def test_what_a_work_raises_is_raised_and_frees_its_place() -> None:
    aside = Aside(1, "works")

    def fail(_: threading.Event) -> None:
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            asyncio.run(aside.result(fail, WAITING))


@dataclass
class StubRun:
    """A run whose files and explanations go on until they are let go."""

    held: Held
    name: str = "stub"
    folder: Path = Path("nowhere")
    sources: list[Path] = field(default_factory=list)

    def file(self, source: Path, output: Path, options: Mapping[str, Any], ask: Callable[..., Any]) -> Any:
        self.sources.append(source)
        return self.held.work(threading.Event())

    def compute(self, pieces: Any) -> list[Any]:
        return []

    compute_vectors = compute


def service_of_stub(run: StubRun, seconds: float) -> Any:
    from bertft.serving.fleet import Fleet, LaneSizes
    from bertft.serving.limits import Limits
    from bertft.serving.metrics import Metrics
    from bertft.serving.service import Service

    fleet = Fleet(lambda name, folder: run, Metrics(), LaneSizes(8, 0.0, 8))  # type: ignore[arg-type,return-value]
    fleet.add("stub", run.folder)
    return Service(fleet, Limits(1000, 8, 100, seconds), False, {})


def test_a_service_ends_although_a_file_is_not_answered_and_leaves_no_text(held: Held) -> None:
    service = service_of_stub(run := StubRun(held), 0.0)
    with ThreadPoolExecutor(1) as other, pytest.raises(Refused):
        other.submit(asyncio.run, service.filed(None, b"text\ngood\n", ".csv", {})).result(WAITING)
    held.begun.acquire(timeout=WAITING)
    assert run.sources[0].exists()
    service.stop()
    assert service.close(0.0) is False
    assert not run.sources[0].parent.exists()
    held.go.set()
    ended(service._files)
    assert service.close(WAITING) is True


def test_explanations_come_one_after_the_other_and_one_that_is_given_up_computes_no_more(held: Held) -> None:
    service = service_of_stub(StubRun(held), 0.0)
    turns: list[str] = []

    def explain(turn: Callable[[], Any]) -> None:
        held.work(threading.Event())
        with turn():
            turns.append("computed")

    for _ in range(2):
        with pytest.raises(Refused):
            asyncio.run(service.explained(explain))
    assert held.begun.acquire(timeout=WAITING)
    assert not held.begun.acquire(blocking=False), "the second waits for the first, which nobody waits for"
    held.go.set()
    ended(service._explains)
    assert turns == []
    service.close(WAITING)


ENDLESS = """
import sys, threading
from bertft.jobs.serving.served import ServedRun

def endless(*_):
    print("begun", file=sys.stderr, flush=True)
    threading.Event().wait()

ServedRun.file = endless
from bertft.commands.main import main
main()
"""


def test_sigterm_ends_a_service_in_time_although_a_file_is_being_answered(trained: Path) -> None:
    words = ("serve", trained, "--port", 0, "--precision", "fp32", "--stop-timeout", 1)
    with begin(*words, script=ENDLESS, stderr=PIPE) as process, ThreadPoolExecutor(1) as other:
        asked = Request(f"{heard_address(process)}/file?filename=a.csv", b"text\ngood\n")
        asking = other.submit(urlopen, asked, timeout=HANGING)
        assert process.stderr is not None
        assert next(line for line in process.stderr if "begun" in line)
        process.send_signal(signal.SIGTERM)
        assert process.wait(HANGING) == 128 + signal.SIGTERM
        assert asking.exception() is not None
