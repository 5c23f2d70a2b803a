"""A run goes to the Hub without anything of this machine, and comes back from there wherever a run folder is taken."""

from __future__ import annotations

import getpass
import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Said, read_csv, sentiment, texts, write_csv
from fake_hub import FakeHub, hub_on_loopback

from bertft.errors import CheckpointError
from bertft.jobs.hub.push import look_at_hub, plan_upload, push
from bertft.jobs.requests import PushRequest

NAME = "someone/reviews"
Run = Callable[..., Said]


@pytest.fixture
def hub(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with hub_on_loopback(tmp_path_factory.mktemp("cache"), monkeypatch) as found:
        yield found


@pytest.fixture
def input(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "input.csv", ["text", "label"], [(text, sentiment(text)) for text in texts(8, seed=5)])


@pytest.fixture
def there(hub: FakeHub, trained: Path) -> FakeHub:
    """The run lies on the Hub as it is in its folder."""
    hub.put(NAME, {file.name: file.read_bytes() for file in trained.iterdir() if file.is_file()})
    return hub


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_what_was_pushed_predicts_the_same_anywhere(run: Run, hub: FakeHub, trained: Path, input: Path) -> None:
    before = everything_in(trained)
    done = json.loads(run("push", trained, NAME, "--yes", "--json").out)
    assert everything_in(trained) == before
    assert (done["repository"], done["public"], done["uploaded"]) == (NAME, False, True)
    assert hub.private[NAME]
    assert {file["name"] for file in done["files"]} | {".gitattributes"} == hub.head(NAME).keys()
    assert done["bytes"] == sum(len(body) for body in hub.head(NAME).values())
    run("predict", trained, input, "-o", "here.csv")
    said = run("predict", NAME, input, "-o", "there.csv").err
    assert read_csv(Path("here.csv")) == read_csv(Path("there.csv"))
    assert f"Model: {NAME}@{done['revision'][:12]}, task" in said


def test_nothing_of_this_machine_is_uploaded(
    run: Run, hub: FakeHub, trained: Path, input: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(trained, tmp_path / "mine")
    run("eval", copy, input)  # notes the file's path in run.json
    plan = (copy / "plan.toml").read_text(encoding="utf-8")
    home = str(Path.home())
    named = plan.replace("[output]", f'[pretraining]\nwords = "{home}/secret/words.txt"\n\n[output]')
    (copy / "plan.toml").write_text(named, encoding="utf-8")
    own = {"_name_or_path": f"{home}/secret/bert"}
    for name in ("config.json", "tokenizer_config.json"):
        (copy / name).write_text(json.dumps({**json.loads((copy / name).read_text()), **own}), encoding="utf-8")
    task = json.loads((copy / "bertft.json").read_text(encoding="utf-8"))
    task["stored"]["entities"] = f"{home}/secret/entities.txt"
    (copy / "bertft.json").write_text(json.dumps(task), encoding="utf-8")
    run("push", copy, NAME, "--yes")
    uploaded = b"\n".join(hub.head(NAME).values())
    words = (str(tmp_path), str(trained.parents[1]), f"{home}/", f"/{getpass.getuser()}/", "secret/")
    assert [word for word in words if word.encode() in uploaded] == []
    assert not {"errors.csv", "history.jsonl", "checkpoint"} & hub.head(NAME).keys()
    assert sum(text.encode() in uploaded for text in texts(120) if len(text.split()) > 5) == 0
    record = json.loads(hub.head(NAME)["run.json"])
    assert record["command"] == ""
    own = json.loads((copy / "run.json").read_text(encoding="utf-8"))[
        "scores"
    ]  # other tests may have evaluated the run
    shown = [name.split(" ")[0] for name in record["scores"]]
    assert shown == [Path(name.split(" ")[0]).name for name in own]
    assert {"validation", "input.csv"} <= set(shown)


def test_a_card_calls_the_run_by_its_name_on_the_hub(run: Run, hub: FakeHub, trained: Path) -> None:
    from huggingface_hub import ModelCard

    run("push", trained, NAME, "--yes")
    card = hub.head(NAME)["README.md"].decode()
    assert f"bertft predict {NAME} input.csv -o output.csv" in card
    assert f"model='{NAME}'" in card
    data: Any = ModelCard(card).data
    assert (data.base_model, data.pipeline_tag, bool(data.eval_results)) == (None, "text-classification", True)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("## Use", "See /home/me/notes.txt", "names a place on this machine (/home/me/notes.txt)"),
        (
            "library_name:",
            "base_model: ./models/bert\nlibrary_name:",
            "base_model is './models/bert': a name on the Hub",
        ),
        ("---", "", "README.md: begins without metadata"),
        ("library_name:", "license: [\nlibrary_name:", "README.md: the Hub does not take its metadata"),
    ],
)
def test_a_card_that_others_cannot_use_stays_here(
    old: str, new: str, told: str, run: Run, hub: FakeHub, trained: Path
) -> None:
    copy = shutil.copytree(trained, "mine")
    (Path(copy) / "README.md").write_text(
        (trained / "README.md").read_text(encoding="utf-8").replace(old, new, 1), "utf-8"
    )
    assert told in run("push", copy, NAME, "--yes", ok=2).err
    assert not hub.commits


def test_nothing_is_uploaded_unasked(run: Run, hub: FakeHub, trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = run("push", trained, NAME, "--dry-run")
    assert "model.safetensors" in shown.out
    assert "Not uploaded: checkpoint/, errors.csv, history.jsonl." in shown.err
    assert hub.asked == []
    assert "pass --yes" in run("push", trained, NAME, ok=2).err
    monkeypatch.setattr("bertft.console.can_ask", lambda: True)
    monkeypatch.setattr("sys.stdin", io.StringIO("what?\ny\n"))
    said = run("push", trained, NAME, ok=2).err
    assert f"to {NAME} (private)? [y/N]" in said
    assert "Nothing was uploaded." in said
    assert not hub.commits
    run("push", trained, NAME)
    assert "model.safetensors" in hub.head(NAME)


def test_a_private_run_does_not_land_in_a_public_place(run: Run, hub: FakeHub, trained: Path) -> None:
    hub.put(NAME, {"README.md": b""}, private=False)
    assert "is there already, and public" in run("push", trained, NAME, "--yes", ok=2).err
    hub.private[NAME] = True
    assert "is there already, and private" in run("push", trained, NAME, "--public", "--yes", ok=2).err
    hub.put(NAME, {"pytorch_model.bin": b"", "config.json": b"{}"})
    assert "holds a model that is no run of bertft" in run("push", trained, NAME, "--yes", ok=2).err


def test_a_place_that_was_made_meanwhile_is_not_taken(hub: FakeHub, trained: Path) -> None:
    """Somebody made it public after it was looked at; or it has changed."""
    looked_at = look_at_hub(plan_upload(PushRequest(run=str(trained), repository=NAME)))
    hub.put(NAME, {"README.md": b"theirs"}, private=False)
    with pytest.raises(CheckpointError, match="the Hub has it already"):
        push(looked_at)
    assert hub.head(NAME) == {"README.md": b"theirs"}


def test_no_file_of_an_earlier_run_is_left_beside(run: Run, there: FakeHub, trained: Path) -> None:
    """tagger.safetensors would be read with the weights of another run."""
    there.put(NAME, {**there.head(NAME), "tagger.safetensors": b"old", "photo.png": b"theirs"})
    said = run("push", trained, NAME, "--yes").out
    assert "removed there: of an earlier run" in said
    assert {"tagger.safetensors", "photo.png"} & there.head(NAME).keys() == {"photo.png"}


def test_nothing_is_written_into_what_was_fetched(run: Run, there: FakeHub, trained: Path, input: Path) -> None:
    """Not the time that predict took, nor the scores of eval: the cache is shared, and must stay what the Hub has."""
    run("predict", NAME, input, "-o", "answers.csv")
    import huggingface_hub.constants as constants

    cache = Path(constants.HF_HUB_CACHE)
    before, asked = everything_in(cache), [path for path in there.asked if "resolve" in path]
    here = json.loads(run("eval", shutil.copytree(trained, "mine"), input, "--json").out)
    assert json.loads(run("eval", NAME, input, "--json").out)["values"] == here["values"]
    assert NAME in run("compare", NAME, shutil.copytree(trained, "other"), "--data", input).out
    assert "3 labels" in run("info", NAME).out or NAME in run("info", NAME).out
    run("embed", NAME, input, "-o", "vectors.npy")
    assert "Name a file for the page with -o" in run("report", NAME, "--data", input, ok=2).err
    assert everything_in(cache) == before
    assert [path for path in there.asked if "resolve" in path] == asked


def test_without_the_hub_the_cache_answers_or_it_is_told(
    run: Run, there: FakeHub, input: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants as constants

    run("predict", NAME, input, "-o", "one.csv")
    asked = len(there.asked)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "from the cache" in run("predict", NAME, input, "-o", "two.csv").err
    assert Path("one.csv").read_text() == Path("two.csv").read_text()
    assert (
        "not (or not wholly) in the cache of the Hub, and HF_HUB_OFFLINE is set"
        in run("predict", "some/other", input, ok=2).err
    )
    weights = next(Path(constants.HF_HUB_CACHE).rglob("model.safetensors"))
    weights.unlink()  # a download that was cut off
    assert "not (or not wholly) in the cache" in run("predict", NAME, input, ok=2).err
    assert len(there.asked) == asked
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    there.answers["api/models"] = (503, "")
    assert "cannot be reached" in run("predict", NAME, input, ok=2).err


def test_a_revision_stays_as_it_was(run: Run, there: FakeHub, input: Path, trained: Path) -> None:
    old = list(there.commits[NAME])[-1]
    there.put(NAME, {**there.head(NAME), "model.safetensors": b"damaged"})
    run("predict", NAME, input, "-o", "new.csv", ok=2)
    run("predict", NAME, input, "-o", "old.csv", "--revision", old)
    asked = len(there.asked)
    run("predict", f"{NAME}@{old}", input, "-o", "again.csv")
    assert len(there.asked) == asked  # a commit cannot change
    assert Path("old.csv").read_text() == Path("again.csv").read_text()
    assert "has no such revision" in run("predict", NAME, input, "--revision", "nowhere", ok=2).err
    assert (
        "--revision main: only for a run on the Hugging Face Hub"
        in run("predict", trained, input, "--revision", "main", ok=2).err
    )


@pytest.mark.usefixtures("fresh_accelerator")
def test_a_program_pushes_and_loads(hub: FakeHub, trained: Path) -> None:
    import bertft

    shown = bertft.push(trained, NAME, dry_run=True)
    assert (shown.repository, shown.public, hub.asked) == (NAME, False, [])
    done = bertft.push(trained, NAME)
    model = bertft.load(f"{NAME}@{done.revision}")
    assert model("good film") == bertft.load(trained)("good film")
    with pytest.raises(bertft.errors.CheckpointError, match="no such run folder, and the Hub has no such model"):
        bertft.load("someone/else")
