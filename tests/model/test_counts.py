"""What `info` counts from a config, held against networks: by part, by layer, in bytes and in operations."""

from __future__ import annotations

import copy
from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from bertft import fast
from bertft.counting import CountedPart, counted_parts, fast_memory, operations, savings
from bertft.model.layers import freeze
from bertft.model.measured import build_on, measured_memory, measured_operations, measured_parts

SIZES: dict[str, Any] = {
    "vocab_size": 501,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 48,
}
RELATIVE = {"relative_attention": True, "pos_att_type": ["c2p", "p2c"], "position_biased_input": False}
V3 = {**RELATIVE, "share_att_key": True, "norm_rel_ebd": "layer_norm", "position_buckets": 16, "type_vocab_size": 0}
BIASES = dict.fromkeys(("norm_bias", "mlp_bias", "attention_bias", "classifier_bias"), True)
SPECIAL = dict.fromkeys(("pad_token_id", "bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id"), 0)
CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "bert": ("bert", {}),
    "roberta": ("roberta", {}),
    "xlm-roberta": ("xlm-roberta", {}),
    "distilbert": ("distilbert", {"dim": 32, "n_layers": 3, "n_heads": 4, "hidden_dim": 48}),
    "albert": ("albert", {"embedding_size": 12}),
    "albert in groups": ("albert", {"embedding_size": 12, "num_hidden_groups": 3, "inner_group_num": 2}),
    "electra": ("electra", {"embedding_size": 12}),
    "electra as wide": ("electra", {"embedding_size": 32}),
    "deberta": ("deberta", {}),
    "deberta, relative": ("deberta", RELATIVE),
    "deberta-v2": ("deberta-v2", {**RELATIVE, "conv_kernel_size": 3}),
    "deberta-v3": ("deberta-v2", V3),
    "modernbert": ("modernbert", SPECIAL),
    "modernbert, biases": ("modernbert", {**SPECIAL, **BIASES, "decoder_bias": False}),
}


def config_of(name: str, **more: Any) -> Any:
    from transformers import AutoConfig

    family, own = CONFIGS[name]
    sizes = {"vocab_size": 501} if family == "distilbert" else SIZES
    return AutoConfig.for_model(family, **{**sizes, **own, **more})


@pytest.mark.parametrize("name", CONFIGS)
def test_formulas_say_what_the_network_has(name: str) -> None:
    config = config_of(name)
    for head, labels in (("none", 0), ("sequence", 3), ("token", 5), ("qa", 2), ("mlm", 0), ("pretraining", 2)):
        parts = counted_parts(config, head, labels)
        if parts is None:
            assert head == "pretraining"
            continue
        built = measured_parts(copy.deepcopy(config), head, labels)
        assert {part.name: (part.count, part.count) for part in parts} == built, head


@pytest.mark.parametrize("name", ["albert in groups", "deberta-v3", "modernbert", "xlm-roberta"])
@pytest.mark.parametrize(("frozen", "deepest"), [("embeddings", 0), ("2", 2), ("encoder", 3)])
def test_frozen_layers_are_left_out_as_freezing_leaves_them_out(name: str, frozen: str, deepest: int) -> None:
    head = "sequence" if name != "xlm-roberta" else "mlm"
    parts = counted_parts(config_of(name), head, 3) or []
    built = measured_parts(config_of(name), head, 3, frozen)
    assert {part.name: (part.count, part.trainable(deepest)) for part in parts} == built


def test_a_matrix_that_a_head_shares_with_the_embeddings_freezes_with_them() -> None:
    """XLM-R's head is declared before its encoder, and so names it first."""
    network = build_on(torch.device("meta"), config_of("xlm-roberta"), "mlm", 0)
    freeze(network, "embeddings")
    assert not network.get_input_embeddings().weight.requires_grad
    assert network.lm_head.dense.weight.requires_grad


BERT = {"vocab_size": 30522}
LARGE = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096}
MINILM = {**BERT, "hidden_size": 384, "num_hidden_layers": 6, "intermediate_size": 1536}
ALBERT = {
    "base": (768, 12, 12, 11_683_584),
    "large": (1024, 24, 16, 17_683_968),
    "xlarge": (2048, 24, 16, 58_724_864),
    "xxlarge": (4096, 12, 64, 222_595_584),
}


@pytest.mark.parametrize(
    ("settings", "heads"),
    [
        (BERT, (109_482_240, 109_483_778, 109_514_298, 110_106_428)),
        ({**BERT, **LARGE}, (335_141_888, 335_143_938, 335_174_458, 336_226_108)),
        ({"vocab_size": 21128}, (102_267_648,)),
        (MINILM, (22_713_216, 22_713_986)),
    ],
)
def test_published_counts_of_bert(settings: dict[str, int], heads: tuple[int, ...]) -> None:
    from transformers import BertConfig

    names = ("none", "sequence", "mlm", "pretraining")
    found = [sum(part.count for part in counted_parts(BertConfig(**settings), head, 2) or []) for head in names]
    assert tuple(found[: len(heads)]) == heads


@pytest.mark.parametrize("size", ALBERT)
def test_published_counts_of_albert(size: str) -> None:
    from transformers import AlbertConfig

    hidden, layers, heads, wanted = ALBERT[size]
    sizes = {"hidden_size": hidden, "num_hidden_layers": layers, "intermediate_size": 4 * hidden}
    config = AlbertConfig(vocab_size=30000, embedding_size=128, num_attention_heads=heads, **sizes)
    assert sum(part.count for part in counted_parts(config, "none", 0) or []) == wanted


def test_what_albert_saves_is_what_bert_has_more() -> None:
    """A BERT of the same sizes has nothing else that ALBERT has not."""
    albert, bert = (
        sum(part.count for part in counted_parts(config_of(name), "sequence", 2) or []) for name in ("albert", "bert")
    )
    assert sum(saving.parameters for saving in savings(config_of("albert"), "sequence", 2)) == bert - albert
    assert savings(config_of("bert"), "sequence", 2) == []


def test_a_formula_is_shown_in_symbols_and_in_numbers() -> None:
    part = CountedPart("attention", "4·H² + 4·H", {"H": 1000}, range(1, 7))
    assert (part.symbols, part.numbers) == ("6 × (4·H² + 4·H)", "6 × (4·1,000² + 4·1,000)")
    assert part.count == 6 * (4 * 1000**2 + 4 * 1000)


class MasksOfTorch(fast.DropoutMasks):
    """Takes its memory where it is seen; numpy's is not."""

    def keep(self, shape: Any, p: float) -> torch.Tensor:
        return torch.ones(tuple(shape), dtype=torch.uint8)


def bytes_kept(network: Any, texts: int, length: int, *, half: bool) -> int:
    """What torch's allocator has given out for a forward pass, and not got back at its end."""
    ids = torch.randint(5, 500, (texts, length))
    with (
        profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen,
        torch.autocast("cpu", torch.bfloat16) if half else nullcontext(),
        MasksOfTorch(fast.DropoutBits(0)),
    ):
        kept = network(input_ids=ids, attention_mask=torch.ones_like(ids))
    found = sum(one.nbytes() for one in seen.profiler.kineto_results.events() if one.name() == "[memory]")  # type: ignore[union-attr]
    del kept
    return int(found)


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize(
    ("name", "head"), [("bert", "sequence"), ("electra", "token"), ("distilbert", "qa"), ("roberta", "token")]
)
def test_the_fast_path_keeps_the_bytes_that_are_foretold(name: str, head: str, half: bool) -> None:
    config = config_of(name)
    network = build_on(nullcontext(), config, head, 2).train()
    with fast.kept():
        fast.switch(True)
        fast.speed_up(network, torch.device("cpu"))
        real = bytes_kept(network, 16, 48, half=half)
    told = fast_memory(config, head, parameters=0, trainable=0, texts=16, length=48, half=half)
    assert told is not None
    assert told.activations + told.copies == pytest.approx(real, rel=0.01)


@pytest.mark.parametrize("frozen", ["embeddings", "2", "encoder"])
def test_frozen_layers_of_the_fast_path_keep_nothing(frozen: str) -> None:
    config = config_of("bert")
    network = build_on(nullcontext(), config, "token", 2).train()
    freeze(network, frozen)
    with fast.kept():
        fast.switch(True)
        fast.speed_up(network, torch.device("cpu"))
        real = bytes_kept(network, 16, 48, half=False)
    deepest = {"embeddings": 0, "2": 2, "encoder": 3}[frozen]
    sizes: dict[str, Any] = {"texts": 16, "length": 48, "half": False, "deepest": deepest}
    told = fast_memory(config, "token", parameters=0, trainable=0, **sizes)
    assert told is not None
    few = 10_000  # the logits, and some ids
    assert told.activations + told.copies == pytest.approx(real, abs=few)


@pytest.mark.parametrize("name", ["bert", "deberta-v3", "modernbert"])
def test_layers_of_transformers_keep_the_bytes_that_were_measured_on_fakes(name: str) -> None:
    network = build_on(nullcontext(), config_of(name), "token", 2).train()
    sizes: dict[str, Any] = {"texts": 16, "length": 48, "half": False}
    told = measured_memory(config_of(name), "token", 2, **sizes, drawn=True)
    assert told.activations + told.copies == pytest.approx(bytes_kept(network, 16, 48, half=False), rel=0.01)


@pytest.mark.parametrize("name", ["bert", "distilbert", "albert in groups", "electra"])
def test_operations_are_those_that_torch_counts(name: str) -> None:
    for head, labels in (("sequence", 3), ("mlm", 0)):
        told = operations(config_of(name), head, labels, 40)
        assert told == measured_operations(config_of(name), head, labels, 40), head


def test_operations_of_relative_attention_are_more_than_those_of_bert() -> None:
    relative, bert = (measured_operations(config_of(name), "token", 3, 40) for name in ("deberta-v3", "bert"))
    assert relative > bert
