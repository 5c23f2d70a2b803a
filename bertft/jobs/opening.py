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
from bertft.engine.device import start_accelerator, start_alone
from bertft.engine.prepare import adapter_of_record
from bertft.errors import UsageError
from bertft.graph import (
    AUTO,
    GraphNetwork,
    int8_units,
    load_graph,
    plain_tokenizer,
    read_graph_record,
    uses_graph,
)
from bertft.kinds import KINDS, takes
from bertft.model.backbone import read_model_config
from bertft.model.folder import TaskRecord, read_task
from bertft.model.tokens import check_belongs, fit_to_model, load_tokenizer
from bertft.plan.recipe import PRECISIONS, Recipe
from bertft.plan.sections import MachinePlan
from bertft.plan.settings import settings_of
from bertft.protocols import Device, Tokenizer
from bertft.system.hub import shown_run
from bertft.system.lean import is_launched, load_lean


def open_run(
    path: str,
    precision: str | None,
    machine: MachinePlan,
    *,
    weights: Path | None = None,
    backend: str | None = None,
) -> Answerer:
    """The model and the adapter of a run folder, on the device. `weights`: the folder of another state of its model. `backend`:
    torch or onnx, where the folder holds both; None: by its graph if it has one."""
    if precision is not None and precision not in PRECISIONS:
        raise UsageError(f"--precision is {precision}: one of {', '.join(PRECISIONS)}.")
    folder = weights or Path(path)
    record, is_graph = read_task(Path(path)), uses_graph(folder, backend or AUTO)
    check_record(record, path)
    if is_graph:
        check_graph_wishes(path, precision, machine)
        answerer = _by_graph(folder, record, path, machine)
    else:
        load_lean()  # before accelerate loads what it leaves out
        answerer = _by_weights(folder, record, path, start_accelerator(precision or "auto", machine))
    console.note(f"Model: {shown_run(path)}, task {answerer.adapter.card.name}; {answerer.device}.")
    return answerer


def _by_weights(folder: Path, record: TaskRecord, path: str, accelerator: Device) -> Answerer:
    """By a network of torch."""
    from bertft.engine.sharding import ready
    from bertft.model.network import load_network

    adapter = adapter_of_record(record, _tokenizer_of(folder, record))
    network: Any = load_network(str(folder), adapter.card.kind)
    check_answers(record, network, path)
    fit_to_model(adapter.tokenizer, network.config, path)
    return Answerer(adapter, ready(network, accelerator), accelerator)


def _by_graph(folder: Path, record: TaskRecord, path: str, machine: MachinePlan) -> Answerer:
    """By onnxruntime: without torch and transformers, unless it is one of several processes, or its tokenizer needs them."""
    device, threads = _device_of_graph(machine)
    plain = read_graph_record(folder).plain
    tokenizer: Any = plain_tokenizer(folder, plain)
    if not tokenizer:
        load_lean()
    config: Any = plain if tokenizer else read_model_config(str(folder))
    adapter = adapter_of_record(record, tokenizer or _tokenizer_of(folder, record))
    network = open_graph(folder, config, threads)
    check_answers(record, network, path)
    (check_belongs if tokenizer else fit_to_model)(adapter.tokenizer, config, path)
    return Answerer(adapter, network, device)


def _device_of_graph(machine: MachinePlan) -> tuple[Device, int]:
    """The processor without torch, or what accelerate gives to one of several processes; and the number of threads."""
    if not is_launched():
        return start_alone(machine)
    import torch

    return start_accelerator("auto", machine), torch.get_num_threads()


def _tokenizer_of(folder: Path, record: TaskRecord) -> Tokenizer:
    return load_tokenizer(str(folder), words=KINDS[record.card.kind].reads_words, as_saved=True)


def open_graph(folder: Path, config: Any, threads: int) -> GraphNetwork:
    """That of an exported folder, with a word where it may answer otherwise on this processor than where it was scored, or where
    it was never scored."""
    network = load_graph(folder, config, threads=threads)
    if network.record and network.record.is_a_guess:
        console.warn(
            f"{folder}: its int8 answers were never scored beside the run's (--no-gate). To score them: "
            f"bertft eval {shlex.quote(str(folder))} FILE"
        )
    if network.record and (words := network.record.doubt_on(int8_units())):
        console.warn(
            f"{folder}: {words} To score it here: bertft export {shlex.quote(str(folder))} --check --data FILE"
        )
    return network


def check_graph_wishes(path: str, precision: str | None, machine: MachinePlan) -> None:
    """UsageError for what a graph cannot do."""
    if precision not in (None, "auto"):
        raise UsageError(
            f"--precision {precision} does not apply: the graph in {path} has a precision of its own. Leave it out."
        )
    if machine.fast is not None:
        raise UsageError(
            f"--fast and --no-fast do not apply: {path} holds a graph, which onnxruntime computes. Leave it out."
        )


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
