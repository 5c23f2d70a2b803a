"""A service that fails as it is told: a door on loopback before a real one. Each request for rows takes the next mood of the
list; without one it is passed on as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit


class FaultyDoor(ThreadingHTTPServer):
    """`moods`: what becomes of the requests to come; `asked`: path, headers and body of those that came."""

    daemon_threads = True

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = urlsplit(behind).netloc
        self.moods: list[Any] = []
        self.asked: list[tuple[str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def rows_asked(self) -> list[int]:
        """How many rows each request had."""
        return [len(json.loads(body)["rows"]) for path, _, body in self.asked if path == "/rows"]


@contextmanager
def faulty_door(behind: str) -> Iterator[FaultyDoor]:
    """Before the service at that address."""
    with FaultyDoor(behind) as door:
        thread = Thread(target=door.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield door
        door.shutdown()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultyDoor

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes) -> None:
        self.server.asked.append((self.path, dict(self.headers), body))
        mood = self.server.moods.pop(0) if self.path == "/rows" and self.server.moods else "as it is"
        if isinstance(mood, int):
            said = {"error": f"said with {mood}", "error_type": "told"}
            self._say(mood, json.dumps(said).encode(), {"Retry-After": "7", "Location": "http://127.0.0.1:9/rows"})
        elif mood == "drop":
            self.close_connection = True
            self.connection.close()
        else:
            status, found = self._passed_on(body)
            self._say(status, *_changed(found, mood))

    def _passed_on(self, body: bytes) -> tuple[int, bytes]:
        connection = HTTPConnection(self.server.behind)
        headers = {name: value for name, value in self.headers.items() if name != "Host"}
        connection.request(self.command, self.path, body or None, headers)
        reply = connection.getresponse()
        found = reply.status, reply.read()
        connection.close()
        return found

    def _say(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _changed(body: bytes, mood: str) -> tuple[bytes, dict[str, str]]:
    """The reply of the service as the mood has it, and more headers."""
    if mood == "garbage":
        return b"<html>hello", {}
    if mood == "half":
        return body[: len(body) // 2], {"Content-Length": str(len(body)), "Connection": "close"}
    if mood == "as it is":
        return body, {}
    found = json.loads(body)
    if mood == "a row less":
        found["rows"].pop()
    if mood == "another model":
        found["identity"] = "another"
    if mood == "other columns":
        found = json.loads(body.replace(b'"probability"', b'"text"'))
    return json.dumps(found).encode(), {}
