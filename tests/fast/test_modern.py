"""ModernBERT's layers against transformers' own: what they answer and learn, near and far, and what is left to transformers."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
import transformers
from as_plain import assert_close, learned
from torch import Tensor, nn

from bertft import fast
from bertft.engine.optimizer import build_optimizer
from bertft.fast import reach
from bertft.fast.masks import DropoutBits, DropoutMasks
from bertft.fast.modern import FastModern
from bertft.plan.recipe import Recipe

WINDOW = 8
"""Of local attention: four tokens to either side."""
LONG = 40
MIXED = (LONG, 11, 33, 2, 25, 8)
DROPOUT = {"attention_dropout": 0.1, "mlp_dropout": 0.2, "embedding_dropout": 0.1, "classifier_dropout": 0.1}
BIASES = {"attention_bias": True, "mlp_bias": True, "norm_bias": True, "classifier_bias": True}


@pytest.fixture(params=["padded", "blocks"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of attention; the one in blocks is for long texts."""
    if request.param == "blocks":
        monkeypatch.setattr(reach, "SHORT", WINDOW)
        monkeypatch.setattr(reach, "_BLOCK", 3)
    return str(request.param)


def build(head: str = "ForTokenClassification", **settings: Any) -> Any:
    """Four layers, of which the first and the last see everything; no weight is as it was born."""
    sizes = {"hidden_size": 32, "num_hidden_layers": 4, "num_attention_heads": 2, "intermediate_size": 48}
    special = {"pad_token_id": 1, "cls_token_id": 0, "sep_token_id": 2, "bos_token_id": 0, "eos_token_id": 2}
    settings = {"global_attn_every_n_layers": 3, "local_attention": WINDOW, **sizes, **special, **settings}
    torch.manual_seed(0)
    config = transformers.ModernBertConfig(vocab_size=60, max_position_embeddings=64, **settings)
    network = getattr(transformers, f"ModernBert{head}")(config)
    for weight in network.parameters():
        nn.init.normal_(weight, mean=float(weight.ndim == 1), std=0.2)
    return network.train()


def fast_copy(network: Any) -> Any:
    found = copy.deepcopy(network)
    fast.speed_up(found, torch.device("cpu"))
    assert isinstance(found.base_model, FastModern)
    return found


def batch(lengths: tuple[int, ...] = MIXED) -> dict[str, Tensor]:
    ids = torch.randint(3, 60, (len(lengths), max(lengths)), generator=torch.Generator().manual_seed(1))
    mask = torch.arange(max(lengths))[None] < torch.tensor(lengths)[:, None]
    return {"input_ids": ids, "attention_mask": mask.long()}


def both(plain: Any, inputs: dict[str, Tensor], *, bf16: bool = False) -> list[Any]:
    return [learned(one, inputs, DropoutMasks(DropoutBits(1)), bf16=bf16) for one in (plain, fast_copy(plain))]


@pytest.mark.parametrize(
    ("head", "lengths", "settings"),
    [
        ("Model", MIXED, {}),
        ("Model", (LONG, LONG - 1, LONG, LONG), DROPOUT),
        ("Model", (WINDOW // 2 + 2, 2), {}),
        ("ForMaskedLM", (LONG, LONG), {}),
        ("ForTokenClassification", MIXED, BIASES),
        ("ForQuestionAnswering", MIXED, DROPOUT),
        ("ForSequenceClassification", MIXED, DROPOUT | BIASES),
        ("ForSequenceClassification", MIXED, {"num_hidden_layers": 3, "classifier_pooling": "cls"}),
        ("ForSequenceClassification", MIXED, {"classifier_pooling": "mean", "global_attn_every_n_layers": 2}),
    ],
)
def test_outputs_and_gradients_are_the_plain_ones(
    head: str, lengths: tuple[int, ...], settings: dict[str, Any]
) -> None:
    assert_close(*both(build(head, **settings), batch(lengths)), tolerance=1e-5)


@pytest.mark.parametrize(("lengths", "gone"), [(MIXED, slice(5, 9)), ((LONG,), slice(37, 38))])
def test_tokens_that_are_masked_out_inside_a_text_are_not_seen(lengths: tuple[int, ...], gone: slice) -> None:
    inputs = batch(lengths)
    inputs["attention_mask"][0, gone] = 0
    assert_close(*both(build(), inputs), tolerance=1e-5)


def test_both_kinds_of_layer_have_angles_and_reach_of_their_own() -> None:
    """Other thetas, or another window, would be noticed."""
    plain, inputs = build("Model"), batch()
    wanted = both(plain, inputs)[1][0]
    for change in ({"global_rope_theta": 500.0}, {"local_rope_theta": 500.0}, {"local_attention": WINDOW + 2}):
        other = build("Model", **change)
        other.load_state_dict(plain.state_dict())
        assert_close(*(found := both(other, inputs)), tolerance=1e-5)
        assert not torch.allclose(found[1][0], wanted, atol=1e-3)


def test_texts_in_one_row_need_a_mask_for_each_kind_of_layer() -> None:
    """transformers takes one 4-D mask for both kinds, and then no layer is local: silently wrong. Whatever is given as pairs of
    tokens is left to transformers."""
    plain = build("Model").eval()
    fast_one, lengths = fast_copy(plain), (17, 23)
    ids = batch((LONG,))["input_ids"]
    place = torch.cat([torch.arange(length) for length in lengths])
    text = torch.repeat_interleave(torch.arange(2), torch.tensor(lengths))
    pairs = (text[:, None] == text)[None, None]
    near = pairs & ((place[:, None] - place).abs() <= WINDOW // 2)
    apart = [fast_one(one[None]).last_hidden_state[0] for one in ids[0].split(lengths)]
    given = {"input_ids": ids, "position_ids": place[None]}
    for network in (plain, fast_one):
        own = network(**given, attention_mask={"full_attention": pairs, "sliding_attention": near}).last_hidden_state[0]
        assert torch.allclose(own, torch.cat(apart), atol=1e-5)
        one_for_both = network(**given, attention_mask=pairs).last_hidden_state[0]
        assert not torch.allclose(one_for_both, torch.cat(apart), atol=1e-2)


@pytest.mark.parametrize("head", ["ForTokenClassification", "ForSequenceClassification"])
def test_in_bf16_they_are_as_near_to_fp32_as_autocast(head: str) -> None:
    plain = build(head)
    exact, (autocast, quick) = both(plain, batch())[0], both(plain, batch(), bf16=True)
    off = [sum(float((found[1][name] - one).norm()) for name, one in exact[1].items()) for found in (autocast, quick)]
    assert off[1] <= 1.3 * off[0]


@pytest.mark.parametrize("head", ["ForTokenClassification", "ForSequenceClassification"])
def test_answers_follow_each_step_of_the_training(head: str) -> None:
    networks, found = [build(head)], []
    networks.append(fast_copy(networks[0]))
    for network in networks:
        optimizer = build_optimizer(network, Recipe(learning_rate=0.01))
        for _ in range(2):
            learned(network.train(), batch(), DropoutMasks(DropoutBits(1)), bf16=False)
            optimizer.step()
            with torch.inference_mode():
                logits = network.eval()(**batch()).logits
            found.append(logits[batch()["attention_mask"].bool()] if logits.ndim == 3 else logits)
    assert torch.allclose(found[0], found[2], atol=1e-4)
    assert torch.allclose(found[1], found[3], atol=1e-4)
    assert not torch.allclose(found[0], found[1], atol=1e-2)


def test_frozen_weights_get_no_gradient_and_the_others_get_theirs() -> None:
    plain = build()
    for name, weight in plain.named_parameters():
        weight.requires_grad_(not any(frozen in name for frozen in ("embeddings", "layers.0", "mlp_norm", "Wqkv")))
    found = both(plain, batch())
    assert not any("Wqkv" in name for name in found[1][1])
    assert_close(*found, tolerance=1e-5)


@pytest.mark.parametrize("way", ["blocks"], indirect=True)
def test_the_cost_of_a_window_grows_with_the_length_and_not_with_its_square() -> None:
    angles, sizes = torch.zeros(0), []
    for width in (1000, 4000):
        local = reach.Reach(reach.layout_for(None, 1, width), WINDOW // 2, angles, angles, torch.float32)
        sizes.append(local.blocks.numel())
    assert sizes[1] < 4.1 * sizes[0]
    assert sizes[1] < 4000 * 4 * WINDOW


@pytest.mark.parametrize("way", ["blocks"], indirect=True)
def test_the_first_tokens_alone_need_no_row_of_weights_for_each_token() -> None:
    mask = torch.arange(700) < torch.tensor([[700], [300]])
    layout = reach.layout_for(mask, 2, 700)
    angles = torch.rand(len(layout.at), 4)
    local = reach.Reach(layout, WINDOW // 2, angles.cos(), angles.sin(), torch.float32)
    together = torch.randn(len(layout.at), 3 * 8)
    first = local.read_first(together.clone(), heads=2, dropped=None)
    assert "bias" not in vars(local)
    assert local.bias is not None
    assert tuple(local.bias.shape) == (2, 1, 700, 700)
    assert torch.allclose(first, local.read(together.clone(), heads=2, dropped=None)[layout.first], atol=1e-5)


@pytest.mark.parametrize(
    "wish", ["hidden states", "attentions", "places", "padding on the left", "pairs", "tuple", "own dropout"]
)
def test_other_wishes_are_left_to_transformers(wish: str) -> None:
    plain = build("Model").train(wish == "own dropout")
    fast_one, inputs, more = fast_copy(plain), batch((6, 4)), {}
    if wish == "places":
        more["position_ids"] = torch.tensor([[5, 3, 9, 1, 2, 20]])
    elif wish == "padding on the left":
        inputs["attention_mask"] = inputs["attention_mask"].flip(1)
    elif wish == "pairs":
        inputs["attention_mask"] = torch.ones(2, 1, 6, 6, dtype=torch.bool)
    elif wish != "own dropout":
        more = {"output_hidden_states": wish == "hidden states", "output_attentions": wish == "attentions"}
        more["return_dict"] = wish != "tuple"
    found = [network(**inputs, **more) for network in (plain, fast_one)]
    assert type(found[0]) is type(found[1])
    for one, other in zip(*(value if isinstance(value, tuple) else value.to_tuple() for value in found), strict=True):
        pairs = zip(one, other, strict=True) if isinstance(one, tuple) else [(one, other)]
        assert all(torch.equal(this, that) for this, that in pairs)


@pytest.mark.parametrize("change", ["activation", "linear", "hook", "hidden states", "switch"])
def test_what_is_not_quite_modernbert_runs_as_it_is(change: str) -> None:
    network = build(**({"hidden_activation": "silu"} if change == "activation" else {}))
    attention = network.model.layers[1].attn
    if change == "linear":
        attention.Wo = type("Adapted", (nn.Linear,), {})(32, 32)
    elif change == "hook":
        attention.Wqkv.register_forward_hook(lambda *_: None)
    elif change == "hidden states":
        network.config.output_hidden_states = True
    with fast.kept():
        fast.switch(change != "switch")
        fast.speed_up(network, torch.device("cpu"))
    assert not isinstance(network.base_model, FastModern)
