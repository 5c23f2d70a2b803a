"""The rows that an export is scored on: those that chose the run's model, or a labelled file. Of a run that learned from texts
alone: a corpus."""

from __future__ import annotations

from pathlib import Path

from bertft import console
from bertft.adapters import Adapter
from bertft.engine.answerer import Answerer
from bertft.engine.examples import Examples, gather
from bertft.engine.prepare import Tables, learning_examples
from bertft.errors import UsageError, UserError
from bertft.exporting.gate import GateRows, Judge, Measured
from bertft.graph import GraphRecord, read_graph_record
from bertft.jobs.judging.comparable import TRAIN, VALIDATION, record_of, splits_with
from bertft.jobs.judging.eval import data_file
from bertft.jobs.judging.judged import fitted
from bertft.jobs.judging.judged_corpus import score_corpus
from bertft.jobs.judging.own_rows import own_rows
from bertft.jobs.requests import EvalRequest, ExportRequest
from bertft.jobs.splits import read_split, reading_plan
from bertft.kinds import KINDS
from bertft.reading.digests import sha256_of, sha256_of_rows
from bertft.runs.record import DataFile, read_record


def judge_for(request: ExportRequest, adapter: Adapter) -> Judge:
    """What scores the forms of a run's network. UsageError where no rows are known."""
    if not KINDS[adapter.card.kind].is_trained:
        return _of_corpus(request)
    if not request.data or (request.check and _is_what_it_learned_from(request)):
        return _own(request, adapter)
    return _of_file(request, adapter)


def _is_what_it_learned_from(request: ExportRequest) -> bool:
    """Whether the file has the content of the training file, a part of which scored the export."""
    run, digest = record_of(request.run), sha256_of(str(request.data))
    is_scored_whole = digest == read_graph_record(Path(request.run)).data_sha256
    if run is None or digest is None or is_scored_whole or VALIDATION in run.data:
        return False
    return splits_with(digest, run) == {TRAIN}


def scored_by(folder: Path, record: GraphRecord) -> str:
    """Where the rows come from that scored an export, for messages."""
    run = record_of(str(folder))
    if run is None or record.data != VALIDATION:
        return f"'{record.data}' (sha256 {record.data_sha256[:12]})"
    if VALIDATION in run.data:
        return _named(run.data[VALIDATION])
    files = [_named(file) for split, file in run.data.items() if split.startswith(TRAIN)]
    if len(files) > 1:
        return f"a part of {', '.join(files)}; put these where the run read them, and leave --data out"
    return f"{', '.join(files)}, from which it learned; they are a part of it"


def _named(file: DataFile) -> str:
    return f"{file.path} (sha256 {(file.sha256 or 'unknown')[:12]})"


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
            found = own_rows(folder, request.tables, train=request.data)
            examples = learning_examples(found.plan, adapter, adapter.reader, found.tables)[1]
    except UserError as problem:
        raise type(problem)(f"{problem} {_way_out(request)}") from None
    record = read_record(folder)
    if record.refitted:
        console.warn(
            f"{folder}: its model has learned from its validation rows after they chose it, so all forms look better on them "
            f"than they are. Rows that it has not seen judge better: --data FILE."
        )
    digest = record.data[VALIDATION].sha256 if VALIDATION in record.data else _digest(found.tables, examples)
    return Judge(VALIDATION, digest or "", GateRows(adapter, examples).measure)


def _digest(tables: Tables, examples: Examples) -> str:
    """Of the rows of examples that are a part of the training rows."""
    return sha256_of_rows(tables.train[windows[0].row] for windows in examples.windows)


def _way_out(request: ExportRequest) -> str:
    if not request.check:
        return "Or export without scoring: --no-gate."
    folder = Path(request.run)
    return f"It must be the one with the rows that scored the export: {scored_by(folder, read_graph_record(folder))}."


def _of_corpus(request: ExportRequest) -> Judge:
    if not request.data:
        raise UsageError(
            f"{request.run}: learned from texts without labels, and which of them judged it is not known. Name a corpus with "
            f"--data. {_way_out(request)}"
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
