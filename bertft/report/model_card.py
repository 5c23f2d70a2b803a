"""The model card: README.md of a run folder, ready to be published. Everything in it is known, and no path of this machine."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bertft.classic.models import CLASSICS
from bertft.kinds import KINDS, takes
from bertft.kinds.kind import OF_FEATURES
from bertft.plan.plan import Plan
from bertft.plan.pretraining import NEW
from bertft.plan.sections import MEMORY
from bertft.report.descriptions import (
    use_in_python,
    what_becomes_of_long_inputs,
    what_it_answers,
    what_it_does,
)
from bertft.report.front_matter import card_title, folder_name, front_matter
from bertft.report.markdown import code, one_line, words
from bertft.report.series import series_remarks, series_table, series_title
from bertft.report.timing_table import timing_table
from bertft.runs.record import RunRecord
from bertft.scoring import Coverage, Scores
from bertft.scoring.trust import Trust
from bertft.wording import counted

MOST_CLASSES = 100
"""Rows of the table of classes; run.json has them all."""

REFITTED = "The validation scores were taken before the model also learned from the validation rows."

_TEMPLATE = """\
{front_matter}
# {title}

{summary}

{origin} with [bertft](https://pypi.org/project/bertft/) {version}.

## Use

```sh
{command}
```

```python
{use}
```

{answer}

## Results

{results}

{interval}
{classes}{series}
## Training data

{data}

## Training

{training}

`plan.toml` holds the whole plan; {repeat} repeats the run.
Trained {finished} on {device}, with {versions}.

## Limitations

{limits}
"""


def model_card(
    run: RunRecord, plan: Plan, scores: Mapping[str, Scores], labels: tuple[str, ...], coverage: Sequence[Coverage]
) -> str:
    """The text."""
    folder = folder_name(plan)
    return _TEMPLATE.format(
        front_matter=front_matter(run, plan, scores),
        title=words(card_title(plan)),
        summary=_summary(run, plan, labels),
        origin=_origin(run, plan),
        version=run.versions["bertft"],
        command=KINDS[plan.card.kind].use.format(
            folder=shlex.quote(one_line(folder)), input="input.csv", output="output.csv"
        ),
        use=use_in_python(plan, folder, ours=bool(run.family), opens_as=run.opens_as),
        answer=what_it_answers(plan, labels, ours=bool(run.family)),
        results=_results(scores),
        interval="\n".join(_remarks(run, plan, scores["validation"])),
        classes=_classes(scores),
        series=_series(run),
        data=_data(run, plan),
        training=_training(run, plan),
        repeat=f"`bertft {plan.verb} --config plan.toml -o OTHER`" if _from_files(run) else code(run.repeat),
        finished=run.finished[:10],
        device=run.device,
        versions=", ".join(f"{name} {number}" for name, number in run.versions.items()),
        limits="\n\n".join(_limits(run, plan, coverage)),
    )


def _origin(run: RunRecord, plan: Plan) -> str:
    """What it was before."""
    name = code(public_name(run.backbone))
    if plan.recipe.features:
        return f"A head on the frozen {name}, trained"
    return f"A {name}, trained from scratch" if is_from_scratch(run) else f"Fine-tuned from {name}"


def is_from_scratch(run: RunRecord) -> bool:
    """Whether its network knew nothing before."""
    return run.family == run.backbone or run.backbone.startswith(NEW)


def public_name(backbone: str) -> str:
    """Of a folder its own name: where it lies is nobody's business. A name on the Hub stays whole."""
    is_folder = Path(backbone).exists() or backbone.startswith((".", "/", "~")) or backbone.count("/") > 1
    return Path(os.path.abspath(backbone)).name if is_folder else backbone


def file_name(path: str) -> str:
    """The same of a file of rows."""
    if path.startswith(MEMORY):
        return "rows of a program"
    return path if path.startswith("hub:") else Path(path).name


def without_folders(command: str) -> str:
    """A command line with the names of its files alone; what is no command line stays."""
    try:
        return " ".join(shlex.quote(Path(word).name if "/" in word else word) for word in shlex.split(command))
    except ValueError:
        return command


def _from_files(run: RunRecord) -> bool:
    return not any(file.path.startswith(MEMORY) for file in run.data.values())


def _summary(run: RunRecord, plan: Plan, labels: Sequence[str]) -> str:
    """What the task is, and what the model reads and answers with."""
    known = "" if plan.card.is_plain else f"{words(plan.card.summary)} "
    rows, others = f"{run.rows['train']:,} rows", len(plan.data.more_train or ())
    more = f" and {counted(others, 'more file')}" if others else ""
    return f"{known}{what_it_does(plan, len(labels))} It was trained on {rows} of {code(file_name(plan.data.train))}{more}."


def _results(scores: Mapping[str, Scores]) -> str:
    """A table with one column per split."""
    names = list(dict.fromkeys(name for found in scores.values() for name in found.values))
    lines = [f"| metric | {' | '.join(f'{split} ({found.examples:,} rows)' for split, found in scores.items())} |"]
    lines.append("|---|" + "---|" * len(scores))
    for name in names:
        cells = (f"{found.values[name]:.4f}" if name in found.values else "undefined" for found in scores.values())
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _remarks(run: RunRecord, plan: Plan, scores: Scores) -> Iterator[str]:
    """How far the validation scores can be trusted, a line each."""
    yield _interval(scores, chosen_by_it=run.chose_epoch)
    yield words(run.reference["summary"])
    yield from map(words, Trust.from_dict(run.trust).told(chose_epoch=run.chose_epoch))
    if run.refitted:
        yield REFITTED
    yield from map(words, scores.notes)


def _interval(scores: Scores, *, chosen_by_it: bool) -> str:
    chose = f"{scores.main} on the validation rows selected the best epoch." if chosen_by_it else ""
    if scores.interval is None:
        return chose
    low, high = scores.interval
    said = f"{scores.main} on the validation rows: 95 % bootstrap interval {low:.4f} to {high:.4f}."
    return f"{said} It also selected the best epoch, so expect slightly lower scores on new data." if chose else said


def _classes(scores: Mapping[str, Scores]) -> str:
    """Per class, of the last split that was scored: the test rows, where there are any."""
    split, found = list(scores.items())[-1]
    if not found.per_class:
        return ""
    unit = "entities" if found.errors else "rows"
    lines = [
        f"\nPer class, on the {split} rows:\n",
        f"| label | precision | recall | F1 | {unit} |",
        "|---|---|---|---|---|",
    ]
    for label, row in list(found.per_class.items())[:MOST_CLASSES]:
        numbers = " | ".join(f"{row[name]:.3f}" for name in ("precision", "recall", "f1"))
        lines.append(f"| {words(label)} | {numbers} | {row['support']:,.0f} |")
    if len(found.per_class) > MOST_CLASSES:
        lines.append(f"\n`run.json` has the other {len(found.per_class) - MOST_CLASSES:,} classes.")
    return "\n".join(lines) + "\n"


def _series(run: RunRecord) -> str:
    """The runs that this one was chosen from, or measured by."""
    if run.series is None:
        return ""
    columns, rows = series_table(run.series)
    lines = [f"| {' | '.join(map(words, row))} |" for row in (columns, *rows)]
    lines.insert(1, "|---|" + "---|" * (len(columns) - 1))
    remarks = "\n".join(map(words, series_remarks(run.series)))
    return "\n".join(["", f"{series_title(run.series)}:", "", *lines, "", remarks, ""])


def _data(run: RunRecord, plan: Plan) -> str:
    lines = [f"- {split}: {code(file_name(found.path))}, sha256 `{found.sha256}`" for split, found in run.data.items()]
    rows = run.rows
    columns = json.dumps(plan.fields.to_dict(), ensure_ascii=False)
    then = ", which it also learned from at the end" if run.refitted else ""
    lines.append(
        f"- {rows['train']:,} training rows, {rows['validation']:,} validation rows{then}; columns {code(columns)}"
    )
    return "\n".join(lines)


def _training(run: RunRecord, plan: Plan) -> str:
    """The recipe as a table, and how long it took."""
    parameters, times = run.parameters, timing_table(run)
    lines = ["| setting | value |", "|---|---|"]
    shown = {**plan.to_dict()["recipe"], **({"metric": Path(metric).name} if (metric := plan.recipe.metric) else {})}
    lines += [f"| {key} | {value} |" for key, value in shown.items() if _applies(key, plan)]
    if plan.model in CLASSICS:
        return "\n".join(lines) + f"\n\n{parameters.all:,} parameters were fitted at once.\n\n{times}"
    return "\n".join(lines) + (
        f"\n\n{parameters.trainable:,} of {parameters.all:,} parameters were trained for {run.steps:,} steps. "
        f"The best step was {run.best_step:,}"
        f"{'; then the model learned from all rows, including those for validation' if run.refitted else ''}.\n\n{times}"
    )


def _applies(name: str, plan: Plan) -> bool:
    """Whether a setting meant anything in this run."""
    recipe = plan.recipe
    if (model := CLASSICS.get(plan.model or "")) and not model.means(name):
        return False
    needs = {
        "overlap": not takes("long", plan.card.kind) or recipe.long == "window",
        "head_learning_rate": recipe.crf or bool(recipe.bilstm),
        "pool": recipe.pool != "cls",
        "few_shot": recipe.few_shot,
        "class_weights": bool(recipe.class_weights),
        **dict.fromkeys(OF_FEATURES, recipe.features),
        "head_start": KINDS[plan.card.kind].can_fit_head,
    }
    return takes(name, plan.card.kind) and needs.get(name, True)


def _limits(run: RunRecord, plan: Plan, coverage: Sequence[Coverage]) -> Iterator[str]:
    rows = run.rows["train"] + (run.rows["validation"] if run.refitted else 0)
    pretrained = "" if is_from_scratch(run) else f" and of {code(public_name(run.backbone))}"
    yield (
        f"The model has seen {rows:,} rows. On texts of another kind, language or time its scores may be lower. "
        f"Biases of the data{pretrained} remain in it. {what_becomes_of_long_inputs(plan)}"
    )
    if not plan.card.solves.is_number:
        yield _worth_of_probabilities(Trust.from_dict(run.trust), coverage)


def _worth_of_probabilities(trust: Trust, coverage: Sequence[Coverage]) -> str:
    """Beside the accuracy, where rows have one label each."""
    said = "Probabilities are the model's own and were not calibrated."
    if trust.calibration is not None and trust.calibration.after is not None:
        said = (
            f"`bertft predict` gives calibrated probabilities ({trust.calibration.how}, fitted on the validation rows); "
            f"transformers gives the model's own, as does `--raw-probabilities`."
        )
    if not coverage or coverage[0].probability is None:
        return said
    lines = [
        f"{said} On the validation rows the mean probability of the answers is {coverage[0].probability:.3f}, and "
        f"{coverage[0].accuracy:.3f} of them are right. Answers above a probability:",
        "",
        "| probability | share of rows | accuracy |",
        "|---|---|---|",
    ]
    lines += [f"| {one.threshold:g} | {one.coverage:.3f} | {_or_empty(one.accuracy)} |" for one in coverage]
    return "\n".join(lines)


def _or_empty(share: float | None) -> str:
    return "" if share is None else f"{share:.3f}"
