"""How much a request may ask: its bytes, its texts, the length of a text, its nesting. Bytes come in, a value goes out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bertft.serving.problems import TIMEOUT, Refused, invalid, too_large

DEEPEST = 32
"""Lists and objects in each other. Rows of nested data have six."""
CHARACTERS_PER_TOKEN = 16
"""A text with more characters than this for each token that is allowed is refused unread."""
_DISCARDED = 2.0
"""Seconds for which the rest of a body that is too large is read and thrown away: a client that is cut off in the middle would
not hear why."""

Receive = Callable[[], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True)
class Limits:
    """Of one request."""

    body: int
    """Bytes."""
    texts: int
    text_tokens: int
    seconds: float

    def check_texts(self, texts: Sequence[Any]) -> None:
        """Refused where there are too many, or one is too long to be read at all."""
        if len(texts) > self.texts:
            raise too_large(
                f"{len(texts):,} texts in one request; at most {self.texts:,} are taken. Send several requests."
            )
        most = self.text_tokens * CHARACTERS_PER_TOKEN
        for number, text in enumerate(texts):
            if (size := characters(text)) > most:
                raise too_large(f"Text {number + 1} has {size:,} characters; at most {most:,} are read. Split it.")


def characters(value: Any) -> int:
    """Of all strings in a value."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(map(characters, value.values()))
    return sum(map(characters, value)) if isinstance(value, list | tuple) else 0


class Disconnected(Exception):
    """The client has gone."""


async def read_body(receive: Receive, length: str, limits: Limits) -> bytes:
    """The whole body. No more than the limit is kept, whatever its headers say of its length."""
    most, body = limits.body, bytearray()
    is_too_large = length.isdigit() and int(length[:20]) > most
    try:
        async with asyncio.timeout(limits.seconds):
            while not is_too_large:
                chunk, is_more = await _next(receive)
                is_too_large = len(body) + len(chunk) > most
                body += b"" if is_too_large else chunk
                if not is_more and not is_too_large:
                    return bytes(body)
    except TimeoutError:
        raise Refused(408, TIMEOUT, f"The request was not whole after {limits.seconds:g} seconds.") from None
    del body
    await _discard(receive)
    raise too_large(f"The request is larger than {most:,} bytes. Send fewer rows at once.")


async def _next(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Disconnected
    return message.get("body", b""), bool(message.get("more_body"))


async def _discard(receive: Receive) -> None:
    try:
        async with asyncio.timeout(_DISCARDED):
            while (await _next(receive))[1]:
                pass
    except TimeoutError:
        pass


def value_of(body: bytes) -> Any:
    """The JSON value of a body; Refused for what is none, or could be understood in two ways."""
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_no_number, object_pairs_hook=_object)
    except UnicodeDecodeError as problem:
        raise invalid(f"The body is not UTF-8 (byte {problem.start + 1}).", 400) from None
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as problem:
        raise invalid(f"The body is not JSON: {problem.msg}, character {problem.pos + 1}.", 400) from None
    except ValueError as problem:  # a number with too many digits
        raise invalid(f"The body is not JSON: {problem}.", 400) from None
    _check_depth(value)
    return value


def _no_number(name: str) -> Any:
    raise invalid(f"The body holds {name}, which JSON does not have.", 400)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise invalid(f"An object has '{name[:100]}' twice.", 400)
        found[name] = value
    return found


def _check_depth(value: Any) -> None:
    """Level by level: a function that calls itself would break where it is asked to look."""
    level = [value]
    for _ in range(DEEPEST):
        level = [part for one in level if isinstance(one, list | dict) for part in _parts(one)]
        level = [part for part in level if isinstance(part, list | dict)]
        if not level:
            return
    raise _too_deep()


def _parts(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value


def _too_deep() -> Refused:
    return invalid(f"Lists and objects stand in each other more than {DEEPEST} deep.", 400)
