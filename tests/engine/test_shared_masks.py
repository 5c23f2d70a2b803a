"""Dropout on a part of a batch is that of the whole batch, cut: what makes two processes learn what one does."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch.nn import functional

from bertft.engine.dropout import StepDropout


def accelerator(processes: int, rank: int = 0, device: str = "cpu") -> Any:
    return SimpleNamespace(num_processes=processes, process_index=rank, device=torch.device(device))


def drop(values: torch.Tensor, rows: list[int], whole: int, processes: int) -> torch.Tensor:
    """Twice, as layers do."""
    with StepDropout(3, 1, accelerator(processes)).of_rows(rows, whole):
        return functional.dropout(functional.dropout(values, 0.1, True), 0.4, True)


@pytest.mark.parametrize("rows", [[0, 1, 2], [3, 4], [4], [0, 1, 2, 3, 4]])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_part_is_dropped_as_in_the_whole(rows: list[int], dtype: torch.dtype) -> None:
    values = torch.rand(5, 7, 33).to(dtype)
    whole = drop(values, list(range(5)), 5, processes=1)
    assert torch.equal(drop(values[rows], rows, 5, processes=2), whole[rows])


@pytest.mark.parametrize("mask", ["none", "booleans", "numbers"])
def test_attention_on_a_part_is_dropped_as_in_the_whole(mask: str) -> None:
    query, key, value = (torch.randn(6, 2, 9, 4) for _ in range(3))
    seen = torch.rand(6, 1, 9, 9) > 0.3
    seen[..., 0] = True
    added = {"none": None, "booleans": seen, "numbers": torch.where(seen, 0.0, -1e4)}[mask]
    with StepDropout(3, 1, accelerator(1)).of_rows(range(6), 6):
        whole = functional.scaled_dot_product_attention(query, key, value, attn_mask=added, dropout_p=0.3)
    for rows in ([0, 1, 2], [3, 4, 5], [5]):
        own = None if added is None else added[rows]
        with StepDropout(3, 1, accelerator(2)).of_rows(rows, 6):
            part = functional.scaled_dot_product_attention(
                query[rows], key[rows], value[rows], attn_mask=own, dropout_p=0.3
            )
        assert torch.allclose(part, whole[rows], atol=1e-5)


def test_without_training_nothing_is_dropped() -> None:
    values = torch.rand(2, 3)
    with StepDropout(3, 1, accelerator(2)).of_rows([0, 1], 4):
        assert torch.equal(functional.dropout(values, 0.9, False), values)
        assert torch.equal(functional.dropout(values, 0.0, True), values)


def test_every_step_has_chance_of_its_own() -> None:
    """Of the step and the seed; on GPUs also of the process, on processors not."""
    drawn = {}
    for seed, step, rank, device in itertools.product((1, 2), (1, 2, 300), (0, 1), ("cpu", "cuda")):
        StepDropout(seed, step, accelerator(2, rank, device))
        drawn[seed, step, rank, device] = torch.rand(1).item()
    processor = {key[:2] for key in drawn}
    assert len(processor) == 6
    assert all(drawn[(*key, 0, "cpu")] == drawn[(*key, 1, "cpu")] for key in processor)
    assert all(drawn[(*key, 0, "cuda")] != drawn[(*key, 1, "cuda")] for key in processor)
    assert len({drawn[(*key, 0, "cpu")] for key in processor}) == 6


def test_what_has_no_rows_of_the_batch_is_dropped_alike_everywhere() -> None:
    """DeBERTa drops out its table of relative positions, which is no row of any batch."""
    table = torch.rand(512, 8)
    dropped = []
    for rows, processes in (([0, 1, 2], 1), ([0, 1], 2), ([2], 2)):
        with StepDropout(3, 1, accelerator(processes)).of_rows(rows, 3):
            dropped.append(functional.dropout(table, 0.1, True))
    assert dropped[0].shape == table.shape
    assert torch.equal(dropped[0], dropped[1])
    assert torch.equal(dropped[0], dropped[2])
    assert 0.05 < float((dropped[0] == 0).float().mean()) < 0.15


def test_a_deberta_with_relative_attention_can_be_trained() -> None:
    from transformers import DebertaV2Config, DebertaV2ForSequenceClassification

    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    relative = {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "max_position_embeddings": 32}
    network = DebertaV2ForSequenceClassification(DebertaV2Config(vocab_size=50, **sizes, **relative)).train()
    for size in (1, 3):
        ids = torch.randint(1, 50, (size, 5))
        with StepDropout(3, 1, accelerator(1)).of_rows(range(size), size):
            network(input_ids=ids, attention_mask=torch.ones_like(ids)).logits.sum().backward()
