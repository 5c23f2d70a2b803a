"""Models that are fitted at once share reading, labels, scores, run folder and commands with all others."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Said, read_csv, sentiment, texts, write_csv, write_jsonl

from bertft.jobs.judging.judged import judged_split

Run = Callable[..., Said]


def grams(folder: str) -> set[str]:
    """All of a run's vocabulary."""
    return {gram for kind in json.loads(Path(folder, "vocabulary.json").read_text())["kinds"].values() for gram in kind}


def test_tfidf_is_trained_scored_and_used(run: Run, reviews: Path) -> None:
    said = run("train", reviews, "--model", "tfidf", "-o", "run", "--no-refit")
    assert "by 3-fold cross-validation" in said.err
    record = json.loads(Path("run/run.json").read_text())
    assert record["backbone"] == "tfidf"
    assert record["scores"]["validation"]["value"] > record["reference"]["constant"]["value"]
    run("predict", "run", reviews, "-o", "out.csv", "--top-k", 3)
    rows = read_csv(Path("out.csv"))
    assert np.mean([row["predicted_label"] == row["label"] for row in rows]) > 0.9
    again = json.loads(run("eval", "run", reviews, "--json").out)
    assert again["values"]["accuracy"] == np.mean([row["predicted_label"] == row["label"] for row in rows])
    assert not list(Path("run").rglob("*.pickle")) + list(Path("run").rglob("*.bin"))


def test_the_rows_that_judged_a_refitted_model_are_found_again(run: Run, reviews: Path) -> None:
    """Each row has a word of its own, so that the vocabularies differ."""
    rows = [(f"{row['text']} own{i}word", row["label"]) for i, row in enumerate(read_csv(reviews))]
    write_csv(reviews, ["text", "label"], rows)
    run("train", reviews, "--model", "tfidf", "-o", "run", "--quiet")
    record = json.loads(Path("run/run.json").read_text())
    assert record["refitted"]
    judged = judged_split("run")
    assert judged.scores().values == record["scores"]["validation"]["values"]
    own = judged.row(0).fields["text"].split()[-1]
    assert own not in grams("run/checkpoint/best")
    assert len(grams("run")) > len(grams("run/checkpoint/best"))


def test_the_same_rows_are_held_back_as_for_any_model(run: Run, reviews: Path, tiny: str) -> None:
    run("train", reviews, "--model", "tfidf", "-o", "one", "--quiet")
    short = ("--max-steps", 1, "--head-start", "random", "--precision", "fp32")
    run("train", reviews, "--model", tiny, "-o", "other", "--quiet", *short)
    one, other = judged_split("one"), judged_split("other")
    rows = range(len(one.targets))
    assert [one.row(i).origin for i in rows] == [other.row(i).origin for i in rows]


def test_no_epoch_is_said_to_be_chosen_where_there_is_none(run: Run, reviews: Path, tiny: str) -> None:
    rows = write_csv(Path("dev.csv"), ["text", "label"], [(text, sentiment(text)) for text in texts(30, seed=8)])
    short = ("--max-steps", 1, "--head-start", "random", "--precision", "fp32")
    said = run("train", reviews, "--validation", rows, "--model", "tfidf", "-o", "fitted").out
    run("train", reviews, "--validation", rows, "--model", tiny, "-o", "stepped", "--quiet", *short)
    run("report", "fitted")
    for told in (said, Path("fitted/README.md").read_text(), Path("fitted/report.html").read_text()):
        assert "validation rows were wrong)" in told
        assert "best epoch" not in told
    assert "also chose the best epoch" not in Path("fitted/report.html").read_text()
    for more in ((), ("--data", rows)):
        notes = run("compare", "fitted", "stepped", *more, "--precision", "fp32").out
        assert "The best model of stepped was chosen by these rows, that of others was not" in notes


def test_the_same_seed_gives_the_same_bytes(run: Run, reviews: Path) -> None:
    for name in ("one", "other"):
        run("train", reviews, "--model", "tfidf", "-o", name, "--quiet")
    for file in ("model.safetensors", "vocabulary.json", "bertft.json", "config.json"):
        assert Path("one", file).read_bytes() == Path("other", file).read_bytes()


def test_a_run_that_was_cut_off_is_fitted_again(run: Run, reviews: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bertft.engine import fitting

    run("train", reviews, "--model", "tfidf", "-o", "whole", "--quiet")
    with monkeypatch.context() as here:
        here.setattr(fitting, "score_best", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run("train", reviews, "--model", "tfidf", "-o", "cut", "--quiet")
    run("train", "--resume", "-o", "cut", "--quiet")
    assert Path("cut/model.safetensors").read_bytes() == Path("whole/model.safetensors").read_bytes()
    assert "already finished" in run("train", "--resume", "-o", "cut").err


def test_majority_answers_with_the_shares_of_the_classes(run: Run, tmp_path: Path) -> None:
    rows = [(text, "ab"[number % 4 == 0]) for number, text in enumerate(texts(40))]
    data = write_csv(tmp_path / "data.csv", ["text", "label"], rows)
    said = run("train", data, "--model", "majority", "-o", "run", "--validation", data)
    assert "Warning: Validation accuracy" not in said.err
    run("predict", "run", data, "-o", "out.jsonl", "--top-k", 2)
    answer = json.loads(Path("out.jsonl").read_text().split("\n")[0])
    assert answer["predicted_labels"] == ["a", "b"]
    assert answer["probabilities"] == pytest.approx([0.75, 0.25], abs=1e-6)


def test_majority_answers_with_the_mean_of_numbers(run: Run, tmp_path: Path) -> None:
    rows = [(text, number % 7 / 2) for number, text in enumerate(texts(42))]
    data = write_csv(tmp_path / "data.csv", ["text", "score"], rows)
    run("train", data, "--regression", "--model", "majority", "-o", "run", "--validation", data, "--metric", "mse")
    run("predict", "run", data, "-o", "out.csv")
    assert [float(row["predicted_score"]) for row in read_csv(Path("out.csv"))] == pytest.approx([1.5] * 42)


def test_majority_tags_each_word_as_it_was_tagged_most(run: Run, tmp_path: Path) -> None:
    def row(words: str, tags: str) -> dict[str, list[str]]:
        return {"tokens": words.split(), "tags": tags.split()}

    learned = [row("Bonn is in May", "B-LOC O O O"), row("May met Bonn", "B-PER O B-LOC"), row("in May", "O O")] * 4
    data = write_jsonl(tmp_path / "data.jsonl", learned)
    run("train", data, "--model", "majority", "-o", "run", "--validation", data, "--quiet")
    new = write_jsonl(tmp_path / "new.jsonl", [{"tokens": ["Bonn", "May", "bonn", "", "Rome"]}])
    run("predict", "run", new, "-o", "out.jsonl")
    assert json.loads(Path("out.jsonl").read_text())["predicted_tags"] == ["B-LOC", "O", "O", "O", "O"]


def test_texts_are_read_to_their_end(run: Run, tmp_path: Path) -> None:
    rows = [("so " * 900 + sentiment(text), sentiment(text)) for text in texts(60)]
    data = write_csv(tmp_path / "data.csv", ["text", "label"], rows)
    run("train", data, "--model", "tfidf", "-o", "run", "--validation", data, "--quiet")
    scores = json.loads(run("eval", "run", data, "--json").out)
    assert scores["value"] == 1.0


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("--epochs", 3), "--epochs: no effect on --model tfidf"),
        (("--lr", "1e-3", "--save-steps", 5), "--learning-rate and --save-steps: no effect"),
        (("--max-length", 64), "--max-length: no effect"),
        (("--few-shot",), "--few-shot: no effect"),
        (("--warmup", 0), "--warmup: no effect"),
        (("--weight-decay", 0, "--label-smoothing", 0), "--weight-decay and --label-smoothing: no effect"),
    ],
)
def test_flags_without_effect_are_refused(words: tuple[object, ...], wanted: str, run: Run, reviews: Path) -> None:
    assert wanted in run("train", reviews, "--model", "tfidf", *words, ok=2).err


def test_majority_takes_no_class_weights(run: Run, reviews: Path) -> None:
    said = run("train", reviews, "--model", "majority", "--class-weights", "balanced", ok=2)
    assert "--class-weights: no effect on --model majority" in said.err


def test_what_a_model_cannot_do_names_what_can(run: Run, tmp_path: Path) -> None:
    tagged = write_jsonl(tmp_path / "tags.jsonl", [{"tokens": ["a", "b"], "tags": ["B-X", "O"]}] * 9)
    assert "--model majority does" in run("train", tagged, "--model", "tfidf", ok=2).err
    asked = [{"question": "who", "context": "it was me", "answers": {"text": ["me"], "answer_start": [7]}}] * 9
    said = run("train", write_jsonl(tmp_path / "qa.jsonl", asked), "--model", "majority", ok=2).err
    assert "--model majority does not do question-answering" in said
    assert "minilm" in said


def test_a_fitted_run_is_no_backbone(run: Run, reviews: Path) -> None:
    run("train", reviews, "--model", "majority", "-o", "run", "--quiet")
    assert "cannot be trained further" in run("train", reviews, "--model", "./run", ok=2).err


def test_another_runs_vocabulary_is_refused(run: Run, reviews: Path) -> None:
    run("train", reviews, "--model", "tfidf", "-o", "run", "--quiet")
    found = json.loads(Path("run/vocabulary.json").read_text())
    kinds = {kind: grams[:-1] for kind, grams in found["kinds"].items()}
    Path("run/vocabulary.json").write_text(json.dumps({**found, "kinds": kinds}))
    assert "is not of the model beside it" in run("predict", "run", reviews, ok=2).err


def test_check_does_not_look_for_a_tokenizer_of_a_model_that_has_none(run: Run, reviews: Path) -> None:
    assert "Lengths were not measured" not in run("check", reviews, "--model", "tfidf").out
