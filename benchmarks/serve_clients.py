"""Many clients in one process: each sends a text, waits for the answer, and sends the next. Plain sockets and ready-made bytes:
on a small machine every microsecond here is one that the service does not get."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass
class Measured:
    """Of some seconds of load."""

    clients: int
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    """Seconds of each answer."""
    failed: int = 0
    """Requests that were answered with anything but 200, or not at all."""
    own_cpu: float = 0.0
    """Seconds of processor time of the clients themselves."""
    service_cpu: float = 0.0
    """Of the service: on a busy machine this says more than the clock."""

    @property
    def rate(self) -> float:
        """Answers in a second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def quantile(self, share: float) -> float:
        """In milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else float("nan")

    @property
    def cpu_each(self) -> float:
        """Milliseconds of the service's processor time for an answer."""
        return 1000 * self.service_cpu / len(self.latencies) if self.latencies else float("nan")

    def add(self, other: Measured) -> None:
        self.seconds += other.seconds
        self.latencies += other.latencies
        self.failed += other.failed
        self.own_cpu += other.own_cpu
        self.service_cpu += other.service_cpu


def request_of(text: str, port: int) -> bytes:
    """POST /predict, as it goes over the wire."""
    body = json.dumps({"inputs": text}).encode()
    sizes = f"Content-Type: application/json\r\nContent-Length: {len(body)}"
    return f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{sizes}\r\n\r\n".encode() + body


async def reply_of(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and body."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next(int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:"))
    return int(lines[0].split()[1]), await reader.readexactly(length)


def load(port: int, texts: Sequence[str], *, clients: int, seconds: float) -> Measured:
    """Answers of a service on loopback to so many clients at once."""
    requests = itertools.cycle([request_of(text, port) for text in texts])
    return asyncio.run(_load(port, requests, Measured(clients), seconds))


async def _load(port: int, requests: Iterator[bytes], measured: Measured, seconds: float) -> Measured:
    begun, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(_client(port, requests, measured, begun + seconds) for _ in range(measured.clients)))
    measured.seconds, measured.own_cpu = time.perf_counter() - begun, time.process_time() - cpu
    return measured


async def _client(port: int, requests: Iterator[bytes], measured: Measured, end: float) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (sent := time.perf_counter()) < end:
        writer.write(next(requests))
        try:
            status, _ = await reply_of(reader)
        except (OSError, asyncio.IncompleteReadError):
            status = 0
        if status == 200:
            measured.latencies.append(time.perf_counter() - sent)
            continue
        measured.failed += 1
        if not status:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()


def labels(port: int, texts: Sequence[str]) -> list[str]:
    """The best label of each text."""

    async def ask() -> list[str]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        found = []
        for text in texts:
            writer.write(request_of(text, port))
            found.append(str(json.loads((await reply_of(reader))[1])[0]["label"]))
        writer.close()
        return found

    return asyncio.run(ask())
