"""How a run learned, and what it cost: from history.jsonl and run.json. Both may come from a stranger, so a value that is no
number is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bertft.markup import Part, joined
from bertft.page.blocks import Plot, figure, foreign, side_by_side, table
from bertft.page.skeleton import Section
from bertft.plots.frame import Axis
from bertft.plots.lines import Line, plot_lines
from bertft.report.model_card import file_name, public_name, without_folders
from bertft.runs.record import RunRecord, is_number
from bertft.scoring import higher_is_better
from bertft.wording import duration

Points = list[tuple[float, float]]
MOST_METRICS = 4


def learning_section(lines: Sequence[Mapping[str, Any]], shown: Sequence[str], best_step: int) -> Section:
    """`lines` of history.jsonl; `shown` are metrics in the order of their importance."""
    loss = _points([(line.get("step"), line.get("loss")) for line in lines])
    by_metric = {name: _points([(line.get("step"), _validation(line).get(name)) for line in lines]) for name in shown}
    scores = {name: points for name, points in by_metric.items() if points}
    scores = comparable(scores)
    plots = (*_loss(loss, best_step), *_scores(scores, best_step))
    return Section("Learning", side_by_side(*map(figure, plots)) if plots else joined([]), plots)


def comparable(scores: Mapping[str, Points]) -> dict[str, Points]:
    """Those that fit on one axis with the first: they rise and fall alike, and are shares or correlations if it is."""
    rises = [higher_is_better(name) for name in scores][:1]
    small = [_is_small(points) for points in scores.values()][:1]
    return {
        name: points
        for name, points in scores.items()
        if [higher_is_better(name)] == rises and [_is_small(points)] == small
    }


def _is_small(points: Points) -> bool:
    return all(-1 <= y <= 1 for _, y in points)


def _validation(line: Mapping[str, Any]) -> Mapping[str, Any]:
    found = line.get("validation")
    return found if isinstance(found, dict) else {}


def _points(pairs: Sequence[tuple[Any, Any]]) -> Points:
    return [(float(x), float(y)) for x, y in pairs if is_number(x) and is_number(y)]


def _loss(points: Points, best: int) -> Iterator[Plot]:
    if points:
        title = "Training loss by optimizer step"
        yield Plot(
            "loss",
            plot_lines(title, [Line("loss", points)], _steps(points), _around("loss", points), mark=best),
            f"{title}.",
        )


def _scores(scores: Mapping[str, Points], best: int) -> Iterator[Plot]:
    chosen = dict(list(scores.items())[:MOST_METRICS])
    if chosen:
        title = "Validation scores by optimizer step"
        lines = [Line(name, points, has_dots=True) for name, points in chosen.items()]
        together = [point for points in chosen.values() for point in points]
        y = _around(lines[0].name if len(lines) == 1 else "score", together)
        drawing = plot_lines(title, lines, _steps(together), y, mark=best)
        yield Plot("validation", drawing, f"{title}. The dashed line is the chosen step, {best:,}.")


def _steps(points: Points) -> Axis:
    return Axis("step", 0.0, max([x for x, _ in points] + [1.0]))


def _around(title: str, points: Points) -> Axis:
    return Axis.around(title, [y for _, y in points])


def cost_section(run: RunRecord, judged: Mapping[str, float]) -> Section:
    """`judged`: how long the rows of this page took."""
    lines: list[tuple[str, Part]] = [
        ("backbone", foreign(public_name(str(run.backbone)))),
        ("parameters", f"{_count(run.parameters.all)}, of which {_count(run.parameters.trainable)} were trained"),
        ("rows", ", ".join(f"{split} {_count(rows)}" for split, rows in run.rows.items())),
        ("files", joined([foreign(file_name(str(file.path))) for file in run.data.values()], ", ")),
        (
            "training",
            f"{_pace(run.timings.get('train', {}))}, {_count(run.steps)} steps, the best {_count(run.best_step)}",
        ),
        ("this page", _pace(judged)),
        ("device", foreign(str(run.device))),
        ("seed", _count(run.seed)),
        ("versions", foreign(", ".join(f"{name} {number}" for name, number in run.versions.items()))),
        ("command", foreign(without_folders(str(run.repeat)), class_="text")),
    ]
    return Section("Cost and time", table(["", ""], lines, text_columns=2))


def _pace(timing: Any) -> str:
    if not isinstance(timing, Mapping):
        return "unknown"
    seconds, rate = timing.get("seconds"), timing.get("examples_per_second")
    if not is_number(seconds):
        return "unknown"
    return duration(float(seconds or 0)) + (f", {rate:,.0f} examples/s" if is_number(rate) else "")


def _count(value: Any) -> str:
    return f"{value:,}" if is_number(value) else str(value)
