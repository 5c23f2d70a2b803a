"""Rows to examples and refusals: what is read of them, when a bad label is complained about, and who may look at a cell."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bertft.errors import DataError
from bertft.gold import Example, Options, Read, Reader, Refusal, learn_task
from bertft.gold.example import WordExample
from bertft.gold.texts import UNKNOWN
from bertft.plan.card import plain_card
from bertft.rows.answers import Answers
from bertft.rows.fields import Fields
from bertft.rows.row import Row

PACKAGE = Path(__file__).parents[1] / "bertft"
PROBLEMS = {
    "text-classification": ("single-label", "multi-label", "regression"),
    "token-classification": (None,),
    "question-answering": (None,),
}
KIND_OF = {problem or kind: (kind, problem) for kind, problems in PROBLEMS.items() for problem in problems}


def rows_of(*cells: dict[str, object]) -> list[Row]:
    return [Row(i, f"x.csv:{i + 2}", {"text": "good film", **row}) for i, row in enumerate(cells)]


def reader_of(problem: str, rows: list[Row], *, pair: str | None = None, **options: Any) -> Reader:
    kind, name = KIND_OF[problem]
    fields = Fields("text", pair, ("label",))
    return learn_task(plain_card(kind, name), fields, Options(max_length=16, **options), rows)


def golds(read: Iterator[Read]) -> list[Any]:
    return [one.gold if isinstance(one, Example) else one.reason for one in read]


def test_labels_that_the_model_does_not_know_are_told_with_the_row() -> None:
    reader = reader_of("single-label", rows_of({"label": "a"}, {"label": "b"}))
    rows = rows_of({"label": " b "}, {"label": "c"}, {"label": ""}, {"text": " ", "label": "a"})
    read = [*reader_of_another_file(reader).labelled(rows)]
    assert golds(iter(read)) == [1, UNKNOWN, "no label", "no text in column 'text'"]
    assert [one.unknown for one in read if isinstance(one, Example)] == [(), ("c",)]
    several = reader_of_another_file(reader_of("multi-label", rows_of({"label": ["a", "b"]})))
    (found,) = several.labelled(rows_of({"label": ["b", "z", "c"]}))
    assert isinstance(found, Example)
    assert np.array_equal(found.gold, [0, 1, 1])
    assert found.unknown == ("z", "c")


def reader_of_another_file(reader: Reader) -> Reader:
    """As after training: the label cells of the training file are gone."""
    return replace(reader, cells=None)


BAD = {
    "regression": ("good", "is not a number, and the task is a regression"),
    "question-answering": ([{"text": "film", "answer_start": "x"}], "is no whole number"),
    "token-classification": ([[0, 4, None]], r"span `\[0, 4, null\]` has no label"),
}
FINE = {
    "regression": "1.5",
    "question-answering": [{"text": "film", "answer_start": 5}],
    "token-classification": [[0, 4, "X"]],
}


@pytest.mark.parametrize("problem", BAD)
def test_a_bad_label_is_complained_about_with_its_place_and_only_where_the_row_is_used(problem: str) -> None:
    cell, complaint = BAD[problem]
    pair = "context" if problem == "question-answering" else None
    used = {"context": "good film"} if pair else {}
    reader = reader_of(problem, rows_of({"label": FINE[problem], **used}), pair=pair)
    unused = rows_of({"label": FINE[problem], **used}, {"text": "", "label": cell, **used})
    reader = reader_of_another_file(reader)
    assert isinstance([*reader.for_file(unused).labelled(unused)][1], Refusal)
    rows = rows_of({"label": FINE[problem], **used}, {"label": cell, **used})
    with pytest.raises(DataError, match=rf"^x.csv:3: .*{complaint}"):
        golds(reader.for_file(rows).labelled(rows))
    assert [type(one) is Refusal for one in reader.predictable(rows)] == [False, False]


def test_a_row_that_is_made_wrong_is_refused_in_prediction_and_leaves_its_neighbours() -> None:
    learned = rows_of({"text": ["a"], "label": ["B-X"], "doc": "1"})
    reader = reader_of("token-classification", learned, context="document")
    rows = rows_of(*({"text": words, "doc": "1"} for words in (["a", "b"], [["x"]], [], "c d")))
    first, wrong, empty, last = reader.predictable(rows)
    assert isinstance(wrong, Refusal)
    assert isinstance(empty, Refusal)
    assert wrong.reason.startswith("a list of lists or objects")
    assert empty.reason == "no words in column 'text'"
    assert isinstance(first, WordExample)
    assert isinstance(last, WordExample)
    assert (first.before, first.after, first.form) == ((), ("c", "d"), "tokens")
    assert (last.before, last.after, last.form) == (("a", "b"), (), "text")


def test_rows_without_a_label_are_words_around_others_all_the_same() -> None:
    rows = rows_of(
        *({"text": [word], "label": tag, "doc": "1"} for word, tag in zip("abc", (["O"], "", ["B-X"]), strict=True))
    )
    reader = reader_of("token-classification", rows, context="document")
    first, refused, last = reader.for_file(rows).labelled(rows)
    assert isinstance(refused, Refusal)
    assert isinstance(first, WordExample)
    assert isinstance(last, WordExample)
    assert (first.after, last.before, last.gold, last.group) == (("b", "c"), ("a", "b"), ("B-X",), "1")


def test_an_answer_that_was_moved_is_remarked_on_and_one_that_is_nowhere_is_a_fault() -> None:
    cells = ([{"text": "film", "answer_start": 3}], [{"text": "book", "answer_start": 0}], [])
    rows = rows_of(*({"label": cell, "context": "good film", "title": "t"} for cell in cells))
    reader = reader_of("question-answering", rows, pair="context", fix_answers=True)
    moved, nowhere, none = reader.labelled(rows)
    assert isinstance(moved, Example)
    assert isinstance(nowhere, Example)
    assert isinstance(none, Example)
    assert (moved.gold, moved.faults, moved.group) == (Answers(("film",), (5,)), (), "t")
    assert moved.remarks == ("an answer moved to where its text stands",)
    assert nowhere.faults == ("answer 'book' is nowhere in the context",)
    assert (none.gold, none.faults, none.remarks) == (Answers((), ()), (), ())


def cells_looked_at(package: Path) -> list[str]:
    """Where a cell of a row is taken: row.fields[...] or row.fields.get(...)."""
    found = []
    for file in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            taken = node.value if isinstance(node, ast.Subscript | ast.Attribute) else None
            named = isinstance(node, ast.Subscript) or (isinstance(node, ast.Attribute) and node.attr == "get")
            if named and isinstance(taken, ast.Attribute) and taken.attr == "fields":
                found.append(f"{file.relative_to(package)}:{node.lineno}")
    return found


def test_only_readers_look_at_the_cells_of_a_row(tmp_path: Path) -> None:
    """The file of errors has a row's cells as they stand."""
    for room in ("adapters", "engine", "start", "model"):
        found = [place for place in cells_looked_at(PACKAGE / room) if not place.startswith("error_file.py:")]
        assert found == [], room
    (tmp_path / "new.py").write_text("a = row.fields['x']\nb = read.row.fields.get('y')\nc = self.fields.text\n")
    assert cells_looked_at(tmp_path) == ["new.py:1", "new.py:2"]


def test_reading_rows_wakes_no_torch() -> None:
    names = ("texts", "words", "questions")
    script = f"import sys, {', '.join(f'bertft.gold.{name}' for name in names)}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
