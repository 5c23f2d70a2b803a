"""What takes long and asks the network again and again, in threads that nobody has to wait for: whoever ends the service leaves
them behind. Only so many at once, and a thread keeps its place until it has ended, whoever has given it up before."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from bertft.serving.problems import handed_over, overloaded, timed_out

Result = TypeVar("Result")
GivenUp = threading.Event
"""Set when nobody waits for a thread any more."""


class Aside:
    """`what`: they, for the message to whom comes when all `places` are taken."""

    def __init__(self, places: int, what: str) -> None:
        self.places, self.what = places, what
        self.running = 0
        self._lock = threading.Lock()

    async def result(self, work: Callable[[GivenUp], Result], seconds: float) -> Result:
        """Refused with 429 where no place is free, with 504 where it takes longer."""
        given_up: GivenUp = threading.Event()
        self._enter()
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.wrap_future(self._begun(work, given_up))
        except TimeoutError:
            raise timed_out(seconds) from None
        finally:
            given_up.set()

    def _begun(self, work: Callable[[GivenUp], Result], given_up: GivenUp) -> Future[Result]:
        future: Future[Result] = Future()
        future.set_running_or_notify_cancel()  # so that it cannot be cancelled, which is what `given_up` is for
        threading.Thread(target=self._run, args=(work, given_up, future), name="aside", daemon=True).start()
        return future

    def _enter(self) -> None:
        with self._lock:
            if self.running >= self.places:
                raise overloaded(f"{self.running} {self.what} already; ask again a little later.", 5)
            self.running += 1

    def _run(self, work: Callable[[GivenUp], Result], given_up: GivenUp, future: Future[Result]) -> None:
        try:
            found = work(given_up)
        except BaseException as problem:
            self._leave()
            future.set_exception(handed_over(problem))
        else:
            self._leave()
            future.set_result(found)

    def _leave(self) -> None:
        with self._lock:
            self.running -= 1
