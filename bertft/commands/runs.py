"""What `train` and `eval` do once the words are read. torch wakes with this file."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import tomli_w

from bertft import console
from bertft.commands.opened import Flags, file_plan, open_run
from bertft.commands.planning import check_repeats, make_plan, with_metric
from bertft.commands.show import show_scores, tell_comparison
from bertft.commands.tables import read_split
from bertft.engine.device import decided_by_main, start_accelerator
from bertft.engine.eval_loop import predict_features
from bertft.engine.examples import gather
from bertft.engine.meter import Meter
from bertft.engine.model_card import REFITTED
from bertft.engine.prepare import own_metric
from bertft.engine.record import Finished, add_to_run, data_hashes, run_record
from bertft.engine.resume import go_on, threads_of
from bertft.engine.sizing import unsized
from bertft.engine.training import Run, run_training
from bertft.errors import CheckpointError, Stopped, UsageError
from bertft.fields import fields_in
from bertft.model.folder import open_run_folder
from bertft.model.trust import check_closed
from bertft.plan import Plan, read_config
from bertft.runs import CHECKPOINT, PLAN, RECORD
from bertft.system.cores import THREAD_SETTINGS
from bertft.system.files import last_whole
from bertft.system.locks import locked_folder


def run_train(flags: Flags) -> None:
    """Plan, train, show."""
    if flags["resume"]:
        flags = going_on(flags)
    planned = make_plan(flags)
    plan = planned.plan
    if flags["dry_run"]:
        show_plan(plan)
        return
    if flags["resume"]:
        check_repeats(plan, stored_plan(Path(plan.output_dir)))
    accelerator = start_accelerator(plan.recipe.precision, threads_for(plan, flags), fast=plan.fast)
    with ExitStack() as held:
        folder = decided_by_main(accelerator, lambda: run_folder(plan, flags, held))
        plan = replace(plan, output_dir=folder)
        command = shlex.join(["bertft", *sys.argv[1:]])
        run = Run(plan, planned.backbone, Path(folder), command, data_hashes(plan.data), flags["resume"])
        try:
            finished = run_training(run, planned.tables, accelerator)
        except Stopped as stop:
            learned = last_whole(run.folder / CHECKPOINT).is_dir()
            stop.hint = f"What was learned is saved; {go_on(run.folder)}" if learned else "Nothing was learned yet."
            raise
    show_training(finished, as_json=flags["json"])


def show_plan(plan: Plan) -> None:
    """What can be told without training; what cannot yet is said."""
    console.result(tomli_w.dumps(plan.to_dict()).rstrip())
    if left := unsized(plan.recipe, plan.card.kind, held_back=plan.data.validation is None):
        console.note(
            f"Not in this plan, as the number of rows and tokens decides when they are read: {', '.join(left)}."
        )


def threads_for(plan: Plan, flags: Flags) -> int | None:
    """Those that were asked for; a resumed run's own, unless the environment says otherwise."""
    if plan.threads or not flags["resume"] or any(name in os.environ for name in THREAD_SETTINGS):
        return plan.threads
    return threads_of(Path(plan.output_dir))


def run_folder(plan: Plan, flags: Flags, held: ExitStack) -> str:
    """The folder of the run, which is held until the end; empty unless the run is resumed."""
    held.enter_context(locked_folder(Path(plan.output_dir)))
    return plan.output_dir if flags["resume"] else str(open_run_folder(plan.output_dir, overwrite=flags["overwrite"]))


def going_on(flags: Flags) -> Flags:
    """The flags of a resumed run: its own plan is the config file. Where there is none yet, those of a new run."""
    folder = flags["output_dir"]
    if not folder:
        raise UsageError("--resume needs the run folder: -o DIR.")
    if (Path(folder) / PLAN).is_file():
        check_closed(Path(folder))
        if (Path(folder) / RECORD).is_file() and not last_whole(Path(folder) / CHECKPOINT).is_dir():
            raise CheckpointError(
                f"{folder}: a finished run, with no state to go on from. Start anew without --resume, in another folder."
            )
        refit = stored_plan(Path(folder))["recipe"]["refit"] if flags["refit"] is None else flags["refit"]
        return {**flags, "config": flags["config"] or str(Path(folder) / PLAN), "refit": refit}
    if not (flags["data"] or flags["task"] or flags["config"]):
        raise UsageError(f"{folder}: no run to go on with (it has no {PLAN}).")
    console.note(f"{folder}: no run to go on with yet, so it starts at the beginning.")
    return {**flags, "resume": False}


def stored_plan(folder: Path) -> dict[str, Any]:
    """A run's plan.toml. One from before there was a refit asks for none."""
    found = read_config(str(folder / PLAN))
    return {**found, "recipe": {"refit": False, **found.get("recipe", {})}}


def show_training(finished: Finished, *, as_json: bool) -> None:
    """The scores, and what to do next."""
    if as_json:
        record = run_record(finished)
        shown = {name: record[name] for name in ("scores", "reference", "refitted", "timings")}
        console.result_json({"run": str(finished.folder), **shown})
        tell_comparison(finished.comparison, finished.advice)
        return
    for split, scores in finished.scores.items():
        show_scores(scores, title=split.capitalize())
    if finished.refitted:
        console.result(REFITTED)
    tell_comparison(finished.comparison, finished.advice)
    folder = shlex.quote(str(finished.folder))
    console.result(f"Run folder: {folder}")
    console.result(f"Next: bertft predict {folder} INPUT -o OUTPUT.csv")


def run_eval(flags: Flags) -> None:
    """Open, score, show; the scores go into run.json too."""
    own = own_metric(flags["metric"])
    data = file_plan(flags["data"], flags)
    table = read_split(flags["data"], data)
    opened = open_run(flags["run"], flags["precision"], flags["threads"], fast=flags["fast"])
    adapter = opened.adapter
    fields = fields_in(
        adapter.fields, adapter.card.usual_columns, table.columns, file=table.name, named=flags, label=True
    )
    card = with_metric(adapter.card, flags["metric"])
    adapter = replace(adapter, fields=fields, card=card, own=own).for_file(table)
    if data.fix_answers:
        adapter = replace(adapter, options=replace(adapter.options, fix_answers=True))
    examples = gather(adapter, table, table.name, unknown=data.unknown_labels, learning=False)
    meter = Meter()
    found = predict_features(opened.network, adapter, examples.windows, opened.accelerator, meter, label="Evaluating")
    scores = adapter.score(found, examples.targets)
    if opened.accelerator.is_main_process:
        add_to_run(opened.folder, "scores", Path(table.name).name, scores.as_dict())
        add_to_run(opened.folder, "timings", "eval", meter.timings())
    if flags["json"]:
        console.result_json({"run": flags["run"], "data": table.name, **scores.as_dict(), "timings": meter.timings()})
    else:
        show_scores(scores, title=table.name)
