"""The Python door: the same verbs as the command line, on files or on rows that a program holds.

    run = bertft.train([{"text": "…", "label": "…"}, …], model="minilm", output_dir="runs/mine")
    run.scores["validation"].values["accuracy"]
    bertft.evaluate("runs/mine", "test.csv").scores.main_value
    bertft.predict("runs/mine", ["a text", "another"])
    model = bertft.load("runs/mine"); model("a text")

Rows are a list of dicts, a dict of columns, a pandas DataFrame or a `datasets.Dataset`. Settings are the flags of the command,
with underscores. Mistakes raise those of `bertft.errors`; warnings go through `warnings`; all else is said with `quiet=False`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertft import console
from bertft.errors import UsageError
from bertft.jobs.from_program import alone, called_from_program, folder_of
from bertft.kinds import NAMED_PROBLEMS
from bertft.plan.keywords import checked_keywords, keywords_of
from bertft.plan.recipe import LENGTHS, Recipe
from bertft.plan.sections import (
    MEMORY,
    READS,
    READS_LABELLED,
    WISHES,
    DataPlan,
    MachinePlan,
    ModelPlan,
    OutputPlan,
    RunsPlan,
)
from bertft.plan.settings import typed
from bertft.system.cores import sleep_while_waiting
from bertft.system.signals import as_keyboard_interrupt

if TYPE_CHECKING:
    from bertft.checking.finding import Checked
    from bertft.engine.observers import Observer
    from bertft.engine.record import Finished
    from bertft.jobs.eval import Evaluated
    from bertft.jobs.model import Model
    from bertft.jobs.predict import Predicted
    from bertft.jobs.report import Reported
    from bertft.jobs.requests import TrainRequest
    from bertft.reading import Table
    from bertft.report.baselines import Baselines
    from bertft.report.compared import Compared

COLUMNS: dict[str, tuple[str, Any]] = {
    **{name: (name, str) for name in ("text_pair", "separator")},
    **{name: (name, tuple[str, ...]) for name in ("text", "label", "label_names")},
}
ANSWER: dict[str, tuple[str, Any]] = {name: (name, kind) for name, kind in WISHES.items()}
OF_ROWS: dict[str, tuple[str, Any]] = {"prefix": ("prefix", str), "max_answer": ("max_answer", int)}
OWN: dict[str, tuple[str, Any]] = {"raw_probabilities": ("raw_probabilities", bool)}
OF_A_FILE: dict[str, tuple[str, Any]] = {"raw": ("raw", bool), "resume": ("resume", bool), "form": ("form", str)}
"""Keywords of settings that are declared elsewhere, with their types."""

sleep_while_waiting()  # before torch wakes


def train(
    data: Any = None,
    *,
    validation: Any = None,
    test: Any = None,
    task: str | None = None,
    problem: str | None = None,
    config: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    observers: Sequence[Observer] = (),
    quiet: bool = True,
    **settings: Any,
) -> Finished:
    """Fine-tune a model; the result has the run's `folder` and `scores`. `data`, `validation` and `test` are files or rows.
    `problem`: single-label, multi-label or regression. `observers`: objects with `logged` and `evaluated`, which are told of
    losses and scores (engine/observers.py). `settings`: column names and flags of `bertft train`, as `text="review"`,
    `epochs=3`, `output_dir="runs/mine"`."""
    from bertft.jobs.train import train as run_training

    splits = {"train": data, "validation": validation, "test": test}
    request = replace(
        _train_request(splits, settings, problem, RunsPlan),
        task=task,
        config=config,
        resume=resume,
        overwrite=overwrite,
        observers=observers,
    )
    with alone("train"), called_from_program(quiet), as_keyboard_interrupt():
        return run_training(request)


def check(
    data: Any,
    *,
    validation: Any = None,
    test: Any = None,
    task: str | None = None,
    problem: str | None = None,
    quiet: bool = True,
    **settings: Any,
) -> Checked:
    """What is wrong with data before training on it; the result has `findings`, each with its `kind`, `count`, `examples` and
    `advice`. `settings`: column names and flags of `bertft check`."""
    from bertft.jobs.check import check as run_check

    known = {
        **COLUMNS,
        **keywords_of(DataPlan, only=(*READS, "fix_answers")),
        **keywords_of(Recipe, only=LENGTHS),
        **keywords_of(ModelPlan, only=("name",)),
    }
    checked_keywords(settings, known)
    splits = {"train": data, "validation": validation, "test": test}
    with console.in_a_program(quiet=quiet):
        return run_check(replace(_train_request(splits, settings, problem), task=task))


def baseline(
    data: Any,
    *,
    models: Sequence[str] | str = (),
    validation: Any = None,
    test: Any = None,
    task: str | None = None,
    problem: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    quiet: bool = True,
    **settings: Any,
) -> Baselines:
    """Train models from before BERT (`models`; without any those that suit the task) and BERT (`model`) on the same rows; the
    result has their `runs` and a `sentence`. `settings` as for `train`."""
    from bertft.jobs.baseline import baseline as run_baseline
    from bertft.jobs.baseline import models_named
    from bertft.jobs.requests import BaselineRequest

    splits = {"train": data, "validation": validation, "test": test}
    request = replace(_train_request(splits, settings, problem), task=task, resume=resume, overwrite=overwrite)
    with alone("baseline"), called_from_program(quiet), as_keyboard_interrupt():
        return run_baseline(BaselineRequest(train=request, models=models_named(models)))


def _train_request(
    splits: Mapping[str, Any], settings: Mapping[str, Any], problem: str | None, *more: type
) -> TrainRequest:
    """The data and settings of a request. `more`: sections that not every job has."""
    from bertft.jobs.requests import TrainRequest

    if problem not in (None, *NAMED_PROBLEMS):
        raise UsageError(f"problem is {problem!r}: one of {', '.join(NAMED_PROBLEMS)}.")

    kinds = (DataPlan, ModelPlan, Recipe, OutputPlan, MachinePlan, *more)
    settings = checked_keywords(settings, {**COLUMNS, **keywords_of(*kinds, leave_out=("validation", "test"))})
    tables: dict[str, Table] = {}
    named = {split: _named(rows, split, tables) for split, rows in splits.items() if rows is not None}
    return TrainRequest(
        problem=problem,
        columns=_columns(settings),
        data={**typed(DataPlan, settings), **named},
        model=typed(ModelPlan, settings),
        recipe=typed(Recipe, settings),
        runs=typed(RunsPlan, settings),
        output=typed(OutputPlan, settings),
        machine=typed(MachinePlan, settings),
        command="bertft.train(…)",
        tables=tables,
    )


def evaluate(
    run: Any,
    data: Any,
    *,
    metric: str | None = None,
    min_probability: float | None = None,
    min_accuracy: float | None = None,
    raw_probabilities: bool = False,
    precision: str | None = None,
    quiet: bool = True,
    **settings: Any,
) -> Evaluated:
    """Score a run on a labelled file or rows; the result has `scores` and `timings`, with `min_probability` also `coverage`.
    `settings`: column names and the flags of `bertft eval`."""
    from bertft.jobs.eval import evaluate as run_evaluation
    from bertft.jobs.requests import EvalRequest

    settings = checked_keywords(settings, {**_of_labelled(), "max_answer": ("max_answer", int)})
    tables: dict[str, Table] = {}
    request = EvalRequest(
        run=folder_of(run),
        data=_named(data, "data", tables),
        columns=_columns(settings),
        reading=typed(DataPlan, settings),
        metric=metric,
        max_answer=settings.get("max_answer"),
        min_probability=min_probability,
        min_accuracy=min_accuracy,
        raw_probabilities=raw_probabilities,
        precision=precision,
        machine=typed(MachinePlan, settings),
        tables=tables,
    )
    with called_from_program(quiet):
        return run_evaluation(request)


def compare(
    runs: Sequence[Any],
    data: Any = None,
    *,
    metric: str | None = None,
    output: Any = None,
    examples: int = 5,
    precision: str | None = None,
    quiet: bool = True,
    **settings: Any,
) -> Compared:
    """Hold runs against the first of them, on a labelled file or rows, or on the rows that judged them; the result has
    `sentences`, `differences` and `changes`. `settings`: column names and the flags of `bertft compare`."""
    from bertft.jobs.compare import compare as run_comparison
    from bertft.jobs.requests import CompareRequest

    if isinstance(runs, str | os.PathLike) or hasattr(runs, "folder"):
        raise UsageError("compare takes a list of runs: compare([one, other]).")
    settings = checked_keywords(settings, _of_labelled())
    tables: dict[str, Table] = {}
    request = CompareRequest(
        runs=[folder_of(run) for run in runs],
        data=None if data is None else _named(data, "data", tables),
        columns=_columns(settings),
        reading=typed(DataPlan, settings),
        metric=metric,
        precision=precision,
        machine=typed(MachinePlan, settings),
        tables=tables,
        examples=examples,
        output=None if output is None else str(output),
    )
    with called_from_program(quiet):
        return run_comparison(request)


def write_report(
    run: Any,
    data: Any = None,
    *,
    output: Any = None,
    plots: Any = None,
    metric: str | None = None,
    precision: str | None = None,
    quiet: bool = True,
    **settings: Any,
) -> Reported:
    """Write an HTML page about a run on a labelled file or rows, or on the rows that judged it; the result has its `path`.
    `settings`: column names and the flags of `bertft report`."""
    from bertft.jobs.report import report as run_report
    from bertft.jobs.requests import ReportRequest

    settings = checked_keywords(settings, _of_labelled())
    tables: dict[str, Table] = {}
    request = ReportRequest(
        run=folder_of(run),
        data=None if data is None else _named(data, "data", tables),
        output=None if output is None else str(output),
        plots=None if plots is None else str(plots),
        columns=_columns(settings),
        reading=typed(DataPlan, settings),
        metric=metric,
        precision=precision,
        machine=typed(MachinePlan, settings),
        tables=tables,
    )
    with called_from_program(quiet):
        return run_report(request)


def predict(
    run: Any, data: Any, *, output: Any = None, precision: str | None = None, quiet: bool = True, **settings: Any
) -> Any:
    """The rows with their answers, in order: a frame for a frame, else a list of dicts. `data` is a file, rows, or a list of
    inputs as `load` takes them. With `output` a file is written, as `bertft predict` does, and the result counts its rows.
    `settings`: column names and the flags of `bertft predict`."""
    known = {
        **_roles("text", "text_pair"),
        **ANSWER,
        **OF_ROWS,
        **OWN,
        **keywords_of(DataPlan, only=READS),
        **keywords_of(MachinePlan),
    }
    settings = checked_keywords(settings, {**known, **(OF_A_FILE if output is not None else {})})
    if output is not None:
        return _predict_file(run, data, str(output), precision, quiet, settings)
    opened = {name: settings.get(name) for name in ("threads", "fast", "raw_probabilities")}
    model = load(run, precision=precision, quiet=quiet, **opened)
    answer = {name: settings.get(name) for name in WISHES}
    with called_from_program(quiet):
        of_rows = {name: settings.get(name) for name in OF_ROWS}
        return model.table(data, columns=_columns(settings), reading=typed(DataPlan, settings), **of_rows, **answer)


def load(
    run: Any,
    *,
    precision: str | None = None,
    threads: int | None = None,
    fast: bool | None = None,
    raw_probabilities: bool | None = None,
    quiet: bool = True,
) -> Model:
    """A run that answers: `load("runs/mine")("a text")` is a dict, with a list of inputs a list of dicts. An input is a text, a
    tuple of two texts or of question and context, a list of words for a tagger (in a list of inputs), or a dict of columns.
    `raw_probabilities`: the network's own, not calibrated."""
    from bertft.jobs.model import Model
    from bertft.jobs.opening import open_run
    from bertft.jobs.unsure import with_own_probabilities
    from bertft.plan.plan import merge

    if isinstance(run, Model):
        if (precision, threads, fast, raw_probabilities) != (None,) * 4:
            raise UsageError(
                "precision, threads, fast and raw_probabilities are for `load`: this model is loaded already."
            )
        return run
    machine = merge(MachinePlan, checked_keywords({"threads": threads, "fast": fast}, keywords_of(MachinePlan)))
    with called_from_program(quiet):
        answerer = open_run(folder_of(run), precision, machine)
        adapter = with_own_probabilities(answerer.adapter, raw=bool(raw_probabilities))
        return Model(Path(folder_of(run)), replace(answerer, adapter=adapter))


def _predict_file(
    run: Any, data: Any, output: str, precision: str | None, quiet: bool, settings: Mapping[str, Any]
) -> Predicted:
    from bertft.jobs.predict import predict as run_prediction
    from bertft.jobs.requests import PredictRequest

    if not isinstance(data, str | os.PathLike):
        raise UsageError("output is for the answers to a file; leave it out to get those to rows back.")
    request = PredictRequest(
        run=folder_of(run),
        input=str(data),
        output=output,
        columns=_columns(settings),
        reading=typed(DataPlan, settings),
        precision=precision,
        machine=typed(MachinePlan, settings),
        raw=bool(settings.get("raw")),
        form=settings.get("form"),
        max_answer=settings.get("max_answer"),
        prefix=settings.get("prefix"),
        resume=bool(settings.get("resume")),
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


def _named(data: Any, split: str, tables: dict[str, Table]) -> str:
    """The name of a file, or the one that rows get; those are put into `tables`."""
    if isinstance(data, str | os.PathLike):
        return str(data)
    from bertft.reading.memory import table_of_rows

    name = f"{MEMORY}{split}"
    tables[name] = table_of_rows(data, name)
    return name


def _roles(*names: str) -> dict[str, tuple[str, Any]]:
    return {name: COLUMNS[name] for name in names}


def _of_labelled() -> dict[str, tuple[str, Any]]:
    """Keywords of what reads a labelled file."""
    reading = keywords_of(DataPlan, only=(*READS_LABELLED, "fix_answers"))
    return {**_roles("text", "text_pair", "label"), **reading, **keywords_of(MachinePlan)}


def _columns(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {role: settings[role] for role in COLUMNS if settings.get(role)}
