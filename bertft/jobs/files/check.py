"""`check`: what would be trained on, and what is wrong with it. torch sleeps."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bertft import console
from bertft.checking.finding import Checked, Findings
from bertft.checking.labels import find_label_faults
from bertft.checking.lengths import Ruler, find_long_texts, most_tokens, tokenizer_folder
from bertft.checking.lost import find_lost_answers, find_lost_words
from bertft.checking.near import find_near_repeats
from bertft.checking.repeats import find_repeats
from bertft.checking.splits import Split, read_split
from bertft.checking.tagging import find_tag_faults
from bertft.classic.models import CLASSICS
from bertft.gold import Options, Reader, learn_task
from bertft.gold.lengths import fitted, text_options
from bertft.gold.options import LONGEST_DEFAULT
from bertft.gold.questions import QuestionReader
from bertft.gold.texts import TextReader
from bertft.gold.words import WordReader
from bertft.jobs.applies import check_applies, check_classic, check_form_of_labels, check_overlap
from bertft.jobs.requests import TrainRequest
from bertft.jobs.splits import read_split as read_table_of
from bertft.jobs.splits import read_training
from bertft.jobs.task_choice import Asked, Choice, choose_task
from bertft.model.families import FAMILIES
from bertft.plan.plan import merge_data, merge_recipe, read_config
from bertft.plan.sections import DataPlan
from bertft.reading import Table
from bertft.rows.fields import fields_in


def check(request: TrainRequest) -> Checked:
    """What `train` would learn from with the same request, and what is wrong with it. DataError where it could not begin."""
    config = read_config(request.config) if request.config else {}
    data = merge_data(config.get("data", {}), request.data)
    others = [read_table_of(path, data, request.tables) for path in (data.validation, data.test) if path]
    tables = [read_training(data, request.tables), *others]
    choice = choose_task(Asked.of(request, config), tables[0])
    check_applies(request, choice.card.kind)
    check_form_of_labels(request, choice)
    limits = _limits(request, config.get("recipe", {}), choice, data)
    console.note("\n".join([f"Data: {tables[0].name}, {len(tables[0]):,} rows", *choice.why]))
    findings, notes = Findings(), list[str]()
    readers = _readers(choice, data, tables)
    splits = [read_split(t.name, t, reader, findings) for t, reader in zip(tables, readers, strict=True)]
    find_repeats(splits, findings)
    find_label_faults(splits, findings)
    for split, reader in zip(splits, readers, strict=True):
        if isinstance(reader, WordReader):
            find_tag_faults(reader, split.table, findings)
        notes.append(find_near_repeats(split, reader, findings))
    notes.append(_find_lost(splits, readers, limits, findings))
    return Checked(
        task=choice.card.problem or choice.card.kind,
        why=[line.strip() for line in choice.why],
        rows={split.name: split.rows for split in splits},
        labels={split.name: dict(split.labels.most_common()) for split in splits},
        findings=findings,
        notes=[note for note in dict.fromkeys(notes) if note],
    )


def _readers(choice: Choice, data: DataPlan, tables: Sequence[Table]) -> list[Reader]:
    """One for each split, with the labels of the first."""
    options = Options(LONGEST_DEFAULT, fix_answers=data.fix_answers)
    learned = learn_task(choice.card, choice.fields, options, tables[0])
    usual = choice.card.usual_columns
    others = [
        replace(
            learned, cells=None, fields=fields_in(choice.fields, usual, t.columns, file=t.name, named={}, label=True)
        )
        for t in tables[1:]
    ]
    return [reader.for_file(table) for reader, table in zip([learned, *others], tables, strict=True)]


@dataclass(frozen=True)
class _Limits:
    """How much of a row is read, and by which tokenizer."""

    model: str | None
    folder: Path | None
    """Where its tokenizer.json lies."""
    options: Options


def _limits(request: TrainRequest, configured: Mapping[str, Any], choice: Choice, data: DataPlan) -> _Limits | None:
    """As `train` has them; None for a model that reads all of a text. UsageError for what `train` refuses."""
    name, kind = request.model.get("name"), choice.card.kind
    if classic := CLASSICS.get(name or ""):
        check_classic(request, classic, kind)
        return None
    folder = tokenizer_folder(name)
    limit = most_tokens(folder) if folder else None
    typed = {key for key, value in {**configured, **request.recipe}.items() if value is not None}
    recipe = merge_recipe(choice.card, small=False, config=configured, flags=request.recipe)
    check_overlap(request, recipe, choice.card.kind)
    recipe, pair = fitted(recipe, limit=limit, typed=typed), bool(choice.fields.text_pair)
    options = text_options(recipe, kind, pair=pair, longest=limit or sys.maxsize, fix_answers=data.fix_answers)
    return _Limits(name, folder, options)


_LOSSES = {TextReader: find_long_texts, WordReader: find_lost_words, QuestionReader: find_lost_answers}


def _find_lost(splits: Sequence[Split], readers: Sequence[Reader], limits: _Limits | None, findings: Findings) -> str:
    """Why nothing was measured; '' where it was."""
    find = next((find for kind, find in _LOSSES.items() if isinstance(readers[0], kind)), None)
    if limits is None or find is None:
        return ""
    if limits.model in FAMILIES:
        return f"Lengths were not measured: {limits.model} learns its words from the training rows."
    if limits.folder is None:
        return (
            f"Lengths were not measured: there is no tokenizer.json of {limits.model or 'a backbone'} on this machine."
        )
    find(splits, readers, Ruler.of(limits.folder, limits.options, words=find is find_lost_words), findings)
    return ""
