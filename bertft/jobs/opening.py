"""A run folder in, the Answerer that its model and adapter make out."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

from bertft import console
from bertft.adapters import Adapter
from bertft.adapters.record_check import check_answers, check_record
from bertft.engine.answerer import Answerer
from bertft.engine.device import describe, start_accelerator
from bertft.engine.prepare import adapter_of_record
from bertft.engine.sharding import ready
from bertft.errors import UsageError
from bertft.kinds import KINDS, takes
from bertft.model.backbone import is_ours
from bertft.model.folder import read_task
from bertft.model.network import load_network
from bertft.model.tokens import fit_to_model, load_tokenizer
from bertft.plan.recipe import PRECISIONS, Recipe
from bertft.plan.sections import MachinePlan
from bertft.plan.settings import settings_of


def open_run(path: str, precision: str | None, machine: MachinePlan, *, weights: Path | None = None) -> Answerer:
    """The model and the adapter of a run folder, on the device. `weights`: the folder of another state of its model."""
    if precision is not None and precision not in PRECISIONS:
        raise UsageError(f"--precision is {precision}: one of {', '.join(PRECISIONS)}.")
    record = read_task(Path(path))
    check_record(record, path)
    reads_words = KINDS[record.card.kind].reads_words
    adapter = adapter_of_record(record, load_tokenizer(str(weights or path), words=reads_words, as_saved=True))
    accelerator = start_accelerator(precision or "auto", machine)
    network: Any = load_network(str(weights or path), adapter.card.kind)
    check_answers(record, network, path)
    fit_to_model(adapter.tokenizer, network.config, path)
    console.note(f"Model: {path}, task {adapter.card.name}; {describe(accelerator, is_ours=is_ours(network.config))}.")
    return Answerer(adapter, ready(network, accelerator), accelerator)


def check_reads_rows(answerer: Answerer, path: str) -> None:
    """UsageError for a run that answers nothing."""
    if not answerer.adapter.reads_rows:
        use = KINDS[answerer.adapter.card.kind].use.format(folder=shlex.quote(path), input="DATA", output="")
        raise UsageError(
            f"{path}: two language models, which answer nothing by themselves. A head reads their layers: {use}"
        )


def check_has_labels(path: str) -> None:
    """UsageError for a run that learned from texts alone, where rows with gold values are asked for."""
    if not KINDS[read_task(Path(path)).card.kind].is_trained:
        raise UsageError(
            f"{path}: a run that learned from texts without labels, so there are no right and wrong rows to show. "
            f"bertft eval {path} CORPUS gives its perplexity."
        )


def with_max_answer(adapter: Adapter, tokens: int | None) -> Adapter:
    """The adapter with another length of the longest answer; UsageError where there are no answers."""
    if tokens is None:
        return adapter
    if not takes("max_answer", adapter.card.kind):
        raise UsageError("--max-answer does not apply: this run does not answer questions. Leave it out.")
    setting = settings_of(Recipe)["max_answer"]
    if not setting.fits(tokens):
        raise UsageError(f"--max-answer is {tokens}: {setting.wanted}.")
    return replace(adapter, options=replace(adapter.options, max_answer=tokens))
