"""What is asked wrongly gets a status, a type and a sentence; nobody else is harmed."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asked_service import asked, service_of

from bertft.errors import TooLittleMemory
from bertft.serving import limits
from bertft.serving.guard import as_refused
from bertft.serving.problems import Refused

pytest.importorskip("fastapi")

JSON = {"content-type": "application/json"}
LONG = "good bad fine " * 60


@pytest.fixture(scope="module")
def client(trained: Path) -> Iterator[Any]:
    with service_of(trained, max_texts=8, max_body_mb=0.02, max_text_tokens=200) as client:
        yield client


def refused(client: Any, path: str, status: int, words: str, **body: Any) -> None:
    found = asked(client, path, status=status, **body)
    assert words in found["error"], found
    assert found["error_type"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b'{"inputs": NaN}', "NaN"),
        (b'{"inputs": Infinity}', "Infinity"),
        (b'{"inputs": "a", "inputs": "b"}', "twice"),
        (b'{"inputs": ' + b"[" * 5000 + b"]" * 5000 + b"}", "deep"),
        (b'{"inputs": ' + b'{"a":' * 40 + b"1" + b"}" * 40 + b"}", "deep"),
        (b'{"inputs": ' + b"9" * 9000 + b"}", "not JSON"),
    ],
)
def test_a_body_that_is_no_plain_json_is_refused(client: Any, body: bytes, words: str) -> None:
    found = client.post("/predict", content=body, headers=JSON)
    assert (found.status_code, found.json()["error_type"]) == (400, "validation")
    assert words in found.json()["error"]


class Name(str):
    """Counts how often it is compared."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        Name.compared += 1
        return str.__eq__(self, other)  # type: ignore[arg-type]

    def __hash__(self) -> int:
        return str.__hash__(self)


def test_one_of_many_names_that_comes_twice_is_found_without_comparing_each_with_each() -> None:
    names = [Name(f"k{number}") for number in range(5_000)]
    with pytest.raises(Refused, match="An object has 'k4999' twice"):
        limits._object([(name, 1) for name in (*names, Name("k4999"))])
    assert Name.compared < 10 * len(names)  # a table of hashes compares some by chance


def test_too_little_memory_is_no_mistake_of_the_client(capsys: pytest.CaptureFixture[str]) -> None:
    """And the log says so."""
    found = as_refused(TooLittleMemory("The graph asks for more memory than is free."))
    assert (found.status, found.error_type) == (503, "overloaded")
    assert "more memory than is free" in capsys.readouterr().err


OTHER_FORMS: list[Any] = [
    *([], "text", 1, None, {}, {"inputs": 1}, {"inputs": None}, {"inputs": [1]}, {"inputs": []}, {"inputs": [[]]}),
    *({"inputs": ["a", ["b"]]}, {"inputs": {"a": 1}}, {"inputs": "a", "truncate": "yes"}, {"inputs": "a", "model": 1}),
    *({"inputs": "a", "trunctate": True}, {"inputs": ["a", "b"]}, {"inputs": "a", "truncation_direction": "left"}),
]


@pytest.mark.parametrize("body", OTHER_FORMS)
def test_another_form_is_never_guessed(client: Any, body: Any) -> None:
    found = client.post("/predict", content=json.dumps(body), headers=JSON)
    assert found.status_code == 422, found.text
    assert found.json()["error_type"] == "validation"


def test_texts_without_an_answer_say_why(client: Any) -> None:
    refused(client, "/predict", 422, "Text 2 cannot be answered: no text", inputs=[["good"], [" "]])
    refused(client, "/embed", 422, "Text 1 is empty", inputs="")
    refused(client, "/embed", 422, "the list is empty", inputs=[])
    refused(client, "/similarity", 422, "the list is empty", inputs={"source_sentence": "good", "sentences": []})


def test_a_long_text_is_cut_only_where_that_is_asked_for_and_said(client: Any) -> None:
    refused(client, "/predict", 422, '"truncate": true', inputs=LONG)
    found = client.post("/predict", json={"inputs": [[LONG], ["good"]], "truncate": True})
    assert (found.status_code, found.headers["x-truncated"]) == (200, "1")
    assert "x-truncated" not in client.post("/predict", json={"inputs": "good"}).headers
    long, pair = "good bad " * 90, {"source_sentence": "good", "sentences": ["good bad " * 90]}
    for path, body in (
        ("/embed", {"inputs": long}),
        ("/similarity", {"inputs": pair}),
        ("/v1/embeddings", {"input": long}),
    ):
        refused(client, path, 422, '"truncate": true', **body)
        found = client.post(path, json={**body, "truncate": True})
        assert (found.status_code, found.headers["x-truncated"]) == (200, "1"), path


def test_limits_have_a_status_and_a_number(client: Any) -> None:
    refused(client, "/predict", 413, "at most 8", inputs=[["good"]] * 9)
    refused(client, "/rows", 413, "at most 8", rows=[{"text": "good"}] * 9)
    refused(client, "/predict", 413, "characters", inputs="good " * 3900)
    found = client.post("/predict", content=b"x" * 30_000, headers=JSON)
    assert (found.status_code, found.json()["error_type"]) == (413, "too_large")
    chunks = client.post("/predict", content=(b"x" * 1000 for _ in range(40)), headers=JSON)
    assert (chunks.status_code, chunks.json()["error_type"]) == (413, "too_large")
    assert asked(client, "/predict", inputs="good")


def test_options_that_do_not_apply_are_refused_in_the_words_of_predict(client: Any) -> None:
    refused(client, "/rows", 422, "n_best does not apply", rows=[{"text": "a"}], options={"n_best": 2})
    refused(client, "/rows", 422, "top_k is 0", rows=[{"text": "a"}], options={"top_k": 0})
    refused(client, "/rows", 422, "top_k is '2'", rows=[{"text": "a"}], options={"top_k": "2"})
    refused(client, "/rows", 422, "Unknown option", rows=[{"text": "a"}], options={"topk": 2})
    refused(client, "/rows", 422, "no column", rows=[{"words": "a", "more": "b b b"}])
    for none in ([], "", [""]):
        refused(client, "/rows", 422, "'columns' has another form", rows=[{"text": "a"}], columns={"text": none})
    refused(client, "/rows", 422, "'columns' knows no", rows=[{"text": "a"}], columns={"label": "x"})
    found = asked(client, "/rows", rows=[{"a": "good", "b": "bad"}], columns={"text": "b"})
    assert found["read"] == {"text": ["b"], "text_pair": None}
    assert found["rows"][0]["predicted_label"] == asked(client, "/predict", inputs="bad")[0]["label"]


def test_an_endpoint_that_does_not_suit_the_run_names_those_that_do(client: Any) -> None:
    refused(client, "/entities", 422, "/predict", inputs="a")
    refused(client, "/answer", 422, "/predict", question="a", context="b")
    refused(client, "/answer", 422, "Wanted", question="a", inputs=[])
    assert client.get("/nothing").status_code == 404
    assert client.get("/predict").status_code == 405
    refused(client, "/predict", 404, "known: run", inputs="a", model="other")


@pytest.mark.parametrize(
    ("query", "body", "status"),
    [
        ("?filename=a.csv", b"", 422),
        ("?filename=a.exe", b"text\ngood\n", 415),
        ("", b"text\ngood\n", 415),
        ("?filename=../../etc/passwd", b"text\ngood\n", 415),
        ("?filename=a.csv", b"\x1f\x8b\x08\x00", 415),
        ("?filename=a.csv", b"PK\x03\x04", 415),
        ("?filename=a.csv", b"text\n", 200),
        ("?filename=a.csv", b"one,two\n1,2\n", 422),
        ("?filename=a.csv&top_k=x", b"text\ngood\n", 422),
        ("?filename=a.csv&output=/tmp/x", b"text\ngood\n", 422),
        ("?filename=../a.csv", b"text\ngood\n", 200),
        ("?filename=a.csv&top_k=1&top_k=2", b"text\ngood\n", 422),
        ("?filename=a.csv&text=text&text=text", b"text\ngood\n", 422),
        ("?filename=a.csv&text_pair=text", b"text\ngood\n", 422),
        ("?filename=a.csv&no_header=1", b"text\ngood\n", 422),
        ("?filename=a.csv&header=false", b"text\ngood\n", 422),
        ("?filename=a.csv&delimiter=ab", b"text\ngood\n", 422),
        ("?filename=a.csv&encoding=rot13", b"text\ngood\n", 422),
        ("?filename=a.csv", b"text," + b",".join(b"%d" % one for one in range(1000)) + b"\n", 413),
        ("?filename=a.jsonl", b'{"text":"a"' + b"".join(b',"%d":0' % one for one in range(1000)) + b"}", 422),
    ],
)
def test_a_file_that_cannot_be_answered_is_refused(client: Any, query: str, body: bytes, status: int) -> None:
    found = client.post(f"/file{query}", content=body, headers={"content-type": "application/octet-stream"})
    assert found.status_code == status, found.text
    assert "/tmp" not in found.text


def test_what_is_advised_of_a_file_can_be_said_in_its_address(client: Any) -> None:
    def answered(query: str, body: str, status: int = 200) -> Any:
        found = client.post(f"/file?filename=a.csv{query}", content=body.encode())
        assert found.status_code == status, found.text
        assert "--" not in found.text
        return found.text if status == 200 else found.json()["error"]

    labels = [line.split(",")[-3:-1] for line in answered("", "text\ngood\nbad\n").splitlines()[1:]]
    two = "first,second\ngood,fine film\nbad,bad film\n"
    assert "Name one of them with text." in answered("", two, 422)
    assert [line.split(",")[-3:-1] for line in answered("&text=first", two).splitlines()[1:]] == labels
    assert "pass no_header=true" in answered("", "good\nbad\n", 422).replace("Pass", "pass")
    assert [line.split(",")[-3:-1] for line in answered("&no_header=true", "good\nbad\n").splitlines()[1:]] == labels
    numbered = answered("&no_header=true&text=column_2&delimiter=semicolon", "7;good\n8;bad\n")
    assert len(numbered.splitlines()) == 3


def test_advice_that_nobody_could_follow_is_left_out() -> None:
    from bertft.serving.problems import without_flags

    said = "a.csv: no column 'text'. Did you mean 'test'? Name one of them with --text. Or pass --no-header."
    assert without_flags(said, ["text"]) == "a.csv: no column 'text'. Did you mean 'test'? Name one of them with text."
    assert without_flags(said) == "a.csv: no column 'text'. Did you mean 'test'?"
    assert without_flags("--top-k is 0: 1 or more is wanted.") == "top_k is 0: 1 or more is wanted."


def test_half_a_character_and_control_characters_come_back_as_they_are(client: Any) -> None:
    found = client.post("/rows", content=b'{"rows": [{"text": "good \\ud800 \\u0000 \\u202e"}]}', headers=JSON)
    assert found.status_code == 200, found.text
    assert found.json()["rows"][0]["predicted_label"]


def test_vectors_have_length_one_and_similarity_is_their_product(client: Any) -> None:
    texts = ["good fine", "bad", "good fine"]
    vectors = np.asarray(asked(client, "/embed", inputs=texts))
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    found = asked(client, "/similarity", inputs={"source_sentence": texts[0], "sentences": texts[1:]})
    assert np.allclose(found, vectors[1:] @ vectors[0], atol=1e-5)
    assert not np.allclose(np.linalg.norm(asked(client, "/embed", inputs=texts, normalize=False), axis=1), 1)


def test_vectors_are_those_of_embed(client: Any, trained: Path, tmp_path: Path) -> None:
    from bertft.api import embed

    (tmp_path / "texts.csv").write_text("text\ngood fine\nbad\n", encoding="utf-8")
    wanted = np.asarray(embed(str(trained), ["good fine", "bad"]))
    found = asked(client, "/embed", inputs=["good fine", "bad"], normalize=False)
    assert np.allclose(found, wanted, atol=1e-5)


def test_openai_clients_get_their_form(client: Any) -> None:
    plain = asked(client, "/v1/embeddings", input=["good", "bad"], model="run")
    packed = asked(client, "/v1/embeddings", input=["good", "bad"], encoding_format="base64")
    assert [one["index"] for one in plain["data"]] == [0, 1]
    assert plain["usage"]["prompt_tokens"] == 6
    first = np.frombuffer(base64.b64decode(packed["data"][0]["embedding"]), dtype="<f4")
    assert np.allclose(first, plain["data"][0]["embedding"], atol=1e-6)


def test_the_words_that_mattered_have_their_places(client: Any) -> None:
    text = "good bad 😀 fine"
    found = asked(client, "/explain", inputs=text)
    assert found["label"] == asked(client, "/predict", inputs=text)[0]["label"]
    assert all(text[piece["start"] : piece["end"]] == piece["text"] for piece in found["pieces"])
    assert [piece["text"] for piece in found["pieces"]] == text.split()
    refused(client, "/explain", 422, "no text", inputs="  ")
    cut = client.post("/explain", json={"inputs": LONG})
    weights = [piece["weight"] for piece in cut.json()["pieces"]]
    assert (cut.headers["x-truncated"], weights[-1], len(weights)) == ("1", None, len(LONG.split()))
    assert weights[0] is not None


def test_info_names_what_can_be_asked(client: Any) -> None:
    info = client.get("/info").json()
    (model,) = info["models"]
    assert (model["name"], model["columns"]) == ("run", {"text": ["text"], "text_pair": None})
    assert set(model["answers"]) == {"predict", "explain", "embed", "similarity", "rows", "file"}
    assert (info["max_client_batch_size"], info["max_body_bytes"]) == (8, 20_000)
    assert info["model_type"]["classifier"]["id2label"]["0"] == model["labels"][0]


def test_metrics_count_requests_and_errors(client: Any) -> None:
    asked(client, "/predict", inputs="good")
    asked(client, "/predict", status=422, inputs=1)
    said = client.get("/metrics").text
    assert 'bertft_requests_total{endpoint="/predict",status="200"}' in said
    assert 'bertft_errors_total{error_type="validation"}' in said
    assert 'bertft_waiting_texts{model="run"} 0.0' in said
    assert "good" not in said


def test_vectors_are_fp32_whatever_the_precision_of_answers(client: Any, trained: Path) -> None:
    texts = ["good fine", "bad"]
    wanted = np.asarray(asked(client, "/embed", inputs=texts))
    with service_of(trained, precision="bf16") as other:
        asked(other, "/predict", inputs="good")
        assert np.allclose(asked(other, "/embed", inputs=texts), wanted, atol=1e-5)
