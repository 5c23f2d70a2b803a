"""Plain lines for `predict`: a file of texts, or standard input, without any flag. Lines of fastText."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Said, bertft, read_csv, texts, write_csv

from bertft.reading import open_source
from bertft.reading.plain_lines import OneText, are_texts

Run = Callable[..., Said]
LINES = ["Well, this is good", "", '"quoted", he said', "{user} hello", "[sarcasm] fine", "a\tb", *texts(5)]


def test_each_line_of_a_text_file_is_a_row_in_its_place(run: Run, tmp_path: Path, trained: Path) -> None:
    (tmp_path / "t.txt").write_bytes("\r\n".join(LINES).encode())
    said = run("predict", trained, "t.txt", "-o", "out.csv")
    assert "t.txt: format text (--format)" in said.err
    found = read_csv(Path("out.csv"))
    assert [row["text"] for row in found] == LINES
    assert [n for n, row in enumerate(found) if row["reason"]] == [1]
    write_csv(tmp_path / "t.csv", ["text"], [(line,) for line in LINES])
    run("predict", trained, "t.csv", "-o", "same.csv")
    assert [row["probability"] for row in found] == [row["probability"] for row in read_csv(Path("same.csv"))]


@pytest.mark.parametrize("given", ["Well, this is good", "good\nbad\n", "one, two\nthree\n", "{x} y"])
def test_standard_input_needs_no_flag(trained: Path, given: str) -> None:
    done = bertft("predict", trained, "-", stdin=given)
    assert done.stdout.splitlines()[0] == "text,predicted_label,probability,reason"
    assert done.stdout.count("\n") == 1 + len(given.splitlines())


FORMS = {
    "a header": "id,text\n1,good\n",
    "a header in capitals": "Text\ngood\n",
    "a header that training had": "text\tnote\ngood\tx\n",
    "JSON": '{"text": "good"}\n',
    "a list": '[{"text": "good"}]',
    "columns": "id\tKommentar\n1\tgood\n2\tbad\n",
    "cells": "id,Kommentar\n1,good\n2,bad\n3,fine\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_what_has_a_form_is_not_taken_for_lines(form: str) -> None:
    assert not are_texts(FORMS[form], True, OneText("text", ("text", "label")))


def test_the_flag_decides(run: Run, tmp_path: Path, trained: Path) -> None:
    (tmp_path / "t.csv").write_text("id,text\n1,good\n")
    run("predict", trained, "t.csv", "--format", "text", "-o", "out.csv")
    assert [row["text"] for row in read_csv(Path("out.csv"))] == ["id,text", "1,good"]


def test_texts_without_labels_are_no_training_file(run: Run, tmp_path: Path, tiny: str) -> None:
    (tmp_path / "t.txt").write_text("".join(f"{text}\n" for text in texts(40)))
    run("train", "t.txt", "--model", tiny, "--dry-run", "-o", "run", ok=2)
    said = run("train", "t.txt", "--format", "text", "--model", tiny, "--dry-run", "-o", "run", ok=2)
    assert "no column looks like a label" in said.err


def write_fasttext(path: Path, labels: list[str]) -> Path:
    path.write_text("".join(f"{labels[n % len(labels)]} {text}\n\n" for n, text in enumerate(texts(40))))
    return path


@pytest.mark.parametrize("name", ["t.txt", "t.train", "t.csv", "t.tsv", "t"])
def test_fasttext_is_known_by_its_labels(run: Run, tmp_path: Path, tiny: str, name: str) -> None:
    write_fasttext(tmp_path / name, ["__label__very_good", "__label__bad"])
    said = run("train", name, "--model", tiny, "--dry-run", "-o", "run")
    assert "label 'label': 2 distinct values: bad, very_good" in said.err
    assert "lines are read as fastText's" in said.err
    assert [row.fields["text"] for row in open_source(name).rows()] == texts(40)
    assert [row.origin for row in open_source(name).rows()][:2] == [f"{name}:1", f"{name}:3"]


def test_several_labels_in_a_line_are_several_labels(run: Run, tmp_path: Path, tiny: str) -> None:
    write_fasttext(tmp_path / "t.txt", ["__label__a __label__b", "__label__a", "__label__c __label__b"])
    said = run("train", "t.txt", "--model", tiny, "--dry-run", "-o", "run")
    assert tomllib.loads(said.out)["task"]["problem"] == "multi-label"
    assert [row.fields["label"] for row in open_source("t.txt").rows()][:3] == [["a", "b"], ["a"], ["c", "b"]]


def test_labels_may_stand_last_and_be_missing(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text(
        "good film __label__pos\nbad __label__neg\n" + "good __label__pos\n" * 20 + "no label\n"
    )
    found = [tuple(row.fields.values()) for row in open_source("t.txt").rows()]
    assert found[0] == ("good film", "pos")
    assert found[-1] == ("no label", None)


def test_a_csv_with_such_labels_stays_a_csv(run: Run, tmp_path: Path, tiny: str) -> None:
    write_csv(tmp_path / "t.csv", ["label", "text"], [(f"__label__{'ab'[n % 2]}", t) for n, t in enumerate(texts(40))])
    said = run("train", "t.csv", "--model", tiny, "--dry-run", "-o", "run")
    assert "2 distinct values: __label__a, __label__b" in said.err
