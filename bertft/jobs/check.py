"""`check`: what would be trained on, and what is wrong with it. torch sleeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bertft import console
from bertft.checking.finding import Checked, Findings
from bertft.checking.labels import find_label_faults
from bertft.checking.lengths import Ruler, find_long_texts, tokenizer_folder
from bertft.checking.near import find_near_repeats
from bertft.checking.repeats import find_repeats
from bertft.checking.splits import Split, read_split
from bertft.checking.tagging import find_tag_faults
from bertft.classic.models import CLASSICS
from bertft.gold import Options, Reader, learn_task
from bertft.gold.texts import TextReader
from bertft.gold.words import WordReader
from bertft.jobs.applies import check_applies, check_form_of_labels
from bertft.jobs.requests import TrainRequest
from bertft.jobs.splits import read_split as read_table_of
from bertft.jobs.splits import read_training
from bertft.jobs.task_choice import Asked, Choice, choose_task
from bertft.model.backbone import LONGEST_DEFAULT
from bertft.model.families import FAMILIES
from bertft.plan.plan import merge_data, read_config
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
    console.note("\n".join([f"Data: {tables[0].name}, {len(tables[0]):,} rows", *choice.why]))
    findings, notes = Findings(), list[str]()
    readers = _readers(choice, data, tables)
    splits = [read_split(t.name, t, reader, findings) for t, reader in zip(tables, readers, strict=True)]
    find_repeats(splits, findings)
    find_label_faults(splits, findings)
    for split, reader in zip(splits, readers, strict=True):
        if isinstance(reader, WordReader):
            find_tag_faults(reader, split.table, findings)
        notes += [find_near_repeats(split, reader, findings), _find_long(split, reader, request, findings)]
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


def _find_long(split: Split, reader: Reader, request: TrainRequest, findings: Findings) -> str:
    """Why nothing was measured; '' where it was. Words and questions are read in windows, so nothing of them is lost."""
    if not isinstance(reader, TextReader):
        return ""
    name = request.model.get("name")
    if name in CLASSICS:  # these cut no text
        return ""
    if name in FAMILIES:
        return f"Lengths were not measured: {name} learns its words from the training rows."
    folder = tokenizer_folder(name)
    if folder is None:
        return f"Lengths were not measured: there is no tokenizer.json of {name or 'a backbone'} on this machine."
    find_long_texts(split, reader, Ruler.of(folder, request.recipe.get("max_length")), findings)
    return ""
