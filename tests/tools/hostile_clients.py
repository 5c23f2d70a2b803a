"""Clients of a service that hang, send garbage, send too much, or go away in the middle. Each attack takes a port, and gives
back the sockets that it leaves open."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress

MEGABYTE = b" " * 2**20
TEXTS = {"inputs": [["good film"]] * 200}


def post(path: str, length: int | None = None, more: str = "") -> bytes:
    """The head of a request. No length: its body comes in chunks."""
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    return f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{size}\r\n{more}\r\n".encode()


def whole(value: object, path: str = "/predict") -> bytes:
    """A whole request."""
    body = json.dumps(value).encode()
    return post(path, len(body)) + body


def opened(port: int, sent: bytes = b"") -> socket.socket:
    found = socket.create_connection(("127.0.0.1", port), timeout=60)
    found.sendall(sent)
    return found


def hangs_in_its_headers(port: int) -> list[socket.socket]:
    return [opened(port, b"POST /predict HTTP/1.1\r\nHost: 127"), opened(port)]


def hangs_in_its_body(port: int) -> list[socket.socket]:
    return [opened(port, post("/predict", 1000) + b'{"inputs"'), opened(port, post("/predict") + b"5\r\nab")]


def never_reads(port: int) -> list[socket.socket]:
    return [opened(port, whole(TEXTS) * 20)]


def sends_garbage(port: int) -> list[socket.socket]:
    for garbage in (
        b"\x16\x03\x01\x00\xff" * 400,
        b"\r\n" * 2000,
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /predict\x00\r\n\r\n",
    ):
        _send_until_refused(port, iter([garbage]))
    return []


def sends_100_megabytes(port: int) -> list[socket.socket]:
    _send_until_refused(port, iter([post("/predict", 100 * 2**20), *[MEGABYTE] * 100]))
    return []


def sends_100_megabytes_in_chunks(port: int) -> list[socket.socket]:
    _send_until_refused(port, iter([post("/predict"), *[b"100000\r\n" + MEGABYTE + b"\r\n"] * 100, b"0\r\n\r\n"]))
    return []


def sends_endless_headers(port: int) -> list[socket.socket]:
    _send_until_refused(port, iter([b"GET /health HTTP/1.1\r\n", *[b"X-A: " + b"a" * 1000 + b"\r\n"] * 1000]))
    return []


def nests_too_deep(port: int) -> list[socket.socket]:
    body = b'{"inputs":' + b"[" * 100_000
    _send_until_refused(port, iter([post("/predict", len(body)) + body]))
    return []


def goes_away_before_the_answer(port: int) -> list[socket.socket]:
    for _ in range(5):
        opened(port, whole(TEXTS)).close()
    return []


def resets_in_the_middle(port: int) -> list[socket.socket]:
    for sent in (whole(TEXTS), post("/predict", 1000) + b"{"):
        found = opened(port, sent)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        found.close()
    return []


ATTACKS: tuple[Callable[[int], list[socket.socket]], ...] = (
    hangs_in_its_headers,
    hangs_in_its_body,
    never_reads,
    sends_garbage,
    sends_100_megabytes,
    sends_100_megabytes_in_chunks,
    sends_endless_headers,
    nests_too_deep,
    goes_away_before_the_answer,
    resets_in_the_middle,
)


def _send_until_refused(port: int, parts: Iterator[bytes]) -> None:
    """The service may answer and close before all is sent."""
    with opened(port) as connection, suppress(OSError):
        for part in parts:
            connection.sendall(part)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(2**16):
            pass
