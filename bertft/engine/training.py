"""A training run, from a frozen plan and its rows to a run folder. Reads top to bottom, and knows no task."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from bertft import console
from bertft.adapters import Adapter, Feature, Prediction
from bertft.engine.advice import advice
from bertft.engine.beginning import Beginning, has_own_head, has_state, start_network, train_fast
from bertft.engine.device import cuts_up, decided_by_main, describe
from bertft.engine.error_file import write_errors
from bertft.engine.examples import Examples
from bertft.engine.frozen import frozen_outputs
from bertft.engine.judging import Judged, Validator, answers_of_saved, judge_answers, score_best
from bertft.engine.learned import Learned, as_trained
from bertft.engine.out_of_fold import write_answers
from bertft.engine.prepare import Prepared, Tables, prepare, task_record, validation_source
from bertft.engine.record import Finished, write_records
from bertft.engine.refit import Refit, best_folder, is_as_good, is_cheap, shortened
from bertft.engine.resume import go_on, step_of
from bertft.engine.sizing import Size, sized
from bertft.engine.step import Ingredients
from bertft.engine.train_loop import learn
from bertft.engine.training_run import TrainingRun, checkpoints_of, introduce, origin_in, tracked, write_start
from bertft.engine.vocabulary import fresh_backbone, with_words
from bertft.kinds import takes
from bertft.model.folder import write_task
from bertft.model.layers import count_parameters
from bertft.model.network import Head
from bertft.model.pooling import reads_frozen_mean, reads_mean, usual_pooling
from bertft.model.presets import advice_for, published_rate
from bertft.plan.plan import Plan
from bertft.protocols import Device, Network
from bertft.runs.series import Series
from bertft.scoring import Baseline, Comparison, Scores
from bertft.system.files import explained


def run_training(run: TrainingRun, tables: Tables, accelerator: Device) -> Finished:
    """Train, keep the best, score what was saved, and fill the run folder."""
    return train_on(prepare(run.plan, tables, run.backbone, begun=run.begun), run, tables, accelerator)


def train_on(
    prepared: Prepared, run: TrainingRun, tables: Tables, accelerator: Device, series: Series | None = None
) -> Finished:
    """The same on rows that are read already. `series`: of runs that came before, for the records."""
    adapter = prepared.adapter
    run = replace(
        run, plan=sized_plan(run, adapter, prepared.train), backbone=with_words(run.backbone, adapter, run.plan)
    )
    with tracked(run, accelerator) as run:
        finished = _trained(prepared, run, tables, accelerator, series)
        if run.tracking:
            run.tracking.finished(finished.scores, finished.steps)
    return finished


def _trained(
    prepared: Prepared, run: TrainingRun, tables: Tables, accelerator: Device, series: Series | None
) -> Finished:
    """The run, from what its rows became to its record."""
    adapter, examples, validation, test = prepared.adapter, prepared.train, prepared.validation, prepared.test
    baseline = constant_baseline(adapter, examples, validation)
    with ready_rows(run, adapter, examples, validation, accelerator) as (ready, shown, computing):
        learned = replace(_learn(run, adapter, tables, ready, shown, accelerator, baseline), computing=computing)
        accelerator.free_memory()  # what was trained, before what was saved is read
        judged = score_best(best_folder(run.folder), adapter, validation, accelerator)
        accelerator.free_memory()
        keep_judged(run, judged, validation, tables, accelerator)
        refitted = refit(run, learned, judged, tables, ready, shown, accelerator)
    scores = {"validation": judged.scores}
    if test is not None:
        own = answers_of_saved(run.folder, judged.adapter.uncalibrated, test, accelerator)
        scores["test"], judged = judge_answers(judged, own, test)
        if run.plan.runs.fold:
            leave_answers(run, judged.adapter, tables, test, judged.adapter.rescaled(own), accelerator)
    rows = {"train": len(examples), "validation": len(validation), **({"test": len(test)} if test else {})}
    return finish(run, learned, judged, baseline, scores, rows, accelerator, refitted=refitted, series=series)


@contextmanager
def ready_rows(
    run: TrainingRun, adapter: Adapter, examples: Examples, validation: Examples, accelerator: Device
) -> Iterator[tuple[Examples, Examples, Mapping[str, float]]]:
    """The rows as they are learned from, and how long that took: with a head on a frozen backbone, with what the backbone says of
    them, which lies in the run folder until the block ends."""
    rows, recipe = [examples, validation], run.plan.recipe
    if not recipe.features:
        yield examples, validation, {}
        return
    if accelerator.is_main_process:
        write_start(run, adapter)

    def build() -> Network:
        return start_network(fresh_backbone(run.plan), adapter.head(examples.targets, recipe), recipe)

    with frozen_outputs(build, run.folder, adapter, rows, accelerator, resume=run.resume) as (found, seconds):
        yield found[0], found[1], seconds


def keep_judged(run: TrainingRun, judged: Judged, validation: Examples, tables: Tables, accelerator: Device) -> None:
    """Write what the judging of the saved model adds to the run folder: thresholds, temperatures and mistakes."""
    if accelerator.is_main_process:
        with explained(run.folder, f"Make room and {go_on(run.folder)}"):
            write_task(run.folder, task_record(judged.adapter))
            write_errors(run.folder, judged.mistakes, validation, *validation_source(judged.adapter, tables))


def finish(
    run: TrainingRun,
    learned: Learned,
    judged: Judged,
    baseline: Baseline,
    scores: Mapping[str, Scores],
    rows: Mapping[str, int],
    accelerator: Device,
    *,
    refitted: bool,
    series: Series | None = None,
) -> Finished:
    """Write the records of a run whose model is saved and scored."""
    comparison = Comparison(judged.scores, baseline, learned.start, judged.same_answer)
    labels = judged.adapter.labels
    finished = Finished(
        folder=run.folder,
        plan=run.plan,
        backbone=run.backbone,
        command=run.command,
        data=run.data,
        scores=scores,
        comparison=comparison,
        advice=advice(run.plan.recipe, learned.course, comparison, rows=rows["train"], labels=len(labels)),
        timings={**learned.all_timings, "eval": judged.timings},
        parameters=learned.parameters,
        rows=rows,
        labels=labels.names,
        steps=learned.steps,
        best_step=learned.best_step,
        refitted=refitted,
        device=describe(accelerator, is_ours=run.backbone.is_ours),
        coverage=judged.coverage,
        series=series,
        trust=judged.trust,
    )
    leave_records(finished, accelerator)
    return finished


def leave_answers(
    run: TrainingRun,
    adapter: Adapter,
    tables: Tables,
    test: Examples,
    answers: Sequence[Prediction],
    accelerator: Device,
) -> None:
    """What a run says of the fold that it left out, once for all processes."""
    if accelerator.is_main_process:
        with explained(run.folder, f"Make room and {go_on(run.folder)}"):
            write_answers(run.folder, adapter, tables.train, test, answers, fold=run.plan.runs.fold or 0)


def leave_records(finished: Finished, accelerator: Device) -> None:
    """run.json and the model card, once for all processes."""
    if accelerator.is_main_process:
        with explained(finished.folder, f"Its model and last state stand; make room and {go_on(finished.folder)}"):
            write_records(finished)
    accelerator.wait_for_everyone()


def sized_plan(run: TrainingRun, adapter: Adapter, examples: Examples) -> Plan:
    """The plan with every setting of its recipe; what the size of the file decided is said."""
    kind, backbone = run.plan.card.kind, run.backbone
    size = Size(
        rows=len(examples),
        lengths=[len(feature.input_ids) for feature in examples.features],
        labels=len(adapter.labels),
        kind=kind,
        narrow=backbone.small,
        mean=takes("pool", kind) and (reads_frozen_mean if run.plan.recipe.features else reads_mean)(backbone),
        published=published_rate(backbone.config),
        own_pool=usual_pooling(backbone) if takes("pool", kind) else None,
        frozen=run.plan.recipe.features,
        held_back=run.plan.data.validation is None,
        knows_nothing=backbone.family is not None,
    )
    recipe, said = sized(run.plan.recipe, size)
    kept = backbone.label_names and backbone.label_names == adapter.labels.names  # check_pool refuses another there
    pool = recipe.pool if takes("pool", kind) and not kept else None
    for line in filter(None, [said, *advice_for(backbone.config, pool=pool, longest=max(size.lengths, default=0))]):
        console.note(line)
    return replace(run.plan, recipe=recipe)


def refit(
    run: TrainingRun,
    learned: Learned,
    judged: Judged,
    tables: Tables,
    examples: Examples,
    validation: Examples,
    accelerator: Device,
) -> bool:
    """Let the chosen model learn from the validation rows too, where the recipe says so; whether it did."""
    trained = as_trained(run.plan.recipe, learned)
    cheap = is_cheap([*examples.features, *validation.features], trained)
    from_the_beginning = run.plan.recipe.refit and cheap and ended_well(learned, judged, accelerator)
    origin = origin_in(tables)

    def anew(features: Sequence[Feature], head: Head) -> Network:
        return first_network(run, judged.adapter, head, features, accelerator, origin)

    found = Refit(
        run.folder,
        judged.adapter,
        examples,
        validation,
        trained if from_the_beginning else shortened(trained),
        anew if from_the_beginning else None,
        accelerator,
        origin,
    )
    if run.plan.recipe.refit and learned.best_step and not cuts_up(accelerator):
        return found.run(judged.scores)
    if run.plan.recipe.refit:
        reason = "FSDP has cut the model up" if learned.best_step else "no epoch beat the model before its first step"
        console.note(f"Refit: left out, as {reason}.")
    found.undo()
    return False


def ended_well(learned: Learned, judged: Judged, accelerator: Device) -> bool:
    """Whether the last evaluation was about as good as the best; all processes do as the main one, which has the history."""

    def decide() -> str:
        return "yes" if is_as_good(learned.course.last, judged.scores) else ""

    return bool(decided_by_main(accelerator, decide))


def first_network(
    run: TrainingRun,
    adapter: Adapter,
    head: Head,
    features: Sequence[Feature],
    accelerator: Device,
    origin: Callable[[int], str],
) -> Network:
    """What a run on these features begins with."""
    backbone = with_words(fresh_backbone(run.plan), adapter, run.plan)
    own_head = not run.plan.recipe.features and has_own_head(backbone, head)
    network = start_network(backbone, head, run.plan.recipe)
    beginning = Beginning(network, head, adapter, features, run.plan.recipe, accelerator, origin)
    beginning.warm_up(own_head=own_head, is_new=backbone.is_new)
    return network


def constant_baseline(adapter: Adapter, examples: Examples, validation: Examples) -> Baseline:
    """What the label counts of the training rows alone give on the validation rows."""
    answers = adapter.constant(examples.targets, validation.targets)
    return Baseline(adapter.constant_answer, adapter.score(answers, validation.targets))


def _learn(
    run: TrainingRun,
    adapter: Adapter,
    tables: Tables,
    examples: Examples,
    validation: Examples,
    accelerator: Device,
    baseline: Baseline,
) -> Learned:
    """From the first weights to the best, which stand in the run folder."""
    recipe = run.plan.recipe
    head, origin = adapter.head(examples.targets, recipe), origin_in(tables)
    own_head = not recipe.features and has_own_head(run.backbone, head)
    network = start_network(run.backbone, head, recipe)
    resuming = run.resume and has_state(run.folder)
    if accelerator.is_main_process:
        write_start(run, adapter)
    if run.tracking:
        run.tracking.start(after=step_of(run.folder) if resuming else None)
    beginning = Beginning(network, head, adapter, examples.features, recipe, accelerator, origin)
    warm = not resuming and beginning.warm_up(own_head=own_head, is_new=run.backbone.is_new)
    introduce(network, run, accelerator, examples, validation)
    parameters = count_parameters(network)
    train_fast(network, adapter, examples.features, accelerator)
    accelerator.wait_for_everyone()
    checkpoints = checkpoints_of(run, adapter.main_metric, accelerator, resuming=resuming, warm=warm, baseline=baseline)
    validate = Validator(adapter, validation, accelerator)
    made_of = Ingredients(network, adapter, examples.features, head.cost, recipe, validate, origin)
    return learn(made_of, checkpoints, parameters, accelerator, run.observers)
