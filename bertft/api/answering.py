"""Python functions that put a run to use: predict, load."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertft.api.keywords import columns_of, roles
from bertft.errors import UsageError
from bertft.jobs.from_program import called_from_program, folder_of
from bertft.plan.keywords import checked_keywords, keywords_of
from bertft.plan.sections import READS, WISHES, BackendPlan, DataPlan, MachinePlan
from bertft.plan.settings import typed
from bertft.remote import is_address
from bertft.system.signals import as_keyboard_interrupt

if TYPE_CHECKING:
    from bertft.jobs.predicting.model import Model
    from bertft.jobs.predicting.predict import Predicted

ANSWER: dict[str, tuple[str, Any]] = {name: (name, kind) for name, kind in WISHES.items()}
OF_ROWS: dict[str, tuple[str, Any]] = {"prefix": ("prefix", str), "max_answer": ("max_answer", int)}
OWN: dict[str, tuple[str, Any]] = {"raw_probabilities": ("raw_probabilities", bool)}
OF_A_FILE: dict[str, tuple[str, Any]] = {
    **{"raw": ("raw", bool), "resume": ("resume", bool), "form": ("form", str)},
    **{"shard": ("shard", str), "shard_rows": ("shard_rows", int)},
}
"""Keywords of settings that are declared elsewhere, with their types."""


def predict(
    run: Any, data: Any, *, output: Any = None, precision: str | None = None, quiet: bool = True, **settings: Any
) -> Any:
    """The rows with their answers, in order: a frame for a frame, else a list of dicts. `data` is a file, rows, or a list of
    inputs as `load` takes them. With `output` a file is written, as `bertft predict` does, and the result counts its rows.
    `settings`: column names and the flags of `bertft predict`."""
    known = {
        **roles("text", "text_pair"),
        **ANSWER,
        **OF_ROWS,
        **OWN,
        **keywords_of(DataPlan, only=READS),
        **keywords_of(MachinePlan),
        **keywords_of(BackendPlan),
    }
    settings = checked_keywords(settings, {**known, **(OF_A_FILE if output is not None else {})})
    if output is not None:
        return _predict_file(run, data, str(output), precision, quiet, settings)
    refuse_service(run, "With output=FILE a service answers a file")
    opened = {name: settings.get(name) for name in ("threads", "fast", "backend", "raw_probabilities")}
    model = load(run, precision=precision, quiet=quiet, **opened)
    answer = {name: settings.get(name) for name in WISHES}
    with called_from_program(quiet):
        of_rows = {name: settings.get(name) for name in OF_ROWS}
        return model.table(data, columns=columns_of(settings), reading=typed(DataPlan, settings), **of_rows, **answer)


def load(
    run: Any,
    *,
    precision: str | None = None,
    threads: int | None = None,
    fast: bool | None = None,
    backend: str | None = None,
    raw_probabilities: bool | None = None,
    quiet: bool = True,
) -> Model:
    """A run that answers: `load("runs/mine")("a text")` is a dict, with a list of inputs a list of dicts. An input is a text, a
    tuple of two texts or of question and context, a list of words for a tagger (in a list of inputs), or a dict of columns.
    `raw_probabilities`: the network's own, not calibrated. `backend`: torch or onnx, of a folder with both."""
    from bertft.jobs.hub.pull import run_folder
    from bertft.jobs.opening import check_reads_rows, open_run
    from bertft.jobs.predicting.model import Model
    from bertft.jobs.predicting.unsure import with_own_probabilities
    from bertft.plan.plan import merge

    if isinstance(run, Model):
        if (precision, threads, fast, backend, raw_probabilities) != (None,) * 5:
            raise UsageError(
                "precision, threads, fast, backend and raw_probabilities are for `load`: this model is loaded already."
            )
        return run
    refuse_service(run, "bertft.predict(…, output=FILE) asks a service")
    machine = merge(MachinePlan, checked_keywords({"threads": threads, "fast": fast}, keywords_of(MachinePlan)))
    with called_from_program(quiet):
        folder = run_folder(folder_of(run))
        answerer = open_run(folder, precision, machine, backend=backend)
        check_reads_rows(answerer, folder)
        adapter = with_own_probabilities(answerer.adapter, raw=bool(raw_probabilities))
        return Model(Path(folder), replace(answerer, adapter=adapter))


def refuse_service(run: Any, instead: str) -> None:
    """UsageError for an address where a run folder is wanted."""
    if is_address(run):
        raise UsageError(f"{run}: a service, wanted a run folder. {instead}.")


def _predict_file(
    run: Any, data: Any, output: str, precision: str | None, quiet: bool, settings: Mapping[str, Any]
) -> Predicted:
    from bertft.jobs.predicting.predict_file import predict_file as run_prediction
    from bertft.jobs.requests import PredictRequest

    if not isinstance(data, str | os.PathLike):
        raise UsageError("output is for the answers to a file; leave it out to get those to rows back.")
    request = PredictRequest(
        run=run if is_address(run) else folder_of(run),
        input=str(data),
        output=output,
        columns=columns_of(settings),
        reading=typed(DataPlan, settings),
        precision=precision,
        backend=settings.get("backend"),
        machine=typed(MachinePlan, settings),
        raw=bool(settings.get("raw")),
        form=settings.get("form"),
        max_answer=settings.get("max_answer"),
        prefix=settings.get("prefix"),
        resume=bool(settings.get("resume")),
        shard=settings.get("shard"),
        shard_rows=settings.get("shard_rows"),
        top_k=settings.get("top_k"),
        min_probability=settings.get("min_probability"),
        min_accuracy=settings.get("min_accuracy"),
        raw_probabilities=bool(settings.get("raw_probabilities")),
        scheme=settings.get("scheme"),
        n_best=settings.get("n_best"),
        fallback_label=settings.get("fallback_label"),
    )
    with called_from_program(quiet), as_keyboard_interrupt():
        return run_prediction(request)
