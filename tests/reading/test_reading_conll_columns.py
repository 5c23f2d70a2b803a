"""Which column holds the words and which the tags is told by what they hold; odd first lines are known for what they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertft.errors import DataError
from bertft.reading import ReadOptions, open_source
from bertft.reading.conll import looks_like_conll
from bertft.reading.conll2012 import tags_of_brackets

CONLL = ReadOptions(format="conll")
WORDS = [["Ada", "saw", "Paris", "."], ["Bob", "left", "Rome", "again", "."]]
TAGS = [["B-PER", "O", "B-LOC", "O"], ["B-PER", "O", "B-LOC", "O", "O"]]


def read(folder: Path, content: str | bytes, name: str = "x.conll") -> list[dict[str, object]]:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [dict(row.fields) for row in open_source(str(path), CONLL).rows()]


def lines(*columns: list[list[str]], delimiter: str = "\t") -> str:
    """One block of lines for each sentence."""
    sentences = zip(*columns, strict=True)
    return "\n".join("".join(delimiter.join(line) + "\n" for line in zip(*one, strict=True)) for one in sentences)


def like(cells: list[str]) -> list[list[str]]:
    """The cells again and again, as long as the sentences."""
    return [[cells[place % len(cells)] for place in range(len(words))] for words in WORDS]


COLUMNS = {
    "tags first": (TAGS, WORDS),
    "spaces behind words": (WORDS, TAGS, like(["+", "-"])),
    "parts of speech first": (like(["N", "V"]), WORDS, TAGS),
    "tags in the middle, annotators last": (WORDS, TAGS, like(["-"]), like(["anna"])),
    "document in each line": ([["a/b/1"] * 4, ["a/b/2"] * 5], WORDS, TAGS),
    "places behind tags": (TAGS, like(["0", "4", "8", "12", "16"]), like(["3", "7", "11", "15", "19"]), WORDS),
    "words counted from 0": ([list("0123"), list("01234")], WORDS, TAGS),
    "places before words": ([["0-3", "4-7", "8-13", "13-14"], ["0-3", "4-8", "9-13", "14-19", "19-20"]], WORDS, TAGS),
    "WebAnno": ([["1-1", "1-2", "1-3", "1-4"], ["2-1", "2-2", "2-3", "2-4", "2-5"]], like(["0-3", "4-7"]), WORDS, TAGS),
    "number of the sentence": ([["1"] * 4, ["2"] * 5], WORDS, TAGS),
    "lemmas": (WORDS, [[word.lower() for word in words] for words in WORDS], TAGS),
    "probabilities": (WORDS, TAGS, [["0.91", "0.82", "0.73", "0.64"], ["0.1", "0.2", "0.3", "0.4", "0.5"]]),
    "links": (WORDS, TAGS, like(["Q1", "_", "Q2"])),
    "chunks before entities": (WORDS, like(["N", "V"]), like(["B-NP", "B-VP"]), TAGS),
}


@pytest.mark.parametrize("columns", COLUMNS.values(), ids=COLUMNS)
@pytest.mark.parametrize("delimiter", ["\t", " "])
def test_words_and_tags_are_found_by_what_they_hold(
    tmp_path: Path, columns: tuple[list[list[str]], ...], delimiter: str
) -> None:
    rows = read(tmp_path, lines(*columns, delimiter=delimiter))
    assert [(row["tokens"], row["tags"]) for row in rows] == list(zip(WORDS, TAGS, strict=True))


@pytest.mark.parametrize("marks", ["B_PER O B_LOC", "B I O", "B-PER _ B-LOC", "S-PER 0 M-LOC", "B M E", "U-X O L-X"])
def test_tags_of_any_scheme_are_known_in_the_first_column(tmp_path: Path, marks: str) -> None:
    tags = like(marks.split())
    rows = read(tmp_path, lines(tags, WORDS))
    assert [(row["tokens"], row["tags"]) for row in rows] == list(zip(WORDS, tags, strict=True))


def test_a_column_that_is_outside_everywhere_is_the_tags_as_in_a_sister_file(tmp_path: Path) -> None:
    rows = read(tmp_path, lines(WORDS, TAGS, like(["O"])))
    assert [row["tags"] for row in rows] == like(["O"])
    assert read(tmp_path, lines(WORDS, like(["O"]), like(["+", "-"])))[0]["tags"] == ["O"] * 4


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"], ids=["unix", "windows", "old mac", "windows twice"])
def test_any_line_end_will_do(tmp_path: Path, end: str) -> None:
    rows = read(tmp_path, lines(WORDS, TAGS).replace("\n", end).encode())
    assert [(row["tokens"], row["tags"]) for row in rows] == list(zip(WORDS, TAGS, strict=True))
    assert looks_like_conll(lines(WORDS, TAGS).replace("\n", end), whole=True)


@pytest.mark.parametrize("first", ["Word\tTag\n", "TOKEN\tNE-COARSE\n\n", "词\t标签\n", "token\tner_tags\n# id = 1\n"])
def test_a_line_of_column_names_names_the_columns(tmp_path: Path, first: str) -> None:
    text, label = first.split("\n")[0].split("\t")
    rows = read(tmp_path, first + lines(WORDS, TAGS))
    assert [(row[text], row[label]) for row in rows] == list(zip(WORDS, TAGS, strict=True))
    plain = read(tmp_path, "form\tpos\n" + lines(WORDS, like(["N", "V"])))
    assert plain[0] == {"form": WORDS[0], "pos": ["N", "V", "N", "V"]}


@pytest.mark.parametrize("first", ["Text\tO\n", "Token\tB-X\n", "form\tN\n", "label\tO\n"])
def test_a_word_that_is_called_like_a_column_is_no_line_of_names(tmp_path: Path, first: str) -> None:
    tags = TAGS if "N" not in first else like(["N", "V"])
    rows = read(tmp_path, first + lines(WORDS, tags))
    assert rows[0]["tokens"] == [first.split("\t")[0], *WORDS[0]]


def test_documents_begin_in_many_ways(tmp_path: Path) -> None:
    one, two = lines(WORDS[:1], TAGS[:1]), lines(WORDS[1:], TAGS[1:])
    for start in (
        "###MEDLINE:1\n\n",
        "# newdoc id = x\n",
        "#begin document (x)\n",
        "-DOCSTART- -X- O\n",
        "# doc_id = ",
    ):
        first, second = (f"{start}{number}\n" if start.endswith("= ") else start for number in (1, 2))
        rows = read(tmp_path, f"{first}{one}\n{second}{two}\n{second if start.endswith('= ') else ''}{two}")
        assert [row["document"] for row in rows] == [1, 2, 2], start


def test_comments_among_the_words_of_hipe_are_comments(tmp_path: Path) -> None:
    names = "TOKEN\tNE-COARSE-LIT\tNE-NESTED\tNEL\n# hipe2022:document_id = d1\n# hipe2022:date = 1798\n"
    rows = read(tmp_path, names + "Ada\tB-pers\tO\tQ1\n# segment_iiif_link = _\nsaw\tO\tO\t_\n")
    assert rows[0]["TOKEN"] == ["Ada", "saw"]


def test_the_odd_line_is_named_and_not_all_the_others(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"x.conll:1: 1 column, the others have 2\. Give each word"):
        read(tmp_path, "JUNK\n\n" + lines(WORDS, TAGS))


BRACKETS = [
    ("(PER* *) * (ORG)", ["B-PER", "I-PER", "O", "B-ORG"]),
    ("* (NORP*) (GPE* * *)", ["O", "B-NORP", "B-GPE", "I-GPE", "I-GPE"]),
]


@pytest.mark.parametrize(("cells", "tags"), BRACKETS)
def test_brackets_become_tags(tmp_path: Path, cells: str, tags: list[str]) -> None:
    start = "#begin document (bc/x/00); part 000\n"
    rows = [
        ["bc/x/00", "0", str(place), f"w{place}", "NN", "(S*)", "-", "-", "-", "S#1", cell, *["*"] * len(tags), "-"]
        for place, cell in enumerate(cells.split())
    ]
    short = "bc/x/00 0 0 Hello UH * - - - S#1 * -\n"
    found = read(tmp_path, start + "".join("   ".join(row) + "\n" for row in rows) + "\n" + short + "\n#end document\n")
    assert [row["tags"] for row in found] == [tags, ["O"]]
    assert found[0]["tokens"] == [row[3] for row in rows]
    assert found[0]["document"] == "bc/x/00/0"


@pytest.mark.parametrize("cells", ["(A* (B*", "*) *", "(A* x"])
def test_brackets_that_do_not_fit_are_named(cells: str) -> None:
    with pytest.raises(DataError, match=r"x:3: .* at word"):
        tags_of_brackets("x:3", cells.split())


def test_a_blank_line_after_each_word_is_said(tmp_path: Path) -> None:
    path = tmp_path / "x.conll"
    path.write_text("".join(f"w{number}\tB-X\n\n" for number in range(60)))
    assert any("every sentence is one word long" in note for note in open_source(str(path)).notes)


def test_places_stand_before_the_words_of_the_smallest_file(tmp_path: Path) -> None:
    assert read(tmp_path, "1-1 0-5 word B-PER\n")[0]["tokens"] == ["word"]
    assert read(tmp_path, "0-5 word O\n6-9 too B-PER\n")[0]["tokens"] == ["word", "too"]


@pytest.mark.parametrize("id_first", [False, True])
def test_an_id_for_each_word_is_not_the_word(tmp_path: Path, id_first: bool) -> None:
    words, tags = WORDS * 20, TAGS * 20
    ids = [[f"doc1.s{number}.t{place}" for place, _ in enumerate(one)] for number, one in enumerate(words)]
    rows = read(tmp_path, lines(ids, words, tags) if id_first else lines(words, ids, tags))
    assert [row["tokens"] for row in rows] == words
    alone = read(tmp_path, lines(ids, tags))
    assert [row["tokens"] for row in alone] == ids
    places = [[f"{9 * place}-{9 * place + number % 9}" for place, _ in enumerate(w)] for number, w in enumerate(words)]
    assert [row["tokens"] for row in read(tmp_path, lines(words, places, tags))] == words
