"""A sentence in each line, with tags behind the words; and tags in CoNLL-U's last column."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertft.errors import DataError
from bertft.reading import ReadOptions, open_source
from bertft.reading.conll import looks_like_conll

LINES = [("Ada NNP B-PER", "saw VBD O", "AC/DC|x NNP B-ORG"), ("It PRP O", "rained VBD O", ". . O")]


def written(path: Path, sign: str, *, tags: int) -> str:
    rows = [" ".join(sign.join([cells.split()[0], *cells.split()[-tags:]]) for cells in line) for line in LINES]
    path.write_text("\n".join(rows) + "\n\n")
    return str(path)


@pytest.mark.parametrize("sign", ["|", "/", "_"])
@pytest.mark.parametrize("tags", [1, 2])
def test_tags_behind_their_words_are_read(tmp_path: Path, sign: str, tags: int) -> None:
    source = open_source(written(tmp_path / "x.txt", sign, tags=tags))
    rows = [dict(row.fields) for row in source.rows()]
    assert [row["tokens"] for row in rows] == [["Ada", "saw", "AC/DC|x"], ["It", "rained", "."]]
    assert [row["tags"] for row in rows] == [["B-PER", "O", "B-ORG"], ["O", "O", "O"]]
    assert f"a sentence in each line, tags behind '{sign}'" in source.notes
    assert [row.origin[-2:] for row in source.rows()] == [":1", ":2"]
    assert tags == 1 or rows[0]["column_2"] == ["NNP", "VBD", "NNP"]


def test_plain_tags_behind_words_are_read_where_the_format_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("The/DT dog/NN barks/VBZ\nA/DT cat/NN\n")
    rows = list(open_source(str(tmp_path / "x.txt"), ReadOptions(format="conll")).rows())
    assert rows[1].fields == {"tokens": ["A", "cat"], "tags": ["DT", "NN"]}


@pytest.mark.parametrize(
    "text", ["and/or he/she\nhim/her it/its\n", "see http://x.org/B-1\n", "a|b|c\nd|e|f\n", "x/B-PER\n"]
)
def test_words_that_hold_the_sign_are_no_words_with_tags(text: str) -> None:
    assert not looks_like_conll(text, whole=True)


def test_a_word_without_its_tags_is_named(tmp_path: Path) -> None:
    text = "Ada|B-PER saw|O\n" * 60 + "It rained|O\n"
    (tmp_path / "x.txt").write_text(text)
    with pytest.raises(DataError, match=r"x.txt:61: 'It', wanted a word with 1 tags behind '\|'"):
        list(open_source(str(tmp_path / "x.txt")).rows())


def test_tags_in_the_last_column_of_conllu_are_a_column(tmp_path: Path) -> None:
    rest = "_\tN\t_\t_\t0\troot\t_"
    text = f"1\tAda\t{rest}\tNER=B-PER|SpaceAfter=No\n2\tByron\t{rest}\tNER=I-PER\n3\tleft\t{rest}\t_\n"
    (tmp_path / "x.conllu").write_text(text)
    source = open_source(str(tmp_path / "x.conllu"))
    assert source.columns[-1] == "NER"
    assert next(source.rows()).fields["NER"] == ["B-PER", "I-PER", "O"]
    assert "SpaceAfter" not in source.columns
