"""What `info` found, for the terminal."""

from __future__ import annotations

from bertft import console
from bertft.report.described import Described, DescribedMemory, DescribedPart, DescribedRun
from bertft.wording import counted, duration

MOST_LABELS = 20

SYMBOLS = (
    "V tokens, P positions, S segments, H hidden size, E size of the embeddings, I feed-forward size, R relative positions, "
    "C width of the convolution, K labels"
)


def show_described(found: Described) -> None:
    """Parameters, memory, operations, and the run."""
    head = f" with head '{found.head}'" if found.head != "none" else ", encoder only"
    labels = f" for {counted(found.labels, 'label')}" if found.labels else ""
    title = f"{found.model}: {found.family}{head}{labels}, {found.parameters:,} parameters"
    frozen = found.trainable != found.parameters
    with_formulas = any(part.formula for part in found.parts)
    columns = [
        "part",
        *(["formula", "numbers"] if with_formulas else []),
        "parameters",
        *(["trainable"] if frozen else []),
    ]
    rows = [_row(part, formulas=with_formulas, frozen=frozen) for part in found.parts]
    total = [
        "total",
        *(["", ""] if with_formulas else []),
        f"{found.parameters:,}",
        *([f"{found.trainable:,}"] * frozen),
    ]
    console.table(title, columns, [*rows, total], text_columns=3 if with_formulas else 1)
    if with_formulas:
        console.result(f"{SYMBOLS}.\n")
    for saving in found.savings:
        console.result(f"Saved by {saving.by}: {saving.parameters:,} parameters = {saving.formula} = {saving.numbers}.")
    if found.memory is not None:
        _show_memory(found.memory)
    if (cost := found.operations) is not None:
        console.result(
            f"Operations of a forward pass, {counted(cost.length, 'token')}: {amount(cost.per_text)} per text, "
            f"{amount(round(cost.per_token))} per token; training takes three times as many."
        )
    if found.run is not None:
        _show_run(found.run)
    for note in found.notes:
        console.result(note)


def _row(part: DescribedPart, *, formulas: bool, frozen: bool) -> list[str]:
    words = [part.formula, part.numbers] if formulas else []
    return [part.name, *words, f"{part.parameters:,}", *([f"{part.trainable:,}"] if frozen else [])]


def _show_memory(found: DescribedMemory) -> None:
    of = found.parts
    rows = [
        ("weights, fp32", of.weights),
        ("gradients, fp32", of.gradients),
        ("AdamW's two averages, fp32", of.optimizer),
        (f"copies of weights in {found.precision} and the like", of.copies),
        ("activations, kept for the backward pass", of.activations),
        ("tensors, at most at once", of.total),
        ("the whole process, about", of.process),
    ]
    title = (
        f"Memory of training on a processor: batch {found.batch_size}, {counted(found.length, 'token')} each, "
        f"{found.precision}, {found.layers}"
    )
    console.table(title, ["", "MB"], [[name, f"{count / 1e6:,.1f}"] for name, count in rows])


def _show_run(run: DescribedRun) -> None:
    rows = [["task", run.task], ["model", run.backbone], ["labels", _labels(run)]]
    rows += [[f"{split} data", f"{path}, {counted(run.rows.get(split, 0), 'row')}"] for split, path in run.data.items()]
    rows += [["seed", str(run.seed)], ["steps", f"{run.steps:,}"], ["finished", run.finished]]
    rows += [["training", duration(run.seconds)]] if run.seconds is not None else []
    rows += [
        [f"{split} {name}", f"{value:.4f}"] for split, scores in run.scores.items() for name, value in scores.items()
    ]
    for name, value in rows:
        console.result(f"{name}: {value}")


def _labels(run: DescribedRun) -> str:
    more = len(run.labels) - MOST_LABELS
    shown = ", ".join(run.labels[:MOST_LABELS])
    return f"{shown} and {more:,} more (--json shows all)" if more > 0 else shown or "none"


def amount(count: int) -> str:
    """`22.35 billion`, `174.6 million`, `512`."""
    for size, name in ((10**12, "trillion"), (10**9, "billion"), (10**6, "million")):
        if count >= size:
            return f"{count / size:.4g} {name}"
    return f"{count:,}"
