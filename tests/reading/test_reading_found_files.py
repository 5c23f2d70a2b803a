"""Real messy files, where they lie beside the project; the csv-spectrum ones with their JSON oracles."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bertft.errors import DataError
from bertft.reading import open_source

FOUND = Path(__file__).parents[3] / "shared" / "data" / "messy_csv"
pytestmark = pytest.mark.skipif(not FOUND.is_dir(), reason="the found files are not part of the project")
ORACLES = sorted(path.name for path in FOUND.glob("spectrum_*.json"))


@pytest.mark.parametrize("name", ORACLES)
def test_csv_spectrum_agrees_with_its_oracles(name: str) -> None:
    path = FOUND / name.replace(".json", ".csv")
    oracle = (FOUND / name).read_text(encoding="utf-8")
    if b"\r" not in path.read_bytes():  # the copies of the CRLF files have lost it
        oracle = oracle.replace("\\r\\n", "\\n")
    assert [dict(row.fields) for row in open_source(str(path)).rows()] == json.loads(oracle)


@pytest.mark.parametrize(
    ("name", "encoding", "delimiter", "columns", "rows"),
    [
        ("airedale.csv", "utf-8", ",", 8, 54),
        ("backslash_escape_imdb.csv", "utf-8", ",", 44, 100),
        ("big5_newlines.csv", "big5", ",", 18, 382),
        ("csvkit_mac_newlines.csv", "utf-8", ",", 3, 2),
        ("csvkit_test_utf16_big.csv", "utf-16", ",", 3, 2),
        ("german_sparse_cp1252.csv", "cp1252", ",", 4, 2237),
        ("hotel_gbk_derived.csv", "gb18030", ",", 2, 2000),
        ("mrpc_train_bom_quotes.tsv", "utf-8", "\t", 5, 3667),
        ("pipe.psv", "utf-8", "|", 6, 28),
        ("rte_train.tsv", "utf-8", "\t", 4, 2490),
        ("semicolon.ssv", "utf-8", ";", 3, 6),
        ("sms_spam_bom_emptyhdr.csv", "utf-8", ",", 5, 5572),
        ("sms_spam_cp1252.csv", "cp1252", ",", 3, 5572),
        ("spanish_cp1252.csv", "cp1252", ",", 8, 116),
        ("utf16le_bom.csv", "utf-16", ",", 19, 327),
    ],
)
def test_a_found_file_is_understood(name: str, encoding: str, delimiter: str, columns: int, rows: int) -> None:
    source = open_source(str(FOUND / name))
    found = (source.encoding, source.delimiter, len(source.columns), sum(1 for _ in source.rows()))
    assert found == (encoding, delimiter, columns, rows)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("csvkit_bad.csv", r":2: 4 cells, wanted 3"),
        ("csvkit_null_byte.csv", r":2: a zero byte"),
        ("csvkit_empty.csv", "only blank lines"),
        ("null_literals.csv", "--no-header"),
        ("milk.csv", "found twice|must differ"),
        ("hotel_gbk_files.tar.gz", "tar archive"),
    ],
)
def test_a_found_file_that_is_broken_is_refused(name: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        open_source(str(FOUND / name))
