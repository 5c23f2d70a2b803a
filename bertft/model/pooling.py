"""What a sentence classifier reads of a text: its first token, or the mean of its tokens.

transformers' classifiers read the first token. The meaning that a sentence encoder was trained for stands in the mean of all
tokens, or, in some, at the first. So with `mean` the encoder grows by one layer whose first token attends to all tokens alike
and passes their values on: its output there is the (normalised) mean. The run is an ordinary model of its family with one layer
more, and opens in transformers with the same answers.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import torch
from torch import nn

from bertft.errors import UsageError
from bertft.kinds import kinds_with, takes
from bertft.model.backbone import Backbone
from bertft.model.parts import Parts, parts_of

FAMILIES = ("bert", "ernie", "roberta", "xlm-roberta", "camembert")
"""Whose classifiers read the first token through a linear layer and a tanh."""

MEAN_SHARE = 30.0
"""How much larger the mean is than what the first token brings along, before both are normalised."""

OLD_MODES = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
"""What sentence-transformers wrote before it wrote `pooling_mode`; several together are joined."""

_DISTANCE = 0.3
"""Standard deviation of what goes into a pooler's tanh, which is straight there."""

_ROUNDING = 0.01
"""Standard deviation of normalised outputs below which they are all the same, but for rounding."""


def trained_pooling(path: str) -> str | None:
    """How a sentence encoder was trained to be read, as its sentence-transformers files say; None for any other backbone."""
    from transformers.utils.hub import cached_file

    try:
        found = cached_file(path, "1_Pooling/config.json", _raise_exceptions_for_missing_entries=False)
        told = json.loads(Path(found).read_text(encoding="utf-8")) if found else {}
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    modes = told.get("pooling_mode") or [mode for key, mode in OLD_MODES.items() if told.get(key)]
    return next((mode for mode in ("mean", "cls") if modes in (mode, [mode])), None)


def reads_mean(backbone: Backbone) -> bool:
    """Whether a backbone is a sentence encoder whose meaning is in the mean, of a family that a layer can be added to. One that
    was fine-tuned for labels is read as it was then."""
    fresh = backbone.config.model_type in FAMILIES and not backbone.label_names
    return fresh and trained_pooling(backbone.path) == "mean"


def reads_frozen_mean(backbone: Backbone) -> bool:
    """Whether a head on a frozen backbone reads the mean of the tokens: unless a sentence encoder was trained to be read at the
    first one, which in a backbone that was never fine-tuned says little (Reimers & Gurevych 2019, arXiv 1908.10084, table 1)."""
    return trained_pooling(backbone.path) != "cls"


def check_mean(backbone: Backbone, kind: str, labels: tuple[str, ...] = ()) -> None:
    """UsageError where no mean layer can stand between this backbone and a head of that kind for these labels, where they are
    known already."""
    family = backbone.config.model_type
    if not takes("pool", kind):
        raise UsageError(f"--pool mean is for {' and '.join(kinds_with('pool'))}; this task is {kind}. Leave it out.")
    if family not in FAMILIES:
        raise UsageError(
            f"--pool mean adds a layer to the backbone, which works for {', '.join(FAMILIES)}; {backbone.name} is {family}. "
            f"Leave it out, or pass --pool cls."
        )
    if labels and backbone.label_names == labels:
        raise UsageError(
            "--pool mean: the checkpoint was fine-tuned for these labels, and its head reads what it was trained on. "
            "Leave out --pool."
        )


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
