"""The course of a run that learns from texts without labels: from a frozen plan and its files to a run folder. Steps,
checkpoints, resuming and records are those of every training (training.py); what differs is where the features come from and
how they are scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bertft import console, fast
from bertft.adapters.masks.masked_blocks import MaskedBlocks
from bertft.engine.advice import advice
from bertft.engine.beginning import has_state, start_network
from bertft.engine.corpora import PreparedCorpus, Readings, keep_lists, leave_corpus, prepare_corpus, with_words
from bertft.engine.device import cuts_up, describe
from bertft.engine.judging import load_answerer
from bertft.engine.learned import Learned
from bertft.engine.meter import Meter
from bertft.engine.pretraining_scores import BlockValidator, frequency_baseline
from bertft.engine.record import Finished
from bertft.engine.resume import step_of
from bertft.engine.sizing import NARROW_RATE
from bertft.engine.step import Ingredients
from bertft.engine.train_loop import learn
from bertft.engine.training import leave_records
from bertft.engine.training_run import TrainingRun, checkpoints_of, tracked, write_start
from bertft.model.layers import count_parameters
from bertft.model.scratch import scratch_rate
from bertft.plan.recipe import PAPER_RATE, Recipe
from bertft.protocols import Device, Network
from bertft.scoring import Baseline, Comparison, Scores

WANTED_STEPS, MOST_EPOCHS = 3000, 20
"""Optimizer steps that a corpus gets, within one pass and so many."""

FROM_SCRATCH = 10_000, 40
"""The same of a network that knows nothing yet; BERT made about 40 passes (arXiv 1810.04805, A.2)."""


def run_pretraining(run: TrainingRun, readings: Readings, accelerator: Device) -> Finished:
    """Learn, keep the best, score what was saved, and fill the run folder."""
    try:
        run = replace(run, plan=with_words(run.plan, readings.train))
        corpus = prepare_corpus(run.plan, readings, run.backbone, run.folder, accelerator, dict(run.data))
    except BaseException:
        if accelerator.is_main_process:
            leave_corpus(run.folder)
        raise
    run = replace(run, plan=replace(run.plan, recipe=sized_recipe(run, corpus.train)))
    with tracked(run, accelerator) as run:
        finished = _pretrained(run, corpus, accelerator)
        if run.tracking:
            run.tracking.finished(finished.scores, finished.steps)
    if accelerator.is_main_process:
        leave_corpus(run.folder)
    return finished


def _pretrained(run: TrainingRun, corpus: PreparedCorpus, accelerator: Device) -> Finished:
    baseline = frequency_baseline(corpus.adapter, corpus.train, corpus.validation)
    learned = _learn(run, corpus, accelerator, baseline)
    accelerator.free_memory()  # what was trained, before what was saved is read
    answerer, meter = load_answerer(run.folder, corpus.adapter, accelerator), Meter()
    judge = BlockValidator(corpus.adapter, corpus.validation, accelerator)
    scores = judge.scores(answerer.network, meter, label="Validation")
    finished = _finished(run, corpus, learned, Comparison(scores, baseline, learned.start), scores, meter, accelerator)
    leave_records(finished, accelerator)
    return finished


def _learn(run: TrainingRun, corpus: PreparedCorpus, accelerator: Device, baseline: Baseline) -> Learned:
    """From the first weights to the best, which stand in the run folder."""
    recipe, adapter = run.plan.recipe, corpus.adapter
    head = adapter.head((), recipe)
    network = start_network(run.backbone, head, recipe)
    resuming = run.resume and has_state(run.folder)
    if accelerator.is_main_process:
        write_start(run, adapter)
        if run.plan.pretraining and not resuming:  # a resumed run has them
            keep_lists(run.plan.pretraining, run.folder)
    if run.tracking:
        run.tracking.start(after=step_of(run.folder) if resuming else None)
    network.to(accelerator.device)
    if not cuts_up(accelerator):
        fast.speed_up(network, accelerator.device)
    parameters = count_parameters(network)
    introduce(network, run, corpus, accelerator)
    accelerator.wait_for_everyone()
    checkpoints = checkpoints_of(
        run, adapter.main_metric, accelerator, resuming=resuming, warm=not resuming, baseline=baseline
    )
    validate = BlockValidator(adapter, corpus.validation, accelerator)
    made_of = Ingredients(
        network,
        adapter,
        corpus.train,
        head.cost,
        recipe,
        validate,
        origin_of(run),
        anew=drawn_anew(corpus.train, recipe),
    )
    return learn(made_of, checkpoints, parameters, accelerator, run.observers)


def drawn_anew(blocks: MaskedBlocks, recipe: Recipe) -> Any:
    """The blocks as an epoch masks them."""
    return lambda epoch: blocks.of_epoch(recipe.seed, epoch)


def origin_of(run: TrainingRun) -> Any:
    """What a block is called in a message."""
    return lambda block: f"{run.plan.data.train}, block {block + 1:,}"


def sized_recipe(run: TrainingRun, blocks: MaskedBlocks) -> Recipe:
    """The recipe with all its settings; what the size of the corpus decided is said."""
    recipe, chosen, said = run.plan.recipe, dict[str, Any](), list[str]()
    per_pass = max(len(blocks) // (recipe.batch_size * recipe.grad_accum), 1)
    if recipe.max_tokens is not None:
        per_pass = max(int(blocks.lengths.sum()) // (recipe.max_tokens * recipe.grad_accum), 1)
    if recipe.epochs is None:
        wanted, most = FROM_SCRATCH if run.backbone.is_new else (WANTED_STEPS, MOST_EPOCHS)
        chosen["epochs"] = float(min(max(round(wanted / per_pass), 1), most))
        if recipe.max_steps is None:
            said.append(f"{chosen['epochs']:g} epochs of about {per_pass:,} steps (--epochs)")
    if recipe.learning_rate is None:
        usual = NARROW_RATE if run.backbone.small else PAPER_RATE
        chosen["learning_rate"] = scratch_rate(run.backbone.config) if run.backbone.is_new else usual
        said.append(f"learning rate {chosen['learning_rate']:g} (--lr)")
    if said:
        console.note(f"Recipe: {'; '.join(said)}.")
    return replace(recipe, **chosen)


def introduce(network: Network, run: TrainingRun, corpus: PreparedCorpus, accelerator: Device) -> None:
    """Say what is about to be trained, on what, and what it will take on the disk."""
    total, trainable = count_parameters(network)
    tokens, documents = int(corpus.train.blocks.lengths.sum()), corpus.documents
    console.note(
        f"Model: {run.backbone.name}, {total:,} parameters, {trainable:,} of them trainable; {device_of(run, accelerator)}.\n"
        f"Documents: {documents['train']:,} for training, {documents['validation']:,} for validation; {tokens:,} tokens in "
        f"{len(corpus.train):,} blocks of at most {corpus.adapter.options.max_length} (--max-length).\n"
        f"Folder: {run.folder} will hold {total * 4 / 1e6:,.0f} MB (best model) and "
        f"{(total * 4 + trainable * 8) / 1e6:,.0f} MB (to go on from)."
    )


def device_of(run: TrainingRun, accelerator: Device) -> str:
    """In words, with the precision that the network computes in."""
    return describe(accelerator, is_ours=run.backbone.is_ours)


def _finished(
    run: TrainingRun,
    corpus: PreparedCorpus,
    learned: Learned,
    comparison: Comparison,
    scores: Scores,
    meter: Meter,
    accelerator: Device,
) -> Finished:
    timings: Mapping[str, Mapping[str, float]] = {"train": learned.timings, "eval": meter.timings()}
    return Finished(
        folder=run.folder,
        plan=run.plan,
        backbone=run.backbone,
        command=run.command,
        data=run.data,
        scores={"validation": scores},
        comparison=comparison,
        advice=advice(run.plan.recipe, learned.course, comparison, rows=len(corpus.train), labels=0),
        timings=timings,
        parameters=learned.parameters,
        rows=corpus.documents,
        labels=(),
        steps=learned.steps,
        best_step=learned.best_step,
        refitted=False,
        device=device_of(run, accelerator),
    )
