"""The page where the service refuses, is busy, wants a key or takes files."""

from __future__ import annotations

import threading
from pathlib import Path

from devtools import Tab
from stub_service import Asked, Reply, StubService
from test_web_page import SCORES, ask, model, opened


def test_a_busy_service_is_asked_again(tab: Tab, stub: StubService) -> None:
    opened(tab, stub, model("predict"))
    tab.run("window.said = []; const told = say; say = (words) => { said.push(words); told(words); }")
    tab.run("window.waits = []; pause = async (seconds) => { waits.push(seconds); }")

    def reply(asked: Asked) -> Reply:
        if len(stub.bodies("/predict")) < 3:
            return 429, {"error": "The queue is full.", "error_type": "overloaded"}, {"Retry-After": "7"}
        return 200, SCORES, {}

    stub.replies["/predict"] = reply
    ask(tab, text="late")
    tab.until("document.querySelector('.lead')")
    assert tab.run("said")[1] == "The service is busy. Trying again in 7 s (try 2 of 4)."
    assert tab.run("waits") == [7, 7]
    assert len(stub.bodies("/predict")) == 3


def test_a_service_that_stays_busy_is_left_in_peace(tab: Tab, stub: StubService) -> None:
    opened(tab, stub, model("predict"))
    tab.run("pause = async () => {}; 0")
    stub.says("/predict", {"error": "The queue is full.", "error_type": "overloaded"}, 429)
    ask(tab, text="late")
    tab.until("document.querySelector('#refusal p')")
    assert tab.text("#refusal") == "The service is still busy after 4 tries. Try again later."
    assert len(stub.bodies("/predict")) == 4


def test_a_refusal_is_told_in_the_words_of_the_service(tab: Tab, stub: StubService) -> None:
    opened(tab, stub, model("predict"))
    stub.says("/predict", {"error": "<b>No</b> such thing.", "error_type": "validation"}, 422)
    ask(tab, text="late")
    tab.until("document.querySelector('#refusal p')")
    assert tab.text("#refusal") == "<b>No</b> such thing."
    assert tab.text("#result") == ""


def test_an_answer_of_another_form_is_told(tab: Tab, stub: StubService) -> None:
    opened(tab, stub, model("predict"))
    for odd, words in ((b"<html>a proxy", "no JSON"), ([], "without a label"), ({"label": "x"}, "without a label")):
        stub.says("/predict", odd)
        tab.run("document.getElementById('refusal').replaceChildren()")
        ask(tab, text="late")
        tab.until("document.querySelector('#refusal p')")
        assert words in tab.text("#refusal"), odd


def test_a_text_that_is_too_long_is_cut_only_where_it_is_wanted(tab: Tab, stub: StubService) -> None:
    opened(tab, stub, model("predict"))
    refused = {"error": 'Longer than 64 tokens. Shorten it, or send "truncate": true.', "error_type": "validation"}
    stub.replies["/predict"] = lambda asked: (200, SCORES, {}) if asked.json.get("truncate") else (422, refused, {})
    ask(tab, text="late " * 300)
    tab.until("document.querySelector('#refusal button')")
    tab.click("#refusal button")
    tab.until("document.querySelector('.lead')")
    assert tab.text("#result").endswith("The text was cut to what the model reads.")
    assert '"truncate": true' in tab.text("#curl")
    assert '"truncate": True' in tab.text("#python")


def test_a_service_that_is_gone_is_told(tab: Tab, stub: StubService) -> None:
    opened(tab, stub, model("predict"))
    tab.run("window.fetch = () => Promise.reject(new TypeError('Failed to fetch'))")
    ask(tab, text="late")
    tab.until("document.querySelector('#refusal p')")
    assert "does not answer. Is it still running?" in tab.text("#refusal")


def test_an_empty_text_is_not_sent(tab: Tab, stub: StubService) -> None:
    opened(tab, stub, model("predict"))
    ask(tab, text=" \n ")
    assert tab.text("#status") == "Type a text first."
    assert stub.bodies("/predict") == []


def test_a_key_is_asked_for_and_stored_nowhere(tab: Tab, stub: StubService) -> None:
    info = {"version": "1", "models": [model("predict")]}
    refused = {"error": "The key is missing or wrong.", "error_type": "unauthorized"}

    def guarded(value: object) -> object:
        return lambda asked: (
            (200, value, {}) if asked.headers.get("Authorization") == "Bearer s3cret" else (401, refused, {})
        )

    stub.replies |= {"/info": guarded(info), "/predict": guarded(SCORES)}  # type: ignore[dict-item]
    tab.open(stub.address)
    tab.until("!document.getElementById('key-form').hidden")
    tab.fill("#key", "wrong")
    tab.click("#key-form button")
    tab.until("document.getElementById('key-trouble').textContent")
    tab.fill("#key", "s3cret")
    tab.click("#key-form button")
    tab.until("!document.getElementById('desk').hidden")
    assert tab.run("document.activeElement.dataset.field") == "text 0"
    ask(tab, text="late")
    tab.until("document.querySelector('.lead')")
    assert "$BERTFT_API_KEY" in tab.text("#curl")
    assert 'os.environ["BERTFT_API_KEY"]' in tab.text("#python")
    assert "s3cret" not in str(
        tab.run(
            "document.documentElement.outerHTML + JSON.stringify({...localStorage, ...sessionStorage}) + document.cookie"
        )
    )
    refused["error"] = "No such key."
    stub.replies["/predict"] = lambda _: (401, refused, {})
    tab.click("#question button")
    tab.until("!document.getElementById('key-form').hidden")
    assert "no longer takes this key" in tab.text("#key-trouble")
    tab.fill("#key", "s3cret")
    tab.click("#key-form button")
    tab.until("!document.getElementById('desk').hidden")
    assert tab.run("document.activeElement.value") == "late"


def test_an_explanation_that_fails_leaves_the_answer(tab: Tab, stub: StubService) -> None:
    opened(tab, stub, model("predict", "explain"))
    stub.says("/predict", SCORES)
    stub.says("/explain", {"error": "It took too long.", "error_type": "timeout"}, 504)
    ask(tab, text="late")
    tab.until("document.querySelector('#reasons button')")
    tab.click("#reasons button")
    tab.until("document.querySelector('#reasons .bad')")
    assert (tab.text(".lead"), tab.text("#reasons .bad"), tab.text("#refusal")) == ("bad", "It took too long.", "")
    stub.says("/explain", {"label": "bad", "pieces": [{"text": "late", "start": 0, "end": 4, "weight": 1.0}]})
    tab.click("#reasons button")
    tab.until("document.querySelector('#reasons mark')")


def test_a_file_comes_back_with_answers(tab: Tab, stub: StubService, tmp_path: Path) -> None:
    opened(tab, stub, model("predict", name="a&b"))
    answered = "text,predicted_label\r\nlaté,bad\r\n".encode()
    stub.says("/file", answered, Content_Type="text/csv")
    (tmp_path / "my texts.csv").write_text("text\nlaté\n", encoding="utf-8")
    tab.choose_file("#file", tmp_path / "my texts.csv")
    tab.until("!document.getElementById('download').hidden")
    (asked,) = [one for one in stub.asked if one.path == "/file"]
    assert (asked.body.decode(), asked.query) == ("text\nlaté\n", "model=a%26b&filename=my+texts.csv")
    assert asked.headers["Content-Type"] == "text/csv"
    assert tab.run("document.getElementById('download').download") == "my texts.answered.csv"
    assert tab.run("fetch === window.fetch && document.activeElement.id") == "download"
    tab.click("#download")
    assert tab.downloaded("my texts.answered.csv").read_bytes() == answered


def test_a_file_that_cannot_be_answered_is_told(tab: Tab, stub: StubService, tmp_path: Path) -> None:
    opened(tab, stub, model("predict"))
    stub.says("/file", {"error": "The file has no column 'text'.", "error_type": "validation"}, 422)
    files = {"a.csv": b"x\n1\n", "a.pdf": b"x", "big.jsonl": b"x" * 20_000, "empty.csv": b""}
    for name, held in files.items():
        (tmp_path / name).write_bytes(held)
    told = {
        "a.csv": "The file has no column 'text'.",
        "a.pdf": "a.pdf is no .csv",
        "big.jsonl": "the service takes 10 kB",
        "empty.csv": "empty",
    }
    for name, words in told.items():
        tab.run("document.getElementById('file-refusal').textContent = ''")
        tab.choose_file("#file", tmp_path / name)
        tab.until("document.getElementById('file-refusal').textContent")
        assert words in tab.text("#file-refusal"), name
        assert tab.run("document.getElementById('download').hidden && document.getElementById('progress').hidden")
    assert len([one for one in stub.asked if one.path == "/file"]) == 1


def test_a_file_is_told_with_the_model_that_answered_it(tab: Tab, stub: StubService, tmp_path: Path) -> None:
    """Another may be chosen meanwhile, and a second file that cannot be sent changes nothing of the first."""
    may_go = threading.Event()

    def reply(asked: Asked) -> Reply:
        may_go.wait()
        return 200, b"text\r\na\r\n", {"Content-Type": "text/csv"}

    opened(tab, stub, model("predict", name="A"), model("predict", name="B"))
    stub.replies["/file"] = reply
    for name in ("a.csv", "a.pdf"):
        (tmp_path / name).write_text("text\na\n", encoding="utf-8")
    tab.choose_file("#file", tmp_path / "a.csv")
    tab.until("document.getElementById('file-status').textContent.includes('was sent')")
    tab.choose_file("#file", tmp_path / "a.pdf")
    tab.until("document.getElementById('file-refusal').textContent")
    assert "a.csv was sent" in tab.text("#file-status")
    tab.select("#model", "B")
    may_go.set()
    tab.until("!document.getElementById('download').hidden")
    assert tab.text("#file-status").startswith("a.csv is answered by A")
    assert tab.run("document.getElementById('download').download") == "a.A.answered.csv"
    assert "a.pdf is no .csv" in tab.text("#file-refusal")
    tab.select("#model", "A")
    assert tab.run("document.getElementById('download').hidden")
    assert tab.text("#file-part").count("a.csv") == 0


def test_text_can_be_dragged_into_a_box(tab: Tab, stub: StubService) -> None:
    opened(tab, stub, model("predict"))
    tab.drop_text("textarea", "dragged words")
    tab.until("document.querySelector('textarea').value")
    assert tab.run("document.querySelector('textarea').value") == "dragged words"


def test_the_columns_of_a_file_are_named(tab: Tab, stub: StubService) -> None:
    columns = {"text": ["tokens"], "text_pair": None}
    opened(tab, stub, model("entities", columns=columns, usual_columns={"text": ["tokens", "text"], "text_pair": []}))
    assert tab.text("#wanted") == "It needs the column tokens (or text)."
