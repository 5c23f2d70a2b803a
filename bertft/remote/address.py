"""Words to the address of a service: `http://host:port`, with the name of one of its runs behind it where it has several."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from bertft import console
from bertft.errors import UsageError
from bertft.rows.surrogates import shown

KEY_VARIABLE = "BERTFT_API_KEY"
_PORTS = {"http": 80, "https": 443}
_WANTED = "wanted http://HOST:PORT, or http://HOST:PORT/NAME for one of several runs"


@dataclass(frozen=True)
class Address:
    """Where a service is. Nothing secret stands in it."""

    scheme: str
    host: str
    port: int
    name: str | None = None
    """Of one of its runs; None: the first."""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}" + (f"/{self.name}" if self.name else "")

    @property
    def is_here(self) -> bool:
        """Whether what goes there stays on this machine."""
        with suppress(ValueError):
            return ip_address(self.host).is_loopback
        return self.host == "localhost"


def is_address(run: object) -> bool:
    """Whether it is a service, not a folder."""
    return isinstance(run, str) and run.lower().startswith(("http://", "https://"))


def address_of(words: str) -> Address:
    """UsageError for an address that has more or less in it."""
    try:
        found = urlsplit(words)
        port = found.port or _PORTS[found.scheme]
    except ValueError:
        raise UsageError(f"{shown(words)}: not an address, {_WANTED}.") from None
    if found.username is not None or found.password is not None:
        raise UsageError(
            f"{found.scheme}://…@{found.hostname}: a key is read from {KEY_VARIABLE}, never from an address."
        )
    name = unquote(found.path.strip("/"))
    odd = not found.hostname or found.query or found.fragment or "/" in name or not name.isprintable()
    if odd or not words.isprintable() or " " in words:
        raise UsageError(f"{shown(words)}: not the address of a service, {_WANTED}.")
    return Address(found.scheme, str(found.hostname), port, name or None)


def key_for(address: Address) -> str | None:
    """The key that the environment has for services; None where it has none."""
    key = os.environ.get(KEY_VARIABLE, "")
    if not key:
        return None
    if not key.isascii() or not key.isprintable() or " " in key:
        raise UsageError(f"{KEY_VARIABLE}: a key has letters, digits and signs of ASCII, no spaces and no line breaks.")
    if address.scheme == "http" and not address.is_here:
        console.warn(f"{address}: the key of {KEY_VARIABLE} and the texts travel unencrypted; https:// protects them.")
    return key
