"""What is in this file? Which columns are text, pair and label, and what is asked. Every guess names its flag.

Names count before content, but ids, URLs, dates and numbers are never text, whatever they are called. Where two
answers are as likely as each other, there is no guess but a question.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import bertft.guess.other_kinds as kinds
from bertft.errors import DataError
from bertft.guess.chooser import Chooser
from bertft.guess.column_names import ANSWER
from bertft.guess.columns import Look, look
from bertft.guess.other_kinds import AskedColumns
from bertft.guess.problems import problem_of, problem_of_flags
from bertft.guess.verdict import AskedLabels, NothingToLearn, Verdict
from bertft.kinds import TEXT_CLASSIFICATION
from bertft.rows.fields import pick

_Values = Mapping[str, Sequence[object]]
ValuesOf = Callable[[str], Sequence[object]]


@dataclass(frozen=True)
class Guess:
    """A task and the columns that play a part in it."""

    kind: str
    problem: str | None
    """Of text-classification only: single-label, multi-label or regression."""
    text: str
    text_pair: str | None
    label: str | tuple[str, ...]
    """Several columns: one of 0 and 1 for each label."""
    separator: str | None = None
    """Between the labels in one cell of a multi-label file."""
    more_text: tuple[str, ...] = ()
    """Columns whose texts are joined to that of `text`."""
    label_names: tuple[str, ...] = ()
    """Of vectors of 0 and 1: what their places stand for."""
    why: list[str] = field(default_factory=list)


def guess(
    columns: _Values,
    *,
    text: str | None = None,
    text_pair: str | None = None,
    label: str | Sequence[str] | None = None,
    more_text: Sequence[str] = (),
    asked: AskedLabels | None = None,
    kind: str | None = None,
    file: str = "the file",
    complete: Callable[[str], Sequence[object]] | None = None,
) -> Guess:
    """`columns` gives each column's values, or a sample of them; the label is judged by all, which `complete` then gives. What
    the user fixed is kept, also the `kind` of task. DataError where nothing, or more than one thing, is likely."""
    labels = [label] if isinstance(label, str) else list(label or [])
    text, text_pair = _spelled("text", text, columns, file), _spelled("text_pair", text_pair, columns, file)
    labels = [_spelled("label", name, columns, file) or "" for name in labels]
    more = tuple(pick("text", [name], list(columns), file=file) for name in more_text)
    fixed = [name for name in (text, *more, text_pair, *labels) if name]
    if twice := next((name for name in fixed if fixed.count(name) > 1), None):
        raise DataError(f"{file}: column '{twice}' cannot be used twice.")
    looks = {name: look(columns[name]) for name in dict.fromkeys([*columns, *fixed])}
    if more and kind not in (None, TEXT_CLASSIFICATION.name):
        raise DataError(
            f"{file}: {1 + len(more)} columns are joined to one text only where texts are classified. Name one."
        )
    given = AskedColumns(file, text, text_pair, tuple(labels))
    asked = asked or AskedLabels()
    other = (
        _other_kind(columns, looks, given, kind)
        if asked.problem is None and kind != TEXT_CLASSIFICATION.name and not more
        else None
    )
    chooser = Chooser(file, looks, text, text_pair, labels, more)
    return other or _classification(complete or columns.__getitem__, chooser, asked)


def _spelled(role: str, name: str | None, columns: _Values, file: str) -> str | None:
    """The column as the file spells it; a DataError with the likeliest one where there is none."""
    return None if name is None else pick(role, [name], list(columns), file=file)


def _classification(values_of: ValuesOf, chooser: Chooser, asked: AskedLabels) -> Guess:
    fixed = {chooser.text, *chooser.more_text, chooser.text_pair, *chooser.label}
    chooser.choose()
    text, pair, label = chooser.text or "", chooser.text_pair, chooser.label
    for name in filter(None, (text, *chooser.more_text, pair)):
        refuse_containers(name, chooser.looks[name], chooser.file)
    verdict = _verdict(values_of, chooser, asked)
    parts = [
        ("text", text, "--text"),
        *(("text, joined to it by a line break,", one, "--text") for one in chooser.more_text),
        ("second text", pair, "--text-pair"),
        *(("label", one, "--label") for one in label),
    ]
    why = [
        _because(part, name, chooser.looks[name], "" if name in fixed else flag) for part, name, flag in parts if name
    ]
    if len(label) > 1:  # the verdict counts them
        why = why[: -len(label)]
    spare = [name for name in chooser.dense if chooser.looks[name].what == "text"]
    why += [f"not used: '{name}', {chooser.looks[name]} (--text, --text-pair)" for name in spare]
    return Guess(
        kind=TEXT_CLASSIFICATION.name,
        problem=verdict.problem,
        text=text,
        text_pair=pair,
        label=label[0] if len(label) == 1 else tuple(label),
        separator=verdict.separator,
        more_text=chooser.more_text,
        label_names=verdict.label_names,
        why=[f"task {TEXT_CLASSIFICATION.name} (--task)", *why, verdict.why],
    )


def refuse_containers(column: str, seen: Look, file: str) -> None:
    """DataError for a column of texts that holds lists or objects, be they printed."""
    if seen.what in ("lists", "spans", "objects"):
        raise DataError(
            f"{file}: column '{column}' holds {seen}, and a text is wanted. Join the words of lists to one text, "
            f"take the text out of objects, or name another column with --text."
        )


def _because(part: str, name: str, seen: Look, flag: str) -> str:
    return f"{part} '{name}': {seen} ({flag or 'as asked'})"


def _verdict(values_of: ValuesOf, chooser: Chooser, asked: AskedLabels) -> Verdict:
    label = chooser.label
    try:
        if len(label) > 1:
            return problem_of_flags(label, [chooser.looks[name] for name in label], asked)
        return problem_of(values_of(label[0]), label[0], asked)
    except NothingToLearn as error:
        answers = chooser.looks.get(ANSWER)
        instead = f" The annotator's answers to it: --label {ANSWER}." if answers and answers.classes else ""
        raise DataError(f"{chooser.file}: {error}{instead}") from None
    except DataError as error:
        raise DataError(f"{chooser.file}: {error}") from None


def _other_kind(columns: _Values, looks: Mapping[str, Look], given: AskedColumns, kind: str | None) -> Guess | None:
    """Questions on a context, or tags on words; None for everything else."""
    found = kinds.asked_for(columns, looks, given, kind) if kind else kinds.recognised(columns, looks, given)
    if found is None:
        return None
    label = found.label[0] if len(found.label) == 1 else found.label
    return Guess(found.kind, None, found.text, found.text_pair, label, why=[*found.why])
