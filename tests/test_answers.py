"""Gold answers of any shape, those that stand elsewhere than the file says, and where they are moved to."""

from __future__ import annotations

import json
import math
import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bertft.errors import DataError
from bertft.rows.answers import (
    EMPTY_ANSWER,
    MOVED,
    NO_ANSWER,
    NOWHERE,
    Answers,
    answers_of,
    fixed,
    recounted,
    wrong_answers,
)

CONTEXT = "In 1976 Paris, not the other Paris, had 2 million people [1]. 我们 in paris  France."
TWO = Answers(("1976", "2 million"), (3, 40))
TWO_STARTS = [CONTEXT.index(text) for text in TWO.texts]
SHAPES: list[object] = [
    {"text": ["1976", "2 million"], "answer_start": [3, 40]},
    {"text": ["1976", "2 million"], "start": ["3", 40.0]},
    [{"text": "1976", "answer_start": 3}, {"text": "2 million", "answer_start": 40, "answer_id": 7}],
    [{"text": "1976", "start": 3, "end": 7}, {"text": "2 million", "start": 40}],
    {"text": ["1976", "2 million"]},
    {"text": ["1976", "2 million"], "answer_start": [None, None]},
    ["1976", "2 million"],
    [{"text": "1976"}, {"text": "2 million", "answer_start": None}],
]


def read(cell: object, *, fix: bool = False, **others: object) -> Answers | None:
    return answers_of({"answers": cell, **others}, ("answers",), CONTEXT, fix=fix)


def beside(text: object, start: object, *, fix: bool = False) -> Answers | None:
    return answers_of({"a": text, "s": start}, ("a", "s"), CONTEXT, fix=fix)


def test_the_example_is_right() -> None:
    assert list(TWO.starts) == TWO_STARTS


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_holds_the_same_answers_also_written_as_a_string(shape: object) -> None:
    for cell in (shape, json.dumps(shape), json.dumps(shape, indent=2), repr(shape)):
        assert read(cell) == TWO


@pytest.mark.parametrize(
    "cell",
    [
        "{'text': array(['1976', '2 million'], dtype=object), 'answer_start': array([3, 40])}",
        "{'text': array(['1976',\n       '2 million'], dtype=object), 'answer_start': array([3, 40], dtype=int32)}",
    ],
)
def test_what_pandas_prints_of_arrays_is_read(cell: str) -> None:
    assert read(cell) == TWO


def test_code_in_a_cell_is_text() -> None:
    assert read("[__import__('os').getcwd()]") == Answers(("[__import__('os').getcwd()]",), (NOWHERE,))


@pytest.mark.parametrize("start", [3, "3", " 3 ", 3.0, "3.0", [3], "[3]"])
def test_text_and_start_may_stand_in_two_columns(start: object) -> None:
    listed = isinstance(start, list) or "[" in str(start)
    assert beside(["1976"] if listed else "1976", start) == Answers(("1976",), (3,))
    assert beside("[1]", start if not listed else 57) == Answers(("[1]",), (57 if listed else 3,))


def test_one_object_holds_one_answer_and_lists_in_two_columns_hold_several() -> None:
    assert read({"text": "1976", "answer_start": 3}) == Answers(("1976",), (3,))
    assert read({"text": ["1976"], "answer_start": 3}) == Answers(("1976",), (3,))
    assert beside(["1976", "2 million"], [3, 40]) == beside("['1976', '2 million']", "[3, 40]") == TWO
    assert beside([], []) == beside("[]", "[]") == NO_ANSWER


@pytest.mark.parametrize("empty", [None, "", "  ", math.nan, {"text": None, "answer_start": None}])
def test_an_empty_cell_is_not_labelled_unless_it_is_marked_impossible(empty: object) -> None:
    assert read(empty) is None
    for mark in (False, "false", "False", 0, "0", None, ""):
        assert read(empty, is_impossible=mark) is None
    for mark in (True, "true", "TRUE", 1, "1", 1.0):
        assert read(empty, Is_Impossible=mark) == NO_ANSWER


@pytest.mark.parametrize("empty", [[], {"text": [], "answer_start": []}, "[]", "{'text': [], 'answer_start': []}"])
def test_an_empty_list_says_that_there_is_no_answer(empty: object) -> None:
    assert read(empty) == NO_ANSWER
    assert wrong_answers(NO_ANSWER, CONTEXT) == []
    assert fixed(NO_ANSWER, CONTEXT) == (NO_ANSWER, [])


def test_what_is_marked_impossible_has_no_answer_whatever_stands_there() -> None:
    assert read({"text": ["1976"], "answer_start": [3]}, is_impossible=True) == NO_ANSWER


def test_a_text_without_a_start_must_stand_once() -> None:
    assert read("1976") == beside("1976", "") == beside("1976", None) == Answers(("1976",), (3,))
    twice, nowhere = read("Paris"), read("London")
    assert twice == Answers(("Paris",), (NOWHERE,))
    assert twice is not None
    assert nowhere is not None
    assert wrong_answers(twice, CONTEXT) == [
        "answer 'Paris' has no start and stands in the context 2 times, first at 8"
    ]
    assert wrong_answers(nowhere, CONTEXT) == ["answer 'London' is nowhere in the context"]
    assert read("Paris", fix=True) == Answers(("Paris",), (8,))
    assert fixed(nowhere, CONTEXT) == (nowhere, [])


def test_a_text_that_looks_like_a_list_is_text() -> None:
    assert read("[1]") == Answers(("[1]",), (57,))
    assert read("{x") == Answers(("{x",), (NOWHERE,))
    assert read(1976) == Answers(("1976",), (3,))


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ({"answer_start": [3]}, "`{\"answer_start\": [3]}` has no 'text'"),
        ({"text": ["1976", "2"], "answer_start": [3]}, "2 answers with 1 starts"),
        ({"text": ["1976"], "answer_start": ["x"]}, "the start `x` of answer '1976' is no whole number"),
        ({"text": ["1976"], "answer_start": [3.5]}, "the start `3.5` of answer '1976'"),
        ({"text": ["1976"], "answer_start": [True]}, "the start `true` of answer '1976'"),
        ([None], "answer `null` is no text"),
        ([{"answer_start": 3}], "answer `null` is no text"),
        (1.5, "answer `1.5` is no text"),
    ],
)
def test_what_is_no_answer_is_named(cell: object, what: str) -> None:
    with pytest.raises(DataError) as told:
        read(cell)
    assert str(told.value).startswith(what)
    assert 'wanted {"text": ["..."], "answer_start": [17]}' in str(told.value)


@pytest.mark.parametrize(
    ("text", "start", "reason"),
    [
        ("Paris", 10, "answer 'Paris' is not at 10 (there: 'ris, '); it stands at 8"),
        ("Paris", 27, "answer 'Paris' is not at 27 (there: 'r Par'); it stands at 29"),
        ("Paris ", 29, "answer 'Paris ' is not at 29 (there: 'Paris,'); it stands at 29 as 'Paris'"),
        (
            "PARIS FRANCE",
            0,
            "answer 'PARIS FRANCE' is not at 0 (there: 'In 1976 Pari'); it stands at 68 as 'paris  France'",
        ),
        ("1976", -5, f"answer '1976' is not at -5 (the context has {len(CONTEXT)} characters); it stands at 3"),
        ("1976", -1, "answer '1976' has no start; it stands at 3"),
        ("1976", 999, f"answer '1976' is not at 999 (the context has {len(CONTEXT)} characters); it stands at 3"),
        ("Rome", 3, "answer 'Rome' is nowhere in the context"),
        ("", 3, "an answer is an empty text; where there is no answer, an empty list is wanted"),
        (" ", 2, "an answer is an empty text; where there is no answer, an empty list is wanted"),
    ],
)
def test_a_wrong_place_is_told_with_what_stands_there_and_where_the_text_is(text: str, start: int, reason: str) -> None:
    assert wrong_answers(Answers(("1976", text), (3, start)), CONTEXT) == [reason]


@pytest.mark.parametrize(
    ("text", "start", "moved"),
    [
        ("Paris", 17, ("Paris", 8)),
        ("Paris", 20, ("Paris", 29)),
        ("Paris", -1, ("Paris", 8)),
        (" Paris ", 99, ("Paris", 29)),
        ("paris  france", 0, ("paris  France", 68)),
        ("PARIS", 66, ("paris", 68)),
        ("Paris\nFrance", 3, ("paris  France", 68)),
        ("们", 0, ("们", CONTEXT.index("们"))),
    ],
)
def test_wrong_answers_move_to_the_nearest_place(text: str, start: int, moved: tuple[str, int]) -> None:
    found, done = fixed(Answers(("1976", text), (3, start)), CONTEXT)
    assert found == Answers(("1976", moved[0]), (3, moved[1]))
    assert done == [MOVED]
    assert wrong_answers(found, CONTEXT) == []


def test_what_is_nowhere_stays_wrong() -> None:
    given = Answers(("Rome", "1976"), (4, 0))
    assert fixed(given, CONTEXT) == (Answers(("Rome", "1976"), (4, 3)), [MOVED])
    assert len(wrong_answers(fixed(given, CONTEXT)[0], CONTEXT)) == 1


@pytest.mark.parametrize("start", [-1, 0, 5])
def test_an_empty_answer_is_no_answer_if_that_is_asked_for(start: int) -> None:
    """As Haystack's tool and others write it."""
    for empty in (read({"text": [""], "answer_start": [start]}), beside("", start)):
        assert empty is not None
        assert len(wrong_answers(empty, CONTEXT)) == 1
        assert fixed(empty, CONTEXT) == (NO_ANSWER, [EMPTY_ANSWER])
    assert fixed(Answers(("", "1976"), (0, 3)), CONTEXT) == (Answers(("1976",), (3,)), [EMPTY_ANSWER])
    assert beside("", "") is None


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("Ha\u0300 No\u0323\u0302i", "H\u00e0 N\u1ed9i"),
        ("H\u00e0 N\u1ed9i", "Ha\u0300 No\u0323\u0302i"),
        ("O'Brien-Smith", "O\u2019Brien\u2013Smith"),
        ('"a b"', "\u201ca\u00a0\n b\u201d"),
        ("cooperation", "co\u00adoper\u200bation"),
        ("STRASSE", "straße"),
        ("\ufb01lm", "film"),
    ],
)
def test_words_are_found_however_they_are_written(text: str, there: str) -> None:
    context = f"xx {there} yy {there}, zz"
    second = context.rindex(there)
    found, done = fixed(Answers((text,), (second + 2,)), context)
    assert (found, done) == (Answers((there,), (second,)), [MOVED])


def test_another_unicode_form_is_named() -> None:
    (said,) = wrong_answers(Answers(("Ha\u0300",), (3,)), "xx H\u00e0")
    assert said.endswith("it stands at 3 in another Unicode form")


def test_a_letter_is_not_found_in_one_with_an_accent() -> None:
    assert fixed(Answers(("ha",), (0,)), "xx Ha\u0300") == (Answers(("ha",), (0,)), [])


@pytest.mark.parametrize("unit", ["UTF-16 units", "UTF-8 bytes", "characters, a line's end as one"])
def test_starts_in_other_units_are_put_right_without_being_asked(unit: str) -> None:
    """An answer that stands there often: the nearest place would be another one."""
    context = "😀ä\r\n Rome " * 9
    places = [found for found in range(len(context)) if context.startswith("Rome", found)]
    counts = {
        "UTF-16 units": lambda text: len(text.encode("utf-16-le")) // 2,
        "UTF-8 bytes": lambda text: len(text.encode()),
        "characters, a line's end as one": lambda text: len(text.replace("\r\n", "\n")),
    }
    for place in places[3:]:
        told = Answers(("Rome",), (counts[unit](context[:place]),))
        if not context.startswith("Rome", told.starts[0]):
            assert recounted(told, context) == (Answers(("Rome",), (place,)), unit)
        right = Answers(("Rome",), (place,))
        assert recounted(right, context) == (right, "")


@example("ababa", 3, 0, 3)
@given(st.text("ab ", max_size=12), st.integers(-3, 14), st.integers(0, 12), st.integers(1, 4))
def test_no_other_place_of_the_text_is_nearer(context: str, start: int, at: int, length: int) -> None:
    """Against all places; a text that stands where it is said to is left alone."""
    text = context[at : at + length]
    if not text.strip():
        return
    (found,), moved = (
        fixed(Answers((text,), (start,)), context)[0].starts,
        fixed(Answers((text,), (start,)), context)[1],
    )
    places = [place for place in range(len(context)) if context[place : place + len(text)] == text]
    assert found == min(places, key=lambda place: (abs(place - start), place))
    assert bool(moved) == (start not in places)
    assert bool(wrong_answers(Answers((text,), (start,)), context)) == bool(moved)


def test_offsets_in_bytes_or_utf16_units_are_put_right() -> None:
    chance = random.Random(1)
    context = "".join(chance.choice("añ我😀 ") for _ in range(80)) + "Zürich" + "😀" * 9
    place = context.index("Zürich")
    for encoding, unit in (("utf-8", 1), ("utf-16-le", 2)):
        start = len(context[:place].encode(encoding)) // unit
        assert fixed(Answers(("Zürich",), (start,)), context) == (Answers(("Zürich",), (place,)), [MOVED])
