"""Columns about a row rather than what it says, as `lead_time` or `annotator`: never a label that nobody asked for."""

from __future__ import annotations

import pytest
from test_guess import LABELS, TEXTS

from bertft.errors import DataError
from bertft.guess import guess


@pytest.mark.parametrize(
    "name",
    ["lead_time", "duration", "annotator", "user_id", "Unnamed: 0", "created_at", "split", "elapsedSeconds", "row"],
)
@pytest.mark.parametrize("values", [[1.5, 2.25, 3.5, 4.25, 5.5, 6.25], ["ann", "bob"] * 3, [0, 1] * 3])
def test_what_is_about_the_row_is_never_a_label_unasked(name: str, values: list[object]) -> None:
    columns = {"id": ["1", "2", "3", "4", "5", "6"], "text": TEXTS, name: values}
    with pytest.raises(DataError, match=r"no column looks like a label\. Pass --label COLUMN"):
        guess(columns)
    assert guess(columns, label=name).label == name
    assert guess({**columns, "mood": LABELS}).label == "mood"


@pytest.mark.parametrize("name", ["label_time", "rating_timestamp", "score_date", "annotation_duration"])
def test_the_time_of_a_label_is_no_label(name: str) -> None:
    columns = {"text": TEXTS, name: [1.5, 2.25, 3.5, 4.25, 5.5, 6.25]}
    with pytest.raises(DataError, match="no column looks like a label"):
        guess(columns)
    assert guess({**columns, "user_label": LABELS}).label == "user_label"


def test_the_number_of_a_label_is_one() -> None:
    assert guess({"text": TEXTS, "category_id": [0, 1] * 3, "user_id": [4, 5] * 3}).label == "category_id"
