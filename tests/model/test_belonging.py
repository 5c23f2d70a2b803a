"""Models and tokenizers that do not belong together are refused before anything is learned from nonsense."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import FAMILIES, Said, build_backbone, build_tokenizer, write_jsonl

from bertft.errors import CheckpointError
from bertft.model.backbone import find_backbone
from bertft.model.folder import read_task
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


def test_no_file_of_a_model_can_be_gone_unnoticed(trained: Path) -> None:
    names = json.loads((trained / "bertft.json").read_text())["files"]
    assert names == ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
    for name in [*names, "bertft.json"]:
        shutil.rmtree("run", ignore_errors=True)
        shutil.copytree(trained, "run")
        Path("run", name).unlink()
        with pytest.raises(CheckpointError, match=rf"^run: .*{name} is missing"):
            read_task(Path("run"))


def test_a_tagger_without_its_crf_is_refused(run: Run, tiny: str) -> None:
    rows = [{"tokens": ["good", "film"], "tags": ["O", "B-WORK"]}, {"tokens": ["bad", "song"], "tags": ["O", "O"]}] * 10
    run("train", write_jsonl(Path("train.jsonl"), rows), "--model", tiny, "--crf", "-o", "run", *QUICK)
    Path("run/tagger.safetensors").unlink()
    assert "run: tagger.safetensors is missing" in run("predict", "run", "train.jsonl", ok=2).err


def test_a_run_from_before_files_were_listed_opens(trained: Path) -> None:
    shutil.copytree(trained, "run")
    stored = json.loads(Path("run/bertft.json").read_text())
    del stored["files"]
    Path("run/bertft.json").write_text(json.dumps(stored))
    assert read_task(Path("run")).card.kind == "text-classification"


@pytest.mark.parametrize("names", ["config.json", [3], ["../train.csv"]])
def test_a_list_of_files_that_means_nothing_is_damage(trained: Path, names: Any) -> None:
    shutil.copytree(trained, "run")
    stored = json.loads(Path("run/bertft.json").read_text())
    Path("run/bertft.json").write_text(json.dumps({**stored, "files": names}))
    with pytest.raises(CheckpointError, match="damaged"):
        read_task(Path("run"))


PROTOBUF, BASE64 = b"\n\x0e\n\x05<unk>\x15\x00\x00\x00\x00\x18\x02", b"IQ== 0\nIg== 1\n"


@pytest.mark.parametrize(
    ("family", "file", "content", "said"),
    [
        ("xlm-roberta", "sentencepiece.bpe.model", PROTOBUF, "pip install sentencepiece protobuf"),
        ("deberta-v2", "spm.model", PROTOBUF, "pip install sentencepiece protobuf"),
        ("albert", "spiece.model", PROTOBUF, "pip install sentencepiece protobuf"),
        ("bert", "tokenizer.model", BASE64, "pip install tiktoken"),
        ("bert", "tokenizer.model", PROTOBUF, "pip install sentencepiece protobuf"),
    ],
)
def test_the_package_that_a_tokenizer_needs_is_named(
    backbones: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, family: str, file: str, content: bytes, said: str
) -> None:
    from bertft.model import tokens

    monkeypatch.setattr(tokens, "_are_installed", lambda packages: False)
    shutil.copytree(
        backbones(family), "model", ignore=shutil.ignore_patterns("tokenizer*", "vocab*", "merges*", "*.model")
    )
    Path("model", file).write_bytes(content)
    with pytest.raises(CheckpointError, match=rf"^model: .*{said}$"):
        load_tokenizer("model")


@pytest.mark.parametrize(
    ("tokenizer", "package", "said"),
    [
        ("RoFormerTokenizer", "rjieba", "pip install rjieba"),
        ("MecabTokenizer", "fugashi", "choose a model that has a tokenizer.json"),
    ],
)
def test_a_package_that_would_not_help_is_not_advised(
    tiny: str, monkeypatch: pytest.MonkeyPatch, tokenizer: str, package: str, said: str
) -> None:
    import transformers

    def refuse(*_: object, **__: object) -> None:
        raise ImportError(f"You need to install {package} to use {tokenizer}. See https://pypi.org for installation.")

    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", refuse)
    with pytest.raises(CheckpointError, match=rf"{package}.*{said}|{said}"):
        load_tokenizer(tiny)


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
