"""brat's standoff files become rows of a text with spans."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Said, read_jsonl

from bertft.errors import DataError
from bertft.reading import open_source, read_table

Run = Callable[..., Said]
TEXT = "Anna Berg met\nBob in Ems 🎉.\nIt was Monday in Rome.\n"
MARKS = """T1\tPerson 0 9\tAnna Berg
T2\tPerson 14 17\tBob
R1\tKnows Arg1:T1 Arg2:T2
T3\tPlace 21 24;45 49\tEms Rome
#1\tAnnotatorNotes T1\tsure
T4\tPlace 45 49\tRome
"""


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for name in ("corpus/a", "corpus/more/b"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"{name}.txt").write_text(TEXT, encoding="utf-8", newline="")
        (tmp_path / f"{name}.ann").write_text(MARKS, encoding="utf-8")
    (tmp_path / "corpus/more/b.ann").write_text("")
    return tmp_path / "corpus"


def test_a_folder_is_a_row_for_each_text(corpus: Path) -> None:
    rows = [dict(row.fields) for row in read_table(str(corpus))]
    assert [(row["document"], row["text"]) for row in rows] == [("a", TEXT), ("more/b", TEXT)]
    found = [(one["label"], TEXT[one["start"] : one["end"]]) for one in rows[0]["entities"]]  # type: ignore[attr-defined]
    assert found == [("Person", "Anna Berg"), ("Person", "Bob"), ("Place", "Rome")]
    assert rows[1]["entities"] == []


def test_what_is_left_out_is_counted(corpus: Path) -> None:
    notes = open_source(str(corpus / "a.ann")).notes
    assert notes[1:] == ["1 entities of several pieces left out", "1 notes left out", "1 relations left out"]


def test_a_corpus_is_converted_and_checked(corpus: Path, run: Run) -> None:
    run("convert", corpus, "-o", "out.jsonl", "--form", "doccano")
    assert read_jsonl(Path("out.jsonl"))[0]["label"] == [[0, 9, "Person"], [14, 17, "Person"], [45, 49, "Place"]]
    (corpus / "a.ann").write_text("T1\tPerson 0 4\tBob\n")
    assert "says 'Bob', but 'Anna' stands there; that stands at 14" in run("convert", corpus, "-o", "x.jsonl", ok=2).err


@pytest.mark.parametrize("mark", ["T1\tPerson 0\tAnna", "T1\tPerson a b\tAnna", "T1", "T1\t 0 4\tAnna"])
def test_a_broken_mark_is_named_with_its_line(corpus: Path, mark: str) -> None:
    (corpus / "a.ann").write_text(f"T9\tPerson 0 4\tAnna\n{mark}\n")
    with pytest.raises(DataError, match=r"a\.ann:2: .* is no mark, wanted a type and its places"):
        open_source(str(corpus))


def test_marks_without_a_text_are_refused(corpus: Path) -> None:
    (corpus / "a.txt").unlink()
    with pytest.raises(DataError, match=r"a\.ann: no text beside it, wanted a\.txt"):
        open_source(str(corpus))
