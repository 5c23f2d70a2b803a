"""What a run says of the rows of its training file that it left out: a line for each, with its place, its own columns, its gold
value, the columns of `predict` and the whole prediction, to the last digit. A column of the row that has the name of one of ours
is written as `input_NAME`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bertft.adapters import Adapter, Answer, Prediction
from bertft.engine.examples import Examples
from bertft.gold import Example
from bertft.reading import Table
from bertft.runs import OUT_OF_FOLD, TASK_FILE
from bertft.runs.out_of_fold import FOLD, GOLD, PREDICTION, ROW
from bertft.writing import open_writer


def write_answers(
    folder: Path, adapter: Adapter, table: Table, test: Examples, answers: Sequence[Prediction], *, fold: int
) -> None:
    """`answers` are those to the rows `test` of the training `table`; `adapter` has the thresholds of this run."""
    gold = adapter.in_words(answers, test.targets)[1]
    asked = {row[0].row: place for place, row in enumerate(test.windows)}
    reads = [read for read in adapter.reader.for_file(table).labelled(table) if read.row.index in asked]
    adapter = adapter.for_sample(reads[0])
    added = adapter.added_columns(Answer())
    names = own_names(table.columns, [ROW, FOLD, GOLD, *added, PREDICTION])
    columns = [ROW, FOLD, *names.values(), GOLD, *added, PREDICTION]
    with open_writer(str(folder / OUT_OF_FOLD), columns=columns, kept=[*names.values(), PREDICTION]) as writer:
        for read in reads:
            place = asked[read.row.index]
            assert isinstance(read, Example)
            writer.write(
                {
                    ROW: read.row.origin,
                    FOLD: fold,
                    **{names[name]: value for name, value in read.row.fields.items()},
                    GOLD: gold[place],
                    **adapter.answer_columns(read, answers[place], Answer()),
                    PREDICTION: adapter.to_plain(answers[place]),
                }
            )


def own_names(columns: Sequence[str], ours: Sequence[str]) -> dict[str, str]:
    """Each column of the input -> its name beside ours."""
    taken, names = {*columns, *ours}, {}
    for column in columns:
        name = column
        while column in ours and name in taken:
            name = f"input_{name}"
        taken.add(name)
        names[column] = name
    return names


def lines_of(folder: Path) -> Iterator[dict[str, Any]]:
    """Those of a run that left out a fold, in the order of its rows."""
    with (folder / OUT_OF_FOLD).open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def write_lines(folder: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    """Those of all folds, in the folder of the whole run."""
    with open_writer(str(folder / OUT_OF_FOLD), columns=list(lines[0]), kept=list(lines[0])) as writer:
        for line in lines:
            writer.write(line)


def settled_answers(folder: Path, adapter: Adapter, lines: Sequence[Mapping[str, Any]]) -> list[Prediction]:
    """The predictions of a run's `lines`, as an adapter without thresholds must see them to decide as that run did."""
    stored = json.loads((folder / TASK_FILE).read_text(encoding="utf-8"))["stored"]
    own = adapter.with_stored(stored)
    return [own.settled(own.from_plain(line[PREDICTION])) for line in lines]
