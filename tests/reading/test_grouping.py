"""One word a row: rows are grouped to sentences by the column that numbers them, which stays."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Said

from bertft.errors import DataError
from bertft.reading import ReadOptions, open_source, read_table

WORDS = [["Ada", "saw", "Paris", "."], ["Bob", "left"], ["It", "rained", "in", "Rome"]]
TAGS = [["B-PER", "O", "B-LOC", "O"], ["B-PER", "O"], ["O", "O", "O", "B-LOC"]]


def rows_of(names: list[str], *, number: str = "{0}", blanks: bool = False) -> list[dict[str, object]]:
    """A row for each word, under the names for the number, the word and its tag."""
    rows = []
    for count, (words, tags) in enumerate(zip(WORDS, TAGS, strict=True), 1):
        for place, pair in enumerate(zip(words, tags, strict=True)):
            rows.append(dict(zip(names, ("" if blanks and place else number.format(count), *pair), strict=True)))
    return rows


def written(path: Path, rows: list[dict[str, object]]) -> str:
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif path.suffix == ".parquet":
        import pyarrow
        from pyarrow.parquet import write_table

        write_table(pyarrow.Table.from_pylist(rows), path)
    else:
        cell = "\t" if path.suffix == ".tsv" else ","
        lines = [list(rows[0]), *(list(row.values()) for row in rows)]
        path.write_text("".join(cell.join(map(str, line)) + "\n" for line in lines))
    return str(path)


def found(path: str, **said: str) -> list[dict[str, object]]:
    return [dict(row.fields) for row in read_table(path, ReadOptions(**said))]  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.jsonl", "x.parquet"])
@pytest.mark.parametrize(
    ("names", "number", "blanks"),
    [
        (["Sentence #", "Word", "Tag"], "Sentence: {0}", True),
        (["sentence_id", "words", "labels"], "{0}", False),
        (["sent_idx", "form", "iob"], "s-{0}", False),
    ],
)
def test_words_of_one_number_are_a_sentence(
    tmp_path: Path, name: str, names: list[str], number: str, blanks: bool
) -> None:
    path = written(tmp_path / name, rows_of(names, number=number, blanks=blanks))
    assert [row[names[1]] for row in found(path)] == WORDS
    assert [row[names[2]] for row in found(path)] == TAGS
    assert [row[names[0]] for row in found(path)] == [number.format(count) for count in (1, 2, 3)]
    note = f"one word a row, sentences by column '{names[0]}' (--sentence '' leaves the rows as they are)"
    assert note in open_source(path).notes
    assert len(found(path, sentence="")) == 10


def test_a_column_of_any_name_groups_where_it_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", rows_of(["group", "w", "t"]))
    assert len(found(path)) == 10
    assert [row["w"] for row in found(path, sentence="group")] == WORDS
    with pytest.raises(DataError, match=r"no column 'grop' \(the file has: group, w, t\)"):
        found(path, sentence="grop")


def test_a_new_document_begins_a_new_sentence_and_its_column_says_which(tmp_path: Path) -> None:
    rows = [{"doc_name": f"d{place // 5}", **row} for place, row in enumerate(rows_of(["sentence_id", "word", "tag"]))]
    got = found(written(tmp_path / "x.csv", rows), document="doc_name")
    assert [row["document"] for row in got] == ["d0", "d0", "d1", "d1"]
    assert [row["word"] for row in got][1:3] == [["Bob"], ["left"]]
    lists = written(tmp_path / "y.parquet", [{"tokens": ["a"], "where": "d1"}, {"tokens": ["b"], "where": "d2"}])
    assert [row["document"] for row in found(lists, document="where")] == ["d1", "d2"]
    with pytest.raises(DataError, match="a column 'document' beside 'where'"):
        found(written(tmp_path / "z.csv", [{"where": "a", "document": "b"}]), document="where")


def test_a_column_of_conll_names_the_documents(tmp_path: Path) -> None:
    (tmp_path / "x.conll").write_text("d1 EU B-ORG\nd1 left O\n\nd2 It O\nd2 rained O\nd2 . O\n")
    assert [row["document"] for row in found(str(tmp_path / "x.conll"), document="column_1")] == ["d1", "d2"]
    with pytest.raises(DataError, match="row 1 holds lists"):
        found(str(tmp_path / "x.conll"), sentence="column_1")


def test_rows_that_do_not_stand_together_are_refused(tmp_path: Path) -> None:
    rows = [{"sentence_id": str(place % 7), "word": "a", "tag": "O"} for place in range(100)]
    with pytest.raises(DataError, match=r"the rows of a sentence \(column 'sentence_id'\) do not stand together"):
        found(written(tmp_path / "x.csv", rows), sentence="sentence_id")


NOT_GROUPED = [
    [{"sentence": f"This is text {place}", "label": "a"} for place in range(20)],
    [{"sentence": str(place // 2), "text": f"one two {place}", "label": "B-X"} for place in range(20)],
    [{"sentence_id": str(place), "word": "Ada", "tag": "B-X"} for place in range(20)],
    [{"sentence": str(place % 2), "label": "B"} for place in range(20)],
    [
        {"sentence_id": str(n // 4), "sentence": f"the text of row {n // 4}", "word": f"w{n}", "label": "complex"}
        for n in range(20)
    ],
    [{"sentence_id": str(n // 4), "sentence": "我们在北京工作", "word": "北京", "label": "难"} for n in range(20)],
    [{"sentence_id": str(n // 4), "word": f"w{n}", "label": ["complex", "simple"][n % 2]} for n in range(20)],
]


@pytest.mark.parametrize("rows", NOT_GROUPED)
def test_other_files_stay_as_they_are(tmp_path: Path, rows: list[dict[str, object]]) -> None:
    assert len(found(written(tmp_path / "x.csv", rows))) == 20


def test_standard_input_is_grouped_where_its_column_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "sentence_id,word\n1,Ada\n1,saw\n2,Bob\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    rows = open_source("-", ReadOptions(sentence="sentence_id")).rows()
    assert [(row.fields["word"], row.origin) for row in rows] == [(["Ada", "saw"], "stdin:2"), (["Bob"], "stdin:4")]


@pytest.mark.parametrize("tags", [["O"], ["O", "PER"], ["NN", "VB"]])
def test_plain_tags_beside_words_are_grouped_as_well(tmp_path: Path, tags: list[str]) -> None:
    words = ["Ada", "saw", "Paris", "."]
    rows = [{"sentence_id": n // 4, "words": words[n % 4], "labels": tags[n % len(tags)]} for n in range(20)]
    assert [row["words"] for row in found(written(tmp_path / "x.csv", rows))] == [words] * 5


def test_a_file_of_words_judged_in_their_sentence_is_a_table_of_classes(run: Callable[..., Said], tiny: str) -> None:
    rows = [
        {"sentence_id": n // 4, "sentence": f"the text of row {n // 4}", "word": f"w{n}", "label": "ab"[n % 2]}
        for n in range(200)
    ]
    path = written(Path("x.csv"), rows)
    said = run("train", path, "--text", "sentence", "--text-pair", "word", "--model", tiny, "--dry-run").err
    assert "200" in said
    assert "one word a row" not in said
