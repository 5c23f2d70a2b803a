"""A service answers as `bertft predict` does, row by row, for every kind of run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from asked_service import asked, service_of
from conftest import Said, read_csv, read_jsonl
from kinds_of_runs import ROWS, write_rows

pytest.importorskip("fastapi")

KINDS = tuple(ROWS)


@pytest.fixture(scope="module")
def client(runs_of_all_kinds: dict[str, Path]) -> Iterator[Any]:
    with service_of(*(f"{name}={folder}" for name, folder in runs_of_all_kinds.items())) as client:
        yield client


@pytest.fixture
def predicted(run: Callable[..., Said], runs_of_all_kinds: dict[str, Path]) -> Callable[..., list[dict[str, Any]]]:
    """What `predict` writes for the rows of a kind."""

    def predict(kind: str, *words: object) -> list[dict[str, Any]]:
        run(
            "predict",
            runs_of_all_kinds[kind],
            write_rows(Path("rows.jsonl"), ROWS[kind]),
            "-o",
            "out.jsonl",
            "--precision",
            "fp32",
            *words,
        )
        return read_jsonl(Path("out.jsonl"))

    return predict


def same(one: Any, other: Any) -> bool:
    """Equal but for rounding: a batch of other texts adds up in another order."""
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) < 1e-5
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    return bool(one == other)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_get_the_columns_that_predict_adds(kind: str, client: Any, predicted: Callable[..., Any]) -> None:
    found = asked(client, "/rows", rows=ROWS[kind], model=kind)
    rows = [{**row, **added} for row, added in zip(ROWS[kind], found["rows"], strict=True)]
    wanted = predicted(kind)
    assert [*ROWS[kind][0], *found["columns"]] == list(wanted[0])
    assert all(map(same, rows, wanted)), (rows, wanted)
    assert found["unanswered"] == sum(bool(row["reason"]) for row in wanted) > 0 or kind == "labels"


OPTIONS: dict[str, tuple[dict[str, Any], tuple[object, ...]]] = {
    "labels": (
        {"min_probability": 0.9, "fallback_label": "other"},
        ("--min-probability", 0.9, "--fallback-label", "other"),
    ),
    "several": ({"top_k": 2}, ("--top-k", 2)),
    "tags": ({"scheme": "BIOES"}, ("--scheme", "BIOES")),
    "questions": ({"n_best": 2, "max_answer": 3}, ("--n-best", 2, "--max-answer", 3)),
    "masks": ({"top_k": 2}, ("--top-k", 2)),
}


@pytest.mark.parametrize("kind", OPTIONS)
def test_options_mean_what_the_flags_mean(kind: str, client: Any, predicted: Callable[..., Any]) -> None:
    options, words = OPTIONS[kind]
    found = asked(client, "/rows", rows=ROWS[kind], model=kind, options=options)
    wanted = predicted(kind, *words)
    assert all(same(row[name], other[name]) for row, other in zip(found["rows"], wanted, strict=True) for name in row)


def test_raw_probabilities_are_those_of_predict(client: Any, predicted: Callable[..., Any]) -> None:
    found = asked(client, "/rows", rows=ROWS["labels"], options={"raw_probabilities": True})
    wanted = predicted("labels", "--raw-probabilities")
    assert all(same(row["probability"], other["probability"]) for row, other in zip(found["rows"], wanted, strict=True))


def test_predict_sorts_all_labels_and_the_first_is_predicts(client: Any, predicted: Callable[..., Any]) -> None:
    found = asked(client, "/predict", inputs=[["good fine"], [LONG_TEXT]], truncate=True)
    wanted = [row for row in predicted("labels") if row["probability"]]
    assert [one[0]["label"] for one in found] == [row["predicted_label"] for row in wanted[:2]]
    assert same([one[0]["score"] for one in found], [row["probability"] for row in wanted[:2]])
    assert all(sorted(one, key=lambda label: -label["score"]) == one for one in found)
    assert all(same(sum(label["score"] for label in one), 1.0) for one in found)


LONG_TEXT = ROWS["labels"][2]["text"]


def test_a_pair_gets_its_number(client: Any, predicted: Callable[..., Any]) -> None:
    found = asked(client, "/predict", inputs=["good", "bad"], model="pairs")
    assert same(found[0]["score"], predicted("pairs")[0]["predicted_score"])
    assert len(found) == 1


def test_entities_and_answers_are_those_of_predict(client: Any, predicted: Callable[..., Any]) -> None:
    text = ROWS["tags"][0]["text"]
    assert same(asked(client, "/entities", inputs=text, model="tags"), [predicted("tags")[0]["entities"]])
    words = text.split()
    assert len(asked(client, "/entities", inputs=[words, text], model="tags")) == 2
    found, row = asked(client, "/answer", **ROWS["questions"][0], model="questions"), predicted("questions")[0]
    assert found["answer"] == row["predicted_answer"]
    assert same(found["probability"], row["probability"])
    both = asked(client, "/answer", inputs=[ROWS["questions"][2], ROWS["questions"][0]], model="questions")
    assert same(both[1], found)
    assert both[0]["answer"] == predicted("questions")[2]["predicted_answer"]


def test_words_that_mattered_stand_in_the_texts_that_were_given(client: Any) -> None:
    """The run joins the first two; one that is empty leaves no line."""
    for texts in (["good fine", "bad 🚲 fine", "slow"], ["", "bad fine", "slow"], ["good", " ", "slow"]):
        found = asked(client, "/explain", inputs=texts, model="joined")
        places = [(piece["input"], texts[piece["input"]][piece["start"] : piece["end"]]) for piece in found["pieces"]]
        assert places == [(number, word) for number, text in enumerate(texts) for word in text.split()]
        assert [piece["text"] for piece in found["pieces"]] == [word for _, word in places]


def test_info_names_types_of_entities_and_columns_that_fit(client: Any) -> None:
    models = {one["name"]: one for one in client.get("/info").json()["models"]}
    assert models["tags"]["labels"][:2] == ["B-ORGANISATION", "B-PERSON"]
    assert models["tags"]["entity_types"] == ["ORGANISATION", "PERSON", "PLACE"]
    assert models["labels"]["entity_types"] == []
    assert "text" in models["tags"]["usual_columns"]["text"]


@pytest.mark.parametrize("kind", ["labels", "tags", "questions"])
def test_a_file_comes_back_as_predict_writes_it(kind: str, client: Any, predicted: Callable[..., Any]) -> None:
    body = write_rows(Path("asked.jsonl"), ROWS[kind]).read_bytes()
    found = client.post(f"/file?model={kind}", content=body, headers={"content-type": "application/jsonl"})
    assert found.status_code == 200, found.text
    Path("got.jsonl").write_bytes(found.content)
    assert all(map(same, read_jsonl(Path("got.jsonl")), predicted(kind)))
    assert found.headers["x-rows"] == str(len(ROWS[kind]))


def test_a_csv_comes_back_without_live_formulas(
    client: Any, run: Callable[..., Said], runs_of_all_kinds: dict[str, Path]
) -> None:
    """As `predict` writes it: also what a formula of the input becomes."""
    Path("rows.csv").write_text('text,note\n"good, fine",=1+1\nbad,\n', encoding="utf-8")
    found = client.post("/file?filename=mine.CSV&top_k=2", content=Path("rows.csv").read_bytes())
    assert found.status_code == 200, found.text
    Path("got.csv").write_bytes(found.content)
    run("predict", runs_of_all_kinds["labels"], "rows.csv", "-o", "out.csv", "--precision", "fp32", "--top-k", 2)
    got, wanted = read_csv(Path("got.csv")), read_csv(Path("out.csv"))
    assert [row["note"] for row in got] == [row["note"] for row in wanted]
    assert list(got[0]) == list(wanted[0])
    assert [row["predicted_label"] for row in got] == [row["predicted_label"] for row in wanted]


def test_many_at_once_each_get_their_own_answers(client: Any) -> None:
    """Of several kinds, with other options and bad rows between, in shared batches."""
    asking: list[dict[str, Any]] = [
        {"model": kind, "rows": ROWS[kind][::step], "options": options}
        for kind in KINDS
        for step in (1, -1)
        for options in ({}, OPTIONS.get(kind, ({}, ()))[0])
    ]
    alone = [asked(client, "/rows", **body) for body in asking]
    wrong = {"model": "labels", "rows": [{"nothing": 1}]}
    with ThreadPoolExecutor(16) as threads:
        refused = [threads.submit(asked, client, "/rows", status=422, **wrong) for _ in range(8)]
        together = list(threads.map(lambda body: asked(client, "/rows", **body), asking * 2))
    assert all("no column" in one.result()["error"] for one in refused)
    assert all(map(same, together, alone * 2))
