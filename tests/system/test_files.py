"""What is written is there whole or as it was, wherever the power fails."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from bertft.errors import OutputError
from bertft.system.files import explained, fresh_folder, landing, last_whole, settle, write_text


class PowerFails(BaseException):
    """Nothing runs after this, no cleaning up either."""


class Power:
    """Fails before the n-th thing that is done to the disk."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = -1
        for place, name in (
            *((os, name) for name in ("replace", "fsync", "open")),
            (shutil, "rmtree"),
            *((Path, name) for name in ("mkdir", "rmdir", "unlink", "chmod")),
        ):
            monkeypatch.setattr(place, name, self._failing(getattr(place, name)))

    def _failing(self, whole: Callable[..., object]) -> Callable[..., object]:
        def act(*words: object, **named: object) -> object:
            if self.left == 0:
                raise PowerFails
            self.left -= 1
            return whole(*words, **named)

        return act

    def failures(self, act: Callable[[], None]) -> Iterator[int]:
        """Let `act` fail at its first deed, its second, until it goes through; after each failure the power is back."""
        for number in range(200):
            self.left = number
            try:
                act()
            except PowerFails:
                self.left = -1
                yield number
                continue
            self.left = -1
            return
        raise AssertionError("it never went through")


@pytest.fixture
def power(monkeypatch: pytest.MonkeyPatch) -> Power:
    return Power(monkeypatch)


def fill(folder: Path, text: str) -> None:
    for name in ("weights", "config", "extras"):
        (folder / name).write_text(text)


def held(folder: Path) -> set[str]:
    return {(folder / name).read_text() for name in ("weights", "config", "extras")}


def test_a_text_is_old_or_new(power: Power, tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    write_text(path, "old")
    seen = set()
    for _ in power.failures(lambda: write_text(path, "new")):
        seen.add(path.read_text())
        path.write_text("old")
    assert seen == {"old", "new"}
    assert path.read_text() == "new"


def test_files_that_belong_together_land_together(power: Power, tmp_path: Path) -> None:
    def save(text: str) -> None:
        with landing(tmp_path) as folder:
            fill(folder, text)

    save("old")
    seen = []
    for _ in power.failures(lambda: save("new")):
        settle(tmp_path)
        seen.append(held(tmp_path))
        save("old")
    assert {"old"} in seen
    assert {"new"} in seen
    assert all(len(texts) == 1 for texts in seen)
    assert sorted(os.listdir(tmp_path)) == ["config", "extras", "weights"]


def test_a_settling_that_is_cut_off_can_be_settled_again(power: Power, tmp_path: Path) -> None:
    fill(tmp_path, "old")
    (tmp_path / ".landing").mkdir()
    fill(tmp_path / ".landing", "new")
    assert list(power.failures(lambda: settle(tmp_path)))
    assert held(tmp_path) == {"new"}
    assert sorted(os.listdir(tmp_path)) == ["config", "extras", "weights"]


def test_a_folder_is_the_old_or_the_new(power: Power, tmp_path: Path) -> None:
    def save(text: str) -> None:
        with fresh_folder(tmp_path / "checkpoint") as folder:
            fill(folder, text)

    save("old")
    seen = []
    for _ in power.failures(lambda: save("new")):
        seen.append(held(last_whole(tmp_path / "checkpoint")))
        save("old")
    assert {"old"} in seen
    assert {"new"} in seen
    assert all(len(texts) == 1 for texts in seen)
    assert os.listdir(tmp_path) == ["checkpoint"]


def test_nothing_counts_before_it_is_on_the_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every file is flushed before the rename that makes it count, and the folder after it."""
    done: list[str] = []
    flush, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: (done.append(f"flush {kind(file)}"), flush(file)))
    monkeypatch.setattr(os, "replace", lambda one, other: (done.append("rename"), replace(one, other)))
    with fresh_folder(tmp_path / "checkpoint") as folder:
        fill(folder, "new")
    assert done == ["flush file"] * 3 + ["flush folder", "rename", "flush folder"]
    done.clear()
    write_text(tmp_path / "plan.toml", "new")
    assert done == ["flush file", "rename", "flush folder"]
    done.clear()
    with landing(tmp_path) as folder:
        fill(folder, "new")
    assert done == ["flush file"] * 3 + ["flush folder", "rename", "flush folder"] + ["rename"] * 3 + ["flush folder"]


def kind(file: int) -> str:
    import stat

    return "folder" if stat.S_ISDIR(os.fstat(file).st_mode) else "file"


def test_what_fails_for_another_reason_leaves_no_litter(tmp_path: Path) -> None:
    def half(opened: AbstractContextManager[Path]) -> None:
        with opened as folder:
            fill(folder, "half")
            raise OSError(28, "No space left on device")

    for opened in (fresh_folder(tmp_path / "checkpoint"), landing(tmp_path)):
        with pytest.raises(OSError, match="No space"):
            half(opened)
        assert os.listdir(tmp_path) == []


def test_a_refusal_of_the_disk_is_told_in_a_line(tmp_path: Path) -> None:
    from safetensors import SafetensorError

    whole = r"run: cannot be written \(No space left on device\)\. Make room\."
    with pytest.raises(OutputError, match=whole), explained(Path("run"), "Make room."):
        raise OSError(28, "No space left on device")
    with pytest.raises(OutputError, match=r"run: cannot be written \(I/O error\)\."), explained(Path("run"), ""):
        raise SafetensorError("I/O error")
    with pytest.raises(KeyError), explained(Path("run"), ""):
        raise KeyError("ours")
