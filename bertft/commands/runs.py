"""What `train`, `eval` and `predict` do once the words are read. torch wakes with this file."""

from __future__ import annotations

import shlex
import sys
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import tomli_w

from bertft import console
from bertft.adapters import Adapter, Answer
from bertft.commands.planning import check_repeats, make_plan, with_metric
from bertft.commands.show import show_scores
from bertft.commands.tables import read_options, read_split
from bertft.engine.device import decided_by_main, describe, start_accelerator
from bertft.engine.eval_loop import predict_features
from bertft.engine.examples import gather
from bertft.engine.meter import Meter
from bertft.engine.predict_loop import predict_rows
from bertft.engine.prepare import adapter_of_record
from bertft.engine.record import PLAN, Finished, add_to_run
from bertft.engine.training import Run, run_training
from bertft.errors import OutputError, UsageError
from bertft.fields import fields_in
from bertft.model.folder import open_run_folder, read_task
from bertft.model.network import load_network
from bertft.model.tokens import load_tokenizer
from bertft.plan import DataPlan, Plan, merge_data, read_config
from bertft.reading import open_source
from bertft.recipe import PRECISIONS
from bertft.writing import check_columns, open_writer

Flags = dict[str, Any]


def run_train(flags: Flags) -> None:
    """Plan, train, show."""
    if flags["resume"]:
        flags = going_on(flags)
    planned = make_plan(flags)
    plan = planned.plan
    if flags["dry_run"]:
        console.result(tomli_w.dumps(plan.to_dict()).rstrip())
        return
    if flags["resume"]:
        check_repeats(plan, read_config(flags["config"]))
    accelerator = start_accelerator(plan.recipe.precision)
    folder = decided_by_main(accelerator, lambda: run_folder(plan, flags))
    plan = replace(plan, output_dir=folder)
    command = shlex.join(["bertft", *sys.argv[1:]])
    run = Run(plan, planned.backbone, Path(folder), command, flags["resume"])
    finished = run_training(run, planned.tables, accelerator)
    show_training(finished, as_json=flags["json"])


def run_folder(plan: Plan, flags: Flags) -> str:
    """The folder of the run; empty unless it is resumed."""
    return plan.output_dir if flags["resume"] else str(open_run_folder(plan.output_dir, overwrite=flags["overwrite"]))


def going_on(flags: Flags) -> Flags:
    """The flags of a resumed run: its own plan is the config file."""
    folder = flags["output_dir"]
    if not folder:
        raise UsageError("--resume needs the run folder: -o DIR.")
    if not (Path(folder) / PLAN).is_file():
        raise UsageError(f"{folder}: no run to go on with (it has no {PLAN}).")
    return {**flags, "config": flags["config"] or str(Path(folder) / PLAN)}


def show_training(finished: Finished, *, as_json: bool) -> None:
    """The scores, and what to do next."""
    if as_json:
        as_dicts = {split: found.as_dict() for split, found in finished.scores.items()}
        console.result_json({"run": str(finished.folder), "scores": as_dicts, "timings": dict(finished.timings)})
        return
    for split, scores in finished.scores.items():
        show_scores(scores, title=split.capitalize())
    folder = shlex.quote(str(finished.folder))
    console.result(f"Run folder: {folder}")
    console.result(f"Next: bertft predict {folder} INPUT -o OUTPUT.csv")


@dataclass(frozen=True)
class Opened:
    """A run folder, ready to answer."""

    folder: Path
    adapter: Adapter
    network: Any
    accelerator: Any


def open_run(path: str, precision: str | None) -> Opened:
    """The model and the adapter of a run folder, on the device."""
    if precision is not None and precision not in PRECISIONS:
        raise UsageError(f"--precision is {precision}: one of {', '.join(PRECISIONS)}.")
    folder = Path(path)
    adapter = adapter_of_record(read_task(folder), load_tokenizer(path))
    accelerator = start_accelerator(precision or "auto")
    network = accelerator.prepare_model(load_network(path, adapter.card.kind), evaluation_mode=True)
    console.note(f"Model: {path}, task {adapter.card.name}; {describe(accelerator)}.")
    return Opened(folder, adapter, network, accelerator)


def run_eval(flags: Flags) -> None:
    """Open, score, show; the scores go into run.json too."""
    data = file_plan(flags["data"], flags)
    table = read_split(flags["data"], data)
    opened = open_run(flags["run"], flags["precision"])
    adapter = opened.adapter
    fields = fields_in(
        adapter.fields, adapter.card.usual_columns, table.columns, file=table.name, named=flags, label=True
    )
    adapter = replace(adapter, fields=fields, card=with_metric(adapter.card, flags["metric"])).for_file(table)
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


def run_predict(flags: Flags) -> None:
    """Open, read, predict, write: rows in = rows out, in order."""
    refuse_same_file(flags["input"], flags["output"])
    answer = asked_answer(flags)
    source = open_source(flags["input"], read_options(file_plan(flags["input"], flags)))
    opened = open_run(flags["run"], flags["precision"])
    adapter = opened.adapter
    if answer != Answer() and adapter.card.problem == "regression":
        raise UsageError("--top-k and --min-probability are for labels; this run answers with a number.")
    fields = fields_in(
        adapter.fields, adapter.card.usual_columns, source.columns, file=source.name, named=flags, label=False
    )
    adapter = replace(adapter, fields=fields)
    added = adapter.added_columns(answer)
    check_columns(source.columns, added)
    meter, unanswered = Meter(), 0
    columns = [*source.columns, *added]
    main = opened.accelerator.is_main_process  # of several processes only this one writes
    target = open_writer(flags["output"], like=source.format, columns=columns, kept=source.columns)
    with target if main else nullcontext() as writer:
        for row, prediction in predict_rows(opened.network, adapter, source.rows(), opened.accelerator, meter):
            unanswered += prediction.values is None
            if writer is not None:
                writer.write(adapter.record(row, prediction, answer))
    if unanswered:
        console.warn(f"{source.name}: {unanswered:,} rows could not be predicted; column 'reason' says why.")
    console.note(f"{meter.examples:,} texts in {meter.seconds:.1f} s, {meter}. {flags['output'] or ''}".rstrip())
    if main:
        add_to_run(opened.folder, "timings", "predict", meter.timings())


def file_plan(path: str, flags: Flags) -> DataPlan:
    """How to read a file that is scored or predicted."""
    same = {name: flags.get(name) for name in ("format", "encoding", "delimiter", "unknown_labels")}
    return merge_data({}, {**same, "train": path, "header": False if flags["no_header"] else None})


def asked_answer(flags: Flags) -> Answer:
    top_k, least = flags["top_k"], flags["min_probability"]
    if top_k is not None and top_k < 1:
        raise UsageError(f"--top-k is {top_k}: 1 or more is wanted.")
    if least is not None and not 0 <= least <= 1:
        raise UsageError(f"--min-probability is {least}: a probability from 0 to 1 is wanted.")
    return Answer(top_k, least)


def refuse_same_file(source: str, target: str | None) -> None:
    if target and Path(target).exists() and Path(source).exists() and Path(target).samefile(source):
        raise OutputError(f"{target}: is the input; name another file with -o.")
