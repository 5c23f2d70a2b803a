"""`bertft predict http://…`: the answers are those of the run's folder, or there is a plain refusal."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.client import HTTPSConnection
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
from conftest import WORDS, Said, bertft, read_csv, read_jsonl, texts, write_csv, write_jsonl
from faulty import FaultyDoor, faulty_door
from prepared import begin

from bertft.remote import address_of
from bertft.remote.exchange import Exchange

Run = Callable[..., Said]


@pytest.fixture(scope="module")
def tagger(tiny: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run over words."""
    folder = tmp_path_factory.mktemp("tagger")
    found = [text.split() for text in texts(60)]
    rows = [{"tokens": words, "ner_tags": ["B-X" if word in WORDS[:6] else "O" for word in words]} for words in found]
    words = ("--max-steps", 4, "--head-start", "random", "--precision", "fp32", "--no-refit", "--quiet")
    bertft("train", write_jsonl(folder / "train.jsonl", rows), "--model", tiny, "-o", folder / "run", *words)
    return folder / "run"


@pytest.fixture(scope="module")
def served(trained: Path, tagger: Path) -> Iterator[str]:
    """The address of a real service; its runs are called `first` and `second`."""
    words = ("serve", f"first={trained}", f"second={tagger}", "--port", 0, "--precision", "fp32", "--no-reload")
    with begin(*words, stdout=PIPE, stderr=PIPE) as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if "Serving" in line)
        yield line.split(" at ")[1].split(";")[0]
        process.terminate()
        process.communicate()


@pytest.fixture
def door(served: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyDoor]:
    """Before the service; whoever asks does not wait between two attempts."""
    monkeypatch.setattr("bertft.remote.patience.FIRST_PAUSE", 0.0)
    monkeypatch.setattr("bertft.remote.patience.LONGEST_PAUSE", 0.0)
    with faulty_door(served) as found:
        yield found


@pytest.fixture
def rows_to_predict(tmp_path: Path) -> Path:
    """in.csv: 40 rows, the first and another one without a text, and one that a spreadsheet would take for a formula."""
    found = [["r0", "", "x"], *([f"r{n}", text, "=1+1"] for n, text in enumerate(texts(37, seed=5, longest=20), 1))]
    return write_csv(tmp_path / "in.csv", ["id", "text", "note"], [*found, ["r38", "  ", ""], ["id", "text", "note"]])


def same(one: Any, two: Any) -> bool:
    """Equal but for the last digits of numbers, as batches are others."""
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, dict) and isinstance(two, dict):
        return list(one) == list(two) and same(list(one.values()), list(two.values()))
    try:
        return bool(abs(float(one) - float(two)) < 1e-4)
    except (TypeError, ValueError):
        return bool(one == two)


WISHES = [
    (),
    ("--top-k", 2),
    ("--min-probability", 0.5, "--fallback-label", "other", "--prefix", "my_"),
    ("--raw-probabilities",),
]


@pytest.mark.parametrize("wishes", WISHES)
def test_a_service_answers_a_file_as_its_run_does(
    run: Run, trained: Path, door: FaultyDoor, rows_to_predict: Path, wishes: tuple[object, ...]
) -> None:
    there = run("predict", door.url, rows_to_predict, "-o", "there.csv", *wishes)
    here = run("predict", trained, rows_to_predict, "-o", "here.csv", "--precision", "fp32", *wishes)
    assert same(read_csv(Path("there.csv")), read_csv(Path("here.csv")))
    assert "3 rows could not be predicted" in there.err
    assert ("no label that is probable enough" in there.err) == ("less probable than" in here.err)
    assert "Model: first, the first of 2 runs at" in there.err


def test_many_small_requests_give_the_same_file(
    run: Run, door: FaultyDoor, rows_to_predict: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("predict", f"{door.url}/first", rows_to_predict, "-o", "whole.csv")
    monkeypatch.setattr("bertft.remote.service.MOST_ROWS", 3)
    run("predict", f"{door.url}/first", rows_to_predict, "-o", "parts.csv")
    assert same(read_csv(Path("parts.csv")), read_csv(Path("whole.csv")))
    assert max(door.rows_asked()[-10:]) == 3
    assert [row["id"] for row in read_csv(Path("parts.csv"))] == [*(f"r{n}" for n in range(39)), "id"]


@pytest.mark.parametrize("first", [[], ["very", "good"], None])
def test_words_are_answered_as_by_the_run_whatever_the_first_row_is(
    run: Run, tagger: Path, door: FaultyDoor, first: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bertft.remote.service.MOST_ROWS", 4)
    rows = [
        {"tokens": first, "n": 0},
        *({"tokens": text.split(), "n": 1} for text in texts(9)),
        {"tokens": "good film!"},
    ]
    write_jsonl(Path("in.jsonl"), rows)
    run("predict", f"{door.url}/second", "in.jsonl", "-o", "there.jsonl")
    run("predict", tagger, "in.jsonl", "-o", "here.jsonl", "--precision", "fp32")
    assert same(read_jsonl(Path("there.jsonl")), read_jsonl(Path("here.jsonl")))


def test_texts_are_tagged_as_by_the_run(run: Run, tagger: Path, door: FaultyDoor) -> None:
    write_csv(Path("in.csv"), ["doc", "body"], [[n, text] for n, text in enumerate(texts(5))])
    for where, more in (("there", (f"{door.url}/second",)), ("here", (tagger, "--precision", "fp32"))):
        run("predict", *more, "in.csv", "--text", "body", "-o", f"{where}.jsonl")
        run("predict", *more, "in.csv", "--text", "body", "--form", "label-studio", "-o", f"{where}.json")
    assert same(read_jsonl(Path("there.jsonl")), read_jsonl(Path("here.jsonl")))
    assert "words" in read_jsonl(Path("there.jsonl"))[0]
    assert len(json.loads(Path("there.json").read_text())) == 5


def test_a_file_without_rows_gets_its_columns(run: Run, trained: Path, door: FaultyDoor) -> None:
    Path("in.csv").write_text("id,text\n")
    run("predict", door.url, "in.csv", "-o", "there.csv")
    run("predict", trained, "in.csv", "-o", "here.csv")
    assert Path("there.csv").read_bytes() == Path("here.csv").read_bytes()


def test_odd_cells_are_answered_as_by_the_run(run: Run, trained: Path, door: FaultyDoor) -> None:
    cells = ["\ud83d half", 7, 1.5, True, ["a", "list"], {"an": "object"}, None, "\x00\x1b[31m", "text", "é" * 300]
    write_jsonl(Path("in.jsonl"), [])
    Path("in.jsonl").write_text("".join(json.dumps({"text": cell, "id": 1}) + "\n" for cell in cells))
    run("predict", door.url, "in.jsonl", "-o", "there.jsonl")
    run("predict", trained, "in.jsonl", "-o", "here.jsonl", "--precision", "fp32")
    assert same(read_jsonl(Path("there.jsonl")), read_jsonl(Path("here.jsonl")))


def test_only_the_columns_that_are_read_leave_the_machine(run: Run, door: FaultyDoor, rows_to_predict: Path) -> None:
    run("predict", door.url, rows_to_predict, "-o", "there.csv")
    sent = [row for path, _, body in door.asked if path == "/rows" for row in json.loads(body)["rows"]]
    assert {name for row in sent for name in row} == {"text"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--precision", "bf16"), "--precision: no effect on a service"),
        (("--threads", 2), "--threads: no effect on a service"),
        (("--no-fast",), "--fast: no effect on a service"),
        (("--shard", "1/2"), "--shard: parts are for machines"),
        (("--revision", "main"), "--revision main: only for a run on the Hugging Face Hub"),
        (("--verbose",), "--verbose: no effect on a service"),
        (("--scheme", "BIOES"), "scheme does not apply"),
        (("--min-accuracy", 0.9, "--min-probability", 0.5), "leave one of them out"),
        (("--text", "missing"), "no column 'missing'"),
    ],
)
def test_what_cannot_be_done_is_refused(
    run: Run, door: FaultyDoor, rows_to_predict: Path, words: tuple[object, ...], said: str
) -> None:
    assert said in run("predict", door.url, rows_to_predict, "-o", "there.csv", *words, ok=2).err
    assert not Path("there.csv").exists()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://user:secret@127.0.0.1:1", "never from an address"),
        ("http://127.0.0.1:99999", "not an address"),
        ("http://", "not the address"),
        ("http://127.0.0.1:1/a/b", "not the address"),
        ("http://127.0.0.1:1/a?model=b", "not the address"),
        ("http://127.0.0.1:1", "`bertft serve RUN` starts a service"),
    ],
)
def test_an_address_that_is_none_is_refused(run: Run, rows_to_predict: Path, address: str, said: str) -> None:
    heard = run("predict", address, rows_to_predict, ok=2)
    assert said in heard.err
    assert "secret" not in heard.err


def test_a_run_that_is_not_served_is_named_beside_those_that_are(run: Run, served: str, rows_to_predict: Path) -> None:
    assert "the service has first, second" in run("predict", f"{served}/third", rows_to_predict, ok=2).err


def test_no_torch_is_woken(served: str, rows_to_predict: Path) -> None:
    script = (
        f"import sys; sys.argv = ['bertft', 'predict', {served!r}, 'in.csv', '-o', 'out.csv']\n"
        "from bertft.commands.main import main\nmain.__globals__['app'](standalone_mode=False)\n"
        "print([name for name in ('torch', 'transformers', 'accelerate', 'scipy', 'datasets') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert len(read_csv(Path("out.csv"))) == 40


@pytest.mark.parametrize("moods", [[429, 503, 502], ["drop", "drop"], ["half"], [429, "half", 503, "drop", 408]])
def test_a_service_that_is_busy_or_falls_over_is_asked_again(
    run: Run, door: FaultyDoor, rows_to_predict: Path, moods: list[Any]
) -> None:
    run("predict", door.url, rows_to_predict, "-o", "whole.csv")
    asked = len(door.rows_asked())
    door.moods = ["as it is", *moods]
    heard = run("predict", door.url, rows_to_predict, "-o", "again.csv")
    assert same(read_csv(Path("again.csv")), read_csv(Path("whole.csv")))
    assert len(door.rows_asked()) == 2 * asked + len(moods)
    assert heard.err.count("Asking again") == 1


REFUSED = [
    (422, "said with 422"),
    (500, "not the reply of a service"),
    (401, "wants a key, which it reads from BERTFT_API_KEY"),
    (307, "sends on to http://127.0.0.1:9/rows"),
    ("garbage", "not the reply of a service"),
    ("a row less", "36 answers to 37 rows"),
    ("another model", "was replaced by another model"),
    ("other columns", "answers with"),
]


@pytest.mark.parametrize(("mood", "said"), REFUSED)
def test_a_reply_that_is_none_ends_in_words_and_leaves_no_file(
    run: Run, door: FaultyDoor, rows_to_predict: Path, mood: Any, said: str
) -> None:
    door.moods = ["as it is", mood]
    assert said in run("predict", door.url, rows_to_predict, "-o", "out.csv", ok=2).err
    assert not Path("out.csv").exists()


def test_a_service_that_stays_busy_is_given_up(run: Run, door: FaultyDoor, rows_to_predict: Path) -> None:
    door.moods = ["as it is", *[503] * 9]
    assert "asked 9 times in vain" in run("predict", door.url, rows_to_predict, "-o", "out.csv", ok=2).err
    halvings = 5  # 37, 18, 9, 4, 2, 1
    door.moods = ["as it is", *[429] * (3 * halvings + 9)]
    assert "asked 9 times in vain" in run("predict", door.url, rows_to_predict, "-o", "out.csv", ok=2).err


def test_what_is_too_much_at_once_is_asked_in_halves(run: Run, door: FaultyDoor, rows_to_predict: Path) -> None:
    run("predict", door.url, rows_to_predict, "-o", "whole.csv")
    door.asked.clear()
    door.moods = ["as it is", 413, 504, 413]
    run("predict", door.url, rows_to_predict, "-o", "out.csv")
    assert door.rows_asked() == [0, 37, 18, 9, 4, 5, 9, 19]
    assert same(read_csv(Path("out.csv")), read_csv(Path("whole.csv")))
    door.asked.clear()
    door.moods = ["as it is", 429, 429, 429]
    run("predict", door.url, rows_to_predict, "-o", "out.csv")
    assert door.rows_asked() == [0, 37, 37, 37, 18, 19]
    assert same(read_csv(Path("out.csv")), read_csv(Path("whole.csv")))


def test_a_row_that_is_too_much_alone_says_so(run: Run, door: FaultyDoor) -> None:
    write_csv(Path("in.csv"), ["text", "n"], [["good film", 0], ["bad " * 100_000, 1], ["fine dish", 2]])
    heard = run("predict", door.url, "in.csv", "-o", "out.csv")
    rows = read_csv(Path("out.csv"))
    assert [bool(row["predicted_label"]) for row in rows] == [True, False, True]
    assert rows[1]["reason"].startswith("more than the service takes at once: Text 1 has 400,000 characters")
    assert "1 row could not be predicted" in heard.err


def test_a_prediction_that_stopped_is_continued_by_the_same_model_only(
    run: Run, door: FaultyDoor, rows_to_predict: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bertft.jobs.predicting.predict_served.WINDOW", 10)
    run("predict", door.url, rows_to_predict, "-o", "whole.csv")
    door.moods = ["as it is", "as it is", "as it is", 500]
    heard = run("predict", door.url, rows_to_predict, "-o", "out.csv", ok=2)
    assert f"20 rows are kept; continue with: bertft predict {door.url}" in heard.err
    assert not Path("out.csv").exists()
    other = run("predict", f"{door.url}/second", rows_to_predict, "-o", "out.csv", "--resume", ok=2)
    assert "the model changed" in other.err
    door.asked.clear()
    run("predict", door.url, rows_to_predict, "-o", "out.csv", "--resume")
    assert sum(door.rows_asked()) == 18  # of 20 rows: two have no text
    assert same(read_csv(Path("out.csv")), read_csv(Path("whole.csv")))


def test_a_key_goes_to_the_service_and_nowhere_else(
    run: Run, door: FaultyDoor, rows_to_predict: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BERTFT_API_KEY", "sesame-42")
    with faulty_door(door.url) as elsewhere:
        monkeypatch.setenv("http_proxy", elsewhere.url)
        door.moods = ["as it is", 401]
        heard = run("predict", door.url, rows_to_predict, "-o", "out.csv", ok=2)
        assert elsewhere.asked == []
    assert {headers.get("Authorization") for _, headers, _ in door.asked} == {"Bearer sesame-42"}
    assert "does not take the key of BERTFT_API_KEY" in heard.err
    assert "sesame" not in heard.err + heard.out
    monkeypatch.setenv("BERTFT_API_KEY", "a\nHost: b")
    assert "no line breaks" in run("predict", door.url, rows_to_predict, ok=2).err


def test_certificates_are_checked(
    run: Run, door: FaultyDoor, rows_to_predict: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secure = Exchange(address_of(door.url.replace("http", "https")), None)._connection
    assert isinstance(secure, HTTPSConnection)
    assert secure._context.check_hostname  # type: ignore[attr-defined]
    assert secure._context.verify_mode is ssl.CERT_REQUIRED  # type: ignore[attr-defined]
    assert "no reply (" in run("predict", door.url.replace("http", "https"), rows_to_predict, ok=2).err


def test_a_program_asks_a_service_too(door: FaultyDoor, rows_to_predict: Path) -> None:
    import bertft as api

    with pytest.warns(api.errors.BertftWarning, match="3 rows could not be predicted"):
        assert api.predict(door.url, rows_to_predict, output="out.csv", raw=True).rows == 40
    with pytest.raises(api.errors.UsageError, match="With output=FILE a service answers"):
        api.predict(door.url, rows_to_predict)
    with pytest.raises(api.errors.UsageError, match="wanted a run folder"):
        api.load(door.url)
