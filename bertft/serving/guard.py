"""What every request passes first: which host and page it comes from, its key, and the net that no error falls through.

A page of a stranger can make a browser ask a service on its owner's machine. It cannot hide where it comes from: its name stands
in Host (DNS rebinding) or in Origin, and a body without `application/json` is refused. Nothing here writes a text to the log."""

from __future__ import annotations

import hmac
import ipaddress
import json
import time
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bertft import console
from bertft.errors import TooLittleMemory, UserError
from bertft.serving.limits import Disconnected
from bertft.serving.metrics import Metrics
from bertft.serving.problems import (
    INTERNAL,
    NOT_FOUND,
    UNAUTHORIZED,
    VALIDATION,
    Refused,
    invalid,
    no_memory,
    place_of,
    without_flags,
)

OPEN = ("/health", "/")
"""Paths that need no key."""
KNOWN = (
    *("predict", "embed", "similarity", "v1/embeddings", "entities", "answer", "explain", "rows", "file"),
    *("info", "health", "metrics", "openapi.json", ""),
)
"""Endpoints that are counted by name; all others are counted together."""
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
]

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]


@dataclass(frozen=True)
class Trust:
    """Who may ask."""

    key: str | None
    hosts: Collection[str]
    """Names that Host may have, in small letters; `*` is any."""
    origins: Collection[str]

    def check(self, path: str, headers: dict[bytes, bytes]) -> None:
        """Refused with 400, 401 or 403."""
        if b"content-length" in headers and b"transfer-encoding" in headers:  # a proxy may see another end of the body
            raise invalid("A body has a length or comes in chunks, not both.", 400)
        host = headers.get(b"host", b"").decode("latin-1")
        self._check_host(host)
        self._check_origin(host, headers)
        if self.key is not None and path not in OPEN:
            self._check_key(headers.get(b"authorization", b""))

    def _check_host(self, host: str) -> None:
        name = name_of(host)
        if self.key is None and not (is_address(name) or name in self.hosts or "*" in self.hosts):
            raise Refused(
                403,
                UNAUTHORIZED,
                f"This service does not know itself as '{name[:100]}'. Start it with --allow-host {name[:100]}.",
            )

    def _check_origin(self, host: str, headers: dict[bytes, bytes]) -> None:
        origin = headers.get(b"origin", b"").decode("latin-1")
        if origin in self.origins:
            return
        is_own = urlsplit(origin).netloc == host if origin else headers.get(b"sec-fetch-site") != b"cross-site"
        if not is_own:
            raise Refused(403, UNAUTHORIZED, f"A page of '{origin[:100]}' may not ask here (--allow-origin).")

    def _check_key(self, given: bytes) -> None:
        scheme, _, key = given.partition(b" ")
        assert self.key is not None
        if scheme.lower() != b"bearer" or not hmac.compare_digest(key.strip(), self.key.encode()):
            raise Refused(401, UNAUTHORIZED, "A key is wanted: Authorization: Bearer KEY.")


def name_of(host: str) -> str:
    """Of a Host header, without its port."""
    host = host.strip().lower()
    if host.startswith("["):
        name, bracket, _ = host[1:].partition("]")
        return name if bracket else ""
    return host.rsplit(":", 1)[0] if ":" in host else host


def is_address(name: str) -> bool:
    """Whether a name is an address in digits, which nobody can point elsewhere; or this machine's own name for itself."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name == "localhost"
    return True


@dataclass(frozen=True)
class Guard:
    """Around the whole application."""

    app: App
    trust: Trust
    metrics: Metrics

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, answer = time.perf_counter(), _Answer(send)
        error_type = ""
        try:
            self.trust.check(scope["path"], dict(scope["headers"]))
            await self.app(scope, receive, answer)
            error_type = scope.get("state", {}).get("error_type", "")
        except Disconnected:
            error_type = "disconnected"
        except Exception as problem:
            error_type = await _told(answer, problem)
        finally:
            name = scope["path"].lstrip("/")
            endpoint = f"/{name}" if name in KNOWN else "other"
            self.metrics.answered(endpoint, answer.status or 499, time.perf_counter() - begun, error_type)


async def _told(answer: _Answer, problem: Exception) -> str:
    """The type of what went wrong, of which the client is told. In a frame of its own: a frame that a problem has passed through
    and that still holds it would keep the whole request until Python looks for cycles, which is seldom."""
    refused = as_refused(problem)
    if not answer.status:
        await respond(answer, refused)
    return refused.error_type


class _Answer:
    """`send`, which adds the headers of all answers and remembers the status."""

    def __init__(self, send: Any) -> None:
        self.send, self.status = send, 0

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), *_HEADERS]
        await self.send(message)


def as_refused(problem: Exception) -> Refused:
    """What a client is told. Of our own faults the log names the place, never a message: it could hold a text."""
    if isinstance(problem, Refused):
        return problem
    if isinstance(problem, TooLittleMemory):
        console.warn(str(problem))
        return no_memory()
    if isinstance(problem, UserError):
        return invalid(without_flags(str(problem)))
    status = getattr(problem, "status_code", None)
    if isinstance(status, int):  # of the router
        wrong = {404: "There is nothing here.", 405: "This path wants another method."}
        return Refused(
            status, NOT_FOUND if status == 404 else VALIDATION, wrong.get(status, "The request is not understood.")
        )
    console.warn(f"A request failed: {type(problem).__name__} {place_of(problem)}.")
    return Refused(500, INTERNAL, "The service failed to answer this; its log says where.")


async def respond(send: Any, refused: Refused) -> None:
    """An error as JSON. After one that leaves a body unread the connection is closed."""
    body = json.dumps({"error": str(refused), "error_type": refused.error_type}, ensure_ascii=False)
    data = body.encode("utf-8", errors="backslashreplace")
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]
    if refused.retry_after is not None:
        headers.append((b"retry-after", str(refused.retry_after).encode()))
    if refused.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if refused.status in (400, 401, 403, 408, 413):
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": data})
