"""Encodings: told apart where they can be, refused where not. The texts were written for these tests."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from bertft.errors import DataError
from bertft.reading import ReadOptions, open_source

WESTERN = "text,label\nL'été à Orléans coûte 5 €,pos\nschöne Grüße – naïve Façade,neg\n"
SIMPLIFIED = "文本,标签\n酒店的位置很好，服务也不错，下次还会再来住。,好\n房间太小了，早餐没有什么可以吃的,差\n"
TRADITIONAL = "文字,標籤\n這間飯店的位置很好，服務也不錯，下次還會再來住。,好\n房間太小了，早餐沒有什麼可以吃的,差\n"
CYRILLIC = "текст,метка\nочень хороший отель у моря,да\nшумно и грязно,нет\n"
JAPANESE = "本文,評価\nとても良いホテルでした。また泊まりたいです。,良い\n朝食がまずかった,悪い\n"
KOREAN = "본문,라벨\n위치가 좋고 친절한 호텔입니다 다음에도 다시 오고 싶어요,좋음\n방이 작고 시끄러웠어요,나쁨\n"


def texts(path: Path, **options: str) -> list[str]:
    return [str(cell) for row in open_source(str(path), ReadOptions(**options)).rows() for cell in row.fields.values()]  # type: ignore[arg-type]


def cells_of(text: str) -> list[str]:
    return [cell for line in text.splitlines()[1:] for cell in line.split(",")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.csv"


@pytest.mark.parametrize(
    ("text", "written", "found", "shown"),
    [
        (WESTERN, "utf-8", "utf-8", None),
        (WESTERN, "utf-8-sig", "utf-8", None),
        (WESTERN, "utf-16", "utf-16", "UTF-16"),
        (WESTERN, "utf-16-le", "utf-16-le", "UTF-16-LE"),
        (WESTERN, "utf-16-be", "utf-16-be", "UTF-16-BE"),
        (WESTERN, "utf-32", "utf-32", "UTF-32"),
        (SIMPLIFIED, "utf-16-le", "utf-16-le", "UTF-16-LE"),
        (SIMPLIFIED, "utf-16-be", "utf-16-be", "UTF-16-BE"),
        (SIMPLIFIED, "gbk", "gb18030", "GB18030"),
        (SIMPLIFIED + "𠀀,x\n", "gb18030", "gb18030", "GB18030"),
        (TRADITIONAL, "big5", "big5", "Big5"),
        (WESTERN, "cp1252", "cp1252", "cp1252"),
    ],
)
def test_an_encoding_is_found_and_said(path: Path, text: str, written: str, found: str, shown: str | None) -> None:
    path.write_bytes(text.encode(written))
    source = open_source(str(path))
    assert (source.encoding, source.notes) == (found, [f"encoding {shown} (--encoding)"] if shown else [])
    assert texts(path) == cells_of(text)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (CYRILLIC, "cp1251"),
        (CYRILLIC, "koi8-r"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        (KOREAN, "euc_kr"),
        ("tekst,etykieta\nwłaśnie zażółć gęślą jaźń i więcej,tak\n", "cp1250"),
    ],
)
def test_what_cannot_be_told_is_asked_for(path: Path, text: str, written: str) -> None:
    path.write_bytes(text.encode(written))
    with pytest.raises(DataError, match=r"x\.csv:\d: .*--encoding"):
        open_source(str(path))
    assert texts(path, encoding=written) == cells_of(text)


@pytest.mark.parametrize(
    ("late", "found"), [("naïve", "utf-8"), ("naïve", "cp1252"), ("房间太小了，早餐也不好", "gb18030")]
)
def test_letters_late_in_the_file_are_seen(path: Path, late: str, found: str) -> None:
    path.write_bytes(("text,label\n" + "plain words,pos\n" * 9000 + f"{late},neg\n").encode(found))
    assert open_source(str(path)).encoding == found
    assert texts(path)[-2] == late


def test_one_bad_byte_in_a_utf8_file_is_an_error_with_its_line(path: Path) -> None:
    path.write_bytes("text,label\ngrün ärger öl über,pos\nfür mich ß ü,neg\n".encode() + b"caf\xe9,pos\n")
    with pytest.raises(DataError, match=r"x\.csv:4: bytes that are not UTF-8"):
        open_source(str(path))


@pytest.mark.parametrize(
    ("content", "encoding", "words"),
    [
        (b"text,label\nx,1\ncaf\xe9,2\n", "utf-8", ":3: byte 0xE9 is not UTF-8"),
        ("a,b\n€,1\n".encode(), "ascii", ":2: byte 0xE2 is not ascii"),
        (b"a,b\n1,2\n", "utf-16", "utf-16-le"),
    ],
)
def test_a_wrong_encoding_flag_names_the_line(path: Path, content: bytes, encoding: str, words: str) -> None:
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        texts(path, encoding=encoding)
    assert words in str(caught.value)


def test_a_mark_at_the_start_is_no_part_of_the_first_name(path: Path) -> None:
    for content, encoding in [(codecs.BOM_UTF8 + b"a,b\n", "utf-8"), ("\ufeffa,b\n".encode("utf-16-le"), "utf-16-le")]:
        path.write_bytes(content)
        assert open_source(str(path), ReadOptions(encoding=encoding)).columns == ["a", "b"]


def test_a_character_cut_at_the_end_of_the_first_look_is_whole(path: Path) -> None:
    path.write_bytes(("text\n" + "é" * 80_000 + "\n").encode())
    assert texts(path) == ["é" * 80_000]
