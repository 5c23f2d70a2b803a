"""Runs whose head starts warm, through the door. Oracles: scikit-learn on what transformers says that the classifier reads, and a
run that nobody cut off."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import FAMILIES, Said, read_jsonl, write_jsonl
from errands import digest
from safetensors.torch import load_file
from scipy.special import expit, log_softmax, softmax
from sklearn.linear_model import LogisticRegression, Ridge
from starts import KINDS, evaluated_steps, rows_of, words_of
from tagged import asked_rows
from torch import nn
from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification, AutoTokenizer

from bertft.model.backbone import find_backbone
from bertft.model.losses import on_logits, sequence_loss
from bertft.model.network import Head, build_network
from bertft.start import warm
from bertft.start.probe import PENALTIES
from bertft.start.warm import InputsOf, chosen, classifier_of

Run = Callable[..., Said]
Array = np.ndarray[Any, Any]
STILL = ("--freeze", "encoder", "--max-steps", 1, "--lr", "1e-9", "--precision", "fp32")
"""A run that ends where it starts."""


@pytest.fixture
def steady(backbones: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The tiny BERT without dropout, on which a fitted head stays whole."""
    folder = tmp_path_factory.mktemp("steady") / "bert"
    shutil.copytree(backbones("bert"), folder)
    config = json.loads((folder / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "config.json").write_text(json.dumps(config))
    return str(folder)


def read_by_transformers(kind: str) -> tuple[Array, Array, Array]:
    """What the classifier of the saved model reads of the training rows (N, H), its logits there (N, K), and targets (N, K)."""
    auto = AutoModelForTokenClassification if kind == "tags" else AutoModelForSequenceClassification
    model, tokenizer = auto.from_pretrained("run").eval(), AutoTokenizer.from_pretrained("run")
    labels = [model.config.id2label[k] for k in range(model.config.num_labels)]
    features, logits, targets = [], [], []
    for row in read_jsonl(Path("train.jsonl")):
        text = " ".join(row["tokens"]) if kind == "tags" else row["text"]
        inputs = tokenizer(text, row["other"] if kind == "pair" else None, return_tensors="pt")
        with torch.no_grad():
            found, said = model.bert(**inputs), model(**inputs).logits[0]
        if kind == "tags":  # each of the tests' words is one piece
            features += list(found.last_hidden_state[0, 1:-1])
            logits += list(said[1:-1])
            targets += [[name == tag for name in labels] for tag in row["tags"]]
        else:
            features.append(found.pooler_output[0])
            logits.append(said)
            label = row["label"]
            whole = [label] if kind == "regression" else [name == label or name in label for name in labels]
            targets.append(whole if kind in ("regression", "multi-label") else [name == label for name in labels])
    return (
        torch.stack(features).double().numpy(),
        torch.stack(logits).double().numpy(),
        np.asarray(targets, dtype=float),
    )


def by_sklearn(kind: str, features: Array, targets: Array, penalty: float, weights: Array | None = None) -> Array:
    """(N, K) logits of the fit with that penalty."""
    scaled = (features - features.mean(0)) / (features - features.mean(0)).std()
    if kind == "regression":
        return np.asarray(Ridge(alpha=len(scaled) * penalty).fit(scaled, targets).predict(scaled)).reshape(-1, 1)
    model = LogisticRegression(C=1 / (len(scaled) * penalty), tol=1e-8, max_iter=5000)
    if kind == "multi-label":
        return np.stack([model.fit(scaled, one).decision_function(scaled) for one in targets.T], axis=1)
    model.fit(scaled, targets.argmax(1), sample_weight=weights)
    return np.asarray(log_softmax(model.decision_function(scaled), axis=1))


def apart(kind: str, logits: Array, wanted: Array) -> float:
    """The largest difference, as a share of how much the logits differ."""
    ours = logits if kind in ("multi-label", "regression") else log_softmax(logits, axis=1)
    return float(np.abs(ours - wanted).max() / wanted.std())


@pytest.mark.parametrize("kind", KINDS)
def test_a_head_starts_as_scikit_learn_fits_it_to_the_frozen_backbone(
    run: Run, steady: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = fits(monkeypatch)
    run(*words_of(kind, steady), "-o", "run", *STILL)
    features, logits, targets = read_by_transformers(kind)
    assert apart(kind, logits, by_sklearn(kind, features, targets, found[0].penalty)) < 0.02
    assert evaluated_steps("run") == [0, 1]
    assert Path("run/history.jsonl").read_text().startswith('{"step": 0, "epoch": 0.0, "validation"')


def fits(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The probes of the runs that follow."""
    found: list[Any] = []
    whole = warm.fit_probe

    def fit_probe(*words: Any, **more: Any) -> Any:
        found.append(whole(*words, **more))
        return found[-1]

    monkeypatch.setattr(warm, "fit_probe", fit_probe)
    return found


@pytest.mark.parametrize("kind", ["single-label", "tags"])
def test_class_weights_are_respected(run: Run, steady: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = fits(monkeypatch)
    run(*words_of(kind, steady), "-o", "run", *STILL, "--class-weights", "balanced")
    features, logits, targets = read_by_transformers(kind)
    weights = (len(targets) / targets.shape[1] / targets.sum(0))[targets.argmax(1)]
    assert apart(kind, logits, by_sklearn(kind, features, targets, found[0].penalty, weights)) < 0.02
    assert apart(kind, logits, by_sklearn(kind, features, targets, found[0].penalty)) > 0.05


def bias_of(folder: str) -> Array:
    return np.asarray(load_file(Path(folder, "model.safetensors"))["classifier.bias"].double())


@pytest.mark.parametrize("kind", KINDS)
def test_with_prior_the_biases_say_what_is_known_without_a_text(run: Run, tiny: str, kind: str) -> None:
    words = words_of(kind, tiny)
    run(*words, "-o", "run", *STILL, "--head-start", "prior")
    run(*words, "-o", "cold", *STILL, "--head-start", "random")
    assert evaluated_steps("run") == evaluated_steps("cold") == [1]
    _, _, targets = read_by_transformers(kind)
    bias = bias_of("run")
    if kind == "regression":
        assert bias == pytest.approx(targets.mean(0), abs=1e-5)
    elif kind == "multi-label":
        assert expit(bias) == pytest.approx((targets.sum(0) + 0.5) / (len(targets) + 1), abs=1e-5)
    else:
        assert softmax(bias) == pytest.approx((targets.sum(0) + 0.5) / (targets.sum() + targets.shape[1] / 2), abs=1e-5)
    warm_ones, cold = (load_file(Path(name, "model.safetensors")) for name in ("run", "cold"))
    assert {name for name in cold if not torch.allclose(cold[name], warm_ones[name], atol=1e-6)} == {"classifier.bias"}


@pytest.mark.parametrize("words", [("--crf",), ("--bilstm", 4), ("--crf", "--bilstm", 4)], ids=str)
def test_taggers_with_more_than_a_classifier_start_warm_too(run: Run, tiny: str, words: tuple[object, ...]) -> None:
    """Above what is drawn at random, as a BiLSTM is, a fit would be to noise: there only the biases are set."""
    run(*words_of("tags", tiny), *words, "-o", "run", *STILL)
    bias = bias_of("run")
    _, _, targets = read_by_transformers("tags")
    frequencies = (targets.sum(0) + 0.5) / (targets.sum() + targets.shape[1] / 2)
    only_prior = np.abs(softmax(bias) - frequencies).max() < 1e-5
    assert only_prior == ("--bilstm" in words)
    assert evaluated_steps("run") == ([1] if "--bilstm" in words else [0, 1])


def test_answers_start_as_ever(run: Run, tiny: str) -> None:
    write_jsonl(Path("asked.jsonl"), asked_rows(60))
    words = ("train", "asked.jsonl", "--model", tiny, "--max-steps", 2)
    run(*words, "-o", "usual")
    run(*words, "-o", "random", "--head-start", "random")
    assert digest(Path("usual")) == digest(Path("random"))
    assert evaluated_steps("usual") == [2]
    assert "Leave it out." in run(*words, "-o", "probe", "--head-start", "probe", ok=2).err


def test_a_head_that_dropout_would_drown_is_made_smaller(run: Run, tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A random encoder hardly tells texts apart, so a fit has huge weights; with dropout it would be worse than the prior."""
    words = [*words_of("single-label", tiny), "--max-steps", 1, "--lr", "1e-9", "--precision", "fp32"]
    run(*words, "-o", "run")
    run(*words, "-o", "prior", "--head-start", "prior")
    monkeypatch.setattr(warm, "bearable_share", lambda *_: 1.0)
    run(*words, "-o", "whole")
    loss = {name: read_jsonl(Path(name, "history.jsonl")) for name in ("run", "prior", "whole")}
    first = {name: next(line["loss"] for line in lines if "loss" in line) for name, lines in loss.items()}
    assert first["run"] < 1.5 * first["prior"] < first["whole"]


def test_a_file_sorted_by_class_keeps_its_fitted_head(run: Run, steady: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows that the head is tried on are drawn by lot: the first ones would be of one class, which the prior alone knows."""
    rows = sorted(rows_of("single-label", 120, 1), key=lambda row: str(row["label"]))
    words = words_of("single-label", steady)
    write_jsonl(Path("train.jsonl"), rows)
    monkeypatch.setattr(warm, "NOISY_FEATURES", 20)
    whole, shares = warm.bearable_share, []
    monkeypatch.setattr(warm, "bearable_share", lambda *given: shares.append(whole(*given)) or shares[-1])
    run(*words, "-o", "run", *STILL)
    assert shares == [1.0]


def test_a_checkpoint_for_the_same_labels_keeps_its_head(run: Run, tiny: str) -> None:
    words = words_of("single-label", tiny)
    run(*words, "-o", "first", "--epochs", 1, "--lr", "1e-3", "--precision", "fp32")
    words[words.index(tiny)] = "first"
    said = run(*words, "-o", "run", *STILL)
    assert "its head is kept as it is" in said.err
    one, other = (load_file(Path(name, "model.safetensors")) for name in ("first", "run"))
    assert all(torch.allclose(one[name], other[name], atol=1e-6) for name in one)


def test_a_checkpoint_for_other_labels_has_a_new_head_fitted(
    run: Run, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(*words_of("regression", tiny), "-o", "first", *STILL)
    found = fits(monkeypatch)
    words = words_of("single-label", "first")
    said = run(*words, "-o", "run", *STILL)
    assert "its head is kept" not in said.err
    assert len(found) == 1


@pytest.mark.parametrize("labels", [3, 32], ids=["three", "as many as the network is wide"])
@pytest.mark.parametrize("kind", ["text-classification", "token-classification"])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_classifier_is_found_in_every_family(
    backbones: Callable[[str], Path], family: str, kind: str, labels: int
) -> None:
    cost = on_logits(sequence_loss("single-label", weights=None, smoothing=0))
    head = Head(kind, None, tuple(f"l{k}" for k in range(labels)), cost)
    network = build_network(find_backbone(str(backbones(family))), head).eval()
    linear = classifier_of(network, labels)
    assert linear is not None
    inputs = {"input_ids": torch.tensor([[5, 6, 7, 8]]), "attention_mask": torch.ones(1, 4, dtype=torch.long)}
    with torch.no_grad():
        read = InputsOf(network, linear)(**inputs)["logits"]
        assert torch.allclose(linear(read), network(**inputs).logits, atol=1e-6)
    assert not [hook for part in network.modules() for hook in part._forward_pre_hooks]


def test_a_head_without_a_linear_end_stays_as_it_is(tiny: str) -> None:
    network = AutoModelForSequenceClassification.from_pretrained(tiny, num_labels=3)
    assert classifier_of(network, 4) is None
    network.classifier = nn.Identity()
    assert classifier_of(network, 32) is None


def test_a_start_looks_at_a_seeded_sample_of_a_large_file() -> None:
    some = chosen(100_000, 4000, seed=1)
    assert len(set(some.tolist())) == 4000
    assert some.tolist() == sorted(some.tolist())
    assert np.array_equal(some, chosen(100_000, 4000, seed=1))
    assert not np.array_equal(some, chosen(100_000, 4000, seed=2))
    assert abs(some.mean() - 50_000) < 3000
    assert chosen(7, 4000, seed=1).tolist() == list(range(7))


def test_a_sample_is_enough_for_the_head(run: Run, tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm, "MOST_FEATURES", 60)
    monkeypatch.setattr(warm, "MOST_DECISIONS", 50)
    seen: list[int] = []
    whole = warm.fit_probe
    monkeypatch.setattr(
        warm,
        "fit_probe",
        lambda features, *more, **other: seen.append(len(features)) or whole(features, *more, **other),
    )
    run(*words_of("single-label", tiny), "-o", "run", *STILL)
    run(*words_of("tags", tiny), "-o", "tags", *STILL)
    assert seen[0] == 50
    assert 40 <= seen[1] <= 50  # whole sentences


def test_the_score_of_the_start_stands_in_the_record(run: Run, tiny: str) -> None:
    run(*words_of("single-label", tiny), "-o", "run", *STILL)
    start = read_jsonl(Path("run/history.jsonl"))[0]["validation"]
    assert json.loads(Path("run/run.json").read_text())["reference"]["start"]["value"] == start["accuracy"]


def test_the_same_plan_gives_the_same_start(run: Run, tiny: str) -> None:
    words = [*words_of("pair", tiny, rows=12), "--pool", "mean", "--max-steps", 2, "--lr", "1e-3"]
    for name in ("one", "two"):
        run(*words, "-o", name)
    run(*words, "-o", "three", "--seed", 7)
    assert digest(Path("one")) == digest(Path("two")) != digest(Path("three"))


def test_a_pair_run_on_the_mean_opens_in_transformers_with_the_same_answers(run: Run, tiny: str) -> None:
    run(
        *words_of("pair", tiny, rows=12),
        "--pool",
        "mean",
        "-o",
        "run",
        "--max-steps",
        3,
        "--lr",
        "1e-3",
        "--precision",
        "fp32",
    )
    run("predict", "run", "held.jsonl", "-o", "out.jsonl", "--precision", "fp32")
    model, tokenizer = (
        AutoModelForSequenceClassification.from_pretrained("run").eval(),
        AutoTokenizer.from_pretrained("run"),
    )
    assert model.config.num_hidden_layers == 3
    for row in read_jsonl(Path("out.jsonl")):
        with torch.no_grad():
            said = model(**tokenizer(row["text"], row["other"], return_tensors="pt")).logits[0].softmax(-1)
        assert row["probability"] == pytest.approx(float(said.max()), abs=1e-5)


def test_the_penalties_are_from_strict_to_lax() -> None:
    assert list(PENALTIES) == sorted(PENALTIES, reverse=True)
