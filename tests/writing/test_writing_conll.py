"""Tagged words become CoNLL columns, which come back as they were."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bertft.errors import OutputError
from bertft.reading import open_source
from bertft.writing import open_writer
from bertft.writing.conll import HELD_ROWS

WORD = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="#"), min_size=1, max_size=4).filter(
    str.strip
)
ROWS = st.lists(st.lists(st.tuples(WORD, st.sampled_from(["O", "B-X"]), st.sampled_from("NV")), min_size=1), min_size=1)


def write(path: Path, *records: dict[str, Any], zipped: bool = False) -> str:
    with open_writer(str(path), columns=list(records[0])) as writer:
        for record in records:
            writer.write(record)
    assert writer.count == len(records)
    return "" if zipped else path.read_bytes().decode()


def test_a_word_and_its_tag_stand_in_a_line_and_a_blank_line_after_the_row(tmp_path: Path) -> None:
    rows = [{"tokens": ["New York", "is"], "tags": ["B-LOC", "O"]}, {"tokens": ["ok"], "tags": ["O"]}]
    text = "New York\tB-LOC\nis\tO\n\nok\tO\n\n"
    assert [write(tmp_path / name, *rows) for name in ("x.conll", "x.bio", "x.iob")] == [text] * 3
    write(tmp_path / "x.conll.gz", *rows, zipped=True)
    assert gzip.decompress((tmp_path / "x.conll.gz").read_bytes()) == text.encode()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(ROWS)
def test_rows_come_back_with_all_their_columns(tmp_path: Path, rows: list[list[tuple[str, str, str]]]) -> None:
    names = ("tokens", "tags", "column_2")
    records = [dict(zip(names, map(list, zip(*row, strict=True)), strict=True)) for row in rows]
    write(tmp_path / "x.conll", *records)
    assert [dict(row.fields) for row in open_source(str(tmp_path / "x.conll")).rows()] == records


def test_what_was_predicted_stands_last_and_other_columns_are_left_out(tmp_path: Path) -> None:
    record = {
        **{"id": 7, "tokens": ["EU", "says"], "tags": ["B-ORG", "O"], "topics": ["x"], "pos": ["N", "V"]},
        **{"predicted_tags": ["O", "O"], "entities": [{"start": 0}, {"start": 3}], "reason": None},
    }
    assert write(tmp_path / "x.conll", record) == "EU\tN\tB-ORG\tO\nsays\tV\tO\tO\n\n"


def test_a_raw_text_is_written_by_its_words(tmp_path: Path) -> None:
    record = {
        "text": "EU says",
        "tags": "B-ORG O",
        "words": ["EU", "says"],
        "predicted_tags": ["O", "O"],
        "reason": None,
    }
    assert write(tmp_path / "x.conll", record) == "EU\tB-ORG\tO\nsays\tO\tO\n\n"
    spans = {**record, "tags": [{"start": 0, "end": 2, "label": "ORG"}]}
    assert write(tmp_path / "y.conll", spans) == "EU\tO\nsays\tO\n\n"


def test_lists_in_strings_of_a_csv_are_lists(tmp_path: Path) -> None:
    record = {"tokens": "['EU', 'says']", "tags": '["B-ORG", "O"]'}
    assert write(tmp_path / "x.conll", record) == "EU\tB-ORG\nsays\tO\n\n"


def test_documents_come_back(tmp_path: Path) -> None:
    records = [{"tokens": ["a"], "tags": ["O"], "document": document} for document in (1, 1, 2)]
    text = write(tmp_path / "x.conll", *records)
    assert text == "-DOCSTART-\tO\n\na\tO\n\na\tO\n\n-DOCSTART-\tO\n\na\tO\n\n"
    assert [dict(row.fields) for row in open_source(str(tmp_path / "x.conll")).rows()] == records


def test_a_chance_fit_in_the_first_row_makes_no_column(tmp_path: Path) -> None:
    one = {"tokens": ["a"], "topics": ["x"], "tags": ["O"]}
    assert write(tmp_path / "x.conll", one, {**one, "topics": ["x", "y"]}) == "a\tO\n\na\tO\n\n"
    many = [one] * HELD_ROWS
    with pytest.raises(OutputError, match=f"Row {HELD_ROWS + 1} has 1 words but 2 values in 'topics'"):
        write(tmp_path / "y.conll", *many, {**one, "topics": ["x", "y"]})


def test_a_row_without_words_has_no_lines_and_what_is_missing_is_a_dash(tmp_path: Path) -> None:
    rows = [
        {"tokens": None, "pos": None, "predicted_tags": None},
        {"tokens": ["a"], "pos": ["N"], "predicted_tags": ["O"]},
        {"tokens": ["b", "c"], "pos": None, "predicted_tags": ["O", None]},
    ]
    assert write(tmp_path / "x.conll", *rows) == "a\tN\tO\n\nb\t_\tO\nc\t_\t_\n\n"
    assert write(tmp_path / "y.conll", rows[0]) == ""
    late = [rows[0]] * (HELD_ROWS + 5)
    assert write(tmp_path / "z.conll", *late, rows[1]) == "a\tN\tO\n\n"


def test_a_break_inside_a_word_becomes_a_space(tmp_path: Path) -> None:
    assert write(tmp_path / "x.conll", {"tokens": ["a\tb\r\nc"], "tags": ["O"]}) == "a b c\tO\n\n"


def test_no_tags_no_conll(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there are no tags among text, predicted_label"):
        write(tmp_path / "x.conll", {"text": "a", "predicted_label": "b"})
    assert not list(tmp_path.iterdir())
