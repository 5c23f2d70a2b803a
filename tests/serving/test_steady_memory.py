"""Memory of a service: what a request leaves behind is freed when it is over, not when Python looks for cycles, which is seldom
in a program that has made a million objects at its start."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import shutil
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from asked_service import service_of

from bertft.system.memory import COLLECT_EVERY

pytest.importorskip("fastapi")

BODY = 20_000
"""Bytes that a request may have."""
SOME = [[" ".join(["good film"] * 30)]] * 20
GONE = {"type": "http.disconnect"}


def part(body: bytes | dict[str, Any], *, more: bool = False) -> dict[str, Any]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return {"type": "http.request", "body": data, "more_body": more}


TOO_LARGE = [part(b"x" * (BODY // 4), more=True)] * 6
CASES: dict[str, tuple[str, str, list[Any], int | None]] = {
    "is too large": ("/predict", "json", [*TOO_LARGE, part(b"x")], 413),
    "is too large and goes away": ("/predict", "json", [*TOO_LARGE, GONE], None),
    "goes away in its body": ("/predict", "json", [part(b'{"in', more=True), GONE], None),
    "goes away before its answer": ("/predict", "json", [part({"inputs": SOME}), GONE], None),
    "nests too deep": ("/predict", "json", [part(b"[" * 5_000 + b"]" * 5_000)], 400),
    "is no json": ("/predict", "json", [part(b"{")], 400),
    "has another form": ("/predict", "json", [part({"inputs": 3})], 422),
    "has no text": ("/predict", "json", [part({"inputs": [[" "]]})], 422),
    "has a text that is too long": ("/predict", "json", [part({"inputs": "good " * 3_000})], 422),
    "has no such column": ("/rows", "json", [part({"rows": [{"x": 1, "y": 2}]})], 422),
    "has nothing to embed": ("/embed", "json", [part({"inputs": ""})], 422),
    "has nothing to explain": ("/explain", "json", [part({"inputs": ""})], 422),
    "is a file without texts": ("/file", "csv", [part(b"a,b\n1,2\n")], 422),
    "is of another type": ("/predict", "html", [part(b"")], 415),
    "is for nobody": ("/nothing", "json", [part(b"")], 404),
    "is answered": ("/predict", "json", [part({"inputs": "good"})], 200),
}


@pytest.fixture(scope="module")
def application(trained: Path) -> Iterator[Any]:
    with service_of(trained, max_body_mb=BODY / 2**20, max_text_tokens=1_000) as client:
        yield client.app


def spoken(application: Any, path: str, kind: str, messages: Sequence[Any]) -> tuple[int | None, weakref.ref[Any]]:
    """The status of a request, and what is dead when nothing holds the request any more."""

    async def speak() -> tuple[int | None, weakref.ref[Any]]:
        left, sent, forever = list(messages), list[Any](), asyncio.Event()

        async def receive() -> Any:
            return left.pop(0) if left else await forever.wait()

        async def send(message: Any) -> None:
            sent.append(message)

        await application(scope_of(path, kind), receive, send)
        return sent[0]["status"] if sent else None, weakref.ref(receive)

    return asyncio.run(speak())


def scope_of(path: str, kind: str) -> dict[str, Any]:
    types = {"json": b"application/json", "csv": b"text/csv"}
    headers = [(b"host", b"localhost"), (b"content-type", types.get(kind, b"text/html"))]
    return {
        **{"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http"},
        **{"path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": headers},
        **{"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2), "state": {}},
    }


@contextmanager
def uncollected() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.parametrize("case", CASES)
def test_nothing_holds_a_request_any_more_that(application: Any, case: str) -> None:
    path, kind, messages, status = CASES[case]
    with uncollected():
        found, request = spoken(application, path, kind, messages)
        assert found == status
        for thread in threading.enumerate():
            if thread.name == "aside":
                thread.join()
        spoken(
            application, "/predict", "json", [part({"inputs": "good"})]
        )  # whose threads are done with what was before
        assert request() is None, gc.get_referrers(request())


def test_a_run_that_was_replaced_is_freed_once_it_has_answered_all(trained: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(trained, tmp_path / "run"))
    with service_of(folder) as client, uncollected():
        fleet = client.service.fleet
        old = fleet.station(None)
        network = weakref.ref(old.served.network)
        config, seen = folder / "config.json", dict[str, Any]()
        config.write_text(config.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        for _ in range(2):
            fleet.look("run", seen)
        assert fleet.station(None) is not old
        old.join()
        del old
        fleet.let_go()
        assert network() is None


@pytest.mark.parametrize(("users", "kept"), [(None, "256"), ("2048", "2048"), ("4000", "4000")])
def test_a_service_looks_for_cycles_often_and_keeps_few_sizes(
    monkeypatch: pytest.MonkeyPatch, users: str | None, kept: str
) -> None:
    """What a user set is left."""
    from bertft.jobs.serving import serve
    from bertft.system import memory

    found: list[tuple[int, bool, str]] = []

    def answering(*_: Any, **__: Any) -> int:
        capacity = os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"]
        found.append((gc.get_threshold()[0], gc.get_freeze_count() > 0, capacity))
        return 0

    monkeypatch.setattr("bertft.serving.server.serve_until_stopped", answering)
    monkeypatch.setattr(serve, "opened_service", lambda _: (None, MagicMock()))
    monkeypatch.setattr(memory, "_chosen_here", set())
    monkeypatch.setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", users or "")
    if users is None:
        monkeypatch.delenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY")
        memory.keep_memory()
    before = gc.get_threshold()
    gc.set_threshold(COLLECT_EVERY)
    try:
        serve.serve(serve.ServeRequest(runs=["run"], serving={"port": 0, "reload": False}))
        assert gc.get_threshold()[0] == COLLECT_EVERY
    finally:
        gc.set_threshold(*before)
    assert (found, gc.get_freeze_count()) == ([(700, True, kept)], 0)
