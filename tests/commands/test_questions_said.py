"""What `train`, `eval` and `predict` say of questions and answers that cannot be read or given, and the way out they name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Said, bertft, read_jsonl, write_csv, write_jsonl
from tagged import asked_rows

Run = Callable[..., Said]
QUICK = ("--max-steps", 1, "--batch-size", 4, "--precision", "fp32", "--no-refit", "--max-length", 40, "--overlap", 8)
LONG = {"id": "long", "question": "good", "context": "good " + "very bad film " * 12}


def row(start: int, end: int, **more: Any) -> dict[str, Any]:
    context = str(LONG["context"])
    return {**LONG, "answers": {"text": [context[start:end]], "answer_start": [start]}, **more}


@pytest.fixture(scope="module")
def answerer(tiny: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("said")
    rows = [*asked_rows(8), row(5, 80), row(5, 19)]
    write_jsonl(folder / "train.jsonl", rows)
    said = bertft("train", folder / "train.jsonl", "--model", tiny, "-o", folder / "run", "--max-answer", 5, *QUICK)
    (folder / "said.txt").write_text(said.stderr)
    return folder


def test_answers_that_can_never_be_given_are_counted(answerer: Path, run: Run) -> None:
    long = "1 of 10 answers are longer than 5 tokens and can never be given (--max-answer)"
    assert long in (answerer / "said.txt").read_text()
    assert long in run("eval", answerer / "run", answerer / "train.jsonl").err
    assert "can never" not in run("eval", answerer / "run", answerer / "train.jsonl", "--max-answer", 30).err
    write_jsonl(Path("parted.jsonl"), [*asked_rows(3), row(5, len(str(LONG["context"])) - 1)])
    said = run("eval", answerer / "run", "parted.jsonl", "--max-answer", 99).err
    assert "1 of 4 answers stand whole in no window that answers for them" in said


def test_a_longer_answer_can_be_asked_for(answerer: Path, run: Run) -> None:
    lengths = {}
    for most in (1, 30):
        run(
            "predict", answerer / "run", answerer / "train.jsonl", "-o", "o.jsonl", "--max-answer", most, "--n-best", 20
        )
        answers = [answer["text"] for line in read_jsonl(Path("o.jsonl")) for answer in line["predicted_answers"]]
        lengths[most] = max(len(text.split()) for text in answers)
    assert lengths[1] == 1 < 5 < lengths[30]
    for words in (("eval", "train.jsonl"), ("predict", "train.jsonl", "-o", "o.csv")):
        verb, data, *more = words
        said = run(verb, answerer / "run", answerer / data, *more, "--max-answer", 0, ok=2).err
        assert "--max-answer is 0" in said


def test_a_run_without_answers_takes_no_length_of_them(trained: Path, run: Run) -> None:
    write_csv(Path("t.csv"), ["text", "label"], [("good", "pos")])
    for words in (("eval", trained, "t.csv"), ("predict", trained, "t.csv", "-o", "o.csv")):
        assert "--max-answer does not apply" in run(*words, "--max-answer", 9, ok=2).err


def test_questions_that_are_cut_are_said_by_predict_too(answerer: Path, run: Run) -> None:
    rows = [{"id": 1, "question": "good " * 40, "context": "good film"}, {"id": 2, "question": "a", "context": "good"}]
    write_jsonl(Path("cut.jsonl"), [*rows, {"id": 3, "question": "", "context": "good"}])
    said = "cut.jsonl: 50.0% of the questions fill more than half of 40 tokens and are cut there"
    assert said in run("predict", answerer / "run", "cut.jsonl", "-o", "o.jsonl").err
    write_jsonl(Path("cut.jsonl"), [{**one, "answers": []} for one in rows])
    assert said in run("eval", answerer / "run", "cut.jsonl").err


def test_questions_are_counted_not_their_windows(answerer: Path, run: Run) -> None:
    long = [{**line, "context": f"{line['context']} {LONG['context'] * 5}"} for line in asked_rows(4)]
    write_jsonl(Path("long.jsonl"), long)
    run("predict", answerer / "run", "long.jsonl", "-o", "o.jsonl")
    timings = json.loads((answerer / "run" / "run.json").read_text())["timings"]
    assert timings["predict"]["examples"] == 4


SENTINELS = [{"text": [""], "answer_start": [-1]}, {"text": [""], "answer_start": [0]}, [{"text": "", "start": -1}]]


def test_the_advice_for_sentinels_of_no_answer_works(answerer: Path, run: Run) -> None:
    rows = asked_rows(6)
    write_jsonl(Path("s.jsonl"), [*rows, *({**rows[0], "answers": cell} for cell in SENTINELS)])
    said = run("eval", answerer / "run", "s.jsonl", ok=2).err
    assert said.count("an answer is an empty text") == 3
    assert "pass --fix-answers" in said
    said = run("eval", answerer / "run", "s.jsonl", "--fix-answers").err
    assert "3 rows with an empty answer, taken for no answer" in said
    flat = [(one["question"], one["context"], "", -1) for one in rows]
    write_csv(Path("flat.csv"), ["question", "context", "answer_text", "answer_start"], flat)
    assert "--fix-answers" in run("eval", answerer / "run", "flat.csv", ok=2).err
    assert "6 rows have no answer" in run("eval", answerer / "run", "flat.csv", "--fix-answers").out


def test_what_fix_answers_does_not_find_gets_other_advice(answerer: Path, run: Run) -> None:
    write_jsonl(Path("n.jsonl"), [{**asked_rows(1)[0], "answers": {"text": ["Rome"], "answer_start": [3]}}])
    assert "pass --fix-answers" in run("eval", answerer / "run", "n.jsonl", ok=2).err
    said = run("eval", answerer / "run", "n.jsonl", "--fix-answers", ok=2).err
    assert (
        "They were looked for (--fix-answers) and are not there. Fix them; where there is no answer, write []." in said
    )
    write_jsonl(Path("n.jsonl"), [{**asked_rows(1)[0], "answers": []}])
    run("eval", answerer / "run", "n.jsonl")


def test_starts_in_other_units_are_put_right_and_said(answerer: Path, run: Run) -> None:
    context = "😀 good film 😀 good film"
    write_jsonl(
        Path("u.jsonl"), [{"question": "good", "context": context, "answers": {"text": ["film"], "answer_start": [21]}}]
    )
    assert context.encode("utf-16-le")[42:].decode("utf-16-le") == "film"
    said = run("eval", answerer / "run", "u.jsonl").err
    assert "1 row with answers whose places count UTF-16 units: put right" in said
