"""What all endpoints share: bodies in, works to the runs, outcomes back in time."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from bertft import console
from bertft.serving.files import FileAsked
from bertft.serving.fleet import Fleet
from bertft.serving.lane import Closed
from bertft.serving.limits import Limits, read_body, value_of
from bertft.serving.problems import invalid, overloaded, stopping, timed_out
from bertft.serving.shapes import Shape, parsed
from bertft.serving.work import Answers, Served, Work

EXPLAINS_WAITING, FILES_WAITING = 8, 4
JSON = "application/json"


@dataclass
class Service:
    """What the paths share."""

    fleet: Fleet
    limits: Limits
    log_texts: bool
    about: Mapping[str, Any]
    """Limits as /info tells them."""
    is_stopping: bool = False
    _explaining: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    _explains: int = 0
    _files: int = 0

    def stop(self) -> None:
        """From now on it says that it is stopping."""
        self.is_stopping = True

    async def value(self, request: Request, shape: type[Shape]) -> Shape:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != JSON:
            raise invalid(f"Content-Type is '{kind[:100]}', wanted {JSON}.", 415)
        body = await self.body(request)
        return parsed(shape, value_of(body))

    async def body(self, request: Request) -> bytes:
        body = await read_body(request.receive, request.headers.get("content-length", ""), self.limits)
        if self.log_texts:
            console.note(f"{request.url.path} {body.decode('utf-8', errors='backslashreplace')}")
        return body

    async def ask(self, name: str | None, make: Callable[[Served], Work], *, vectors: bool = False) -> Answers:
        """What comes of a work in time."""
        future = asyncio.wrap_future(self.fleet.submit(name, make, vectors=vectors))
        try:
            async with asyncio.timeout(self.limits.seconds):
                found: Answers = await future
                return found
        except TimeoutError:
            raise timed_out(self.limits.seconds) from None

    async def filed(
        self, name: str | None, body: bytes, ending: str, options: Mapping[str, Any]
    ) -> tuple[bytes, Answers]:
        """In a thread; a few files at a time, as each is held in memory more than once. All of its rows are answered by the same
        run: where that is replaced meanwhile, once more by the new one."""
        if self._files >= FILES_WAITING:
            raise overloaded(f"{self._files} files are being answered already; ask again a little later.", 5)
        self._files += 1
        given_up = threading.Event()
        try:
            async with asyncio.timeout(self.limits.seconds):
                while True:
                    station = self.fleet.station(name)
                    asked = FileAsked(body, ending, options, station.submit, self.limits.seconds, given_up)
                    try:
                        return await asyncio.to_thread(asked.answered, station.served)
                    except Closed:
                        if station is self.fleet.station(name):
                            raise stopping() from None
        except TimeoutError:
            raise timed_out(self.limits.seconds) from None
        finally:
            given_up.set()
            self._files -= 1

    async def explained(self, explain: Callable[[], Any]) -> Any:
        """In a thread, one after the other: each takes as long as dozens of answers."""
        if self._explains >= EXPLAINS_WAITING:
            raise overloaded(f"{self._explains} texts wait to be explained already; ask again a little later.", 5)
        self._explains += 1
        try:
            async with asyncio.timeout(self.limits.seconds), self._explaining:
                return await asyncio.to_thread(explain)
        except TimeoutError:
            raise timed_out(self.limits.seconds) from None
        finally:
            self._explains -= 1

    def reply(self, value: Any, truncated: int = 0) -> Response:
        try:
            data = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        except UnicodeEncodeError:  # half a character, as JavaScript cuts texts
            data = json.dumps(value, allow_nan=False).encode()
        headers = {"x-truncated": str(truncated)} if truncated else None
        return Response(data, media_type=JSON, headers=headers)
