"""`train`, `eval` and `predict` on questions and contexts, as users have them. Oracles: transformers and counts by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Said, bertft, read_csv, read_jsonl, write_csv, write_jsonl
from tagged import asked_rows
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

Run = Callable[..., Said]
LEARN = ("--epochs", 6, "--lr", "5e-3", "--batch-size", 16, "--precision", "fp32", "--quiet")


@pytest.fixture(scope="module", params=[False, True], ids=["always answers", "may abstain"])
def answerer(request: pytest.FixtureRequest, tiny: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with train.jsonl, test.jsonl and a run that has learned something of them."""
    folder = tmp_path_factory.mktemp("answerer")
    write_jsonl(folder / "train.jsonl", asked_rows(200, unanswerable=request.param))
    write_jsonl(folder / "test.jsonl", asked_rows(60, seed=5, unanswerable=request.param))
    data = (folder / "train.jsonl", "--validation", folder / "test.jsonl")
    bertft("train", *data, "--model", tiny, "-o", folder / "run", *LEARN)
    return folder


def abstains(folder: Path) -> bool:
    return bool(json.loads((folder / "run" / "bertft.json").read_text())["stored"]["can_abstain"])


def test_answers_are_exact_spans_of_their_contexts(answerer: Path, run: Run) -> None:
    run("predict", answerer / "run", answerer / "test.jsonl", "-o", "out.jsonl", "--n-best", 3)
    given, found = read_jsonl(answerer / "test.jsonl"), read_jsonl(Path("out.jsonl"))
    assert [{key: row[key] for key in given[0]} for row in found] == given
    for row in found:
        for answer in row["predicted_answers"]:
            assert row["context"][answer["start"] : answer["end"]] == answer["text"] != ""
        sure = [answer["probability"] for answer in row["predicted_answers"]]
        assert sure == sorted(sure, reverse=True)
        if row["predicted_answer"]:
            assert row["context"][row["answer_start"] : row["answer_end"]] == row["predicted_answer"]
            assert row["predicted_answer"] == row["predicted_answers"][0]["text"]
        else:
            assert (row["answer_start"], row["answer_end"]) == (None, None)
        assert (row["no_answer_probability"] is not None) == abstains(answerer)


def test_the_best_span_is_that_of_transformers_logits(answerer: Path, run: Run) -> None:
    """One row at a time, no windows, all legal spans by brute force."""
    run("predict", answerer / "run", answerer / "test.jsonl", "-o", "out.jsonl", "--precision", "fp32", "--n-best", 1)
    model = AutoModelForQuestionAnswering.from_pretrained(answerer / "run").eval()
    tokenizer = AutoTokenizer.from_pretrained(answerer / "run")
    for row in read_jsonl(Path("out.jsonl")):
        text = best_span(model, tokenizer, row)
        (found,) = row["predicted_answers"]
        assert found["text"] == text
        assert 0 < found["probability"] <= 1


def best_span(model: Any, tokenizer: Any, row: dict[str, Any]) -> str:
    encoded = tokenizer(row["question"], row["context"], return_tensors="pt", return_offsets_mapping=True)
    offsets, of = encoded.pop("offset_mapping")[0].tolist(), encoded.sequence_ids(0)
    with torch.no_grad():
        out = model(**encoded)
    spans = [
        (float(out.start_logits[0, i] + out.end_logits[0, j]), row["context"][offsets[i][0] : offsets[j][1]])
        for i in range(len(of))
        for j in range(i, min(i + 30, len(of)))
        if of[i] == of[j] == 1
    ]
    return max(spans)[1]


def test_scores_are_the_official_ones_of_what_is_predicted(answerer: Path, run: Run) -> None:
    scores = json.loads(run("eval", answerer / "run", answerer / "test.jsonl", "--json", "--precision", "fp32").out)
    run("predict", answerer / "run", answerer / "test.jsonl", "-o", "out.jsonl", "--precision", "fp32")
    rows = read_jsonl(Path("out.jsonl"))
    exact = [float((row["predicted_answer"] or "") in (row["answers"]["text"] or [""])) for row in rows]
    assert scores["values"]["exact_match"] == pytest.approx(sum(exact) / len(exact))
    assert scores["values"]["f1"] >= scores["values"]["exact_match"]


def test_the_threshold_for_no_answer_is_the_best_on_validation_and_is_kept(answerer: Path, run: Run) -> None:
    stored = json.loads((answerer / "run" / "bertft.json").read_text())["stored"]
    if not stored["can_abstain"]:
        assert stored["null_threshold"] == 0
        return
    whole = json.loads((answerer / "run" / "bertft.json").read_text())
    f1 = {}
    for threshold in (stored["null_threshold"], 0.0, -2.0, 2.0, 1e9, -1e9):
        whole["stored"]["null_threshold"] = threshold
        (answerer / "run" / "bertft.json").write_text(json.dumps(whole))
        found = run("eval", answerer / "run", answerer / "test.jsonl", "--json", "--precision", "fp32").out
        f1[threshold] = json.loads(found)["values"]["f1"]
    whole["stored"] = stored
    (answerer / "run" / "bertft.json").write_text(json.dumps(whole))
    assert f1[stored["null_threshold"]] == max(f1.values()) > min(f1.values())


def test_the_official_prediction_file_holds_an_answer_for_each_id(answerer: Path, run: Run) -> None:
    run("predict", answerer / "run", answerer / "test.jsonl", "-o", "out.jsonl")
    run("predict", answerer / "run", answerer / "test.jsonl", "-o", "official.json", "--format", "squad")
    wanted = {row["id"]: row["predicted_answer"] or "" for row in read_jsonl(Path("out.jsonl"))}
    assert json.loads(Path("official.json").read_text()) == wanted


def nested(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """As SQuAD 2.0 has it, one article a row."""
    articles = []
    for row in rows:
        answers = [{"text": t, "answer_start": s} for t, s in zip(*row["answers"].values(), strict=True)]
        question = {"id": row["id"], "question": row["question"], "answers": answers, "is_impossible": not answers}
        articles.append({"title": row["id"], "paragraphs": [{"context": row["context"], "qas": [question]}]})
    return {"version": "v2.0", "data": articles}


@pytest.mark.parametrize("form", ["nested.json", "cells.csv", "flat.csv"])
def test_a_file_in_another_form_scores_the_same(answerer: Path, run: Run, form: str) -> None:
    rows = read_jsonl(answerer / "test.jsonl")
    words: tuple[str, ...] = ()
    if form == "nested.json":
        Path(form).write_text(json.dumps(nested(rows)))
    elif form == "cells.csv":
        cells = [
            (number, row["question"], row["context"], json.dumps(row["answers"])) for number, row in enumerate(rows)
        ]
        write_csv(Path(form), ["id", "question", "context", "answers"], cells)
    else:
        rows = [row for row in rows if row["answers"]["text"]]
        write_jsonl(Path("known.jsonl"), rows)
        flat = [(r["question"], r["context"], r["answers"]["text"][0], r["answers"]["answer_start"][0]) for r in rows]
        write_csv(Path(form), ["question", "context", "answer_text", "answer_start"], flat)
    known = "known.jsonl" if form == "flat.csv" else answerer / "test.jsonl"
    wanted = json.loads(run("eval", answerer / "run", known, "--json", "--precision", "fp32").out)
    found = json.loads(run("eval", answerer / "run", form, "--json", "--precision", "fp32", *words).out)
    assert found["values"] == pytest.approx(wanted["values"])


def test_a_context_of_many_windows_is_answered_from_all_of_it(answerer: Path, run: Run) -> None:
    """The word that is asked for stands far beyond the first window."""
    rows = asked_rows(200, seed=8)
    row = next(row for row in rows if row["question"] == "staff")
    others = [r["context"] for r in rows if "staff" not in r["context"]][:60]
    long = " ".join([*others, row["context"], *others])
    write_jsonl(Path("long.jsonl"), [{"id": 1, "question": "staff", "context": long}])
    run("predict", answerer / "run", "long.jsonl", "-o", "out.jsonl", "--n-best", 20)
    (found,) = read_jsonl(Path("out.jsonl"))
    places = {answer["start"] for answer in found["predicted_answers"]}
    assert len(places) > 3
    assert max(places) > len(" ".join(others))
    assert all(long[a["start"] : a["end"]] == a["text"] for a in found["predicted_answers"])


def test_rows_without_question_or_context_leave_with_a_reason(answerer: Path, run: Run) -> None:
    write_csv(
        Path("some.csv"),
        ["id", "question", "context"],
        [(1, "good", ""), (2, "", "good film"), (3, "good", "good film")],
    )
    run("predict", answerer / "run", "some.csv", "-o", "out.csv")
    first, second, third = read_csv(Path("out.csv"))
    assert (first["reason"], second["reason"], third["reason"]) == (
        "no context in column 'context'",
        "no question in column 'question'",
        "",
    )


def test_wrong_places_are_named_row_by_row_and_mended_if_asked(tiny: str, run: Run) -> None:
    rows = asked_rows(60)
    for row in rows[10:13]:
        row["answers"]["answer_start"][0] += 2
    write_jsonl(Path("off.jsonl"), rows)
    said = run("train", "off.jsonl", "--model", tiny, ok=2).err
    for line in (11, 12, 13):
        assert f"off.jsonl:{line}: " in said
    assert "--fix-answers" in said
    said = run("train", "off.jsonl", "--model", tiny, "--fix-answers", "--epochs", 1, "-o", "run").err
    assert "3 rows with an answer moved to where its text stands" in said


def test_whole_contexts_are_held_back(tiny: str, run: Run) -> None:
    rows = [{**row, "title": f"article {number // 10}"} for number, row in enumerate(asked_rows(60))]
    write_jsonl(Path("train.jsonl"), rows)
    said = run("train", "train.jsonl", "--model", tiny, "--epochs", 1, "-o", "run").err
    assert "Validation: 10 of 60 training rows held back" in said


def test_ids_may_be_numbers_and_metrics_do_not_mind(answerer: Path, run: Run) -> None:
    rows = [{**row, "id": number} for number, row in enumerate(read_jsonl(answerer / "test.jsonl"))]
    write_jsonl(Path("numbered.jsonl"), rows)
    run("eval", answerer / "run", "numbered.jsonl")
    run("predict", answerer / "run", "numbered.jsonl", "-o", "o.json", "--format", "squad")
    assert list(json.loads(Path("o.json").read_text())) == [str(number) for number in range(60)]
