"""`train --features`: a head learns on outputs of the backbone that are computed once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import PowerFails, Said, texts, write_csv, write_jsonl
from safetensors.torch import load_file

from bertft.adapters import Feature
from bertft.engine.beginning import start_network
from bertft.engine.eval_loop import model_outputs
from bertft.engine.frozen import Store, VectorsOf
from bertft.engine.step import Stepper
from bertft.model.backbone import find_backbone
from bertft.model.extras import extras_of, transformers_part
from bertft.model.extras.features import Features
from bertft.model.network import Head
from bertft.plan.recipe import Recipe

Run = Callable[..., Said]
QUICK = ("--features", "--precision", "fp32", "--epochs", 2, "--no-refit", "--quiet")


@pytest.fixture
def sentences(tmp_path: Path) -> Path:
    """Words, each with a tag that it always has."""
    rows = [
        {"tokens": text.split(), "tags": ["B-X" if len(word) > 4 else "O" for word in text.split()]}
        for text in texts(60)
    ]
    return write_jsonl(tmp_path / "tagged.jsonl", rows)


@pytest.fixture
def numbers(tmp_path: Path) -> Path:
    rows = [
        (one, two, len(one.split()) - len(two.split())) for one, two in zip(texts(60), texts(60, seed=1), strict=True)
    ]
    return write_csv(tmp_path / "numbers.csv", ["text", "text_pair", "label"], rows)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("reviews", ("--layers", "-1,-2", "--combine", "mix", "--features-head", "mlp")),
        (
            "reviews",
            ("--features-head", "bilstm", "--head-units", 5, "--max-length", 12, "--long", "window", "--overlap", 2),
        ),
        ("sentences", ("--layers", "0,-1", "--crf")),
        ("numbers", ("--regression", "--pool", "cls")),
    ],
)
def test_a_head_is_learned_and_used(
    run: Run, tiny: str, data: str, words: tuple[Any, ...], request: pytest.FixtureRequest
) -> None:
    """What was learned from stored outputs answers the same from texts; the backbone is as it was, and nothing is left over."""
    file = request.getfixturevalue(data)
    run("train", file, "--model", tiny, *QUICK, *words, "-o", "run")
    assert not Path("run/vectors").exists()
    record = json.loads(Path("run/run.json").read_text())
    assert record["timings"]["features"]["examples"] == sum(record["rows"].values())
    assert record["parameters"]["trainable"] < record["parameters"]["all"] / 2
    assert json.loads(run("info", "run", "--json").out)["parameters"] == record["parameters"]["all"]
    before, after = load_file(Path(tiny, "model.safetensors")), load_file("run/model.safetensors")
    kept = {name.removeprefix("bert."): values for name, values in after.items()}
    shared = [name for name in before if name in kept and "pooler" not in name]
    assert len(shared) > 30
    assert all(before[name].equal(kept[name]) for name in shared)
    lines = [json.loads(line) for line in Path("run/history.jsonl").read_text().splitlines()]
    scored = [line["validation"] for line in lines if "validation" in line]
    best = record["scores"]["validation"]["values"]
    assert any(same(best, one) for one in scored)
    run("predict", "run", file, "-o", "answers.csv", "--precision", "fp32")


def same(saved: dict[str, Any], known: dict[str, Any]) -> bool:
    """Whether the scores of a saved model, which read the texts, are those of a training, which read what was stored."""
    numbers = {key: value for key, value in known.items() if isinstance(value, float)}
    return bool(numbers) and all(saved[key] == pytest.approx(value, abs=1e-6) for key, value in numbers.items())


def test_a_run_that_was_cut_off_goes_on_bit_for_bit(
    run: Run, reviews: Path, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what was computed before: the backbone is not asked again."""
    words = ("train", reviews, "--model", tiny, *QUICK, "--features-head", "mlp", "--save-steps", 3)
    run(*words, "-o", "whole")
    take = Stepper.take

    def fail_at_five(self: Stepper, step: Any, asked: Any = ()) -> Any:
        if step.number == 5:
            raise PowerFails
        return take(self, step, asked)

    with monkeypatch.context() as patch:
        patch.setattr(Stepper, "take", fail_at_five)
        with pytest.raises(PowerFails):
            run(*words, "-o", "parts")
    assert Path("parts/vectors/vectors.f32").stat().st_size == 120 * 32 * 4

    def not_again(network: Any, *others: Any) -> Any:
        assert not isinstance(network, VectorsOf)
        return model_outputs(network, *others)

    stored = load_file("parts/checkpoint/weights.safetensors")
    assert all(name.startswith("features.") for name in stored)
    monkeypatch.setattr("bertft.engine.frozen.model_outputs", not_again)
    run("train", "--resume", "-o", "parts", "--quiet")
    for name in ("model.safetensors", "tagger.safetensors", "checkpoint/optimizer.safetensors"):
        assert Path("whole", name).read_bytes() == Path("parts", name).read_bytes()
    assert not Path("parts/vectors").exists()
    timed = json.loads(Path("parts/run.json").read_text())["timings"]["features"]
    assert timed["examples"] == 120
    assert timed["seconds"] > 0


def test_the_head_beside_it_is_not_taken_for_one_that_was_trained(run: Run, reviews: Path, tiny: str) -> None:
    """What transformers finds in the folder was drawn at random."""
    run("train", reviews, "--model", tiny, *QUICK, "-o", "first")
    said = run("train", reviews, "--model", "first", "--max-steps", 1, "--precision", "fp32", "-o", "second").err
    assert "its head is kept" not in said
    assert "step 0" in said or "before the first step" in said or "warm start" in said


def test_only_what_was_computed_to_the_end_is_used_again(tmp_path: Path) -> None:
    store = Store([3, 1, 2], 4, "the last layer", (7, 8))
    store.make(tmp_path / "vectors")
    numbers = tmp_path / "vectors" / "vectors.f32"
    assert numbers.stat().st_size == 6 * 4 * 4
    assert not store.stands_in(tmp_path / "vectors")
    done = {**store.facts(), "timings": {"seconds": 3.5}}
    (tmp_path / "vectors" / "done.json").write_text(json.dumps(done))
    assert store.stands_in(tmp_path / "vectors")
    assert store.timings(tmp_path / "vectors") == {"seconds": 3.5}
    assert not Store([3, 1, 2], 4, "another layer", (7, 8)).stands_in(tmp_path / "vectors")
    assert not Store([3, 1, 2], 4, "the last layer", (7, 9)).stands_in(tmp_path / "vectors")
    numbers.write_bytes(numbers.read_bytes()[:-4])
    assert not store.stands_in(tmp_path / "vectors")


def test_vectors_of_another_backbone_or_other_texts_are_not_used_again(tiny: str) -> None:
    """Of the same sizes."""
    plan = Head("text-classification", "single-label", ("a", "b"), lambda outputs, targets: targets)
    network: Any = start_network(find_backbone(tiny), plan, Recipe(features=True))
    (head,) = extras_of(network)
    assert isinstance(head, Features)
    ids = [np.array([2, 5, 6, 3], np.int32), np.array([2, 7, 3], np.int32)]
    zeros = [np.zeros(len(one), np.int8) for one in ids]
    plain = Store.of(network, head, made_of(ids, zeros)).facts()
    assert plain == Store.of(network, head, made_of(ids, zeros)).facts()
    others = [made_of([ids[0] + 1, ids[1]], zeros), made_of(ids, [zeros[0] + 1, zeros[1]])]
    found = [Store.of(network, head, one).facts() for one in others]
    with torch.no_grad():
        transformers_part(network).base_model.get_input_embeddings().weight[0] += 1
    found.append(Store.of(network, head, made_of(ids, zeros)).facts())
    assert all({**one, "checksums": 0} == {**plain, "checksums": 0} for one in found)
    assert all(one["checksums"] != plain["checksums"] for one in found)


def made_of(ids: list[Any], segments: list[Any]) -> list[Feature]:
    return [Feature(row, *one, None, False) for row, one in enumerate(zip(ids, segments, strict=True))]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--layers", "-2"), "--layers: only for a head on a frozen backbone. Pass --features too."),
        (("--features", "--bilstm", "5"), "--bilstm is for token-classification; this task is text-classification."),
        (("--features", "--freeze", "1"), "--freeze: with --features the backbone stays as it is."),
        (("--features", "--few-shot"), "--few-shot: with --features the backbone stays as it is."),
        (("--features", "--combine", "sum"), "--combine sum: one layer is read."),
        (("--features", "--layers", "-1,-9"), "--layers -1,-9: this backbone has 2 layers, so -9 is none of them"),
        (("--features", "--head-units", 3), "--head-units: a linear head has none."),
        (
            ("--features", "--features-head", "mlp", "--head-start", "probe"),
            "--head-start probe: with --features-head mlp",
        ),
        (("--features", "--model", "bow"), "--features reads what a pre-trained backbone says; bow knows nothing."),
        (("--features", "--model", "tfidf"), "--features"),
    ],
)
def test_what_would_have_no_effect_is_refused(run: Run, reviews: Path, tiny: str, words: Any, said: str) -> None:
    assert said in run("train", reviews, "--model", tiny, "-o", "run", "--dry-run", *words, ok=2).err
