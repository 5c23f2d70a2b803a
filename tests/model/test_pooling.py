"""The layer whose first token is the mean of the tokens before it. The oracle is transformers' own hidden states."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import build_backbone, texts
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, layer_norm
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

from bertft.errors import UsageError
from bertft.fast.encoder import FastForward, use_fast_layers
from bertft.model.backbone import embedded_backbone, find_backbone
from bertft.model.layers import count_parameters, freeze, layer_of_parameters
from bertft.model.losses import on_logits, sequence_loss
from bertft.model.network import Head
from bertft.model.pooling import (
    FAMILIES,
    MEAN_SHARE,
    append_mean_layer,
    check_pool,
    pooler_of,
    reads_mean,
    set_pooler,
    trained_pooling,
)

Folder = Callable[[str], Path]


@pytest.fixture(scope="module")
def folder_of(backbones: Folder, tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Those of the families that the other tests have no use for are built here."""
    made: dict[str, Path] = {}

    def find(family: str) -> Path:
        if family in ("bert", "roberta", "xlm-roberta"):
            return backbones(family)
        if family not in made:
            made[family] = kin(family, backbones, tmp_path_factory.mktemp(family))
        return made[family]

    return find


def kin(family: str, backbones: Folder, folder: Path) -> Path:
    """ERNIE is BERT, and CamemBERT RoBERTa, but for a name and a task."""
    from transformers import AutoConfig

    of = {"ernie": "bert", "camembert": "roberta"}[family]
    sizes = json.loads((backbones(of) / "config.json").read_text())
    kept = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
    config = AutoConfig.for_model(
        family, **{key: sizes[key] for key in (*kept, "max_position_embeddings", "pad_token_id")}
    )
    torch.manual_seed(1)
    AutoModel.from_config(config).save_pretrained(folder)
    return folder


def build(folder: Path, labels: int = 3) -> Any:
    """No bias and no scale is as it was born."""
    torch.manual_seed(0)
    network = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32, num_labels=labels)
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.LayerNorm):
            nn.init.normal_(module.bias, std=0.3)
        if isinstance(module, nn.LayerNorm):
            nn.init.normal_(module.weight, mean=1.0, std=0.3)
    return network.eval()


def padded_batch() -> dict[str, Tensor]:
    ids = torch.randint(6, 60, (6, 11), generator=torch.Generator().manual_seed(1))
    mask = torch.ones_like(ids)
    for row, length in enumerate((11, 4, 9, 1, 7, 2)):
        mask[row, length:] = 0
        ids[row, length:] = 1
    return {"input_ids": ids, "attention_mask": mask}


def mean_by_hand(network: Any, inputs: dict[str, Tensor]) -> Tensor:
    """(B, H) from the hidden states of the network as transformers computes it, before it grows."""
    with torch.no_grad():
        hidden = network.base_model(**inputs).last_hidden_state  # (B, T, H)
    mask = inputs["attention_mask"][..., None]
    mean = (hidden * mask).sum(1) / mask.sum(1)
    return layer_norm(mean + hidden[:, 0] / MEAN_SHARE, mean.shape[-1:], eps=network.config.layer_norm_eps)


@pytest.mark.parametrize("fast", [False, True], ids=["plain", "fast"])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_first_token_of_the_new_layer_is_the_mean_of_the_tokens(folder_of: Folder, family: str, fast: bool) -> None:
    network, inputs = build(folder_of(family)), padded_batch()
    wanted = mean_by_hand(network, inputs)
    append_mean_layer(network)
    if fast:
        assert use_fast_layers(network)
        assert isinstance(network.base_model.encoder, FastForward)
    with torch.no_grad():
        found = network.base_model(**inputs).last_hidden_state[:, 0]
    assert torch.allclose(found, wanted, atol=2e-4)
    assert float(wanted.std(0).mean()) > 0.1  # or it would show little


@pytest.mark.parametrize("fast", [False, True], ids=["plain", "fast"])
def test_neither_padding_nor_company_changes_the_mean(folder_of: Folder, fast: bool) -> None:
    network = build(folder_of("bert"))
    append_mean_layer(network)
    if fast:
        use_fast_layers(network)
    inputs = padded_batch()
    with torch.no_grad():
        together = network(**inputs).logits
        for row, length in enumerate(inputs["attention_mask"].sum(1).tolist()):
            alone = network(input_ids=inputs["input_ids"][row : row + 1, :length]).logits[0]
            assert torch.allclose(alone, together[row], atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_network_grows_by_exactly_one_layer(folder_of: Folder, family: str) -> None:
    network = build(folder_of(family))
    before, names = count_parameters(network)[0], set(network.state_dict())
    layer = sum(weight.numel() for weight in network.base_model.encoder.layer[-1].parameters())
    below = {name: weight.clone() for name, weight in network.state_dict().items()}
    append_mean_layer(network)
    assert count_parameters(network)[0] == before + layer
    assert network.config.num_hidden_layers == 3
    assert all(".encoder.layer.2." in name for name in set(network.state_dict()) - names)
    assert all(torch.equal(network.state_dict()[name], weight) for name, weight in below.items())
    assert {layer_of_parameters(network)[name] for name, _ in network.named_parameters()} == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("family", FAMILIES)
def test_it_opens_in_transformers_with_the_same_answers(folder_of: Folder, tmp_path: Path, family: str) -> None:
    network, inputs = build(folder_of(family)), padded_batch()
    append_mean_layer(network)
    network.save_pretrained(tmp_path)
    opened, report = AutoModelForSequenceClassification.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(report.values())
    with torch.no_grad():
        assert torch.equal(opened.eval()(**inputs).logits, network(**inputs).logits)


def test_every_weight_of_the_new_layer_can_learn(folder_of: Folder) -> None:
    """But for those that a softmax without a preference leaves out at first, and the silent feed-forward part's lower half."""
    network = build(folder_of("bert"))
    append_mean_layer(network)
    network(**padded_batch()).logits.square().sum().backward()
    parts = dict(network.base_model.encoder.layer[-1].named_parameters())
    without = {name for name, weight in parts.items() if not (weight.grad is not None and weight.grad.abs().sum() > 0)}
    assert without <= {
        *(f"attention.self.key.{kind}" for kind in ("weight", "bias")),
        *(f"intermediate.dense.{kind}" for kind in ("weight", "bias")),
    }


def test_a_frozen_encoder_freezes_the_new_layer_too(folder_of: Folder) -> None:
    network = build(folder_of("bert"))
    append_mean_layer(network)
    freeze(network, "encoder")
    trainable = {name for name, weight in network.named_parameters() if weight.requires_grad}
    assert trainable == {
        f"{part}.{kind}" for part in ("bert.pooler.dense", "classifier") for kind in ("weight", "bias")
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_the_pooler_is_what_stands_below_the_classifiers_tanh(folder_of: Folder, family: str) -> None:
    """Whatever its name: in through it, tanh and the last layer, out come the logits."""
    network, inputs = build(folder_of(family)), padded_batch()
    pooler = pooler_of(network)
    assert pooler is not None
    last = getattr(network.classifier, "out_proj", network.classifier)
    with torch.no_grad():
        first = network.base_model(**inputs).last_hidden_state[:, 0]
        assert torch.allclose(last(torch.tanh(pooler(first))), network(**inputs).logits, atol=1e-5)


@pytest.mark.parametrize("family", ["distilbert", "electra", "deberta-v2", "mpnet", "modernbert"])
def test_other_families_have_no_such_pooler(backbones: Folder, family: str) -> None:
    network = build_plain(backbones(family))
    pooler = pooler_of(network)
    assert pooler is None


def build_plain(folder: Path) -> Any:
    return AutoModelForSequenceClassification.from_pretrained(folder, num_labels=3).eval()


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_a_straightened_pooler_passes_on_what_it_reads(folder_of: Folder, family: str) -> None:
    """But for its centre, a scale, and the little that tanh bends."""
    network, inputs = build(folder_of(family)), padded_batch()
    append_mean_layer(network)
    pooler = pooler_of(network)
    assert pooler is not None
    with torch.no_grad():
        first = network.base_model(**inputs).last_hidden_state[:, 0]
        set_pooler(pooler, first)
        passed = torch.tanh(pooler(first))
    centred = first - first.mean(0)
    assert float(passed.mean(0).abs().max()) < 0.15
    assert float(passed.std()) == pytest.approx(0.3, abs=0.05)
    assert float(cosine_similarity(passed, centred).min()) > 0.95


def test_one_text_for_all_leaves_a_pooler_of_finite_weights() -> None:
    pooler = nn.Linear(4, 4)
    set_pooler(pooler, torch.ones(5, 4))
    assert all(torch.isfinite(weight).all() for weight in pooler.parameters())
    assert torch.equal(pooler(torch.ones(5, 4)), torch.zeros(5, 4))


@pytest.mark.parametrize("rows", [1, 5])
def test_what_differs_by_rounding_alone_is_not_blown_up(rows: int) -> None:
    pooler, first = nn.Linear(64, 64), torch.randn(64, generator=torch.Generator().manual_seed(0))
    apart = 1 + 1e-3 * torch.randn(rows, 64, generator=torch.Generator().manual_seed(1))  # as of bf16
    set_pooler(pooler, first * apart)
    with torch.no_grad():
        assert float(torch.tanh(pooler(first * apart)).abs().max()) < 0.2
        assert float(torch.tanh(pooler(first * 1.01)).abs().max()) < 0.9


def pooling_file(folder: Path, content: str | bytes, name: str = "1_Pooling") -> str:
    listed = [{"type": "sentence_transformers.models.Transformer", "path": ""}, {"type": "Pooling", "path": name}]
    (folder / "modules.json").write_text(json.dumps(listed))
    (folder / name).mkdir()
    file = folder / name / "config.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(folder)


@pytest.mark.parametrize(
    ("content", "pooling"),
    [
        ('{"pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true}', "mean"),
        ('{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}', "cls"),
        ('{"pooling_mode_max_tokens": true}', None),
        ('{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true}', None),  # both, joined
        ('{"embedding_dimension": 384, "pooling_mode": "mean", "include_prompt": true}', "mean"),  # since 5.7
        ('{"pooling_mode": "cls"}', "cls"),
        ('{"pooling_mode": ["mean"]}', "mean"),
        ('{"pooling_mode": ["cls", "mean"]}', None),
        ('{"pooling_mode": "lasttoken", "pooling_mode_mean_tokens": true}', None),
        ('{"pooling_mode": {"mean": true}}', None),
        ("{}", None),
        ("", None),
        ('{"pooling_mode_mean_tokens": tr', None),
        ("[1, 2]", None),
        ("null", None),
        ("[" * 100_000, None),
        (b"\xff\xfe\x00", None),
    ],
    ids=[
        "mean",
        "cls",
        "max",
        "old both",
        "new mean",
        "new cls",
        "new list",
        "new both",
        "new before old",
        "new dict",
        "{}",
        "empty",
        "torn",
        "list",
        "null",
        "deep",
        "no text",
    ],
)
def test_a_sentence_encoder_says_how_it_is_read(tmp_path: Path, content: str | bytes, pooling: str | None) -> None:
    assert trained_pooling(pooling_file(tmp_path, content)) == pooling


def test_its_files_lie_where_modules_json_says(tmp_path: Path) -> None:
    """As for `embed`; a folder of that name alone says nothing."""
    pooling_file(tmp_path, '{"pooling_mode": "mean"}')
    pooling_file(tmp_path, '{"pooling_mode": "cls"}', "pooled")
    assert trained_pooling(str(tmp_path)) == "cls"
    (tmp_path / "modules.json").write_text("{")
    assert trained_pooling(str(tmp_path)) is None
    (tmp_path / "modules.json").unlink()
    assert trained_pooling(str(tmp_path)) is None


def test_a_backbone_that_is_no_sentence_encoder_says_nothing(tiny: str, tmp_path: Path) -> None:
    assert trained_pooling(tiny) is None
    (tmp_path / "modules.json").mkdir()
    assert trained_pooling(str(tmp_path)) is None
    assert trained_pooling(str(tmp_path / "absent")) is None


@pytest.mark.parametrize(("family", "reads"), [("bert", True), ("distilbert", False)])
def test_the_mean_is_read_in_families_that_a_layer_can_be_added_to(tmp_path: Path, family: str, reads: bool) -> None:
    build_backbone(family, tmp_path / "backbone")
    pooling_file(tmp_path / "backbone", '{"pooling_mode_mean_tokens": true}')
    assert reads_mean(find_backbone(str(tmp_path / "backbone"))) is reads


def test_the_embedded_backbone_is_read_by_its_mean_as_sentence_transformers_reads_it() -> None:
    backbone = embedded_backbone()
    assert reads_mean(backbone)
    network = AutoModelForSequenceClassification.from_pretrained(backbone.path, num_labels=2).eval()
    tokenizer = AutoTokenizer.from_pretrained(backbone.path)
    inputs = tokenizer([*texts(8), "How do I get my money back?"], padding=True, return_tensors="pt")
    with torch.no_grad():
        hidden = network.base_model(**inputs).last_hidden_state
        mask = inputs["attention_mask"][..., None]
        mean = (hidden * mask).sum(1) / mask.sum(1)
        append_mean_layer(network)
        first = network.base_model(**inputs).last_hidden_state[:, 0]
    assert float(cosine_similarity(first, mean).min()) > 0.99
    between = [cosine_similarity(one[:, None], one[None], dim=-1).numpy() for one in (first, mean)]
    assert np.abs(between[0] - between[1]).max() < 0.02


def test_the_network_that_grew_shares_nothing_with_the_layer_it_was_copied_from(folder_of: Folder) -> None:
    network = build(folder_of("bert"))
    last = copy.deepcopy(network.base_model.encoder.layer[-1].state_dict())
    append_mean_layer(network)
    with torch.no_grad():
        for weight in network.base_model.encoder.layer[-1].parameters():
            weight.add_(1.0)
    assert all(
        torch.equal(weight, last[name]) for name, weight in network.base_model.encoder.layer[-2].state_dict().items()
    )


def with_labels(folder: Path, target: Path, labels: Sequence[str]) -> str:
    """The backbone as a checkpoint that was fine-tuned for those labels."""
    network = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=len(labels))
    network.config.id2label = dict(enumerate(labels))
    network.save_pretrained(target)
    return str(target)


def head_of(kind: str = "text-classification", labels: tuple[str, ...] = ("no", "yes")) -> Head:
    problem = "single-label" if kind == "text-classification" else None
    return Head(kind, problem, labels, on_logits(sequence_loss("single-label", weights=None, smoothing=0)))


def test_a_classifier_that_was_fine_tuned_is_read_as_it_was_then(tiny: str, tmp_path: Path) -> None:
    folder = with_labels(Path(tiny), tmp_path, ("no", "yes"))
    pooling_file(tmp_path, '{"pooling_mode_mean_tokens": true}')
    assert not reads_mean(find_backbone(folder))
    with pytest.raises(UsageError, match="--pool mean: the checkpoint was fine-tuned for these labels"):
        check_pool(find_backbone(folder), "mean", head_of().kind, head_of().label_names)
    check_pool(find_backbone(folder), "mean", head_of().kind, ("a", "b", "c"))


@pytest.mark.parametrize("kind", ["token-classification", "question-answering"])
def test_the_mean_is_refused_where_every_token_is_read(tiny: str, kind: str) -> None:
    with pytest.raises(UsageError, match=f"--pool mean is for text-classification; this task is {kind}"):
        check_pool(find_backbone(tiny), "mean", kind)


@pytest.mark.parametrize("family", ["distilbert", "albert", "mpnet"])
def test_the_mean_is_refused_in_families_that_no_layer_can_be_added_to(backbones: Folder, family: str) -> None:
    with pytest.raises(UsageError, match=rf"which works for bert, .* is {family}\. Leave it out, or pass --pool cls"):
        check_pool(find_backbone(str(backbones(family))), "mean", head_of().kind)
