"""A network's head before the first step: fitted on the frozen backbone, or at the prior. What the classifier reads of a
sample of the training rows is computed once, in the engine's own batches, without dropout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from bertft.adapters import Adapter, Feature
from bertft.model.extras import extras_of, transformers_part
from bertft.model.network import Head
from bertft.model.pooling import pooler_of, read_of_text, set_pooler
from bertft.start.probe import Probe, fit_probe, loss_of, prior_bias

MOST_FEATURES = 4000
"""Windows that a start looks at: more would tell it little, and cost time and memory on large files."""

NOISY_FEATURES = 256
"""Windows that a fitted head is tried on with dropout."""

SHARES = (0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.0)
"""Of a fitted head, where all of it is too much."""

MOST_DECISIONS = 20_000
"""Words, or texts, that a probe is fitted on."""

Outputs = Callable[[Any, Sequence[Feature]], list[Any]]
"""A network and features to what the adapter keeps of its outputs for each of them."""


@dataclass(frozen=True)
class Start:
    """What a start is made from."""

    network: Any
    head: Head
    adapter: Adapter
    features: Sequence[Feature]
    outputs: Outputs
    seed: int

    @property
    def sample(self) -> Sequence[Feature]:
        """A seeded sample of the features, in their order, with at most MOST_DECISIONS decisions to learn from."""
        order = np.random.default_rng([self.seed, 0x57A7]).permutation(len(self.features))[:MOST_FEATURES]
        decisions = np.cumsum([self.features[place].weight for place in order])
        few = max(int(np.searchsorted(decisions, MOST_DECISIONS, side="right")), 1)
        return [self.features[place] for place in np.sort(order[:few])]

    def inputs_of(self, linear: nn.Linear, features: Sequence[Feature]) -> list[Any]:
        """What a linear layer of the network reads of each feature: (H,), or (W, H) of its words."""
        return self.outputs(InputsOf(self.network, linear), features)


class InputsOf(nn.Module):
    """A network whose `logits` are what one of its linear layers reads."""

    def __init__(self, network: Any, linear: nn.Linear) -> None:
        super().__init__()
        self.network, self.linear = network, linear
        self.config = network.config

    def forward(self, **inputs: Tensor) -> dict[str, Tensor]:
        read: list[Tensor] = []
        with self.linear.register_forward_pre_hook(lambda _, values: read.append(values[0])):
            self.network(**inputs)
        return {"logits": read_of_text(self.config, read[-1], inputs["attention_mask"])}


class NoisyInputsOf(InputsOf):
    """The same with dropout, as in training."""

    def train(self, mode: bool = True) -> NoisyInputsOf:
        return super().train(True)


class HeadReader(nn.Module):
    """A network with another linear layer on what its classifier reads, for another aim than the classifier's."""

    def __init__(self, network: Any, classifier: nn.Linear, outputs: int) -> None:
        super().__init__()
        self.reader, self.aim = InputsOf(network, classifier), nn.Linear(classifier.in_features, outputs)
        self.config = network.config

    def forward(self, **inputs: Tensor) -> dict[str, Tensor]:
        return {"logits": self.aim(self.reader(**inputs)["logits"])}


def chosen(count: int, most: int, seed: int) -> np.ndarray[Any, Any]:
    """At most so many of `count` places, drawn by seed, ascending."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng([seed, 0x57A7]).permutation(count)[:most])


def straighten_pooler(start: Start) -> None:
    """Let a fresh pooler pass on what it reads, where the network has one."""
    pooler = pooler_of(transformers_part(start.network))
    if pooler is not None:
        first = np.stack(start.inputs_of(pooler, start.sample))
        set_pooler(pooler, torch.from_numpy(np.asarray(first, dtype=np.float32)))


def warm_head(start: Start, how: str) -> Probe | None:
    """Fit the head (`probe`), or only its biases (`prior`); None where the head stays as it was drawn."""
    linear = classifier_of(start.network, len(start.head.label_names))
    if how == "random" or linear is None or start.head.link is None:
        return None
    if how == "prior" or _reads_noise(start.network):
        _set_prior(start, linear)
        return None
    sample = start.sample
    known = start.adapter.decisions(sample, start.inputs_of(linear, sample))
    if not np.isfinite(known.inputs).all():
        return None  # the first step will say so
    weights = _weights(start, known.targets)
    with threadpool_limits(torch.get_num_threads(), "blas"):  # numpy's threads know nothing of --threads
        probe = fit_probe(known.inputs, known.targets, start.head.link, weights=weights, seed=start.seed)
    prior = prior_bias(known.targets, weights, start.head.link)
    share = bearable_share(start, linear, probe, prior)
    _set(linear, probe.weight * share, probe.bias * share + prior * (1 - share))
    return probe


def scale_head(start: Start) -> None:
    """Let a head that was drawn at random answer numbers of the size that is wanted: prices, say, are out of its reach."""
    linear = classifier_of(start.network, len(start.head.label_names))
    if linear is None or start.head.link != "identity":
        return
    targets = start.adapter.decisions(start.sample, None).targets
    centre, unit = np.asarray(targets.mean(0)), float(targets.std()) or 1.0
    _set(linear, linear.weight.detach().double().cpu().numpy() * unit, centre)


def bearable_share(start: Start, linear: nn.Linear, probe: Probe, prior: np.ndarray[Any, Any]) -> float:
    """How much of a probe a network bears with dropout on: all, where it is better than the prior then. Where texts hardly differ
    for the frozen backbone, weights are so large that dropout alone would drown what they tell."""
    sample = [start.features[place] for place in chosen(len(start.features), NOISY_FEATURES, start.seed)]
    torch.manual_seed(start.seed)
    known = start.adapter.decisions(sample, start.outputs(NoisyInputsOf(start.network, linear), sample))
    weights, link = _weights(start, known.targets), start.head.link or ""

    def loss(share: float) -> float:
        logits = known.inputs @ (probe.weight.T * share) + probe.bias * share + prior * (1 - share)
        return loss_of(logits, known.targets, weights, link)

    return 1.0 if loss(1.0) <= loss(0.0) else min(SHARES, key=loss)


def _set_prior(start: Start, linear: nn.Linear) -> None:
    sample = start.sample
    known = start.adapter.decisions(sample, None)
    bias = prior_bias(known.targets, _weights(start, known.targets), start.head.link or "")
    _set(linear, None, bias)


def _weights(start: Start, targets: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """(N, K): of each row's loss, as the head's cost has it."""
    given = start.head.weights
    if given is None:
        return np.ones_like(targets, dtype=np.float64)
    weights = given.double().numpy()
    if start.head.link == "sigmoid":
        return np.where(targets > 0, weights, 1.0)
    return np.repeat(targets @ weights[:, None], targets.shape[1], axis=1)


def _set(linear: nn.Linear, weight: np.ndarray[Any, Any] | None, bias: np.ndarray[Any, Any]) -> None:
    with torch.no_grad():
        if weight is not None:
            linear.weight.copy_(torch.from_numpy(weight))
        if linear.bias is not None:
            linear.bias.copy_(torch.from_numpy(bias))


def _reads_noise(network: Any) -> bool:
    """Whether something drawn at random stands below the classifier, and learns at a rate of its own."""
    return any(extra.feeds_classifier for extra in extras_of(network))


def classifier_of(network: Any, labels: int) -> nn.Linear | None:
    """The head's last linear layer, whose outputs are the logits of so many labels."""
    if own := [extra.decides for extra in extras_of(network) if extra.decides is not None]:
        return own[0]
    whole = transformers_part(network)
    encoder = set(whole.base_model.modules())  # comes behind the head in XLM-RoBERTa
    linears = [part for part in whole.modules() if isinstance(part, nn.Linear) and part not in encoder]
    return linears[-1] if linears and linears[-1].out_features == labels else None
