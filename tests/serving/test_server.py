"""Connections: how long a client may take, by timers that the test lets run out, not by a clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

pytest.importorskip("uvicorn")

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


@dataclass
class Timer:
    """What asyncio gives for a later call."""

    seconds: float
    call: Callable[[], None]
    is_off: bool = False

    def cancel(self) -> None:
        self.is_off = True


class Task:
    """Never runs."""

    def add_done_callback(self, _: Any) -> None:
        pass


@dataclass
class Loop:
    """Remembers what is to be called later."""

    timers: list[Timer] = field(default_factory=list)

    def call_later(self, seconds: float, call: Callable[[], None]) -> Timer:
        self.timers.append(Timer(seconds, call))
        return self.timers[-1]

    def create_task(self, coroutine: Any, **_: Any) -> Any:
        coroutine.close()
        return Task()

    def running(self, seconds: float) -> list[Timer]:
        return [one for one in self.timers if one.seconds == seconds and not one.is_off]


@dataclass
class Transport:
    """Is closed, or not."""

    closed: str = ""

    def close(self) -> None:
        self.closed = self.closed or "closed"

    def abort(self) -> None:
        self.closed = "aborted"

    def is_closing(self) -> bool:
        return bool(self.closed)

    def get_extra_info(self, _: str) -> None:
        return None

    def write(self, _: bytes) -> None:
        pass

    def pause_reading(self) -> None:
        pass


@pytest.fixture
def connected() -> tuple[Any, Loop, Transport]:
    from uvicorn import Config
    from uvicorn.server import ServerState

    from bertft.serving.server import PatientProtocol

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError

    config = Config(app, ws="none", lifespan="off", log_config=None)
    config.load()
    loop, transport = Loop(), Transport()
    protocol = PatientProtocol(config, ServerState(), {}, _loop=loop)  # type: ignore[arg-type]
    protocol.connection_made(transport)  # type: ignore[arg-type]
    return protocol, loop, transport


def headers_within() -> float:
    from bertft.serving.server import HEADERS_WITHIN

    return HEADERS_WITHIN


def test_headers_that_drip_in_buy_no_more_time(connected: tuple[Any, Loop, Transport]) -> None:
    protocol, loop, transport = connected
    (due,) = loop.running(headers_within())
    for byte in REQUEST:
        protocol.data_received(bytes([byte]))
    assert loop.running(headers_within()) == [due]
    due.call()
    assert transport.closed


def test_each_further_request_has_its_own_time(connected: tuple[Any, Loop, Transport]) -> None:
    protocol, loop, transport = connected
    (first,) = loop.running(headers_within())
    protocol.data_received(REQUEST + b"\r\n")
    first.call()
    assert not transport.closed, "the headers came in time, the answer may take longer"
    protocol.cycle.response_complete = True
    first.call()
    assert not transport.closed, "a connection may rest between two requests"
    protocol.data_received(b"GET")
    (second,) = loop.running(headers_within())
    protocol.data_received(b" / HTTP/1.1\r\nX-A: ")
    assert loop.running(headers_within()) == [second]
    second.call()
    assert transport.closed


def test_a_client_that_does_not_read_its_answer_is_cut_off(connected: tuple[Any, Loop, Transport]) -> None:
    from bertft.serving.server import READ_WITHIN

    protocol, loop, transport = connected
    protocol.pause_writing()
    protocol.resume_writing()
    assert not loop.running(READ_WITHIN)
    protocol.pause_writing()
    (due,) = loop.running(READ_WITHIN)
    due.call()
    assert transport.closed == "aborted"
    protocol.connection_lost(ConnectionAbortedError())
    assert not loop.running(READ_WITHIN)
