"""`train`, `eval` and `predict` on tagged words, as users have them. Oracles: transformers and seqeval."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import Said, bertft, read_csv, read_jsonl, write_csv, write_jsonl
from safetensors.torch import load_file
from seqeval.metrics import f1_score
from seqeval.scheme import IOB2
from tagged import tagged_rows
from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

Run = Callable[..., Said]
LEARN = ("--epochs", 8, "--lr", "5e-3", "--batch-size", 16, "--precision", "fp32", "--quiet")


@pytest.fixture(scope="module", params=["linear", "crf", "bilstm-crf"])
def tagger(request: pytest.FixtureRequest, tiny: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with train.jsonl, test.jsonl and a run that has learned them."""
    folder = tmp_path_factory.mktemp("tagger")
    write_jsonl(folder / "train.jsonl", tagged_rows(160))
    write_jsonl(folder / "test.jsonl", tagged_rows(60, seed=9))
    more = {"linear": [], "crf": ["--crf"], "bilstm-crf": ["--crf", "--bilstm", 8]}[request.param]
    bertft(
        "train", folder / "train.jsonl", "--validation", folder / "test.jsonl", "--model", tiny, "-o", folder / "run",
        *LEARN, *more,
    )  # fmt: skip
    return folder


def test_scores_are_those_of_seqeval_on_what_is_predicted(tagger: Path, run: Run) -> None:
    scores = json.loads(run("eval", tagger / "run", tagger / "test.jsonl", "--json", "--precision", "fp32").out)
    run("predict", tagger / "run", tagger / "test.jsonl", "-o", "out.jsonl", "--precision", "fp32")
    rows = read_jsonl(Path("out.jsonl"))
    gold, predicted = [row["tags"] for row in rows], [row["predicted_tags"] for row in rows]
    assert scores["values"]["f1"] == pytest.approx(f1_score(gold, predicted, mode="strict", scheme=IOB2))
    assert scores["values"]["f1_lenient"] == pytest.approx(f1_score(gold, predicted))
    assert scores["values"]["f1"] > 0.8  # it has learned something, or nothing here would mean much


def test_rows_come_out_as_they_went_in_with_entities(tagger: Path, run: Run) -> None:
    run("predict", tagger / "run", tagger / "test.jsonl", "-o", "out.jsonl")
    given, found = read_jsonl(tagger / "test.jsonl"), read_jsonl(Path("out.jsonl"))
    assert [{key: row[key] for key in ("tokens", "tags")} for row in found] == given
    for row in found:
        assert len(row["predicted_tags"]) == len(row["tokens"])
        text = " ".join(row["tokens"])
        begins = [tag for tag in row["predicted_tags"] if tag.startswith("B-")]
        assert [f"B-{entity['label']}" for entity in row["entities"]] == begins
        for entity in row["entities"]:
            assert text[entity["start"] : entity["end"]] == entity["text"]
            assert 0 < entity["probability"] <= 1


def test_no_answer_breaks_the_scheme(tagger: Path, run: Run) -> None:
    run("predict", tagger / "run", tagger / "test.jsonl", "-o", "out.jsonl")
    for row in read_jsonl(Path("out.jsonl")):
        for before, tag in zip(["O", *row["predicted_tags"]], row["predicted_tags"], strict=False):
            assert not tag.startswith("I-") or before[2:] == tag[2:]


def test_the_folder_opens_in_transformers(tagger: Path) -> None:
    model = AutoModelForTokenClassification.from_pretrained(tagger / "run")
    assert set(model.config.id2label.values()) == {"O", "B-ART", "I-ART", "B-TEAM", "I-TEAM"}
    tag = pipeline("token-classification", model=str(tagger / "run"), aggregation_strategy="simple")
    found = tag("good film very bad service")
    assert isinstance(found, list)
    if "bilstm" not in json.dumps(json.loads((tagger / "run" / "run.json").read_text())["command"]):
        assert [entity["entity_group"] for entity in found] == ["ART", "TEAM"]


@pytest.mark.parametrize("tagger", ["linear"], indirect=True)
def test_without_a_crf_the_tags_are_transformers_own_where_those_keep_to_the_scheme(tagger: Path, run: Run) -> None:
    assert not (tagger / "run" / "tagger.safetensors").exists()
    run("predict", tagger / "run", tagger / "test.jsonl", "-o", "out.jsonl", "--precision", "fp32")
    model = AutoModelForTokenClassification.from_pretrained(tagger / "run").eval()
    tokenizer = AutoTokenizer.from_pretrained(tagger / "run")
    agreed = 0
    for row in read_jsonl(Path("out.jsonl")):
        encoded = tokenizer(row["tokens"], is_split_into_words=True, return_tensors="pt")
        with torch.no_grad():
            probabilities = model(**encoded).logits[0].softmax(-1).numpy()
        first = [encoded.word_ids().index(word) for word in range(len(row["tokens"]))]
        tags = [model.config.id2label[k] for k in probabilities[first].argmax(-1)]
        steps = zip(["O", *tags], tags, strict=False)
        if not any(tag.startswith("I-") and before[2:] != tag[2:] for before, tag in steps):
            assert tags == row["predicted_tags"]
            agreed += 1
            sure = probabilities[first].max(-1)
            for entity in row["entities"]:
                covered = _words_between(row["tokens"], entity["start"], entity["end"])
                assert entity["probability"] == pytest.approx(float(np.min(sure[covered])), abs=1e-5)
    assert agreed > 30  # of 60: enough to mean something


def _words_between(tokens: list[str], start: int, end: int) -> list[int]:
    starts = [len(" ".join([*tokens[:k], ""])) for k in range(len(tokens))]
    return [k for k, place in enumerate(starts) if start <= place < end]


def test_a_crf_keeps_its_weights_in_the_run_folder(tiny: str, run: Run) -> None:
    write_jsonl(Path("train.jsonl"), tagged_rows(60))
    run("train", "train.jsonl", "--model", tiny, "-o", "run", "--crf", *LEARN)
    kept = load_file("run/tagger.safetensors")
    assert any(values.is_floating_point() and values.abs().max() > 0 for values in kept.values())
    assert not any("crf" in name for name in load_file("run/model.safetensors"))


def test_raw_text_is_split_into_words_and_offsets_are_its_own(tagger: Path, run: Run) -> None:
    text = "Good film,  very bad service!"
    write_csv(Path("texts.csv"), ["id", "text"], [(1, text), (2, ""), (3, " ")])
    run("predict", tagger / "run", "texts.csv", "-o", "out.jsonl")
    first, *blank = read_jsonl(Path("out.jsonl"))
    assert first["words"] == ["Good", "film", ",", "very", "bad", "service", "!"]
    assert len(first["predicted_tags"]) == 7
    assert {text[e["start"] : e["end"]] for e in first["entities"]} == {e["text"] for e in first["entities"]}
    assert [row["reason"] for row in blank] == ["no words in column 'text'"] * 2


@pytest.mark.parametrize("scheme", ["BIOES", "IOB1", "IO", "BILOU"])
def test_tags_leave_in_the_scheme_that_was_asked_for(tagger: Path, run: Run, scheme: str) -> None:
    from bertft.tags import convert_tags

    run("predict", tagger / "run", tagger / "test.jsonl", "-o", "own.jsonl")
    run("predict", tagger / "run", tagger / "test.jsonl", "-o", "other.jsonl", "--scheme", scheme)
    for own, other in zip(read_jsonl(Path("own.jsonl")), read_jsonl(Path("other.jsonl")), strict=True):
        assert other["predicted_tags"] == convert_tags(own["predicted_tags"], "IOB2", scheme)


@pytest.mark.parametrize("form", ["iob1.conll", "bioes.jsonl", "spans.jsonl", "cells.csv"])
def test_a_file_in_another_form_scores_the_same(tagger: Path, run: Run, form: str) -> None:
    """The same sentences as CoNLL columns, in another scheme, as character spans, as lists in CSV cells."""
    scheme = {"iob1.conll": "IOB1", "bioes.jsonl": "BIOES"}.get(form, "IOB2")
    spans = ["--form", "spans"] if form == "spans.jsonl" else []
    run("convert", tagger / "test.jsonl", "-o", form, "--scheme", scheme, *spans)
    known = json.loads(run("eval", tagger / "run", tagger / "test.jsonl", "--json", "--precision", "fp32").out)
    found = json.loads(run("eval", tagger / "run", form, "--json", "--precision", "fp32").out)
    assert found["values"] == pytest.approx(known["values"])
    assert found["examples"] == 60


def test_a_document_far_beyond_a_window_is_tagged_to_its_end(tagger: Path, run: Run) -> None:
    """And as its sentences are: what a window sees decides, not where it ends."""
    rows = tagged_rows(200, seed=4)
    long = {key: [part for row in rows for part in row[key]] for key in ("tokens", "tags")}
    write_jsonl(Path("long.jsonl"), [long])
    run("predict", tagger / "run", "long.jsonl", "-o", "out.jsonl")
    (found,) = read_jsonl(Path("out.jsonl"))
    assert len(found["predicted_tags"]) == len(long["tokens"]) > 1000
    right = sum(a == b for a, b in zip(found["predicted_tags"], long["tags"], strict=True))
    assert right / len(long["tags"]) > 0.8
    scores = json.loads(run("eval", tagger / "run", "long.jsonl", "--json").out)
    assert sum(row["support"] for row in scores["per_class"].values()) == sum(t.startswith("B") for t in long["tags"])


@pytest.mark.parametrize("longest", [2, 40], ids=["entities shorter than a window", "entities longer than one"])
def test_learning_from_long_rows_parts_no_entity(tiny: str, run: Run, longest: int) -> None:
    """Windows cut the rows. A CRF that had to begin with I- would cost 10,000."""
    words = [word for row in tagged_rows(200, seed=2) for word in row["tokens"]]
    chance, rows = random.Random(3), []
    for start in range(0, len(words) - 300, 40):
        tags: list[str] = []
        while len(tags) < 300:
            length = chance.randint(1, longest)
            tags += chance.choice([["O"] * length, ["B-ART"] + ["I-ART"] * (length - 1)])
        rows.append({"tokens": words[start : start + 300], "tags": tags[:300]})
    write_jsonl(Path("train.jsonl"), rows)
    run("train", "train.jsonl", "--model", tiny, "-o", "run", "--crf", "--max-length", 24, "--epochs", 1, "--quiet")
    losses = [line["loss"] for line in read_jsonl(Path("run/history.jsonl")) if "loss" in line]
    assert max(losses) < 10


def test_words_of_which_nothing_is_left_keep_their_place(tagger: Path, run: Run) -> None:
    tokens = ["good", "\u00ad", "film", "\x07", "bad", "service"]
    write_jsonl(Path("odd.jsonl"), [{"tokens": tokens}])
    run("predict", tagger / "run", "odd.jsonl", "-o", "out.jsonl")
    (row,) = read_jsonl(Path("out.jsonl"))
    tags = row["predicted_tags"]
    assert len(tags) == 6
    assert (tags[2], tags[5]) == ("B-ART", "B-TEAM")


def test_parts_of_speech_have_no_scheme_and_lose_no_letter(tiny: str, run: Run) -> None:
    rows = [
        {"words": r["tokens"], "tags": ["NN" if t in ("film", "book") else "IN" for t in r["tokens"]]}
        for r in tagged_rows(80)
    ]
    write_jsonl(Path("pos.jsonl"), rows)
    run("train", "pos.jsonl", "--model", tiny, "-o", "run", *LEARN)
    scores = json.loads(run("eval", "run", "pos.jsonl", "--json").out)
    assert set(scores["per_class"]) == {"NN", "IN"}
    assert scores["main"] == "accuracy"
    run("predict", "run", "pos.jsonl", "-o", "out.csv")
    assert set(json.loads(read_csv(Path("out.csv"))[0]["predicted_tags"])) <= {"NN", "IN"}


def test_a_type_that_training_has_not_seen_is_named_and_counts_as_missed(tagger: Path, run: Run) -> None:
    write_jsonl(
        Path("new.jsonl"), [*read_jsonl(tagger / "test.jsonl"), {"tokens": ["warm", "dish"], "tags": ["O", "B-FOOD"]}]
    )
    said = run("eval", tagger / "run", "new.jsonl", ok=2).err
    assert "new.jsonl:61: label 'FOOD' (1 row) was never seen in training" in said
    scores = json.loads(run("eval", tagger / "run", "new.jsonl", "--unknown-labels", "skip", "--json").out)
    assert scores["per_class"]["FOOD"] == pytest.approx({"precision": 0, "recall": 0, "f1": 0, "support": 1})


def test_words_and_tags_of_different_number_are_named(tagger: Path, run: Run) -> None:
    write_jsonl(
        Path("bad.jsonl"), [{"tokens": ["a", "b"], "tags": ["O", "O"]}, {"tokens": ["a", "b", "c"], "tags": ["O", "O"]}]
    )
    said = run("eval", tagger / "run", "bad.jsonl", ok=2).err
    assert "bad.jsonl:2: 3 words in 'tokens' but 2 tags in 'tags'" in said
    write_jsonl(Path("none.jsonl"), [{"tokens": ["a", "b"], "tags": ["O", "O"]}, {"tokens": ["a", "b"], "tags": []}])
    said = run("eval", tagger / "run", "none.jsonl", ok=2).err
    assert "none.jsonl:2: 2 words in 'tokens' but 0 tags in 'tags'" in said


def test_tags_that_follow_no_scheme_get_the_right_form_shown(tiny: str, run: Run) -> None:
    write_jsonl(Path("bad.jsonl"), [{"tokens": ["ACME", "rose"], "tags": ["B_ORG", "O"]}] * 20)
    said = run("train", "bad.jsonl", "--model", tiny, ok=2).err
    assert "bad.jsonl:1" in said
    assert "B-ORG" in said


def test_context_of_the_document_changes_the_answer_and_keeps_the_rows(tiny: str, run: Run) -> None:
    rows = [{**row, "document": number // 10} for number, row in enumerate(tagged_rows(80))]
    write_jsonl(Path("train.jsonl"), rows)
    run("train", "train.jsonl", "--model", tiny, "-o", "run", "--context", "document", *LEARN)
    run("predict", "run", "train.jsonl", "-o", "out.jsonl")
    write_jsonl(Path("parted.jsonl"), [{**row, "document": number} for number, row in enumerate(rows)])
    run("predict", "run", "parted.jsonl", "-o", "alone.jsonl")
    found, alone = read_jsonl(Path("out.jsonl")), read_jsonl(Path("alone.jsonl"))
    assert [len(row["predicted_tags"]) for row in found] == [len(row["tokens"]) for row in rows]
    assert [row["entities"] for row in found] != [row["entities"] for row in alone]
    write_jsonl(Path("none.jsonl"), tagged_rows(30))
    run("predict", "run", "none.jsonl", "-o", "each.jsonl")  # without a document a row stands alone
    assert len(read_jsonl(Path("each.jsonl"))) == 30
    assert "a column document" in run("train", "none.jsonl", "--model", tiny, "--context", "document", ok=2).err


def test_evaluation_is_prediction_and_then_scoring(tiny: str, run: Run) -> None:
    """Also of rows of many windows: where those begin must not depend on gold tags."""
    rows = []
    for seed in range(20):
        some = tagged_rows(12, seed=seed)
        rows.append({key: [part for row in some for part in row[key]] for key in ("tokens", "tags")})
    write_jsonl(Path("long.jsonl"), rows)
    run("train", "long.jsonl", "--model", tiny, "-o", "run", "--crf", "--max-length", 24, "--lr", "5e-3", "--quiet")
    scores = json.loads(run("eval", "run", "long.jsonl", "--json", "--precision", "fp32").out)
    run("predict", "run", "long.jsonl", "-o", "out.jsonl", "--precision", "fp32")
    found = read_jsonl(Path("out.jsonl"))
    gold, predicted = [row["tags"] for row in found], [row["predicted_tags"] for row in found]
    assert scores["values"]["f1"] == pytest.approx(f1_score(gold, predicted, mode="strict", scheme=IOB2))


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ({"tokens": ["a", "b"], "tags": ["O", "O"]}, "no entity"),
        ({"tokens": ["a", "b"], "tags": ["B_X", "I_X"]}, "write B-X"),
        ({"tokens": ["a", "b", "c"], "tags": ["b-x", "i-x", "o"]}, "write B-x"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(tiny: str, run: Run, row: dict, wanted: str) -> None:
    write_jsonl(Path("train.jsonl"), [row] * 20)
    assert wanted in run("train", "train.jsonl", "--task", "ner", "--model", tiny, ok=2).err


def test_the_same_seed_gives_the_same_weights_with_a_crf(tiny: str, run: Run) -> None:
    write_jsonl(Path("train.jsonl"), tagged_rows(60))
    for name in ("one", "two"):
        run("train", "train.jsonl", "--model", tiny, "-o", name, "--crf", "--bilstm", 4, "--epochs", 2, "--quiet")
    for file in ("model.safetensors", "tagger.safetensors"):
        one, two = load_file(f"one/{file}"), load_file(f"two/{file}")
        assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_run_goes_on_with_its_crf(tiny: str, run: Run) -> None:
    """Stopped after two epochs and resumed, it ends with the weights of the run that was not."""
    write_jsonl(Path("train.jsonl"), tagged_rows(60))
    words = ("--model", tiny, "--crf", "--epochs", 4, "--eval-steps", 2, "--precision", "fp32", "--quiet")
    run("train", "train.jsonl", "-o", "whole", *words)
    run("train", "train.jsonl", "-o", "parted", *words)
    run("train", "train.jsonl", "-o", "parted", "--resume", *words)
    one, two = load_file("whole/checkpoint/weights.safetensors"), load_file("parted/checkpoint/weights.safetensors")
    assert any(name.startswith("crf.") for name in one)
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_row_of_the_wrong_shape_leaves_the_others_their_answers(run: Run, tmp_path: Path, tiny: str) -> None:
    write_jsonl(tmp_path / "train.jsonl", tagged_rows(40))
    run("train", "train.jsonl", "--model", tiny, "-o", "run", "--max-steps", 2)
    write_jsonl(tmp_path / "new.jsonl", [{"tokens": ["good", "film"]}, {"tokens": [["good"]]}, {"tokens": ["bad"]}])
    run("predict", "run", "new.jsonl", "-o", "out.jsonl")
    found = read_jsonl(tmp_path / "out.jsonl")
    assert [bool(row["predicted_tags"]) for row in found] == [True, False, True]
    assert found[1]["reason"].startswith("a list of lists or objects, wanted a text or a list of words")
