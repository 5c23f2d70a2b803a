"""A service inside the tests' process, and what is asked of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def service_of(*runs: Path | str, precision: str | None = "fp32", **serving: Any) -> Iterator[Any]:
    """A client of the application, without a socket; `serving`: settings of `bertft serve`."""
    from conftest import forget_accelerator
    from starlette.testclient import TestClient

    from bertft.jobs.from_program import called_from_program
    from bertft.jobs.serving.serve import ServeRequest, opened_service

    forget_accelerator()
    with called_from_program(True):
        request = ServeRequest(runs=[str(run) for run in runs], serving=serving, precision=precision)
        application, service = opened_service(request)
    client = TestClient(application, base_url="http://localhost")
    client.service = service  # type: ignore[attr-defined]
    with client:
        yield client
    service.close(10)
    if precision != "fp32":  # else a service around this one needs what Accelerate knows
        forget_accelerator()


def asked(client: Any, path: str, *, status: int = 200, **body: Any) -> Any:
    """The answer to a JSON body."""
    found = client.post(path, json=body)
    assert found.status_code == status, found.text
    return found.json()
