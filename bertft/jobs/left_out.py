"""The training rows of a run with folds, each beside what a model says of it that has not seen it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bertft import console
from bertft.adapters import Adapter, Prediction
from bertft.engine.examples import Examples
from bertft.engine.prepare import adapter_of_record, training_rows
from bertft.errors import CheckpointError
from bertft.jobs.judged import check_unchanged, planned_again
from bertft.kinds import KINDS
from bertft.model.folder import read_task
from bertft.model.tokens import load_tokenizer
from bertft.reading import Table
from bertft.rows.row import Row
from bertft.runs import OUT_OF_FOLD
from bertft.runs.out_of_fold import read_out_of_fold


@dataclass(frozen=True)
class LeftOutRows:
    """Position by position, in the order of the file."""

    adapter: Adapter
    table: Table
    examples: Examples
    predictions: Sequence[Prediction]
    """Each of the model that has not seen the row."""

    @property
    def targets(self) -> Sequence[Any]:
        """The gold values."""
        return self.examples.targets

    def row(self, position: int) -> Row:
        """The row of the training file that an example comes from."""
        return self.table[self.examples.windows[position][0].row]


def left_out_rows(run: str, handed: Mapping[str, Table] | None = None) -> LeftOutRows:
    """Of a run folder. UsageError where it has no folds, or the training file has changed since. `handed`: rows that are no
    file, by their names in the plan."""
    folder = Path(run)
    lines = read_out_of_fold(folder)
    record = read_task(folder)
    adapter = adapter_of_record(record, load_tokenizer(run, words=KINDS[record.card.kind].reads_words))
    with console.hushed():
        planned = planned_again(folder, handed or {})
        check_unchanged(folder, planned.plan, handed or {})
        table = planned.tables.train
        examples = training_rows(planned.plan, adapter, adapter.reader, planned.tables)
    found = LeftOutRows(adapter, table, examples, [adapter.from_plain(line.prediction) for line in lines])
    origins = [found.row(position).origin for position in range(len(examples))]
    if origins != [line.row for line in lines]:
        raise CheckpointError(
            f"{folder / OUT_OF_FOLD}: its rows are not those of {table.name}. Train again with --folds."
        )
    return found
