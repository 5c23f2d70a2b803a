"""Labels that are likely wrong: by the models of the folds where the run has them, in all of its training rows; else by its own
model, in the rows at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bertft.adapters import Answer
from bertft.adapters.texts.multi_label import MultiLabel
from bertft.adapters.texts.single_label import SingleLabel
from bertft.adapters.texts.text_adapter import TextAdapter
from bertft.engine.out_of_fold import lines_of
from bertft.gold.cells import joined_text
from bertft.gold.example import TextExample
from bertft.gold.texts import UNKNOWN
from bertft.jobs.judging.judged import JudgedRows
from bertft.markup import joined
from bertft.model.folder import read_task
from bertft.page.blocks import remark
from bertft.page.skeleton import Section
from bertft.page.wrong_texts import DOUBTS, DoubtfulRow, doubtful_section
from bertft.report.model_card import file_name
from bertft.rows.row import Row
from bertft.runs import OUT_OF_FOLD
from bertft.runs.out_of_fold import FOLD, GOLD, PREDICTION, ROW
from bertft.scoring.mislabelled import DoubtfulLabel, doubtful_labels, doubtful_sets

SHOWN = 20
"""Rows that are listed."""


def doubtful(judged: JudgedRows, adapter: TextAdapter, *, own: bool) -> Section:
    """`own`: whether the rows are the run's validation or test rows. A file of the folds may come from a stranger."""
    if not isinstance(adapter, SingleLabel | MultiLabel):
        return Section(DOUBTS, joined([]))
    if not own or not (Path(judged.run) / OUT_OF_FOLD).is_file():
        return _in_rows_at_hand(judged, adapter, own=own)
    try:
        return _in_folds(Path(judged.run), adapter)
    except (ValueError, KeyError, TypeError, AttributeError, OSError, RecursionError):
        return Section(
            DOUBTS, remark(f"{OUT_OF_FOLD} of the run is damaged, so nothing is known of its training rows.")
        )


def _in_rows_at_hand(judged: JudgedRows, adapter: SingleLabel | MultiLabel, *, own: bool) -> Section:
    values = np.stack([prediction.values for prediction in judged.predictions])
    gold = judged.targets if isinstance(adapter, SingleLabel) else [target[:-1] for target in judged.targets]
    found = _doubts(adapter, gold, values)
    examples = judged.examples_at([doubt.position for doubt in found[:SHOWN]])
    rows = [
        _row(adapter, doubt, example.row.origin, example.texts)
        for doubt, example in zip(found, examples, strict=False)
        if isinstance(example, TextExample)
    ]
    model = (
        "The model, which has not learned from these rows,"
        if own
        else "The model, if it has not learned from these rows,"
    )
    return doubtful_section(rows, found=len(found), judged=f"{len(values):,} rows", model=model)


def _in_folds(folder: Path, adapter: SingleLabel | MultiLabel) -> Section:
    """The file is read twice, so that not all of its texts are in memory."""
    gold, values = [], []
    for line in lines_of(folder):
        gold.append(_gold(adapter, line[GOLD]))
        values.append(adapter.from_plain(line[PREDICTION]).values)
    found = _doubts(adapter, gold, np.stack(values))
    shown = {doubt.position for doubt in found[:SHOWN]}
    lines = {place: line for place, line in enumerate(lines_of(folder)) if place in shown}
    learned = _Learned.of(folder, adapter)
    rows = [
        _row(adapter, doubt, str(lines[doubt.position][ROW]), learned.texts(lines[doubt.position]))
        for doubt in found[:SHOWN]
    ]
    model = "A model of the same kind, which learned from all folds but the row's,"
    return doubtful_section(rows, found=len(found), judged=f"{len(values):,} training rows", model=model)


def _gold(adapter: SingleLabel | MultiLabel, said: Any) -> Any:
    """What `in_words` made of a gold value, back in numbers."""
    names = adapter.labels.names
    if isinstance(adapter, SingleLabel):
        return names.index(said) if said in names else UNKNOWN
    return np.asarray([name in said for name in names], dtype=np.int8)


@dataclass(frozen=True)
class _Learned:
    """The columns of the texts that the run learned from."""

    parts: Sequence[Sequence[str]]
    ours: Sequence[str]

    @classmethod
    def of(cls, folder: Path, adapter: TextAdapter) -> _Learned:
        fields = read_task(folder).fields
        parts = [fields.texts, *([(fields.text_pair,)] if fields.text_pair else [])]
        return cls(parts, (ROW, FOLD, GOLD, PREDICTION, *adapter.added_columns(Answer())))

    def texts(self, line: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(self._text(part, line) for part in self.parts)

    def _text(self, columns: Sequence[str], line: Mapping[str, Any]) -> str:
        cells = {name: line[self._name(name, line)] for name in columns}
        return joined_text(columns, Row(0, "", cells))

    def _name(self, column: str, line: Mapping[str, Any]) -> str:
        """A column of the input with one of our names is written as `input_NAME`."""
        name = column
        while (column in self.ours and name == column) or (name != column and f"input_{name}" in line):
            name = f"input_{name}"
        return name


def _doubts(adapter: SingleLabel | MultiLabel, gold: Sequence[Any], values: Any) -> list[DoubtfulLabel]:
    if isinstance(adapter, SingleLabel):
        return doubtful_labels(np.asarray(gold), values)
    return doubtful_sets(np.stack(gold), values)


def _row(adapter: TextAdapter, doubt: DoubtfulLabel, origin: str, texts: Sequence[str]) -> DoubtfulRow:
    return DoubtfulRow(file_name(origin), texts, *_in_words(doubt, adapter), doubt.margin)


def _in_words(doubt: DoubtfulLabel, adapter: TextAdapter) -> tuple[str, str]:
    """What it is labelled, and what speaks against that."""
    label, suggested = (None if one is None else adapter.labels.names[one] for one in (doubt.label, doubt.suggested))
    if label is None:
        return f"without '{suggested}'", f"'{suggested}' seems to be missing"
    return f"'{label}'", f"'{label}' seems to be wrong" if suggested is None else f"'{suggested}' is more probable"
