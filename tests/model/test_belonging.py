"""Models and tokenizers that do not belong together are refused before anything is learned from nonsense."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import FAMILIES, Said, build_backbone, build_tokenizer

from bertft.model.backbone import find_backbone
from bertft.model.tokens import check_belongs, load_tokenizer

Run = Callable[..., Said]
QUICK = ("--max-steps", 2, "--precision", "fp32", "--no-refit")


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_a_tokenizer_of_its_own(backbones: Callable[[str], Path], family: str) -> None:
    found = find_backbone(str(backbones(family)))
    check_belongs(load_tokenizer(found.path), found.config, found.name)


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert", "deberta-v2", "mpnet", "modernbert"])
def test_a_folder_without_a_tokenizer_is_refused(
    run: Run, reviews: Path, backbones: Callable[[str], Path], family: str
) -> None:
    Path("bare").mkdir()
    for name in ("config.json", "model.safetensors"):
        shutil.copy(backbones(family) / name, "bare")
    said = run("train", reviews, "--model", "./bare", "-o", "run", *QUICK, ok=2)
    assert "bare: " in said.err
    assert "tokenizer" in said.err
    assert not Path("run/model.safetensors").exists()


@pytest.mark.parametrize("verb", ["predict", "eval"])
def test_a_run_whose_tokenizer_is_gone_is_refused(run: Run, trained: Path, reviews: Path, verb: str) -> None:
    shutil.copytree(trained, "run")
    Path("run/tokenizer.json").unlink()
    said = run(verb, "run", reviews, ok=2)
    assert "run: " in said.err
    assert "tokenizer" in said.err
    assert said.out == ""


def test_a_tokenizer_with_more_tokens_than_the_model_is_refused(run: Run, reviews: Path, tiny: str) -> None:
    shutil.copytree(tiny, "small")
    tokenizer = build_tokenizer("bert")
    tokenizer.add_tokens(["unheard", "of"])
    tokenizer.save_pretrained("small")
    said = run("train", reviews, "--model", "./small", "-o", "run", *QUICK, ok=2)
    assert (
        f"the tokenizer has {len(tokenizer)} tokens, the model {len(tokenizer) - 2}: they do not belong together"
        in said.err
    )


@pytest.mark.parametrize("family", ["gpt2", "bart", "t5"])
def test_models_that_write_are_refused(run: Run, reviews: Path, family: str, tiny: str) -> None:
    from transformers import AutoConfig, AutoModel

    sizes = {
        "gpt2": {"n_embd": 32, "n_layer": 1, "n_head": 2},
        "bart": {"d_model": 32, "encoder_layers": 1, "decoder_layers": 1},
        "t5": {"d_model": 32, "num_layers": 1, "num_heads": 2, "d_ff": 64, "d_kv": 16},
    }[family]
    AutoModel.from_config(AutoConfig.for_model(family, vocab_size=120, **sizes)).save_pretrained("writer")
    build_tokenizer("bert").save_pretrained("writer")
    said = run("train", reviews, "--model", "./writer", "-o", "run", *QUICK, ok=2)
    assert f"writer: {family} is a model that writes (a decoder)" in said.err
    assert not Path("run").exists()


def test_a_tokenizer_that_cannot_fill_up_a_batch_is_refused(run: Run, reviews: Path, tmp_path: Path) -> None:
    from transformers import PreTrainedTokenizerFast

    folder = build_backbone("bert", tmp_path / "unpadded")
    inner = build_tokenizer("bert").backend_tokenizer
    for file in folder.glob("*token*"):
        file.unlink()
    PreTrainedTokenizerFast(tokenizer_object=inner, unk_token="[UNK]").save_pretrained(folder)
    said = run("train", reviews, "--model", "./unpadded", "-o", "run", *QUICK, ok=2)
    assert "unpadded: its tokenizer has no padding token" in said.err
