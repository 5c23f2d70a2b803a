"""A service without a model, which answers as it is told: to try how the page takes slow, busy, wrong and late answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from bertft.serving.page_file import web_page

Reply = tuple[int, Any, dict[str, str]]
"""Status; what becomes JSON, or bytes as they are; headers."""


@dataclass
class Asked:
    path: str
    query: str
    body: bytes
    headers: dict[str, str]
    is_over: threading.Event = field(default_factory=threading.Event)
    """Set once the answer has been sent, or nobody wanted it any more."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class StubService:
    """`replies[path]` says what a request is answered."""

    address: str = ""
    asked: list[Asked] = field(default_factory=list)
    replies: dict[str, Callable[[Asked], Reply]] = field(default_factory=dict)

    def says(self, path: str, value: Any, status: int = 200, **headers: str) -> None:
        self.replies[path] = lambda _: (status, value, {name.replace("_", "-"): text for name, text in headers.items()})

    def bodies(self, path: str) -> list[Any]:
        return [one.json for one in self.asked if one.path == path]


@contextmanager
def stub_service() -> Iterator[StubService]:
    stub = StubService()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            place = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(place.path, place.query, body, dict(self.headers))
            if place.path == "/":
                return self.reply(200, web_page().body, web_page().headers)
            stub.asked.append(asked)
            nothing = {"error": f"There is nothing at {place.path}.", "error_type": "not_found"}
            try:
                self.reply(*stub.replies.get(place.path, lambda _: (404, nothing, {}))(asked))
            finally:
                asked.is_over.set()

        def reply(self, status: int, value: Any, headers: dict[str, str]) -> None:
            sent = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            for name, text in {"Content-Type": "application/json", **headers, "Content-Length": str(len(sent))}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: Any) -> None: ...

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None: ...  # the page stops what it no longer wants

    with Server(("127.0.0.1", 0), Handler) as server:
        stub.address = f"http://127.0.0.1:{server.server_address[1]}/"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield stub
        finally:
            server.shutdown()
