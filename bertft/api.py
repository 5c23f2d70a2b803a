"""The Python door: the same verbs as the command line, on files or on rows that a program holds.

    run = bertft.train([{"text": "…", "label": "…"}, …], model="minilm", output_dir="runs/mine")
    run.scores["validation"].values["accuracy"]
    bertft.evaluate("runs/mine", "test.csv").scores.main_value
    bertft.predict("runs/mine", ["a text", "another"])
    model = bertft.load("runs/mine"); model("a text")

Rows are a list of dicts, a dict of columns, a pandas DataFrame or a `datasets.Dataset`. Settings are the flags of the command,
with underscores. Mistakes are exceptions of `bertft.errors`; warnings go through Python's `warnings`; nothing else is said
unless `quiet=False`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertft import console
from bertft.errors import UsageError
from bertft.kinds import NAMED_PROBLEMS
from bertft.plan.recipe import Recipe
from bertft.plan.sections import READS, READS_LABELLED, DataPlan, MachinePlan, ModelPlan, OutputPlan
from bertft.plan.settings import settings_of, typed
from bertft.system.cores import sleep_while_waiting
from bertft.system.signals import as_keyboard_interrupt

if TYPE_CHECKING:
    from bertft.engine.observers import Observer
    from bertft.engine.record import Finished
    from bertft.jobs.eval import Evaluated
    from bertft.jobs.model import Model
    from bertft.jobs.predict import Predicted
    from bertft.jobs.requests import TrainRequest
    from bertft.reading import Table

COLUMNS = ("text", "text_pair", "label", "separator")
ANSWER = ("top_k", "min_probability", "scheme", "n_best")

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

    if problem not in (None, *NAMED_PROBLEMS):
        raise UsageError(f"problem is {problem!r}: one of {', '.join(NAMED_PROBLEMS)}.")
    splits = {"train": data, "validation": validation, "test": test}
    request = replace(
        _train_request(splits, settings),
        task=task,
        problem=problem,
        config=config,
        resume=resume,
        overwrite=overwrite,
        observers=observers,
    )
    with console.in_a_program(quiet=quiet), as_keyboard_interrupt():
        return run_training(request)


def _train_request(splits: Mapping[str, Any], settings: Mapping[str, Any]) -> TrainRequest:
    """The data and settings of a request."""
    from bertft.jobs.requests import TrainRequest

    kinds = (DataPlan, ModelPlan, Recipe, OutputPlan, MachinePlan)
    _check(settings, [*COLUMNS, *_keywords(*kinds, leave_out=("validation", "test"))])
    tables: dict[str, Table] = {}
    named = {split: _named(rows, split, tables) for split, rows in splits.items() if rows is not None}
    return TrainRequest(
        columns=_columns(settings),
        data={**typed(DataPlan, settings), **named},
        model=typed(ModelPlan, settings),
        recipe=typed(Recipe, settings),
        output=typed(OutputPlan, settings),
        machine=typed(MachinePlan, settings),
        command="bertft.train(…)",
        tables=tables,
    )


def evaluate(
    run: Any, data: Any, *, metric: str | None = None, precision: str | None = None, quiet: bool = True, **settings: Any
) -> Evaluated:
    """Score a run on a labelled file or rows; the result has `scores` and `timings`. `settings`: column names and the flags of
    `bertft eval`."""
    from bertft.jobs.eval import evaluate as run_evaluation
    from bertft.jobs.requests import EvalRequest

    _check(settings, [*COLUMNS[:3], *_keywords(DataPlan, only=READS_LABELLED), "fix_answers", *_keywords(MachinePlan)])
    tables: dict[str, Table] = {}
    request = EvalRequest(
        run=_folder(run),
        data=_named(data, "data", tables),
        columns=_columns(settings),
        reading=typed(DataPlan, settings),
        metric=metric,
        precision=precision,
        machine=typed(MachinePlan, settings),
        tables=tables,
    )
    with console.in_a_program(quiet=quiet):
        return run_evaluation(request)


def predict(
    run: Any, data: Any, *, output: Any = None, precision: str | None = None, quiet: bool = True, **settings: Any
) -> Any:
    """The rows with their answers, in order: a frame for a frame, else a list of dicts. `data` is a file, rows, or a list of
    inputs as `load` takes them. With `output` a file is written, as `bertft predict` does, and the result counts its rows.
    `settings`: column names and the flags of `bertft predict`."""
    known = [*COLUMNS[:2], *ANSWER, *_keywords(DataPlan, only=READS), *_keywords(MachinePlan)]
    _check(settings, [*known, *(("raw", "resume") if output is not None else ())])
    if output is not None:
        return _predict_file(run, data, str(output), precision, quiet, settings)
    model = load(run, precision=precision, quiet=quiet, threads=settings.get("threads"), fast=settings.get("fast"))
    answer = {name: settings.get(name) for name in ANSWER}
    with console.in_a_program(quiet=quiet):
        return model.table(data, columns=_columns(settings), reading=typed(DataPlan, settings), **answer)


def load(
    run: Any, *, precision: str | None = None, threads: int | None = None, fast: bool | None = None, quiet: bool = True
) -> Model:
    """A run that answers: `load("runs/mine")("a text")` is a dict, with a list of inputs a list of dicts. An input is a text, a
    tuple of two texts or of question and context, a list of words for a tagger (in a list of inputs), or a dict of columns."""
    from bertft.jobs.model import Model
    from bertft.jobs.opening import open_run
    from bertft.plan.plan import merge

    if isinstance(run, Model):
        if (precision, threads, fast) != (None, None, None):
            raise UsageError("precision, threads and fast are for `load`: this model is loaded already.")
        return run
    with console.in_a_program(quiet=quiet):
        return Model(
            Path(_folder(run)),
            open_run(_folder(run), precision, merge(MachinePlan, {"threads": threads, "fast": fast})),
        )


def _predict_file(
    run: Any, data: Any, output: str, precision: str | None, quiet: bool, settings: Mapping[str, Any]
) -> Predicted:
    from bertft.jobs.predict import predict as run_prediction
    from bertft.jobs.requests import PredictRequest

    if not isinstance(data, str | os.PathLike):
        raise UsageError("output is for the answers to a file; leave it out to get those to rows back.")
    request = PredictRequest(
        run=_folder(run),
        input=str(data),
        output=output,
        columns=_columns(settings),
        reading=typed(DataPlan, settings),
        precision=precision,
        machine=typed(MachinePlan, settings),
        raw=bool(settings.get("raw")),
        resume=bool(settings.get("resume")),
        top_k=settings.get("top_k"),
        min_probability=settings.get("min_probability"),
        scheme=settings.get("scheme"),
        n_best=settings.get("n_best"),
    )
    with console.in_a_program(quiet=quiet), as_keyboard_interrupt():
        return run_prediction(request)


def _named(data: Any, split: str, tables: dict[str, Table]) -> str:
    """The name of a file, or the one that rows get; those are put into `tables`."""
    if isinstance(data, str | os.PathLike):
        return str(data)
    from bertft.jobs.splits import MEMORY
    from bertft.reading.memory import table_of_rows

    name = f"{MEMORY}{split}"
    tables[name] = table_of_rows(data, name)
    return name


def _folder(run: Any) -> str:
    """Of a path or of what `train` returned."""
    found = getattr(run, "folder", run)
    if not isinstance(found, str | os.PathLike):
        raise UsageError(f"A {type(run).__name__}, wanted a run folder or what bertft.train returned.")
    return str(Path(found))


def _columns(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {role: settings[role] for role in COLUMNS if settings.get(role)}


def _keywords(*sections: Any, only: Sequence[str] = (), leave_out: Sequence[str] = ()) -> list[str]:
    """The keywords of declared settings; `only` names fields."""
    return [
        found.keyword(name)
        for section in sections
        for name, found in settings_of(section).items()
        if name not in leave_out and (not only or name in only)
    ]


def _check(settings: Mapping[str, Any], known: Sequence[str]) -> None:
    """UsageError for a keyword that is not known."""
    for name in settings:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise UsageError(f"There is no setting '{name}' here.{hint} There are: {', '.join(known)}.")
