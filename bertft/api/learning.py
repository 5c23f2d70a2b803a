"""Python functions that learn: train, pretrain, check, baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bertft import console
from bertft.api.keywords import COLUMNS, columns_of, table_name
from bertft.errors import UsageError
from bertft.jobs.from_program import alone, called_from_program
from bertft.kinds import NAMED_PROBLEMS
from bertft.plan.keywords import checked_keywords, keywords_of
from bertft.plan.pretraining import OF_TEXTS, READS_TEXTS, PretrainPlan
from bertft.plan.recipe import LENGTHS, Recipe
from bertft.plan.sections import READS, DataPlan, MachinePlan, ModelPlan, OutputPlan, RunsPlan
from bertft.plan.settings import typed
from bertft.system.signals import as_keyboard_interrupt

if TYPE_CHECKING:
    from bertft.checking.finding import Checked
    from bertft.engine.observers import Observer
    from bertft.engine.record import Finished
    from bertft.jobs.requests import TrainRequest
    from bertft.reading import Table
    from bertft.report.baselines import Baselines


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
    from bertft.jobs.training.train import train as run_training

    splits = {"train": data, "validation": validation, "test": test}
    request = replace(
        train_request(splits, settings, problem, RunsPlan),
        task=task,
        config=config,
        resume=resume,
        overwrite=overwrite,
        observers=observers,
    )
    with alone("train"), called_from_program(quiet), as_keyboard_interrupt():
        return run_training(request)


def pretrain(
    data: Any = None,
    *,
    validation: Any = None,
    config: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    observers: Sequence[Observer] = (),
    quiet: bool = True,
    **settings: Any,
) -> Finished:
    """Pre-train a model further on texts without labels; the result has the run's `folder` and `scores`. `data` and `validation`
    are files, rows or lists of texts. `settings`: flags of `bertft pretrain`, as `mask_share=0.2`, `output_dir="runs/mine"`."""
    from bertft.jobs.requests import TrainRequest
    from bertft.jobs.training.pretrain import pretrain as run_pretraining

    known = {
        "text": COLUMNS["text"],
        **keywords_of(DataPlan, only=("validation_share", "split_seed", *READS_TEXTS)),
        **keywords_of(ModelPlan, only=("name",)),
        **keywords_of(Recipe, only=OF_TEXTS),
        **keywords_of(PretrainPlan, OutputPlan, MachinePlan),
    }
    settings = checked_keywords(settings, known)
    tables: dict[str, Table] = {}
    splits = {"train": data, "validation": validation}
    named = {split: table_name(as_rows(rows), split, tables) for split, rows in splits.items() if rows is not None}
    request = TrainRequest(
        columns=columns_of(settings),
        data={**typed(DataPlan, settings), **named},
        model=typed(ModelPlan, settings),
        recipe=typed(Recipe, settings),
        pretraining=typed(PretrainPlan, settings),
        output=typed(OutputPlan, settings),
        machine=typed(MachinePlan, settings),
        config=config,
        resume=resume,
        overwrite=overwrite,
        command="bertft.pretrain(…)",
        tables=tables,
        observers=observers,
    )
    with alone("pretrain"), called_from_program(quiet), as_keyboard_interrupt():
        return run_pretraining(request)


def as_rows(texts: Any) -> Any:
    """A list of texts as rows; anything else as it is."""
    is_texts = isinstance(texts, list) and bool(texts) and all(isinstance(text, str) for text in texts)
    return [{"text": text} for text in texts] if is_texts else texts


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
    from bertft.jobs.files.check import check as run_check

    known = {
        **COLUMNS,
        **keywords_of(DataPlan, only=(*READS, "fix_answers")),
        **keywords_of(Recipe, only=LENGTHS),
        **keywords_of(ModelPlan, only=("name",)),
    }
    checked_keywords(settings, known)
    splits = {"train": data, "validation": validation, "test": test}
    with console.in_a_program(quiet=quiet):
        return run_check(replace(train_request(splits, settings, problem), task=task))


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
    from bertft.jobs.judging.baseline import baseline as run_baseline
    from bertft.jobs.judging.baseline import models_named
    from bertft.jobs.requests import BaselineRequest

    splits = {"train": data, "validation": validation, "test": test}
    request = replace(train_request(splits, settings, problem), task=task, resume=resume, overwrite=overwrite)
    with alone("baseline"), called_from_program(quiet), as_keyboard_interrupt():
        return run_baseline(BaselineRequest(train=request, models=models_named(models)))


def train_request(
    splits: Mapping[str, Any], settings: Mapping[str, Any], problem: str | None, *more: type
) -> TrainRequest:
    """The data and settings of a request. `more`: sections that not every job has."""
    from bertft.jobs.requests import TrainRequest

    if problem not in (None, *NAMED_PROBLEMS):
        raise UsageError(f"problem is {problem!r}: one of {', '.join(NAMED_PROBLEMS)}.")

    kinds = (DataPlan, ModelPlan, Recipe, OutputPlan, MachinePlan, *more)
    settings = checked_keywords(settings, {**COLUMNS, **keywords_of(*kinds, leave_out=("validation", "test"))})
    tables: dict[str, Table] = {}
    named = {split: table_name(rows, split, tables) for split, rows in splits.items() if rows is not None}
    return TrainRequest(
        problem=problem,
        columns=columns_of(settings),
        data={**typed(DataPlan, settings), **named},
        model=typed(ModelPlan, settings),
        recipe=typed(Recipe, settings),
        runs=typed(RunsPlan, settings),
        output=typed(OutputPlan, settings),
        machine=typed(MachinePlan, settings),
        command="bertft.train(…)",
        tables=tables,
    )
