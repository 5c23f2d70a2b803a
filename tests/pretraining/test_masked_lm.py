"""Loss, gradients and perplexity are transformers' own, although the vocabulary is only looked through where needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from bertft import fast
from bertft.gold.example import IGNORED
from bertft.model.masked_lm import masked_cost, read_chosen_only


def batch_of(vocabulary: int) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Two texts of different length, some tokens of which are asked for."""
    torch.manual_seed(0)
    ids = torch.randint(5, vocabulary, (2, 9))
    mask = torch.ones_like(ids)
    mask[1, 6:] = 0
    targets = torch.full_like(ids, IGNORED)
    targets[0, [1, 4, 7]], targets[1, 2] = ids[0, [1, 4, 7]], 8
    return {"input_ids": ids, "attention_mask": mask}, targets


@pytest.mark.parametrize(
    "family", ["bert", "roberta", "distilbert", "electra", "albert", "deberta-v2", "mpnet", "modernbert"]
)
@pytest.mark.parametrize("quick", [False, True])
def test_the_loss_is_transformers_own(backbones: Callable[[str], Path], family: str, quick: bool) -> None:
    from transformers import AutoModelForMaskedLM

    torch.manual_seed(1)
    ours, theirs = (AutoModelForMaskedLM.from_pretrained(backbones(family)).eval() for _ in range(2))
    ours.load_state_dict(theirs.state_dict())
    ours = read_chosen_only(ours)
    if quick:
        fast.speed_up(ours, torch.device("cpu"))
    inputs, targets = batch_of(ours.config.vocab_size)
    losses = masked_cost(ours(**inputs, chosen=targets != IGNORED), targets)
    wanted = theirs(**inputs, labels=targets).loss
    assert losses.shape == (2,)
    assert float(losses.detach().sum() / 4) == pytest.approx(float(wanted.detach()), rel=1e-5)
    (losses.sum() / 4).backward()
    wanted.backward()
    for (name, one), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        assert one.grad is None or torch.allclose(one.grad, other.grad, atol=1e-5), name


def test_it_is_saved_and_answers_as_before(backbones: Callable[[str], Path], tmp_path: Path) -> None:
    from transformers import BertForMaskedLM

    network = read_chosen_only(BertForMaskedLM.from_pretrained(backbones("bert")).eval())
    read_chosen_only(network).save_pretrained(tmp_path)
    again = BertForMaskedLM.from_pretrained(tmp_path).eval()
    inputs, _ = batch_of(network.config.vocab_size)
    assert again.config.architectures == ["BertForMaskedLM"]
    assert torch.equal(network(**inputs).logits, again(**inputs).logits)


def test_a_text_of_which_nothing_is_asked_costs_nothing(backbones: Callable[[str], Path]) -> None:
    from transformers import BertForMaskedLM

    network = read_chosen_only(BertForMaskedLM.from_pretrained(backbones("bert")))
    inputs, targets = batch_of(network.config.vocab_size)
    targets[1] = IGNORED
    assert masked_cost(network(**inputs, chosen=targets != IGNORED), targets)[1] == 0
    targets[:] = IGNORED
    losses = masked_cost(network(**inputs, chosen=targets != IGNORED), targets)
    losses.sum().backward()
    assert losses.tolist() == [0, 0]
