"""What bertft saves opens in transformers unchanged, and answers the same: fp32, to 1e-5, on several families."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import FAMILIES, Said, read_jsonl, sentiment, texts, write_jsonl
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

Run = Callable[..., Said]
SHORT = ("--epochs", 1, "--lr", "1e-3", "--head-start", "random", "--precision", "fp32", "--quiet")


def rows_of(problem: str, pair: bool) -> list[dict[str, Any]]:
    """Rows whose labels follow from their words."""
    rows = []
    for number, text in enumerate(texts(60)):
        row: dict[str, Any] = {"a": text}
        if pair:
            row["b"] = texts(1, seed=number + 100)[0]
        words = text.split()
        row["label"] = {
            "single-label": sentiment(text),
            "multi-label": [word for word in ("good", "bad", "film") if word in words],
            "regression": len(words) / 4,
        }[problem]
        rows.append(row)
    return rows


def train_and_predict(run: Run, folder: Path, backbone: Path, problem: str, pair: bool) -> list[dict[str, Any]]:
    """Predictions of `bertft predict` for the training texts, labels taken away."""
    rows = rows_of(problem, pair)
    write_jsonl(folder / "train.jsonl", rows)
    write_jsonl(folder / "new.jsonl", [{key: row[key] for key in ("a", "b") if key in row} for row in rows])
    columns = ["--text", "a", "--label", "label", *(["--text-pair", "b"] if pair else [])]
    run("train", "train.jsonl", "--model", backbone, "-o", "run", f"--{problem}", *columns, *SHORT)
    top = ["--top-k", 3] if problem == "single-label" else []
    least = ["--min-probability", 0] if problem == "multi-label" else []
    run("predict", "run", "new.jsonl", "-o", "out.jsonl", "--precision", "fp32", "--quiet", *top, *least)
    return read_jsonl(folder / "out.jsonl")


def logits_of_transformers(rows: list[dict[str, Any]]) -> tuple[Any, torch.Tensor]:
    """The model as transformers opens it, one text at a time: no padding, no batches, none of our code."""
    model = AutoModelForSequenceClassification.from_pretrained("run").eval()
    tokenizer = AutoTokenizer.from_pretrained("run")
    with torch.no_grad():
        logits = [
            model(**tokenizer(row["a"], row.get("b"), return_tensors="pt", truncation=True)).logits[0] for row in rows
        ]
    return model, torch.stack(logits)


@pytest.mark.parametrize("pair", [False, True], ids=["one text", "pair"])
@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert"])
def test_single_label_probabilities_are_those_of_transformers(
    run: Run, tmp_path: Path, backbones: Callable[[str], Path], family: str, pair: bool
) -> None:
    found = train_and_predict(run, tmp_path, backbones(family), "single-label", pair)
    model, logits = logits_of_transformers(found)
    for row, wanted in zip(found, logits.softmax(-1), strict=True):
        ours = dict(zip(row["predicted_labels"], row["probabilities"], strict=True))
        theirs = {model.config.id2label[k]: float(p) for k, p in enumerate(wanted)}
        assert ours == pytest.approx(theirs, abs=1e-5)
        assert row["predicted_label"] == max(theirs, key=theirs.__getitem__)


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert"])
def test_multi_label_probabilities_are_those_of_transformers(
    run: Run, tmp_path: Path, backbones: Callable[[str], Path], family: str
) -> None:
    found = train_and_predict(run, tmp_path, backbones(family), "multi-label", pair=False)
    model, logits = logits_of_transformers(found)
    assert model.config.problem_type == "multi_label_classification"
    for row, wanted in zip(found, logits.sigmoid(), strict=True):
        ours = dict(zip(row["predicted_labels"], row["probabilities"], strict=True))
        assert ours == pytest.approx({model.config.id2label[k]: float(p) for k, p in enumerate(wanted)}, abs=1e-5)


@pytest.mark.parametrize("pair", [False, True], ids=["one text", "pair"])
@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert"])
def test_regression_scores_are_those_of_transformers(
    run: Run, tmp_path: Path, backbones: Callable[[str], Path], family: str, pair: bool
) -> None:
    found = train_and_predict(run, tmp_path, backbones(family), "regression", pair)
    _, logits = logits_of_transformers(found)
    assert [row["predicted_score"] for row in found] == pytest.approx(logits[:, 0].tolist(), abs=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_pipeline_of_transformers_answers_as_predict_does(
    run: Run, tmp_path: Path, backbones: Callable[[str], Path], family: str
) -> None:
    found = train_and_predict(run, tmp_path, backbones(family), "single-label", pair=False)
    answers = pipeline("text-classification", model="run")([row["a"] for row in found])
    assert [answer["label"] for answer in answers] == [row["predicted_label"] for row in found]
    assert [answer["score"] for answer in answers] == pytest.approx([row["probability"] for row in found], abs=1e-5)


def test_the_pipeline_agrees_on_pairs_regression_and_multi_label(run: Run, tmp_path: Path, tiny: str) -> None:
    settings = {"single-label": {}, "regression": {"function_to_apply": "none"}, "multi-label": {"top_k": None}}
    for problem, how in settings.items():
        folder = tmp_path / problem
        folder.mkdir()
        with pytest.MonkeyPatch.context() as here:
            here.chdir(folder)
            found = train_and_predict(run, folder, Path(tiny), problem, pair=True)
            ask = pipeline("text-classification", model="run", **how)
            for row, answer in zip(found, ask([{"text": r["a"], "text_pair": r["b"]} for r in found]), strict=True):
                if problem == "multi-label":
                    ours = dict(zip(row["predicted_labels"], row["probabilities"], strict=True))
                    assert {one["label"]: one["score"] for one in answer} == pytest.approx(ours, abs=1e-5)
                else:
                    ours = row.get("probability", row.get("predicted_score"))
                    assert answer["score"] == pytest.approx(ours, abs=1e-5)


@pytest.mark.parametrize("pool", ["cls", "mean"])
@pytest.mark.parametrize("problem", ["single-label", "multi-label", "regression"])
def test_a_run_from_a_warm_start_answers_as_in_transformers(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: str, pool: str
) -> None:
    """With the embedded backbone, whose texts differ, and with the layer that gives the mean."""
    short = ("--max-steps", 3, "--head-start", "probe", "--pool", pool, "--precision", "fp32", "--quiet")
    monkeypatch.setattr("test_transformers_agree.SHORT", short)
    found = train_and_predict(run, tmp_path, Path("minilm"), problem, pair=False)
    model, logits = logits_of_transformers(found)
    assert model.config.num_hidden_layers == (7 if pool == "mean" else 6)
    link = {"single-label": lambda x: x.softmax(-1), "multi-label": torch.sigmoid, "regression": lambda x: x}[problem]
    for row, wanted in zip(found, link(logits), strict=True):
        names = row.get("predicted_labels", ["score"])
        ours = dict(zip(names, row.get("probabilities", [row.get("predicted_score")]), strict=True))
        assert ours == pytest.approx({model.config.id2label[k]: float(p) for k, p in enumerate(wanted)}, abs=1e-5)


def test_a_text_beyond_the_limit_is_cut_where_transformers_cuts_it(run: Run, tmp_path: Path, tiny: str) -> None:
    rows = [{"a": " ".join(texts(6, seed=n)), "label": "yes" if n % 2 else "no"} for n in range(40)]
    write_jsonl(tmp_path / "train.jsonl", rows)
    columns = ("--text", "a", "--label", "label", "--max-length", 16)
    said = run("train", "train.jsonl", "--model", tiny, "-o", "run", *columns, "--epochs", 1, "--precision", "fp32")
    assert "100.0% of the texts are longer than 16 tokens" in said.err
    run("predict", "run", "train.jsonl", "-o", "out.jsonl", "--precision", "fp32")
    found = read_jsonl(tmp_path / "out.jsonl")
    answers = pipeline("text-classification", model="run")([row["a"] for row in found], truncation=True)
    assert [answer["score"] for answer in answers] == pytest.approx([row["probability"] for row in found], abs=1e-5)


def test_the_config_names_the_labels_in_sorted_order(trained: Path) -> None:
    config = json.loads((trained / "config.json").read_text())
    assert config["id2label"] == {"0": "neg", "1": "neutral", "2": "pos"}
    assert config["label2id"] == {"neg": 0, "neutral": 1, "pos": 2}
