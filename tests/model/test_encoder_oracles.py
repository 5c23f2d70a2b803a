"""Each network against the same sums written out for one text at a time, or against torch's own modules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from test_encoders import TEXTS, batch_of, logits, network_of
from torch import Tensor, nn


def vectors_of(network: Any, ids: list[int], text: list[int] | None = None) -> Tensor:
    """(T, E) of some words; with those of the segments where the whole `text` is read as one."""
    found = network.encoder.words.weight[ids].detach()
    if text is None:
        return found
    segments = batch_of([text])["token_type_ids"][0]
    return found + network.encoder.segments.weight[segments].detach()


def halves(text: list[int]) -> tuple[list[int], list[int]]:
    middle = (len(text) + 1) // 2
    return text[:middle], text[middle:]


def both_ways(ours: Any, cell: str) -> Any:
    """torch's own bidirectional network with the weights of ours."""
    size = ours.forwards.hidden_size
    made = getattr(nn, cell.upper())(ours.forwards.input_size, size, batch_first=True, bidirectional=True)
    with torch.no_grad():
        for name, weight in ours.forwards.named_parameters():
            getattr(made, name).copy_(weight)
        for name, weight in ours.backwards.named_parameters():
            getattr(made, f"{name}_reverse").copy_(weight)
    return lambda vectors: made(vectors[None])[0][0].detach()


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_a_recurrent_network_is_torchs_bidirectional_one(cell: str) -> None:
    network = network_of("bilstm", cell=cell)
    read = both_ways(network.encoder.layers[0], cell)
    for text in TEXTS:
        hidden = read(vectors_of(network, text, text))
        expected = network.classifier(hidden.amax(0)).detach().numpy()
        np.testing.assert_allclose(logits(network, TEXTS)[TEXTS.index(text)], expected, atol=1e-5)


def test_one_way_is_a_plain_lstm_that_sees_nothing_to_the_right() -> None:
    network = network_of("bilstm", "AutoModelForTokenClassification", one_way=True)
    whole, changed = logits(network, [TEXTS[2], [*TEXTS[2][:-2], 19, 3]])
    np.testing.assert_array_equal(whole[:-2], changed[:-2])
    assert not np.allclose(whole[-2:], changed[-2:])
    hidden = network.encoder.layers[0].forwards(vectors_of(network, TEXTS[2], TEXTS[2])[None])[0][0]
    np.testing.assert_allclose(whole, network.classifier(hidden).detach().numpy(), atol=1e-5)


def test_a_bag_of_words_is_the_mean_of_each_text() -> None:
    network = network_of("bow")
    for text, found in zip(TEXTS, logits(network, TEXTS), strict=True):
        one, other = (vectors_of(network, half).mean(0) for half in halves(text))
        read = torch.relu(network.encoder.layers[0](torch.cat([one, other, abs(one - other), one * other])))
        np.testing.assert_allclose(found, network.classifier(read).detach().numpy(), atol=1e-5)


def test_a_bag_of_words_does_not_know_their_order() -> None:
    network = network_of("bow", type_vocab_size=1)
    one, other = logits(network, [[2, 5, 9, 7, 3], [2, 7, 5, 9, 3]])
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_dssm_adds_up_to_the_cosine_of_both_towers() -> None:
    network = network_of("dssm")
    with torch.no_grad():
        network.classifier.weight.fill_(0.1)
        network.classifier.bias.zero_()
    for text, found in zip(TEXTS, logits(network, TEXTS), strict=True):
        tops = []
        for half in halves(text):
            hidden = vectors_of(network, half).mean(0)
            for layer in network.encoder.layers:
                hidden = torch.tanh(layer(hidden))
            tops.append(hidden.detach().numpy())
        cosine = tops[0] @ tops[1] / np.linalg.norm(tops[0]) / np.linalg.norm(tops[1])
        np.testing.assert_allclose(found, cosine, atol=1e-5)


def test_esim_is_its_equations_word_by_word() -> None:
    """Chen et al. 2017, equations 11 to 20, with loops."""
    network = network_of("esim")
    read, compare, again, decide = network.encoder.layers
    first, second = both_ways(read, "lstm"), both_ways(again, "lstm")
    for text, found in zip(TEXTS, logits(network, TEXTS), strict=True):
        a, b = (first(vectors_of(network, half)) for half in halves(text))
        pooled = []
        for own, others in ((a, b), (b, a)):
            composed = []
            for word in own:
                shares = torch.softmax(torch.stack([word @ other for other in others]), 0)
                mate = sum(share * other for share, other in zip(shares, others, strict=True))
                composed.append(torch.relu(compare(torch.cat([word, mate, word - mate, word * mate]))))
            hidden = second(torch.stack(composed))
            pooled += [hidden.mean(0), hidden.amax(0)]
        expected = network.classifier(torch.tanh(decide(torch.cat(pooled)))).detach().numpy()
        np.testing.assert_allclose(found, expected, atol=1e-5)


def torchs_layer(block: Any, size: int) -> nn.TransformerEncoderLayer:
    made = nn.TransformerEncoderLayer(
        size, block.heads, block.up.out_features, 0.0, nn.functional.gelu, batch_first=True, norm_first=True
    )
    pairs = {
        "self_attn.in_proj_": block.query_key_value,
        "self_attn.out_proj.": block.out,
        **{"linear1.": block.up, "linear2.": block.down, "norm1.": block.attention_norm, "norm2.": block.norm},
    }
    state = {f"{name}{part}": getattr(module, part) for name, module in pairs.items() for part in ("weight", "bias")}
    made.load_state_dict(state)
    return made.train()  # its other path is another computation


def test_a_transformer_is_torchs_own_layers() -> None:
    network = network_of("transformer")
    for text, found in zip(TEXTS, logits(network, TEXTS), strict=True):
        hidden = network.encoder.fit(vectors_of(network, text, text))
        size = hidden.shape[1]
        for place in range(len(text)):
            for rate in range(size // 2):
                angle = place / 10_000 ** (2 * rate / size)
                hidden[place, rate] += 0.1 * np.sin(angle)
                hidden[place, size // 2 + rate] += 0.1 * np.cos(angle)
        for block in network.encoder.layers:
            hidden = torchs_layer(block, size)(hidden[None])[0]
        expected = network.classifier(network.encoder.final_norm(hidden).mean(0)).detach().numpy()
        np.testing.assert_allclose(found, expected, atol=1e-5)
