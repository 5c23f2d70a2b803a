"""The model card: README.md of a run folder. Everything in it is known; nothing says 'more information needed'."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path

from bertft.plan.plan import Plan
from bertft.report.descriptions import use_in_transformers, what_becomes_of_long_inputs, what_it_answers
from bertft.report.markdown import code, one_line, words
from bertft.runs.record import RunRecord
from bertft.scoring import Scores

_HUB_METRICS = {"mcc": "matthews_correlation", "spearman": "spearmanr", "pearson": "pearsonr"}
"""Our name -> the Hub's."""

REFITTED = "The validation scores were taken before the model also learned from the validation rows."

_TEMPLATE = """\
{front_matter}
# {title}

{summary} Fine-tuned from {backbone} with [bertft](https://pypi.org/project/bertft/) {version}.

## Use

```sh
bertft predict {folder} input.csv -o output.csv
```

```python
{use}
```

{answer}

## Results

{results}

{interval}

## Training data

{data}

## Training

{training}

The whole plan stands in `plan.toml`; {repeat} does the same run again.
Made {finished} on {device}, with {versions}.

## Limits

{limits}
"""


def model_card(run: RunRecord, plan: Plan, scores: Mapping[str, Scores], labels: tuple[str, ...]) -> str:
    """The text."""
    return _TEMPLATE.format(
        front_matter=_front_matter(run, plan, scores),
        title=words(plan.card.name),
        summary=words(plan.card.summary),
        backbone=code(run.backbone),
        version=run.versions["bertft"],
        folder=shlex.quote(one_line(plan.output_dir)),
        use=use_in_transformers(plan, plan.output_dir),
        answer=what_it_answers(plan, labels),
        results=_results(scores),
        interval="\n".join(
            [
                _interval(scores["validation"]),
                words(run.reference["summary"]),
                *([REFITTED] if run.refitted else []),
                *map(words, scores["validation"].notes),
            ]
        ),
        data=_data(run, plan),
        training=_training(run, plan),
        repeat=code(run.repeat),
        finished=run.finished[:10],
        device=run.device,
        versions=", ".join(f"{name} {number}" for name, number in run.versions.items()),
        limits=_limits(run, plan),
    )


def _front_matter(run: RunRecord, plan: Plan, scores: Mapping[str, Scores]) -> str:
    """The Hub's metadata, as its own library writes it."""
    from huggingface_hub import EvalResult, ModelCardData

    results = [
        EvalResult(
            task_type=plan.card.kind,
            dataset_type="custom",
            dataset_name=plan.card.name,
            dataset_split=split,
            metric_type=_HUB_METRICS.get(name, name),
            metric_value=round(value, 4),
        )
        for split, found in scores.items()
        if split != "validation" or not run.refitted  # those are of the model before
        for name, value in found.values.items()
    ]
    data = ModelCardData(
        library_name="transformers",
        pipeline_tag=plan.card.kind,
        base_model=_hub_name(run.backbone),
        tags=["bertft"],
        model_name=plan.card.name,
        eval_results=results or None,
    )
    return f"---\n{data.to_yaml()}\n---\n"


def _hub_name(backbone: str) -> str | None:
    """None for a local folder, which nobody else has."""
    if Path(backbone).is_dir():
        return None
    return "sentence-transformers/all-MiniLM-L6-v2" if backbone == "minilm" else backbone


def _results(scores: Mapping[str, Scores]) -> str:
    """A table with one column per split."""
    names = list(dict.fromkeys(name for found in scores.values() for name in found.values))
    lines = [f"| metric | {' | '.join(f'{split} ({found.examples:,} rows)' for split, found in scores.items())} |"]
    lines.append("|---|" + "---|" * len(scores))
    for name in names:
        cells = (f"{found.values[name]:.4f}" if name in found.values else "undefined" for found in scores.values())
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _interval(scores: Scores) -> str:
    if scores.interval is None:
        return f"The best epoch was chosen by {scores.main} on the validation rows."
    low, high = scores.interval
    return (
        f"{scores.main} on the validation rows: 95 % bootstrap interval {low:.4f} to {high:.4f}. "
        f"The best epoch was chosen by it, so expect a little less on new data."
    )


def _data(run: RunRecord, plan: Plan) -> str:
    lines = [f"- {split}: {code(found.path)}, sha256 `{found.sha256}`" for split, found in run.data.items()]
    rows = run.rows
    columns = json.dumps(plan.fields.to_dict(), ensure_ascii=False)
    then = ", then learned from too" if run.refitted else ""
    lines.append(
        f"- {rows['train']:,} rows to learn from, {rows['validation']:,} to choose the best epoch{then}; columns {code(columns)}"
    )
    return "\n".join(lines)


def _training(run: RunRecord, plan: Plan) -> str:
    """The recipe as a table, and how long it took."""
    parameters, timing = run.parameters, run.timings["train"]
    lines = ["| setting | value |", "|---|---|"]
    lines += [f"| {key} | {value} |" for key, value in plan.to_dict()["recipe"].items()]
    return "\n".join(lines) + (
        f"\n\n{parameters.trainable:,} of {parameters.all:,} parameters were trained, for {run.steps:,} steps "
        f"({timing['seconds']:,.0f} s, {timing['examples_per_second']:,.0f} examples/s); step {run.best_step:,} was best"
        f"{', and then all rows were learned from, those for validation included' if run.refitted else ''}."
    )


def _limits(run: RunRecord, plan: Plan) -> str:
    rows = run.rows["train"] + (run.rows["validation"] if run.refitted else 0)
    return (
        f"The model knows what {rows:,} rows could teach it: texts of another kind, language or time may be judged worse than "
        f"the table says, and biases of the data and of {code(run.backbone)} remain in it. A probability is the model's own "
        f"and was not calibrated. {what_becomes_of_long_inputs(plan)}"
    )
