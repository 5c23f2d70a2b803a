"""Convert: any form of tagged words or spans to any other. No torch here.

Every row comes out, in order, with its other columns; words are those of the file, where it says which they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bertft import console
from bertft.errors import DataError, UsageError
from bertft.gold import Options
from bertft.gold.words import WordReader
from bertft.guess import guess
from bertft.guess.column_names import TEXT, named
from bertft.jobs.requests import ConvertRequest, Section
from bertft.jobs.splits import read_options, reading_plan, refuse_empty, refuse_same_file
from bertft.jobs.task_choice import SampledColumns
from bertft.kinds import TOKEN_CLASSIFICATION
from bertft.plan.card import plain_card
from bertft.plan.recipe import SCHEMES
from bertft.reading import Table, read_table
from bertft.reading.exports import TASK_ID
from bertft.rows.fields import Fields, named_columns
from bertft.rows.labels import Labels
from bertft.rows.row import Row
from bertft.tags import without_types
from bertft.tags.forms import FORMS, HOLD_ALL_SPANS, in_form
from bertft.tags.rows import CellForm, Marks, tags_by, token_objects, words_in, words_of_objects
from bertft.tags.spans import CharSpan, ends_inside, items_with_places, whole_spans
from bertft.tags.words import Words
from bertft.wording import counted
from bertft.writing import Places, holds_tags_only, open_writer
from bertft.writing.label_studio import LABEL_STUDIO, in_task
from bertft.writing.writer import RecordWriter

NO_OPTIONS = Options(max_length=0)
"""No words are cut here."""


def convert(request: ConvertRequest) -> None:
    """Read, turn, write."""
    refuse_same_file(request.input, request.output)
    turning, remarks = opened_for(request), Counter[str]()
    with turning.writer() as writer:
        for row, cell in zip(turning.table, turning.reader.cells or (), strict=True):
            record, said = turning.record(row, cell)
            remarks.update(said)
            if record is not None:
                writer.write(record)
    turning.tell(writer, remarks)


@dataclass(frozen=True)
class Turning:
    """One file on its way into another form."""

    request: ConvertRequest
    form: str
    table: Table
    fields: Fields
    reader: WordReader
    """It has read the label cells."""
    scheme: str | None
    """Of the tags that are written; None: plain tags."""
    made: Sequence[str]
    """Columns of the form."""
    others: Sequence[str]
    """Columns that go along."""
    predicted: bool
    """Whether the spans are answers of a model."""

    def record(self, row: Row, cell: Any) -> tuple[dict[str, Any] | None, list[str]]:
        """The row as it is written, None where it is left out; and what is to be said of it."""
        record, said = converted(row, cell, self.fields, self.form, self.reader.found_scheme, self.scheme)
        if record is None:
            return None, ["no label: left out"]
        if holds_tags_only(self.request.output) and not record["tokens"]:
            said = [*said, "no words: left out"]
        if self.reader.untyped and self.form == "tokens":
            record["tags"] = without_types(record["tags"])
        if self.predicted:
            record = as_prediction(record, row, self.fields)
        own = {name: row.fields[name] for name in self.others}
        return (in_task(own, record) if self.form == LABEL_STUDIO else {**own, **record}), said

    @property
    def spans(self) -> bool:
        """Whether the file holds spans, not tags."""
        return holds_spans(self.reader)

    def writer(self) -> Any:
        columns = columns_in(self.form, self.made, self.others, predicted=self.predicted)
        places = Places.among("text", self.made) if "text" in self.made else None
        kept = [*self.others, "data"]
        return open_writer(self.request.output, columns=columns, kept=kept, places=places, raw=self.request.raw)

    def tell(self, writer: RecordWriter, remarks: Mapping[str, int]) -> None:
        """What was changed or left out, and how many rows were written."""
        told = [*([str(writer.disarming)] if writer.disarming.count else []), *(f"{what}." for what in writer.told)]
        for what in told:
            console.warn(f"{self.request.output}: {what}")
        for remark, count in remarks.items():
            console.warn(f"{self.table.name}: {counted(count, 'row')} with {remark}.")
        before = self.reader.found_scheme or ("spans" if self.spans else "plain tags")
        rows = counted(writer.count - writer.left_out, "row")
        console.note(f"{rows}, {before} to {self.scheme or 'plain tags'}, {self.form}.")


def opened_for(request: ConvertRequest) -> Turning:
    """The input, read as far as its label cells; what was guessed is said."""
    form, scheme = asked_form(request), asked_scheme(request)
    table = read_table(request.input, read_options(reading_plan(request.input, request.reading)))
    refuse_empty(table)
    fields, why = columns_for(form, table, request.columns)
    notes = table.source.notes if table.source else []
    console.note("\n".join([f"Data: {table.name}, {len(table):,} rows", *(f"  {note}" for note in [*notes, *why])]))
    reader = WordReader(plain_card(TOKEN_CLASSIFICATION.name), Labels(()), fields, NO_OPTIONS).with_cells(table)
    if reader.found_scheme is None and not holds_spans(reader):
        refuse_plain_tags(form, scheme)
    made = list(in_form(form, Words((), (), (), ""), [], None))
    return Turning(
        request=request,
        form=form,
        table=table,
        fields=fields,
        reader=reader,
        scheme=scheme or reader.found_scheme or ("IOB2" if holds_spans(reader) else None),
        made=made,
        others=other_columns(table, fields, ["text"] if form == LABEL_STUDIO else made),
        predicted=holds_predictions(table, fields),
    )


def holds_spans(reader: WordReader) -> bool:
    """Whether the label cells that were read hold spans, not tags."""
    cells = reader.known_cells
    return reader.found_scheme is None and not any(marks.tags and marks.spans is None for marks in cells)


def columns_for(form: str, table: Table, columns: Section) -> tuple[Fields, list[str]]:
    """The columns of words and tags, and why."""
    found = spans_of_model(table, columns) if form in HOLD_ALL_SPANS else None
    return found or fields_of(table, columns)


def spans_of_model(table: Table, columns: Section) -> tuple[Fields, list[str]] | None:
    """The text and the entities of a file that `predict` wrote from texts: its words and tags would make another text."""
    texts = named([name for name in table.columns if isinstance(table[0].fields[name], str)], TEXT)
    for label in table.columns if texts and not any(columns.values()) else ():
        fields = Fields(texts[0], None, (label,))
        if label.endswith("entities") and holds_predictions(table, fields):
            return fields, [f"predicted spans in '{label}' (--label) on '{texts[0]}' (--text)"]
    return None


def holds_predictions(table: Table, fields: Fields) -> bool:
    """Whether the spans are answers of a model, which say how probable they are."""
    if fields.label[0].startswith("predicted_"):
        return True
    cells = (items_with_places(row.fields.get(fields.label[0])) for row in table.first(100))
    items = [item for cell in cells for item in cell]
    return bool(items) and all("probability" in item for item in items)


def columns_in(form: str, made: Sequence[str], others: Sequence[str], *, predicted: bool) -> list[str]:
    """Of the output."""
    if form == LABEL_STUDIO:
        number = ["id"] if TASK_ID in others else []
        return [*number, "data", "predictions" if predicted else "annotations"]
    kept = [name for name in made if not (predicted and name == "answer")]
    return [*kept, *(name for name in others if name not in kept)]


def as_prediction(record: dict[str, Any], row: Row, fields: Fields) -> dict[str, Any]:
    """What a model said is no annotation: Label Studio's predictions, and spans of Prodigy that nobody has accepted."""
    if "annotations" not in record:
        return {name: value for name, value in record.items() if name != "answer"}
    sure = [float(item["probability"]) for item in items_with_places(row.fields.get(fields.label[0]))]
    results = record["annotations"][0]["result"]
    if len(sure) == len(results):
        results = [{**one, "score": score} for one, score in zip(results, sure, strict=True)]
    score = {"score": min(sure)} if sure else {}
    return {"data": record["data"], "predictions": [{**score, "result": results}]}


def refuse_plain_tags(form: str, scheme: str | None) -> None:
    """UsageError for what tags without a scheme cannot become."""
    if scheme:
        raise UsageError(f"--scheme {scheme}: the tags of this file are plain, they have no scheme.")
    if form != "tokens":
        raise UsageError(f"--form {form}: the tags of this file are plain, they mark no spans.")


def other_columns(table: Table, fields: Fields, made: Sequence[str]) -> list[str]:
    """The columns that go along. One that is called as what the form makes cannot, which is said."""
    used = {fields.text, *fields.label, *(["tokens"] if has_token_objects(table) else [])}
    others = [name for name in table.columns if name not in used]
    lost = [name for name in others if name in made]
    if lost:
        console.warn(f"{table.name}: column {', '.join(lost)} is left out, as the form has one of that name.")
    return [name for name in others if name not in made]


def converted(
    row: Row, cell: Any, fields: Fields, form: str, found: str | None, wanted: str | None
) -> tuple[dict[str, Any] | None, list[str]]:
    """One row in its new form, None if it is not labelled; and what had to be mended. `cell`: what was read of its label cell."""
    marks = cell if isinstance(cell, Marks) else None
    words, source = own_words(row, fields) or words_in(row, fields, tags=marks and marks.tags)
    if not words.texts:
        return in_form(form, words, (), wanted), []
    if isinstance(cell, DataError):
        raise cell
    if marks is None:
        return None, []
    if marks.spans and source != "tokens":
        spans, cut, remarks = spans_of_row(row, marks, words)
        if form in HOLD_ALL_SPANS:
            return in_form(form, cut, (), None, spans), remarks
        words = cut if source == "text" and ends_inside(marks.spans, words.text, unit=marks.unit) else words
    tags, remarks = tags_by(marks, words, source, row, fields, file_scheme=found, scheme=wanted)
    return in_form(form, words, tags, wanted), remarks


def spans_of_row(row: Row, marks: Marks, words: Words) -> tuple[list[CharSpan], Words, list[str]]:
    try:
        return whole_spans(marks.spans or (), words, unit=marks.unit)
    except DataError as problem:
        raise DataError(f"{row.origin}: {problem}") from None


def own_words(row: Row, fields: Fields) -> tuple[Words, CellForm] | None:
    """The words as the file itself cuts its text; None where it does not say."""
    tokens = None if fields.text == "tokens" else token_objects(row.fields.get("tokens"))
    try:
        return None if tokens is None else (words_of_objects(tokens, row.fields.get(fields.text)), "objects")
    except DataError as problem:
        raise DataError(f"{row.origin}: {problem}") from None


def has_token_objects(table: Table) -> bool:
    """Whether `tokens` only says how the text is cut."""
    return any(token_objects(row.fields.get("tokens")) for row in table.first(100))


def asked_form(request: ConvertRequest) -> str:
    """The form; words and tags where the file's ending allows nothing else, or nothing was said."""
    form = str(request.form or "tokens")
    if form not in FORMS:
        raise UsageError(f"--form is {form}: one of {', '.join(FORMS)}.")
    if form != "tokens" and holds_tags_only(request.output):
        raise UsageError(f"--form {form}: a CoNLL file holds words and tags. Write to .jsonl.")
    return form


def asked_scheme(request: ConvertRequest) -> str | None:
    scheme = request.scheme
    if scheme not in (None, *SCHEMES):
        raise UsageError(f"--scheme is {scheme}: one of {', '.join(SCHEMES)}.")
    return str(scheme) if scheme else None


def fields_of(table: Table, columns: Section) -> tuple[Fields, list[str]]:
    """The columns, by their names and looks as `train` finds them; and what was guessed, in words."""
    texts = named_columns(columns, "text")
    if len(texts) > 1:
        raise UsageError("--text is given twice: words stand in one column.")
    found = guess(
        SampledColumns(table),
        text=next(iter(texts), None),
        label=named_columns(columns, "label") or None,
        kind=TOKEN_CLASSIFICATION.name,
        file=table.name,
    )
    label = (found.label,) if isinstance(found.label, str) else tuple(found.label)
    return Fields(found.text, None, label), found.why
