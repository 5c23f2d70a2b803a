"""`pretrain --model bilstm` from end to end: what it leaves, what reads it, what it refuses, and one that is cut off."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import PowerFails, Said, build_tokenizer, sentiment, texts, write_csv

from bertft.adapters.masks.masked_blocks import frame_of
from bertft.adapters.masks.next_tokens import ask_all
from bertft.engine.step import Stepper
from bertft.masking.masked import Block
from bertft.scoring.masks import score_next_tokens

Run = Callable[..., Said]
NEW = ("--model", "bilstm", "--size", "tiny", "--max-length", 32, "--batch-size", 8, "--max-steps", 4, "--quiet")


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("corpus.txt").write_text("\n".join(texts(60, seed=5)), encoding="utf-8")
    return Path("corpus.txt")


def test_all_tokens_but_special_ones_are_asked_for_and_none_is_hidden() -> None:
    tokenizer = build_tokenizer("bert")
    frame = frame_of(tokenizer)
    ids = np.asarray(tokenizer("good zzz film")["input_ids"], dtype=np.int32)
    asked = ask_all(Block(ids, frame.special[ids]), np.random.default_rng(0))
    assert asked.inputs is ids
    names = tokenizer.convert_ids_to_tokens(asked.labels)
    assert "good" in names
    assert not set(names) & set(tokenizer.all_special_tokens)
    assert ids[asked.chosen].tolist() == asked.labels.tolist()


def test_perplexities_are_means_over_tokens_and_not_over_blocks() -> None:
    found = score_next_tokens(np.array([[2.0, 4.0, 1, 0, 1], [1.0, 2.0, 1, 2, 3]])).values
    assert found["forward_perplexity"] == pytest.approx(math.exp(3 / 4))
    assert found["backward_perplexity"] == pytest.approx(math.exp(6 / 4))
    assert found["perplexity"] == pytest.approx(math.exp(9 / 8))
    assert found["accuracy"] == pytest.approx(4 / 8)


def test_a_run_cut_off_ends_in_the_same_bits_and_its_layers_are_read(
    run: Run, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("pretrain", corpus, *NEW, "-o", "whole")
    take = Stepper.take

    def cut(self: Stepper, step: Any, asked: Any = ()) -> Any:
        if step.number == 3:
            raise PowerFails
        return take(self, step, asked)

    with monkeypatch.context() as here:
        here.setattr(Stepper, "take", cut)
        with pytest.raises(PowerFails):
            run("pretrain", corpus, *NEW, "-o", "parts", "--save-steps", 1)
    run("pretrain", "--resume", "-o", "parts", "--quiet")
    for name in ("model.safetensors", "tokenizer.json"):
        assert Path("whole", name).read_bytes() == Path("parts", name).read_bytes()
    record = json.loads(Path("whole/run.json").read_text())
    before = record["reference"]["start"]["values"]
    tokens = json.loads(Path("whole/config.json").read_text())["vocab_size"]
    assert math.log(before["perplexity"]) == pytest.approx(math.log(tokens), abs=0.1)
    assert "fp32" in record["device"]
    assert "backward_perplexity" in run("eval", "whole", corpus).out
    card = Path("whole/README.md").read_text(encoding="utf-8")
    assert "bertft train input.csv --features" in card
    assert "trained from scratch" in card
    assert "A head reads their layers" in run("predict", "whole", corpus, ok=2).err
    write_csv(Path("rows.csv"), ["text", "label"], [(text, sentiment(text)) for text in texts(40)])
    rows = ("train", "rows.csv", "--model", "whole", "-o", "read")
    assert "Pass --features" in run(*rows, ok=2).err
    mixed = ("--features", "--layers", "0,1,2", "--combine", "mix", "--max-steps", 2, "--no-refit", "--quiet")
    run(*rows, *mixed)
    run("predict", "read", "rows.csv", "-o", "answers.csv", "--quiet")
    assert len(Path("answers.csv").read_text().splitlines()) == 41
    assert "this backbone has 2 layers" in run(*rows[:-1], "other", *mixed[:2], 3, ok=2).err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from-scratch",), "--from-scratch: --model bilstm always begins so"),
        (("--mask", "token"), "--mask: --model bilstm hides no tokens"),
        (("--mask-share", 0.2), "--mask-share: --model bilstm hides no tokens"),
        (("--pair", "nsp"), "--pair: --model bilstm hides no tokens"),
        (("--metric", "f1"), "perplexity"),
    ],
)
def test_what_has_no_effect_is_refused(words: tuple[Any, ...], said: str, run: Run, corpus: Path) -> None:
    assert said in run("pretrain", corpus, "--model", "bilstm", *words, "-o", "new", ok=2).err
