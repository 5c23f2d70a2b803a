"""A request until it is answered: again after a pause where a service is busy, starts anew or drops the connection, not for ever.
What is no matter of time is said in words."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from threading import Event
from typing import Any

from bertft import console
from bertft.errors import ServiceError, UsageError
from bertft.remote.address import KEY_VARIABLE, Address
from bertft.remote.exchange import Reply, Unreachable

ATTEMPTS = 9
"""Of one request."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds; each pause is twice as long as the one before."""
OVERLOADED, DIVIDED_AFTER = 429, 3
"""The status of a service where too much waits, and the attempts until less is asked."""
BUSY = (408, 425, 429, 502, 503)
"""Statuses that pass."""
TOO_MUCH = (413, 504)
"""Statuses of which less at once may help."""


class TooMuch(ServiceError):
    """More than the service takes, or answers in its time. `message`: what it says itself."""

    def __init__(self, address: Address, message: str) -> None:
        super().__init__(f"{address}: {message}")
        self.message = message


def pauses() -> Iterator[float]:
    """Seconds between the attempts. Many clients of one service must not all come back at once."""
    length = FIRST_PAUSE
    for _ in range(ATTEMPTS - 1):
        yield length * random.uniform(0.75, 1.25)
        length = min(2 * length, LONGEST_PAUSE)


class Patience:
    """How long one service is asked. `stopped`: somebody wants no reply any more."""

    def __init__(self, address: Address, stopped: Event, *, has_key: bool) -> None:
        self._address, self._stopped, self._has_key, self._told = address, stopped, has_key, False

    def ask(self, send: Callable[[], Reply], *, divisible: bool = False) -> Mapping[str, Any]:
        """The object that it answers with. UsageError for what it refuses, TooMuch where less may help, ServiceError else.
        `divisible`: less can be asked, which a busy service may have room for."""
        for attempt, pause in enumerate([*pauses(), None], 1):
            try:
                reply = send()
                why, asked_for = reply.message or f"status {reply.status}", _seconds(reply.retry_after)
            except Unreachable as problem:
                reply, why, asked_for = None, str(problem).removeprefix(f"{self._address}: "), 0.0
            if reply is not None and reply.status not in BUSY:
                return self._settled(reply)
            if pause is None:
                break
            if divisible and reply is not None and reply.status == OVERLOADED and attempt == DIVIDED_AFTER:
                raise TooMuch(self._address, why)
            self._wait(max(pause, asked_for), why)
        raise ServiceError(f"{self._address}: asked {ATTEMPTS} times in vain. The last time: {why}")

    def _wait(self, seconds: float, why: str) -> None:
        if not self._told:
            console.note(f"{self._address}: {why.rstrip('.')}. Asking again …")
        self._told = True
        if self._stopped.wait(seconds):
            raise ServiceError(f"{self._address}: given up.")

    def _settled(self, reply: Reply) -> Mapping[str, Any]:
        status, said = reply.status, f" {reply.message}" if reply.message else ""
        if status == 200 and isinstance(reply.value, Mapping):
            return reply.value
        if status in TOO_MUCH:
            raise TooMuch(self._address, reply.message or f"status {status}")
        if 300 <= status < 400:
            raise ServiceError(
                f"{self._address}: sends on to {reply.location or 'elsewhere'}, where nobody meant to ask. Name that one."
            )
        if status in (401, 403):
            why = "does not take the key of" if self._has_key else "wants a key, which it reads from"
            raise UsageError(f"{self._address}: {why} {KEY_VARIABLE}.{said}")
        if status in (400, 404, 422) and said:
            raise UsageError(f"{self._address}:{said}")
        raise ServiceError(f"{self._address}: not the reply of a service of bertft (status {status}).{said}")


def _seconds(retry_after: str) -> float:
    """As a service asks for them, within bounds; dates are not read."""
    return min(float(retry_after), LONGEST_PAUSE) if retry_after.isascii() and retry_after.isdigit() else 0.0
