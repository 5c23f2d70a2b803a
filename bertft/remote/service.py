"""A service of bertft: what it says of the run that is to answer, and batches of rows to their answers, several at a time and in
order. A batch that is too much is asked in halves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from threading import Event, Lock, local
from types import TracebackType
from typing import Any, Self

from bertft.errors import UsageError
from bertft.remote.address import Address, key_for
from bertft.remote.exchange import Exchange, Unreachable
from bertft.remote.patience import Patience, TooMuch
from bertft.remote.replies import Answers, ServedModel, answers_in, model_in

IN_FLIGHT = 4
"""Requests at once: the service has the next rows while the last answers travel."""
MOST_ROWS = 256
"""Of one request."""
TOO_LARGE = "more than the service takes at once"
"""Reason of a row that is alone too much."""

_Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Question:
    """What is asked of every row."""

    options: Mapping[str, Any]
    sample: _Rows = ()
    """The first row of the file, which stands before the rows of each request where answers take their form from it."""


class Service:
    """Open as a context; it ends all requests that are under way."""

    def __init__(self, address: Address) -> None:
        self.address, self._key = address, key_for(address)
        self._stopped, self._lock, self._own = Event(), Lock(), local()
        self._exchanges: list[Exchange] = []
        self._patience = Patience(address, self._stopped, has_key=self._key is not None)
        self._pool = ThreadPoolExecutor(IN_FLIGHT, "bertft-service")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        with self._lock:
            for exchange in self._exchanges:
                exchange.cut()
        self._pool.shutdown(wait=True, cancel_futures=True)
        for exchange in self._exchanges:
            exchange.close()

    def model(self) -> ServedModel:
        """The run that was named, or the first."""
        try:
            self._exchange.ask("/health")
        except Unreachable as problem:
            raise UsageError(f"{problem} `bertft serve RUN` starts a service.") from None
        return model_in(self._patience.ask(partial(self._exchange.ask, "/info")), self.address)

    def form(self, model: ServedModel, question: Question) -> Answers:
        """The answer to the sample alone, or to no row: its columns. UsageError for options that this run does not have."""
        return self._ask(model, question, question.sample)

    def answers(self, model: ServedModel, question: Question, form: Answers, rows: _Rows) -> Iterator[Answers]:
        """In order, together one for each row. `form`: what `form` gave."""
        found = [self._pool.submit(self._halved, model, question, form, batch) for batch in batches_of(rows, model)]
        try:
            yield from chain.from_iterable(one.result() for one in found)
        finally:
            for one in found:
                one.cancel()

    def _halved(self, model: ServedModel, question: Question, form: Answers, rows: _Rows) -> list[Answers]:
        try:
            found = self._ask(model, question, [*question.sample, *rows], divisible=len(rows) > 1)
            return [found.without(form)]
        except TooMuch as problem:
            if len(rows) == 1:
                return [form.refusing(f"{TOO_LARGE}: {problem.message}")]
            half = len(rows) // 2
            parts = rows[:half], rows[half:]
            return [one for part in parts for one in self._halved(model, question, form, part)]

    def _ask(self, model: ServedModel, question: Question, rows: _Rows, *, divisible: bool = False) -> Answers:
        content = {"model": model.name, "rows": list(rows), "options": dict(question.options)}
        found = self._patience.ask(lambda: self._exchange.ask("/rows", content), divisible=divisible)
        return answers_in(found, len(rows), model, self.address)

    @property
    def _exchange(self) -> Exchange:
        """One for each thread."""
        if not hasattr(self._own, "exchange"):
            self._own.exchange = Exchange(self.address, self._key)
            with self._lock:
                self._exchanges.append(self._own.exchange)
        exchange: Exchange = self._own.exchange
        return exchange


def batches_of(rows: _Rows, model: ServedModel) -> Iterator[_Rows]:
    """As large as the service takes them, in rows and in bytes."""
    batch: list[Mapping[str, Any]] = []
    size = 0
    for row in rows:
        length = 6 * sum(
            len(str(key)) + len(str(value)) for key, value in row.items()
        )  # a character is six bytes at most
        if batch and (len(batch) >= min(model.most_rows, MOST_ROWS) or size + length > model.most_bytes // 2):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += length
    if batch:
        yield batch
