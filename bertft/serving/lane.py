"""The way of all works of one network: read in slices by one thread, computed in batches by another.

Both go round the works that wait, a slice or a piece from each in turn, so a small work never waits for the whole of a large one.
A batch is computed at once when nothing else is being read; else it waits a little for that."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Condition, RLock, Thread
from typing import Any, Protocol

from bertft import console
from bertft.serving.problems import handed_over, overloaded
from bertft.serving.turns import Turns
from bertft.serving.work import Piece, Work


class Watcher(Protocol):
    """Who is told of batches."""

    def batched(self, *, works: int, pieces: int, tokens: int, seconds: float) -> None: ...


@dataclass(eq=False)
class Pending:
    """A work on its way."""

    work: Work
    future: Future[Any]
    slices: Iterator[Sequence[Sequence[Piece]]]
    todo: deque[tuple[int, int, Piece]] = field(default_factory=deque)
    """(text, place among its pieces, piece) that wait to be computed."""
    outputs: list[list[Any]] = field(default_factory=list)
    left: int = 0
    """Pieces without outputs."""
    is_read: bool = False
    is_settled: bool = False

    def add(self, texts: Sequence[Sequence[Piece]]) -> None:
        for pieces in texts:
            text = len(self.outputs)
            self.outputs.append([None] * len(pieces))
            self.todo.extend((text, place, piece) for place, piece in enumerate(pieces))
            self.left += len(pieces)

    @property
    def is_over(self) -> bool:
        """Whether nobody waits for it any more."""
        return self.is_settled or self.future.cancelled()

    @property
    def is_complete(self) -> bool:
        return self.is_read and not self.left


class Closed(Exception):
    """The lane takes no more works: there is a newer one."""


Taken = list[tuple[Pending, tuple[int, int, Piece]]]


class Lane:
    """`compute`: pieces -> outputs. `close` answers what was accepted before it ends the threads."""

    def __init__(
        self,
        name: str,
        compute: Callable[[Sequence[Any]], list[Any]],
        turns: Turns,
        watcher: Watcher,
        *,
        max_tokens: int,
        max_wait: float,
        max_queue: int,
    ) -> None:
        self.compute, self.turns, self.watcher = compute, turns, watcher
        self.max_tokens, self.max_wait, self.max_queue = max_tokens, max_wait, max_queue
        self.waiting = 0
        """Texts that were accepted and are not answered yet."""
        self._lock = RLock()
        self._to_read, self._to_compute = Condition(self._lock), Condition(self._lock)
        self._unread: deque[Pending] = deque()
        self._ready: deque[Pending] = deque()
        self._reading = False
        self._closed = False
        self._threads = [Thread(target=run, name=f"{name}-{part}", daemon=True) for part, run in self._parts()]
        for thread in self._threads:
            thread.start()

    def _parts(self) -> tuple[tuple[str, Callable[[], None]], ...]:
        return ("reader", self._read_all), ("batcher", self._compute_all)

    def submit(self, work: Work) -> Future[Any]:
        """Refused with 429 where too many texts wait already. To cancel the future drops what of the work is not begun."""
        future: Future[Any] = Future()
        with self._lock:
            if self._closed:
                raise Closed
            if self.waiting and self.waiting + work.texts > self.max_queue:
                raise overloaded(f"{self.waiting:,} texts are waiting already; ask again a little later.")
            self.waiting += work.texts
            self._unread.append(Pending(work, future, work.slices()))
            self._to_read.notify()
        future.add_done_callback(lambda _: self._leave(work.texts))
        return future

    def _leave(self, texts: int) -> None:
        with self._lock:
            self.waiting -= texts

    def close(self) -> None:
        """No more works; what waits is answered."""
        with self._lock:
            self._closed = True
            self._to_read.notify()
            self._to_compute.notify()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    @property
    def is_working(self) -> bool:
        """Until it is closed and all is answered."""
        return any(thread.is_alive() for thread in self._threads)

    def _read_all(self) -> None:
        with console.hushed():
            while (pending := self._next_unread()) is not None:
                self._read_slice(pending)
                del pending  # it holds texts, and the next one may be long in coming

    def _next_unread(self) -> Pending | None:
        with self._lock:
            self._reading = False
            if not self._unread:
                self._to_compute.notify()
            self._to_read.wait_for(lambda: self._unread or self._closed)
            self._reading = bool(self._unread)
            return self._unread.popleft() if self._unread else None

    def _read_slice(self, pending: Pending) -> None:
        if pending.is_over:
            return
        try:
            texts = next(pending.slices, None)
        except Exception as problem:
            self._fail(pending, problem)
            return
        with self._lock:
            if texts is None:
                pending.is_read = True
            else:
                self._unread.append(pending)
                was_ready = bool(pending.todo)
                pending.add(texts)
                if pending.todo and not was_ready:
                    self._ready.append(pending)
                    self._to_compute.notify()
            is_complete = pending.is_complete
        if is_complete:
            self._finish(pending)

    def _compute_all(self) -> None:
        with console.hushed():
            while (taken := self._next_batch()) is not None:
                if taken:
                    self._compute(taken)
                del taken

    def _next_batch(self) -> Taken | None:
        """None at the end."""
        with self._lock:
            self._to_compute.wait_for(lambda: self._ready or self._is_idle_for_good)
            if not self._ready:
                return None
            if self.max_wait:
                self._to_compute.wait_for(self._is_worth_computing, timeout=self.max_wait)
            return self._take()

    @property
    def _is_idle_for_good(self) -> bool:
        return self._closed and not self._unread and not self._reading

    def _is_worth_computing(self) -> bool:
        """Whether nothing is being read, or a batch is full."""
        if not self._unread and not self._reading:
            return True
        return sum(len(piece.input_ids) for one in self._ready for _, _, piece in one.todo) >= self.max_tokens

    def _take(self) -> Taken:
        """A piece from each work in turn."""
        taken: Taken = []
        tokens = 0
        while self._ready:
            pending = self._ready[0]
            if pending.is_over:
                self._ready.popleft()
                continue
            size = len(pending.todo[0][2].input_ids)
            if taken and tokens + size > self.max_tokens:
                break
            self._ready.popleft()
            taken.append((pending, pending.todo.popleft()))
            tokens += size
            if pending.todo:
                self._ready.append(pending)
        return taken

    def _compute(self, taken: Taken) -> None:
        """Where it fails, each work alone: one must not harm the others."""
        try:
            outputs = self._timed(taken)
        except Exception as problem:
            works = list(dict.fromkeys(pending for pending, _ in taken))
            if len(works) == 1:
                self._fail(works[0], problem)
                return
            for one in works:
                self._compute([(pending, piece) for pending, piece in taken if pending is one])
            return
        for (pending, (text, place, _)), output in zip(taken, outputs, strict=True):
            pending.outputs[text][place] = output
        self._settle(taken)

    def _timed(self, taken: Taken) -> list[Any]:
        pieces = [piece for _, (_, _, piece) in taken]
        with self.turns.turn():
            begun = time.perf_counter()
            outputs = self.compute(pieces)
            seconds = time.perf_counter() - begun
        works, tokens = len({id(pending) for pending, _ in taken}), sum(len(piece.input_ids) for piece in pieces)
        self.watcher.batched(works=works, pieces=len(pieces), tokens=tokens, seconds=seconds)
        return outputs

    def _settle(self, taken: Taken) -> None:
        complete = []
        with self._lock:
            for pending, _ in taken:
                pending.left -= 1
                if pending.is_complete:
                    complete.append(pending)
        for pending in complete:
            self._finish(pending)

    def _finish(self, pending: Pending) -> None:
        if not self._is_mine_to_settle(pending):
            return
        try:
            pending.future.set_result(pending.work.finish(pending.outputs))
        except Exception as problem:
            pending.future.set_exception(handed_over(problem))

    def _fail(self, pending: Pending, problem: Exception) -> None:
        if self._is_mine_to_settle(pending):
            pending.future.set_exception(handed_over(problem))

    def _is_mine_to_settle(self, pending: Pending) -> bool:
        """Whether nobody has settled it before, or given it up."""
        with self._lock:
            first, pending.is_settled = not pending.is_settled, True
        return first and pending.future.set_running_or_notify_cancel()
