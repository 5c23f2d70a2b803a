"""Every broken file ends in a right result or in one plain message, through the doors that users use."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from broken_files import FILES
from conftest import Said, forget_accelerator, read_jsonl, write_jsonl
from expected import CLASSES, QUESTIONS, TAGS, Answered, Broken, Expected, Planned, Refused, Turned
from tagged import asked_rows, tagged_rows

from bertft.rows.surrogates import shown
from bertft.wording import counted

Run = Callable[..., Said]
CASES = [
    pytest.param(file, command, wanted, id=f"{command} {file.what}")
    for file in FILES
    for command, wanted in file.ends()
]


@pytest.fixture(scope="session")
def models(trained: Path, tiny: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run of each kind; made once."""
    from outcome import tried

    forget_accelerator()  # whatever test came before in this process
    folder, made = tmp_path_factory.mktemp("models"), {CLASSES: trained}
    for name, rows in ((TAGS, tagged_rows(20)), (QUESTIONS, asked_rows(20, unanswerable=True))):
        data, made[name] = write_jsonl(folder / f"{name}.jsonl", rows), folder / name
        found = tried(
            ["train", data, "--model", tiny, "-o", made[name], "--max-steps", 1, "--precision", "fp32"], limit=60
        )
        assert found.kind == "right", found.said
    return made


@pytest.mark.parametrize(("file", "command", "wanted"), CASES)
def test_a_broken_file_ends_in_a_right_result_or_in_one_message(
    run: Run, models: dict[str, Path], tiny: str, tmp_path: Path, file: Broken, command: str, wanted: Expected
) -> None:
    if "permission" in file.what and os.geteuid() == 0:
        pytest.skip("root may read every file")
    path = file.build(tmp_path)
    said = run(*typed(command, path, file, models, tiny), ok=None)
    if isinstance(wanted, Refused):
        is_refused(said, wanted, path)
        return
    assert said.code == 0, said.err
    if isinstance(wanted, Planned):
        is_planned(said, wanted)
    elif isinstance(wanted, Answered):
        is_answered(read_jsonl(tmp_path / "out.jsonl"), wanted)
    else:
        assert isinstance(wanted, Turned)
        assert [sentence_of(row) for row in read_jsonl(tmp_path / "out.jsonl")] == [*wanted.sentences]


def typed(command: str, path: Path, file: Broken, models: dict[str, Path], tiny: str) -> list[object]:
    flags = file.flags.split()
    if command == "train":
        dry = [] if "--max-steps" in flags else ["--dry-run"]
        return ["train", path, "--model", tiny, "-o", "run", "--precision", "fp32", *dry, *flags]
    if command == "convert":
        return ["convert", path, "-o", "out.jsonl", *flags]
    return [
        command,
        models[file.run],
        path,
        "--precision",
        "fp32",
        *(["-o", "out.jsonl"] if command == "predict" else []),
    ]


def is_refused(said: Said, wanted: Refused, path: Path) -> None:
    """One message, that names the file and fits a screen; nothing half made."""
    assert said.code == 2, said.out + said.err
    message = said.err[said.err.index("Error: ") :]
    assert message.count("Error: ") == 1
    names = ("The input", "The training file", shown(path.name, 40).rstrip("…"))
    assert any(name in message for name in names), message
    assert [part for part in wanted.parts if part not in message] == [], message
    assert "Traceback" not in said.err
    assert len(message) < 3000
    assert said.out == ""
    assert not Path("out.jsonl").exists()


def is_planned(said: Said, wanted: Planned) -> None:
    plan = tomllib.loads(said.out)
    fields, task = plan["data"]["fields"], plan["task"]
    found = (fields["text"], fields["label"], task.get("problem") or task["kind"])
    assert found == (wanted.text, [wanted.label], wanted.task)
    assert f", {counted(wanted.rows, 'row')}" in said.err
    assert wanted.said in said.err


def is_answered(rows: list[dict[str, object]], wanted: Answered) -> None:
    """Rows in = rows out, in order; blank ones with a reason."""
    column = next((name for name in ("text", "question", "tokens", "Text") if rows and name in rows[0]), "")
    assert [text_of(row[column]) for row in rows] == [*wanted.texts]
    for row in rows:
        answer = next(
            row[name] for name in ("predicted_label", "predicted_tags", "no_answer_probability") if name in row
        )
        assert (answer is None) == bool(row["reason"]), row


def text_of(cell: object) -> str:
    if isinstance(cell, list | dict):
        return json.dumps(cell, ensure_ascii=False, separators=(",", ":"))
    return "" if cell is None else str(cell).lower() if isinstance(cell, bool) else str(cell)


def sentence_of(row: dict[str, list[str]]) -> str:
    return " | ".join(f"{word} {tag}" for word, tag in zip(row["tokens"], row["tags"], strict=True))


def test_there_are_enough_of_them_and_each_is_tried() -> None:
    assert len({file.what for file in FILES}) == len(FILES) >= 60
    assert [file.what for file in FILES if not list(file.ends())] == []
