"""What Prometheus is told: requests, times, batches, tokens, what waits, what went wrong. No text, and no name of a client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Metrics:
    """Of one service; each has a registry of its own."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        of: Any = {"registry": self.registry}
        self.requests = Counter("bertft_requests_total", "Requests.", ["endpoint", "status"], **of)
        self.seconds = Histogram("bertft_request_seconds", "Time to answer.", ["endpoint"], buckets=_SECONDS, **of)
        self.errors = Counter("bertft_errors_total", "Requests that were not answered.", ["error_type"], **of)
        self.texts = Counter("bertft_texts_total", "Texts that were asked about.", ["model"], **of)
        self.tokens = Counter("bertft_tokens_total", "Tokens that were computed.", ["model"], **of)
        self.batches = Histogram("bertft_batch_texts", "Texts or windows in a batch.", ["model"], buckets=_SIZES, **of)
        self.works = Histogram("bertft_batch_requests", "Requests in a batch.", ["model"], buckets=_SIZES, **of)
        self.computing = Histogram(
            "bertft_batch_seconds", "Time to compute a batch.", ["model"], buckets=_SECONDS, **of
        )
        self.waiting = Gauge("bertft_waiting_texts", "Texts that wait or are computed.", ["model"], **of)
        self.reloads = Counter("bertft_reloads_total", "Runs that were opened again.", ["model", "outcome"], **of)

    def answered(self, endpoint: str, status: int, seconds: float, error_type: str) -> None:
        self.requests.labels(endpoint, status).inc()
        self.seconds.labels(endpoint).observe(seconds)
        if error_type:
            self.errors.labels(error_type).inc()

    def watch(self, model: str, waiting: Callable[[], int]) -> BatchMetrics:
        self.waiting.labels(model).set_function(waiting)
        return BatchMetrics(self, model)

    def shown(self) -> bytes:
        return generate_latest(self.registry)


class BatchMetrics:
    """A lane's Watcher."""

    def __init__(self, metrics: Metrics, model: str) -> None:
        self.tokens = metrics.tokens.labels(model)
        self.pieces, self.works = metrics.batches.labels(model), metrics.works.labels(model)
        self.computing = metrics.computing.labels(model)

    def batched(self, *, works: int, pieces: int, tokens: int, seconds: float) -> None:
        self.tokens.inc(tokens)
        self.pieces.observe(pieces)
        self.works.observe(works)
        self.computing.observe(seconds)
