"""Serve: runs in, a service that answers until it is stopped."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertft import console
from bertft.errors import Stopped, UsageError
from bertft.jobs.hub.pull import run_folder
from bertft.jobs.requests import Section
from bertft.plan.plan import merge
from bertft.plan.sections import MachinePlan
from bertft.plan.serve_plan import ServePlan
from bertft.plan.settings import checked
from bertft.system.memory import collected_often, keep_fewer_sizes

if TYPE_CHECKING:
    from bertft.serving.fleet import Fleet
    from bertft.serving.service import Service

KEY = "BERTFT_API_KEY"
EXTRA = ("fastapi", "uvicorn", "prometheus_client")
"""Modules of the extra."""
LOOPBACK = ("127.", "::1", "localhost")
ON_PROCESSOR, ON_GPU = 4096, 16384
"""Tokens of a batch."""


@dataclass(frozen=True, kw_only=True)
class ServeRequest:
    """Runs to be served."""

    runs: Sequence[str]
    """Folders, or NAME=FOLDER."""
    serving: Section = field(default_factory=dict)
    """Fields of ServePlan."""
    machine: Section = field(default_factory=dict)
    precision: str | None = None
    backend: str | None = None
    """torch or onnx, of folders that hold both."""


def serve(request: ServeRequest, *, begun: Callable[[Any], None] = lambda server: None) -> None:
    """Answer until a signal comes, which is raised as Stopped when all is answered. `begun` is handed the server."""
    plan = checked(merge(ServePlan, request.serving))
    names = dict(named_runs(request.runs))
    check_extra()
    key = api_key()
    if key is None and not plan.host.startswith(LOOPBACK):
        console.warn(
            f"--host {plan.host}: whoever reaches this machine can ask, without a key. Set {KEY} to ask for one."
        )

    from bertft.serving.server import bound_socket, serve_until_stopped, url_of

    keep_fewer_sizes()
    with bound_socket(plan.host, plan.port) as listening:
        application, service = opened_service(request)
        if plan.reload:
            service.fleet.watch()
        with collected_often():
            number = serve_until_stopped(
                application,
                listening,
                stop_timeout=plan.stop_timeout,
                stopping=service.stop,
                ready=lambda: console.note(f"Serving {', '.join(names)} at {url_of(listening)}; Ctrl-C stops it."),
                begun=begun,
            )
    is_over = service.close(plan.stop_timeout)
    if number:
        raise Stopped(number, at_once=not is_over)


def opened_service(request: ServeRequest) -> tuple[Any, Service]:
    """The ASGI application of all runs, opened, and what its endpoints share."""
    plan, machine = checked(merge(ServePlan, request.serving)), merge(MachinePlan, request.machine)

    from bertft.serving.app import application
    from bertft.serving.guard import Trust
    from bertft.serving.limits import Limits
    from bertft.serving.service import Service

    runs = {name: Path(run_folder(str(folder))) for name, folder in named_runs(request.runs)}
    fleet = _fleet(runs, plan, machine, request)
    limits = Limits(plan.max_body, plan.max_texts, plan.max_text_tokens, plan.timeout)
    service = Service(fleet, limits, plan.log_texts, _about(plan, fleet))
    return application(service, Trust(api_key(), _hosts(plan), plan.allow_origin or ())), service


def named_runs(runs: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """Each run's name and folder. UsageError where two have the same name."""
    seen: dict[str, str] = {}
    for word in runs:
        given, parted, folder = word.partition("=")
        if not parted or Path(word).exists():
            given, folder = Path(os.path.abspath(word)).name, word
            given = given if Path(word).exists() else given.partition("@")[0]
        if not given.strip() or not folder:
            raise UsageError(f"{word}: wanted a run folder, or NAME=FOLDER.")
        if "/" in given:
            raise UsageError(f"{word}: a run's name holds no '/', as it stands in addresses: '{given}'.")
        if given in seen:
            raise UsageError(f"{seen[given]} and {word} are both called '{given}'. Name one: other={folder}")
        seen[given] = word
        yield given, Path(folder)


def check_extra() -> None:
    """UsageError where the libraries of the service are not there."""
    from importlib.util import find_spec

    if missing := [name for name in EXTRA if find_spec(name) is None]:
        raise UsageError(f"bertft serve needs {', '.join(missing)}: pip install 'bertft[serve]'.")


def api_key() -> str | None:
    """The key that the environment asks for; UsageError for one that is empty, which would let everybody in."""
    key = os.environ.get(KEY)
    if key is not None and not key.strip():
        raise UsageError(f"{KEY} is set and empty. Give it a value, or unset it.")
    return None if key is None else key.strip()


def _hosts(plan: ServePlan) -> set[str]:
    return {"localhost", plan.host.lower(), *(name.lower() for name in plan.allow_host or ())}


def _fleet(names: dict[str, Path], plan: ServePlan, machine: MachinePlan, request: ServeRequest) -> Fleet:
    """All runs, opened."""
    from bertft.jobs.serving.served import open_served
    from bertft.serving.fleet import Fleet, LaneSizes
    from bertft.serving.metrics import Metrics

    def opened(name: str, folder: Path) -> Any:
        return open_served(
            name,
            folder,
            request.precision,
            machine,
            max_text_tokens=plan.max_text_tokens,
            backend=request.backend,
        )

    import torch

    tokens = plan.max_batch_tokens or (ON_GPU if torch.cuda.is_available() else ON_PROCESSOR)
    fleet = Fleet(opened, Metrics(), LaneSizes(tokens, plan.max_wait_ms / 1000, plan.max_queue))
    for name, folder in names.items():
        fleet.add(name, folder)
    return fleet


def _about(plan: ServePlan, fleet: Fleet) -> dict[str, Any]:
    return {
        "max_batch_tokens": fleet.sizes.max_tokens,
        "max_client_batch_size": plan.max_texts,
        "max_concurrent_requests": plan.max_queue,
        "max_queue": plan.max_queue,
        "max_body_bytes": plan.max_body,
        "max_text_tokens": plan.max_text_tokens,
        "timeout": plan.timeout,
        "auto_truncate": False,
    }
