"""What a tagger may have around transformers' own network: a BiLSTM below the classifier, a CRF above it.

The network inside stays as transformers made it, so what it saves opens in `AutoModelForTokenClassification`. What comes on
top is saved beside it, in tagger.safetensors, with the moves that the CRF forbids. Batches are padded on the right.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from bertft.errors import CheckpointError, UsageError
from bertft.model.crf import CRF

FILE = "tagger.safetensors"
PART = "network."
"""Begins the names of the weights that are transformers' own."""


class BiLSTM(nn.Module):
    """Reads the tokens both ways and gives back as many features as it was given, so that the classifier fits."""

    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.units = units
        self.forwards = nn.LSTM(features, units, batch_first=True)
        self.backwards = nn.LSTM(features, units, batch_first=True)
        self.projection = nn.Linear(2 * units, features)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """hidden (B, T, H), mask (B, T) 1 on tokens, which stand on the left. Each row is turned round by itself, or the way
        back would come in through the padding; packed sequences do the same, a third slower."""
        last = mask.sum(1, keepdim=True) - 1
        turned = (last - torch.arange(mask.shape[1], device=mask.device)).clamp(min=0)[..., None]  # (B, T, 1)
        with torch.autocast(hidden.device.type, enabled=False):  # oneDNN has no LSTM in bf16 without AVX-512
            hidden = hidden.float()
            there, _ = self.forwards(hidden)  # (B, T, H) -> (B, T, N)
            back, _ = self.backwards(hidden.gather(1, turned.expand_as(hidden)))
        both = torch.cat([there, back.gather(1, turned.expand_as(back))], dim=2)  # (B, T, 2N)
        projected: Tensor = self.projection(both)  # (B, T, 2N) -> (B, T, H)
        return projected


class Tagger(nn.Module):
    """A network of transformers for token classification, with a BiLSTM of so many units each way, a CRF, or both."""

    def __init__(self, network: Any, *, bilstm: int | None, crf: CRF | None) -> None:
        super().__init__()
        self.network, self.config = network, network.config
        self.bilstm = None if bilstm is None else BiLSTM(_classifier(network).in_features, bilstm)
        self.crf = crf

    def forward(self, **inputs: Tensor) -> dict[str, Tensor]:
        """`logits` (B, T, K); with a CRF also `start`, `moves` and `end`, which the loss and the decoder need."""
        outputs = {"logits": self._logits(inputs)}
        if self.crf is not None:
            outputs["start"], outputs["moves"], outputs["end"] = self.crf.scores()
        return outputs

    def _logits(self, inputs: dict[str, Tensor]) -> Any:
        """The BiLSTM comes between the classifier and what the family feeds it: its own dropout, in ModernBERT also a head."""
        if self.bilstm is None:
            return self.network(**inputs).logits
        bilstm, mask = self.bilstm, inputs["attention_mask"]
        with _classifier(self.network).register_forward_pre_hook(lambda _, hidden: (bilstm(hidden[0], mask),)):
            return self.network(**inputs).logits


def _classifier(network: Any) -> nn.Linear:
    found = getattr(network, "classifier", None)
    if not isinstance(found, nn.Linear):
        raise UsageError(
            f"--bilstm: this backbone ({network.config.model_type}) has no plain classifier to put an LSTM under. "
            "Leave out --bilstm, or choose a BERT, RoBERTa, DeBERTa or the like with --model."
        )
    return found


def transformers_part(network: Any) -> Any:
    """What transformers saves and loads: a tagger's inner network, any other network itself."""
    return network.network if isinstance(network, Tagger) else network


def save_extras(tagger: Tagger, folder: Path, weights: Mapping[str, Tensor]) -> None:
    """tagger.safetensors: the weights of BiLSTM and CRF, and what is legal as 0 and 1. Its metadata tell the BiLSTM's units."""
    tensors = {
        name: (part.byte() if part.dtype == torch.bool else part).detach().cpu().contiguous()
        for name, part in weights.items()
        if not name.startswith(PART)
    }
    units = "" if tagger.bilstm is None else str(tagger.bilstm.units)
    save_file(tensors, folder / FILE, metadata={"bilstm": units})


def load_extras(network: Any, folder: Path) -> Any:
    """The network with what tagger.safetensors puts around it; the network itself where there is no such file."""
    file = folder / FILE
    if not file.is_file():
        return network
    try:
        metadata, tensors = _read(file)
        units = metadata["bilstm"]
        tagger = Tagger(network, bilstm=int(units) if units else None, crf=_crf(tensors))
        _fill(tagger, tensors)
    except (SafetensorError, OSError, RuntimeError, KeyError, ValueError) as problem:
        reason = str(problem).splitlines()[-1].strip()
        raise CheckpointError(f"{file}: damaged, or not of the model beside it ({reason}). Train it anew.") from problem
    return tagger


def _read(file: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    with safe_open(file, framework="pt") as opened:
        return opened.metadata() or {}, {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118


def _crf(tensors: dict[str, Tensor]) -> CRF | None:
    if "crf.transitions" not in tensors:
        return None
    return CRF(*(tensors[f"crf.legal_{part}"].tolist() for part in ("start", "moves", "end")))


def _fill(tagger: Tagger, tensors: dict[str, Tensor]) -> None:
    """Every weight from the file, and none left over."""
    crf, tags = tagger.crf, tagger.config.num_labels
    if crf is not None and [*crf.start.shape, *crf.transitions.shape, *crf.end.shape] != [tags] * 4:
        raise ValueError(f"its CRF is not for the {tags} tags of config.json")
    wanted = {name for name in tagger.state_dict() if not name.startswith("network.")}
    if wanted != tensors.keys():
        raise ValueError(f"missing or unknown: {', '.join(sorted(wanted ^ tensors.keys())[:3])}")
    tagger.load_state_dict(tensors, strict=False)
