"""Tokens in one row and back in their texts."""

from __future__ import annotations

import pytest
import torch

from bertft.fast.packing import key_mask, layout_of, rounded


def mask_of(lengths: list[int], width: int) -> torch.Tensor:
    return torch.arange(width)[None] < torch.tensor(lengths)[:, None]


@pytest.mark.parametrize("lengths", [[5, 1, 3], [8, 8, 8], [8, 8, 7], [1, 1, 1], [2]])
def test_what_is_packed_comes_back(lengths: list[int]) -> None:
    mask = mask_of(lengths, 8)
    layout = layout_of(mask, len(lengths), 8)
    padded = torch.rand(len(lengths), 8, 5)
    packed = layout.pack(padded)
    assert torch.equal(layout.pad(packed)[mask], padded[mask])
    assert torch.equal(packed[layout.first], padded[:, 0])
    assert len(packed) <= mask.numel()


def test_a_full_batch_is_not_copied() -> None:
    padded = torch.rand(3, 4, 2)
    for mask in (None, mask_of([4, 4, 4], 4)):
        assert layout_of(mask, 3, 4).pack(padded).data_ptr() == padded.data_ptr()


def test_sizes_are_few_and_near() -> None:
    sizes = {rounded(tokens) for tokens in range(256, 4096)}
    assert len(sizes) == 4 * 8 + 1
    assert all(tokens <= rounded(tokens) <= tokens * 9 / 8 for tokens in range(1, 5000))


@pytest.mark.parametrize("queries", [1, 6])
@pytest.mark.parametrize("kind", ["booleans", "numbers"])
def test_the_mask_of_the_keys_is_found(queries: int, kind: str) -> None:
    mask = mask_of([6, 2], 6)
    extended = mask[:, None, None].expand(2, 1, queries, 6)
    if kind == "numbers":
        extended = torch.where(extended, 0.0, torch.finfo(torch.float32).min)
    found = key_mask(extended)
    assert found is not None
    assert torch.equal(found, mask)
    assert key_mask(None) is None
