"""The door: a socket, uvicorn, and the signals that end it. It stops in order: no new connections, then the answers to what was
accepted, then the threads; never later than its time-out."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from bertft.errors import UsageError
from bertft.system.signals import ONE_PRESS, SIGNALS

KEEP_ALIVE = 30
"""Seconds for which a connection without requests stays open."""
HEADERS_WITHIN = 15.0
"""Seconds in which a client has to send its headers."""
READ_WITHIN = 120.0
"""Seconds in which a client has to read of its answer what the system cannot hold for it."""
MOST_CONNECTIONS = 900
"""At once: below the 1,024 files that a process may usually have open."""


class PatientProtocol(H11Protocol):
    """HTTP/1.1 by uvicorn, which itself waits for headers forever."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if len(self.connections) >= MOST_CONNECTIONS:
            transport.close()
            return
        super().connection_made(transport)
        self._unread_due: asyncio.TimerHandle | None = None
        self._wait_for_headers()

    def data_received(self, data: bytes) -> None:
        if self.transport is None:
            return
        if self.cycle is not self._before and self.cycle.response_complete:  # the first bytes behind an answer
            self._headers_due.cancel()
            self._wait_for_headers()
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.transport is None:
            return
        self._headers_due.cancel()
        self.resume_writing()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread_due = self.loop.call_later(READ_WITHIN, self.transport.abort)

    def resume_writing(self) -> None:
        if self._unread_due is not None:
            self._unread_due.cancel()
            self._unread_due = None
        super().resume_writing()

    def _wait_for_headers(self) -> None:
        """Once for each request: bytes that drip in do not buy more time."""
        self._before = self.cycle
        self._headers_due = self.loop.call_later(HEADERS_WITHIN, self._give_up)

    def _give_up(self) -> None:
        if self.cycle is self._before and not self.transport.is_closing():
            self.transport.close()


class _Server(uvicorn.Server):
    """uvicorn's, with the signals of all our commands."""

    def __init__(self, config: uvicorn.Config, stopping: Callable[[], None], ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.stopping, self.ready = stopping, ready
        self.signal_number, self._at = 0, 0.0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        handlers = {number: signal.getsignal(number) for number in SIGNALS}
        ours = {number: one for number, one in handlers.items() if one not in (None, signal.SIG_IGN)}
        try:
            for number in ours:
                signal.signal(number, self.handle_exit)
        except ValueError:  # not the main thread
            ours = {}
        try:
            yield
        finally:
            for number, handler in ours.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A second Ctrl-C does not wait for anybody."""
        if not self.signal_number:
            self.signal_number, self._at = sig, time.monotonic()
            self.should_exit = True
            self.stopping()
        elif sig == signal.SIGINT and time.monotonic() - self._at > ONE_PRESS:
            self.force_exit = True


def bound_socket(host: str, port: int) -> socket.socket:
    """UsageError where nobody can listen there."""
    try:
        family, kind, number, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        found = socket.socket(family, kind, number)
        if os.name == "posix":
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
    except OSError as problem:
        advice = {
            errno.EADDRINUSE: "another program listens there; pass another --port, or 0 for a free one",
            errno.EACCES: "this port is not for ordinary users; pass one above 1023",
        }
        why = advice.get(problem.errno or 0, problem.strerror or str(problem))
        raise UsageError(f"--host {host} --port {port}: {why}.") from None
    found.set_inheritable(True)
    return found


def url_of(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve_until_stopped(
    application: Any,
    listening: socket.socket,
    *,
    stop_timeout: float,
    stopping: Callable[[], None],
    ready: Callable[[], None],
    begun: Callable[[uvicorn.Server], None] = lambda server: None,
) -> int:
    """Serve; the number of the signal that ended it. `begun` is handed the server, for a program that ends it itself."""
    logging.getLogger("uvicorn.error").setLevel(
        logging.CRITICAL
    )  # of requests that are no HTTP, which are no fault of ours
    config = uvicorn.Config(
        application,
        http=PatientProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=max(int(stop_timeout), 1),
        backlog=2048,
    )
    server = _Server(config, stopping, ready)
    begun(server)
    server.run(sockets=[listening])
    return server.signal_number
