"""Networks from before BERT as graphs, and their layers that read words one after the other. Oracle: torch itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

onnxruntime: Any = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

SMALL = {"vocab_size": 30, "embedding_size": 8, "hidden_size": 12, "type_vocab_size": 2, "num_labels": 3}
EACH: tuple[tuple[str, dict[str, Any]], ...] = (
    ("textcnn", {}),
    ("dssm", {}),
    ("bilstm", {"cell": "gru"}),
    ("bilstm", {"cell": "rnn", "one_way": True}),
)
"""Families and what differs from their usual sizes: each operator once, as following them takes seconds. An LSTM stands in the
tests of whole runs."""

TOKENIZER: Any = SimpleNamespace(
    get_vocab=lambda: range(30),
    pad_token_id=0,
    unk_token_id=1,
    padding_side="right",
    model_max_length=512,
    model_input_names=["input_ids", "token_type_ids", "attention_mask"],
)


class SeveralFamilies(nn.Module):
    """A network of each, side by side."""

    def __init__(self) -> None:
        from transformers import AutoModelForSequenceClassification

        from bertft.model.encoders import WordsConfig, register
        from bertft.model.families import FAMILIES

        super().__init__()
        register()
        torch.manual_seed(7)
        configs = [WordsConfig(family=name, **{**FAMILIES[name].sizes, **SMALL, **sizes}) for name, sizes in EACH]
        make: Any = AutoModelForSequenceClassification.from_config
        self.networks = nn.ModuleList([make(config) for config in configs])
        self.config = configs[0]
        with torch.no_grad():  # biases of 0 would hide what goes wrong
            for weight in self.parameters():
                weight += 0.1 * torch.randn(weight.shape)

    def forward(self, **inputs: Tensor) -> dict[str, Tensor]:
        """`logits` (B, 4, 3)."""
        return {"logits": torch.stack([network(**inputs).logits for network in self.networks], dim=1)}


@pytest.fixture(scope="module")
def families() -> tuple[nn.Module, Any]:
    """All, as torch computes them and as onnxruntime does, after the look that every graph gets."""
    from bertft.exporting.graph_file import graph_bytes
    from bertft.graph.network import graph_of

    content = graph_bytes(SeveralFamilies(), TOKENIZER, "here")
    return SeveralFamilies().eval(), graph_of(content, None, {}, None, threads=1, where="here")


def pairs(sizes: tuple[tuple[int, int], ...], width: int) -> dict[str, Tensor]:
    """Made-up pairs whose texts have so many words, padded on the right."""
    places = torch.arange(width)
    first, whole = (
        torch.tensor(found)[:, None] for found in zip(*((one, one + other) for one, other in sizes), strict=True)
    )
    mask = (places < whole).long()
    ids = torch.randint(2, 30, mask.shape, generator=torch.Generator().manual_seed(width)) * mask
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": (places >= first).long() * mask}


@pytest.mark.parametrize(
    ("sizes", "width"), [(((5, 3), (1, 2)), 8), (((1, 1),), 2), (((4, 0), (0, 3), (30, 30)), 70)], ids=str
)
@torch.inference_mode()
def test_each_family_answers_as_in_torch_in_batches_of_any_size(
    families: tuple[nn.Module, Any], sizes: tuple[tuple[int, int], ...], width: int
) -> None:
    """Also where a pair lacks a text, and where padding stands behind all."""
    from bertft.exporting.equality import outputs_of_graph

    network, graph = families
    inputs = pairs(sizes, width)
    wanted, found = network(**inputs)["logits"], outputs_of_graph(graph, inputs)["logits"]
    for (name, _), ours, theirs in zip(EACH, found.unbind(1), wanted.unbind(1), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5), name
    alone = {name: values[:1, : sum(sizes[0])] for name, values in inputs.items()}
    assert torch.allclose(outputs_of_graph(graph, alone)["logits"], found[:1], atol=1e-5)


@pytest.mark.parametrize(
    "layer", [nn.LSTM(2, 2, num_layers=2), nn.GRU(2, 2, bidirectional=True), nn.RNN(2, 2)], ids=str
)
def test_a_layer_of_another_form_is_not_taken_for_ours(layer: nn.Module) -> None:
    from bertft.exporting.recurrent import with_recurrent_operators

    with pytest.raises(ValueError, match="another form"):
        with_recurrent_operators(nn.Sequential(layer))
