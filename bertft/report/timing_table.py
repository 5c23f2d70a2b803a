"""How long a run took, as a table of its card: training, evaluation and prediction, with examples and tokens per second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bertft.report.markdown import words
from bertft.runs.record import RunRecord, is_number

_VERBS = {
    "features": "frozen outputs",
    "train": "training",
    "eval": "evaluation",
    "predict": "prediction",
    "embed": "embedding",
}
"""Names in run.json, and in the table."""

_NUMBERS = {
    "examples": "{:,.0f}",
    "seconds": "{:,.1f}",
    "examples_per_second": "{:,.1f}",
    "tokens_per_second": "{:,.0f}",
}


def timing_table(run: RunRecord) -> str:
    """In Markdown. What was measured on another device than the training names it."""
    found = {verb: timing for verb in _VERBS if isinstance(timing := run.timings.get(verb), Mapping)}
    lines = ["| | examples | seconds | examples/s | tokens/s | on |", "|---|---|---|---|---|---|"]
    lines += [_line(_VERBS[verb], timing, str(timing.get("device") or run.device)) for verb, timing in found.items()]
    about = ", ".join(f"{name} {value}" for name, value in run.machine.items())
    return "\n".join(lines) + f"\n\nThe machine of the training: {words(about)}."


def _line(name: str, timing: Mapping[str, Any], device: str) -> str:
    cells = [_number(timing.get(key), form) for key, form in _NUMBERS.items()]
    return f"| {name} | {' | '.join(cells)} | {words(device)} |"


def _number(value: Any, form: str) -> str:
    return form.format(value) if is_number(value) and value > 0 else ""
