"""A head on what a frozen encoder says: the feature-based approach of the BERT paper (arXiv 1810.04805, section 5.3).

The encoder below neither learns nor drops anything, so what the head reads of a text is always the same: a training computes it
once and hands it over as `vectors` in place of the tokens (engine/frozen.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn

from bertft.errors import UsageError
from bertft.model.encoders.recurrent import BothWays
from bertft.model.extras.extra import Extra
from bertft.model.hidden import MIX, Reading, hidden_states, layers_of, pooled
from bertft.plan.recipe import Recipe
from bertft.protocols import Network
from bertft.tags.chain import Legal

DROPOUT = 0.2
"""Of what an MLP or an LSTM reads, and of what the classifier reads of it."""

LSTM_LAYERS = 2
"""As in the paper."""


@dataclass(frozen=True)
class Plan:
    """What a head is made of."""

    reading: Reading
    head: str
    """`linear`, `mlp` or `bilstm`."""
    units: int
    pool: str | None
    """`cls` or `mean`, of texts; None where each token is answered for."""
    shares: bool
    """Whether its classifier is the one that transformers put on the last layer."""

    @property
    def reads_tokens(self) -> bool:
        """Whether the head needs each token, and not only what stands for the text."""
        return self.pool is None or self.head == "bilstm"

    @classmethod
    def read(cls, words: bytes, config: Any) -> Plan:
        """From what `words` gave; ValueError where that is damaged, or not of the encoder with this config."""
        try:
            found = json.loads(words)
            layers = ",".join(str(int(layer)) for layer in found["reading"]["layers"])
            reading = Reading.of(layers, str(found["reading"]["combine"]), config)
            return cls(reading, found["head"], int(found["units"]), found["pool"], bool(found["shares"]))
        except (KeyError, TypeError, UsageError) as problem:
            raise ValueError(f"features: {problem}") from problem

    def words(self) -> bytes:
        return json.dumps(asdict(self)).encode()


class Features(Extra):
    """Reads vectors of tokens or of texts, and answers in place of the network's own head."""

    name = "features"
    setting = "features"
    freezes = True

    def __init__(self, plan: Plan, size: int, outputs: int, shared: nn.Linear | None = None) -> None:
        """`size`: of the encoder's hidden states. `shared`: the classifier that the network brings."""
        super().__init__()
        self.plan = plan
        self.register_buffer(
            "words", torch.tensor(list(plan.words()), dtype=torch.uint8)
        )  # safetensors shuffles metadata
        self.feeds_classifier = plan.head != "linear"
        self.mix = Mix(len(plan.reading.layers)) if plan.reading.combine == MIX else None
        width = size if self.mix else plan.reading.width(size)
        self.body = _body(plan.head, width, plan.units)
        self._shared = (shared,)  # in a tuple, as it is stored with the network it belongs to
        answers = width if self.body is None else _answers(plan)
        self.classifier = None if shared else nn.Linear(answers, outputs)

    @classmethod
    def wanted(cls, network: Any, recipe: Recipe, legal: Legal | None) -> Self | None:
        if not recipe.features:
            return None
        reading = Reading.of(recipe.layers or "-1", recipe.combine, network.config)
        head, size = recipe.features_head or "linear", size_of(network)
        pool = None if _answers_for_tokens(network) else recipe.pool or "mean"
        if pool == "cls" and network.config.model_type == "xlnet":
            raise UsageError("--pool cls: XLNet's stands behind the text, where no head looks here. Pass --pool mean.")
        if pool and head == "bilstm" and network.config.model_type == "xlnet":
            raise UsageError(
                "--features-head bilstm reads texts from the left, where XLNet's padding stands. Pass mlp."
            )
        shares = pool is None and head == "linear" and reading.layers in ((-1,), (layers_of(network.config),))
        shared = _last_linear(network) if shares else None
        plan = Plan(reading, head, recipe.head_units or size, pool, shared is not None)
        return cls(plan, size, network.config.num_labels, shared)

    @classmethod
    def stored(cls, network: Any, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> Self | None:
        if "features.words" not in tensors:
            return None
        plan = Plan.read(bytes(tensors["features.words"].tolist()), network.config)
        shared = getattr(network, "classifier", None) if plan.shares else None
        if plan.shares and not isinstance(shared, nn.Linear):
            raise ValueError("features: the network brings no classifier to share")
        return cls(plan, size_of(network), network.config.num_labels, shared)

    @property
    def decides(self) -> nn.Linear:
        found = self._shared[0] or self.classifier
        assert found is not None
        return found

    def vectors_of(self, network: Any, inputs: Mapping[str, Tensor]) -> Tensor:
        """What the head reads of a batch, computed by the frozen network: (B, T, D), or (B, 1, D) of texts as a whole."""
        told = {name: values for name, values in inputs.items() if name != "vectors"}
        read = self.plan.reading.read(network, told)
        if self.plan.reads_tokens or self.plan.pool is None:
            return read
        return pooled(read, inputs["attention_mask"], self.plan.pool)[:, None]

    def replaces(self, network: Network, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """From `vectors` where a batch brings them, else from its tokens."""
        vectors = inputs["vectors"] if "vectors" in inputs else self.vectors_of(network, inputs)
        with torch.autocast(vectors.device.type, enabled=False):  # a head is small, and oneDNN has no LSTM in bf16
            return {"logits": self(vectors.float(), inputs["attention_mask"])}

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """vectors (B, T, D) or (B, 1, D), mask (B, T) of the tokens -> (B, T, K), or (B, K) of texts."""
        read = vectors if self.mix is None else self.mix(vectors)
        mask = mask[:, : read.shape[1]]
        if self.body is not None:
            read = self.body(read, mask)
        if self.plan.pool is not None:
            read = read[:, 0] if read.shape[1] == 1 else pooled(read, mask, self.plan.pool)
        logits: Tensor = self.decides(read)
        return logits


class Mix(nn.Module):
    """Layers, one behind the other, to their weighted mean times a scale (Peters et al. 2018, equation 1)."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.weights, self.scale = nn.Parameter(torch.zeros(layers)), nn.Parameter(torch.ones(1))

    def forward(self, vectors: Tensor) -> Tensor:
        """(B, T, L * H) -> (B, T, H)."""
        apart = vectors.view(*vectors.shape[:-1], len(self.weights), -1)  # (B, T, L, H)
        mixed: Tensor = self.scale * (self.weights.softmax(0)[:, None] * apart).sum(-2)
        return mixed


class Perceptron(nn.Module):
    """One hidden layer."""

    def __init__(self, width: int, units: int) -> None:
        super().__init__()
        self.hidden, self.dropout = nn.Linear(width, units), nn.Dropout(DROPOUT)

    def forward(self, read: Tensor, mask: Tensor) -> Tensor:
        found: Tensor = self.dropout(self.hidden(self.dropout(read)).relu())
        return found


class LSTM(nn.Module):
    """Two layers, both ways."""

    def __init__(self, width: int, units: int) -> None:
        super().__init__()
        widths = [width, *[2 * units] * (LSTM_LAYERS - 1)]
        self.layers = nn.ModuleList([BothWays("lstm", one, units) for one in widths])
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, read: Tensor, mask: Tensor) -> Tensor:
        for layer in self.layers:
            read = layer(self.dropout(read), mask)
        dropped: Tensor = self.dropout(read)
        return dropped


def _body(head: str, width: int, units: int) -> nn.Module | None:
    if head not in ("linear", "mlp", "bilstm"):
        raise ValueError(f"a head called {head}")
    return {"mlp": Perceptron, "bilstm": LSTM}[head](width, units) if head != "linear" else None


def _answers(plan: Plan) -> int:
    """Features that the classifier reads above an MLP or an LSTM."""
    return plan.units * (2 if plan.head == "bilstm" else 1)


def size_of(network: Any) -> int:
    """Of the encoder's hidden states."""
    config = network.config
    return int(getattr(config, "hidden_size", None) or config.dim)


def _answers_for_tokens(network: Any) -> bool:
    return type(network).__name__.endswith("ForTokenClassification")


def _last_linear(network: Any) -> nn.Linear | None:
    """The network's classifier, where it reads the last layer's output as it is: then transformers answers as we do."""
    classifier = getattr(network, "classifier", None)
    if not isinstance(classifier, nn.Linear):
        return None
    some = torch.arange(1, 6)[None] % network.config.vocab_size
    inputs = {"input_ids": some, "attention_mask": torch.ones_like(some)}
    training, device = network.training, classifier.weight.device
    inputs = {name: values.to(device) for name, values in inputs.items()}
    network.eval()
    with torch.no_grad():
        same = torch.allclose(
            network(**inputs).logits, classifier(hidden_states(network, inputs)[-1]), rtol=1e-4, atol=1e-5
        )
    network.train(training)
    return classifier if same else None
