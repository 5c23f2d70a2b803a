"""CSV and its relatives, small and messy."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from bertft.errors import DataError
from bertft.reading import ReadOptions, open_source

File = Callable[..., str]


@pytest.fixture
def file(tmp_path: Path) -> File:
    def make(content: str | bytes, name: str = "train.csv", encoding: str = "utf-8") -> str:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return str(path)

    return make


def cells(path: str, **options: object) -> list[list[object]]:
    return [list(row.fields.values()) for row in open_source(path, ReadOptions(**options)).rows()]  # type: ignore[arg-type]


def complaint(path: str, **options: object) -> str:
    with pytest.raises(DataError) as caught:
        list(open_source(path, ReadOptions(**options)).rows())  # type: ignore[arg-type]
    return str(caught.value)


def test_a_row_knows_its_place_its_line_and_its_cells(file: File) -> None:
    path = file('text,label\n"two\nlines",pos\nfine,neg\n')
    first, second = open_source(path).rows()
    assert (first.index, first.origin, dict(first.fields)) == (0, f"{path}:2", {"text": "two\nlines", "label": "pos"})
    assert (second.index, second.origin) == (1, f"{path}:4")


def test_words_for_nothing_are_text_and_only_an_empty_cell_is_empty(file: File) -> None:
    assert cells(file("a,b,c,d,e,f\nNA,null,None,n/a,nan,\n")) == [["NA", "null", "None", "n/a", "nan", ""]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_all_line_ends_are_fine_and_the_last_may_be_missing(file: File, end: str, last: bool) -> None:
    text = end.join(["a,b", "1,2", "3,4"]) + (end if last else "")
    assert cells(file(text)) == [["1", "2"], ["3", "4"]]


def test_newlines_in_quotes_are_kept_as_they_are(file: File) -> None:
    assert cells(file('a,b\r\n"x\r\ny",2\r\n')) == [["x\r\ny", "2"]]


@pytest.mark.parametrize(
    ("delimiter", "name", "note"),
    [
        (",", "x.csv", []),
        (";", "x.csv", ["delimiter ';' (--delimiter)"]),
        ("\t", "x.csv", ["delimiter tab (--delimiter)"]),
        ("|", "x.csv", ["delimiter '|' (--delimiter)"]),
        ("\t", "x.tsv", []),
        ("\t", "x.tab", []),
        (";", "x.ssv", []),
        ("|", "x.psv", []),
        (",", "x.tsv", ["delimiter ',' (--delimiter)"]),
    ],
)
def test_the_delimiter_is_found_and_said(file: File, delimiter: str, name: str, note: list[str]) -> None:
    path = file(f"text{delimiter}label\na: b{delimiter}1\n", name)
    source = open_source(path)
    assert (source.delimiter, source.notes) == (delimiter, note)
    assert cells(path) == [["a: b", "1"]]


def test_decimal_commas_do_not_fool_the_delimiter(file: File) -> None:
    assert cells(file("text;score\nwell, well;1,5\nno;2,5\n")) == [["well, well", "1,5"], ["no", "2,5"]]


@pytest.mark.parametrize("word", ["tab", "\\t", "\t", "TAB"])
def test_a_delimiter_may_be_named_by_a_word(file: File, word: str) -> None:
    source = open_source(file("a\tb\n1\t2\n"), ReadOptions(delimiter=word))
    assert (source.delimiter, source.notes) == ("\t", [])


def test_the_usual_quoting_holds_in_tab_files_that_keep_to_it(file: File) -> None:
    path = file('text\tlabel\n"a\tb ""c"""\tpos\n', "x.tsv")
    assert cells(path) == [['a\tb "c"', "pos"]]
    assert open_source(path).notes == []


@pytest.mark.parametrize("row", ['"he said\tpos\n', 'x\t"a" b\n', '"a\tb\n"c\td\n'])
def test_stray_quotes_in_a_tab_file_are_text(file: File, row: str) -> None:
    path = file("text\tlabel\n" + "fine\tneg\n" * 9000 + row, "x.tsv")
    wanted = [line.split("\t") for line in row.splitlines()]
    assert cells(path)[9000:] == wanted
    assert open_source(path).notes == ["quotes are text here: they do not pair up as CSV quoting"]


def test_a_stray_carriage_return_is_part_of_its_cell(file: File) -> None:
    assert cells(file('text,label\nx\ry,1\n"p\r\nq\r",2\n')) == [["x\ry", "1"], ["p\r\nq\r", "2"]]


def test_backslash_escapes_are_undone_where_nothing_else_fits(file: File) -> None:
    path = file('text,label\n"he said \\"hi\\"",pos\none\\, two,C:\\new\n')
    assert cells(path) == [['he said "hi"', "pos"], ["one, two", "C:\\new"]]
    assert "backslash" in open_source(path).notes[0]


def test_backslashes_are_text_where_the_quoting_is_right(file: File) -> None:
    assert cells(file('a,b\n"x\\",y\\n\n')) == [["x\\", "y\\n"]]


def test_spaces_before_a_quoted_cell_are_dropped_and_said(file: File) -> None:
    path = file('text, label\n"a", "b, c"\n')
    assert cells(path) == [["a", "b, c"]]
    assert "spaces after the delimiter are dropped" in open_source(path).notes


def test_spaces_before_other_cells_stay(file: File) -> None:
    assert cells(file("a,b\nhello,  you\n")) == [["hello", "  you"]]


def test_a_comma_and_a_quote_inside_a_quoted_cell_change_nothing(file: File) -> None:
    path = file('a,b\n"he said, ""hi""", x\n')
    assert cells(path) == [['he said, "hi"', " x"]]
    assert open_source(path).notes == []


def test_columns_without_a_name_get_one(file: File) -> None:
    source = open_source(file("v1,v2,,\nham,hello,,\nspam,a,b,c\n"))
    assert source.columns == ["v1", "v2", "column_3", "column_4"]
    assert source.notes == ["columns without a name are called column_3, column_4"]


def test_columns_without_a_name_may_be_missing_from_a_row(file: File) -> None:
    assert cells(file("a,b,\n1,2\n")) == [["1", "2", ""]]


def test_empty_cells_beyond_the_header_do_no_harm(file: File) -> None:
    assert cells(file("a,b\n1,2,,\n")) == [["1", "2"]]


def test_without_a_header_the_columns_are_numbered(file: File) -> None:
    source = open_source(file("\n1,2\n3,4\n"), ReadOptions(header=False))
    assert source.columns == ["column_1", "column_2"]
    assert [row.fields["column_1"] for row in source.rows()] == ["1", "3"]


def test_a_header_that_looks_like_data_is_mentioned(file: File) -> None:
    assert "--no-header" in open_source(file("good film,1\nbad film,0\n")).notes[0]


def test_blank_lines_are_no_rows_but_an_empty_cell_in_one_column_is(file: File) -> None:
    two = list(open_source(file("\n\na,b\n\n1,2\n   \n3,4\n\n")).rows())
    assert [row.origin.rpartition(":")[2] for row in two] == ["5", "7"]
    assert cells(file("text\nx\n\ny\n")) == [["x"], [""], ["y"]]
    assert cells(file("a,b\n,\n")) == [["", ""]]


def test_a_header_alone_is_a_file_without_rows(file: File) -> None:
    source = open_source(file("text,label\n"))
    assert (source.columns, list(source.rows())) == (["text", "label"], [])


def test_a_very_long_cell_is_read(file: File) -> None:
    assert cells(file("a,b\n" + "x" * 300_000 + ",2\n")) == [["x" * 300_000, "2"]]


def test_a_zipped_file_is_known_by_its_bytes(file: File) -> None:
    zipped = gzip.compress(b"a,b\n1,2\n", mtime=0)
    assert cells(file(zipped, "x.csv.gz")) == cells(file(zipped, "x.csv")) == [["1", "2"]]


def test_a_file_may_be_read_twice(file: File) -> None:
    source = open_source(file("a,b\n1,2\n"))
    assert list(source.rows()) == list(source.rows())


def test_ragged_rows_are_all_counted_and_the_first_is_named(file: File) -> None:
    path = file("a,b\n1,2\n1,2,3\n1\n")
    assert complaint(path).startswith(f"{path}:3: 3 cells, wanted 2 (a, b). 2 rows are like this (lines 3, 4).")
    assert "--delimiter" in complaint(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "the file is empty"),
        ("\n\n", "only blank lines"),
        ("a,b,a\n1,2,3\n", ":1: column names must differ, found 'a' (2 times)"),
        ('a,b\n1,2\n"x,2\n', ":3: a quote opens a cell here and is never closed"),
        ('a,b\n"x" y,2\n', ":2: text after the closing quote"),
        ("a,b\n1,2\n\0,2\n", ":3: a zero byte"),
        (b"PK\x03\x04rest", "Excel or zip"),
        (gzip.compress(b"a,b\n" * 9999, mtime=0)[:-20], "breaks off"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0)[:-8] + b"12345678", "damaged gzip"),
    ],
)
def test_a_broken_file_is_named_with_what_is_wrong(file: File, content: str | bytes, words: str) -> None:
    path = file(content)
    assert complaint(path).startswith(path)
    assert words in complaint(path)


def test_a_missing_file_brings_names_that_are_close(file: File) -> None:
    path = file("a,b\n", "train.csv")
    assert complaint(path.replace("train", "trian")).endswith(f"Did you mean {path}?")
    assert "does not exist either" in complaint("no/such/folder.csv")


def test_a_folder_is_no_file(file: File) -> None:
    path = file("a,b\n")
    assert complaint(str(Path(path).parent)).endswith("a folder, wanted a file. It holds train.csv.")


@pytest.mark.parametrize(
    "options",
    [{"encoding": "utf-9"}, {"encoding": "rot13"}, {"format": "xls"}, {"delimiter": "::"}, {"delimiter": '"'}],
)
def test_options_that_cannot_be_meant_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(DataError, match=f"--{next(iter(options))}"):
        ReadOptions(**options)  # type: ignore[arg-type]


def test_a_name_without_a_known_ending_needs_clear_contents(file: File) -> None:
    assert open_source(file("a\tb\n1\t2\n", "x.dat")).format == "tsv"
    assert "--format" in complaint(file("just words\nand more, of them\n", "x.txt"))
    assert cells(file("text\njust words\n", "x.txt"), format="csv") == [["just words"]]


def test_a_named_pipe_is_read_once(tmp_path: Path) -> None:
    import os
    import threading

    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    thread = threading.Thread(target=lambda: pipe.write_bytes(b"a,b\n" + b"1,2\n" * 50_000))
    thread.start()
    assert sum(1 for _ in open_source(str(pipe)).rows()) == 50_000
    thread.join()


CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"])
TEXTS = st.text(CHARACTERS | st.sampled_from(list(',;\t|"\n\r \\')), max_size=8)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=5),
    delimiter=st.sampled_from([",", "\t", ";", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030"]),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
@example(rows=[("\r", "\n", "\r\n")], delimiter="\t", encoding="utf-8", end="\n", quoting=csv.QUOTE_ALL)
@example(
    rows=[("", "", ""), ("\ufeff", " ", '"')], delimiter=",", encoding="utf-16-le", end="\r\n", quoting=csv.QUOTE_ALL
)
def test_what_the_csv_module_writes_is_read_back(
    tmp_path: Path, rows: list[tuple[str, ...]], delimiter: str, encoding: str, end: str, quoting: int
) -> None:
    assume(quoting == csv.QUOTE_ALL or not any(row[-1].endswith("\r") for row in rows))  # the module does not quote it
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows([("a", "b", "c"), *rows])
    path = tmp_path / "x.csv"
    path.write_bytes(written.getvalue().encode(encoding))
    options = ReadOptions(encoding=encoding, delimiter=delimiter)
    assert [tuple(row.fields.values()) for row in open_source(str(path), options).rows()] == rows


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(TEXTS, TEXTS), max_size=5))
def test_a_well_written_utf8_file_needs_no_flags(tmp_path: Path, rows: list[tuple[str, ...]]) -> None:
    written = io.StringIO(newline="")
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows([("text", "label"), *rows])
    path = tmp_path / "x.csv"
    path.write_bytes(written.getvalue().encode())
    assert [tuple(row.fields.values()) for row in open_source(str(path)).rows()] == rows


def test_line_numbers_are_those_of_grep(file: File) -> None:
    content = 'a,b\n"x\ry",1\n"p\n\nq",2\nlast,3\n'
    last = list(open_source(file(content)).rows())[-1]
    wanted = next(number for number, line in enumerate(re.split("\n", content), 1) if line.startswith("last"))
    assert last.origin.endswith(f":{wanted}")
