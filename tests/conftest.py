"""Tiny random backbones of several families, small files, and the installed command. No network, no ../shared."""

from __future__ import annotations

import csv
import gc
import importlib
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
from browser import found_browser
from built_once import command_of
from devtools import Browser, Tab, driven
from hypothesis import settings
from prepared import begin
from stub_service import StubService, stub_service

os.environ["HF_HUB_OFFLINE"] = "1"
# The same tests everywhere; CUDA_VISIBLE_DEVICES=0 puts them on a GPU
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
# Tiny models: more threads only wait for each other, and a process with threads cannot be forked
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Under nohup all would ignore it, which is what nohup is for
signal.signal(signal.SIGHUP, signal.SIG_DFL)
settings.register_profile("any machine", deadline=None, max_examples=40)
settings.register_profile("thorough", deadline=None, max_examples=1000)  # make fuzz
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "any machine"))

HANGING = 1800
"""Seconds after which a process is taken to hang, on the busiest of machines."""


class PowerFails(BaseException):
    """As if the plug was pulled."""


WORDS = [
    "good",
    "bad",
    "fine",
    "poor",
    "great",
    "awful",
    "film",
    "book",
    "song",
    "dish",
    "service",
    "staff",
    "very",
    "not",
    "quite",
    "really",
    "slow",
    "quick",
    "warm",
    "cold",
]
FAMILIES = ("bert", "roberta", "distilbert", "electra", "albert", "deberta-v2", "mpnet", "xlm-roberta", "modernbert")


def build_tokenizer(family: str) -> Any:
    """The family's own tokenizer class over the few words of the tests."""
    import transformers

    if family in ("roberta", "xlm-roberta", "modernbert"):
        return _byte_level(family)
    special = ["<s>", "<pad>", "</s>", "<unk>"] if family == "mpnet" else ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    special.append("<mask>" if family == "mpnet" else "[MASK]")
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = special + WORDS + letters + [f"##{letter}" for letter in letters] + list("0123456789.,!?'")
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    name = {"distilbert": "DistilBertTokenizer", "mpnet": "MPNetTokenizer", "electra": "ElectraTokenizer"}
    return getattr(transformers, name.get(family, "BertTokenizer"))(vocab=vocabulary)


def _byte_level(family: str) -> Any:
    from tokenizers import ByteLevelBPETokenizer
    from transformers import RobertaTokenizer

    trained = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trained.train_from_iterator([" ".join(WORDS)] * 3, vocab_size=400, special_tokens=special, show_progress=False)
    model = json.loads(trained.to_str())["model"]
    return RobertaTokenizer(vocab=model["vocab"], merges=[tuple(pair) for pair in model["merges"]])


def build_backbone(family: str, folder: Path, *, seed: int = 1) -> Path:
    """A random encoder of the family, two layers of 32, saved as transformers saves it."""
    import torch
    from transformers import AutoConfig, AutoModel

    tokenizer = build_tokenizer(family)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    if family == "distilbert":
        sizes = {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64}
    if family in ("albert", "electra"):
        sizes["embedding_size"] = 16
    kin = family in ("roberta", "xlm-roberta", "mpnet")
    positions = {"max_position_embeddings": 66 if kin else 64}
    special = {"pad_token_id": tokenizer.pad_token_id}
    if family == "modernbert":
        special |= {
            "cls_token_id": 0,
            "sep_token_id": 2,
            "bos_token_id": 0,
            "eos_token_id": 2,
            "global_attn_every_n_layers": 1,
        }
    torch.manual_seed(seed)
    model = AutoModel.from_config(
        AutoConfig.for_model(family, vocab_size=len(tokenizer), **sizes, **positions, **special)
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session", autouse=True)
def libraries_are_not_looked_through() -> None:
    """Each training collects garbage, which takes a third of a second where all of the libraries are looked through."""
    for name in ("accelerate", "sklearn.metrics", "torch", "transformers"):
        importlib.import_module(name)
    keep_what_is_loaded()


@pytest.fixture(scope="session", autouse=True)
def no_file_waits_for_the_disk() -> Iterator[None]:
    """The power does not fail in tests; a file is flushed some ten thousand times."""
    with pytest.MonkeyPatch.context() as here:
        here.setattr(os, "fsync", os.fstat)
        yield


_kept = {"modules": 0}


def keep_what_is_loaded() -> None:
    """Again where a command has loaded more."""
    if len(sys.modules) > _kept["modules"]:
        gc.collect()
        gc.freeze()
        _kept["modules"] = len(sys.modules)


@pytest.fixture(autouse=True)
def no_refit_unasked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every training on a tiny file would be done twice; tests marked `refits` see what users get."""
    if request.node.get_closest_marker("refits") is None:
        from bertft.engine import sizing

        monkeypatch.setattr(sizing, "is_refitted", lambda *_: False)


@pytest.fixture(scope="session")
def backbones(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Family name -> folder of a tiny backbone, made once."""
    made: dict[str, Path] = {}

    def folder_of(family: str) -> Path:
        if family not in made:
            made[family] = build_backbone(family, tmp_path_factory.mktemp(family) / "backbone")
        return made[family]

    return folder_of


@pytest.fixture(scope="session")
def tiny(backbones: Callable[[str], Path]) -> str:
    """A tiny BERT, as a word of the command line."""
    return str(backbones("bert"))


def texts(count: int, *, seed: int = 0, longest: int = 12) -> list[str]:
    """Different short texts of the tests' words."""
    chance = random.Random(seed)
    return [" ".join(chance.choices(WORDS, k=chance.randint(3, longest))) for _ in range(count)]


def sentiment(text: str) -> str:
    """A label that a tiny model can learn: which words prevail."""
    words = text.split()
    good = sum(words.count(word) for word in ("good", "fine", "great", "warm", "quick"))
    bad = sum(words.count(word) for word in ("bad", "poor", "awful", "cold", "slow"))
    return "pos" if good > bad else "neg" if bad > good else "neutral"


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]], *, delimiter: str = ",") -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def write_jsonl(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    """train.csv with id, text and label: 120 rows of three classes."""
    rows = [(f"r{number}", text, sentiment(text)) for number, text in enumerate(texts(120))]
    return write_csv(tmp_path / "train.csv", ["id", "text", "label"], rows)


@pytest.fixture(autouse=True)
def in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test works in an empty folder, as a user would."""
    monkeypatch.chdir(tmp_path)


def bertft(*words: object, stdin: str | None = None, ok: int | None = 0, cold: bool = False, **more: Any) -> Any:
    """The command, in a process of its own: `prepared.begin` says what more there is. `ok` is the exit code it must have."""
    given = None if stdin is None else PIPE
    with begin(*words, cold=cold, stdin=given, stdout=PIPE, stderr=PIPE, **more) as process:
        out, err = process.communicate(stdin, timeout=HANGING)
    assert "Traceback" not in err, err
    assert ok is None or process.returncode == ok, f"exit {process.returncode}\n{out}\n{err}"
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def wait_to_hear(words: str, process: subprocess.Popen[str]) -> None:
    """Until the words stand in a line that a process says on stderr; AssertionError where it ends before."""
    assert process.stderr is not None
    heard = []
    for line in process.stderr:
        heard.append(line)
        if words in line:
            return
    raise AssertionError("".join(heard))


def forget_accelerator() -> None:
    """Accelerate keeps its precision for the life of a process; a command has a process of its own."""
    if "accelerate" in sys.modules:
        from accelerate.state import AcceleratorState

        AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture
def fresh_accelerator() -> Iterator[None]:
    """For tests that call the Python door: as in a program that has computed nothing yet, and for the next one too."""
    forget_accelerator()
    yield
    forget_accelerator()


@pytest.fixture
def rows(reviews: Path) -> list[dict[str, str]]:
    """Those of `reviews`."""
    return read_csv(reviews)


class Said:
    """What a command said, when it ran inside this process."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """The same command inside this process: many times faster, as torch is awake already."""

    def run_command(*words: object, ok: int | None = 0) -> Said:
        from bertft import console
        from bertft.commands.main import main

        forget_accelerator()
        keep_what_is_loaded()
        monkeypatch.setattr(sys, "argv", ["bertft", *map(str, words)])
        monkeypatch.setattr("typer.main.get_command", command_of)
        monkeypatch.setenv("BERTFT_DEBUG", "1")
        code = 0
        try:
            main()
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        console.be_quiet(False)
        heard = capsys.readouterr()
        assert ok is None or code == ok, f"exit {code}\n{heard.out}\n{heard.err}"
        return Said(code, heard.out, heard.err)

    return run_command


_undisturbed: dict[tuple[str, ...], Path] = {}


@pytest.fixture
def undisturbed(run: Callable[..., Said], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., None]:
    """`run(*words, "-o", "whole")`, done once for the same words and data: a link leads to it, so never write into it. Not for
    tests that have changed how runs are done."""

    def place(*words: object, name: str = "whole") -> None:
        key = tuple(Path(word).read_text() if Path(word).is_file() else word for word in map(str, words))
        if key not in _undisturbed:
            folder = tmp_path_factory.mktemp("undisturbed") / name
            run(*words, "-o", folder)
            _undisturbed[key] = folder
        Path(name).symlink_to(_undisturbed[key])

    return place


@pytest.fixture(scope="session")
def trained(tiny: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run over three classes, made once: never write into it."""
    folder = tmp_path_factory.mktemp("trained")
    rows = [(f"r{number}", text, sentiment(text)) for number, text in enumerate(texts(120))]
    data = write_csv(folder / "train.csv", ["id", "text", "label"], rows)
    words = ("--epochs", 1, "--head-start", "random", "--precision", "fp32", "--no-refit", "--quiet")
    bertft("train", data, "--model", tiny, "-o", folder / "run", *words)
    return folder / "run"


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A real browser, started once; where there is none, its tests are skipped."""
    path = found_browser()
    if path is None:
        pytest.skip("no Chromium on this machine")
    with driven(path, tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Tab]:
    """A page of it. It complains of nothing: neither a script that fails nor a breach of the policy."""
    opened = chromium.tab()
    yield opened
    assert opened.complaints == []
    opened.close()


@pytest.fixture
def stub() -> Iterator[StubService]:
    """A service without a model, which answers as a test says."""
    with stub_service() as service:
        yield service


@pytest.fixture(scope="session")
def runs_of_all_kinds(trained: Path, tiny: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A finished run of every kind of task by name, made once: never write into them."""
    from kinds_of_runs import make_runs

    return {"labels": trained, **make_runs(tmp_path_factory.mktemp("kinds"), tiny)}


@pytest.fixture(scope="session")
def graph(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of `trained`, exported with its weights: never write into it."""
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    from bertft.jobs.exporting.export import export
    from bertft.jobs.requests import ExportRequest

    folder = tmp_path_factory.mktemp("exported") / "graph"
    export(ExportRequest(run=str(trained), output=str(folder), export={"keep_weights": True}))
    return folder
