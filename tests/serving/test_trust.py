"""Who may ask: hosts, pages of strangers, keys. And what a service does when its run folder is replaced."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asked_service import asked, service_of

pytest.importorskip("fastapi")

TEXT = {"inputs": "good fine"}


@pytest.fixture(scope="module")
def client(trained: Path) -> Iterator[Any]:
    with service_of(trained, allow_origin=("https://friend.example",)) as client:
        yield client


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8080", "127.0.0.1:1", "[::1]:8080", "192.168.0.7", "LOCALHOST"]
)
def test_its_own_names_and_addresses_in_digits_are_answered(client: Any, host: str) -> None:
    assert client.get("/info", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example:80", "127.0.0.1.evil.example", "", "0x7f.1", "[::1"]
)
def test_a_name_that_could_be_pointed_here_is_not(client: Any, host: str) -> None:
    """DNS rebinding."""
    found = client.post("/predict", json=TEXT, headers={"host": host})
    assert (found.status_code, found.json()["error_type"]) == (403, "unauthorized")


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:81"},
        {"sec-fetch-site": "cross-site"},
    ],
)
def test_a_strangers_page_may_not_ask(client: Any, headers: dict[str, str]) -> None:
    assert client.post("/predict", json=TEXT, headers=headers).status_code == 403
    assert client.post("/file?filename=a.csv", content="text\na\n", headers=headers).status_code == 403


def test_its_own_page_and_a_friends_may(client: Any) -> None:
    assert client.post("/predict", json=TEXT, headers={"origin": "http://localhost"}).status_code == 200
    asking = {"origin": "https://friend.example"}
    found = client.post("/predict", json=TEXT, headers=asking)
    assert (found.status_code, found.headers["access-control-allow-origin"]) == (200, "https://friend.example")
    before = {**asking, "access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    assert client.options("/predict", headers=before).status_code == 200
    other = {**before, "origin": "https://evil.example"}
    assert "access-control-allow-origin" not in client.options("/predict", headers=other).headers


def test_a_form_of_a_page_is_refused(client: Any) -> None:
    """What a page may send without being asked for its origin."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        found = client.post("/predict", content=json.dumps(TEXT), headers={"content-type": kind})
        assert found.status_code == 415


def test_with_a_key_only_who_has_it_is_answered(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BERTFT_API_KEY", "secret")
    with service_of(trained) as client:
        assert client.get("/health").status_code == 200
        for key in (
            "",
            "secret",
            "Bearer",
            "Bearer secre",
            "Bearer secret2",
            "Basic secret",
            "Bearer sécret".encode("latin-1"),
        ):
            found = client.post("/predict", json=TEXT, headers={"authorization": key})
            assert (found.status_code, found.json()["error_type"]) == (401, "unauthorized"), key
        for path in ("/info", "/metrics", "/openapi.json", "/nothing"):
            assert client.get(path).status_code == 401
        assert client.post("/predict", json=TEXT, headers={"authorization": "Bearer secret"}).status_code == 200
        elsewhere = {"authorization": "bearer secret", "host": "behind.a.proxy"}
        assert client.post("/predict", json=TEXT, headers=elsewhere).status_code == 200


def test_no_answer_may_be_kept_or_guessed_at(client: Any) -> None:
    for found in (client.post("/predict", json=TEXT), client.post("/predict", json={}), client.get("/nothing")):
        assert found.headers["x-content-type-options"] == "nosniff"
        assert found.headers["cache-control"] == "no-store"


def test_a_failure_of_ours_tells_neither_client_nor_log_a_text(
    client: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any) -> Any:
        raise ValueError("a secret text")

    monkeypatch.setattr(client.service.fleet.station(None).lanes[0], "compute", fail)
    found = client.post("/predict", json=TEXT)
    assert (found.status_code, found.json()["error_type"]) == (500, "internal")
    said = capsys.readouterr().err
    assert "ValueError in test_trust.py" in said
    assert "secret" not in said + found.text


@pytest.fixture
def copied(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "run"))


def look_twice(client: Any) -> None:
    seen: dict[str, Any] = {}
    for _ in range(2):
        client.service.fleet.look("run", seen)


def with_other_labels(folder: Path) -> None:
    """The same run, whose first label has another name."""
    for name in ("bertft.json", "config.json"):
        text = (folder / name).read_text(encoding="utf-8")
        (folder / name).write_text(text.replace('"neg"', '"other"'), encoding="utf-8")


def test_a_run_that_is_replaced_is_opened_again(copied: Path) -> None:
    with service_of(copied) as client:
        before = client.get("/info").json()["models"][0]
        old = client.service.fleet.station(None)
        look_twice(client)
        assert client.service.fleet.station(None) is old
        with_other_labels(copied)
        seen: dict[str, Any] = {}
        client.service.fleet.look("run", seen)
        assert client.service.fleet.station(None) is old, "files that may still change are left alone"
        client.service.fleet.look("run", seen)
        after = client.get("/info").json()["models"][0]
        assert ("other" in after["labels"], "other" in before["labels"]) == (True, False)
        assert after["identity"] != before["identity"]
        assert {one["label"] for one in asked(client, "/predict", **TEXT)} == {"other", "neutral", "pos"}
        old.join()


def test_a_folder_that_cannot_be_opened_leaves_the_old_run_and_says_so(copied: Path) -> None:
    with service_of(copied) as client:
        before = asked(client, "/predict", **TEXT)
        weights = copied / "model.safetensors"
        weights.write_bytes(b"\0" * weights.stat().st_size)  # into the file that was opened
        look_twice(client)
        assert asked(client, "/predict", **TEXT) == before
        assert client.get("/info").json()["models"][0]["reload_error"]
        (copied / "bertft.json").unlink()
        look_twice(client)
        assert asked(client, "/predict", **TEXT) == before


@pytest.mark.parametrize("path", ["/embed", "/similarity", "/v1/embeddings"])
def test_vectors_are_never_those_of_a_run_that_has_replaced_it(path: str, copied: Path) -> None:
    bodies = {"/embed": {"inputs": "good"}, "/v1/embeddings": {"input": "good"}}
    body = bodies.get(path, {"inputs": {"source_sentence": "good", "sentences": ["bad"]}})
    with service_of(copied) as client:
        with_other_labels(copied)
        assert "holds another run by now" in asked(client, path, status=503, **body)["error"]
        look_twice(client)
        assert asked(client, path, **body)


def test_a_file_is_answered_by_the_run_that_was_opened(copied: Path) -> None:
    with service_of(copied) as client:
        before = client.post("/file?filename=a.csv", content="text\ngood\n")
        shutil.rmtree(copied)
        assert client.post("/file?filename=a.csv", content="text\ngood\n").text == before.text
        assert asked(client, "/embed", status=503, inputs="good")


def answers_of(app: Any, headers: list[tuple[bytes, bytes]], messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the application sends, without any client between."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        **{"type": "http", "method": "POST", "path": "/predict", "raw_path": b"/predict", "query_string": b""},
        **{"headers": [(b"host", b"localhost"), (b"content-type", b"application/json"), *headers], "root_path": ""},
        **{"scheme": "http", "http_version": "1.1", "server": ("localhost", 80), "client": ("localhost", 1)},
    }
    asyncio.run(app(scope, receive, send))
    return sent


def test_a_body_with_two_ends_is_refused(client: Any) -> None:
    """A proxy could take another one of them: request smuggling."""
    both = [(b"content-length", b"5"), (b"transfer-encoding", b"chunked")]
    start, _ = answers_of(client.app, both, [])
    assert start["status"] == 400
    assert (b"connection", b"close") in start["headers"]


def test_a_client_that_goes_away_is_not_answered(client: Any) -> None:
    gone = {"type": "http.disconnect"}
    part = {"type": "http.request", "body": b'{"inputs": ', "more_body": True}
    assert answers_of(client.app, [], [part, gone]) == []
    texts = json.dumps({"inputs": [["good fine"]] * 1000}).encode()
    whole = {"type": "http.request", "body": texts, "more_body": False}
    before = client.service.fleet.station(None)
    assert answers_of(client.app, [(b"content-length", str(len(texts)).encode())], [whole, gone]) == []
    assert asked(client, "/predict", **TEXT)
    assert before.lanes[0].waiting == 0
