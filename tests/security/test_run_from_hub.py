"""A run on the Hub is a stranger's: only files of known names and usual sizes are fetched; no folder's name is sought there."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from conftest import Said, texts, write_csv
from fake_hub import FakeHub, hub_on_loopback

NAME = "someone/reviews"
Run = Callable[..., Said]


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def hub(cache: Path, trained: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with hub_on_loopback(cache, monkeypatch) as found:
        found.put(NAME, {file.name: file.read_bytes() for file in trained.iterdir() if file.is_file()})
        yield found


@pytest.fixture
def input(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "input.csv", ["text"], [[text] for text in texts(4)])


def test_only_files_of_a_run_are_fetched(run: Run, hub: FakeHub, cache: Path, input: Path) -> None:
    bad = (
        "pytorch_model.bin",
        "model.pt",
        "modeling.py",
        "tokenizer.pkl",
        "sub/model.safetensors",
        "a[b].safetensors",
        ".x.json",
    )
    hub.put(NAME, {**hub.head(NAME), **dict.fromkeys(bad, b"x")})
    run("predict", NAME, input, "-o", "answers.csv")
    fetched = {file.name for file in cache.rglob("snapshots/*/*")}
    assert {"bertft.json", "model.safetensors"} <= fetched
    assert not fetched & {"sub", *bad}


@pytest.mark.parametrize(
    ("file", "size"), [("bertft.json", 10**9), ("model.safetensors", 10**12), ("config.json", None)]
)
def test_a_file_of_unusual_size_is_not_fetched(
    file: str, size: int, run: Run, hub: FakeHub, input: Path, cache: Path
) -> None:
    hub.sizes[file] = size
    assert f"{NAME}: the size of {file} is " in run("predict", NAME, input, ok=2).err
    assert not list(cache.rglob("*.json"))


def test_many_files_or_bytes_in_all_are_not_fetched(run: Run, hub: FakeHub, input: Path, cache: Path) -> None:
    whole = hub.head(NAME)
    pieces = [f"model-{number}.safetensors" for number in range(150)]
    hub.put(NAME, {**whole, **dict.fromkeys(pieces, b"x")})
    assert "at most 100 files of" in run("predict", NAME, input, ok=2).err
    hub.put(NAME, {**whole, **dict.fromkeys(pieces[:3], b"x")})
    hub.sizes.update(dict.fromkeys(pieces[:3], 30 * 10**9))
    assert "MB in all; at most" in run("predict", NAME, input, ok=2).err
    assert not list(cache.rglob("*.json"))


def test_what_was_looked_at_is_fetched_though_the_branch_moves_on(
    run: Run, hub: FakeHub, input: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its new files were not looked at. Afterwards the cache knows what the branch was."""
    from bertft.jobs.hub import pull

    looked, before = pull.check_sizes, hub.commits[NAME]

    def moved_on(name: str, files: Iterable[object]) -> None:
        looked(name, files)
        hub.put(NAME, {**hub.head(NAME), "config.json": b"{}"})

    commit = next(iter(before))
    with monkeypatch.context() as here:
        here.setattr(pull, "check_sizes", moved_on)
        assert f"@{commit[:12]}" in run("predict", NAME, input, "-o", "answers.csv").err
    assert [folder.name for folder in cache.rglob("snapshots/*")] == [commit]
    assert [file.read_text() for file in cache.rglob("refs/*")] == [commit]
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    run("predict", NAME, input, "-o", "again.csv")
    assert Path("answers.csv").read_bytes() == Path("again.csv").read_bytes()


def test_a_link_in_the_cache_that_leads_out_of_it_is_refused(run: Run, hub: FakeHub, cache: Path, input: Path) -> None:
    run("predict", NAME, input, "-o", "answers.csv")
    secret = Path("secret.json").resolve()
    secret.write_text("{}", encoding="utf-8")
    link = next(
        cache.rglob("snapshots/*/vocab.json"), next(cache.rglob("snapshots/*/config.json")).with_name("vocab.json")
    )
    os.symlink(secret, link)
    assert "leads out of the folder" in run("predict", NAME, input, ok=2).err


@pytest.mark.parametrize(
    ("part", "status", "code", "told"),
    [
        ("api/models", 401, "RepoNotFound", "the Hub has no such model, or it is private"),
        ("api/models", 404, "RepoNotFound", "the Hub has no such model, or it is private"),
        ("api/models", 403, "", "your token of the Hub may not do that"),
        ("resolve", 403, "GatedRepo", "its owner must give you access first"),
        (
            "api/models",
            429,
            "",
            "not (or not wholly) in the cache of the Hub, and the Hugging Face Hub cannot be reached",
        ),
        ("preupload", 403, "", "your token of the Hub may not do that"),
    ],
)
def test_what_the_hub_refuses_is_told(
    part: str, status: int, code: str, told: str, run: Run, hub: FakeHub, input: Path, trained: Path
) -> None:
    hub.answers[part] = (status, code)
    words = ("push", trained, NAME, "--yes") if part == "preupload" else ("predict", NAME, input)
    said = run(*words, ok=2).err
    assert f"{NAME}: " in said
    assert told in said


def test_a_name_is_sought_on_the_hub_only_where_it_cannot_be_a_folder(run: Run, hub: FakeHub, input: Path) -> None:
    """Whoever mistypes `runs/mine` must not get the model of a stranger who is called `runs`."""
    for name in ("runs/reviews", "mine/reviews"):
        hub.put(name, hub.head(NAME))
    Path("mine").mkdir()
    for name in (
        "runs/reviews",
        "mine/reviews",
        "./someone/reviews",
        "someone/reviews/x",
        "someone\\reviews",
        "some--one/x",
    ):
        assert "no such run folder" in run("predict", name, input, ok=2).err
    assert hub.asked == []


def test_another_model_is_no_run(run: Run, hub: FakeHub, input: Path) -> None:
    hub.put("someone/bert", {"config.json": json.dumps({"model_type": "bert"}).encode(), "pytorch_model.bin": b"x"})
    said = run("predict", "someone/bert", input, ok=2).err
    assert "no run of bertft" in said
    assert "bertft train DATA --model someone/bert" in said
    assert "parameters" in run("info", "someone/bert").out
    assert "Of other models no revision can be named" in run("info", "someone/bert", "--revision", "main", ok=2).err


def test_a_run_that_is_spoiled_on_the_hub_is_refused_as_in_a_folder(run: Run, hub: FakeHub, input: Path) -> None:
    files = hub.head(NAME)
    index = json.dumps({"weight_map": {"x": "pytorch_model.bin"}}).encode()
    for name, body in (
        ("model.safetensors.index.json", index),
        ("bertft.json", b"[" * 9999),
        ("model.safetensors", b"\x80\x04."),
    ):
        hub.put(NAME, {**files, name: body})
        run("predict", NAME, input, "-o", "answers.csv", ok=2)
    missing = json.loads(files["bertft.json"])
    hub.put(NAME, {**files, "bertft.json": json.dumps({**missing, "files": ["../../../secret"]}).encode()})
    assert "damaged" in run("predict", NAME, input, ok=2).err
