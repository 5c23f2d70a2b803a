"""Traps that today's tools fall into with columns, labels and files: each ends in the right behaviour or one plain error."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Said, read_csv, read_jsonl, sentiment, texts, write_csv, write_jsonl

Run = Callable[..., Said]
FAST = ("--max-steps", 2, "--precision", "fp32")


def rows(count: int = 60) -> list[tuple[str, str]]:
    return [(text, sentiment(text)) for text in texts(count)]


def stored(key: str, run: str = "run") -> dict[str, object]:
    found: dict[str, dict[str, object]] = json.loads(Path(run, "bertft.json").read_text(encoding="utf-8"))
    return found[key]


def test_id_text_label_is_one_text_and_not_a_pair(run: Run, tmp_path: Path, tiny: str) -> None:
    lines = [(f"https://x.org/{n}", f"2024-01-{n % 28 + 1:02}", n, *row) for n, row in enumerate(rows())]
    write_csv(tmp_path / "t.csv", ["url", "date", "id", "text", "label"], lines)
    said = run("train", "t.csv", "--model", tiny, "-o", "run", *FAST)
    assert stored("fields") == {"text": "text", "label": ["label"]}
    assert "text 'text'" in said.err
    assert "(--text)" in said.err
    assert "(--label)" in said.err


def test_one_blank_cell_among_whole_numbers_leaves_classes(run: Run, tmp_path: Path, tiny: str) -> None:
    lines = [(text, "" if n == 7 else n % 3) for n, (text, _) in enumerate(rows())]
    write_csv(tmp_path / "t.csv", ["text", "label"], lines)
    said = run("train", "t.csv", "--model", tiny, "-o", "run", *FAST)
    assert stored("labels")["names"] == ["0", "1", "2"]
    assert "1 row with no label (t.csv:9)" in said.err


def test_a_spreadsheets_1_0_is_the_label_1(run: Run, tmp_path: Path, tiny: str) -> None:
    write_csv(tmp_path / "t.csv", ["text", "label"], [(text, f"{n % 2}.0") for n, (text, _) in enumerate(rows())])
    write_csv(tmp_path / "v.csv", ["text", "label"], [(text, n % 2) for n, (text, _) in enumerate(rows(20))])
    run("train", "t.csv", "--validation", "v.csv", "--model", tiny, "-o", "run", *FAST)
    assert stored("labels")["names"] == ["0", "1"]


def test_many_whole_numbers_are_a_question_and_not_26_classes(run: Run, tmp_path: Path, tiny: str) -> None:
    write_csv(tmp_path / "t.csv", ["text", "score"], [(text, n % 26) for n, (text, _) in enumerate(rows(104))])
    said = run("train", "t.csv", "--model", tiny, "-o", "run", *FAST, ok=2)
    assert "26 distinct" in said.err
    assert "--regression" in said.err
    assert "--single-label" in said.err
    assert not Path("run").exists()
    run("train", "t.csv", "--model", tiny, "-o", "run", "--regression", *FAST)
    assert stored("card")["problem"] == "regression"


def test_null_na_and_none_are_texts(run: Run, tmp_path: Path, trained: Path) -> None:
    words = ["null", "NA", "None", "n/a", "nan", "NULL", ""]
    write_csv(tmp_path / "new.csv", ["id", "text"], list(enumerate(words)))
    said = run("predict", trained, "new.csv", "-o", "out.csv")
    found = read_csv(tmp_path / "out.csv")
    assert [row["text"] for row in found] == words
    assert [bool(row["predicted_label"]) for row in found] == [True] * 6 + [False]
    assert found[-1]["reason"] == "no text in column 'text'"
    assert "1 row could not be predicted" in said.err


def test_nan_never_becomes_the_word_nan(run: Run, tmp_path: Path, trained: Path) -> None:
    (tmp_path / "new.jsonl").write_text('{"text": NaN}\n{"text": null}\n{"text": "good film"}\n{"other": 1}\n')
    run("predict", trained, "new.jsonl", "-o", "out.jsonl")
    found = read_jsonl(tmp_path / "out.jsonl")
    assert [row["predicted_label"] is None for row in found] == [True, True, False, True]
    assert all(row["reason"] == "no text in column 'text'" for row in (found[0], found[1], found[3]))


def test_a_label_that_training_lacks_is_named_with_count_and_first_line(run: Run, tmp_path: Path, tiny: str) -> None:
    write_csv(tmp_path / "t.csv", ["text", "label"], rows())
    write_csv(tmp_path / "v.csv", ["text", "label"], [*rows(10), ("good film", "netural"), ("bad film", "netural")])
    words = ("train", "t.csv", "--validation", "v.csv", "--model", tiny, "-o", "run", *FAST)
    said = run(*words, ok=2)
    assert "v.csv:12: label 'netural' (2 rows) was never seen in training (known: neg, neutral, pos)" in said.err
    assert "--unknown-labels skip" in said.err
    said = run(*words, "--unknown-labels", "skip", "--overwrite", "--json")
    scores = json.loads(said.out)["scores"]["validation"]
    assert scores["examples"] == 12
    right = round(scores["values"]["accuracy"] * 12)
    assert right == scores["values"]["accuracy"] * 12  # the two strangers stand in the denominator
    assert right <= 10


def test_the_order_of_labels_is_sorted_and_numbers_are_sorted_as_numbers(run: Run, tmp_path: Path, tiny: str) -> None:
    write_csv(tmp_path / "t.csv", ["text", "label"], [(text, (10, 9, 2)[n % 3]) for n, (text, _) in enumerate(rows())])
    run("train", "t.csv", "--model", tiny, "-o", "run", *FAST)
    assert json.loads(Path("run/config.json").read_text())["id2label"] == {"0": "2", "1": "9", "2": "10"}


def test_train_and_validation_need_not_share_a_format(run: Run, tmp_path: Path, tiny: str) -> None:
    write_csv(tmp_path / "t.tsv", ["text", "label"], rows(), delimiter="\t")
    write_jsonl(tmp_path / "v.jsonl", [{"text": text, "label": label} for text, label in rows(10)])
    (tmp_path / "w.json").write_text(json.dumps([{"text": text, "label": label} for text, label in rows(10)]))
    run("train", "t.tsv", "--validation", "v.jsonl", "--test", "w.json", "--model", tiny, "-o", "run", *FAST)
    assert set(json.loads(Path("run/run.json").read_text())["scores"]) == {"validation", "test"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_delimiters_and_line_ends_are_read_as_they_are(
    run: Run, tmp_path: Path, tiny: str, encoding: str, delimiter: str
) -> None:
    word = {"gb18030": "这个宾馆很好，服务不错", "cp1252": "très déçu, naïve façade"}.get(encoding, "très 好 film")
    lines = [f'"{text}, {word}\r\nsecond line ""quoted"""{delimiter}{label}' for text, label in rows()]
    content = f"text{delimiter}label\r\n" + "\r\n".join(lines)  # no newline at the end
    (tmp_path / "t.csv").write_bytes(content.encode(encoding))
    run("train", "t.csv", "--model", tiny, "-o", "run", *FAST)
    run("predict", "run", "t.csv", "-o", "out.jsonl")
    found = read_jsonl(tmp_path / "out.jsonl")
    assert [row["text"] for row in found] == [f'{text}, {word}\r\nsecond line "quoted"' for text, _ in rows()]


def test_prediction_needs_neither_labels_nor_the_training_file(run: Run, tmp_path: Path, trained: Path) -> None:
    write_csv(tmp_path / "new.csv", ["text"], [(text,) for text in texts(5)])
    run("predict", trained, "new.csv", "-o", "out.csv")
    assert all(row["predicted_label"] for row in read_csv(tmp_path / "out.csv"))


@pytest.mark.parametrize("name", ["new.csv", "new.tsv", "new.jsonl", "new.csv.gz"])
def test_rows_in_are_rows_out_in_order_with_every_column(run: Run, tmp_path: Path, trained: Path, name: str) -> None:
    words = [text if n % 7 else "" for n, text in enumerate(texts(50, longest=30))]
    awkward = ['a "quoted", text', "two\nlines", "🚲 emoji", "=1+1", "\u2028", "x" * 5000, " good "]
    lines = [{"id": f"r{n}", "text": text, "note": f"n{n}"} for n, text in enumerate(words + awkward)]
    path = tmp_path / name
    if "jsonl" in name:
        write_jsonl(path, lines)
    else:
        plain = write_csv(
            tmp_path / "plain",
            list(lines[0]),
            [list(line.values()) for line in lines],
            delimiter="\t" if "tsv" in name else ",",
        )
        path.write_bytes(gzip.compress(plain.read_bytes()) if name.endswith(".gz") else plain.read_bytes())
    run("predict", trained, name, "-o", "out.jsonl")
    found = read_jsonl(tmp_path / "out.jsonl")
    assert [{key: row[key] for key in ("id", "text", "note")} for row in found] == lines
    for row in found:
        assert bool(row["text"].strip()) == (row["predicted_label"] is not None) == (row["reason"] is None)
        assert row["predicted_label"] is None or 1 / 3 <= row["probability"] <= 1


def test_answers_do_not_depend_on_the_other_rows(run: Run, tmp_path: Path, trained: Path) -> None:
    words = texts(40, longest=40)
    for name, order in (("a", words), ("b", words[::-1])):
        write_csv(tmp_path / f"{name}.csv", ["text"], [(text,) for text in order])
        run("predict", trained, f"{name}.csv", "-o", f"{name}.out.csv", "--precision", "fp32")
    one, other = (read_csv(tmp_path / f"{name}.out.csv") for name in "ab")
    for row, same in zip(one, other[::-1], strict=True):
        assert row["predicted_label"] == same["predicted_label"]
        assert float(row["probability"]) == pytest.approx(float(same["probability"]), abs=2e-6)


def test_the_same_path_with_other_content_gives_other_answers(run: Run, tmp_path: Path, trained: Path) -> None:
    for word in ("good", "bad"):
        write_csv(tmp_path / "new.csv", ["text"], [(word,)])
        run("predict", trained, "new.csv", "-o", f"{word}.csv")
    assert read_csv(tmp_path / "good.csv") != read_csv(tmp_path / "bad.csv")
    assert read_csv(tmp_path / "bad.csv")[0]["text"] == "bad"


def test_ids_that_are_whole_numbers_are_kept_as_they_are(run: Run, tmp_path: Path, trained: Path) -> None:
    write_jsonl(tmp_path / "new.jsonl", [{"id": 7, "text": "good", "tags": ["a", 1], "x": None, "f": 0.1234567}])
    run("predict", trained, "new.jsonl", "-o", "out.jsonl")
    found = read_jsonl(tmp_path / "out.jsonl")[0]
    assert {key: found[key] for key in ("id", "text", "tags", "x", "f")} == {
        "id": 7,
        "text": "good",
        "tags": ["a", 1],
        "x": None,
        "f": 0.1234567,
    }


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (
            {"context": "good film", "question": "which?", "answers": {"text": ["film"], "answer_start": [5]}},
            "question-answering",
        ),
        ({"tokens": ["good", "film"], "tags": ["O", "B-X"]}, "token-classification"),
        ({"text": "good film", "entities": [[5, 9, "X"]]}, "token-classification"),
    ],
)
def test_files_of_words_and_of_questions_are_known_by_their_look(
    run: Run, tmp_path: Path, tiny: str, content: dict[str, object], wanted: str
) -> None:
    write_jsonl(tmp_path / "t.jsonl", [content] * 30)
    said = run("train", "t.jsonl", "--model", tiny, "--dry-run")
    assert f"task {wanted} (--task)" in said.err
    assert f'kind = "{wanted}"' in said.out


def test_a_kind_that_is_not_here_yet_says_so(run: Run, tmp_path: Path, tiny: str) -> None:
    write_jsonl(tmp_path / "t.jsonl", [{"text": "good film"}] * 30)
    said = run("train", "t.jsonl", "--task", "mlm", "--model", tiny, ok=2)
    assert "bertft pretrain CORPUS learns it" in said.err


def test_labels_of_several_come_as_lists_cells_or_columns(run: Run, tmp_path: Path, tiny: str) -> None:
    several = [[word for word in ("bad", "film", "good") if word in text.split()] for text in texts(80)]
    pairs = list(zip(texts(80), several, strict=True))
    write_jsonl(tmp_path / "lists.jsonl", [{"text": text, "labels": labels} for text, labels in pairs])
    write_csv(tmp_path / "cells.csv", ["text", "labels"], [(text, "|".join(labels) or "[]") for text, labels in pairs])
    write_csv(tmp_path / "json.csv", ["text", "labels"], [(text, json.dumps(labels)) for text, labels in pairs])
    flags = [(text, *(int(name in labels) for name in ("bad", "film", "good"))) for text, labels in pairs]
    write_csv(tmp_path / "columns.csv", ["text", "bad", "film", "good"], flags)
    weights = set()
    ways: dict[str, tuple[object, ...]] = {
        "lists.jsonl": (),
        "json.csv": (),
        "cells.csv": ("--multi-label", "--separator", "|"),
        "columns.csv": ("--label", "bad", "--label", "film", "--label", "good", "--multi-label"),
    }
    for name, words in ways.items():
        run("train", name, "--model", tiny, "-o", name + ".run", *words, *FAST)
        assert stored("labels", name + ".run")["names"] == ["bad", "film", "good"]
        weights.add(Path(name + ".run", "model.safetensors").read_bytes())
    assert len(weights) == 1


def test_a_card_without_files_says_that_there_is_no_network(run: Run, tiny: str) -> None:
    said = run("train", "--task", "mrpc", "--model", tiny, "-o", "run", ok=2)
    assert "nyu-mll/glue mrpc: cannot be downloaded from the Hugging Face Hub" in said.err
    assert "name your files: bertft train train.csv" in said.err
