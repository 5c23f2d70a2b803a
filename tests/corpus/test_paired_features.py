"""Pairs as a network reads them: laid out as the tokenizer lays out two texts, with the loss of transformers' own classes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import build_tokenizer, texts

from bertft import fast
from bertft.adapters.masks.filler import MaskFiller
from bertft.adapters.masks.masked_blocks import masker_of
from bertft.adapters.masks.paired_blocks import PairedBlocks, paired_blocks
from bertft.corpus import open_tokens, write_tokens
from bertft.engine.device import start_accelerator
from bertft.engine.meter import Meter
from bertft.engine.order import Step
from bertft.engine.step import Ingredients, Stepper
from bertft.engine.transfer import tensors_of
from bertft.errors import CheckpointError, DataError
from bertft.gold import Options
from bertft.gold.example import IGNORED
from bertft.kinds import FILL_MASK
from bertft.masking.masked import strategy_of
from bertft.model.masked_lm import check_pairs, paired_cost, read_chosen_only
from bertft.plan.card import plain_card
from bertft.plan.recipe import Recipe
from bertft.rows.fields import Fields
from bertft.rows.labels import Labels
from bertft.scoring import Scores

LONGEST = 32
SENTENCES = texts(60, seed=4)
DOCUMENTS = [SENTENCES[start : start + 6] for start in range(0, 60, 6)]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return build_tokenizer("bert")


@pytest.fixture
def blocks_for(tokenizer: Any, tmp_path: Path) -> Callable[..., PairedBlocks]:
    def made(documents: list[list[str]], objective: str = "nsp", strategy: str = "token") -> PairedBlocks:
        write_tokens(tmp_path / "tokens", documents, tokenizer, "digest")
        tokens = open_tokens(tmp_path / "tokens", "digest")
        assert tokens is not None
        masker = masker_of(tokenizer, strategy_of(strategy), 0.15)
        return paired_blocks(tokens, np.arange(len(tokens)), tokenizer, masker, objective=objective, max_length=LONGEST)

    return made


def filler(tokenizer: Any) -> MaskFiller:
    return MaskFiller(
        plain_card(FILL_MASK.name), Labels(()), Fields("text", None, ()), tokenizer, Options(LONGEST), pair="nsp"
    )


def test_pairs_are_laid_out_as_the_tokenizer_lays_out_two_texts(blocks_for: Any, tokenizer: Any) -> None:
    blocks = blocks_for(DOCUMENTS)
    for number in range(len(blocks)):
        pair = blocks.pairs(number, np.random.default_rng(number))
        block = blocks.block_of(pair)
        both = [tokenizer.decode(blocks.tokens.ids[text]) for text in (pair.first, pair.second)]
        wanted = tokenizer(*both, return_special_tokens_mask=True)
        assert block.ids.tolist() == wanted["input_ids"]
        assert block.special.tolist() == [bool(one) for one in wanted["special_tokens_mask"]]
        assert blocks._segments(pair).tolist() == wanted["token_type_ids"]


def test_no_epoch_repeats_the_pairs_of_another_and_each_repeats_its_own(blocks_for: Any) -> None:
    blocks = blocks_for(DOCUMENTS)

    def drawn(epoch: int) -> list[Any]:
        return [(one.input_ids.tolist(), one.answer, one.asked.tolist()) for one in blocks.of_epoch(7, epoch)]

    assert drawn(0) == drawn(0) != drawn(1)
    assert drawn(1)[::-1] == [
        (one.input_ids.tolist(), one.answer, one.asked.tolist())
        for one in (blocks.of_epoch(7, 1)[number] for number in reversed(range(len(blocks))))
    ]
    assert max(len(one.input_ids) for one in blocks) == LONGEST == blocks.lengths.max()


@pytest.mark.parametrize("family", ["bert", "albert"])
@pytest.mark.parametrize("is_fast", [True, False])
def test_the_loss_is_that_of_transformers(family: str, is_fast: bool, blocks_for: Any, tokenizer: Any) -> None:
    import torch
    from transformers import AutoConfig, AutoModelForPreTraining

    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    dropouts = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "classifier_dropout_prob": 0.0}
    config = AutoConfig.for_model(
        family, vocab_size=len(tokenizer), embedding_size=16, pad_token_id=0, **sizes, **dropouts
    )
    torch.manual_seed(3)
    network: Any = AutoModelForPreTraining.from_config(config)
    features = list(blocks_for(DOCUMENTS, "nsp" if family == "bert" else "sop"))
    batch = filler(tokenizer).collate(features)
    assert batch.targets is not None
    inputs, targets = tensors_of(batch.inputs), torch.from_numpy(batch.targets)
    plain = {name: values for name, values in inputs.items() if name != "chosen"}
    about_pairs = "next_sentence_label" if family == "bert" else "sentence_order_label"
    theirs = network(**plain, labels=targets[:, :-1].contiguous(), **{about_pairs: targets[:, -1]}).loss
    if is_fast:
        fast.speed_up(network, torch.device("cpu"))
    of_masks, of_pairs = paired_cost(read_chosen_only(network)(**inputs), targets).sum(0)
    ours = of_masks / sum(feature.weight for feature in features) + of_pairs / len(features)
    assert ours.item() == pytest.approx(theirs.item(), abs=1e-5)
    assert {0, 1} == {feature.answer for feature in features}
    assert (batch.targets[:, :-1] != IGNORED).sum() == sum(feature.weight for feature in features)


def test_a_step_in_uneven_parts_is_that_of_one_batch(blocks_for: Any, tokenizer: Any, fresh_accelerator: None) -> None:
    """Masks are spread unevenly over the pairs, so that their number in a part says little of the step's."""
    import torch
    from transformers import BertConfig, BertForPreTraining

    features = list(blocks_for(DOCUMENTS))
    features.sort(key=lambda feature: feature.weight)
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    calm: Any = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    torch.manual_seed(3)
    start = BertForPreTraining(BertConfig(vocab_size=len(tokenizer), **sizes, **calm))
    device, none = start_accelerator("fp32"), Scores("perplexity", {}, 0)

    def taken(*batches: list[int]) -> tuple[float, Any]:
        network: Any = read_chosen_only(copy.deepcopy(start))
        made_of = Ingredients(
            network, filler(tokenizer), features, paired_cost, Recipe(max_grad_norm=1e9), lambda _: none, str
        )
        optimizer = device.prepare(torch.optim.SGD(network.parameters(), lr=1.0))
        result = Stepper(made_of, network, optimizer, device, Meter()).take(Step(1, 1.0, list(batches)))
        return result.losses[0][0], torch.cat([weight.flatten() for weight in network.parameters()]).detach()

    every, at = list(range(len(features))), len(features) // 3
    whole, parts = taken(every), taken(every[:at], every[at:])
    assert features[0].weight < features[-1].weight
    assert parts[0] == pytest.approx(whole[0], rel=1e-6)
    torch.testing.assert_close(parts[1], whole[1], rtol=0, atol=1e-6)


def test_scores_of_pairs_are_those_of_their_logits(blocks_for: Any, tokenizer: Any) -> None:
    features = list(blocks_for(DOCUMENTS))[:4]
    masks = sum(feature.weight for feature in features)
    logits = np.zeros((masks, len(tokenizer)), dtype=np.float32)
    said = np.asarray([[0, 2], [0, 2], [1, 0], [1, 0]], dtype=np.float32)
    sums = np.stack(filler(tokenizer).outputs_of({"logits": logits, "pair_logits": said}, features))
    answers = np.asarray([feature.answer for feature in features])
    assert sums[:, 4].tolist() == (answers == [1, 1, 0, 0]).astype(float).tolist()
    rows = np.log(np.exp(said).sum(1)) - said[np.arange(4), answers]
    assert sums[:, 3] == pytest.approx(rows, abs=1e-6)
    assert sums[:, 0] == pytest.approx(np.log(len(tokenizer)) * sums[:, 2], rel=1e-6)


def test_texts_that_make_no_pair_are_refused(blocks_for: Any) -> None:
    with pytest.raises(DataError, match="of 2 documents none has two sentences"):
        blocks_for([["good film"], ["bad film"]])
    with pytest.raises(DataError, match="pretrain --pair sop needs one only"):
        blocks_for([["good film", "bad film"]])
    assert len(blocks_for([["good film", "bad film"]], "sop")) == 1


@pytest.mark.parametrize("family", ["roberta", "electra", "distilbert", "modernbert"])
def test_families_without_a_head_for_pairs_are_refused(family: str) -> None:
    with pytest.raises(CheckpointError, match=f"{family} has no head for pairs"):
        check_pairs(family, "nsp")


def test_the_masks_beside_pairs_never_touch_special_tokens(blocks_for: Any) -> None:
    blocks = replace(blocks_for(DOCUMENTS))
    for epoch in range(20):
        for feature in blocks.of_epoch(1, epoch):
            ends = [0, int(np.argmax(feature.segments)) - 1, len(feature.input_ids) - 1]
            assert not set(ends) & set(feature.asked.tolist())
            assert feature.input_ids[ends].tolist() == [2, 3, 3]
