"""Backbone and head as one transformers model. A head is what a task puts on the backbone; its names are transformers' own.

So `AutoModelForSequenceClassification.from_pretrained` and `pipeline` open what a run saves, and answer the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bertft import console
from bertft.errors import CheckpointError, first_line
from bertft.kinds import KINDS
from bertft.model.backbone import Backbone, read_model_config
from bertft.model.extras import load_extras
from bertft.model.losses import Cost
from bertft.model.span_head import ENDS, needs_span_head, span_class
from bertft.model.trust import check_weights
from bertft.protocols import Network
from bertft.runs import GRAPH
from bertft.tags.chain import Legal


@dataclass(frozen=True)
class Head:
    """What to put on the backbone, and what its outputs cost."""

    kind: str
    problem: str | None
    """Of text-classification only."""
    label_names: tuple[str, ...]
    """Empty for question answering, whose two outputs are a start and an end."""
    cost: Cost
    legal: Legal | None = None
    """Which tags may follow which in a tagger with a CRF."""
    link: str | None = None
    """From logits to answers: `softmax`, `sigmoid` or `identity`; None where no linear fit can start the head."""
    reads_pairs: bool = False
    """Whether it comes with a second head, for pairs of texts."""
    weights: Any = None
    """(K,) of the cost: of each class, or of each label where it is set; None: all alike."""


def build_network(backbone: Backbone, head: Head) -> Any:
    """The backbone with a new head, in fp32, as transformers has it. Seed torch first: the head's weights are drawn here."""
    config = backbone.config
    name_labels(config, head)
    kind = KINDS[head.kind]
    auto_class = kind.pair_class if head.reads_pairs else kind.auto_class
    if backbone.is_new:
        return kind.prepared(_with_vectors(_new(auto_class, config), backbone.vectors))
    network, report = _load(auto_class, backbone.path, config=config, ignore_mismatched_sizes=True)
    _check_loaded(network, report, backbone, kind.new_head)
    return kind.prepared(network)


def name_labels(config: Any, head: Head) -> None:
    """Put the labels of a head, and what kind of answer it gives, into a config of transformers."""
    names = head.label_names or unnamed_outputs(head.kind, config)
    config.id2label = dict(enumerate(names))
    config.label2id = {name: position for position, name in enumerate(names)}
    config.problem_type = KINDS[head.kind].problem(head.problem).problem_type if head.problem else None


def unnamed_outputs(kind: str, config: Any) -> tuple[str, ...]:
    """Of a head without labels, as transformers calls them, unless it is one of ours."""
    return ENDS if needs_span_head(KINDS[kind].auto_class, config) else ("LABEL_0", "LABEL_1")


def _new(auto_class: str, config: Any) -> Any:
    """Of random weights throughout."""
    from bertft.model.encoders import register

    register()
    return _quiet_transformers(auto_class, config).from_config(config)


def _with_vectors(network: Any, vectors: Any) -> Any:
    """A new network whose words have vectors from a file; the others' are spread as far as these."""
    if vectors is None:
        return network
    import torch

    embeddings = network.base_model.get_input_embeddings()
    places, rows = torch.from_numpy(vectors[0]), torch.from_numpy(vectors[1])
    with torch.no_grad():
        embeddings.weight *= rows.std() / embeddings.weight.std()
        embeddings.weight[places] = rows
    return network


def _quiet_transformers(auto_class: str, config: Any = None) -> Any:
    """transformers' class of that name, or ours where it has none for such a config; from now on without transformers' own
    progress bars and advice."""
    import transformers

    transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    if config is not None and needs_span_head(auto_class, config):
        return span_class(config)
    return getattr(transformers, auto_class)


def load_network(folder: str, kind: str) -> Network:
    """A fine-tuned model from a run folder; every weight must be there."""
    config = read_model_config(folder)
    network, report = _load(class_of_run(kind, config), folder, config=config)
    absent = sorted(report["missing_keys"]) + [str(key) for key in report["mismatched_keys"]]
    if absent:
        raise CheckpointError(f"{folder}: model.safetensors does not fit config.json (missing: {_few(absent)}).")
    return load_extras(KINDS[kind].prepared(network), Path(folder), kind)


def load_encoder(path: str, config: Any) -> tuple[Any, bool]:
    """The encoder of a folder or Hub name without any head, and whether its pooler, if it has one, was trained."""
    network, report = _load("AutoModel", path, config=config)
    missing = sorted(report["missing_keys"]) + [key[0] for key in report["mismatched_keys"]]
    pooler = [key for key in missing if "pooler." in key]
    if inside := [key for key in missing if key not in pooler]:
        raise CheckpointError(f"{path}: the encoder's weights are not all there (missing: {_few(inside)}).")
    return network, getattr(network, "pooler", None) is not None and not pooler


def class_of_run(kind: str, config: Any) -> str:
    """transformers' class for what a run saved: that for pairs where it learned from pairs."""
    pair_class = KINDS[kind].pair_class
    ending = pair_class.removeprefix("AutoModel")
    learned_pairs = bool(pair_class) and any(name.endswith(ending) for name in config.architectures or ())
    return pair_class if learned_pairs else KINDS[kind].auto_class


def _load(auto_class: str, path: str, **settings: Any) -> tuple[Any, dict[str, Any]]:
    """The network in fp32, and what transformers reports of its weights."""
    import torch

    check_weights(path)
    found = _quiet_transformers(auto_class, settings["config"])
    try:
        network, report = found.from_pretrained(
            path,
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
            **settings,
        )
    except Exception as problem:  # OSError, ValueError, RuntimeError, SafetensorError: each family has its own
        raise CheckpointError(_cannot_load(path, problem)) from problem
    return network, report


def _cannot_load(path: str, problem: Exception) -> str:
    folder = Path(path)
    if (folder / GRAPH).is_file():
        return (
            f"{path}: holds a graph for onnxruntime and no weights of its own, which only answers. Name the run it was exported "
            f"from, or export with --keep-weights."
        )
    if folder.is_dir() and not any(folder.glob("*.safetensors")):
        return (
            f"{path}: no *.safetensors here. Weights are read from safetensors only, never from a pickle (*.bin, *.pt)."
        )
    return f"{path}: the model cannot be loaded ({first_line(problem)})."


def _check_loaded(network: Any, report: dict[str, Any], backbone: Backbone, new_head: str) -> None:
    """A new head is expected, or said in the words of `new_head`; a new pooler is said, a hole in the encoder is an error: it
    would train from noise. Weights of another size than config.json's are a hole too."""
    missing = sorted(report["missing_keys"]) + [key[0] for key in report["mismatched_keys"]]
    inside = [key for key in missing if key.startswith(network.base_model_prefix + ".") and ".pooler." not in key]
    if inside:
        raise CheckpointError(f"{backbone.path}: the encoder's weights are not all there (missing: {_few(inside)}).")
    if any(".pooler." in key for key in missing):
        console.note("The backbone brings no pooler; a new one is trained from scratch.")
    if new_head and any(not key.startswith(f"{network.base_model_prefix}.") for key in missing):
        console.note(new_head)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
