"""The network before its first step: backbone and head, what the head reads, and what it knows from the start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from bertft import console, fast
from bertft.adapters import Adapter, Feature
from bertft.engine.device import cuts_up
from bertft.engine.eval_loop import model_outputs
from bertft.engine.meter import Meter
from bertft.engine.stage import run_stage
from bertft.kinds import KINDS, takes
from bertft.model.backbone import Backbone
from bertft.model.extras import add_extras, answers_without_head, transformers_part
from bertft.model.layers import freeze
from bertft.model.losses import on_logits, squared_error
from bertft.model.network import Head, build_network
from bertft.model.pooling import append_mean_layer, check_pool, choose_pooling, gets_mean_layer, pooler_of
from bertft.plan.recipe import Recipe
from bertft.protocols import Device, Network
from bertft.runs import CHECKPOINT
from bertft.start.few_shot import TwinCollator, TwinNetwork, twins_of
from bertft.start.pairs import MOST_PAIRS, PairCollator, are_learned_beforehand, halves_of, lessons, varied
from bertft.start.warm import HeadReader, Start, chosen, classifier_of, scale_head, straighten_pooler, warm_head
from bertft.system.files import last_whole

PAIR_FACTOR, TWIN_FACTOR = 8.0, 2.0
"""Learning rates of the lessons on pairs and on classes, as factors of the run's own: neither has a head to keep."""


def start_network(backbone: Backbone, head: Head, recipe: Recipe) -> Network:
    """The backbone with its new head and extras, seeded, and frozen as the recipe says."""
    from accelerate.utils import set_seed

    pool = None if recipe.features else recipe.pool  # a head on frozen outputs pools them itself
    if pool:
        check_pool(backbone, pool, head.kind, head.label_names)
    if takes("pool", head.kind):
        choose_pooling(backbone.config, pool)
    set_seed(recipe.seed)
    network = add_extras(build_network(backbone, head), head.kind, recipe, head.legal)
    if gets_mean_layer(backbone.config, pool):
        append_mean_layer(network)
    freeze(network, recipe.freeze)
    return network


@dataclass(frozen=True)
class Beginning:
    """What the weights before the first step are made from."""

    network: Network
    head: Head
    adapter: Adapter
    features: Sequence[Feature]
    recipe: Recipe
    accelerator: Device
    origin: Callable[[int], str]
    """Where a feature's row stands in its file."""

    def outputs(self, network: Network, features: Sequence[Feature]) -> list[Any]:
        """What the adapter keeps of a network's outputs for each feature."""
        with console.progress("", len(features)) as bar:
            return model_outputs(network, self.adapter, features, self.accelerator, Meter(), bar)

    def warm_up(self, *, own_head: bool, is_new: bool = False) -> bool:
        """Let the network begin as the recipe says; whether its head was fitted on the frozen backbone. `own_head`: it came
        with the checkpoint, and stays. `is_new`: all of the network was drawn at random."""
        self.network.to(self.accelerator.device)
        if not cuts_up(self.accelerator):  # FSDP and the fast encoder exclude each other
            fast.speed_up(self.network, self.accelerator.device)
        start = Start(self.network, self.head, self.adapter, self.features, self.outputs, self.recipe.seed)
        classifier = classifier_of(self.network, len(self.head.label_names))
        pool = None if self.recipe.features else self.recipe.pool
        if gets_mean_layer(transformers_part(self.network).config, pool):
            straighten_pooler(start)
        if is_new:
            scale_head(start)
        if classifier is not None:
            self._learn_beforehand(start, classifier)
        elif self.recipe.few_shot:
            console.warn("--few-shot: left out, as this backbone's classifier is no linear layer.")
        return not own_head and warm_head(start, self.recipe.head_start) is not None

    def _learn_beforehand(self, start: Start, classifier: nn.Linear) -> None:
        """What the rows teach before their labels are learned."""
        if are_learned_beforehand(self.features, self.recipe):
            self._read_pairs(start, classifier)
        if self.recipe.few_shot:
            self._tell_classes_apart(classifier)

    def _read_pairs(self, start: Start, classifier: nn.Linear) -> None:
        """Teach the network to tell of two texts together what it can tell of them apart."""
        pooler, options = pooler_of(self.network), self.adapter.options
        some = chosen(len(self.features), MOST_PAIRS, self.recipe.seed)
        halves = varied(halves_of([self.features[place] for place in some]), self.recipe.seed)
        vectors = np.stack(start.inputs_of(pooler or classifier, halves.texts)).astype(np.float64)
        learned = lessons(halves, vectors, max_length=options.max_length, seed=self.recipe.seed)
        collator = PairCollator(self.adapter.tokenizer, options.max_length)
        self._stage(HeadReader(self.network, classifier, 1), classifier, collator, learned, PAIR_FACTOR, "Pairs")

    def _tell_classes_apart(self, classifier: nn.Linear) -> None:
        """Bring texts of one class together, and those of different classes apart."""
        collator = TwinCollator(self.adapter.tokenizer, self.adapter.options.max_length)
        twins = twins_of(self.features, self.recipe.seed)
        self._stage(TwinNetwork(self.network, classifier), classifier, collator, twins, TWIN_FACTOR, "Few-shot pairs")

    def _stage(
        self, aim: nn.Module, classifier: nn.Linear, collator: Any, features: Sequence[Any], factor: float, label: str
    ) -> None:
        """One pass over features for another aim; the classifier has no part in it."""
        if cuts_up(self.accelerator):
            console.warn(
                f"{label}: left out with FSDP. Train in one process, or in several without FSDP, to have them."
            )
            return
        rate = self.recipe.rate * factor
        recipe = replace(
            self.recipe,
            epochs=1.0,
            max_steps=None,
            learning_rate=rate,
            batch_size=min(32, self.recipe.batch_size),
            max_tokens=None,
            grad_accum=1,
        )
        for parameter in classifier.parameters():
            parameter.requires_grad_(False)
        loss = run_stage(
            aim, collator, features, on_logits(squared_error), recipe, self.accelerator, label=label, origin=self.origin
        )
        for parameter in classifier.parameters():
            parameter.requires_grad_(True)
        console.note(f"{label}: {len(features):,}, mean squared error {loss:.3f}.")


def train_fast(network: Network, adapter: Adapter, features: Sequence[Feature], accelerator: Device) -> None:
    """Make a network that is about to be trained on these features fast, unless it will be cut up among processes."""
    if not cuts_up(accelerator):
        texts = (feature.input_ids for feature in features)
        fast.speed_up_training(network, texts, padding=adapter.tokenizer.pad_token_id, device=accelerator.device)


def has_own_head(backbone: Backbone, head: Head) -> bool:
    """Whether the checkpoint was trained for exactly these labels, by a head of this kind. Ask before the network is built, which
    changes its config."""
    kind = KINDS[head.kind].auto_class.removeprefix("AutoModel")
    same_kind = any(name.endswith(kind) for name in backbone.config.architectures or ())
    own = same_kind and bool(backbone.label_names) and backbone.label_names == head.label_names
    own = own and not answers_without_head(Path(backbone.path))
    if own:
        console.note("The checkpoint was trained for the same labels: its head is kept as it is.")
    return own


def has_state(folder: Path) -> bool:
    """Whether a run was begun there that can be gone on with."""
    return last_whole(folder / CHECKPOINT).is_dir()
