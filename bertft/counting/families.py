"""The parts of the families whose formulas are known, by their `model_type`. Configs are transformers'.

BERT: Devlin et al. 2018 (arXiv 1810.04805). ALBERT factorises the embeddings and shares its layers: Lan et al. 2019 (1909.11942).
DeBERTa attends to relative positions: He et al. 2020 (2006.03654). ModernBERT: Warner et al. 2024 (2412.13663).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from bertft.counting.part import CountedPart

HEADS = {
    "none": "AutoModel",
    "sequence": "AutoModelForSequenceClassification",
    "token": "AutoModelForTokenClassification",
    "qa": "AutoModelForQuestionAnswering",
    "mlm": "AutoModelForMaskedLM",
    "pretraining": "AutoModelForPreTraining",
}
"""Name of a head -> transformers' class that has it."""

Found = Iterator[tuple[str, str, range]]
"""Names of parts, their formulas, their layers."""

NORM = "2·H"


def counted_parts(config: Any, head: str, labels: int) -> list[CountedPart] | None:
    """The parts of a network of this config with this head, for so many labels. None where no formula is known."""
    family, depth = FAMILIES.get(config.model_type), depth_of(config)
    formula = HEAD_FORMULAS.get(config.model_type, {}).get(head)
    if family is None or formula is None:
        return None
    values, above = values_of(config, labels), range(depth + 1, depth + 2)
    parts = [*family(config, head, depth), *([("head", formula(config), above)] if formula(config) else [])]
    return [CountedPart(name, words, values, layers) for name, words, layers in parts if words]


def depth_of(config: Any) -> int:
    """Layers that have weights of their own."""
    return int(config.num_hidden_groups if config.model_type == "albert" else config.num_hidden_layers)


def values_of(config: Any, labels: int) -> dict[str, int]:
    """The symbols of the formulas."""
    hidden = int(config.hidden_size)
    relative = getattr(config, "max_relative_positions", 0) or 0
    relative = relative if relative > 0 else getattr(config, "max_position_embeddings", 0)
    buckets = getattr(config, "position_buckets", 0) or 0
    return {
        "V": int(config.vocab_size),
        "P": int(getattr(config, "max_position_embeddings", 0) or 0),
        "S": int(getattr(config, "type_vocab_size", 0) or 0),
        "H": hidden,
        "E": int(getattr(config, "embedding_size", hidden) or hidden),
        "I": int(config.hidden_dim if config.model_type == "distilbert" else config.intermediate_size),
        "K": labels,
        "R": int(buckets if buckets > 0 else relative),
        "C": int(getattr(config, "conv_kernel_size", 0) or 0),
    }


def _embeddings(config: Any, size: str = "H", *, positions: bool = True) -> Found:
    bottom = range(1)
    yield "token embeddings", f"V·{size}", bottom
    yield "position embeddings", f"P·{size}" if positions else "", bottom
    yield "segment embeddings", f"S·{size}" if getattr(config, "type_vocab_size", 0) else "", bottom
    yield "LayerNorm of the embeddings", f"2·{size}", bottom


def _layers(layers: range, *, attention: str = "4·H² + 4·H", each: str = "") -> Found:
    """`each`: how often a layer holds all of it."""
    yield "attention", _times(each, attention), layers
    yield "feed-forward", _times(each, "2·H·I + I + H"), layers
    yield "LayerNorms of the layers", _times(each, "4·H"), layers


def _times(factor: str, formula: str) -> str:
    return " + ".join(f"{factor}·{term}" for term in formula.split(" + ")) if factor else formula


def _bert(config: Any, head: str, depth: int) -> Found:
    yield from _embeddings(config)
    yield from _layers(range(1, depth + 1))
    if head in ("none", "sequence", "pretraining"):
        yield "pooler", "H² + H", range(depth + 1, depth + 2)


def _roberta(config: Any, head: str, depth: int) -> Found:
    """Its classifier reads the first token itself."""
    yield from _embeddings(config)
    yield from _layers(range(1, depth + 1))
    if head == "none":
        yield "pooler", "H² + H", range(depth + 1, depth + 2)


def _distilbert(config: Any, head: str, depth: int) -> Found:
    yield from _embeddings(config)
    yield from _layers(range(1, depth + 1))


def _albert(config: Any, head: str, depth: int) -> Found:
    yield from _embeddings(config, "E")
    yield "projection of the embeddings", "E·H + H", range(1)
    each = int(config.inner_group_num)
    yield from _layers(range(1, depth + 1), each="" if each == 1 else str(each))
    if head in ("none", "sequence", "pretraining"):
        yield "pooler", "H² + H", range(depth + 1, depth + 2)


def _electra(config: Any, head: str, depth: int) -> Found:
    yield from _embeddings(config, "E")
    yield "projection of the embeddings", "E·H + H" if config.embedding_size != config.hidden_size else "", range(1)
    yield from _layers(range(1, depth + 1))


def _deberta(config: Any, head: str, depth: int) -> Found:
    """One matrix for query, key and value, with two biases; positions have projections of their own."""
    kinds = (config.pos_att_type or ()) if config.relative_attention else ()
    attention = "4·H² + 3·H" + " + H²" * ("c2p" in kinds) + " + H² + H" * ("p2c" in kinds)
    yield from _embeddings(config, positions=config.position_biased_input)
    yield "relative positions", "2·R·H" if config.relative_attention else "", range(1)
    yield from _layers(range(1, depth + 1), attention=attention)
    if head == "sequence":
        yield "pooler", "H² + H", range(depth + 1, depth + 2)


def _deberta_v2(config: Any, head: str, depth: int) -> Found:
    """In v3 positions share the projections of the tokens."""
    own = config.relative_attention and not getattr(config, "share_att_key", False)
    kinds = (config.pos_att_type or ()) if own else ()
    norm = " + 2·H" if "layer_norm" in (getattr(config, "norm_rel_ebd", None) or "none").lower() else ""
    relative = ("2·R·H" if config.relative_attention else "") + norm
    yield from _embeddings(config, positions=config.position_biased_input)
    yield "relative positions", relative.removeprefix(" + "), range(1)
    yield "convolution", "C·H² + 3·H" if (getattr(config, "conv_kernel_size", 0) or 0) > 0 else "", range(1)
    own_parts = " + H² + H" * (("c2p" in kinds) + ("p2c" in kinds))
    yield from _layers(range(1, depth + 1), attention="4·H² + 4·H" + own_parts)
    if head == "sequence":
        yield "pooler", "H² + H", range(depth + 1, depth + 2)


def _modernbert(config: Any, head: str, depth: int) -> Found:
    """No positions, no segments; a gated feed-forward part; the first layer has no LayerNorm before its attention."""
    norm, layers = _modern_norm(config), range(1, depth + 1)
    yield "token embeddings", "V·H", range(1)
    yield "LayerNorm of the embeddings", norm, range(1)
    yield "attention", "4·H² + 4·H" if config.attention_bias else "4·H²", layers
    yield "feed-forward", "3·H·I + 2·I + H" if config.mlp_bias else "3·H·I", layers
    yield "LayerNorms before attention", norm if depth > 1 else "", range(2, depth + 1)
    yield "LayerNorms before feed-forward", norm, layers
    yield "last LayerNorm", norm, range(depth, depth + 1)


def _modern_norm(config: Any) -> str:
    return NORM if config.norm_bias else "H"


FAMILIES: dict[str, Callable[[Any, str, int], Found]] = {
    "bert": _bert,
    "roberta": _roberta,
    "xlm-roberta": _roberta,
    "camembert": _roberta,
    "distilbert": _distilbert,
    "albert": _albert,
    "electra": _electra,
    "deberta": _deberta,
    "deberta-v2": _deberta_v2,
    "modernbert": _modernbert,
}


def _plain(config: Any) -> str:
    return "K·H + K"


def _none(config: Any) -> str:
    return ""


def _with_layer(config: Any) -> str:
    return "H² + H + K·H + K"


def _masks(config: Any) -> str:
    """The token embeddings are its last matrix."""
    return "H² + 3·H + V"


def _factorised_masks(config: Any) -> str:
    return "H·E + 3·E + V"


def _modern_head(config: Any) -> str:
    return " + ".join(filter(None, ["H²", "H" if config.classifier_bias else "", _modern_norm(config)]))


_TASKS = {"none": _none, "sequence": _plain, "token": _plain, "qa": _plain}
_MODERN = dict.fromkeys(("sequence", "token", "qa"), lambda config: f"{_modern_head(config)} + K·H + K")

HEAD_FORMULAS: dict[str, dict[str, Callable[[Any], str]]] = {
    "bert": {**_TASKS, "mlm": _masks, "pretraining": lambda _: "H² + 3·H + V + 2·H + 2"},
    **{name: {**_TASKS, "sequence": _with_layer, "mlm": _masks} for name in ("roberta", "xlm-roberta", "camembert")},
    "distilbert": {**_TASKS, "sequence": _with_layer, "mlm": _masks},
    "albert": {**_TASKS, "mlm": _factorised_masks, "pretraining": lambda _: "H·E + 3·E + V + 2·H + 2"},
    "electra": {
        **_TASKS,
        "sequence": _with_layer,
        "mlm": _factorised_masks,
        "pretraining": lambda _: "H² + H + H + 1",
    },
    "deberta": {**_TASKS, "mlm": _masks},
    "deberta-v2": {**_TASKS, "mlm": _masks},
    "modernbert": {
        "none": _none,
        **_MODERN,
        "mlm": lambda config: _modern_head(config) + (" + V" if config.decoder_bias else ""),
    },
}
"""Family -> head -> formula."""
