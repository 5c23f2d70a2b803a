"""The Python function that describes a model: info."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertft.jobs.from_program import called_from_program, folder_of

if TYPE_CHECKING:
    from bertft.report.described import Described


def info(
    model: Any,
    *,
    head: str | None = None,
    labels: int | None = None,
    freeze: str | int | None = None,
    batch_size: int | None = None,
    length: int | None = None,
    used_tokens: int | None = None,
    precision: str | None = None,
    fast: bool | None = None,
    quiet: bool = True,
) -> Described:
    """Count what a model or run holds, keeps and computes; the result has `parameters`, `parts`, `memory` and `operations`.
    Keywords are the flags of `bertft info`."""
    from bertft.jobs.judging.info import info as describe
    from bertft.jobs.requests import InfoRequest

    request = InfoRequest(
        model=folder_of(model),
        head=head,
        labels=labels,
        freeze=None if freeze is None else str(freeze),
        batch_size=batch_size,
        length=length,
        used_tokens=used_tokens,
        precision=precision,
        fast=fast,
    )
    with called_from_program(quiet):
        return describe(request)
