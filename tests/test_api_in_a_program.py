"""The Python door and the program around it: signals, threads, warnings, what a process has only one of."""

from __future__ import annotations

import json
import signal
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Said, read_jsonl
from in_python import FAST, weights

import bertft
from bertft import fast
from bertft.adapters.texts.single_label import SingleLabel
from bertft.errors import BertftWarning, DataError, UsageError
from bertft.system import signals

Run = Callable[..., Said]
GO_ON = r"Progress is saved; continue with: bertft.train\(…, output_dir='cut', resume=True\)"
pytestmark = pytest.mark.usefixtures("fresh_accelerator")


def test_it_is_quiet_and_warns_as_python_does(
    rows: list[dict[str, str]], tiny: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.warns(BertftWarning, match="skipped 1 row with no label"):
        bertft.train([*rows, {"text": "good"}], model=tiny, output_dir="a", **FAST)
    assert capsys.readouterr() == ("", "")
    with warnings.catch_warnings(action="ignore"):
        bertft.train(rows, model=tiny, output_dir="b", quiet=False, **FAST)
    heard = capsys.readouterr()
    assert heard.out == ""
    assert "Data: memory:train" in heard.err


def test_rows_of_a_program_can_be_gone_on_with_but_not_repeated_without_it(
    rows: list[dict[str, str]], tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = bertft.train(rows, model=tiny, output_dir="whole", **{**FAST, "epochs": 3})
    told: list[int] = []

    def stop_once(*words: Any) -> Any:
        told.append(1)
        if len(told) == 3:
            signal.raise_signal(signal.SIGINT)
        return collate(*words)

    collate = SingleLabel.collate
    monkeypatch.setattr(SingleLabel, "collate", stop_once)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs are told to ignore it
    with pytest.raises(
        KeyboardInterrupt,
        match=GO_ON,
    ):
        bertft.train(rows, model=tiny, output_dir="cut", **{**FAST, "epochs": 3})
    with pytest.raises(UsageError, match="memory:train: changed since the run began"):
        bertft.train(rows[1:], output_dir="cut", resume=True)
    bertft.train(rows, output_dir="cut", resume=True)
    assert weights("cut") == weights(whole.folder)
    with pytest.raises(DataError, match="rows that a program handed over"):
        bertft.train(config="whole/plan.toml", output_dir="again")


def test_what_the_process_is_set_to_is_given_back(trained: Path) -> None:
    before = torch.get_num_threads()
    model = bertft.load(trained, threads=before + 1, fast=False)
    assert torch.get_num_threads() == before
    assert fast.is_on()
    labelled = [{"text": "good", "label": "pos"}, {"text": "bad", "label": "neg"}]
    bertft.evaluate(trained, labelled, threads=before + 1)
    assert torch.get_num_threads() == before
    assert model("good")["predicted_label"]


def test_a_training_is_alone_and_what_it_is_asked_meanwhile_does_not_change_it(
    rows: list[dict[str, str]], tiny: str, trained: Path
) -> None:
    class Meddler:
        refused = ""

        def logged(self, step: Any, values: Any) -> None:
            bertft.load(trained)("good")

        def evaluated(self, step: Any, scores: Any, verdict: str) -> None:
            with pytest.raises(UsageError, match="this program trains already") as told:
                bertft.train(rows, model=tiny, output_dir="other", **FAST)
            self.refused = str(told.value)

    meddler = Meddler()
    one = bertft.train(rows, model=tiny, output_dir="one", fast=False, **FAST)
    two = bertft.train(rows, model=tiny, output_dir="two", fast=False, observers=[meddler], **FAST)
    assert weights(one.folder) == weights(two.folder)
    assert meddler.refused
    assert "not fast" in json.loads(Path("two/run.json").read_text())["device"]


def test_a_second_ctrl_c_is_a_keyboard_interrupt_too(
    rows: list[dict[str, str]], tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []

    def stop_twice(*words: Any) -> Any:
        told.append(1)
        if len(told) == 3:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
        return collate(*words)

    collate = SingleLabel.collate
    monkeypatch.setattr(SingleLabel, "collate", stop_twice)
    monkeypatch.setattr(signals, "ONE_PRESS", -1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with pytest.raises(KeyboardInterrupt):
        bertft.train(rows, model=tiny, output_dir="run", **{**FAST, "epochs": 3})


def test_a_thread_can_train(rows: list[dict[str, str]], tiny: str) -> None:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(bertft.train(rows, model=tiny, output_dir="run", **FAST)))
    thread.start()
    thread.join()
    assert (found[0].folder / "model.safetensors").is_file()


def test_another_precision_needs_another_process(trained: Path) -> None:
    bertft.load(trained, precision="fp32")
    with pytest.raises(UsageError, match="this program computes in fp32 already"):
        bertft.load(trained, precision="bf16")
    with pytest.raises(UsageError, match="this model is loaded already"):
        bertft.predict(bertft.load(trained), ["good"], precision="fp32")


def test_a_model_from_before_bert_goes_with_any_precision(
    rows: list[dict[str, str]], tiny: str, capsys: pytest.CaptureFixture[str]
) -> None:
    few = {"max_steps": 2, "head_start": None, "precision": None, "epochs": None}
    alone = bertft.train(rows, model="bow", output_dir="alone", **{**FAST, **few})
    bertft.train(rows, model="majority", output_dir="majority")
    bertft.train(rows, model=tiny, output_dir="bert", **{**FAST, "precision": "bf16"})  # what came before set nothing
    beside = bertft.train(rows, model="bow", output_dir="beside", quiet=False, **{**FAST, **few})
    assert weights(alone.folder) == weights(beside.folder)
    assert alone.device == beside.device
    assert "trainable; cpu, fp32" in capsys.readouterr().err


def test_observers_are_told(rows: list[dict[str, str]], tiny: str) -> None:
    class Notes:
        def __init__(self) -> None:
            self.losses: list[float] = []
            self.scores: list[float] = []

        def logged(self, step: Any, values: Any) -> None:
            self.losses.append(values["loss"])

        def evaluated(self, step: Any, scores: Any, verdict: str) -> None:
            self.scores.append(scores.main_value)

    notes = Notes()
    bertft.train(rows, model=tiny, output_dir="run", observers=[notes], **FAST)
    history = read_jsonl(Path("run/history.jsonl"))
    assert notes.losses == [line["loss"] for line in history if "loss" in line]
    assert notes.scores == [line["validation"]["accuracy"] for line in history if "validation" in line]
    assert notes.losses
    assert notes.scores
