"""The page and the real service: what a reader sees is what `bertft predict` says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Said, read_csv, write_csv
from devtools import Tab
from test_web_page import ask

pytest.importorskip("fastapi")


@pytest.fixture(scope="module")
def address(trained: Path) -> Iterator[str]:
    """Of a service of the tests' run, on loopback."""
    import uvicorn
    from asked_service import service_of

    with service_of(trained) as client:
        config = uvicorn.Config(client.app, host="127.0.0.1", port=0, log_config=None, lifespan="off", ws="none")
        server, ready = uvicorn.Server(config), threading.Event()
        started = server.startup

        async def startup(*words: object, **more: object) -> None:
            await started(*words, **more)  # type: ignore[arg-type]
            ready.set()

        server.startup = startup  # type: ignore[method-assign]
        thread = threading.Thread(target=server.run)
        thread.start()
        ready.wait()
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
        server.should_exit = True
        thread.join()


def test_the_page_says_what_predict_says(
    tab: Tab, address: str, run: Callable[..., Said], trained: Path, tmp_path: Path
) -> None:
    tab.open(address)
    tab.until("!document.getElementById('desk').hidden")
    rows = [["not very good 🚲"], ["poor, cold dish"], [""]]
    source = write_csv(tmp_path / "rows.csv", ["text"], rows)
    run("predict", trained, source, "-o", "out.csv", "--precision", "fp32")
    predicted = read_csv(Path("out.csv"))
    for [text], row in zip(rows[:2], predicted[:2], strict=True):
        tab.run("document.getElementById('result').replaceChildren()")
        ask(tab, text=text)
        tab.until("document.querySelector('.lead')")
        assert tab.text(".lead") == row["predicted_label"]
        assert abs(float(tab.text(".bars .first .number")) - float(row["probability"])) < 0.001
    tab.click("#reasons button")
    tab.until("document.querySelector('#reasons mark') || document.querySelector('#refusal p')")
    assert "The words that mattered for" in tab.text("#reasons")
    tab.choose_file("#file", source)
    tab.until("!document.getElementById('download').hidden")
    assert "1 row without an answer" in tab.text("#file-status")
    tab.click("#download")
    answered = read_csv(tab.downloaded("rows.answered.csv"))
    assert [row["predicted_label"] for row in answered] == [row["predicted_label"] for row in predicted]
    assert answered[2]["reason"] == predicted[2]["reason"]
