"""What `bertft serve` refuses before it opens a run, and that it says who can reach it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from importlib import util
from pathlib import Path

import pytest
from asked_service import asked, service_of
from conftest import Said

pytest.importorskip("fastapi")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "--port", "-1"], "--port is -1"),
        (["run", "--port", "70000"], "--port is 70000"),
        (["run", "--max-wait-ms", "-1"], "--max-wait-ms is -1"),
        (["run", "--max-body-mb", "0"], "--max-body-mb is 0"),
        (["run", "--timeout", "0"], "--timeout is 0"),
        (["run", "--backend", "gpu"], "--backend is gpu"),
        (["run", "other/run"], "are both called 'run'"),
        (["a/b=run"], "a run's name holds no '/'"),
        (["=run"], "wanted a run folder, or NAME=FOLDER"),
        (["nowhere", "--port", "0"], "no such run folder"),
        (["run", "--host", "no.such.host.invalid"], "--host no.such.host.invalid"),
    ],
)
def test_what_cannot_be_served_is_refused(words: list[str], said: str, run: Callable[..., Said]) -> None:
    assert said in run("serve", *words, ok=2).err


def test_a_port_that_is_taken_names_the_way_out(run: Callable[..., Said]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        found = run("serve", "run", "--port", other.getsockname()[1], ok=2)
    assert "another program listens there; pass another --port" in found.err


def test_an_empty_key_would_let_everybody_in(run: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BERTFT_API_KEY", " ")
    assert "BERTFT_API_KEY is set and empty" in run("serve", "run", ok=2).err


def test_a_host_that_others_reach_without_a_key_is_worth_a_warning(run: Callable[..., Said]) -> None:
    found = run("serve", "nowhere", "--host", "0.0.0.0", "--port", 0, ok=2)
    assert "whoever reaches this machine can ask, without a key" in found.err
    assert "without a key" not in run("serve", "nowhere", "--port", 0, ok=2).err


def test_without_its_libraries_it_names_the_command_that_installs_them(
    run: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name, *more: None if name == "uvicorn" else real(name, *more))
    assert "bertft serve needs uvicorn: pip install 'bertft[serve]'." in run("serve", "run", ok=2).err


@pytest.mark.parametrize("wanted", [False, True])
def test_texts_stand_in_the_log_only_where_that_is_asked_for(
    wanted: bool, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with service_of(trained, log_texts=wanted) as client:
        asked(client, "/predict", inputs="good secret")
    assert ("secret" in capsys.readouterr().err) is wanted


def test_a_body_in_the_log_forges_no_line(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with service_of(trained, log_texts=True) as client:
        client.post("/file?filename=a.csv", content="text\n\x1b[31mgood\r\u2028\x85Stopped by 😀 ü\n".encode())
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "Stopped" in line]
    assert line.startswith("/file text")
    assert "😀 ü" in line
    assert line.isprintable()
