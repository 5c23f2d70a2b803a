"""What `bertft serve` can be asked: where it listens, how it batches, and what it refuses. Each field is a setting, declared
once."""

from __future__ import annotations

from dataclasses import dataclass

from bertft.plan.settings import ABOVE_0, RARE, TASK, at_least, setting


@dataclass(frozen=True)
class ServePlan:
    """Checked as a whole before any model is opened."""

    host: str = setting(
        "127.0.0.1",
        "Address to listen on; 0.0.0.0 is every address of this machine.",
        "ADDRESS",
        panel=TASK,
        check=((lambda value: bool(value.strip())), "an address such as 127.0.0.1 or 0.0.0.0 is wanted"),
    )
    port: int = setting(
        8080,
        "Port to listen on; 0 takes a free one.",
        "N",
        panel=TASK,
        check=((lambda value: 0 <= value < 65536), "a port from 0 to 65535 is wanted"),
    )
    allow_host: tuple[str, ...] | None = setting(
        None,
        "Name under which browsers and clients may reach the service. Repeat it for several.",
        "NAME",
        panel=TASK,
        otherwise="localhost, --host and any address in digits; with an API key all",
    )
    allow_origin: tuple[str, ...] | None = setting(
        None,
        "Origin of a web page elsewhere that may ask, such as https://example.org. Repeat it for several.",
        "ORIGIN",
        panel=TASK,
        otherwise="none but the service's own page",
    )
    reload: bool = setting(True, "Do not follow a run folder that is replaced.", panel=TASK, flags=("--no-reload",))
    log_texts: bool = setting(False, "Write the body of every request to the log.", panel=TASK)
    max_batch_tokens: int | None = setting(
        None,
        "Tokens that the network reads at once, of all requests together.",
        "N",
        panel=RARE,
        check=at_least(1),
        otherwise="4096 on a processor, 16384 on a GPU",
    )
    max_wait_ms: float = setting(
        2.0,
        "Longest time that a batch waits for requests that are being read.",
        "MS",
        panel=RARE,
        check=((lambda value: 0 <= value <= 1000), "a number of milliseconds from 0 to 1000 is wanted"),
    )
    max_queue: int = setting(
        4096,
        "Texts that may wait; a request beyond them is answered with 429.",
        "N",
        panel=RARE,
        check=at_least(1),
    )
    max_texts: int = setting(1024, "Texts in one request.", "N", panel=RARE, check=at_least(1))
    max_text_tokens: int = setting(16384, "Tokens of one text.", "N", panel=RARE, check=at_least(8))
    max_body_mb: float = setting(8.0, "Size of a request.", "MB", panel=RARE, check=ABOVE_0)
    timeout: float = setting(60.0, "Longest time until a request is answered.", "SECONDS", panel=RARE, check=ABOVE_0)
    stop_timeout: float = setting(
        30.0, "Longest time for the open requests when the service is stopped.", "SECONDS", panel=RARE, check=ABOVE_0
    )

    @property
    def max_body(self) -> int:
        """Bytes."""
        return int(self.max_body_mb * 1_000_000)
