"""A linear-chain CRF: a sequence of tags is worth its words' scores and its moves from tag to tag. (Lafferty et al. 2001.) What
is learned of it stands here, and what is answered in tags/chain.py.

Words' scores ("emissions") come in as (B, W, K), each row's words on the left, with a mask (B, W) that is true on words.
Everything is computed in fp32 at least, in log space, and brought back to a largest score of 0 at every word, so that
20,000 words are as exact as 20.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bertft.tags.chain import FORBIDDEN

TagScores = tuple[Tensor, Tensor, Tensor]
"""start (K,), moves (K, K) from row to column, end (K,)."""

_EXCLUDED = 100 * FORBIDDEN
"""Score of a tag that is known not to be a word's: worse than any two forbidden moves around it."""


def allowed(scores: TagScores, legal: tuple[Tensor, Tensor, Tensor]) -> TagScores:
    """Those scores, but FORBIDDEN for what is not legal."""
    start, moves, end = (part.masked_fill(~fine, FORBIDDEN) for part, fine in zip(scores, legal, strict=True))
    return start, moves, end


def log_likelihood(emissions: Tensor, tags: Tensor, mask: Tensor, scores: TagScores) -> Tensor:
    """(B,) log probability of each row's tags (B, W); 0 for a row without words. Where a tag is negative any will do."""
    if bool(((tags >= 0) | ~mask).all()):  # half the work
        return path_score(emissions, tags, mask, scores) - log_partition(emissions, mask, scores)
    others = torch.arange(emissions.shape[2], device=tags.device) != tags[..., None]  # (B, W, K)
    known = emissions.masked_fill(others & (tags >= 0)[..., None], _EXCLUDED)
    return log_partition(known, mask, scores) - log_partition(emissions, mask, scores)


def path_score(emissions: Tensor, tags: Tensor, mask: Tensor, scores: TagScores) -> Tensor:
    """(B,) what each row's tags are worth together."""
    emissions, (start, moves, end) = _exact(emissions, mask, scores)
    tags = tags.masked_fill(~mask, 0)
    words = emissions.gather(2, tags[..., None])[..., 0]  # (B, W, K) -> (B, W)
    steps = nn.functional.embedding(tags[:, :-1], moves).gather(2, tags[:, 1:, None])[..., 0]  # (B, W - 1)
    first = start.expand(len(tags), -1).gather(1, tags[:, :1])[:, 0]
    last = end.expand(len(tags), -1).gather(1, tags.gather(1, _last(mask)[:, None]))[:, 0]
    return (words.sum(1) + (steps * mask[:, 1:]).sum(1) + first + last) * mask[:, 0]


def log_partition(emissions: Tensor, mask: Tensor, scores: TagScores) -> Tensor:
    """(B,) log of the sum over all sequences of tags of exp(what it is worth); 0 for a row without words."""
    emissions, (start, moves, end) = _exact(emissions, mask, scores)
    states, shifts = _prefixes(emissions, start, moves)
    final = states.gather(1, _last(mask)[:, None, None].expand(-1, -1, states.shape[2]))[:, 0]  # (B, W, K) -> (B, K)
    return (torch.logsumexp(final + end, dim=1) + (shifts * mask).sum(1)) * mask[:, 0]


def _prefixes(emissions: Tensor, start: Tensor, moves: Tensor) -> tuple[Tensor, Tensor]:
    """(B, W, K) log-sum over all sequences that end in this tag at this word, less all shifts so far; (B, W) the shifts."""
    state = start + emissions[:, 0]
    states, shifts = [state], [torch.zeros_like(state[:, :1])]
    for word in emissions.unbind(1)[1:]:
        state = torch.logsumexp(state[:, :, None] + moves, dim=1) + word  # (B, K, K) -> (B, K)
        shift = state.detach().amax(dim=1, keepdim=True)
        state = state - shift
        states.append(state)
        shifts.append(shift)
    return torch.stack(states, dim=1), torch.cat(shifts, dim=1)


def _exact(emissions: Tensor, mask: Tensor, scores: TagScores) -> tuple[Tensor, TagScores]:
    """All in fp32 at least, as bf16 would lose what is summed up over words; 0 beyond the last word."""
    dtype = torch.promote_types(emissions.dtype, torch.float32)
    start, moves, end = (part.to(dtype) for part in scores)
    return emissions.to(dtype).masked_fill(~mask[..., None], 0.0), (start, moves, end)


def _last(mask: Tensor) -> Tensor:
    """(B,) where each row's last word stands; 0 in a row without words."""
    return (mask.sum(1) - 1).clamp(min=0)
