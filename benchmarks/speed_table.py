"""From runs to medians, ratios and Markdown. A ratio is taken within a round, where both tools met the same machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from speed_curves import Point
from speed_sides import Run

Rounds = Sequence[Sequence[Run]]


def summarize(
    rounds: Rounds, references: Sequence[str], flops: float, gflops: dict[str, float]
) -> list[dict[str, Any]]:
    """One line per tool. `flops`: of one example; `gflops`: the machine's peak in each precision."""
    tools = list(dict.fromkeys(run.tool for found in rounds for run in found))
    met = [name for name in references if name in tools]
    return [summary(tool, rounds, met, flops, gflops) for tool in tools]


def summary(
    tool: str, rounds: Rounds, references: Sequence[str], flops: float, gflops: dict[str, float]
) -> dict[str, Any]:
    """Medians over the rounds of one tool, and how many times as fast as each reference it is."""
    runs = [run for found in rounds for run in found if run.tool == tool]
    rate = median(run.rate for run in runs)
    return {
        "tool": tool,
        "precision": runs[0].precision,
        "runs": len(runs),
        "examples_per_second": rate,
        "loop_examples_per_second": middle(run.loop_rate for run in runs),
        "tokens_per_second": median(run.tokens / run.seconds for run in runs),
        "padding": middle(run.padding for run in runs),
        "share_of_peak": rate * flops / (gflops[runs[0].precision] * 1e9),
        "loop_share_of_peak": share(middle(run.loop_rate for run in runs), flops, gflops[runs[0].precision]),
        "peak_mb": median(run.peak_mb for run in runs),
        "accuracy": middle(run.accuracy for run in runs),
        "same_labels": middle(run.same_labels for run in runs),
        "command_seconds": median(run.command_seconds for run in runs),
        "ratios": {name: ratios(rounds, tool, name, "rate") for name in references},
        "loop_ratios": {name: ratios(rounds, tool, name, "loop_rate") for name in references},
    }


def middle(values: Iterable[float | None]) -> float | None:
    """Their median, where there are any."""
    known = [value for value in values if value is not None]
    return median(known) if known else None


def share(rate: float | None, flops: float, gflops: float) -> float | None:
    return rate * flops / (gflops * 1e9) if rate else None


def ratios(rounds: Rounds, tool: str, reference: str, rate: str) -> list[float]:
    """Of each round that has both."""
    found = [{run.tool: getattr(run, rate) for run in runs} for runs in rounds]
    return [rates[tool] / rates[reference] for rates in found if rates.get(tool) and rates.get(reference)]


def training_table(lines: Sequence[dict[str, Any]]) -> str:
    head = [
        "tool",
        "precision",
        "examples/s",
        "loop alone",
        "tokens/s",
        "padding in batches",
        "share of peak, loop alone",
    ]
    head += ["peak MB", "accuracy", "command, s", *(f"times {name}" for name in lines[0]["ratios"])]
    names = ["examples_per_second", "loop_examples_per_second", "tokens_per_second", "padding", "loop_share_of_peak"]
    names += ["peak_mb", "accuracy", "command_seconds"]
    return tool_table(head, names, lines)


def prediction_table(lines: Sequence[dict[str, Any]]) -> str:
    head = ["tool", "precision", "examples/s", "tokens/s", "share of peak", "peak MB", "labels as fp32 pipeline"]
    head += ["command, s", *(f"times {name}" for name in lines[0]["ratios"])]
    names = ["examples_per_second", "tokens_per_second", "share_of_peak", "peak_mb", "same_labels", "command_seconds"]
    return tool_table(head, names, lines)


def tool_table(head: Sequence[str], names: Sequence[str], lines: Sequence[dict[str, Any]]) -> str:
    rows = []
    for line in lines:
        times = [cell_of_ratios(line["ratios"][name], line["loop_ratios"][name]) for name in line["ratios"]]
        rows.append([line["tool"], line["precision"], *(cell(name, line[name]) for name in names), *times])
    return markdown([head, *rows])


def cell(name: str, value: float | None) -> str:
    if value is None:
        return ""
    if name in ("padding", "share_of_peak", "loop_share_of_peak"):
        return f"{value:.0%}"
    return f"{value:.4f}" if name in ("accuracy", "same_labels") else number(value)


def number(value: float) -> str:
    """Three digits that count."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def cell_of_ratios(whole: Sequence[float], loop: Sequence[float]) -> str:
    """The median, from the least to the most, and that of the training loop alone."""
    if not whole:
        return ""
    spread = f" ({min(whole):.2f} to {max(whole):.2f})" if len(whole) > 1 else ""
    return f"{median(whole):.2f}{spread}" + (f", loop {median(loop):.2f}" if loop else "")


def points_table(points: Sequence[Point]) -> str:
    head = ["what", "rows", "tokens per text", "µs per example", "µs per token", "peak MB"]
    rows = [
        [
            one.what,
            f"{one.rows:,}",
            *map(number, (one.tokens_per_text, one.us_per_example, one.us_per_token, one.peak_mb)),
        ]
        for one in points
    ]
    return markdown([head, *rows])


def startup_table(seconds: dict[str, float]) -> str:
    return markdown([["from the command to", "seconds"], *([what, f"{value:.2f}"] for what, value in seconds.items())])


def markdown(rows: Sequence[Sequence[str]]) -> str:
    head, *others = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *others))
