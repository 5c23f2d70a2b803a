"""The rows that an export is scored on: those that chose the run's model, or a labelled file. Of a run that learned from texts
alone: a corpus."""

from __future__ import annotations

from pathlib import Path

from bertft import console
from bertft.adapters import Adapter
from bertft.engine.answerer import Answerer
from bertft.engine.examples import gather
from bertft.engine.prepare import learning_examples
from bertft.errors import UsageError, UserError
from bertft.exporting.gate import GateRows, Judge, Measured
from bertft.jobs.eval import data_file
from bertft.jobs.judged import fitted
from bertft.jobs.judged_corpus import score_corpus
from bertft.jobs.own_rows import own_rows
from bertft.jobs.requests import EvalRequest, ExportRequest
from bertft.jobs.splits import read_split, reading_plan
from bertft.kinds import KINDS
from bertft.reading.digests import sha256_of
from bertft.runs.record import read_record


def judge_for(request: ExportRequest, adapter: Adapter) -> Judge:
    """What scores the forms of a run's network. UsageError where no rows are known."""
    if not KINDS[adapter.card.kind].is_trained:
        return _of_corpus(request)
    return _of_file(request, adapter) if request.data else _own(request, adapter)


def _of_file(request: ExportRequest, adapter: Adapter) -> Judge:
    asked = _as_eval(request)
    data = reading_plan(asked.data, request.reading)
    table = read_split(asked.data, data, request.tables)
    adapter = fitted(adapter, table, asked)
    reader = adapter.reader.for_file(table)
    found = gather(adapter, reader, table, table.name, unknown=data.unknown_labels, learning=False)
    return Judge(table.name, data_file(asked, table).sha256 or "", GateRows(adapter, found).measure)


def _own(request: ExportRequest, adapter: Adapter) -> Judge:
    """The validation rows of the run."""
    if request.columns or request.reading:
        raise UsageError(
            "Column names and ways of reading are for --data; the run's own rows are read as it read them."
        )
    folder = Path(request.run)
    try:
        with console.hushed():
            found = own_rows(folder, request.tables)
            examples = learning_examples(found.plan, adapter, adapter.reader, found.tables)[1]
    except UserError as problem:
        raise type(problem)(f"{problem} Or export without scoring: --no-gate.") from None
    record = read_record(folder)
    if record.refitted:
        console.warn(
            f"{folder}: its model has learned from its validation rows after they chose it, so all forms look better on them "
            f"than they are. Rows that it has not seen judge better: --data FILE."
        )
    of_file = record.data.get("validation")
    return Judge("validation", (of_file.sha256 if of_file else None) or "", GateRows(adapter, examples).measure)


def _of_corpus(request: ExportRequest) -> Judge:
    if not request.data:
        raise UsageError(
            f"{request.run}: learned from texts without labels, and which of them judged it is not known. Name a corpus with "
            f"--data, or export without scoring: --no-gate."
        )
    asked = _as_eval(request)

    def measure(answerer: Answerer, told: str) -> Measured:
        judged = score_corpus(asked, answerer)
        return Measured(judged.scores, None, judged.timings["examples_per_second"])

    return Judge(request.data, sha256_of(request.data) or "", measure)


def _as_eval(request: ExportRequest) -> EvalRequest:
    return EvalRequest(
        run=request.run,
        data=str(request.data),
        columns=request.columns,
        reading=request.reading,
        machine=request.machine,
        tables=request.tables,
    )
