"""A name in, an Embedder out: of a run folder, a model folder, a name on the Hub or `minilm`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bertft import console
from bertft.embedding.embedder import Embedder
from bertft.embedding.encoding import TextEncoder
from bertft.embedding.pooled import PooledEncoder
from bertft.embedding.recipe import VectorRecipe, vector_recipe
from bertft.engine.device import cuts_up, describe, start_accelerator
from bertft.errors import CheckpointError, UsageError
from bertft.fast import speed_up
from bertft.model.backbone import Backbone, check_encoder, find_backbone, longest_input, read_model_config
from bertft.model.folder import read_task
from bertft.model.network import load_encoder
from bertft.model.sentence_files import SentenceFiles, sentence_files
from bertft.model.tokens import fit_to_model, load_tokenizer
from bertft.plan.embed_plan import CLS, POOLER, EmbedPlan
from bertft.plan.sections import MachinePlan
from bertft.protocols import Device, Network
from bertft.runs import TASK_FILE


def open_embedder(name: str, plan: EmbedPlan, machine: MachinePlan) -> Embedder:
    """Ready on the device. CheckpointError for what has no encoder, UsageError for what it cannot be asked."""
    backbone = find_encoder(name)
    tokenizer = load_tokenizer(backbone.path)
    fit_to_model(tokenizer, backbone.config, name)
    files = sentence_files(backbone.path)
    recipe = vector_recipe(plan, files, layers=int(backbone.config.num_hidden_layers), name=name)
    longest = _max_length(plan, files, longest_input(backbone.config, tokenizer), name)
    accelerator = start_accelerator(plan.precision, machine)
    network, has_pooler = load_encoder(backbone.path, backbone.config)
    if recipe.pool == POOLER and not has_pooler:
        raise UsageError(f"--pool {POOLER}: {name} has no trained pooler. Choose another, such as --pool mean.")
    pooled = PooledEncoder(network, recipe, cls_is_last=recipe.pool == CLS and _cls_is_last(tokenizer, name))
    _tell(name, recipe, files, plan, longest)
    console.note(f"Model: {name}; {describe(accelerator)}.")
    speed_up(network, accelerator.device)
    dimension = recipe.dimension(int(backbone.config.hidden_size))
    encoder = TextEncoder(
        tokenizer,
        load_tokenizer(backbone.path, words=True),
        longest,
        lower=bool(files and files.lower),
        tokens=recipe.is_ragged,
        words=recipe.words,
    )
    return Embedder(_on_device(pooled, accelerator), encoder, recipe, accelerator, dimension, backbone)


def _on_device(network: PooledEncoder, accelerator: Device) -> Network:
    """Whole in every process: it only answers."""
    if cuts_up(accelerator):
        return network.to(accelerator.device)
    prepared: Network = accelerator.prepare_model(network, evaluation_mode=True)
    return prepared


def find_encoder(name: str) -> Backbone:
    """Of a run or of any model; CheckpointError for one without an encoder of transformers."""
    if (Path(name) / TASK_FILE).is_file():
        read_task(Path(name))
        config = read_model_config(name)
        backbone = Backbone(name, name, config)
    else:
        backbone = _find_model(name)
    if backbone.is_language_model:
        raise CheckpointError(
            f"{name}: layers of LSTMs, which are no vectors of texts; `bertft train --features` reads them."
        )
    if backbone.is_ours:
        raise CheckpointError(
            f"{name}: a model from before BERT has no layers to read; name an encoder such as a BERT."
        )
    check_encoder(name, backbone.config)
    return backbone


def _find_model(name: str) -> Backbone:
    try:
        return find_backbone(name)
    except CheckpointError as problem:
        if (name.strip() and Path(name).is_dir()) or "--model" not in str(problem):
            raise
        raise CheckpointError(
            f"{name!r}: no run folder, no model folder, and no model that the Hugging Face Hub gives. Without a network "
            f"name a folder, or minilm."
        ) from problem


def _max_length(plan: EmbedPlan, files: SentenceFiles | None, longest: int, name: str) -> int:
    if plan.max_length is None:
        return min(longest, files.max_length or longest) if files else longest
    if plan.max_length > longest:
        raise UsageError(f"--max-length is {plan.max_length}: {name} takes {longest} tokens at most.")
    return plan.max_length


def _cls_is_last(tokenizer: Any, name: str) -> bool:
    """UsageError for a tokenizer that puts no classifier's token at either end."""
    ids, wanted = tokenizer("a")["input_ids"], tokenizer.cls_token_id
    if wanted is None or wanted not in (ids[0], ids[-1]):
        raise UsageError(f"--pool {CLS}: the tokenizer of {name} adds no such token. Choose --pool mean.")
    return bool(ids[0] != wanted)


def _tell(name: str, recipe: VectorRecipe, files: SentenceFiles | None, plan: EmbedPlan, longest: int) -> None:
    """What was chosen, and where that differs from the model's own vectors."""
    if files is None:
        console.note(f"Vectors: {recipe.told} (--pool, --layers); at most {longest:,} tokens (--max-length).")
        return
    console.note(
        f"Vectors: {recipe.told}; {name}'s sentence-transformers files say {files.named} (--pool, --normalize)."
    )
    if files.prompt:
        console.warn(
            f"{name}: sentence-transformers would put {files.prompt!r} before each text; put it there yourself."
        )
