"""No file is published that names a place on this machine; what only looks like one is no reason to refuse a run."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Said

from bertft.errors import UsageError
from bertft.jobs.hub.public_files import public_files

NAME = "someone/reviews"
Run = Callable[..., Said]


@pytest.fixture
def mine(trained: Path, tmp_path: Path) -> Path:
    return shutil.copytree(trained, tmp_path / "data" / "models" / "mine")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "me"
    monkeypatch.setenv("HOME", str(folder))
    return folder


def test_an_export_is_published_from_a_home_that_holds_the_libraries(
    run: Run, graph: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(Path(sys.prefix).parent))
    shown = json.loads(run("push", graph, NAME, "--dry-run", "--json").out)
    assert "model.onnx" in {file["name"] for file in shown["files"]}


BEFORE = ["", "See ", '"', "(", "=", ":", "path:", r"one\n", "file://", "file://localhost", "\n"]


@pytest.mark.parametrize("before", BEFORE)
def test_a_path_is_found_wherever_one_begins(before: str, mine: Path, home: Path) -> None:
    card = mine / "README.md"
    whole = card.read_text(encoding="utf-8")
    for place in (home, mine, mine.parent, "/home/somebody", "/Users/somebody"):
        card.write_text(f"{whole}\n{before}{place}/notes.txt", encoding="utf-8")
        with pytest.raises(UsageError, match=r"README\.md:\d+: names a place"):
            public_files(mine, NAME)


def test_an_address_or_the_end_of_a_path_is_no_place(mine: Path, home: Path) -> None:
    places = (home, mine, mine.parent, "/home/page", "/Users/guide")
    words = [
        f"{before}{place}/notes.txt" for place in places for before in ("https://example.com", "..", "x", "a-", "/")
    ]
    with (mine / "README.md").open("a", encoding="utf-8") as file:
        file.write("\n".join(words))
    assert public_files(mine, NAME)


def test_a_folder_at_the_root_is_only_a_word(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`/models/` stands in many a card; a home at the root is a home all the same."""
    monkeypatch.setattr(Path, "resolve", lambda self, strict=False: Path("/models/mine") if self == mine else self)
    card = mine / "README.md"
    whole = card.read_text(encoding="utf-8")
    card.write_text(f"{whole}\nSee /models/other and /tmp/x.", encoding="utf-8")
    assert public_files(mine, NAME)
    card.write_text(f"{whole}\nSee /models/mine/other.", encoding="utf-8")
    with pytest.raises(UsageError, match="names a place"):
        public_files(mine, NAME)
    card.write_text(f"{whole}\nSee /root/other.", encoding="utf-8")
    monkeypatch.setenv("HOME", "/root")
    with pytest.raises(UsageError, match="names a place"):
        public_files(mine, NAME)


def test_a_place_in_a_graph_is_found_behind_any_byte(mine: Path, home: Path) -> None:
    """Its texts stand behind their lengths: behind that of one with 110 letters, an n."""
    (mine / "model.onnx").write_bytes(f"xn{home}/venv/torch.py".encode())
    with pytest.raises(UsageError, match=r"Export the run again: bertft export RUN -o OTHER$"):
        public_files(mine, NAME)


def test_weights_with_a_note_are_written_again_as_it_is_advised(run: Run, mine: Path, home: Path) -> None:
    from safetensors.torch import load_file, save_file

    path = mine / "model.safetensors"
    before = load_file(path)
    save_file(before, path, metadata={"format": "pt", "made_from": f"{home}/bert.ckpt"})
    said = run("push", mine, NAME, "--dry-run", ok=2).err
    found = re.search(r"notes: (python -c .*)", said)
    assert found
    exec(shlex.split(found[1])[2], {})  # a process of its own would load torch again
    after = load_file(path)
    assert {name: values.tolist() for name, values in before.items()} == {
        name: values.tolist() for name, values in after.items()
    }
    run("push", mine, NAME, "--dry-run")
