"""A run folder opened for use, and how the file beside it is to be read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bertft import console
from bertft.adapters import Adapter
from bertft.adapters.record_check import check_answers, check_record
from bertft.engine.device import describe, start_accelerator
from bertft.engine.prepare import adapter_of_record
from bertft.engine.sharding import ready
from bertft.errors import UsageError
from bertft.kinds import KINDS
from bertft.model.folder import read_task
from bertft.model.network import load_network
from bertft.model.tokens import load_tokenizer
from bertft.plan import DataPlan, check_threads, merge_data
from bertft.recipe import PRECISIONS

Flags = dict[str, Any]


@dataclass(frozen=True)
class Opened:
    """A run folder, ready to answer."""

    folder: Path
    adapter: Adapter
    network: Any
    accelerator: Any


def open_run(path: str, precision: str | None, threads: int | None, *, fast: bool | None = None) -> Opened:
    """The model and the adapter of a run folder, on the device."""
    if precision is not None and precision not in PRECISIONS:
        raise UsageError(f"--precision is {precision}: one of {', '.join(PRECISIONS)}.")
    check_threads(threads)
    folder = Path(path)
    record = read_task(folder)
    check_record(record, path)
    adapter = adapter_of_record(record, load_tokenizer(path, words=KINDS[record.card.kind].reads_words))
    accelerator = start_accelerator(precision or "auto", threads, fast=fast)
    network = load_network(path, adapter.card.kind)
    check_answers(record, network, path)
    network = ready(network, accelerator)
    console.note(f"Model: {path}, task {adapter.card.name}; {describe(accelerator)}.")
    return Opened(folder, adapter, network, accelerator)


def file_plan(path: str, flags: Flags) -> DataPlan:
    """How to read a file that is scored or predicted."""
    same = {name: flags.get(name) for name in ("format", "encoding", "delimiter", "unknown_labels", "fix_answers")}
    return merge_data({}, {**same, "train": path, "header": False if flags["no_header"] else None})
