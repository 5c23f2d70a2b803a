"""`bertft pretrain` from end to end: what it learns and leaves behind, and that one that is cut off ends in the same bits."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import PowerFails, Said, build_tokenizer, sentiment, texts, write_csv

from bertft.engine.step import Stepper
from bertft.errors import CheckpointError, OutputError

Run = Callable[..., Said]
FEW = ("--epochs", 2, "--batch-size", 16, "--eval-steps", 3, "--precision", "fp32", "--max-length", 32, "--seed", 3)


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Documents of several lines."""
    monkeypatch.chdir(tmp_path)
    lines = texts(240, seed=5)
    documents = ["\n".join(lines[start : start + 3]) for start in range(0, len(lines), 3)]
    (tmp_path / "corpus.txt").write_text("\n\n".join(documents), encoding="utf-8")
    return tmp_path / "corpus.txt"


@pytest.fixture(scope="session")
def filler(tiny: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run: never write into it."""
    from conftest import forget_accelerator

    import bertft

    folder = tmp_path_factory.mktemp("filler")
    (folder / "corpus.txt").write_text("\n".join(texts(60, seed=6)), encoding="utf-8")
    forget_accelerator()
    bertft.pretrain(
        folder / "corpus.txt",
        model=tiny,
        output_dir=str(folder / "run"),
        epochs=2,
        lr=5e-3,
        batch_size=4,
        precision="fp32",
    )
    forget_accelerator()
    return folder / "run"


def test_it_learns_and_says_what_was_before(run: Run, corpus: Path, tiny: str) -> None:
    words = ("--epochs", 4, "--batch-size", 4, "--lr", 5e-3, "--precision", "fp32", "--validation-share", 0.2)
    said = run("pretrain", corpus, "--model", tiny, "-o", "run", *words)
    record = json.loads(Path("run/run.json").read_text())
    after, before = record["scores"]["validation"]["values"], record["reference"]["start"]["values"]
    assert after["perplexity"] < before["perplexity"] / 4
    assert 18 < record["reference"]["constant"]["value"] < 23  # 20 words, equally frequent
    assert record["rows"] == {"train": 64, "validation": 16}
    assert "brings no head that fills masks" in said.err
    assert "blank lines part documents" in said.err
    assert not Path("run/corpus").exists()


def test_a_run_cut_off_ends_in_the_same_bits(
    run: Run, corpus: Path, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("pretrain", corpus, "--model", tiny, *FEW, "--quiet")
    run(*words, "-o", "whole")
    take, at = Stepper.take, [4]

    def cut(self: Stepper, step: Any, asked: Any = ()) -> Any:
        if step.number == at[0]:
            raise PowerFails
        return take(self, step, asked)

    monkeypatch.setattr(Stepper, "take", cut)
    for place in (4, 8):
        at[0] = place
        with pytest.raises(PowerFails):
            run(*words, "-o", "parts", "--resume", "--save-steps", 1)
        assert (Path("parts/corpus/train/ids.i32")).is_file()
    at[0] = 0
    with monkeypatch.context() as here:
        here.setattr("bertft.engine.corpora.write_tokens", None)  # the tokens are there already
        run("pretrain", "--resume", "-o", "parts", "--quiet")
    weights = [hashlib.sha256((Path(name) / "model.safetensors").read_bytes()).digest() for name in ("whole", "parts")]
    assert weights[0] == weights[1]
    scores = [json.loads((Path(name) / "run.json").read_text())["scores"] for name in ("whole", "parts")]
    assert scores[0] == scores[1]


def test_a_run_killed_while_it_reads_leaves_a_folder_that_is_free(tmp_path: Path) -> None:
    """Tokens of ours are removed, whole or cut off; what is not ours is never touched."""
    from bertft.corpus import write_tokens
    from bertft.model.folder import open_run_folder

    write_tokens(tmp_path / "run/corpus/train", [["good"]], build_tokenizer("bert"), "d")
    cut = tmp_path / "run/corpus/.validation.part"
    cut.mkdir()
    (cut / "ids.i32").touch()
    (cut / "mine.txt").touch()
    with pytest.raises(OutputError, match="already holds something"):
        open_run_folder(str(tmp_path / "run"), overwrite=False)
    assert (tmp_path / "run/corpus/train/ids.i32").is_file()
    (cut / "mine.txt").unlink()
    for overwrite in (False, True):
        open_run_folder(str(tmp_path / "run"), overwrite=overwrite)
    assert not list((tmp_path / "run").iterdir())


def test_masks_are_drawn_afresh_each_epoch_and_never_by_order(filler: Path, tmp_path: Path) -> None:
    from bertft.adapters.masks.masked_blocks import MaskedBlocks, frame_of, masker_of
    from bertft.corpus import open_tokens, pack, write_tokens
    from bertft.masking.masked import strategy_of

    tokenizer = build_tokenizer("bert")
    write_tokens(tmp_path / "c", [[text] for text in texts(30)], tokenizer, "d")
    tokens = open_tokens(tmp_path / "c", "d")
    assert tokens is not None
    masker = masker_of(tokenizer, strategy_of("token"), 0.15)
    blocks = MaskedBlocks(tokens, pack(tokens, np.arange(30), 20), frame_of(tokenizer), masker)
    first, second = blocks.of_epoch(1, 0), blocks.of_epoch(1, 1)
    backwards = [first[number] for number in reversed(range(30))][::-1]
    assert all(np.array_equal(one.input_ids, other.input_ids) for one, other in zip(first, backwards, strict=True))
    assert not all(np.array_equal(one.asked, other.asked) for one, other in zip(first, second, strict=True))
    for number, feature in enumerate(blocks):
        whole = tokenizer(texts(30)[number])["input_ids"]
        assert np.array_equal(np.asarray(whole)[feature.asked], feature.target)
        assert np.array_equal(np.delete(whole, feature.asked), np.delete(feature.input_ids, feature.asked))
    assert blocks.lengths.tolist() == [len(feature.input_ids) for feature in blocks]


def test_eval_is_the_loss_of_transformers(
    run: Run, filler: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same masks through transformers' own model give the same perplexity and accuracy."""
    from transformers import AutoModelForMaskedLM

    from bertft.engine import pretraining_scores

    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.txt").write_text("\n".join(texts(60, seed=9)), encoding="utf-8")
    seen: list[Any] = []
    scores = pretraining_scores.BlockValidator.scores
    monkeypatch.setattr(
        pretraining_scores.BlockValidator, "scores", lambda self, *a, **k: (seen.append(self), scores(self, *a, **k))[1]
    )
    found = json.loads(run("eval", filler, "other.txt", "--precision", "fp32", "--json").out)
    model, losses, right = AutoModelForMaskedLM.from_pretrained(filler).eval(), [], []
    for feature in seen[0].blocks:
        with torch.no_grad():
            logits = model(torch.from_numpy(feature.input_ids.astype(np.int64))[None]).logits[0, feature.asked]
        gold = torch.from_numpy(feature.target.astype(np.int64))
        losses += torch.nn.functional.cross_entropy(logits, gold, reduction="none").tolist()
        right += (logits.argmax(-1) == gold).tolist()
    assert found["values"]["perplexity"] == pytest.approx(math.exp(np.mean(losses)), rel=1e-4)
    assert found["values"]["accuracy"] == pytest.approx(np.mean(right))
    assert any(right)
    assert f"{len(losses)} masked tokens in 60 blocks" in found["notes"][0]


def test_predict_is_the_pipeline_of_transformers(run: Run, filler: Path, tmp_path: Path, monkeypatch: Any) -> None:
    from transformers import pipeline

    monkeypatch.chdir(tmp_path)
    given = ["a good [MASK]", "[MASK] was very [MASK]", "no mask", "", "good " * 300 + "[MASK] " + "bad " * 300]
    write_csv(tmp_path / "in.csv", ["id", "text"], list(enumerate(given)))
    run("predict", filler, "in.csv", "-o", "out.jsonl", "--top-k", 3, "--precision", "fp32")
    rows = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
    fill = pipeline("fill-mask", model=str(filler), top_k=3)
    for row, wanted in ((rows[0], [fill(given[0])]), (rows[1], fill(given[1]))):
        for ours, theirs in zip(row["top_tokens"], wanted, strict=True):
            assert [one["token"] for one in ours] == [one["token_str"] for one in theirs]
            assert [one["probability"] for one in ours] == pytest.approx([one["score"] for one in theirs], abs=1e-5)
    assert rows[0]["filled"] == f"a good {rows[0]['predicted_tokens'][0]}"
    assert [row["reason"] for row in rows] == [None, None, "no [MASK] in the text", "no text in column 'text'", None]
    assert len(rows[4]["predicted_tokens"]) == 1


def test_each_mask_near_an_end_of_a_long_text_gets_its_own_answer(
    run: Run, filler: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    """Their windows are the same: the first or the last 62 words, of which the pipeline of transformers fills each mask."""
    from transformers import pipeline

    monkeypatch.chdir(tmp_path)
    words = texts(1, seed=8)[0].split() + " ".join(texts(40, seed=9)).split()
    for place in (1, 3, -4, -2):
        words[place] = "[MASK]"
    write_csv(tmp_path / "in.csv", ["text"], [(" ".join(words),)])
    run("predict", filler, "in.csv", "-o", "out.jsonl", "--top-k", 3, "--precision", "fp32")
    found = json.loads(Path("out.jsonl").read_text())["top_tokens"]
    fill = pipeline("fill-mask", model=str(filler), top_k=3)
    wanted = [*fill(" ".join(words[:62])), *fill(" ".join(words[-62:]))]
    for ours, theirs in zip(found, wanted, strict=True):
        assert [one["probability"] for one in ours] == pytest.approx([one["score"] for one in theirs], abs=1e-6)
        assert [one["token"] for one in ours] == [one["token_str"] for one in theirs]


def test_it_serves_as_the_model_of_train(run: Run, filler: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [(text, sentiment(text)) for text in texts(40)]
    write_csv(tmp_path / "train.csv", ["text", "label"], rows)
    run("train", "train.csv", "--model", filler, "--max-steps", 1, "-o", "run", "--head-start", "random", "--quiet")
    assert json.loads(Path("run/run.json").read_text())["backbone"] == str(filler)


REFUSED = {
    "an empty file": ("", (), "the file is empty"),
    "blank lines only": ("\n \n\n", (), "no text"),
    "a single line": ("one line", (), "one document only"),
    "bytes": (b"\x00\x01\x02\xff" * 50, (), "corpus.txt"),
    "nothing it knows": ("\u4f60\u597d\n\u4f60\u597d\n", (), "is in the model's vocabulary"),
    "nothing to mask held back": ("good\n\u4f60\n", ("--split-seed", 2), "held back for validation can be masked"),
    "a validation file that it does not know": (
        "a\nb\n",
        ("--validation", "other.txt"),
        "is in the model's vocabulary",
    ),
    "a mask share of 0": ("a\nb\n", ("--mask-share", 0), "mask-share"),
    "a column of plain text": ("a\nb\n", ("--text", "words"), "has no columns"),
    "a model from before BERT": ("a\nb\n", ("--model", "bow"), "fills no masks"),
    "too long": ("a\nb\n", ("--max-length", 600), "takes at most 64"),
    "another metric": ("a\nb\n", ("--metric", "f1"), "no metric 'f1'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_learned_from_is_refused(
    run: Run, tmp_path: Path, tiny: str, monkeypatch: Any, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    text, words, said = REFUSED[name]
    Path("other.txt").write_text("\u4f60\n", encoding="utf-8")
    Path("corpus.txt").write_bytes(text if isinstance(text, bytes) else text.encode())
    found = run("pretrain", "corpus.txt", "--model", tiny, "-o", "run", *words, ok=2)
    assert str(said) in found.err
    assert "Traceback" not in found.err


def test_what_needs_labels_is_refused(run: Run, filler: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    write_csv(tmp_path / "rows.csv", ["text", "label"], [("good", "a"), ("bad", "b")])
    for words in (
        ("report", filler),
        ("report", filler, "--data", "rows.csv"),
        ("train", "--config", filler / "plan.toml"),
    ):
        said = run(*words, ok=2).err
        assert "learned from texts without labels" in said or "Use it with bertft pretrain --config" in said


def test_texts_that_flatter_or_look_like_masks_are_said(run: Run, corpus: Path, tiny: str) -> None:
    Path("odd.txt").write_text("a [MASK] good\nfilm\n", encoding="utf-8")
    words = ("--model", tiny, "--max-steps", 1, "--precision", "fp32")
    said = run("pretrain", "odd.txt", "--validation", "./odd.txt", *words, "-o", "one")
    assert "which flatters the scores" in said.err
    assert "special tokens ([MASK] 1 times)" in said.err
    assert "named twice" in run("pretrain", "odd.txt", "./odd.txt", *words, "-o", "two", ok=2).err


def test_python_takes_a_list_of_texts(tiny: str, tmp_path: Path, fresh_accelerator: None) -> None:
    import bertft

    found = bertft.pretrain(texts(20), model=tiny, max_steps=1, precision="fp32", output_dir=str(tmp_path / "run"))
    assert found.rows == {"train": 19, "validation": 1}
    assert "perplexity" in bertft.evaluate(tmp_path / "run", [{"text": "a good film"}]).scores.values
    assert bertft.load(tmp_path / "run")("a good [MASK]")["filled"].startswith("a good ")


def test_a_tokenizer_without_a_mask_is_refused() -> None:
    from bertft.adapters.masks.filler import check_mask

    tokenizer = build_tokenizer("bert")
    tokenizer.mask_token = None
    with pytest.raises(CheckpointError, match="has no mask token"):
        check_mask(tokenizer, "mine")


def test_each_run_is_gone_on_with_by_its_own_command(run: Run, filler: Path, trained: Path) -> None:
    assert f"bertft pretrain --resume -o {filler}" in run("train", "--resume", "-o", filler, ok=2).err
    assert f"bertft train --resume -o {trained}" in run("pretrain", "--resume", "-o", trained, ok=2).err
    assert "bertft pretrain CORPUS" in run("train", filler.parent / "corpus.txt", "--task", "fill-mask", ok=2).err
