"""The page and the real service: what a reader sees is what `bertft predict` says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Said, read_csv, read_jsonl, write_csv
from devtools import Tab
from kinds_of_runs import ROWS, write_rows
from test_web_page import ask

pytest.importorskip("fastapi")


@pytest.fixture(scope="module")
def address(runs_of_all_kinds: dict[str, Path]) -> Iterator[str]:
    """Of a service of a run of every kind, on loopback."""
    import uvicorn
    from asked_service import service_of

    with service_of(*(f"{name}={folder}" for name, folder in runs_of_all_kinds.items())) as client:
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
    answered = read_csv(tab.downloaded("rows.labels.answered.csv"))
    assert [row["predicted_label"] for row in answered] == [row["predicted_label"] for row in predicted]
    assert answered[2]["reason"] == predicted[2]["reason"]


SHOWN: dict[str, Callable[[dict[str, Any]], str]] = {
    "pairs": lambda row: f"{row['predicted_score']:.4f}".rstrip("0"),
    "several": lambda row: ", ".join(row["predicted_labels"]) or "No label",
    "joined": lambda row: str(row["predicted_label"]),
    "questions": lambda row: row["predicted_answer"] or "No answer",
    "tags": lambda row: f"{row['entities'][0]['text']} {row['entities'][0]['label']}",
    "masks": lambda row: str(row["filled"]),
}
"""What the page shows of what `predict` adds to a row, by the kind of run."""


def test_every_kind_of_run_is_asked_in_its_own_form(
    tab: Tab, address: str, run: Callable[..., Said], runs_of_all_kinds: dict[str, Path]
) -> None:
    """In one page: nothing of one kind stays for the next."""
    tab.open(address)
    tab.until("!document.getElementById('desk').hidden")
    for kind, shown in SHOWN.items():
        row = ROWS[kind][0]
        run(
            "predict",
            runs_of_all_kinds[kind],
            write_rows(Path("rows.jsonl"), [row]),
            "-o",
            "out.jsonl",
            "--precision",
            "fp32",
        )
        tab.select("#model", kind)
        boxes = tab.run("[...document.querySelectorAll('[data-field]')].map((box) => box.dataset.field)")
        for box, text in zip(boxes, row.values(), strict=True):
            tab.fill(f"[data-field='{box}']", text)
        tab.click("#question button")
        tab.until("document.querySelector('#result').firstChild || document.querySelector('#refusal').firstChild")
        assert shown(read_jsonl(Path("out.jsonl"))[0]) in tab.text("#result"), kind
        if kind == "joined":
            tab.click("#reasons button")
            tab.until("document.querySelector('#reasons h3, #reasons .bad')")
            assert tab.run("document.querySelectorAll('#reasons .passage').length") == 3
