"""The house: imports go down the storeys, forbidden names stay away, and --help needs no torch."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bertft.kinds import KINDS, NAMED_PROBLEMS

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "bertft"
STOREYS = [
    {"errors", "console", "live", "arrays", "protocols", "wording", "markup"},
    {"kinds"},
    {"rows", "tags", "system", "plots", "masking", "counting"},
    {"plan", "guess"},
    {"reading", "writing", "scoring", "runs"},
    {"gold", "corpus"},
    {"checking", "model", "fast", "classic", "graph", "remote"},
    {"report", "page"},
    {"adapters"},
    {"insight", "start"},
    {"engine"},
    {"embedding", "exporting"},
    {"serving"},
    {"jobs"},
    {"commands", "api", "__init__", "__main__"},
]
JOBS = ["hub", "files", "training", "predicting", "embedding", "judging", "exporting", "serving"]
"""Folders of jobs, each of which imports from those before it only, and none of which the files beside them import."""
NEVER = {"datasets.py", "evaluate.py", "accelerate.py", "transformers.py", "token.py", "types.py", "logging.py"}
HEAVY = ("torch", "transformers", "accelerate", "datasets", "evaluate", "sklearn", "scipy", "pandas", "numpy")


def storey(room: str) -> int:
    """Of a room of the package, by its first name."""
    return next(height for height, rooms in enumerate(STOREYS) if room in rooms)


def imports(file: Path) -> Iterator[str]:
    """Every module that a file imports, at the top or inside a function."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            yield node.module or ""
            if node.module == "bertft":
                yield from (f"bertft.{name.name}" for name in node.names)


def rooms_upstairs(package: Path) -> list[str]:
    """Imports that go up a storey, as `file -> module`."""
    wrong = []
    for file in sorted(package.rglob("*.py")):
        own = file.relative_to(package).with_suffix("").parts[0]
        for module in imports(file):
            parts = module.split(".")
            if parts[0] == "bertft" and len(parts) > 1 and parts[1] != "__version__" and storey(parts[1]) > storey(own):
                wrong.append(f"{file.relative_to(package)} -> {module}")
    return wrong


def test_no_import_goes_up_a_storey() -> None:
    assert rooms_upstairs(PACKAGE) == []


def test_an_import_that_goes_up_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "console.py").write_text("def f():\n    from bertft.engine.order import Order\n")
    assert rooms_upstairs(tmp_path) == ["console.py -> bertft.engine.order"]


def test_every_room_stands_in_one_storey() -> None:
    rooms = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert rooms == set().union(*STOREYS)


def jobs_upstairs(package: Path) -> list[str]:
    """Imports between folders of jobs that go the wrong way, as `file -> module`."""
    height = {"": -1, **{name: number for number, name in enumerate(JOBS)}}
    return [
        f"{file.relative_to(package)} -> {module}"
        for file in sorted(package.rglob("*.py"))
        for module in imports(file)
        if module.startswith("bertft.jobs.")
        and height.get(module.split(".")[2], -1) > height[file.parent.name if file.parent != package else ""]
    ]


def test_no_import_goes_up_between_folders_of_jobs() -> None:
    assert {path.parent.name for path in (PACKAGE / "jobs").glob("*/__init__.py")} == set(JOBS)
    assert jobs_upstairs(PACKAGE / "jobs") == []


def test_an_import_up_between_folders_of_jobs_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "training").mkdir()
    (tmp_path / "splits.py").write_text("from bertft.jobs.training.train import train\n")
    (tmp_path / "training" / "train.py").write_text("import bertft.jobs.judging.judged\nimport bertft.jobs.splits\n")
    assert jobs_upstairs(tmp_path) == [
        "splits.py -> bertft.jobs.training.train",
        "training/train.py -> bertft.jobs.judging.judged",
    ]


def inner_rooms_of_fast(package: Path) -> list[str]:
    """Imports from outside that do not come in by its door, as `file -> module`."""
    return [
        f"{file.relative_to(package)} -> {module}"
        for file in sorted(package.rglob("*.py"))
        for module in imports(file)
        if module.startswith("bertft.fast.") and file.relative_to(package).parts[0] != "fast"
    ]


def test_the_fast_path_has_one_door() -> None:
    assert inner_rooms_of_fast(PACKAGE) == []


def test_an_import_past_the_door_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "any.py").write_text("from bertft import fast\nfrom bertft.fast.masks import DropoutMasks\n")
    assert inner_rooms_of_fast(tmp_path) == ["model/any.py -> bertft.fast.masks"]


def strings(file: Path) -> Iterator[str]:
    """Every string of a file but its docstrings."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.value


def files_that_name_a_kind(package: Path) -> list[str]:
    return [
        f"{file.relative_to(package)}: {words}"
        for file in sorted(package.rglob("*.py"))
        for words in strings(file)
        if file.parent.name != "kinds" and (words in NAMED_PROBLEMS or any(kind in words for kind in KINDS))
    ]


def test_a_kind_is_named_in_its_own_file_only() -> None:
    assert files_that_name_a_kind(PACKAGE) == []


def test_a_kind_that_is_named_elsewhere_would_be_seen(tmp_path: Path) -> None:
    said = '"""Of text-classification."""\nKIND = f"{1} question-answering"\nPROBLEM = "regression"\nFLAG = "--regression"\n'
    (tmp_path / "console.py").write_text(said)
    assert sorted(files_that_name_a_kind(tmp_path)) == ["console.py:  question-answering", "console.py: regression"]


def test_no_file_has_the_name_of_a_library_it_would_hide() -> None:
    assert not NEVER & {file.name for file in PACKAGE.rglob("*.py")}


def test_click_is_never_imported() -> None:
    files = [*PACKAGE.rglob("*.py"), ROOT / "cli.py", *(ROOT / "tests").rglob("*.py")]
    assert [file.name for file in files for module in imports(file) if module.split(".")[0] == "click"] == []


def test_no_file_is_longer_than_400_lines() -> None:
    files = [file for part in ("bertft", "tests", "benchmarks") for file in (ROOT / part).rglob("*.py")]
    assert [file.name for file in files if len(file.read_text(encoding="utf-8").splitlines()) > 400] == []


def test_only_the_console_prints() -> None:
    printing = {
        file.name
        for file in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }
    assert printing == {"console.py"}


def test_the_engine_knows_no_task_and_adapters_know_no_accelerate() -> None:
    kinds = tuple(
        f"bertft.{room}.{kind}" for room in ("adapters", "gold") for kind in ("texts", "tagging", "words", "questions")
    )
    by_engine = {module for file in (PACKAGE / "engine").rglob("*.py") for module in imports(file)}
    assert [module for module in by_engine if module.startswith(kinds)] == []
    assert "accelerate" not in {module for file in (PACKAGE / "adapters").rglob("*.py") for module in imports(file)}


def test_scores_wake_no_library_of_metrics() -> None:
    script = "import sys, bertft.scoring; print([name for name in ('evaluate', 'datasets', 'sklearn') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_protocols_wake_no_library() -> None:
    script = f"import sys, bertft.protocols; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("words", [["--help"], ["train", "--help"], ["tasks"], ["--version"]])
def test_help_and_tasks_wake_no_heavy_library(words: list[str]) -> None:
    script = (
        f"import sys; sys.argv = ['bertft', *{words!r}]\n"
        "from bertft.commands.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print('WOKEN', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith("WOKEN []"), done.stdout[-300:] + done.stderr


def test_pyproject_lists_every_package() -> None:
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    code = {".".join(file.parent.relative_to(ROOT).parts) for file in PACKAGE.rglob("__init__.py")}
    cards = {
        ".".join(("bertft", "cards", *file.parent.relative_to(ROOT).parts[1:]))
        for file in (ROOT / "tasks").rglob("*.toml")
    }
    assert listed == code | cards | {"bertft.cards"}
