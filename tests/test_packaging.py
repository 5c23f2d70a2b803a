"""The wheel: the cards are in it, nothing called tasks or cli lands in site-packages, and a hostile folder changes nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PARTS = ("bertft", "tasks", "samples", "cli.py", "pyproject.toml", "README.md", "MANIFEST.in")
HOSTILE = "open('executed', 'w').write(__file__)\nraise SystemExit('a file of the working folder was imported')\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that the checkout stays clean; the build tools are those installed, no network."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for part in PARTS:
        place = ROOT / part
        if place.is_dir():
            shutil.copytree(place, source / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(place, source / part)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, source]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-1000:]
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked as pip unpacks it."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def test_the_wheel_carries_every_card(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    cards = {f"bertft/cards/{file.relative_to(ROOT / 'tasks').as_posix()}" for file in (ROOT / "tasks").rglob("*.toml")}
    assert len(cards) == 15
    assert cards | {"bertft/cards/README.md", "bertft/py.typed"} <= inside


def test_the_wheel_carries_the_page_of_the_service(wheel: Path) -> None:
    web = ROOT / "bertft" / "serving" / "web"
    assert {f"bertft/serving/web/{file.name}" for file in web.iterdir()} <= set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_installs_bertft_and_nothing_else(installed: Path) -> None:
    assert {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")} == {"bertft"}


@pytest.mark.parametrize("door", [["-m", "bertft"], ["-P", str(ROOT / "cli.py")], [str(ROOT / "cli.py")]])
def test_files_of_the_working_folder_are_never_imported(door: list[str], installed: Path, tmp_path: Path) -> None:
    for name in ("tasks.py", "cli.py", "datasets.py", "mrpc.toml", "tokenizers.py"):
        (tmp_path / name).write_text(HOSTILE)
    if (
        door[0] == "-m"
    ):  # python -m puts the working folder first, for every program: only the names of our own doors count
        for name in ("datasets.py", "tokenizers.py"):
            (tmp_path / name).unlink()
    command = [sys.executable, *door, "tasks", "mrpc"]
    done = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": str(installed)}, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert 'name = "mrpc"' in done.stdout
    assert not (tmp_path / "executed").exists()


def test_the_cards_are_found_in_the_wheel_and_not_in_the_folder(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "mine.toml").write_text("broken")
    (tmp_path / "pyproject.toml").write_text("")
    script = "from bertft.plan.catalog import list_cards, cards_folder; print(len(list_cards()), cards_folder())"
    done = subprocess.run(
        [sys.executable, "-P", "-c", script],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(installed)},
        cwd=tmp_path,
    )
    assert done.stdout.split() == ["15", str(installed / "bertft" / "cards")]
