"""Several runs of one training as a table and a sentence: for the terminal and for the model card."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bertft.runs.series import JUDGED, Member, Series
from bertft.scoring import Scores
from bertft.scoring.spread import Spread
from bertft.wording import counted

UNDEFINED = "undefined"


def series_table(series: Series) -> tuple[list[str], list[list[str]]]:
    """Column names and rows: the main metric of each run by split, then the mean and the standard deviation."""
    splits = list(series.spread)
    columns = ["run", *(f"{split} {series.main}" for split in splits), "best step", "seconds"]
    rows = [_row(series, member, splits) for member in series.members]
    spreads = [series.spread[split].get(series.main) for split in splits]
    rows.append(["mean", *(_number(one.mean if one else None) for one in spreads), "", ""])
    rows.append(["standard deviation", *(_number(one.deviation if one else None) for one in spreads), "", ""])
    return columns, rows


def _row(series: Series, member: Member, splits: Sequence[str]) -> list[str]:
    values = (_number(member.scores.get(split, {}).get(series.main)) for split in splits)
    kept = " (kept)" if member.name == series.kept else ""
    return [f"{member.name}{kept}", *values, f"{member.best_step:,}", f"{member.seconds:,.0f}"]


def series_title(series: Series) -> str:
    """Of the table."""
    if series.kept is None:
        return f"{len(series.members)} folds, each scored by a model that has not seen it"
    return f"{len(series.members)} seeds"


def series_remarks(series: Series) -> Iterator[str]:
    """What the table means, a sentence or two each."""
    runs = len(series.members)
    for split, spreads in series.spread.items():
        if undefined := runs - (spreads[series.main].runs if series.main in spreads else 0):
            yield f"{split.capitalize()} {series.main} is undefined in {undefined} of {runs} runs, which are left out."
    yield from _of_folds(series) if series.kept is None else _of_seeds(series)


def _of_seeds(series: Series) -> Iterator[str]:
    for split, spreads in series.spread.items():
        if found := spreads.get(series.main):
            yield f"{split.capitalize()} {series.main} over {counted(found.runs, 'seed')}: {_spread(found)}."
    yield (
        f"{series.kept} is kept because its validation {series.main} is the best of {len(series.members)}, so that score is "
        f"flattered: of another seed expect the mean."
    )


def _of_folds(series: Series) -> Iterator[str]:
    found = series.spread.get(JUDGED, {}).get(series.main)
    if series.pooled is not None:
        pooled = Scores.from_dict(series.pooled)
        interval = ", 95 % interval {:.4f} to {:.4f}".format(*pooled.interval) if pooled.interval else ""
        value = _number(pooled.values.get(series.main))
        yield f"Out-of-fold {series.main} of all {pooled.examples:,} rows together: {value}{interval}."
    if found is not None:
        yield f"By fold: {_spread(found)}."
    folds = len(series.members)
    yield (
        f"The models of the folds learned from {folds - 1} of {folds} parts of the rows; the one that is kept, from all of them."
    )


def _spread(found: Spread) -> str:
    deviation = "" if found.deviation is None else f" ± {found.deviation:.4f} (mean and standard deviation)"
    return f"{found.mean:.4f}{deviation}"


def _number(value: float | None) -> str:
    return UNDEFINED if value is None else f"{value:.4f}"
