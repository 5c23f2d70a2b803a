"""`predict --shard` and `gather`: the parts together are the bytes of one prediction, and nothing else is gathered."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas
import pytest
from conftest import PowerFails, Said, read_csv, texts, write_csv
from predicted import OUTPUTS, inputs, other_runs

from bertft.engine import answerer
from bertft.rows.shard import Deal, Shard
from bertft.writing import Part

Run = Callable[..., Said]
FLAGS = ("--precision", "fp32", "--quiet")


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answerer, "WINDOW", 8)


@pytest.fixture
def runs(trained: Path, tiny: str) -> dict[str, Path]:
    return {"texts": trained, **other_runs(tiny)}


def predict_parts(run: Run, count: int, *words: object, ending: str, folder: str = "parts") -> list[str]:
    names = [f"{folder}/{number}.{ending}" for number in range(1, count + 1)]
    for number, name in enumerate(names, start=1):
        run("predict", *words, "-o", name, "--shard", f"{number}/{count}", "--quiet")
    return names


_made: list[Path] = []


@pytest.fixture
def three(run: Run, trained: Path, small_windows: None, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Three parts of in.csv, and the whole in whole.csv; a copy of those that were made once."""
    if not _made:
        data = inputs("texts")
        run("predict", trained, data, *FLAGS, "-o", "whole.csv")
        predict_parts(run, 3, trained, data, *FLAGS, ending="csv")
        _made.append(tmp_path_factory.mktemp("three"))
        shutil.copytree(".", _made[0], dirs_exist_ok=True)
    shutil.copytree(_made[0], ".", dirs_exist_ok=True)
    return [f"parts/{number}.csv" for number in (1, 2, 3)]


@pytest.mark.parametrize(
    ("total", "count", "block"), [(0, 1, 4), (1, 3, 4), (17, 2, 4), (16, 4, 4), (50, 7, 1), (33, 3, 8)]
)
def test_each_row_is_dealt_once_and_counted(total: int, count: int, block: int) -> None:
    shards = [Shard(number, count, block) for number in range(1, count + 1)]
    deals = [Deal(iter(range(total)), shard, lambda row: None) for shard in shards]
    dealt = [list(deal) for deal in deals]
    assert sorted(row for rows in dealt for row in rows) == list(range(total))
    assert [len(rows) for rows in dealt] == [shard.rows_of(total) for shard in shards]
    assert [deal.total for deal in deals] == [total] * count


@pytest.mark.usefixtures("small_windows")
@pytest.mark.parametrize(("kind", "output", "flags"), OUTPUTS, ids=[f"{kind} {name}" for kind, name, _ in OUTPUTS])
def test_gathered_parts_are_the_bytes_of_one_prediction(
    run: Run, runs: dict[str, Path], kind: str, output: str, flags: Sequence[str]
) -> None:
    data, ending = inputs(kind), output.partition(".")[2]
    run("predict", runs[kind], data, *flags, "--quiet", "-o", f"whole/{output}")
    parts = predict_parts(run, 3, runs[kind], data, *flags, ending=ending)
    random.Random(output).shuffle(parts)
    assert "100 rows from 3 parts" in run("gather", *parts, "-o", output).err
    assert Path(output).read_bytes() == Path("whole", output).read_bytes()


@pytest.mark.usefixtures("small_windows")
@pytest.mark.parametrize(("ending", "rows"), [("csv", 0), ("json", 0), ("jsonl.gz", 0), ("json", 1), ("csv.gz", 9)])
def test_parts_of_one_row_or_none_are_parts_too(run: Run, trained: Path, ending: str, rows: int) -> None:
    data = write_csv(Path("in.csv"), ["id", "text"], [(f"a\n{n}", text) for n, text in enumerate(texts(rows))])
    run("predict", trained, data, "--quiet", "-o", f"whole.{ending}")
    run("gather", *predict_parts(run, 3, trained, data, ending=ending), "-o", f"out.{ending}")
    assert Path(f"out.{ending}").read_bytes() == Path(f"whole.{ending}").read_bytes()


@pytest.mark.usefixtures("small_windows")
def test_documents_that_reach_over_the_ends_of_blocks_begin_once(run: Run, runs: dict[str, Path]) -> None:
    """Each of seven rows, in blocks of eight; then none in some rows, and the same in all others."""
    for name, document in {"sevens": lambda n: n // 7, "late": lambda n: "d" if n > 20 else None}.items():
        rows = [json.loads(line) for line in Path(inputs("words")).read_text().splitlines()]
        lines = [json.dumps({**row, "document": document(n)}) + "\n" for n, row in enumerate(rows)]
        Path("in.jsonl").write_text("".join(lines))
        run("predict", runs["words"], "in.jsonl", "--quiet", "-o", f"{name}.conll")
        assert "-DOCSTART-" in Path(f"{name}.conll").read_text()
        run("gather", *predict_parts(run, 3, runs["words"], "in.jsonl", ending="conll", folder=name), "-o", "out.conll")
        assert Path("out.conll").read_bytes() == Path(f"{name}.conll").read_bytes()


@pytest.mark.usefixtures("small_windows")
def test_parts_that_chose_other_columns_are_gathered_as_it_is_advised(run: Run, runs: dict[str, Path]) -> None:
    """A note that only the first part has for each word."""
    rows = [json.loads(line) for line in Path(inputs("words")).read_text().splitlines()]
    notes = [["x"] * len(row["tokens"]) if n // 8 % 2 == 0 else "none" for n, row in enumerate(rows)]
    lines = [json.dumps({**row, "note": note}) + "\n" for row, note in zip(rows, notes, strict=True)]
    Path("in.jsonl").write_text("".join(lines))
    run("predict", runs["words"], "in.jsonl", "--quiet", "-o", "whole.conll")
    said = run("gather", *predict_parts(run, 2, runs["words"], "in.jsonl", ending="conll"), "-o", "x.conll", ok=2).err
    assert "parts/2.conll has the columns tokens, tags, predicted_tags, parts/1.conll has tokens, note, tags" in said
    found = re.search(r"bertft (convert WHOLE.jsonl -o WHOLE.conll)", said)
    assert found
    run("gather", *predict_parts(run, 2, runs["words"], "in.jsonl", ending="jsonl"), "-o", "WHOLE.jsonl")
    run(*found[1].split())
    one, other = (Path(name).read_text().splitlines() for name in ("whole.conll", "WHOLE.conll"))
    assert [(line.split()[:1], line.split()[-2:]) for line in one] == [
        (line.split()[:1], line.split()[-2:]) for line in other
    ]


@pytest.mark.usefixtures("small_windows")
@pytest.mark.parametrize("ending", ["parquet", "xlsx"])
def test_a_file_of_columns_or_sheets_is_dealt_too(run: Run, trained: Path, ending: str) -> None:
    rows = [(f"row {n}", "" if n % 9 == 0 else text) for n, text in enumerate(texts(50))]
    frame = pandas.DataFrame(rows, columns=["id", "text"])
    frame.to_parquet("in.parquet") if ending == "parquet" else frame.to_excel("in.xlsx", index=False)
    run("predict", trained, f"in.{ending}", "--quiet", "-o", "whole.csv")
    run("gather", *predict_parts(run, 3, trained, f"in.{ending}", ending="csv"), "-o", "out.csv")
    assert Path("out.csv").read_bytes() == Path("whole.csv").read_bytes()
    assert [row["id"] for row in read_csv(Path("out.csv"))] == [name for name, _ in rows]


@pytest.mark.usefixtures("small_windows")
@pytest.mark.parametrize("ending", ["csv", "json.gz"])
def test_a_part_that_was_cut_off_goes_on(run: Run, trained: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    data = inputs("texts")
    run("predict", trained, data, "--quiet", "-o", f"whole.{ending}")
    parts = predict_parts(run, 2, trained, data, ending=ending)
    before = [(Path(part).read_bytes(), Path(f"{part}.shard.json").read_text()) for part in parts]
    words = ("predict", trained, data, "--shard", "2/2", "-o", "again/2." + ending)
    whole = Part.write
    left = [30]

    def write(self: Part, content: bytes) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise PowerFails
        whole(self, content)

    with monkeypatch.context() as here:
        here.setattr(Part, "write", write)
        with pytest.raises(PowerFails):
            run(*words)
    unfinished = run("gather", parts[0], f"again/2.{ending}", "-o", "out.csv", ok=2)
    assert f"again/2.{ending}: unfinished. Run its `bertft predict` again with --resume." in unfinished.err
    other = run(*words[:4], "1/2", *words[5:], "--resume", ok=2)
    assert "but the part changed" in other.err
    run(*words, "--resume")
    assert (Path(f"again/2.{ending}").read_bytes(), Path(f"again/2.{ending}.shard.json").read_text()) == before[1]
    assert "this part is whole already" in run(*words, "--resume").err


def test_a_part_that_is_killed_before_it_takes_its_place_goes_on(
    run: Run, three: list[str], trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its note lies there already, beside the part of an earlier prediction."""
    words = ("predict", trained, "in.csv", *FLAGS, "--shard", "2/3", "-o", three[1])
    Path(three[1]).write_text("an earlier one")

    def fail(*_: object) -> None:
        raise PowerFails

    with monkeypatch.context() as here:
        here.setattr("bertft.writing.part.os.replace", fail)
        here.setattr("bertft.system.files.os.replace", os.replace)
        with pytest.raises(PowerFails):
            run(*words)
    assert "Copy both again" in run("gather", *three, "-o", "out.csv", ok=2).err
    run(*words, "--resume")
    run("gather", *three, "-o", "out.csv")
    assert Path("out.csv").read_bytes() == Path("whole.csv").read_bytes()


def test_what_is_missing_or_there_twice_is_refused(run: Run, three: list[str], trained: Path) -> None:
    assert "Parts are missing: 2/3 of in.csv." in run("gather", three[0], three[2], "-o", "out.csv", ok=2).err
    shutil.copytree("parts", "copied")
    said = run("gather", *three, "copied/2.csv", "-o", "out.csv", ok=2)
    assert "parts/2.csv and copied/2.csv are both part 2/3" in said.err
    run("gather", three[0], "copied/2.csv", three[2], "-o", "out.csv")
    assert Path("out.csv").read_bytes() == Path("whole.csv").read_bytes()
    Path("copied/1.csv.shard.json").unlink()
    said = run("gather", "copied/1.csv", *three[1:], "-o", "lost.csv", ok=2)
    assert "copied/1.csv: 1.csv.shard.json is not beside it" in said.err
    assert "nothing.csv: no such file" in run("gather", "nothing.csv", *three[1:], "-o", "lost.csv", ok=2).err
    assert not Path("lost.csv").exists()


CHANGES = {
    "another input": ("the input (other.csv, in.csv)", ("other.csv",)),
    "another option": ("the options", ("in.csv", "--top-k", "2")),
    "another precision": ("the precision (bf16, no)", ("in.csv", "--precision", "bf16")),
    "another split": ("is part 1/3", ("in.csv", "--shard", "2/4")),
    "other blocks": ("different --shard-rows (4, 8)", ("in.csv", "--shard-rows", "4")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_part_of_another_prediction_is_refused(run: Run, three: list[str], trained: Path, change: str) -> None:
    shutil.copy("in.csv", "other.csv")
    with Path("other.csv").open("a") as file:
        file.write("x,one more\n")
    said, words = CHANGES[change]
    run("predict", trained, "--shard", "2/3", *FLAGS, *words, "-o", three[1])
    assert said in run("gather", *three, "-o", "out.csv", ok=2).err
    assert not Path("out.csv").exists()


def test_a_part_of_another_model_is_refused(run: Run, three: list[str], trained: Path) -> None:
    shutil.copytree(trained, "run")
    content = Path("run/model.safetensors").read_bytes()
    Path("run/model.safetensors").write_bytes(content[:-4] + b"\0\0\0\0")
    run("predict", "run", "in.csv", "--shard", "2/3", *FLAGS, "-o", three[1])
    assert "differ in the model." in run("gather", *three, "-o", "out.csv", ok=2).err


def test_a_part_that_a_graph_answered_is_another_prediction() -> None:
    from types import SimpleNamespace
    from typing import Any

    from bertft.graph import GraphNetwork
    from bertft.jobs.predicting.prediction_file import identity
    from bertft.jobs.requests import PredictRequest

    networks: list[Any] = [GraphNetwork(SimpleNamespace(get_inputs=list, get_outputs=list), None, {}, None), None]
    asked, device = PredictRequest(run=".", input=inputs("texts")), SimpleNamespace(mixed_precision="fp32")
    answerers: list[Any] = [SimpleNamespace(network=network, accelerator=device) for network in networks]
    graph, torch = (identity(asked, answerer) for answerer in answerers)
    assert {name for name in graph if graph[name] != torch[name]} == {"the backend"}


def test_a_part_that_was_changed_after_its_note_is_refused(run: Run, three: list[str]) -> None:
    Path("out.csv").write_text("as it was")
    content = Path(three[1]).read_bytes()
    for changed in (content[:-1], content + b"x", content[:-2] + b"8\n", b"", content[:50] + b"\n" + content[51:]):
        Path(three[1]).write_bytes(changed)
        assert f"{three[1]}: " in run("gather", *three, "-o", "out.csv", ok=2).err
    assert Path("out.csv").read_text() == "as it was"
    assert sorted(os.listdir()) == ["in.csv", "out.csv", "parts", "whole.csv"]


@pytest.mark.usefixtures("small_windows")
def test_a_zipped_part_that_was_changed_is_refused(run: Run, trained: Path) -> None:
    parts = predict_parts(run, 2, trained, inputs("texts"), ending="csv.gz")
    content = Path(parts[1]).read_bytes()
    for at in (5, 40, len(content) // 2, len(content) - 3):
        Path(parts[1]).write_bytes(content[:at] + bytes([content[at] ^ 255]) + content[at + 1 :])
        assert "not the file that its note was written for" in run("gather", *parts, "-o", "out.csv", ok=2).err
    Path(parts[1]).write_bytes(content)
    run("gather", *parts, "-o", "out.csv")
    run("gather", *parts, "-o", "out.csv.gz")
    assert gzip.decompress(Path("out.csv.gz").read_bytes()) == Path("out.csv").read_bytes()


WRONG: list[dict[str, object]] = [
    *({"number": 0}, {"blocks": [1]}, {"blocks": "ab"}, {"total": -1}, {"count": True}, {"version": 2}, {"more": 1}),
    *(
        {"head": 1.5},
        {"made_of": {"the input": 1}},
        {"documents": [[1, 2]]},
        {"block": 0},
        {"window": 0},
        {"window": 12},
    ),
]


def test_a_note_that_makes_no_sense_is_refused(run: Run, three: list[str]) -> None:
    path = Path(f"{three[1]}.shard.json")
    good = json.loads(path.read_text())
    wrong = [json.dumps({**good, **change}) for change in WRONG]
    for content in (*wrong, "", "[]", "null", "{}", "[" * 100_000, "\x00"):
        path.write_text(content)
        assert "2.csv.shard.json: not a note" in run("gather", *three, "-o", "out.csv", ok=2).err, content


@pytest.mark.usefixtures("small_windows")
def test_a_pattern_that_takes_in_the_notes_means_the_parts(run: Run, trained: Path) -> None:
    data = inputs("texts")
    run("predict", trained, data, "--quiet", "-o", "whole.json")
    parts = predict_parts(run, 2, trained, data, ending="json")
    for pattern in ("*.json", "*"):
        named = sorted(map(str, Path("parts").glob(pattern)))
        assert len(named) == 4
        run("gather", *named, "-o", "out.json")
        assert Path("out.json").read_bytes() == Path("whole.json").read_bytes()
    said = run("gather", *(f"{part}.shard.json" for part in parts), "-o", "out.json", ok=2).err
    assert "1.json.shard.json is a note: name the part that lies beside it" in said


def test_what_the_gathered_file_may_not_be(run: Run, three: list[str]) -> None:
    assert "is one of the parts" in run("gather", *three, "-o", three[0], ok=2).err
    assert "Name a .csv file" in run("gather", *three, "-o", "out.jsonl", ok=2).err
    assert "Name a file with -o" in run("gather", *three, "-o", "-", ok=2).err


@pytest.mark.parametrize("shard", ["0/3", "4/3", "3", "a/b", "1/0", "-1/3", "1/3/5", "", "1.5/3"])
def test_a_part_that_cannot_be_is_refused(run: Run, trained: Path, shard: str) -> None:
    assert (
        "wanted PART/PARTS" in run("predict", trained, inputs("texts"), f"--shard={shard}", "-o", "out.csv", ok=2).err
    )


def test_flags_of_parts_that_have_no_use_are_refused(run: Run, trained: Path) -> None:
    words = ("predict", trained, inputs("texts"), "-o")
    assert "no effect without --shard" in run(*words, "out.csv", "--shard-rows", 8, ok=2).err
    assert "a power of two from 1 to 4,096" in run(*words, "out.csv", "--shard", "1/2", "--shard-rows", 9, ok=2).err
    assert "Name the file with -o" in run(*words, "-", "--shard", "1/2", ok=2).err
    said = run("predict", trained, "-", "-o", "out.csv", "--shard", "1/2", ok=2)
    assert "- is no file" in said.err


def test_a_part_without_rows_says_why(run: Run, trained: Path) -> None:
    words = ("predict", trained, inputs("texts"), "--shard", "2/2", "-o", "out.csv")
    assert "part 2/2 is empty: rows are dealt in blocks of 4,096" in run(*words).err
    run(*words, "--shard-rows", 32)
    assert [row["id"] for row in read_csv(Path("out.csv"))][:2] == ["'=32", "'=33"]


@pytest.mark.usefixtures("small_windows", "fresh_accelerator")
def test_parts_from_python(trained: Path) -> None:
    import bertft
    from bertft.errors import UsageError

    data = inputs("texts")
    bertft.predict(trained, data, output="whole.csv")
    for number in (1, 2):
        found = bertft.predict(trained, data, output=f"{number}.csv", shard=f"{number}/2")
        assert found.rows == {1: 52, 2: 48}[number]
    gathered = bertft.gather(["2.csv", Path("1.csv")], output=Path("out.csv"))
    assert (gathered.rows, gathered.parts, gathered.unanswered) == (100, 2, 12)
    assert Path("out.csv").read_bytes() == Path("whole.csv").read_bytes()
    with pytest.raises(UsageError, match="a list of files"):
        bertft.gather("1.csv", output="out.csv")
