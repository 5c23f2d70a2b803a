"""Training on a part of the vocabulary ends with the weights that training on all of it does."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from conftest import FAMILIES
from torch import nn

from bertft.engine.optimizer import build_optimizer, build_schedule
from bertft.engine.resume import load_state, save_state, state_of
from bertft.fast.masks import DropoutBits, DropoutMasks
from bertft.fast.vocabulary import CutEmbedding, cut_of, cut_vocabulary, widened
from bertft.plan.recipe import Recipe

RECIPE = Recipe(learning_rate=0.01, weight_decay=0.1)
TEXTS = [np.array([2, 9, 10, 3]), np.array([2, 11, 3])]


def build(folder: Path) -> Any:
    torch.manual_seed(0)
    return transformers.AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()


def train(network: Any, *, steps: int = 5) -> None:
    """Full batches of the texts; no dropout, though an embedding is told that it is in training."""
    embedding = network.base_model.get_input_embeddings()
    optimizer = build_optimizer(network, RECIPE)
    schedule = build_schedule(optimizer, RECIPE, steps)
    pad = network.config.pad_token_id
    ids = torch.tensor([[2, 9, 10, 3], [2, 11, 3, pad]])
    embedding.train()
    for _ in range(steps):
        loss = network(input_ids=ids, attention_mask=(ids != pad).long(), labels=torch.tensor([0, 1])).loss
        loss.backward()
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    embedding.eval()


@pytest.mark.parametrize("family", FAMILIES)
def test_all_weights_end_as_if_all_were_trained(backbones: Callable[[str], Path], family: str) -> None:
    whole = build(backbones(family))
    part = copy.deepcopy(whole)
    cut = cut_vocabulary(part, TEXTS, padding=part.config.pad_token_id)
    assert cut is not None
    assert len(cut.weight) < whole.base_model.get_input_embeddings().num_embeddings / 2
    train(whole)
    train(part)
    wanted, found = whole.state_dict(), part.state_dict()
    assert wanted.keys() == found.keys()
    for name, weight in wanted.items():
        assert torch.allclose(weight, found[name], atol=2e-5), name
    name = next(name for name, module in whole.named_modules() if module is whole.base_model.get_input_embeddings())
    others = np.setdiff1d(np.arange(len(wanted[f"{name}.weight"])), cut.pieces)
    start = build(backbones(family)).state_dict()[f"{name}.weight"]
    assert not torch.equal(found[f"{name}.weight"][others], start[others])  # they decayed
    assert torch.allclose(wanted[f"{name}.weight"][others], found[f"{name}.weight"][others], rtol=1e-6, atol=0)


def test_the_other_pieces_are_not_copied(backbones: Callable[[str], Path]) -> None:
    """Weights from a file stay in memory as a whole as long as any of them is used."""
    network = build(backbones("bert"))
    whole = network.base_model.get_input_embeddings().weight
    cut = cut_vocabulary(network, TEXTS, padding=network.config.pad_token_id)
    assert cut is not None
    assert cut.start.data_ptr() == whole.data_ptr()
    assert cut.weight.data_ptr() != whole.data_ptr()


def test_a_text_with_other_pieces_is_read_with_their_weights(backbones: Callable[[str], Path]) -> None:
    whole = build(backbones("bert"))
    part = copy.deepcopy(whole)
    cut_vocabulary(part, TEXTS, padding=part.config.pad_token_id)
    ids = torch.arange(5, 25)[None]
    assert torch.allclose(whole(input_ids=ids).logits, part(input_ids=ids).logits, atol=1e-6)
    train(part)
    with torch.no_grad():
        whole.load_state_dict(part.state_dict())
    assert torch.allclose(whole(input_ids=ids).logits, part(input_ids=ids).logits, atol=1e-6)


@pytest.mark.parametrize("why", ["frozen", "tied", "all used"])
def test_a_matrix_that_cannot_be_cut_stays_whole(backbones: Callable[[str], Path], why: str) -> None:
    network, texts = build(backbones("bert")), TEXTS
    embedding = network.base_model.get_input_embeddings()
    if why == "frozen":
        embedding.weight.requires_grad_(False)
    elif why == "tied":
        network.decoder = nn.Linear(32, embedding.num_embeddings)
        network.decoder.weight = embedding.weight
    else:
        texts = [np.arange(embedding.num_embeddings)]
    assert cut_vocabulary(network, texts, padding=0) is None
    assert cut_of(network) is None
    assert network.base_model.get_input_embeddings() is embedding


def test_what_is_saved_is_the_whole_matrix(backbones: Callable[[str], Path], tmp_path: Path) -> None:
    network = build(backbones("bert"))
    wanted = network.base_model.get_input_embeddings().weight.detach().clone()
    cut = cut_vocabulary(network, TEXTS, padding=0)
    assert isinstance(cut, CutEmbedding)
    network.save_pretrained(tmp_path / "saved", state_dict=network.state_dict())
    assert torch.equal(build(tmp_path / "saved").base_model.get_input_embeddings().weight, wanted)


def test_a_state_that_began_otherwise_brings_its_own_rows(backbones: Callable[[str], Path]) -> None:
    """Trained whole at first, or from a backbone that has changed since."""
    network = build(backbones("bert"))
    cut = cut_vocabulary(network, TEXTS, padding=0)
    assert cut is not None
    saved = torch.rand(cut.start.shape)
    for decayed in (None, 0.5):
        cut.go_on_from(saved, decayed)
        assert torch.equal(cut.whole(), saved)
    cut.decayed = 0.5
    state = cut.whole().clone()
    start = cut.start.clone()
    cut.decayed = 1.0
    cut.go_on_from(state, 0.5)
    assert torch.equal(cut.whole(), state)
    assert torch.equal(cut.start, start)  # the product leads there: it goes on from where it began, bit for bit


def test_the_tokenizers_padding_is_trained_with_whatever_the_config_says(backbones: Callable[[str], Path]) -> None:
    network = build(backbones("bert"))
    cut = cut_vocabulary(network, TEXTS, padding=17)
    assert cut is not None
    assert int(cut.place[17]) >= 0


@pytest.mark.parametrize("before", ["cut", "whole"])
@pytest.mark.parametrize("after", ["cut", "cut to others", "whole"])
def test_a_run_goes_on_however_its_vocabulary_is_cut(
    backbones: Callable[[str], Path], tmp_path: Path, before: str, after: str
) -> None:
    """What AdamW knows of a piece goes along; of one that was not trained it knows nothing."""
    texts = {"cut": TEXTS, "cut to others": [*TEXTS, np.array([40, 41])], "whole": []}
    (one, optimizer, schedule), (other, its_optimizer, its_schedule) = (
        ready_to_train(build(backbones("bert")), texts[how]) for how in (before, after)
    )
    for _ in range(2):
        with DropoutMasks(DropoutBits(1)):
            one.train()(input_ids=torch.tensor(TEXTS[0])[None]).logits.square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()
    facts: dict[str, Any] = {"data": {}}
    save_state(tmp_path, state_of(one, optimizer, schedule, {"facts": facts}))
    load_state(tmp_path, other, its_optimizer, its_schedule, facts=facts)
    assert torch.equal(whole_of(one), whole_of(other))
    for name in ("exp_avg", "exp_avg_sq"):
        known = [
            moments if cut is None else widened(moments, cut.pieces, len(cut.start))
            for network, its in ((one, optimizer), (other, its_optimizer))
            for cut, weight in [(cut_of(network), network.base_model.get_input_embeddings().weight)]
            for moments in [its.state[weight][name]]
        ]
        assert torch.equal(known[0], known[1])
        assert float(known[0].abs().sum()) > 0


def ready_to_train(network: Any, texts: list[np.ndarray[Any, Any]]) -> tuple[Any, Any, Any]:
    """With a vocabulary cut to some texts, or whole without any."""
    if texts:
        cut_vocabulary(network, texts, padding=0)
    optimizer = build_optimizer(network, Recipe())
    return network, optimizer, build_schedule(optimizer, Recipe(), 10)


def whole_of(network: Any) -> torch.Tensor:
    embedding = network.base_model.get_input_embeddings()
    found: torch.Tensor = embedding.whole() if isinstance(embedding, CutEmbedding) else embedding.weight.detach()
    return found
