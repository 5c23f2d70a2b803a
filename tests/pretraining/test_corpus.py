"""Files to documents, documents to tokens on the disk, tokens to blocks: nothing is lost, and no block holds two documents."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conftest import build_tokenizer

from bertft.corpus import documents_of, open_tokens, pack, write_tokens
from bertft.corpus import token_file as room
from bertft.corpus.blocks import hold_out
from bertft.corpus.documents import open_corpus
from bertft.engine import corpora
from bertft.engine.corpora import held_documents
from bertft.errors import DataError, UsageError
from bertft.jobs.training.pretrain_planning import fields_for
from bertft.plan.pretraining import PretrainPlan
from bertft.reading import ReadOptions
from bertft.rows.fields import Fields

TEXT = Fields("text")


def read(path: Path, text: str, **options: Any) -> list[list[str]]:
    path.write_text(text, encoding="utf-8")
    return list(documents_of([open_corpus(str(path), ReadOptions(**options))], TEXT))


@pytest.mark.parametrize(
    ("name", "text", "documents"),
    [
        ("blank.txt", "\n a one\ntwo \n\n\n three\n", [["a one", " two"], ["three"]]),
        ("lines.txt", "one, two\nthree, four\n\n\n", [["one, two"], ["three, four"]]),
        ("json.txt", '{"a": 1}\n[2]\n', [['{"a": 1}'], ["[2]"]]),
        ("none", "one\n", [["one"]]),
        ("rows.csv", 'id,text\n1,one\n2,\n3,"two\n\nthree"\n', [["one"], ["two", " three"]]),
        ("rows.jsonl", '{"text": "one"}\n{"text": "a\\nb"}\n{"text": ["no"]}\n', [["one"], ["a", " b"]]),
    ],
)
def test_what_a_document_is(tmp_path: Path, name: str, text: str, documents: list[list[str]]) -> None:
    assert read(tmp_path / name, text) == documents


@pytest.mark.parametrize("plain_first", [True, False])
def test_plain_text_is_read_beside_tables(tmp_path: Path, plain_first: bool) -> None:
    (tmp_path / "lines").write_text("one\ntwo\n")
    (tmp_path / "rows.csv").write_text("id,review,title\n1,three,four\n")
    names = ["lines", "rows.csv"] if plain_first else ["rows.csv", "lines"]
    readings = [open_corpus(str(tmp_path / name), ReadOptions()) for name in names]
    fields = fields_for(readings, ["review"])
    assert sorted(documents_of(readings, fields)) == [["one"], ["three"], ["two"]]
    assert fields == Fields("review")
    with pytest.raises(UsageError, match="single one, and --text names 2"):
        fields_for(readings, ["title", "review"])


@pytest.mark.parametrize(("typed", "held"), [(None, 2), (0.05, 5)])
def test_only_a_share_that_was_not_typed_is_capped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: float | None, held: int
) -> None:
    monkeypatch.setattr("bertft.engine.corpora.MOST_HELD", 2)
    write_tokens(tmp_path / "c", [["good"]] * 100, build_tokenizer("bert"), "d")
    tokens = open_tokens(tmp_path / "c", "d")
    assert tokens is not None
    plan: Any = SimpleNamespace(data=SimpleNamespace(validation_share=typed), split_seed=1)
    assert len(held_documents(tokens, plan, [])[1]) == held


def test_few_documents_in_very_many_lines_are_told(tmp_path: Path) -> None:
    """One stray blank line makes two documents of what was meant as one a line."""
    for name, text, odd in (("two", "a\n" * 3000 + "\n" + "b\n" * 3000, True), ("long", "a\n\n" + "b\n" * 900, False)):
        (tmp_path / name).write_text(text)
        reading = open_corpus(str(tmp_path / name), ReadOptions())
        assert len(list(reading.documents(TEXT))) == 2
        assert ("6,000 lines into 2 documents" in reading.odd) is odd


@pytest.mark.parametrize(("seed", "told"), [(0, "96% of the text is held back"), (1, "")])
def test_a_share_of_the_text_far_above_that_of_the_documents_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int, told: str
) -> None:
    write_tokens(tmp_path / "c", [["good " * 96], ["good good", "good"], ["good"]], build_tokenizer("bert"), "d")
    tokens = open_tokens(tmp_path / "c", "d")
    assert tokens is not None
    assert tokens.sizes().tolist() == [96, 3, 1]
    plan: Any = SimpleNamespace(data=SimpleNamespace(validation_share=0.05), split_seed=seed)
    held_documents(tokens, plan, [])
    said = capsys.readouterr().err
    assert told in said
    assert ("Warning" in said) is bool(told)


def test_rows_without_a_text_are_counted(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("id,text\n1,one\n2,\n")
    reading = open_corpus(str(tmp_path / "rows.csv"), ReadOptions())
    for _ in range(2):  # a corpus is read more than once
        assert list(reading.documents(TEXT)) == [["one"]]
    assert (reading.skipped, reading.first_skipped) == (1, f"{tmp_path}/rows.csv:3: no text in column 'text'")


def test_blocks_hold_all_tokens_once_and_never_two_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a plain loop over sentences, for documents of any shape, in several chunks."""
    monkeypatch.setattr(room, "SENTENCES_AT_ONCE", 7)
    tokenizer, chance = build_tokenizer("bert"), np.random.default_rng(3)
    documents = [
        [" ".join(["good"] * int(size)) for size in chance.integers(1, 30, chance.integers(1, 9))] for _ in range(60)
    ]
    documents.insert(5, ["\u200b"])  # no token at all
    write_tokens(tmp_path / "c", documents, tokenizer, "d")
    tokens = open_tokens(tmp_path / "c", "d")
    assert tokens is not None
    assert len(tokens) == 60
    chosen = np.sort(chance.permutation(60)[:40])
    kept = [document for document in documents if document != ["\u200b"]]
    wanted = [block for one in chosen for block in slow_blocks([sentence.split() for sentence in kept[one]], 16)]
    blocks = pack(tokens, chosen, 16)
    assert blocks.lengths.tolist() == wanted
    ends = np.concatenate(([0], tokens.sentences))[np.concatenate(([0], tokens.documents))]
    places = [blocks.place(number) for number in range(len(blocks))]
    first_and_last = np.asarray([[place.start, place.stop - 1] for place in places])
    whose = np.searchsorted(ends, first_and_last, side="right")
    assert (whose[:, 0] == whose[:, 1]).all()


def test_long_documents_are_tokenized_in_parts_and_give_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer, none = build_tokenizer("bert"), "\u200b"
    documents = [[none, "good"], [none], ["bad", " film", none], ["very good"] * 9, [none] * 7, ["slow"], [none]]
    asked = list[int]()

    def counting(texts: list[str], **words: Any) -> Any:
        asked.append(len(texts))
        return tokenizer(texts, **words)

    counting.get_vocab = tokenizer.get_vocab  # type: ignore[attr-defined]
    for at_once in (100, 5, 2, 1):
        monkeypatch.setattr(room, "SENTENCES_AT_ONCE", at_once)
        write_tokens(tmp_path / str(at_once), documents, counting, "d")  # type: ignore[arg-type]
    assert asked == [24, *[5] * 4, 4, *[2] * 12, *[1] * 24]
    for file in (tmp_path / "100").iterdir():
        assert all((tmp_path / name / file.name).read_bytes() == file.read_bytes() for name in ("5", "2", "1"))
    tokens = open_tokens(tmp_path / "1", "d")
    assert tokens is not None
    assert tokens.documents.tolist() == [1, 3, 12, 13]


def slow_blocks(document: list[list[str]], room: int) -> list[int]:
    """Lengths of blocks: whole sentences while they fit; one that fits nowhere is cut."""
    blocks: list[int] = [0]
    for sentence in document:
        if blocks[-1] and blocks[-1] + len(sentence) > room:
            blocks.append(0)
        blocks[-1] += len(sentence)
        while blocks[-1] > room:
            blocks[-1:] = [room, blocks[-1] - room]
    return [block for block in blocks if block]


def test_tokens_are_the_tokenizers(tmp_path: Path) -> None:
    tokenizer = build_tokenizer("roberta")
    write_tokens(tmp_path / "c", [["good film", "bad"], ["very slow"]], tokenizer, "d")
    tokens = open_tokens(tmp_path / "c", "d")
    assert tokens is not None
    wanted = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in ("good film", "bad", "very slow")]
    assert tokens.ids.tolist() == [one for ids in wanted for one in ids]
    assert tokens.sentences_of(1).tolist() == np.cumsum([0, *map(len, wanted)]).tolist()[2:]
    assert tokens.counts.tolist() == np.bincount(tokens.ids, minlength=len(tokenizer)).tolist()


def test_what_was_let_go_is_still_there(tmp_path: Path) -> None:
    write_tokens(tmp_path / "c", [["good film"]], build_tokenizer("bert"), "d")
    tokens = open_tokens(tmp_path / "c", "d")
    assert tokens is not None
    before = tokens.ids.tolist()
    tokens.let_go()
    assert tokens.ids.tolist() == before


def test_tokens_of_another_corpus_or_cut_off_are_not_used(tmp_path: Path) -> None:
    write_tokens(tmp_path / "c", [["good"]], build_tokenizer("bert"), "d")
    assert open_tokens(tmp_path / "c", "other") is None
    about = json.loads((tmp_path / "c" / "about.json").read_text())
    (tmp_path / "c" / "about.json").write_text(json.dumps({**about, "tokens": 2}))
    assert open_tokens(tmp_path / "c", "d") is None
    assert open_tokens(tmp_path / "nowhere", "d") is None


def test_a_corpus_without_a_token_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no text"):
        write_tokens(tmp_path / "c", [["\u200b"]], build_tokenizer("bert"), "d")
    assert list(tmp_path.iterdir()) == []


def test_documents_are_held_back_by_the_seed() -> None:
    kept, held = hold_out(100, 0.05, seed=1)
    assert (len(kept), len(held)) == (95, 5)
    assert sorted([*kept, *held]) == list(range(100))
    assert not np.array_equal(held, hold_out(100, 0.05, seed=2)[1])
    assert list(map(len, hold_out(2, 0.01, seed=1))) == [1, 1]


def test_standard_input_is_no_corpus() -> None:
    with pytest.raises(DataError, match="read more than once"):
        open_corpus("-", ReadOptions())


def test_processes_that_do_not_agree_on_texts_and_vocabulary_are_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "some.txt").write_text("good film\n")
    (tmp_path / "other.txt").write_text("bad film\n")
    some, other = (open_corpus(str(tmp_path / name), ReadOptions()) for name in ("some.txt", "other.txt"))
    adapter: Any = SimpleNamespace(tokenizer=build_tokenizer("bert"))
    frame: Any = None
    maker = corpora.BlockMaker(adapter, frame, PretrainPlan(), TEXT)
    device: Any = SimpleNamespace(num_processes=1)
    maker.tokens(tmp_path / "c", [some], {}, device)
    first = corpora.digest_of(adapter.tokenizer, TEXT, [some], {}, PretrainPlan())
    monkeypatch.setattr(corpora, "decided_by_main", lambda *_: first)
    assert len(maker.tokens(tmp_path / "c", [some], {}, device)) == 1
    with pytest.raises(DataError, match="or have another vocabulary"):
        maker.tokens(tmp_path / "c", [other], {}, device)
