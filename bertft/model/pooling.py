"""What a sentence classifier reads of a text: its first token, or the mean of its tokens.

transformers' classifiers read the first token. The meaning that a sentence encoder was trained for stands in the mean of all
tokens, or, in some, at the first. So with `mean` the encoder grows by one layer whose first token attends to all tokens alike
and passes their values on: its output there is the (normalised) mean. The run is an ordinary model of its family with one layer
more, and opens in transformers with the same answers.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn

from bertft.errors import CheckpointError, UsageError
from bertft.kinds import kinds_with, takes
from bertft.model.backbone import Backbone
from bertft.model.parts import Parts, parts_of
from bertft.model.sentence_files import sentence_files

FAMILIES = ("bert", "ernie", "roberta", "xlm-roberta", "camembert")
"""Whose classifiers read the first token through a linear layer and a tanh."""

CHOICES = {
    "modernbert": {"cls": "cls", "mean": "mean"},
    "eurobert": {"cls": "bos", "mean": "mean", "late": "late"},
}
"""Families whose classifiers read what `classifier_pooling` of their config says -> our names and theirs. `late`: each token is
classified by itself, and the mean of their logits is the text's."""

MEAN_SHARE = 30.0
"""How much larger the mean is than what the first token brings along, before both are normalised."""

_DISTANCE = 0.3
"""Standard deviation of what goes into a pooler's tanh, which is straight there."""

_ROUNDING = 0.01
"""Standard deviation of normalised outputs below which they are all the same, but for rounding."""


def trained_pooling(path: str) -> str | None:
    """How a sentence encoder was trained to be read, as its sentence-transformers files say; None for any other backbone."""
    try:
        files = sentence_files(path)
    except (CheckpointError, OSError, ValueError):
        return None
    return files.pool if files is not None and files.pool in ("mean", "cls") else None


def reads_mean(backbone: Backbone) -> bool:
    """Whether a backbone is a sentence encoder whose meaning is in the mean, of a family that a layer can be added to. One that
    was fine-tuned for labels is read as it was then."""
    fresh = backbone.config.model_type in FAMILIES and not backbone.label_names
    return fresh and trained_pooling(backbone.path) == "mean"


def reads_frozen_mean(backbone: Backbone) -> bool:
    """Whether a head on a frozen backbone reads the mean of the tokens: unless a sentence encoder was trained to be read at the
    first one, which in a backbone that was never fine-tuned says little (Reimers & Gurevych 2019, arXiv 1908.10084, table 1)."""
    return trained_pooling(backbone.path) != "cls"


def own_pooling(config: Any) -> str | None:
    """What the classifier reads as the config says it; None in families that have no choice."""
    theirs = getattr(config, "classifier_pooling", None)
    return next((ours for ours, name in CHOICES.get(config.model_type, {}).items() if name == theirs), None)


def usual_pooling(backbone: Backbone) -> str | None:
    """What a classifier on a backbone with a choice reads unless somebody says otherwise: what a sentence encoder was trained to
    be read by, or what the config says."""
    trained = None if backbone.label_names or backbone.is_new else trained_pooling(backbone.path)
    choices = CHOICES.get(backbone.config.model_type, {})
    return trained if trained in choices else own_pooling(backbone.config)


def check_pool(backbone: Backbone, pool: str, kind: str, labels: tuple[str, ...] = ()) -> None:
    """UsageError where a head of that kind for these labels, where they are known already, cannot read this backbone so."""
    family = backbone.config.model_type
    if not takes("pool", kind):
        _check_without_effect(pool, kind)
        return
    if family in CHOICES:
        _check_choice(backbone, pool)
    elif pool == "late":
        raise UsageError(f"--pool late is for eurobert; {backbone.name} is {family}. Leave it out, or pass --pool cls.")
    elif pool == "mean" and family not in FAMILIES:
        raise UsageError(
            f"--pool mean adds a layer to the backbone, which works for {', '.join(FAMILIES)}, or is a setting of "
            f"{' and '.join(CHOICES)}; {backbone.name} is {family}. Leave it out, or pass --pool cls."
        )
    changes = pool != own_pooling(backbone.config) if family in CHOICES else pool == "mean"
    if changes and labels and backbone.label_names == labels:
        raise UsageError(
            f"--pool {pool}: the checkpoint was fine-tuned for these labels, and its head reads what it was trained on. "
            "Leave out --pool."
        )


def _check_without_effect(pool: str, kind: str) -> None:
    if pool != "cls":  # the plan of every run has that
        raise UsageError(f"--pool {pool} is for {' and '.join(kinds_with('pool'))}; this task is {kind}. Leave it out.")


def _check_choice(backbone: Backbone, pool: str) -> None:
    family = backbone.config.model_type
    if pool not in CHOICES[family]:
        known = " or ".join(CHOICES[family])
        raise UsageError(f"--pool {pool}: {backbone.name} is {family}, which has {known}. Choose one, or leave it out.")


def choose_pooling(config: Any, pool: str | None) -> None:
    """Put into a config what its classifier shall read, where its family has a choice."""
    if pool is not None and config.model_type in CHOICES:
        config.classifier_pooling = CHOICES[config.model_type][pool]


def gets_mean_layer(config: Any, pool: str | None) -> bool:
    """Whether the mean is read by a layer more."""
    return pool == "mean" and config.model_type not in CHOICES


def read_of_text(config: Any, read: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """What a classifier reads of each text: with late pooling the mean (B, H) of its tokens (B, T, H), as its logits are the mean
    of theirs. mask (B, T). Anything else as it is."""
    if read.dim() < 3 or config.problem_type is None or own_pooling(config) != "late":
        return read
    weights = mask[..., None].to(read.dtype)
    return (read * weights).sum(1) / weights.sum(1)


def append_mean_layer(network: Any) -> None:
    """Give the encoder a layer more, whose first token is the normalised mean of the tokens before it. `network` is one of
    transformers', of one of the FAMILIES."""
    layers, config = _layers(network), network.config
    layers.append(copy.deepcopy(layers[-1]))
    config.num_hidden_layers += 1
    parts = _last_parts(network)
    assert parts is not None
    with torch.no_grad():
        _read_all_alike(parts)
        for norm in (parts.attention_norm, parts.output_norm):
            norm.weight.fill_(1.0)
            norm.bias.zero_()
        for silent in (parts.down.weight, parts.down.bias):  # the residual passes the feed-forward part by
            silent.zero_()


def _read_all_alike(parts: Parts) -> None:
    """Attention without a preference; values as they are, and much larger than the residual."""
    identity = torch.eye(parts.value.out_features)
    parts.query.weight.zero_()
    parts.value.weight.copy_(identity)
    parts.out.weight.copy_(identity * MEAN_SHARE)
    for linear in (parts.query, parts.key, parts.value, parts.out):
        linear.bias.zero_()


def _layers(network: Any) -> Any:
    base = network.base_model
    encoder = getattr(base, "encoder", None) or getattr(base, "transformer", None)
    return getattr(encoder, "layer", None)


def _last_parts(network: Any) -> Parts | None:
    return parts_of(_layers(network)[-1], network.config.model_type)


def pooler_of(network: Any) -> nn.Linear | None:
    """The linear layer between the first token and the classifier's tanh: BERT's pooler, the first half of RoBERTa's head.
    None in families that have none, or another function behind it."""
    base, kind = network.base_model, network.config.model_type
    pooler = getattr(getattr(base, "pooler", None), "dense", None)
    if pooler is None and kind in FAMILIES:
        pooler = getattr(getattr(network, "classifier", None), "dense", None)
    return pooler if isinstance(pooler, nn.Linear) and pooler.in_features == pooler.out_features else None


def set_pooler(pooler: nn.Linear, first: torch.Tensor) -> None:
    """Let the pooler pass on what stands at the first token, `first` (N, H) of some texts: centred, and small enough for its
    tanh to change it little."""
    centre = first.mean(0)
    scale = _DISTANCE / float((first - centre).std().clamp(min=_ROUNDING))
    with torch.no_grad():
        pooler.weight.copy_(torch.eye(pooler.in_features) * scale)
        pooler.bias.copy_(-centre * scale)
