"""Two language models of LSTMs: neither direction sees what it has to say, and losses are those of a plain computation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from bertft.gold.example import IGNORED
from bertft.model.encoders import language_model as lm
from bertft.model.encoders import register
from bertft.model.layers import layer_of_parameters
from bertft.model.losses import two_way_cost

UNITS = 4


def network_of(head: str = "PreTraining") -> Any:
    torch.manual_seed(3)
    config = lm.LanguageModelConfig(vocab_size=30, hidden_size=2 * UNITS, num_labels=3)
    network = getattr(lm, f"LanguageModelFor{head}")(config).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.3 * torch.randn(parameter.shape)
    return network


def states_of(network: Any, ids: Tensor, mask: Tensor | None = None) -> list[tuple[Tensor, Tensor]]:
    """Of each layer, forward and backward (B, T, E)."""
    found = network.encoder(ids, mask, output_hidden_states=True).hidden_states
    return [state.chunk(2, dim=2) for state in found]


@torch.no_grad()
def test_a_later_token_changes_no_forward_state_before_it_and_the_other_way_round() -> None:
    network, length = network_of(), 9
    ids = torch.randint(1, 30, (1, length))
    before = states_of(network, ids)
    for place in range(length):
        changed = ids.clone()
        changed[0, place] = ids[0, place] % 29 + 1
        for number, ((forth, back), (forth_now, back_now)) in enumerate(
            zip(before, states_of(network, changed), strict=True)
        ):
            moved_forth = (forth != forth_now).any(dim=2)[0].tolist()
            moved_back = (back != back_now).any(dim=2)[0].tolist()
            reach = range(place, place + 1) if number == 0 else range(place, length)
            assert moved_forth == [at in reach for at in range(length)]
            assert moved_back == [at in (reach if number == 0 else range(place + 1)) for at in range(length)]


def test_no_loss_of_a_token_depends_on_what_it_must_not_see() -> None:
    """By gradients, through the whole network: of the forward loss at a place only embeddings before it have one."""
    network = network_of()
    ids, place = torch.randint(1, 30, (1, 8)), 4
    known: list[Tensor] = []

    def keep(module: Any, given: Any, found: Tensor) -> Tensor:
        known.append(found.detach().requires_grad_())
        return known[-1]

    network.encoder.words.register_forward_hook(keep)
    for way, wanted in ((0, range(place)), (1, range(place + 1, 8))):
        chosen = torch.zeros(1, 8, dtype=torch.bool)
        chosen[0, place] = True
        network(ids, chosen=chosen)["losses"][0, way].backward()
        assert known[-1].grad is not None
        assert [bool(row.any()) for row in known[-1].grad[0]] == [at in wanted for at in range(8)]


@torch.no_grad()
def test_losses_are_those_of_the_next_and_the_previous_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Written out for each text by itself, without padding and in one piece."""
    network, texts = network_of(), [[2, 9, 8, 7, 3], [2, 4, 3], [2, 5, 6, 5, 6, 5, 3]]
    ids, mask = torch.zeros(3, 8, dtype=torch.long), torch.zeros(3, 8, dtype=torch.long)
    for line, text in enumerate(texts):
        ids[line, : len(text)], mask[line, : len(text)] = torch.tensor(text), 1
    monkeypatch.setattr(lm, "AT_ONCE", 2)
    found, targets = network(ids, mask), torch.full(ids.shape, IGNORED)
    targets[lm.inner(mask)] = ids[lm.inner(mask)]
    costs, wanted = two_way_cost(found, targets), []
    for text in texts:
        words, weight = torch.tensor(text), network.encoder.words.weight
        forth = back = network.encoder.words(words)[None]
        for number, layer in enumerate(network.encoder.layers):
            forth, back = (
                layer.forwards(forth)[0] + (forth if number else 0),
                layer.backwards(back.flip(1))[0].flip(1) + (back if number else 0),
            )
        ahead = functional.cross_entropy(forth[0, :-2] @ weight.T + network.bias, words[1:-1], reduction="none")
        behind = functional.cross_entropy(back[0, 2:] @ weight.T + network.bias, words[1:-1], reduction="none")
        wanted.append(torch.stack([ahead, behind], dim=1))
    torch.testing.assert_close(found["losses"], torch.cat(wanted))
    torch.testing.assert_close(costs, torch.stack([one.sum() for one in wanted]))


def test_logits_that_are_computed_again_give_the_same_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    ids, found = torch.randint(1, 30, (2, 9)), []
    for size in (3, 1000):
        monkeypatch.setattr(lm, "AT_ONCE", size)
        network = network_of()
        network(ids)["losses"].sum().backward()
        found.append([parameter.grad for parameter in network.parameters()])
    torch.testing.assert_close(*found)
    assert all(gradient is not None and gradient.any() for gradient in found[0])


@pytest.mark.parametrize("head", ["SequenceClassification", "TokenClassification"])
@torch.no_grad()
def test_transformers_opens_it_and_padding_changes_nothing(head: str, tmp_path: Path) -> None:
    import transformers

    register()
    network = network_of(head)
    network.save_pretrained(tmp_path)
    opened, report = getattr(transformers, f"AutoModelFor{head}").from_pretrained(tmp_path, output_loading_info=True)
    assert not report["missing_keys"] | report["unexpected_keys"]
    ids, mask = torch.randint(1, 30, (2, 6)), torch.ones(2, 6, dtype=torch.long)
    wider, mask_wider = functional.pad(ids, (0, 4)), functional.pad(mask, (0, 4))
    plain, padded = network(ids, mask).logits, opened.eval()(wider, mask_wider).logits
    torch.testing.assert_close(plain, padded if head.startswith("S") else padded[:, :6])
    alone = transformers.AutoModel.from_pretrained(tmp_path).eval()
    torch.testing.assert_close(alone(ids).last_hidden_state, network.encoder(ids).last_hidden_state)
    assert set(layer_of_parameters(network).values()) == {0, 1, 2, 3}
