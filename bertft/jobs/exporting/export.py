"""Export: a run in, its network as a graph out, scored beside the run. Nothing is written before the graph has passed."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save

from bertft import console, fast
from bertft.adapters import Adapter
from bertft.adapters.record_check import check_answers, check_record
from bertft.classic.models import CLASSICS, is_classic
from bertft.engine.answerer import Answerer
from bertft.engine.device import process_kept, resolve_precision, set_threads
from bertft.engine.plain_device import PlainDevice
from bertft.engine.prepare import adapter_of_record
from bertft.errors import UsageError
from bertft.exporting.equality import Comparing, Remembering, check_equal, refuse_unequal
from bertft.exporting.gate import Measure, Measured, check_lost, form_score
from bertft.exporting.graph_file import constants_of, graph_bytes
from bertft.exporting.made import check_free, write_export
from bertft.exporting.plain import plain_reading
from bertft.exporting.quantized import quantized
from bertft.graph import (
    FormScore,
    GraphNetwork,
    GraphRecord,
    PlainReading,
    count_parameters,
    has_graph,
    int8_units,
)
from bertft.graph.guard import needs_onnx
from bertft.graph.network import graph_of
from bertft.jobs.exporting.gate_rows import judge_for
from bertft.jobs.exporting.pack import next_step, texts_of
from bertft.jobs.hub.public_files import make_public
from bertft.jobs.hub.pull import run_folder
from bertft.jobs.opening import check_reads_rows
from bertft.jobs.requests import ExportRequest
from bertft.kinds import KINDS
from bertft.model.backbone import is_ours
from bertft.model.folder import TaskRecord, model_files, read_task
from bertft.model.network import load_network
from bertft.model.tokens import fit_to_model, load_tokenizer
from bertft.plan.plan import merge
from bertft.plan.sections import ExportPlan, MachinePlan
from bertft.runs import TASK_FILE
from bertft.system.versions import versions

FP32, BF16, INT8 = "fp32", "bf16", "int8"


@dataclass(frozen=True)
class Exported:
    """What `export` wrote."""

    run: str
    output: str
    record: GraphRecord
    bytes_before: int
    """Of the run's model files, and of the exported ones."""
    bytes_after: int
    next: str
    """What to type then."""

    def as_dict(self) -> dict[str, Any]:
        sizes = {"bytes_before": self.bytes_before, "bytes_after": self.bytes_after}
        return {"run": self.run, "output": self.output, **sizes, "next": self.next, **self.record.as_dict()}


@dataclass(frozen=True)
class Source:
    """A run whose network is exported."""

    folder: Path
    task: TaskRecord
    adapter: Adapter
    network: Any
    constants: dict[str, np.ndarray[Any, Any]]

    def answerer(self, network: Any, precision: str = FP32) -> Answerer:
        device: Any = PlainDevice(precision)
        return Answerer(self.adapter, network, device)

    def graph(self, content: bytes) -> GraphNetwork:
        """The network as onnxruntime computes it."""
        threads, where = torch.get_num_threads(), f"{self.folder}, exported"
        return graph_of(content, self.network.config, self.constants, None, threads=threads, where=where)

    @property
    def parameters(self) -> int:
        return count_parameters(self.network)

    @property
    def weights(self) -> list[Path]:
        return [self.folder / name for name in model_files(self.folder) if name.endswith(".safetensors")]


def export(request: ExportRequest) -> Exported:
    """Open the run, make a graph of it, score both, write."""
    plan = merge(ExportPlan, request.export)
    if not request.output:
        raise UsageError("-o is missing: the folder to write to.")
    if not plan.gate and (request.data or request.columns or request.reading or "max_drop" in request.export):
        raise UsageError(
            "--no-gate scores nothing, so --data, --max-drop and how rows are read have no effect. Leave one out."
        )
    needs_onnx()
    texts, step = texts_of(request, is_graph=True), next_step(request)
    check_free(Path(request.output))
    request = replace(request, run=run_folder(request.run))
    with process_kept():
        return _exported(request, plan, open_source_run(request), texts, step)


def open_source_run(request: ExportRequest) -> Source:
    """The run's network on the processor, as transformers has it."""
    folder = Path(request.run)
    task = read_task(folder)
    check_record(task, request.run)
    if has_graph(folder):
        raise UsageError(
            f"{folder}: is exported already. Name the run that it was made from, or score it again: --check"
        )
    kind = KINDS[task.card.kind]
    adapter = adapter_of_record(task, load_tokenizer(request.run, words=kind.reads_words, as_saved=True))
    network: Any = load_network(request.run, task.card.kind)
    check_answers(task, network, request.run)
    device: Any = PlainDevice()
    check_reads_rows(Answerer(adapter, network, device), request.run)
    if is_classic(network.config):
        raise UsageError(
            f"{folder}: was fitted at once ({', '.join(CLASSICS)}), so there is no network to make a graph of. Use it as it is: "
            f"bertft predict {shlex.quote(request.run)} INPUT -o OUTPUT.csv"
        )
    fit_to_model(adapter.tokenizer, network.config, request.run)
    network.eval()
    machine = merge(MachinePlan, request.machine)
    set_threads(machine.threads, device)
    fast.switch(machine.fast)
    return Source(folder, task, adapter, network, constants_of(network))


def _exported(
    request: ExportRequest, plan: ExportPlan, source: Source, texts: Mapping[str, str], step: str
) -> Exported:
    judge = judge_for(request, source.adapter) if plan.gate else None
    console.note(f"Exporting {source.folder} to ONNX.")
    again: Any = load_network(request.run, source.task.card.kind)  # the exporter leaves its marks on the one it follows
    graphs = {FP32: graph_bytes(again.eval(), source.adapter.tokenizer, request.run)}
    del again
    check_equal(source.network, source.graph(graphs[FP32]), source.adapter.tokenizer, request.run)
    if plan.int8:
        graphs[INT8] = quantized(graphs[FP32])
    gate = score_forms(source, graphs, judge.measure) if judge else Gate([])
    precision, content = list(graphs.items())[-1]
    constants = save(source.constants) if source.constants else b""
    record = GraphRecord(
        precision=precision,
        sha256=hashlib.sha256(content).hexdigest(),
        constants=hashlib.sha256(constants).hexdigest() if constants else "",
        parameters=source.parameters,
        source=_digest(source.weights),
        units=int8_units() if judge else "",
        checked_on=(),
        data=judge.name if judge else "",
        data_sha256=judge.sha256 if judge else "",
        rows=gate.rows,
        metric=gate.metric,
        forms=gate.forms,
        versions=versions(),
        plain=_plain_reading(source),
    )
    gate.tell()
    gate.check(plan.max_drop, request.run)
    folder = Path(str(request.output))
    write_export(
        source.folder,
        folder,
        content,
        constants,
        record,
        source.task,
        keep_weights=plan.keep_weights,
        texts=texts,
        last=lambda beside: make_public(beside, source.folder) if request.recipe else None,
    )
    return Exported(request.run, str(folder), record, _size(source.folder), _size(folder), step)


def _plain_reading(source: Source) -> PlainReading | None:
    """What spares the export torch, where it can."""
    if not source.adapter.reads_plainly:
        return None
    found = plain_reading(source.adapter.tokenizer, source.network.config, source.folder)
    if found is None:
        console.note("Transformers has to read this tokenizer, so the export loads torch when it answers.")
    return found


@dataclass(frozen=True)
class Gate:
    """The forms of a network, best known first: torch in fp32, which the others are held against."""

    found: Sequence[tuple[str, int, Measured]]
    """Form, bytes on disk, what it is worth."""

    @property
    def forms(self) -> tuple[FormScore, ...]:
        return tuple(form_score(form, size, one, self.found[0][2]) for form, size, one in self.found)

    @property
    def rows(self) -> int:
        return self.found[0][2].scores.examples if self.found else 0

    @property
    def metric(self) -> str:
        return self.found[0][2].scores.main if self.found else ""

    def tell(self) -> None:
        """What each form is worth; said before one of them is refused."""
        for one in self.forms:
            score = "undefined" if one.score is None else f"{one.score:.4f}"
            console.note(
                f"{one.form}: {self.metric} {score}, {one.bytes / 1e6:.1f} MB, {one.examples_per_second:,.0f} rows/s, "
                f"{one.agreement:.2%} the same answers"
            )

    def check(self, most: float, where: str) -> None:
        """UsageError for a graph that lost too much."""
        for one in self.forms:
            if one.form.startswith("onnx"):
                check_lost(self.forms[0].score, one.score, self.metric, one.form, most, where)


def score_forms(source: Source, graphs: Mapping[str, bytes], measure: Measure) -> Gate:
    """Torch first, in fp32 and in bf16 where the processor has it, then the graphs. UsageError where the fp32 graph gives other
    outputs than torch on any row."""
    fast.speed_up(source.network, torch.device("cpu"))
    size = sum(path.stat().st_size for path in source.weights)
    keeps = KINDS[source.adapter.card.kind].is_trained  # of masks there would be a vocabulary of outputs for each
    plain: Any = Remembering(source.network) if keeps else source.network
    found = [("torch fp32", size, measure(source.answerer(plain), "torch fp32"))]
    computes_in_it = not is_ours(source.network.config)  # those from before BERT are in fp32 whatever is asked for
    if computes_in_it and resolve_precision("auto", cuda=False) == BF16:
        found.append(("torch bf16", size, measure(source.answerer(source.network, BF16), "torch bf16")))
    for precision, content in graphs.items():
        graph: Any = source.graph(content)
        compared = Comparing(graph, plain.kept) if keeps and precision == FP32 else graph
        found.append((form := f"onnx {precision}", len(content), measure(source.answerer(compared), form)))
        if compared is not graph:
            refuse_unequal(compared.farthest, "these rows", str(source.folder))
    return Gate(found)


def _digest(files: Sequence[Path]) -> str:
    """One of all of them."""
    found = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            found.update(hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()


def _size(folder: Path) -> int:
    return sum((folder / name).stat().st_size for name in [TASK_FILE, *model_files(folder)])
