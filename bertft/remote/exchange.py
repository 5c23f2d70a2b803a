"""One request to a service and its reply, over a connection that is kept. No redirect is followed and no proxy is asked, so a
key and texts reach the host that was named or nobody; certificates are checked; a reply has an end."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from typing import Any

from bertft import __version__
from bertft.errors import ServiceError
from bertft.remote.address import Address
from bertft.rows.surrogates import shown

SILENCE = 120.0
"""Seconds without a byte, after which a service is taken to hang."""
LONGEST = 600.0
"""Seconds that a reply may take in all."""
LARGEST = 256 * 2**20
"""Bytes of a reply."""
_CHUNK = 2**16


class Unreachable(ServiceError):
    """No reply, or half of one: it may come the next time."""


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    value: Any
    """Of its JSON; None where it is none."""
    retry_after: str = ""
    location: str = ""

    @property
    def message(self) -> str:
        """The sentence of an error, as far as there is one."""
        found = self.value.get("error") or self.value.get("detail") if isinstance(self.value, Mapping) else None
        return shown(found, 1000) if isinstance(found, str) else ""


class Exchange:
    """A connection to one service. Not for several threads at once."""

    def __init__(self, address: Address, key: str | None) -> None:
        self._address, self._connection = address, _connection(address)
        self._headers = {"Accept": "application/json", "User-Agent": f"bertft/{__version__}"}
        if key is not None:
            self._headers["Authorization"] = f"Bearer {key}"

    def ask(self, path: str, content: Any = None) -> Reply:
        """GET, or POST where there is something to say. Unreachable where no whole reply comes."""
        method, body, headers = "GET", None, dict(self._headers)
        if content is not None:
            method, body = "POST", json.dumps(content, allow_nan=False).encode("ascii")
            headers["Content-Type"] = "application/json"
        try:
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
            found = self._read(response)
        except ssl.SSLCertVerificationError as problem:
            raise ServiceError(
                f"{self._address}: its certificate is not trusted ({problem.verify_message}). SSL_CERT_FILE names the "
                f"certificates of your own authority."
            ) from None
        except (OSError, HTTPException) as problem:
            self.close()
            why = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
            raise Unreachable(f"{self._address}: no reply ({shown(why)}).") from None
        header = response.headers.get
        return Reply(response.status, _json(found), header("Retry-After") or "", header("Location") or "")

    def _read(self, response: HTTPResponse) -> bytes:
        found, end = bytearray(), time.monotonic() + LONGEST
        while chunk := response.read(_CHUNK):
            found += chunk
            if len(found) > LARGEST:
                self.close()
                raise ServiceError(
                    f"{self._address}: a reply of more than {LARGEST >> 20} MB, which no service of ours gives."
                )
            if time.monotonic() > end:
                raise TimeoutError(f"a reply of more than {LONGEST:.0f} s")
        if response.length:  # which `read` says of itself only when it reads all at once
            raise IncompleteRead(bytes(found[:0]), response.length)
        return bytes(found)

    def cut(self) -> None:
        """Wake whoever waits for a reply; from any thread."""
        if (open_socket := self._connection.sock) is not None:
            with suppress(OSError):
                open_socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """The next request opens it again."""
        self._connection.close()


def _connection(address: Address) -> HTTPConnection:
    if address.scheme == "https":
        return HTTPSConnection(address.host, address.port, timeout=SILENCE, context=ssl.create_default_context())
    return HTTPConnection(address.host, address.port, timeout=SILENCE)


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
