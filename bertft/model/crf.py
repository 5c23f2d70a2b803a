"""A linear-chain CRF: a sequence of tags is worth its words' scores and its moves from tag to tag. (Lafferty et al. 2001.)

Words' scores ("emissions") come in as (B, W, K), each row's words on the left, with a mask (B, W) that is true on words.
Everything is computed in fp32 at least, in log space, and brought back to a largest score of 0 at every word, so that
20,000 words are as exact as 20.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

Legal = tuple[Sequence[bool], Sequence[Sequence[bool]], Sequence[bool]]
"""Which tags may come first (K,), which may follow which (K, K), which may come last (K,)."""

TagScores = tuple[Tensor, Tensor, Tensor]
"""start (K,), moves (K, K) from row to column, end (K,)."""

FORBIDDEN = -1e4
"""Score of a forbidden move. Finite, so that gradients are, too."""

_EXCLUDED = 100 * FORBIDDEN
"""Score of a tag that is known not to be a word's: worse than any two forbidden moves around it."""


def allowed(scores: TagScores, legal: tuple[Tensor, Tensor, Tensor]) -> TagScores:
    """Those scores, but FORBIDDEN for what is not legal."""
    start, moves, end = (part.masked_fill(~fine, FORBIDDEN) for part, fine in zip(scores, legal, strict=True))
    return start, moves, end


def forbidding(legal: Legal) -> TagScores:
    """The scores of a CRF that has learned nothing: 0 for what is legal."""
    start, moves, end = (torch.as_tensor(part, dtype=torch.bool) for part in legal)
    return allowed((torch.zeros(start.shape), torch.zeros(moves.shape), torch.zeros(end.shape)), (start, moves, end))


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


@torch.no_grad()
def marginals(emissions: Tensor, mask: Tensor, scores: TagScores) -> Tensor:
    """(B, W, K) probability of each tag at each word, all words of its row considered; 0 where there is no word."""
    emissions, (start, moves, end) = _exact(emissions, mask, scores)
    turned = _turned(mask)[..., None].expand_as(emissions)
    before, _ = _prefixes(emissions, start, moves)
    after, _ = _prefixes(emissions.gather(1, turned), end, moves.T)
    both = before + after.gather(1, turned) - emissions  # each has its word's own score
    return both.softmax(dim=2) * mask[..., None]


@torch.no_grad()
def viterbi(emissions: Tensor, mask: Tensor, scores: TagScores) -> Tensor:
    """(B, W) the best sequence of tags, -1 where there is no word. Ties go to the lower tag id, from the last word on."""
    emissions, (start, moves, end) = _exact(emissions, mask, scores)
    state = start + emissions[:, 0]
    states, origins = [state], []
    for word in emissions.unbind(1)[1:]:
        best, origin = (state[:, :, None] + moves).max(dim=1)  # (B, K, K) -> (B, K)
        state = best + word
        state = state - state.amax(dim=1, keepdim=True)
        states.append(state)
        origins.append(origin)
    last = _last(mask)
    final = torch.stack(states, 1)[torch.arange(len(last), device=last.device), last] + end
    return _traced(final.argmax(dim=1, keepdim=True), origins, last).masked_fill(~mask, -1)


def _traced(tag: Tensor, origins: Sequence[Tensor], last: Tensor) -> Tensor:
    """From the last word's tag (B, 1) back to the first's: (B, W), beyond the last word the last tag."""
    path = [tag]
    for place in range(len(origins), 0, -1):
        tag = torch.where(place <= last[:, None], origins[place - 1].gather(1, tag), tag)
        path.append(tag)
    return torch.cat(path[::-1], dim=1)


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


def _turned(mask: Tensor) -> Tensor:
    """(B, W) where to find each row's words from the last to the first; beyond them anything."""
    return (_last(mask)[:, None] - torch.arange(mask.shape[1], device=mask.device)).clamp(min=0)
