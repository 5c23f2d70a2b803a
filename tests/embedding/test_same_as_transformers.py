"""Vectors beside transformers' own hidden states, and beside what sentence-transformers documents of its pooling."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import forget_accelerator, texts

from bertft.embedding.embedder import Embedder
from bertft.embedding.encoding import inputs_of
from bertft.embedding.opening import open_embedder
from bertft.engine.meter import Meter
from bertft.errors import CheckpointError, UsageError
from bertft.plan.embed_plan import EmbedPlan
from bertft.plan.sections import MachinePlan
from bertft.rows.fields import Fields
from bertft.rows.row import Row

TEXTS = ["good", *texts(5, seed=2), "very quite really " * 30]
ALONE, PAIR = Fields("one"), Fields("one", "two")


@pytest.fixture(autouse=True)
def one_accelerator() -> Iterator[None]:
    forget_accelerator()
    yield
    forget_accelerator()


def embedder(model: str, **plan: Any) -> Embedder:
    return open_embedder(model, EmbedPlan(**plan), MachinePlan(threads=1))


def vectors(found: Embedder, given: list[str], fields: Fields = ALONE) -> list[Any]:
    rows = [Row(place, f"x:{place}", {"one": text, "two": "slow song"}) for place, text in enumerate(given)]
    inputs = inputs_of(rows, fields, words=found.recipe.words)
    return [one.vectors for window in found.windows(inputs, Meter()) for one in window]


def states(model: str, *given: str, length: int = 32) -> tuple[list[np.ndarray[Any, Any]], Any]:
    """Hidden states (T, H) of one text or pair alone, without padding; and transformers' output."""
    from transformers import AutoModel, AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(model)(
        *given, return_tensors="pt", truncation=True, max_length=length, padding=False
    )
    with torch.no_grad():
        outputs = AutoModel.from_pretrained(model).eval()(**tokens, output_hidden_states=True)
    return [state[0].numpy() for state in outputs.hidden_states], outputs


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert", "deberta-v2", "albert", "modernbert"])
def test_layers_are_those_of_transformers(family: str, backbones: Callable[[str], Path]) -> None:
    model = str(backbones(family))
    one, two = embedder(model, layers="0,-1", pool="none", max_length=32), embedder(model, max_length=32)
    tokens, means = vectors(one, TEXTS), vectors(two, TEXTS)
    for text, found, mean in zip(TEXTS, tokens, means, strict=True):
        wanted, _ = states(model, text)
        np.testing.assert_allclose(found, np.concatenate([wanted[0], wanted[-1]], axis=1), atol=1e-5)
        np.testing.assert_allclose(mean, wanted[-1].mean(0), atol=1e-5)


POOLED: dict[str, Callable[[list[Any], Any], Any]] = {
    "cls": lambda states, outputs: states[-1][0],
    "max": lambda states, outputs: states[-1].max(0),
    "mean-max": lambda states, outputs: np.concatenate([states[-1].mean(0), states[-1].max(0)]),
    "first-last": lambda states, outputs: (states[1] + states[-1]).mean(0) / 2,
    "pooler": lambda states, outputs: outputs.pooler_output[0].numpy(),
}


@pytest.mark.parametrize("pool", POOLED)
def test_poolings_of_pairs(pool: str, tiny: str) -> None:
    found = vectors(embedder(tiny, pool=pool, max_length=32), TEXTS, PAIR)
    for text, vector in zip(TEXTS[:-1], found, strict=False):
        np.testing.assert_allclose(vector, POOLED[pool](*states(tiny, text, "slow song")), atol=1e-5)


@pytest.mark.parametrize(("combine", "wanted"), [("sum", np.sum), ("mean", np.mean)])
def test_layers_are_combined(combine: str, wanted: Any, tiny: str) -> None:
    found = vectors(embedder(tiny, layers="1,-1,0", combine=combine, pool="cls"), TEXTS[:1])
    np.testing.assert_allclose(found[0], wanted(np.stack(states(tiny, TEXTS[0])[0]), axis=0)[0], atol=1e-5)


def test_a_vector_does_not_depend_on_the_texts_beside_it(tiny: str) -> None:
    for plan in ({"pool": "mean"}, {"pool": "max", "layers": "1"}, {"pool": "none"}):
        ready = embedder(tiny, **plan)
        alone, among = vectors(ready, ["good film"])[0], vectors(ready, [*TEXTS, "good film"])[-1]
        np.testing.assert_allclose(alone, among, atol=1e-6)


def test_words_are_the_means_of_their_tokens(tiny: str) -> None:
    """`goodly` is two tokens, the dot a word of its own."""
    words, tokens = vectors(embedder(tiny, words=True), ["goodly film."])[0], states(tiny, "goodly film.")[0][-1]
    np.testing.assert_allclose(words, [tokens[1:4].mean(0), tokens[4], tokens[5]], atol=1e-5)


def of_sentence_transformers(model: str, folder: Path, modules: list[str], **pooling: bool) -> str:
    """A copy with the files that sentence-transformers writes."""
    shutil.copytree(model, folder)
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 8}')
    listed = [{"type": f"sentence_transformers.models.{kind}", "path": path} for kind, path in _places(modules)]
    (folder / "modules.json").write_text(json.dumps(listed))
    return str(folder)


def _places(modules: list[str]) -> list[tuple[str, str]]:
    return [(kind, "" if place == 0 else f"{place}_{kind}") for place, kind in enumerate(modules)]


def test_sentence_transformers_own_files_are_the_default(tiny: str, tmp_path: Path) -> None:
    modules = ["Transformer", "Pooling", "Normalize"]
    model = of_sentence_transformers(tiny, tmp_path / "model", modules, pooling_mode_cls_token=True)
    cls = states(tiny, TEXTS[-1], length=8)[0][-1][0]
    np.testing.assert_allclose(vectors(embedder(model), TEXTS)[-1], cls / np.linalg.norm(cls), atol=1e-5)
    np.testing.assert_allclose(vectors(embedder(model, normalize=False), TEXTS)[-1], cls, atol=1e-5)


def test_vectors_that_cannot_be_made_here_are_not_replaced_in_silence(tiny: str, tmp_path: Path) -> None:
    modules = ["Transformer", "Pooling", "Dense"]
    model = of_sentence_transformers(tiny, tmp_path / "dense", modules, pooling_mode_mean_tokens=True)
    with pytest.raises(UsageError, match="go through Dense"):
        embedder(model)
    both = {"pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": True}
    model = of_sentence_transformers(tiny, tmp_path / "both", modules[:2], **both)
    with pytest.raises(UsageError, match=r"mean\+max.*--pool mean"):
        embedder(model)
    assert len(vectors(embedder(model, pool="mean"), TEXTS)) == len(TEXTS)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"layers": "3"}, "--layers 3: .* has 2 layers, so 3 is none of them"),
        ({"layers": "-3"}, "so -3 is none of them"),
        ({"layers": "2,-1"}, "names a layer twice"),
        ({"combine": "sum"}, "--combine joins several layers"),
        ({"pool": "pooler", "layers": "1"}, "chooses its layers itself"),
        ({"words": True, "pool": "mean"}, "Leave one out"),
        ({"max_length": 1000}, "takes 64 tokens at most"),
    ],
)
def test_what_contradicts_itself_is_refused(plan: dict[str, Any], said: str, tiny: str) -> None:
    with pytest.raises(UsageError, match=said):
        embedder(tiny, **plan)


def test_a_run_of_a_model_from_before_bert_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bertft.classic.network import GramsConfig

    monkeypatch.setattr("bertft.embedding.opening.read_task", lambda folder: None)
    monkeypatch.setattr("bertft.embedding.opening.read_model_config", lambda name: GramsConfig())
    (tmp_path / "bertft.json").touch()
    with pytest.raises(CheckpointError, match="before BERT"):
        embedder(str(tmp_path))


def test_a_model_without_a_pooler_or_without_layers_is_refused(trained: Path, backbones: Callable[..., Path]) -> None:
    with pytest.raises(UsageError, match="no trained pooler"):
        embedder(str(backbones("distilbert")), pool="pooler")
    with pytest.raises(CheckpointError, match="before BERT"):
        embedder("tfidf")
    for name in ("./nowhere", ""):
        with pytest.raises(CheckpointError, match="no run folder, no model folder"):
            embedder(name)
    assert vectors(embedder(str(trained)), ["good"])[0].shape == (32,)
