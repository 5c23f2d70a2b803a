"""No name in a stranger's folder leads out of it, or to a pickle in it; a folder that is nonsense is refused in plain words."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Said
from errands import words_of
from safetensors.torch import load_file
from traps import edit, pickled

Run = Callable[..., Said]


@pytest.fixture
def stranger(tmp_path: Path, trained: Path) -> Path:
    """A copy of a finished run that may be spoiled, and does not say which files it had."""
    copy = Path(shutil.copytree(trained, tmp_path / "stranger"))
    edit(copy / "bertft.json", {"files": []})
    return copy


@pytest.fixture
def data(trained: Path) -> Path:
    return trained.parent / "train.csv"


@pytest.fixture(autouse=True)
def no_pickle_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*words: Any, **settings: Any) -> None:
        raise AssertionError(f"torch.load({words[0]})")

    monkeypatch.setattr(torch, "load", refuse)


def rename_weights(folder: Path, name: str, place: str) -> None:
    """config.json asks for the weights by a name of its own, an index that says they lie in `place`."""
    names = list(load_file(folder / "model.safetensors"))
    (folder / name).write_text(json.dumps({"metadata": {}, "weight_map": dict.fromkeys(names, place)}))
    edit(folder / "config.json", {"transformers_weights": name})


@pytest.mark.parametrize("place", ["weights.bin", "../outside.safetensors", "model.safetensors"])
def test_a_config_cannot_name_an_index_of_its_own(run: Run, stranger: Path, data: Path, place: str) -> None:
    rename_weights(stranger, "other.safetensors.index.json", place)
    torch.save(load_file(stranger / "model.safetensors"), stranger / "weights.bin")
    shutil.move(stranger / "model.safetensors", stranger.parent / "outside.safetensors")
    for words in (("predict", stranger, data), ("eval", stranger, data)):
        assert "config.json: names weights 'other.safetensors.index.json'" in run(*words, ok=2).err


@pytest.mark.parametrize("name", ["adapter_model.bin", "../outside.safetensors", "/etc/passwd", "sub/x.safetensors", 5])
def test_a_config_cannot_name_other_weights(
    run: Run, stranger: Path, data: Path, tmp_path: Path, tiny: str, name: object
) -> None:
    backbone = Path(shutil.copytree(tiny, tmp_path / "backbone"))
    for place in (stranger, backbone):
        shutil.copy(place / "model.safetensors", tmp_path / "outside.safetensors")
        (place / "adapter_model.bin").write_bytes(pickled(tmp_path / "owned"))
        edit(place / "config.json", {"transformers_weights": name})
    said = run("predict", stranger, data, ok=2)
    assert f"config.json: names weights {name!r}; they are read from *.safetensors in the folder only." in said.err
    run(*words_of("sequence", tmp_path, str(backbone)), "-o", "run", ok=2)
    assert not (tmp_path / "owned").exists()


def test_weights_under_another_name_in_the_folder_are_fine(run: Run, stranger: Path, data: Path) -> None:
    shutil.move(stranger / "model.safetensors", stranger / "best.safetensors")
    edit(stranger / "config.json", {"transformers_weights": "best.safetensors"})
    run("predict", stranger, data, "-o", "out.csv")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("fast_tokenizer_files", ["../outside/tokenizer.4.0.0.json"]),
        ("fast_tokenizer_files", ["{outside}/tokenizer.4.0.0.json"]),
        ("vocab", "{outside}/vocab.txt"),
        ("merges", "{outside}/vocab.txt"),
        ("init_inputs", ["{outside}/vocab.txt"]),
        ("vocab_file", "{outside}/vocab.txt"),
        ("gguf_file", "../outside/model.gguf"),
    ],
)
def test_a_tokenizer_cannot_name_a_file_outside(
    run: Run, stranger: Path, data: Path, tmp_path: Path, tiny: str, key: str, value: Any
) -> None:
    """Without a tokenizer.json of its own, it would be read from there."""
    outside = tmp_path / "outside"
    outside.mkdir()
    shutil.copy(stranger / "tokenizer.json", outside / "tokenizer.4.0.0.json")
    vocabulary = json.loads((stranger / "tokenizer.json").read_text())["model"]["vocab"]
    (outside / "vocab.txt").write_text("\n".join(sorted(vocabulary, key=vocabulary.__getitem__)) + "\n")
    value = json.loads(json.dumps(value).replace("{outside}", str(outside)))
    backbone = Path(shutil.copytree(tiny, tmp_path / "backbone"))
    for place in (stranger, backbone):
        (place / "tokenizer.json").unlink()
        edit(place / "tokenizer_config.json", {key: value})
    assert (
        f"tokenizer_config.json: '{key}' names a file outside of the folder" in run("predict", stranger, data, ok=2).err
    )
    run(*words_of("sequence", tmp_path, str(backbone)), "-o", "run", ok=2)


def test_what_older_tokenizers_say_of_their_maker_is_fine(run: Run, stranger: Path, data: Path) -> None:
    """transformers once wrote such paths, and reads them no more."""
    paths = {"special_tokens_map_file": "/home/maker/special_tokens_map.json", "tokenizer_file": "/home/maker/x.json"}
    edit(stranger / "tokenizer_config.json", {**paths, "name_or_path": "/home/maker/model", "init_inputs": []})
    run("predict", stranger, data, "-o", "out.csv")


@pytest.mark.parametrize("name", ["../../owned", "/tmp/owned", "..", "a/b"])
def test_a_plan_cannot_choose_where_its_run_goes(run: Run, trained: Path, tmp_path: Path, name: str) -> None:
    """Without -o the folder is called as the task."""
    home = tmp_path / "deep" / "home"
    home.mkdir(parents=True)
    plan = (trained / "plan.toml").read_text().replace('"text-classification"', json.dumps(name), 1)
    (tmp_path / "plan.toml").write_text(plan)
    said = run("train", "--config", tmp_path / "plan.toml", "--dry-run")
    folder = next(line for line in said.out.splitlines() if line.startswith("dir = ")).split('"')[1]
    assert len(Path(folder).parts) == 2
    assert Path(folder).parts[0] == "runs"
    assert not Path(folder).parts[1].startswith(".")


NONSENSE: list[tuple[str, Any]] = [
    ("options", {}),
    ("options", {"max_length": "x"}),
    ("options", {"max_length": -5}),
    ("options", {"max_length": 48, "overlap": None}),
    ("options", {"max_length": 48, "long": "no such way"}),
    ("options", ["max_length"]),
    ("stored", 5),
    ("card", 5),
    ("card", None),
    ("labels", {"names": [], "spellings": {}}),
    ("labels", {"names": ["a"], "spellings": {}}),
    ("labels", {"names": ["a", "b", "c", "d"], "spellings": {}}),
    ("labels", {"names": [1, 2, 3], "spellings": {}}),
    ("labels", {"names": ["a", "b", "c"], "spellings": 5}),
    ("fields", {"text": 5}),
    ("fields", {"text": "text", "more": 1}),
]


@pytest.mark.parametrize(("key", "value"), NONSENSE, ids=[f"{key}={value}" for key, value in NONSENSE])
def test_a_record_that_is_nonsense_is_refused(run: Run, stranger: Path, data: Path, key: str, value: Any) -> None:
    edit(stranger / "bertft.json", {key: value})
    for command in ("predict", "eval"):
        assert "bertft.json" in run(command, stranger, data, ok=2).err
