"""`pretrain --from-scratch` and `--pair`, from end to end: what begins new, what is kept, and what is refused."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import PowerFails, Said, build_tokenizer, texts

from bertft.engine.step import Stepper
from bertft.errors import CheckpointError
from bertft.jobs.training.from_scratch import scratch_backbone
from bertft.model.scratch import new_bert
from bertft.plan.pretraining import PretrainPlan

Run = Callable[..., Said]
NEW = ("--from-scratch", "--size", "tiny", "--precision", "fp32", "--max-length", 32, "--batch-size", 8, "--quiet")


@pytest.fixture
def corpus() -> Path:
    lines = texts(60, seed=5)
    documents = ["\n".join(lines[start : start + 3]) for start in range(0, len(lines), 3)]
    Path("corpus.txt").write_text("\n\n".join(documents), encoding="utf-8")
    return Path("corpus.txt")


def test_a_new_bert_learns_pairs_and_opens_in_transformers_with_both_heads(run: Run, corpus: Path) -> None:
    from transformers import AutoModelForMaskedLM, AutoModelForPreTraining, AutoTokenizer

    words = ("pretrain", corpus, *NEW, "--pair", "nsp", "--validation-share", 0.3)
    run(*words, "--max-steps", 2, "-o", "pairs")
    network, report = AutoModelForPreTraining.from_pretrained("pairs", output_loading_info=True)
    assert type(network).__name__ == "BertForPreTraining"
    assert not report["missing_keys"] | report["unexpected_keys"]
    _, report = AutoModelForMaskedLM.from_pretrained("pairs", output_loading_info=True)
    assert not report["missing_keys"]
    tokens = len(AutoTokenizer.from_pretrained("pairs"))
    assert network.config.vocab_size == tokens
    assert 0.019 < network.bert.encoder.layer[1].output.dense.weight.std().item() < 0.021
    before = json.loads(Path("pairs/run.json").read_text())["reference"]["start"]["values"]
    assert math.log(before["perplexity"]) == pytest.approx(math.log(tokens), abs=0.3)
    assert before["pair_loss"] == pytest.approx(math.log(2), abs=0.1)
    card = Path("pairs/README.md").read_text(encoding="utf-8")
    assert "A `new bert-tiny`, trained from scratch" in card
    assert "base_model" not in card
    assert "pair_accuracy" in run("eval", "pairs", corpus).out
    Path("mask.jsonl").write_text('{"text": "good [MASK]"}', encoding="utf-8")
    assert json.loads(run("predict", "pairs", "mask.jsonl").out)["filled"].startswith("good")


def test_one_of_the_same_plan_that_is_cut_off_ends_in_the_same_bits(
    run: Run, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("pretrain", corpus, *NEW, "--pair", "sop", "--max-steps", 4)
    run(*words, "-o", "whole")
    take = Stepper.take

    def cut(self: Stepper, step: Any, asked: Any = ()) -> Any:
        if step.number == 3:
            raise PowerFails
        return take(self, step, asked)

    with monkeypatch.context() as here:
        here.setattr(Stepper, "take", cut)
        with pytest.raises(PowerFails):
            run("pretrain", "--config", "whole/plan.toml", "-o", "parts", "--save-steps", 1)
    run("pretrain", "--resume", "-o", "parts", "--quiet")
    for name in ("model.safetensors", "tokenizer.json"):
        assert Path("whole", name).read_bytes() == Path("parts", name).read_bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--size", "tiny"), "--size is for --from-scratch"),
        (("--tokenizer", "x"), "--tokenizer is for --from-scratch"),
        (("--from-scratch", "--tokenizer", "./x"), "--tokenizer ./x: no such folder"),
        (("--from-scratch", "--tokenizer", "x", "--model", "y"), "name two tokenizers"),
        (("--from-scratch", "--size", "large"), "one of tiny, mini, small, base"),
        (("--from-scratch", "--pair", "nsp"), "Pass a larger --validation-share, or --pair sop"),
        (("--pair", "cosine"), "one of nsp, sop"),
    ],
)
def test_what_has_no_effect_or_no_sense_is_refused(words: tuple[str, ...], said: str, run: Run, corpus: Path) -> None:
    assert said in run("pretrain", corpus, *words, "-o", "new", ok=2).err


@pytest.mark.parametrize(
    ("place", "positions", "family"), [(0, 513, "roberta"), (16, 529, "roberta"), (17, 512, "bert")]
)
def test_no_positions_are_wasted_on_padding_that_is_a_late_token(place: int, positions: int, family: str) -> None:
    """ModernBERT's tokenizer has it at 50,283, and knows no second text."""
    tokenizer = build_tokenizer("roberta")
    tokenizer.pad_token = tokenizer.convert_ids_to_tokens(place)
    config = new_bert("tiny", tokenizer, 128).config
    assert (config.model_type, config.max_position_embeddings, config.type_vocab_size) == (family, positions, 1)


@pytest.mark.parametrize("missing", ["mask_token", "pad_token"])
def test_a_tokenizer_that_masks_or_pads_nothing_begins_no_bert(missing: str, tmp_path: Path) -> None:
    tokenizer = build_tokenizer("roberta")
    setattr(tokenizer, missing, None)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(CheckpointError, match=f"no {missing.replace('_', ' ')}|no token for padding"):
        scratch_backbone(PretrainPlan(from_scratch=True, tokenizer=str(tmp_path)), list, 128)


def test_the_tokenizer_of_a_model_is_lent_and_its_weights_are_not(run: Run, corpus: Path, tiny: str) -> None:
    run("pretrain", corpus, *NEW, "--model", tiny, "--max-steps", 1, "-o", "lent")
    assert Path("lent/tokenizer.json").read_text() == Path(tiny, "tokenizer.json").read_text()
    assert json.loads(Path("lent/config.json").read_text())["hidden_size"] == 128
