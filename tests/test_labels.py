"""Cells to label names and back: spreadsheets' spellings, lists, order, and whose order wins."""

from __future__ import annotations

import random

import pytest

from bertft.errors import DataError
from bertft.gold import Options, learn_task
from bertft.plan.card import Card, plain_card
from bertft.rows.fields import Fields
from bertft.rows.label_cells import split_labels
from bertft.rows.labels import Labels, in_order, is_empty, label_text, labels_of_card, learn
from bertft.rows.row import Row


@pytest.mark.parametrize("cell", [None, "", "  ", "\t\n", "\u3000", float("nan")])
def test_blank_cells_are_empty(cell: object) -> None:
    assert is_empty(cell)


@pytest.mark.parametrize("cell", ["NA", "null", "None", "nan", "0", 0, 0.0, False, "-", []])
def test_words_for_nothing_are_text(cell: object) -> None:
    assert not is_empty(cell)


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        *[(1, "1"), (1.0, "1"), ("1", "1"), ("1.0", "1"), ("1.00", "1"), (" 1 ", "1"), ("-1.0", "-1")],
        *[("1.5", "1.5"), (0.5, "0.5"), (True, "true"), (False, "false"), ("1.0.0", "1.0.0"), ("v1.0", "v1.0")],
        *[(" pos ", "pos"), ("NA", "NA"), ("", ""), ("01", "01"), ("1e3", "1e3"), ("好", "好")],
    ],
)
def test_the_same_label_has_one_name(cell: object, name: str) -> None:
    assert label_text(cell) == name


@pytest.mark.parametrize(
    ("cell", "separator", "names"),
    [
        (["a", " b "], None, ["a", "b"]),
        (("a", 1.0), None, ["a", "1"]),
        ('["a", "b;c"]', ";", ["a", "b;c"]),
        ("[not json]", None, ["[not json]"]),
        ("a; b ;;c;", ";", ["a", "b", "c"]),
        ("a,b", None, ["a,b"]),
        ("a,b", "|", ["a,b"]),
        (3, ";", ["3"]),
        *[(blank, ";", []) for blank in (None, "", " ", "[]", ";", float("nan"))],
        ([], None, []),
        (["", None, "a"], None, ["a"]),
    ],
)
def test_one_cell_may_hold_several_labels(cell: object, separator: str | None, names: list[str]) -> None:
    assert split_labels(cell, separator) == names


def test_labels_are_sorted_as_numbers_or_as_text_whatever_the_files_order() -> None:
    for seed in range(5):
        mixed = random.Random(seed).sample(["10", "9", "-1", "0", "9"], 5)
        assert in_order(mixed) == ("-1", "0", "9", "10")
        mixed = random.Random(seed).sample(["b", "a", "10", "9", "B"], 5)
        assert in_order(mixed) == ("10", "9", "B", "a", "b")
    assert in_order([]) == ()


def test_an_index_goes_there_and_back() -> None:
    labels = Labels(("neg", "1", "pos"))
    assert [labels.index(name) for name in labels.names] == [0, 1, 2]
    assert (labels.index(1.0), labels.index(" pos "), labels.index("Pos"), labels.index("")) == (1, 2, None, None)
    assert len(labels) == 3


def test_a_card_takes_names_indices_and_its_own_spellings() -> None:
    labels = labels_of_card(("negative", "positive"), {"bad": "negative"})
    assert [labels.index(cell) for cell in ("negative", "0", 0, 0.0, "bad")] == [0] * 5
    assert [labels.index(cell) for cell in ("positive", "1", 1.0)] == [1] * 3
    assert labels.index("2") is None


def test_a_number_that_is_itself_a_name_is_that_name() -> None:
    """Stars from 1 to 5 stand at 0 to 4."""
    labels = labels_of_card(("1", "2", "3", "4", "5"), {})
    assert [labels.index(str(star)) for star in range(1, 6)] == [0, 1, 2, 3, 4]


def test_the_order_of_a_loaded_checkpoint_wins_where_it_names_the_same_labels() -> None:
    assert learn(["b", "a"], known_order=("b", "a")).names == ("b", "a")
    assert learn(["b", "a"], known_order=("c", "b", "a")).names == ("a", "b")
    assert learn(["b", "a"]).names == ("a", "b")


def rows_of(*cells: object) -> list[Row]:
    return [Row(i, f"x.csv:{i + 2}", {"text": "good", "label": cell}) for i, cell in enumerate(cells)]


def learned(card: Card, fields: Fields, rows: list[Row]) -> Labels:
    return learn_task(card, fields, Options(max_length=64), rows).labels


def test_labels_are_learned_from_the_filled_cells() -> None:
    fields = Fields("text", None, ("label",))
    card = plain_card("text-classification", "single-label")
    assert learned(card, fields, rows_of("b", "", None, " a ", "b")).names == ("a", "b")
    assert learned(card, fields, rows_of("2.0", 10, "2")).names == ("2", "10")
    several = plain_card("text-classification", "multi-label")
    assert learned(several, fields, rows_of(["b", "a"], [], None, ["c"])).names == ("a", "b", "c")
    number = plain_card("text-classification", "regression")
    assert learned(number, fields, rows_of("0.5")).names == ("score",)


@pytest.mark.parametrize(("cells", "found"), [(("a", "a"), "only 'a'"), (("", None), "none")])
def test_fewer_than_two_labels_are_nothing_to_tell_apart(cells: tuple[object, ...], found: str) -> None:
    card = plain_card("text-classification", "single-label")
    with pytest.raises(DataError, match=rf"'label' holds fewer than two labels \({found}\)"):
        learned(card, Fields("text", None, ("label",)), rows_of(*cells))


def test_numeric_names_have_no_indices_beside_them() -> None:
    stars = labels_of_card(["1", "2", "3"], {})
    assert [stars.index(cell) for cell in ("0", "1", "3", 2.0)] == [None, 0, 2, 1]
