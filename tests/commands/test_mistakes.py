"""A user's mistake ends with exit code 2 and one plain message that says what was found and what to type. Never a traceback."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Said, bertft, read_csv, texts, write_csv, write_jsonl
from tagged import tagged_rows

Run = Callable[..., Said]
FAST = ("--max-steps", 2, "--precision", "fp32")


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["nowhere.csv"], ["nowhere.csv"]),
        (["."], ["."]),
        (["train.csv", "--text", "txet"], ["txet", "'text'", "--text"]),
        (["train.csv", "--label", "lable"], ["lable", "'label'", "--label"]),
        (["train.csv", "--task", "mrcp"], ["mrcp", "mrpc", "bertft tasks"]),
        (["train.csv", "--task", "mrpc"], ["sentence1", "--text"]),
        (["train.csv", "--task", "./none.toml"], ["none.toml"]),
        (["train.csv", "--model", "./nowhere"], ["./nowhere", "no such folder"]),
        (["train.csv", "--model", "no-such/model"], ["no-such/model", "--model minilm"]),
        (["train.csv", "--regression", "--multi-label"], ["--multi-label and --regression exclude"]),
        (["train.csv", "--regression"], ["--regression wants numbers", "'neg'"]),
        (["train.csv", "--epochs", "0", "--lr", "7", "--warmup", "1"], ["--epochs", "--learning-rate", "--warmup"]),
        (["train.csv", "--epochs", "inf"], ["--epochs"]),
        (["train.csv", "--lr", "nan"], ["--learning-rate"]),
        (["train.csv", "--max-length", "100000"], ["--max-length 100000", "at most 64"]),
        (["train.csv", "--long", "window", "--overlap", "64"], ["--overlap 64"]),
        (["train.csv", "--overlap", "8"], ["--overlap is for windows", "--long window"]),
        (["train.csv", "--freeze", "99"], ["--freeze 99", "2 layers"]),
        (["train.csv", "--freeze", "all"], ["--freeze", "embeddings, encoder"]),
        (["train.csv", "--validation-share", "2"], ["--validation-share"]),
        (["train.csv", "--precision", "fp8"], ["--precision", "bf16"]),
        (["train.csv", "--precision", "fp16"], ["fp16", "GPU"]),
        (["train.csv", "--metric", "acuracy"], ["acuracy", "accuracy"]),
        (["train.csv", "--encoding", "utf-9"], ["utf-9"]),
        (["train.csv", "--config", "broken.toml"], ["broken.toml", "TOML"]),
        (["train.csv", "--config", "strange.toml"], ["strange.toml", "resipe"]),
        (["train.csv", "--config", "typed.toml"], ["epochs", "three"]),
        (["train.csv", "--config", "unknown.toml"], ["epoch"]),
        (["--resume"], ["--resume", "-o"]),
        (["--resume", "-o", "nothing"], ["nothing", "plan.toml"]),
        ([], ["training data"]),
        (["empty.csv"], ["empty.csv"]),
        (["blank.csv", "--text", "text", "--label", "label", "--single-label"], ["label column 'label' is empty"]),
        (["alike.csv", "--text", "text", "--label", "label", "--single-label"], ["every label in 'label' is 'x'"]),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_a_mistake_in_training_is_one_plain_message(
    run: Run, reviews: Path, tmp_path: Path, tiny: str, words: list[str], wanted: list[str]
) -> None:
    files = {
        "broken.toml": "a = = 1",
        "strange.toml": "[resipe]\nepochs = 1",
        "typed.toml": '[recipe]\nepochs = "three"',
        "unknown.toml": "[recipe]\nepoch = 3",
        "empty.csv": "",
        "blank.csv": "text,label\n,\n,\n",
        "alike.csv": "text,label\ngood film,x\nbad film,x\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    model = [] if "--model" in words else ["--model", tiny]
    said = run("train", *words, *model, ok=2)
    assert said.out == ""
    assert said.err.count("Error: ") == 1
    assert [part for part in wanted if part not in said.err] == [], said.err
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").rglob("*.safetensors"))


def test_an_output_folder_that_holds_something_is_left_alone(
    run: Run, reviews: Path, tmp_path: Path, tiny: str
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    (tmp_path / "file").write_text("")
    words = ("train", "train.csv", "--model", tiny, *FAST)
    assert "already holds something" in run(*words, "-o", "mine", ok=2).err
    assert "will not delete it" in run(*words, "-o", "mine", "--overwrite", ok=2).err
    assert "is a file" in run(*words, "-o", "file", ok=2).err
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
    run(*words, "-o", "run")
    assert "already holds a run" in run(*words, "-o", "run", ok=2).err
    run(*words, "-o", "run", "--overwrite")


def test_without_an_output_folder_no_run_is_overwritten(run: Run, reviews: Path, tmp_path: Path, tiny: str) -> None:
    reviews.rename(tmp_path / "reviews.csv")
    for _ in range(2):
        run("train", "reviews.csv", "--model", tiny, *FAST)
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["reviews", "reviews-2"]


def copy_of(trained: Path, folder: Path) -> Path:
    return Path(shutil.copytree(trained, folder / "copy"))


def cut_weights(run: Path) -> None:
    whole = (run / "model.safetensors").read_bytes()
    (run / "model.safetensors").write_bytes(whole[: len(whole) // 2])


def half_the_task(run: Path) -> None:
    (run / "bertft.json").write_text((run / "bertft.json").read_text()[:100])


def other_format(run: Path) -> None:
    stored = json.loads((run / "bertft.json").read_text())
    (run / "bertft.json").write_text(json.dumps(stored | {"format": 99}))


@pytest.mark.parametrize(
    ("damage", "wanted"),
    [
        (cut_weights, "cannot be loaded"),
        (half_the_task, "damaged"),
        (other_format, "format 99"),
        (lambda run: (run / "bertft.json").unlink(), "not a run of bertft"),
        (lambda run: (run / "bertft.json").write_text("[]"), "damaged"),
        (lambda run: (run / "tokenizer.json").write_text("{"), "tokenizer"),
        (lambda run: (run / "config.json").write_text("{"), "not a valid JSON file"),
        (lambda run: shutil.rmtree(run), "no such run folder"),
    ],
)
def test_a_damaged_run_folder_is_one_plain_message(
    run: Run, reviews: Path, tmp_path: Path, trained: Path, damage: Callable[[Path], Any], wanted: str
) -> None:
    folder = copy_of(trained, tmp_path)
    damage(folder)
    for words in (("predict", folder, "train.csv", "-o", "out.csv"), ("eval", folder, "train.csv")):
        said = run(*words, ok=2)
        assert wanted in said.err
        assert [line for line in said.err.splitlines() if line.startswith("Error: ")] == said.err.splitlines()[-1:]
    assert not (tmp_path / "out.csv").exists()


class Trap:
    """Unpickling it writes a file."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (eval, ("open('sprung', 'w').write('x')",))


def test_a_pickle_is_never_opened(run: Run, reviews: Path, tmp_path: Path, trained: Path, tiny: str) -> None:
    folder = copy_of(trained, tmp_path)
    for name in ("pytorch_model.bin", "optimizer.pt", "training_args.bin", "rng_state.pth"):
        (folder / name).write_bytes(pickle.dumps(Trap()))
    run("predict", folder, "train.csv", "-o", "out.csv")
    (folder / "model.safetensors").unlink()
    assert "model.safetensors is missing" in run("predict", folder, "train.csv", "-o", "other.csv", ok=2).err
    backbone = Path(shutil.copytree(tiny, tmp_path / "backbone"))
    (backbone / "model.safetensors").rename(backbone / "model.gone")
    (backbone / "pytorch_model.bin").write_bytes(pickle.dumps(Trap()))
    assert "safetensors only" in run("train", "train.csv", "--model", backbone, "-o", "run", ok=2).err
    assert not (tmp_path / "sprung").exists()


def test_code_beside_a_model_is_never_run(run: Run, reviews: Path, tmp_path: Path, tiny: str) -> None:
    backbone = Path(shutil.copytree(tiny, tmp_path / "backbone"))
    config = json.loads((backbone / "config.json").read_text())
    config |= {"auto_map": {"AutoConfig": "trap.Trap", "AutoModelForSequenceClassification": "trap.Trap"}}
    (backbone / "config.json").write_text(json.dumps(config | {"model_type": "unheard-of"}))
    (backbone / "trap.py").write_text("open('sprung', 'w')\nclass Trap: pass\n")
    run("train", "train.csv", "--model", backbone, "-o", "run", ok=2)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["new.csv", "-o", "new.csv"], "is the input"),
        (["new.csv", "-o", "out.docx"], ".jsonl"),
        (["notext.csv", "-o", "out.csv"], "no column 'text'"),
        (["nowhere.csv", "-o", "out.csv"], "nowhere.csv"),
        (["ragged.csv", "-o", "out.csv"], "ragged.csv:3"),
        (["new.csv", "--top-k", "0"], "--top-k"),
        (["new.csv", "--min-probability", "2"], "--min-probability"),
        (["new.csv", "--precision", "int8"], "--precision"),
    ],
)
def test_a_mistake_in_prediction_is_one_plain_message_and_leaves_nothing_half_written(
    run: Run, tmp_path: Path, trained: Path, words: list[str], wanted: str
) -> None:
    write_csv(tmp_path / "new.csv", ["text"], [(text,) for text in texts(3)])
    write_csv(tmp_path / "notext.csv", ["words"], [("good",)])
    (tmp_path / "ragged.csv").write_text("text,id\ngood,1\nbad,2,3\n")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    said = run("predict", trained, *words, ok=2)
    assert said.err.count("Error: ") == 1
    assert wanted in said.err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_the_installed_command_shows_no_traceback_and_leaves_with_2(tmp_path: Path) -> None:
    done = bertft("train", "nowhere.csv", ok=2, cold=True)
    assert done.stderr.startswith("Error: nowhere.csv")
    assert bertft("train", "--no-such-flag", ok=2).stdout == ""
    assert bertft("unheard-of", ok=2).stdout == ""


def test_a_stream_goes_through_the_installed_command(tmp_path: Path, trained: Path) -> None:
    done = bertft("predict", trained, "-", "--quiet", cold=True, stdin='text\ngood great film\nbad awful film\n""\n')
    (tmp_path / "out.csv").write_text(done.stdout)
    found = read_csv(tmp_path / "out.csv")
    assert [row["text"] for row in found] == ["good great film", "bad awful film", ""]
    assert found[2]["reason"]
    done = bertft("predict", trained, "-", "--quiet", stdin='{"text": "good"}\n')
    assert json.loads(done.stdout)["predicted_label"] in ("neg", "neutral", "pos")


def test_escape_sequences_in_data_are_shown_and_not_sent(run: Run, reviews: Path, tmp_path: Path, tiny: str) -> None:
    write_csv(tmp_path / "v.csv", ["text", "label"], [("good", "\x1b[31mred\x07")])
    said = run("train", "train.csv", "--validation", "v.csv", "--model", tiny, "-o", "run", *FAST, ok=2)
    assert "\x1b" not in said.err
    assert "\\x1b[31mred" in said.err


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--crf"], "--crf is for token-classification"),
        (["--bilstm", "8"], "--bilstm is for token-classification"),
        (["--context", "document"], "--context is for token-classification"),
        (["--max-answer", "5"], "--max-answer is for question-answering"),
        (["--fix-answers"], "--fix-answers is for question-answering"),
    ],
)
def test_a_flag_of_another_kind_of_task_is_refused(
    run: Run, reviews: Path, tiny: str, words: list[str], wanted: str
) -> None:
    assert f"{wanted}; this task is text-classification." in run("train", reviews, "--model", tiny, *words, ok=2).err


@pytest.mark.parametrize("how", ["flag", "config"])
def test_the_mean_is_refused_where_no_layer_can_give_it(
    run: Run, reviews: Path, tmp_path: Path, tiny: str, backbones: Callable[[str], Path], how: str
) -> None:
    """Another kind of task, or another family; typed, or read from a file. What the message advises works."""
    (tmp_path / "mean.toml").write_text('[recipe]\npool = "mean"\n')
    write_jsonl(tmp_path / "words.jsonl", tagged_rows(40))
    asked = ("--pool", "mean") if how == "flag" else ("--config", "mean.toml")
    tagging = ("train", "words.jsonl", "--model", tiny, *FAST)
    said = run(*tagging, *asked, ok=2)
    assert "is for text-classification; this task is token-classification." in said.err
    other = ("train", "train.csv", "--model", backbones("distilbert"), *FAST)
    said = run(*other, *asked, ok=2)
    assert "--pool mean adds a layer to the backbone, which works for bert, " in said.err
    assert "is distilbert. Leave it out, or pass --pool cls." in said.err
    assert not (tmp_path / "runs").exists()
    run(*tagging, "-o", "tagger")
    run(*other, *(asked if how == "config" else ()), "--pool", "cls", "-o", "run")


def test_an_endless_label_makes_no_endless_message(run: Run, tmp_path: Path, trained: Path) -> None:
    write_csv(tmp_path / "new.csv", ["text", "label"], [("good film", "x" * 5000), ("bad film", "y" * 5000)])
    said = run("eval", trained, "new.csv", ok=2)
    assert "was never seen in training" in said.err
    assert len(said.err) < 1000
