"""What BERT is worth on a data set, beside models from before it: a table and a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bertft import console
from bertft.report.compared import Compared, ComparedRun
from bertft.report.figures import interval_text, value_text
from bertft.scoring import Scores, better
from bertft.scoring.difference import Difference
from bertft.wording import counted, duration


@dataclass(frozen=True)
class BaselineRun:
    """One of the models."""

    name: str
    """Of its folder: what --model calls it, without the place where it lies."""
    found: ComparedRun
    seconds: float | None
    """From the rows to the records; None where the run was cut off in between."""

    @property
    def scores(self) -> Scores:
        return self.found.scores


@dataclass(frozen=True)
class Baselines:
    """BERT first, then the others, from the dearest to the cheapest."""

    folder: Path
    runs: Sequence[BaselineRun]
    compared: Compared

    @property
    def best(self) -> tuple[BaselineRun, Difference]:
        """The best of the others, and how it differs from BERT."""
        pairs = list(zip(self.runs[1:], self.compared.differences, strict=True))
        best = pairs[0]
        for pair in pairs[1:]:
            if not better(self.compared.metric, best[0].scores.main_value, pair[0].scores.main_value):
                best = pair
        return best

    @property
    def sentence(self) -> str:
        """`minilm is 3.1 points of accuracy above tfidf (…): more than chance. It took 40 times as long …`"""
        (other, difference), bert = self.best, self.runs[0]
        return f"{difference.sentence(bert.name, other.name)} {times(bert, other)}".rstrip()

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "folder": str(self.folder),
            "data": self.compared.data,
            "rows": self.compared.rows,
            "metric": self.compared.metric,
            "sentence": self.sentence,
            "models": [
                {
                    "name": run.name,
                    **run.found.as_dict(),
                    "seconds": run.seconds,
                    "difference": None if difference is None else difference.as_dict(),
                }
                for run, difference in zip(self.runs, [None, *self.compared.differences], strict=True)
            ],
            "notes": list(self.compared.notes),
        }


def times(bert: BaselineRun, other: BaselineRun) -> str:
    """How much longer one took than the other; '' where that is not known."""
    if bert.seconds is None or other.seconds is None:
        return ""
    longer, shorter = (bert, other) if bert.seconds >= other.seconds else (other, bert)
    factor = (longer.seconds or 0.0) / max(shorter.seconds or 0.0, 0.001)
    told = f"{factor:.0f}" if factor >= 10 else f"{factor:.1f}"
    return (
        f"{longer.name} took {told} times as long ({duration(longer.seconds or 0.0)} beside "
        f"{duration(shorter.seconds or 0.0)})."
    )


def show_baselines(found: Baselines) -> None:
    """A line for each model, the cheapest first, and what it comes to."""
    metric = found.compared.metric
    columns = ["model", metric, "95 % interval", "seconds", "MB", "rows/s"]
    console.table(
        f"{found.compared.data}: {counted(found.compared.rows, 'row')}",
        columns,
        [_line(run, metric) for run in reversed(found.runs)],
    )
    for note in found.compared.notes:
        console.result(note)
    console.result(found.sentence)
    console.result(f"Run folders: {found.folder}")


def _line(run: BaselineRun, metric: str) -> list[str]:
    value, interval = value_text(run.scores, metric), interval_text(run.scores)
    seconds = "unknown" if run.seconds is None else f"{run.seconds:,.1f}"
    return [run.name, value, interval, seconds, f"{run.found.megabytes:,.1f}", f"{run.found.rows_per_second:,.0f}"]
