"""Rows of a question and a context, with the answers that stand in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import bertft.guess.column_names as names
from bertft.errors import DataError
from bertft.gold.cells import no_text
from bertft.gold.example import QuestionExample, Refusal
from bertft.gold.reader import Reader
from bertft.rows.answers import Answers, answers_of, fixed, recounted, wrong_answers
from bertft.rows.labels import is_empty
from bertft.rows.row import Row


@dataclass(frozen=True)
class QuestionReader(Reader):
    """The gold value are Answers: places in the context."""

    can_abstain: bool = False
    """Whether there are questions without an answer."""

    @property
    def fault_advice(self) -> str:
        if self.options.fix_answers:
            return (
                "They were looked for (--fix-answers) and are not there. Fix them; where there is no answer, write []."
            )
        return "Fix them, or pass --fix-answers to look for each answer nearby, and to take empty ones for no answer."

    def learn(self, rows: Iterable[Row], *, known_order: Sequence[str], scheme: str | None) -> Self:
        reader = self.with_cells(rows)
        answered = (any(text.strip() for text in answers.texts) for answers in reader.known_cells)
        return replace(reader, can_abstain=not all(answered))

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> dict[str, Any]:
        return {"can_abstain": stored["can_abstain"]} if "can_abstain" in stored else {}

    @property
    def learned(self) -> dict[str, Any]:
        return {"can_abstain": self.can_abstain}

    def inputs(self, row: Row, cell: Any) -> QuestionExample | Refusal:
        for what, column in (("question", self.fields.text), ("context", self.fields.text_pair or "")):
            if reason := no_text(what, column, row):
                return Refusal(row, reason)
        return QuestionExample(row, str(row.fields[self.fields.text]).strip(), self._context(row))

    def _context(self, row: Row) -> str:
        return str(row.fields.get(self.fields.text_pair or ""))

    def label_cell(self, row: Row) -> Answers | None:
        try:
            return answers_of(row.fields, self._columns(row), self._context(row), fix=False)
        except DataError as problem:
            raise DataError(f"{row.origin}: {problem}") from None

    def _columns(self, row: Row) -> tuple[str, ...]:
        """The column of answers; of answers as plain text also that of their places, if this file has one."""
        label = self.fields.label
        places = names.named(list(row.fields), names.ANSWER_START)
        plain = len(label) == 1 and isinstance(row.fields.get(label[0]), str) and not names.named(label, names.ANSWERS)
        return (*label, *places[:1]) if plain else label

    def with_gold(self, example: QuestionExample, cell: Answers) -> QuestionExample:
        """In a group are the questions on one article, else on one context: questions on one text do not part."""
        gold, unit = recounted(cell, example.context)
        gold, remarks = fixed(gold, example.context) if self.options.fix_answers else (gold, [])
        if unit:
            remarks = [f"answers whose places count {unit}: put right", *remarks]
        title = example.row.fields.get("title")
        return replace(
            example,
            gold=gold,
            group=example.context if is_empty(title) else str(title),
            faults=tuple(wrong_answers(gold, example.context)),
            remarks=tuple(remarks),
        )
