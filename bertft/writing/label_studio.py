"""Records with answers come in; tasks of Label Studio with the answers as predictions go out: what it calls pre-annotations.

The names in them (`label` for spans, the label column for classes, always on `text`) are those that Label Studio's own templates
have; a project with other names has to be imported with these, or its labelling interface renamed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bertft.errors import UsageError
from bertft.reading.exports import TASK_ID
from bertft.tags.forms import span_results
from bertft.tags.spans import CharSpan
from bertft.tags.words import joined, tokens_of_cell
from bertft.writing.writer import RecordWriter

LABEL_STUDIO = "label-studio"
ANSWER = "Answer"
"""Label of the words that answer a question."""
TASK_KEYS = ("id", "data", "predictions")
_Record = Mapping[str, Any]


@dataclass(frozen=True)
class Tasks:
    """How records become tasks."""

    text: str
    """Column of the text that was read."""
    added: Mapping[str, str]
    """What `predict` adds -> its name in the record."""
    control: str = "label"
    """What the choices of a class are called."""
    version: str = ""
    """Of the model."""

    def check(self) -> None:
        """UsageError for answers that Label Studio has no place for."""
        if not {"entities", "predicted_label", "predicted_labels", "predicted_score", "predicted_answer"} & set(
            self.added
        ):
            raise UsageError("--form label-studio: tags without spans have no place there. Leave it out.")

    def task(self, record: _Record) -> dict[str, Any]:
        cell = record.get(self.text)
        tokens = tokens_of_cell(cell)
        text = str(cell or "") if tokens is None else joined(tokens).text
        own = {name: value for name, value in record.items() if name not in self.added.values() and name != self.text}
        answers = {name: record.get(given) for name, given in self.added.items()}
        why = {"reason": answers["reason"]} if answers.get("reason") else {}
        predicted = [] if why else [self._prediction(text, answers)]
        return in_task(own, {"data": {"text": text, **why}, "predictions": predicted})

    def _prediction(self, text: str, answers: _Record) -> dict[str, Any]:
        results, scores = self._results(text, answers)
        score = {"score": min(scores)} if scores else {}
        return {"model_version": self.version, **score, "result": results}

    def _results(self, text: str, answers: _Record) -> tuple[list[dict[str, Any]], list[float]]:
        if "entities" in answers:
            found = answers["entities"] or []
            spans = [CharSpan(one["start"], one["end"], one["label"]) for one in found]
            sure = [float(one["probability"]) for one in found]
            return span_results(text, spans, sure), sure
        sure = [float(answers["probability"])] if answers.get("probability") is not None else []
        if "predicted_answer" in answers:
            start, end = answers["answer_start"], answers["answer_end"]
            return span_results(text, [] if start is None else [CharSpan(start, end, ANSWER)]), sure
        if "predicted_score" in answers:
            return [self._result("number", {"number": answers["predicted_score"]})], []
        several = "predicted_label" not in answers
        labels = answers["predicted_labels"] if several else [answers["predicted_label"]]
        chosen = [label for label in labels or () if label]
        return [self._result("choices", {"choices": chosen})] if chosen else [], sure

    def _result(self, kind: str, value: _Record) -> dict[str, Any]:
        return {"id": "r1", "from_name": self.control, "to_name": "text", "type": kind, "value": dict(value)}


def in_task(columns: _Record, task: _Record) -> dict[str, Any]:
    """A task with the columns of its row among its data, and Label Studio's own number for it."""
    others = {name: value for name, value in columns.items() if name != TASK_ID}
    number = {"id": columns[TASK_ID]} if columns.get(TASK_ID) is not None else {}
    return {**number, **task, "data": {**others, **task["data"]}}


class TaskWriter:
    """A writer of records that writes them as tasks."""

    def __init__(self, writer: RecordWriter, tasks: Tasks) -> None:
        self._writer, self._tasks, self.disarming = writer, tasks, writer.disarming

    @property
    def count(self) -> int:
        return self._writer.count

    def write(self, record: _Record) -> None:
        self._writer.write(self._tasks.task(record))

    def skip(self, record: _Record) -> None:
        """A record that was written before."""

    def end_block(self) -> Mapping[str, Any]:
        return self._writer.end_block()

    def mark(self, **notes: Any) -> None:
        self._writer.mark(**notes)


def check_task_file(path: str | None) -> None:
    """UsageError for a file that Label Studio would not import."""
    if path is None or not path.lower().endswith(".json"):
        raise UsageError(
            "--form label-studio: Label Studio imports .json. Write to a file of that ending (-o tasks.json)."
        )


def columns_of_tasks(columns: Sequence[str]) -> list[str]:
    """The keys of tasks of rows with these columns."""
    return [key for key in TASK_KEYS if key != "id" or TASK_ID in columns]
