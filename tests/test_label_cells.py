"""Which labels a cell holds, in every form in which tools write them; and what a column of such cells is for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bertft.errors import DataError
from bertft.guess import Guess, guess
from bertft.guess.verdict import AskedLabels
from bertft.rows.label_cells import split_labels


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("['joy', 'anger']", ["joy", "anger"]),
        ("['joy' 'anger']", ["joy", "anger"]),
        ("('joy',)", ["joy"]),
        ({"choices": ["joy", "anger"]}, ["joy", "anger"]),
        ('{"choices": ["joy", "anger"]}', ["joy", "anger"]),
        ({"choices": "joy"}, ["joy"]),
        ({"labels": {"choices": ["joy"]}}, ["joy"]),
        ({"joy": 1, "anger": 0, "fear": None}, ["joy"]),
        ({"cats": {"joy": True, "anger": False}}, ["joy"]),
        ("{'joy': 1.0, 'anger': 0.0}", ["joy"]),
        ({"joy": "0", "anger": "1"}, ["anger"]),
        ({"label": 1}, ["label"]),
        ([3, 1.0], ["3", "1"]),
        ({}, []),
        ("[nan]", []),
    ],
)
def test_labels_in_every_form(cell: object, names: list[str]) -> None:
    assert split_labels(cell, None) == names


@pytest.mark.parametrize(
    "cell",
    [
        *[{"joy": 0.7, "anger": 0.3}, [0.7, 0.3], "[0.7 0.3]", "{'joy': 0.7}"],
        *[[["joy"]], [{"label": "joy"}], {"joy": "yes"}, {"text": "joy", "start": 3}, '[["joy", 3]]', [None, ["a"]]],
    ],
)
def test_what_holds_no_labels_is_refused(cell: object) -> None:
    with pytest.raises(DataError, match=r"are scores, not labels|wanted a label, or a list of labels"):
        split_labels(cell, None)


@pytest.mark.parametrize("cell", [[0, 1, 1], "(0, 1, 1)", "[0. 1. 1.]", [False, True, True], '["0", "1", "1"]'])
def test_a_vector_says_which_of_its_places_are_meant(cell: object) -> None:
    assert split_labels(cell, None, ("a", "b", "c")) == ["b", "c"]
    with pytest.raises(DataError, match="has 3 places, but there are 2 labels"):
        split_labels(cell, None, ("a", "b"))


def guessed(values: list[Any], **said: Any) -> Guess:
    texts = [f"sentence {n} of a file made for this test" for n in range(len(values))]
    return guess({"text": texts, "label": values}, label="label", asked=AskedLabels(**said))


VECTORS = [[0, 1, 1], [1, 0, 0], [0, 0, 0], [1, 1, 0]]
ONE_HOT = [[0, 0, 1], [1, 0, 0], [0, 1, 0], [1, 0, 0]]


PRINTS = [lambda cell: cell, json.dumps, str, lambda cell: str(tuple(cell)), lambda cell: " ".join(map(str, cell))]


@pytest.mark.parametrize("printed", PRINTS)
def test_vectors_have_a_label_for_each_place(printed: Any) -> None:
    found = guessed([printed(cell) for cell in VECTORS])
    assert (found.problem, found.label_names) == ("multi-label", ("label_0", "label_1", "label_2"))
    assert "(--label-names)" in found.why[-1]
    one = guessed([printed(cell) for cell in ONE_HOT])
    assert (one.problem, one.label_names) == ("single-label", ("label_0", "label_1", "label_2"))
    named = guessed([printed(cell) for cell in VECTORS], label_names=("joy", "fear", "love"))
    assert named.label_names == ("joy", "fear", "love")
    assert guessed([printed(cell) for cell in ONE_HOT], problem="multi-label").problem == "multi-label"


def test_lists_of_class_numbers_are_no_vectors() -> None:
    assert guessed([[0], [0, 1], [1], []]).label_names == ()
    assert guessed([[0, 2], [1, 2], [1, 0]]).label_names == ()


@pytest.mark.parametrize(
    ("values", "said", "complaint"),
    [
        ([[0, 1, 0], [1, 0]], {}, "vectors of 0 and 1 with 2 and with 3 places"),
        (VECTORS, {"label_names": ("a", "b")}, "have 3 places, but --label-names has 2 names"),
        (VECTORS, {"problem": "single-label"}, "3 of 4 cells of 'label' hold several or none.* Leave it out"),
        (VECTORS, {"problem": "regression"}, r"--regression wants numbers, but 'label' holds '\[0, 1, 1\]'. Fix it.$"),
        ([[0, 1], [0, 1]], {}, "every row of 'label' has the same labels"),
        ([["a"], ["b"]], {"label_names": ("a", "b")}, "--label-names names the places of vectors"),
        (["a", "b"] * 2, {"label_names": ("a", "b")}, "--label-names names the places of vectors"),
        ([["a"], ["b"]], {"problem": "multi-label", "separator": ";"}, "the cells of 'label' hold lists. Leave it out"),
        (["a", "b"] * 2, {"problem": "multi-label", "separator": ";"}, "no cell of 'label' holds it, such as 'a'"),
        ([[0.5, 0.5], [1.0, 0.0]], {}, "are scores, not labels"),
        ([{"a": 0.5, "b": 0.5}, {"a": 1, "b": 0}], {}, "are scores, not labels"),
        ([[["a"]], [["b"]]], {"problem": "multi-label"}, "is a list of lists or objects"),
        (
            ["[joy, fear]", "[joy]"],
            {},
            "look like lists that cannot be read, such as `.joy, fear.`.* pass --single-label",
        ),
        (["[0 0 1 ... 0 0]", "[0 1 0 ... 0 0]"], {}, "look like lists that cannot be read"),
        (["{joy,fear}", "{joy}"] * 2, {}, "look like lists that cannot be read"),
        (["['joy', 'fear'", "['joy']"], {}, "`.'joy', 'fear'` is none that can be read"),
        (["010", "100", "011"], {}, "look like vectors of 0 and 1, such as `010`.* pass --single-label"),
    ],
)
def test_what_does_not_fit_is_refused(values: list[Any], said: dict[str, Any], complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        guessed(values, **said)


def test_lists_of_one_label_are_several_labels_unless_asked() -> None:
    found = guessed([["a"], ["b"]] * 3)
    assert (found.problem, found.why[-1]) == (
        "multi-label",
        "multi-label: lists of 2 distinct labels, one in each (--single-label)",
    )
    assert guessed([["a"], ["b"]] * 3, problem="single-label").problem == "single-label"


def test_lists_of_several_labels_are_no_single_label() -> None:
    assert "--single-label" not in guessed([["a"], ["a", "b"]] * 3).why[-1]
    with pytest.raises(
        DataError, match=r"3 of 6 cells of 'label' hold several or none, such as `\['a', 'b'\]`. Leave it out"
    ):
        guessed([["a"], ["a", "b"]] * 3, problem="single-label")


@pytest.mark.parametrize("values", [["[joy, fear]", "[joy]"], ["010", "100", "011"]])
def test_what_is_asked_for_as_one_class_is_one(values: list[Any]) -> None:
    assert guessed(values * 2, problem="single-label").problem == "single-label"


def test_a_separator_that_was_given_parts_class_numbers() -> None:
    found = guessed(["0 1", "0", "1"] * 3, problem="multi-label", separator=" ")
    assert (found.separator, found.label_names) == (" ", ())
    assert guessed(["0 1", "1 0"] * 3, problem="multi-label", separator=" ").label_names == ()


def test_objects_of_0_and_1_are_one_label_or_several() -> None:
    exclusive = [{"pos": 1, "neg": 0}, {"pos": 0, "neg": 1}] * 2
    assert guessed(exclusive).problem == "single-label"
    assert guessed([str(cell) for cell in exclusive]).problem == "single-label"
    assert guessed([*exclusive, {"pos": 1, "neg": 1}]).problem == "multi-label"


@pytest.mark.parametrize("form", [lambda label: {"label": label}, lambda label: str({"label": label})])
def test_what_a_tool_puts_around_a_label_is_no_part_of_it(form: Any) -> None:
    found = guessed([form("pos"), form("neg")] * 3)
    assert found.problem == "single-label"
    with pytest.raises(DataError, match=r"every row of 'label' has the same labels \(pos\)"):
        guessed([form("pos"), form("pos")])


def test_a_list_among_labels_makes_them_several() -> None:
    """As annotation tools write questions with one answer, and with two."""
    found = guessed(["joy", "anger", "joy", ["joy", "anger"]])
    assert found.problem == "multi-label"
    assert "3 of the cells hold one label without a list" in found.why[-1]


@pytest.mark.parametrize("empty", [[], "[]", {}])
def test_lists_and_separators_may_stand_side_by_side(empty: object) -> None:
    """As where a script writes [] for rows without a label."""
    found = guessed(["a|b", "a", "b|c", "c|a", empty])
    assert (found.problem, found.separator) == ("multi-label", "|")
    assert found.why[-1] == (
        "multi-label: lists of 3 distinct labels; 4 of the cells hold labels separated by '|' (--separator)"
    )
    asked = guessed(["a/b", "a", "b/c", empty], problem="multi-label", separator="/")
    assert (asked.separator, "3 distinct" in asked.why[-1]) == ("/", True)


@pytest.mark.parametrize("values", [[["a", "b"], ["c"]], ["['a', 'b']", "['c']"], [{"en": "a"}, {"en": "b"}]])
def test_a_text_is_no_list_and_no_object(values: list[Any]) -> None:
    with pytest.raises(DataError, match=r"column 'words' holds .*, and a text is wanted"):
        guess({"words": values * 3, "label": ["a", "b"] * 3}, text="words", kind="text-classification")


@pytest.mark.parametrize("odd", ["[1]", "[]", "(1, 2)", "{}", "['a']"])
def test_a_few_texts_may_look_like_lists(odd: str) -> None:
    texts = [f"sentence {n} of a file made for this test" for n in range(40)]
    found = guess({"text": [*texts, odd], "label": ["a", "b", "a", "b", "a"] * 8 + ["a"]})
    assert (found.text, found.problem) == ("text", "single-label")


def test_an_annotators_answers_are_offered_where_nothing_else_differs() -> None:
    texts = [f"sentence {n} of a file made for this test" for n in range(4)]
    columns = {"text": texts, "label": ["SPAM"] * 4, "answer": ["accept", "reject"] * 2}
    with pytest.raises(
        DataError, match=r"every label in 'label' is 'SPAM'.* The annotator's answers to it: --label answer"
    ):
        guess(columns)
    assert guess(columns, label="answer").problem == "single-label"
    several = {"text": texts, "accept": [["a"], ["b"], ["a", "b"], []], "answer": ["accept", "ignore"] * 2}
    assert guess(several).label == "accept"
