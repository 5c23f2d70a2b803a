"""A run of a model that is fitted at once: the rows, labels, scores and run folder of any other run, but no steps, no losses and
no state to go on from. One that was cut off is fitted again from the beginning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from bertft import console
from bertft.adapters import Adapter, Feature
from bertft.classic.lesson import Choice, Fit, Lesson
from bertft.classic.models import Classic
from bertft.classic.network import GramsConfig, GramsForSequenceClassification, GramsForTokenClassification
from bertft.engine.advice import Course
from bertft.engine.examples import Examples
from bertft.engine.judging import answers_of_saved, judge_answers, score_best
from bertft.engine.learned import Learned
from bertft.engine.meter import Meter
from bertft.engine.prepare import Tables, gather_split, prepare, task_record
from bertft.engine.record import Finished, write_plan
from bertft.engine.refit import best_folder, keep_chosen
from bertft.engine.training import constant_baseline, finish, keep_judged
from bertft.engine.training_run import TrainingRun
from bertft.kinds import KINDS
from bertft.model.folder import write_task
from bertft.model.layers import count_parameters
from bertft.model.network import Head, name_labels
from bertft.plan.plan import Plan
from bertft.protocols import Device
from bertft.system.files import explained, landing, sweep

OUTSIDE = "O"
"""The tag of words in no entity."""


def run_fitting(run: TrainingRun, model: Classic, tables: Tables, accelerator: Device) -> Finished:
    """Fit, score what was saved, and fill the run folder."""
    prepared = prepare(run.plan, tables, run.backbone)
    growing, examples, read = prepared.adapter, prepared.train, prepared.validation
    run = replace(run, plan=with_refit(run.plan))
    fitting, meter = Fitting(run, model, growing, accelerator), Meter(examples=len(examples))
    fitting.begin()
    fit = fitting.fit(examples)
    parameters = fitting.save(fit, growing)
    meter.tokens = sum(len(window.input_ids) for row in examples.windows for window in row)
    learned = learned_at_once(parameters, meter)
    console.note(introduction(run, fit, learned, examples, read))
    adapter, validation = replace(growing, tokenizer=fit.vocabulary), renumbered(read, fit)
    judged = score_best(best_folder(run.folder), adapter, validation, accelerator)
    keep_judged(run, judged, validation, tables, accelerator)
    adapter = judged.adapter
    if run.plan.recipe.refit:
        adapter = fitting.refit(fit.choice, adapter, examples, read)
    scores, rows = {"validation": judged.scores}, {"train": len(examples), "validation": len(validation)}
    if tables.test:
        test = gather_split(run.plan, adapter, tables.test)
        own = answers_of_saved(run.folder, adapter.uncalibrated, test, accelerator)
        scores["test"], judged = judge_answers(replace(judged, adapter=adapter), own, test)
        rows["test"] = len(test)
    baseline = constant_baseline(adapter, examples, validation)
    return finish(run, learned, judged, baseline, scores, rows, accelerator, refitted=bool(run.plan.recipe.refit))


def with_refit(plan: Plan) -> Plan:
    """The plan, which learns from the validation rows in the end where they are the training file's, unless it says otherwise."""
    refit = plan.data.validation is None if plan.recipe.refit is None else plan.recipe.refit
    return replace(plan, recipe=replace(plan.recipe, refit=refit))


def learned_at_once(parameters: int, meter: Meter) -> Learned:
    """What there is to say of a training without steps."""
    course = Course([], 0, improved_last=False, stopped_early=True)
    return Learned((parameters, parameters), meter.timings(), 0, 1.0, 0, course)


def introduction(run: TrainingRun, fit: Fit, learned: Learned, examples: Examples, validation: Examples) -> str:
    """What was fitted, on what."""
    chosen = f" ({fit.choice.said})" if fit.choice.said else ""
    return (
        f"Model: {run.backbone.name}{chosen}, {learned.parameters[0]:,} parameters, fitted in "
        f"{learned.timings['seconds']:,.1f} s.\n"
        f"Rows: {len(examples):,} for training, {len(validation):,} for validation."
    )


def renumbered(examples: Examples, fit: Fit) -> Examples:
    """Examples as the closed vocabulary of a fit reads them."""
    windows = [[replace(one, input_ids=fit.numbers[one.input_ids]) for one in row] for row in examples.windows]
    return replace(examples, windows=windows)


@dataclass(frozen=True)
class Fitting:
    """What fits are made from."""

    run: TrainingRun
    model: Classic
    growing: Adapter
    """Its vocabulary knows all rows that were read."""
    accelerator: Device

    def begin(self) -> None:
        """Write the plan, which makes the folder a run."""
        if self.accelerator.is_main_process:
            with self._writing():
                sweep(self.run.folder)
                write_plan(self.run.plan, self.run.folder)

    def fit(self, examples: Examples, choice: Choice | None = None) -> Fit:
        """On these rows, as chosen, or else chosen by trying."""
        with threadpool_limits(torch.get_num_threads(), "blas"):  # numpy's threads know nothing of --threads
            return self.model.fit(self.lesson(examples), choice)

    def refit(self, choice: Choice, adapter: Adapter, *examples: Examples) -> Adapter:
        """Fit on all rows and put that in the place of the chosen model, which is kept; the adapter with its vocabulary."""
        everything = joined(examples)
        console.note(f"Refit: on all {len(everything):,} rows, those for validation included (--no-refit).")
        if self.accelerator.is_main_process:
            with self._writing():
                keep_chosen(self.run.folder)
        fit = self.fit(everything, choice)
        self.save(fit, adapter)
        return replace(adapter, tokenizer=fit.vocabulary)

    def lesson(self, examples: Examples) -> Lesson:
        """The examples as a fit reads them."""
        head, features = self._head(examples), examples.features
        reads_words = KINDS[head.kind].reads_words
        decided = self.growing.decisions(features, self._numbers_of_words(features) if reads_words else None)
        return Lesson(
            texts=[texts_of(feature) for feature in features],
            targets=decided.targets,
            words=decided.inputs.astype(np.int32).ravel(),
            link=str(head.link),
            vocabulary=self.growing.tokenizer,  # type: ignore[arg-type]
            default=self.growing.labels.position(OUTSIDE) if reads_words else None,
            class_weights=None if head.weights is None else head.weights.double().numpy(),
            seed=self.run.plan.recipe.seed,
        )

    def _numbers_of_words(self, features: Sequence[Feature]) -> list[Any]:
        """Of each feature's words, as the adapter picks a network's outputs for them."""
        return [
            self.growing.outputs_of({"logits": feature.input_ids[None, :, None]}, [feature])[0] for feature in features
        ]

    def _head(self, examples: Examples) -> Head:
        return self.growing.head(examples.targets, self.run.plan.recipe)

    def save(self, fit: Fit, adapter: Adapter) -> int:
        """Write what `eval` and `predict` need; how many parameters that has."""
        network = network_of(fit, adapter.head([], replace(self.run.plan.recipe, class_weights=None)))
        if self.accelerator.is_main_process:
            with self._writing():
                with landing(self.run.folder) as beside:
                    fit.vocabulary.save_pretrained(beside)
                    network.save_pretrained(beside)
                write_task(self.run.folder, task_record(replace(adapter, tokenizer=fit.vocabulary)))
        self.accelerator.wait_for_everyone()
        return count_parameters(network)[0]

    def _writing(self) -> Any:
        return explained(self.run.folder, "Make room, or choose another folder with -o.")


def joined(parts: Sequence[Examples]) -> Examples:
    """The rows of several, in the order of the file."""
    rows = [row for part in parts for row in zip(part.targets, part.windows, strict=True)]
    rows.sort(key=lambda row: row[1][0].row)
    return Examples(parts[0].name, [target for target, _ in rows], [windows for _, windows in rows], [])


def texts_of(feature: Feature) -> list[np.ndarray[Any, Any]]:
    """The numbers of each text of a feature, one or two."""
    if feature.segments is None:
        return [feature.input_ids]
    return [feature.input_ids[feature.segments == segment] for segment in (0, 1)]


def network_of(fit: Fit, head: Head) -> Any:
    """The network that answers as a fit does."""
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    config = GramsConfig(len(fit.vocabulary), fit.vocabulary.ends, fit.weighting, fit.choice.parts, fit.width)
    name_labels(config, head)
    words = KINDS[head.kind].reads_words
    network = (GramsForTokenClassification if words else GramsForSequenceClassification)(config)
    network.fill(fit.weights)
    return network
