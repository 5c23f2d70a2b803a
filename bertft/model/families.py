"""The networks from before BERT, as facts: what each is for, its sizes, how it is trained. torch sleeps.

They learn their words from the training rows and know nothing before the first step. A family's encoder stands in a file of its
own in `encoders/`; around it they share embeddings, heads, tokenizer and everything above (`encoders/networks.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import MappingProxyType
from typing import Any

from bertft.kinds import KINDS

MODEL_TYPE = "bertft-words"
"""transformers' name of them all, in config.json; `family` there says which."""

LANGUAGE_MODEL = "bertft-language-model"
"""The same of two language models of LSTMs, which learn from texts and are read as features (encoders/language_model.py)."""

TEXTS, WORDS = "AutoModelForSequenceClassification", "AutoModelForTokenClassification"
"""What heads they have, by transformers' names."""

FROM_SCRATCH: Mapping[str, Any] = MappingProxyType(
    {
        "learning_rate": 1e-3,
        "weight_decay": 0.0,
        "warmup": 0.0,
        "scheduler": "constant",
        "early_stop": 5,
        "head_start": "random",
        "pool": "cls",
        "refit": False,
        "precision": "fp32",
    }
)
"""The recipe of all of them: Adam at its usual rate, until the validation score stops rising."""


@dataclass(frozen=True)
class Family:
    """One of them."""

    name: str
    """What --model calls it."""
    encoder: str
    """Where its encoder stands, as `module:class`."""
    heads: tuple[str, ...] = (TEXTS,)
    reads_pairs_only: bool = False
    settings: tuple[str, ...] = ("vectors",)
    """Of [model]: those that mean something to it."""
    sizes: Mapping[str, Any] = field(default_factory=dict)
    """What its config says otherwise than usual."""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    """What differs from FROM_SCRATCH."""

    @property
    def whole_recipe(self) -> Mapping[str, Any]:
        return {**FROM_SCRATCH, **self.recipe}

    @property
    def kinds(self) -> list[str]:
        """Names of the kinds of task that it is for."""
        return [name for name, kind in KINDS.items() if kind.auto_class in self.heads]

    def load(self) -> Any:
        """The class of its encoder."""
        module, name = self.encoder.split(":")
        return getattr(import_module(module), name)


_ENCODERS = "bertft.model.encoders"
_BOTH = (TEXTS, WORDS)

FAMILIES = {
    family.name: family
    for family in (
        Family("bow", f"{_ENCODERS}.bow:BagOfWords"),
        Family("textcnn", f"{_ENCODERS}.textcnn:TextCNN"),
        Family(
            "bilstm",
            f"{_ENCODERS}.recurrent:Recurrent",
            heads=_BOTH,
            settings=("vectors", "cell", "one_way"),
            sizes={"embedding_size": 200},
        ),
        Family(
            "transformer",
            f"{_ENCODERS}.transformer:Transformer",
            heads=_BOTH,
            sizes={
                **{"embedding_size": 128, "hidden_size": 128, "num_hidden_layers": 2},
                **{"embedding_dropout": 0.1, "dropout": 0.1},
            },
            recipe={"learning_rate": 5e-4, "warmup": 0.1, "scheduler": "constant_with_warmup"},
        ),
        Family("dssm", f"{_ENCODERS}.dssm:DSSM", reads_pairs_only=True, sizes={"num_hidden_layers": 2, "dropout": 0.2}),
        Family(
            "esim",
            f"{_ENCODERS}.esim:ESIM",
            reads_pairs_only=True,
            settings=("vectors", "cell"),
            sizes={"embedding_size": 200, "num_hidden_layers": 4},
        ),
    )
}
"""Name -> family."""


def family_of(config: Any) -> Family | None:
    """The family of a transformers config; None of any other model's."""
    return FAMILIES.get(config.family) if config.model_type == MODEL_TYPE else None


def families_for(kind: str, *, pair: bool) -> list[str]:
    """Names of those that a task of this kind can be given to."""
    return [name for name, one in FAMILIES.items() if kind in one.kinds and (pair or not one.reads_pairs_only)]
