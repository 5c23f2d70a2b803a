"""`predict --resume`: rows neither lost nor doubled, the same bytes as if nothing had happened."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import prepared
import pytest
from conftest import HANGING, PowerFails, Said, texts, write_csv
from predicted import OUTPUTS, inputs, other_runs

from bertft.engine import answerer
from bertft.system.locks import locked_file
from bertft.writing import Part

Run = Callable[..., Said]


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answerer, "WINDOW", 8)


@pytest.fixture
def runs(trained: Path, tiny: str) -> dict[str, Path]:
    return {"texts": trained, **other_runs(tiny)}


def fail_at(monkeypatch: pytest.MonkeyPatch, call: int, problem: BaseException | None = None) -> None:
    """The power fails in that call of Part.write, or something else does."""
    whole, left = Part.write, [call]

    def write(self: Part, content: bytes) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise problem or PowerFails
        whole(self, content)

    monkeypatch.setattr(Part, "write", write)


@pytest.mark.usefixtures("small_windows")
@pytest.mark.parametrize(("kind", "output", "flags"), OUTPUTS, ids=[f"{kind} {name}" for kind, name, _ in OUTPUTS])
def test_a_prediction_cut_off_anywhere_ends_in_the_same_bytes(
    run: Run, runs: dict[str, Path], monkeypatch: pytest.MonkeyPatch, kind: str, output: str, flags: Sequence[str]
) -> None:
    words = ("predict", runs[kind], inputs(kind), *flags, "-o")
    whole = run(*words, f"whole/{output}")
    chance = random.Random(output)
    for attempt in range(2):
        name = f"parts-{attempt}/{output}"
        for at in sorted(chance.sample(range(2, 60), k=2)):
            with monkeypatch.context() as here:
                fail_at(here, at)
                with pytest.raises(PowerFails):
                    run(*words, name, "--resume")
            assert not Path(name).exists()
        said = run(*words, name, "--resume")
        assert Path(name).read_bytes() == Path("whole", output).read_bytes()
        assert os.listdir(Path(name).parent) == [output]
        assert [line for line in said.err.splitlines() if "could not be" in line or "spreadsheet" in line] == [
            line.replace("whole/", f"parts-{attempt}/")
            for line in whole.err.splitlines()
            if "could not be" in line or "spreadsheet" in line
        ]


@pytest.mark.usefixtures("small_windows")
def test_context_reaches_over_the_place_where_it_stopped(run: Run, tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tagger that reads its neighbours has to see those that were answered before."""
    data = inputs("words")
    flags = ("--crf", "--context", "document", "--max-steps", 4, "--precision", "fp32")
    run("train", data, "--model", tiny, *flags, "-o", "run")
    words = ("predict", "run", data, "-o")
    run(*words, "whole.jsonl")
    with monkeypatch.context() as here:
        fail_at(here, 30)
        with pytest.raises(PowerFails):
            run(*words, "out.jsonl")
    run(*words, "out.jsonl", "--resume")
    assert Path("out.jsonl").read_bytes() == Path("whole.jsonl").read_bytes()


def begin_and_fail(run: Run, monkeypatch: pytest.MonkeyPatch, *words: object, at: int = 30) -> None:
    with monkeypatch.context() as here:
        fail_at(here, at)
        with pytest.raises(PowerFails):
            run(*words)


@pytest.mark.usefixtures("small_windows")
@pytest.mark.parametrize("changed", ["input", "model", "tokenizer", "option", "precision"])
def test_going_on_from_something_else_is_refused(
    run: Run, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    import shutil

    shutil.copytree(trained, "run")
    data = inputs("texts")
    begin_and_fail(run, monkeypatch, "predict", "run", data, "-o", "out.csv", "--precision", "fp32")
    before = Path(".out.csv.part").read_bytes()
    if changed == "input":
        Path(data).write_text(Path(data).read_text() + "x,one more\n")
    if changed == "model":
        content = Path("run/model.safetensors").read_bytes()
        Path("run/model.safetensors").write_bytes(content[:-4] + b"\0\0\0\0")
    if changed == "tokenizer":
        tokens = json.loads(Path("run/tokenizer.json").read_text())
        tokens["model"]["vocab"] |= {"good": tokens["model"]["vocab"]["bad"], "bad": tokens["model"]["vocab"]["good"]}
        Path("run/tokenizer.json").write_text(json.dumps(tokens))
    flags = (
        "--precision",
        "bf16" if changed == "precision" else "fp32",
        *(("--top-k", 2) if changed == "option" else ()),
    )
    said = run("predict", "run", data, "-o", "out.csv", "--resume", *flags, ok=2)
    named = {"tokenizer": "the model", "option": "the options"}.get(changed, f"the {changed}")
    assert f"out.csv: --resume continues the same file, but {named} changed." in said.err
    assert Path(".out.csv.part").read_bytes() == before
    said = run("predict", "run", data, "-o", "out.csv", *flags)
    assert "out.csv: 24 rows of an interrupted command are discarded; --resume would keep them." in said.err
    assert not list(Path().glob(".out*"))


def test_every_flag_that_shapes_the_answer_is_remembered() -> None:
    """What is not: where to write, how to compute and how much to say."""
    from dataclasses import fields

    from bertft.jobs.predicting.prediction_file import SHAPING
    from bertft.jobs.requests import PredictRequest

    others = {"run", "input", "output", "precision", "backend", "machine", "resume", "command", "shard", "shard_rows"}
    others.add("most_columns")  # refuses a file as a whole
    assert set(SHAPING) == {field.name for field in fields(PredictRequest)} - others


def test_a_part_without_its_own_note_is_not_gone_on_with(
    run: Run, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two predictions were killed, the second one before its first mark: the first one's note is not about its rows."""
    monkeypatch.setattr(Part, "abandon", lambda self, problem: self._file.close())  # killed: nobody cleans up
    words = ("predict", trained, inputs("texts"), "-o")
    monkeypatch.setattr(answerer, "WINDOW", 8)
    begin_and_fail(run, monkeypatch, *words, "out.csv", "--top-k", 2, at=20)
    monkeypatch.setattr(answerer, "WINDOW", 80)
    run(*words, "whole.csv", "--top-k", 2)
    begin_and_fail(run, monkeypatch, *words, "out.csv", at=80)
    assert Path(".out.csv.part").stat().st_size > 0
    said = run(*words, "out.csv", "--top-k", 2, "--resume")
    assert "it starts from the beginning" in said.err
    assert Path("out.csv").read_bytes() == Path("whole.csv").read_bytes()


@pytest.mark.usefixtures("small_windows")
@pytest.mark.parametrize("note", ["{}", "[]", "{broken", '{"rows": "8", "bytes": 10}', '{"rows": -1, "bytes": -1}'])
def test_a_damaged_note_begins_anew(run: Run, trained: Path, monkeypatch: pytest.MonkeyPatch, note: str) -> None:
    words = ("predict", trained, inputs("texts"), "-o", "out.csv")
    begin_and_fail(run, monkeypatch, *words)
    good = json.loads(Path(".out.csv.part.json").read_text())
    kept = {**good, **json.loads(note)} if note.startswith('{"') else None
    Path(".out.csv.part.json").write_text(json.dumps(kept) if kept else note)
    assert "it starts from the beginning" in run(*words, "--resume").err
    assert len(Path("out.csv").read_text().splitlines()) == 101


@pytest.mark.usefixtures("small_windows")
def test_a_mistake_in_the_input_leaves_nothing_behind(run: Run, trained: Path) -> None:
    lines = [f'{{"text": "{text}"}}\n' for text in texts(60)]
    Path("in.jsonl").write_text("".join([*lines[:40], "{broken\n", *lines[40:]]))
    said = run("predict", trained, "in.jsonl", "-o", "out.jsonl", ok=2)
    assert "in.jsonl:41" in said.err
    assert [path.name for path in Path().iterdir()] == ["in.jsonl"]


def test_what_cannot_be_gone_on_with_is_refused(run: Run, trained: Path) -> None:
    data = inputs("texts")
    assert "--resume needs files: a stream as output" in run("predict", trained, data, "--resume", ok=2).err
    os.mkfifo("pipe")
    assert "--resume needs files" in run("predict", trained, data, "-o", "pipe", "--resume", ok=2).err


def test_without_anything_to_go_on_with_it_begins(run: Run, trained: Path) -> None:
    data = inputs("texts")
    run("predict", trained, data, "-o", "whole.csv")
    for why in (
        "nothing to resume",
        "whole already, so there is nothing to resume",
    ):  # a job that is started again
        said = run("predict", trained, data, "-o", "out.csv", "--resume")
        assert f"out.csv: {why}; it starts from the beginning." in said.err
        assert Path("out.csv").read_bytes() == Path("whole.csv").read_bytes()


def test_what_is_refused_leaves_nothing_behind(run: Run, trained: Path) -> None:
    data = inputs("texts")
    assert "--format squad" in run("predict", trained, data, "-o", "out.json", "--format", "squad", ok=2).err
    run("predict", trained, data, "-o", "out.nonsense", ok=2)
    assert os.listdir() == ["in.csv"]


@pytest.mark.parametrize("output", ["out.jsonl.gz", "out.csv.gz", "out.json.gz"])
def test_no_rows_make_a_gzip_file_too(run: Run, trained: Path, output: str) -> None:
    write_csv(Path("in.csv"), ["id", "text"], [])
    run("predict", trained, "in.csv", "-o", output)
    assert Path(output).read_bytes().startswith(b"\x1f\x8b")  # gunzip takes no empty file
    gzip.decompress(Path(output).read_bytes())


def test_a_long_name_is_no_obstacle(run: Run, trained: Path) -> None:
    name = "名" * 80 + ".csv"  # 244 bytes of the 255 that a name may have
    run("predict", trained, inputs("texts"), "-o", name)
    assert sorted(os.listdir()) == ["in.csv", name]


@pytest.mark.usefixtures("small_windows")
@pytest.mark.parametrize("problem", [MemoryError(), RuntimeError("CUDA error: unspecified launch failure")])
def test_whatever_ends_it_one_hears_what_is_kept(
    run: Run, trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], problem: Exception
) -> None:
    words = ("predict", trained, inputs("texts"), "-o", "out.csv")
    with monkeypatch.context() as here:
        fail_at(here, 30, problem)
        with pytest.raises(type(problem)):
            run(*words)
    assert "24 rows are kept; continue with: bertft predict " in capsys.readouterr().err
    run(*words, "--resume")


def test_a_stop_at_the_very_end_leaves_a_whole_file(run: Run, trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The signal comes between the new name and the removal of the note."""
    monkeypatch.setattr(answerer, "WINDOW", 8)
    monkeypatch.setattr("bertft.writing.part.flush_folder", lambda folder: os.kill(os.getpid(), signal.SIGTERM))
    said = run("predict", trained, inputs("texts"), "-o", "out.csv", ok=143)
    assert "are kept" not in said.err
    assert sorted(os.listdir()) == ["in.csv", "out.csv"]


def test_two_predictions_into_one_file_do_not_mix(run: Run, trained: Path) -> None:
    data = inputs("texts")
    with locked_file(Path("out.csv").resolve()):
        said = run("predict", trained, data, "-o", "out.csv", ok=2)
    assert f"process {os.getpid()} on " in said.err
    assert "is writing it. Wait for it, or choose another file with -o." in said.err
    run("predict", trained, data, "-o", "out.csv")
    assert sorted(path.name for path in Path().iterdir()) == ["in.csv", "out.csv"]


SMALL = """
from bertft.commands.main import main
from bertft.engine import answerer
answerer.WINDOW = 8
main()
"""


STOPPED = """
import os, sys, threading
from bertft.engine.answerer import Answerer

whole, windows, number = Answerer.answer, int(sys.argv.pop(1)), int(sys.argv.pop(1))

def predict_window(*words):
    global windows
    windows -= 1
    if windows == 0:
        threading.Thread(target=os.kill, args=(os.getpid(), number)).start()
    return whole(*words)

Answerer.answer = predict_window
"""
"""Before SMALL: a signal in one of the windows, from a thread of its own, so that it comes anywhere in the work."""


def begin(*words: object, script: str = SMALL, **limits: int) -> subprocess.Popen[str]:
    """The command with small windows, in a process of its own."""
    return prepared.begin(*words, script=script, limits=limits, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def many(count: int = 2000) -> Path:
    return write_csv(Path("many.csv"), ["id", "text"], list(enumerate(texts(count, longest=30))))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_real_process_that_is_stopped_can_be_gone_on_with(run: Run, trained: Path, number: int) -> None:
    words = ("predict", trained, many(), "-o")
    chance = random.Random(number)
    for _ in range(2):
        process = begin(
            *(chance.randint(2, 60), int(number), *words, "out.csv", "--resume"),
            script=STOPPED + SMALL,
        )
        said = process.communicate(timeout=HANGING)[1]
        assert process.returncode == {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}[number], said
        if number != signal.SIGKILL:
            assert " rows are kept; continue with: bertft " in said
            assert said.rstrip().endswith("-o out.csv --resume")
    process = begin(*words, "out.csv", "--resume")
    assert process.wait(timeout=HANGING) == 0
    assert Path("out.csv").read_text().count("\n") == 2001
    ids = [line.split(",")[0] for line in Path("out.csv").read_text().splitlines()[1:]]
    assert ids == [str(n) for n in range(2000)]
    assert not list(Path().glob(".out*"))


def test_a_full_disk_keeps_what_is_done(run: Run, trained: Path) -> None:
    words = ("predict", trained, many(600), "-o", "out.csv")
    process = begin(*words, RLIMIT_FSIZE=20_000)
    said = process.communicate(timeout=HANGING)[1]
    assert process.returncode == 2
    assert said.count("Error: ") == 1
    assert "out.csv: cannot be written (File too large)." in said
    assert " rows are kept; continue with: bertft predict " in said
    assert not Path("out.csv").exists()
    assert begin(*words, "--resume").wait(timeout=HANGING) == 0
    assert [line.split(",")[0] for line in Path("out.csv").read_text().splitlines()[1:]] == [str(n) for n in range(600)]
