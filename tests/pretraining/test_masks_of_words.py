"""`bertft pretrain --mask whole-word|span|entity`, from words to a run, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Said, build_tokenizer, texts, write_jsonl

from bertft.corpus import open_tokens, write_tokens
from bertft.corpus.marking import Marker
from bertft.corpus.words import spaced
from bertft.errors import DataError, UsageError
from bertft.jobs.training.pretrain_planning import checked_masks
from bertft.masking.marks import WORD_START
from bertft.plan.pretraining import PretrainPlan

Run = Callable[..., Said]
FEW = ("--max-steps", 1, "--batch-size", 8, "--precision", "fp32", "--max-length", 32)


def test_a_run_masks_entities_of_its_own_corpus_and_is_judged_alike(run: Run, tiny: str) -> None:
    lines = texts(30, seed=8)
    marked = [{"text": line, "entities": [[0, len(line.split()[0]), "X"]]} for line in lines]
    found = write_jsonl(Path("found.jsonl"), marked)
    said = run("pretrain", found, "--model", tiny, "-o", "run", "--mask", "entity", "--entities", found, *FEW)
    assert "found.jsonl: 30 entities in 30 sentences." in said.err
    stored = json.loads(Path("run/bertft.json").read_text())["stored"]
    assert stored["mask"] == "entity"
    assert stored["entities"] == "found.jsonl"
    assert "found.jsonl: 30 entities" in run("eval", "run", found).err


def test_words_are_told_alike_in_all_files_of_a_run(run: Run, tiny: str) -> None:
    """Whatever the letters of the others are: English is learned from, Chinese is validated on and evaluated."""
    Path("corpus.txt").write_text("\n".join(texts(30, seed=8)))
    Path("other.txt").write_text("\n".join(f"film 学习学习学习 {line}" for line in texts(8)))
    said = run(
        "pretrain", "corpus.txt", "--validation", "other.txt", "--model", tiny, "-o", "run", "--mask", "span", *FEW
    )
    assert "jieba" not in said.err
    assert 'words = "spaces"' in Path("run/plan.toml").read_text()
    assert json.loads(Path("run/bertft.json").read_text())["stored"]["words"] == "spaces"
    assert "jieba" not in run("eval", "run", "other.txt", "--precision", "fp32").err
    validation, evaluated = json.loads(Path("run/run.json").read_text())["scores"].values()
    assert evaluated == {**validation, "data": evaluated["data"]}


def test_a_new_list_is_not_taken_for_the_old_one(run: Run, tiny: str) -> None:
    Path("corpus.txt").write_text("\n".join(texts(30, seed=8)))
    Path("names.txt").write_text("film\n")
    words = ("--model", tiny, "-o", "run", "--mask", "entity", "--entities", "names.txt", *FEW)
    run("pretrain", "corpus.txt", *words)
    Path("names.txt").write_text("book\n")
    assert "names.txt: changed since the run began" in run("pretrain", "corpus.txt", *words, "--resume", ok=2).err


def test_a_run_is_judged_by_the_lists_that_it_learned_with(run: Run, tiny: str) -> None:
    """Wherever it stands by then, and whatever became of the lists."""
    Path("corpus.txt").write_text("\n".join(texts(30, seed=8)))
    Path("names.txt").write_text("film\n")
    Path("parts.txt").write_text("good film\t7\nbook\n", encoding="utf-16")
    lists = ("--entities", "names.txt", "--words", "parts.txt")
    run("pretrain", "corpus.txt", "--model", tiny, "-o", "run", "--mask", "entity", *lists, *FEW)
    assert Path("run/words.txt").read_text() == "good film\nbook\n"
    words = ("eval", "run", "corpus.txt", "--precision", "fp32")
    before = run(*words)
    assert "run/entities.txt: 1 of 1 entities occur" in before.err
    Path("names.txt").write_text("book\n")
    Path("parts.txt").unlink()
    assert run(*words).out == before.out


def test_entities_that_do_not_occur_leave_nothing_in_the_way(run: Run, tiny: str) -> None:
    Path("corpus.txt").write_text("\n".join(texts(30, seed=8)))
    Path("names.txt").write_text("Berlin\n")
    words = (
        "pretrain",
        "corpus.txt",
        "--model",
        tiny,
        "-o",
        "run",
        "--mask",
        "entity",
        "--entities",
        "names.txt",
        *FEW,
    )
    assert "none of its 1 entities occurs in corpus.txt" in run(*words, ok=2).err
    Path("names.txt").write_text("film\n")
    run(*words)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"words": "jieba"}, "--words has no effect with --mask token"),
        ({"mask": "span", "entities": "e.txt"}, "--entities has no effect with --mask span"),
        ({"mask": "entity"}, "--mask entity needs --entities FILE"),
    ],
)
def test_what_has_no_effect_is_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        checked_masks(PretrainPlan(**asked))


def test_a_file_that_is_not_there_is_told_before_anything_is_read() -> None:
    for asked in (PretrainPlan(mask="span", words="w.txt"), PretrainPlan(mask="entity", entities="e.txt")):
        with pytest.raises(DataError, match=r"\.txt: no such file"):
            checked_masks(asked)


def test_marks_stay_with_their_tokens(tmp_path: Path) -> None:
    """Also where a sentence has no token."""
    tokenizer, documents = build_tokenizer("bert"), [["good films", "\u200b"], ["\u200b"], ["not zq", "bad"]]
    write_tokens(tmp_path / "tokens", documents, tokenizer, "digest", marks=Marker(spaced))
    tokens = open_tokens(tmp_path / "tokens", "digest")
    assert tokens is not None
    assert tokens.marks is not None
    names = np.asarray(tokenizer.convert_ids_to_tokens(tokens.ids.tolist()))
    assert names[tokens.marks & WORD_START > 0].tolist() == ["good", "film", "not", "z", "bad"]
    assert all(name.startswith("##") for name in names[tokens.marks & WORD_START == 0])
