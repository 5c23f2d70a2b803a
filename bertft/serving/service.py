"""What all endpoints share: bodies in, works to the runs, outcomes back in time."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fastapi import Request
from fastapi.responses import Response

from bertft import console
from bertft.serving.aside import Aside, GivenUp
from bertft.serving.files import FileAsked
from bertft.serving.fleet import Fleet
from bertft.serving.lane import Closed
from bertft.serving.limits import Limits, read_body, value_of
from bertft.serving.problems import invalid, stopping, timed_out
from bertft.serving.shapes import Shape, parsed
from bertft.serving.turns import Turns
from bertft.serving.work import Answers, Served, Work

EXPLAINS_WAITING, FILES_WAITING = 8, 4
REMOVALS = 3
"""Of a folder: its thread may put a file there once while it goes, then finds no folder."""
JSON = "application/json"
Result = TypeVar("Result")
Turn = Callable[[], AbstractContextManager[None]]


@dataclass
class Service:
    """What the paths share."""

    fleet: Fleet
    limits: Limits
    log_texts: bool
    about: Mapping[str, Any]
    """Limits as /info tells them."""
    is_stopping: bool = False
    _stopped_at: float = 0.0
    _explaining: Turns = field(default_factory=Turns)
    _explains: Aside = field(default_factory=lambda: Aside(EXPLAINS_WAITING, "texts wait to be explained"))
    _files: Aside = field(default_factory=lambda: Aside(FILES_WAITING, "files are being answered"))
    _folders: set[str] = field(default_factory=set)

    def stop(self) -> None:
        """From now on it says that it is stopping."""
        self.is_stopping, self._stopped_at = True, time.monotonic()

    def close(self, seconds: float) -> bool:
        """Answer what was accepted, until so long after it was stopped. Whether nothing goes on behind it."""
        until = (self._stopped_at or time.monotonic()) + seconds
        is_over = self.fleet.close(until) and not self._files.running and not self._explains.running
        for folder in list(self._folders) * REMOVALS:
            shutil.rmtree(folder, ignore_errors=True)
        return is_over

    async def value(self, request: Request, shape: type[Shape]) -> Shape:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != JSON:
            raise invalid(f"Content-Type is '{kind[:100]}', wanted {JSON}.", 415)
        body = await self.body(request)
        return parsed(shape, value_of(body))

    async def body(self, request: Request) -> bytes:
        body = await read_body(request.receive, request.headers.get("content-length", ""), self.limits)
        if self.log_texts:
            console.note(f"{request.url.path} {on_one_line(body)}")
        return body

    async def ask(self, name: str | None, make: Callable[[Served], Work], *, vectors: bool = False) -> Answers:
        """What comes of a work in time."""
        try:
            async with asyncio.timeout(self.limits.seconds):
                found: Answers = await asyncio.wrap_future(self.fleet.submit(name, make, vectors=vectors))
                return found
        except TimeoutError:
            raise timed_out(self.limits.seconds) from None

    async def filed(
        self, name: str | None, body: bytes, ending: str, options: Mapping[str, Any]
    ) -> tuple[bytes, Answers]:
        """A few files at a time, as each is held in memory more than once. All of its rows are answered by the same run: where
        that is replaced meanwhile, once more by the new one."""

        def answered(given_up: GivenUp) -> tuple[bytes, Answers]:
            while True:
                station = self.fleet.station(name)
                asked = FileAsked(body, ending, options, station.submit, self.limits.seconds, given_up, self._folders)
                try:
                    return asked.answered(station.served)
                except Closed:
                    if station is self.fleet.station(name):
                        raise stopping() from None

        return await self._files.result(answered, self.limits.seconds)

    async def explained(self, explain: Callable[[Turn], Result]) -> Result:
        """One after the other: each takes as long as dozens of answers. `explain` is handed the turns of the network, which end
        where nobody waits any more."""

        def answered(given_up: GivenUp) -> Result:
            @contextmanager
            def turn() -> Iterator[None]:
                with self.fleet.turns.turn():
                    if given_up.is_set():
                        raise TimeoutError
                    yield

            with self._explaining.turn():
                return explain(turn)

        return await self._explains.result(answered, self.limits.seconds)

    def reply(self, value: Any, truncated: int = 0) -> Response:
        try:
            data = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        except UnicodeEncodeError:  # half a character, as JavaScript cuts texts
            data = json.dumps(value, allow_nan=False).encode()
        headers = {"x-truncated": str(truncated)} if truncated else None
        return Response(data, media_type=JSON, headers=headers)


def on_one_line(body: bytes) -> str:
    """As the log has it: whatever could end its line or steer a terminal is escaped."""
    text = body.decode("utf-8", errors="backslashreplace")
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
