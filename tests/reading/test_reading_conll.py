"""CoNLL columns: a word and its tags in each line, a blank line between sentences."""

from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from bertft.errors import DataError
from bertft.reading import ReadOptions, open_source, read_table
from bertft.reading.conll import looks_like_conll

File = Callable[..., str]
CONLL = ReadOptions(format="conll")
PLAIN = "EU B-ORG\nrejects O\n\nPeter B-PER\nBlackburn I-PER\n"
ROWS: list[dict[str, object]] = [
    {"tokens": ["EU", "rejects"], "tags": ["B-ORG", "O"]},
    {"tokens": ["Peter", "Blackburn"], "tags": ["B-PER", "I-PER"]},
]
WORD = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=" \t#"), min_size=1, max_size=4
).filter(str.strip)
SENTENCES = st.lists(
    st.lists(st.tuples(WORD, st.sampled_from(["O", "B-X", "I-X"])), min_size=1, max_size=5), min_size=1
)


@pytest.fixture
def file(tmp_path: Path) -> File:
    def make(content: str | bytes, name: str = "train.conll") -> str:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return make


def records(path: str, options: ReadOptions | None = None) -> list[dict[str, object]]:
    return [dict(row.fields) for row in open_source(path, options).rows()]


def complaint(path: str, options: ReadOptions | None = None) -> str:
    with pytest.raises(DataError) as caught:
        list(open_source(path, options).rows())
    return str(caught.value)


def origins(path: str) -> list[str]:
    return [row.origin.removeprefix(path) for row in open_source(path).rows()]


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.rstrip("\n"),
        "\ufeff" + PLAIN,
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace(" ", "\t"),
        PLAIN.replace(" ", "   ").replace("\n\n", "\n \t \n\n\n"),
        PLAIN.replace("EU B", "EU\tB"),
        "\n\n" + PLAIN + "\n\n\n",
        PLAIN.replace("O\n", "O \n"),
        PLAIN.replace(" ", "\t").replace("O\n", "O\t\n"),
        "# id = 7\n# text = EU rejects\n" + PLAIN.replace("\n\n", "\n\n# newpar\n#\thttps://x.org [x]\n"),
    ],
)
def test_one_file_written_in_many_ways_is_the_same_rows(file: File, content: str) -> None:
    assert records(file(content)) == ROWS
    assert records(file(gzip.compress(content.encode(), mtime=0), "train.conll.gz")) == ROWS
    assert records(file(content.encode("utf-16"))) == ROWS


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(SENTENCES, st.sampled_from([" ", "\t", "  "]))
@example([[("10\u00a0000", "O"), ("\u2028x", "B-X")], [("\u3000a", "O")]], " ")
def test_what_is_written_comes_back(file: File, sentences: list[list[tuple[str, str]]], delimiter: str) -> None:
    written = "\n\n".join("\n".join(map(delimiter.join, sentence)) for sentence in sentences)
    assume(not written.startswith("\ufeff"))  # a byte order mark
    path = file(written)
    expected = [{"tokens": [w for w, _ in sentence], "tags": [t for _, t in sentence]} for sentence in sentences]
    assert records(path) == expected
    assert [dict(row.fields) for row in read_table(path)] == expected


def test_a_row_is_named_by_the_line_of_its_first_word(file: File) -> None:
    assert origins(file("\n# id = 1\n" + PLAIN)) == [":3", ":6"]
    assert origins(file("-DOCSTART- O\n\n" + PLAIN.replace("Peter", "# newpar\nPeter"))) == [":3", ":7"]


def test_columns_between_word_and_tag_keep_their_place_and_documents_are_counted(file: File) -> None:
    doc = "-DOCSTART- -X- -X- O\n\n"
    path = file(doc + "EU NNP B-NP B-ORG\n\na DT O O\n\n" + doc + doc + "b DT O O\n" + doc + "c X X O\n")
    assert open_source(path).columns == ["tokens", "column_2", "column_3", "tags", "document"]
    assert "words are column 1, tags column 4, the others column_2, column_3 (--label)" in open_source(path).notes
    assert records(path)[0] == {
        **{"tokens": ["EU"], "column_2": ["NNP"], "column_3": ["B-NP"], "tags": ["B-ORG"], "document": 1}
    }
    assert [row["document"] for row in records(path)] == [1, 1, 2, 3]


@pytest.mark.parametrize("marker", ["-DOCSTART-", "-DOCSTART- O", "-DOCSTART- -X- -X- -X- O", "-DOCSTART- (1)\tO"])
def test_a_document_start_may_have_any_columns(file: File, marker: str) -> None:
    rows = records(file(f"a O\n\n{marker}\n\nb O\n"))
    assert rows == [{"tokens": ["a"], "tags": ["O"], "document": 1}, {"tokens": ["b"], "tags": ["O"], "document": 2}]


def test_words_alone_are_a_file_to_predict(file: File) -> None:
    assert records(file("EU\nrejects\n\nPeter\n")) == [{"tokens": ["EU", "rejects"]}, {"tokens": ["Peter"]}]


def test_one_chinese_character_a_line_and_a_hash_is_a_word(file: File) -> None:
    rows = records(file("#\tO\n叶\tB-PER\n老\tI-PER\n#\tO\n\n#id\tO\n#a=b\tO\n\n# = O\n".replace("# = O", "# =\tO")))
    assert [row["tokens"] for row in rows] == [["#", "叶", "老", "#"], ["#id", "#a=b"], ["# ="]]


def test_with_tabs_words_may_hold_spaces(file: File) -> None:
    assert records(file("New York\tB-LOC\n \tO\nis\tO\n"))[0]["tokens"] == ["New York", " ", "is"]


def test_conllu_is_read_by_its_own_columns(file: File) -> None:
    lines = ["1-2\tdel\t_\t_", "1\tde\tde\tADP", "2\tel\tel\tDET", "2.1\tx\tx\tX", "3\t10 000\tn\tNUM"]
    text = "# sent_id = s1\n# text = del ...\n" + "".join(line + "\t_" * 6 + "\n" for line in lines)
    path = file(text + "\n1\tsí\tsí\tINTJ" + "\t_" * 6 + "\n\n", "train.conllu")
    first, second = records(path)
    assert (first["tokens"], first["tags"]) == (["de", "el", "10 000"], ["ADP", "DET", "NUM"])
    assert (second["tokens"], second["column_3"], second["column_10"]) == (["sí"], ["sí"], ["_"])
    assert "words are column 2, tags column 4" in str(open_source(path).notes)


def test_counted_words_stand_in_the_second_column(file: File) -> None:
    path = file("#\thttp://de.wikipedia.org/wiki/X\t[2009]\n1\tEU\tB-ORG\tO\n2\tist\tO\tO\n\n1\t.\tO\tO\n")
    assert records(path)[0] == {"tokens": ["EU", "ist"], "column_3": ["B-ORG", "O"], "tags": ["O", "O"]}
    numbers = file("1 CD O\n2 CD O\n\n7 CD O\n")
    assert [row["tokens"] for row in records(numbers)] == [["1", "2"], ["7"]]


def test_a_ragged_line_is_named_with_what_was_wanted(file: File) -> None:
    path = file("-DOCSTART- O\n\nEU NNP O\nPeter B-PER\n\nx O\ny DT X O\n")
    assert complaint(path) == (
        f"{path}:3: 3 columns, the others have 2. 2 lines are like this (3, 7). Give each word all its columns, "
        f"or pass --delimiter tab if words hold spaces."
    )
    assert ":2: 1 column, the others have 2. Give" in complaint(file("EU\tO\nPeter\n"))


def test_standard_input_is_read_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    def piped(content: str) -> list[dict[str, object]]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
        return records("-")

    assert piped(PLAIN) == ROWS
    with pytest.raises(DataError, match=r"stdin:60003: 1 column, the others have 2"):
        piped("EU B-ORG\n\n" * 30_001 + "rejects\n")


def test_a_file_without_a_word_is_refused(file: File) -> None:
    assert "no word in it" in complaint(file("\n-DOCSTART- O\n\n"))


@pytest.mark.parametrize("name", ["train.txt", "train", "train.user1", "train.bio", "train.conll2003"])
def test_any_name_will_do_where_the_lines_look_so(file: File, name: str) -> None:
    assert open_source(file(PLAIN, name)).format == "conll"
    assert records(file(PLAIN.replace(" ", "\t"), name)) == ROWS
    assert open_source(file("-DOCSTART- O\n\na O\n\nb O\n", name)).format == "conll"


def test_a_name_that_says_so_needs_no_looks(file: File) -> None:
    assert records(file("我 B\n们 E\n", "train.bmes")) == [{"tokens": ["我", "们"], "tags": ["B", "E"]}]


PROSE = [
    "I have\nVitamin B\nand O\n",
    "one O\ntwo O\n",
    "He said so.\nThen B-PER\n\nno one knew.\n",
    "a\tpos\nb\tneg\n",
]


@pytest.mark.parametrize("text", PROSE)
def test_prose_in_lines_is_never_taken_for_tags(text: str) -> None:
    assert not looks_like_conll(text, whole=True)
    assert looks_like_conll(text + PLAIN * 10, whole=True)


@pytest.mark.parametrize("name", ["train.tsv", "train.csv", "train.tab"])
@pytest.mark.parametrize("first", ["", "word\ttag\n"])
def test_a_csv_or_tsv_of_words_in_parted_lines_is_read_as_conll(file: File, name: str, first: str) -> None:
    source = open_source(file(first + (PLAIN + "\n").replace(" ", "\t") * 3, name))
    assert source.format == "conll"
    assert "format conll (--format)" in source.notes
    text, label = first.split() if first else ("tokens", "tags")
    assert [(row.fields[text], row.fields[label]) for row in source.rows()][:2] == [
        (r["tokens"], r["tags"]) for r in ROWS
    ]
    assert open_source(file(PLAIN.replace(" ", "\t"), name), ReadOptions(format="tsv")).format == "tsv"


def test_a_csv_of_words_keeps_its_quoted_commas(file: File) -> None:
    text = 'EU,B-ORG\n",",O\n\nPeter,B-PER\nleft,O\n'
    assert records(file(text, "x.csv"))[0] == {"tokens": ["EU", ","], "tags": ["B-ORG", "O"]}
    given = records(file("word,B-ORG\nEU,O\n", "x.csv"), ReadOptions(format="conll", delimiter=","))
    assert given[0]["tags"] == ["B-ORG", "O"]


@pytest.mark.parametrize("text", ["text\tlabel\nEU\tB-1\nUN\tA-2\n", "id\ttag\nx\tB-1\ny\tB-2\n"])
def test_a_tsv_without_blank_lines_stays_one(file: File, text: str) -> None:
    assert open_source(file(text, "x.tsv")).format == "tsv"


def test_the_encoding_is_found_or_given(file: File) -> None:
    text = "".join(f"{sign} O\n" for sign in "中国的人民在一起生活工作了很多年他们都说这里很好") + "国 B-LOC\n"
    assert records(file(text.encode("gb18030")))[0]["tokens"][-1] == "国"  # type: ignore[index]
    assert records(file("ł O\n".encode("cp1250")), ReadOptions(encoding="cp1250"))[0]["tokens"] == ["ł"]


STARTS = ["# doc_id = 3", "# newdoc", "-DOCSTART-"]


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.txt"])
def test_a_start_of_a_document_in_a_quoted_text_makes_no_conll(file: File, start: str, name: str) -> None:
    between = "\t" if name == "x.tsv" else ","
    texts = [f"some text, number {number}\n\n{start}\nand more of it" for number in range(20)]
    path = file(f"text{between}label\n" + "".join(f'"{text}"{between}B\n' for text in texts), name)
    assert [row["text"] for row in records(path)] == texts


@pytest.mark.parametrize("first", ["-DOCSTART-\tO\n\n", "word\ttag\n\n-DOCSTART-\tO\n\n", "word\ttag\n# doc_id = d0\n"])
@pytest.mark.parametrize("tag", ["B-ORG", "O"])
def test_a_tsv_of_documents_is_conll(file: File, first: str, tag: str) -> None:
    block = f"EU\t{tag}\n# link = _\nleft\tO\n"
    path = file(first + f"{block}\n-DOCSTART-\tO\n\n" * 12, "x.tsv")
    assert open_source(path).format == "conll"
