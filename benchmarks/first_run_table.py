"""The table of first runs: a row for each data set and size, a column for each side, from a file of results."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import mean, stdev
from typing import Any

Key = tuple[str, int, int, str, str]
Results = list[dict[str, Any]]

COLUMNS = ("tfidf", "frozen", "old", "new", "trainer", "trainer_best")


def read_results(file: Path) -> Results:
    """One for each run, the last one where it was run twice. A line that an interruption cut is left out."""
    found: dict[Key, dict[str, Any]] = {}
    for line in file.read_text(encoding="utf-8").split("\n") if file.exists() else ():
        try:
            result = json.loads(line)
        except json.JSONDecodeError:
            continue
        found[key_of(result)] = result
    return list(found.values())


def key_of(result: dict[str, Any]) -> Key:
    return result["data"], result["rows"], result["seed"], result["side"], result["label"]


def table(results: Results, label: str) -> str:
    """Markdown: mean ± deviation and mean seconds, the best in bold, and how the `new` side with that label stands."""
    names = column_names(results, label)
    if not names:
        return "No results yet."
    sets = list(dict.fromkeys(result["data"] for result in results))
    rows = sorted({(sets.index(result["data"]), result["rows"]) for result in results})
    head = ["data", "metric", "rows", "seeds", *names, f"is {label} the best?"]
    lines = [table_row(results, sets[place], size, names, label) for place, size in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *lines))


def column_names(results: Results, label: str) -> list[str]:
    """Sides; of `new` its labels, the asked one last."""
    labels = sorted(
        {result["label"] for result in results if result["side"] == "new"}, key=lambda one: (one == label, one)
    )
    sides = {result["side"] for result in results}
    return [name for side in COLUMNS if side in sides for name in (labels if side == "new" else [side])]


def table_row(results: Results, data: str, size: int, names: list[str], label: str) -> list[str]:
    of_column = {
        name: [r for r in results if (r["data"], r["rows"]) == (data, size) and name == (r["label"] or r["side"])]
        for name in names
    }
    scores = {name: [r["score"] for r in found] for name, found in of_column.items() if found}
    best = max(scores, key=lambda name: mean(scores[name]))
    cells = [cell(found, bold=name == best) for name, found in of_column.items()]
    counts = sorted({len(found) for found in scores.values()})
    seeds = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    metric = next(r["metric"] for found in of_column.values() for r in found)
    return [data, metric, f"{size:,}", seeds, *cells, verdict(scores, label)]


def cell(found: Results, *, bold: bool) -> str:
    if not found:
        return ""
    score = spread([result["score"] for result in found])
    return (f"**{score}**" if bold else score) + f" ({mean(result['seconds'] for result in found):.0f} s)"


def spread(values: list[float]) -> str:
    return f"{mean(values):.3f}" + (f" ± {stdev(values):.3f}" if len(values) > 1 else "")


def verdict(scores: dict[str, list[float]], label: str) -> str:
    """`yes`, `within its error` (deviation / sqrt(seeds)), or by how much it is behind. Other labels have no say."""
    own = scores.get(label)
    others = {name: mean(values) for name, values in scores.items() if name in COLUMNS and name not in (label, "new")}
    if not own or not others:
        return ""
    ahead, best = max((value, name) for name, value in others.items())
    behind = ahead - mean(own)
    if behind <= 0:
        return "yes"
    error = stdev(own) / len(own) ** 0.5 if len(own) > 1 else 0.0
    return f"within its error (-{behind:.3f})" if behind <= error else f"no: {best} +{behind:.3f}"
