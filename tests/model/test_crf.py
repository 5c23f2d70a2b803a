"""The CRF against trying every sequence of tags, and its gradients against finite differences."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from bertft.model.crf import TagScores, log_likelihood, log_partition, path_score
from bertft.model.extras.crf import CRF
from bertft.tags import chain
from bertft.tags.chain import FORBIDDEN, ChainScores, Legal

IOB2: Legal = ([True, True, False], [[True, True, False], [True, True, True], [True, True, True]], [True, True, True])
"""O, B, I: an I comes neither first nor after an O."""

LENGTHS = (5, 0, 3, 1, 4)


def random_crf(tags: int, *, seed: int, dtype: torch.dtype = torch.float64) -> CRF:
    """Random scores, a third of the moves forbidden; tag 0 may stand anywhere."""
    dice = torch.Generator().manual_seed(seed)
    start, moves, end = (torch.rand(shape, generator=dice) > 0.33 for shape in ((tags,), (tags, tags), (tags,)))
    start[0] = moves[0] = moves[:, 0] = end[0] = True
    crf = CRF(start.tolist(), moves.tolist(), end.tolist()).to(dtype)
    with torch.no_grad():
        for parameter in crf.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=dice, dtype=torch.float64) * 2)
    return crf


def batch(tags: int, *, seed: int, lengths: tuple[int, ...] = LENGTHS) -> tuple[Tensor, Tensor, Tensor]:
    """Emissions (B, W, K), tags (B, W) and mask (B, W) of rows of these lengths."""
    dice = torch.Generator().manual_seed(seed)
    shape = (len(lengths), max(lengths))
    emissions = torch.randn(*shape, tags, generator=dice, dtype=torch.float64) * 2
    mask = torch.arange(shape[1]) < torch.tensor(lengths)[:, None]
    return emissions, torch.randint(tags, shape, generator=dice).masked_fill(~mask, -100), mask


def every_path(emissions: Tensor, scores: TagScores) -> Iterator[tuple[tuple[int, ...], float]]:
    """All sequences of tags of one row (W, K), and what each is worth, added up one by one."""
    start, moves, end = (part.tolist() for part in scores)
    for path in itertools.product(range(emissions.shape[1]), repeat=len(emissions)):
        words = sum(word[tag] for word, tag in zip(emissions.tolist(), path, strict=True))
        steps = sum(moves[left][right] for left, right in itertools.pairwise(path))
        yield path, start[path[0]] + words + steps + end[path[-1]]


def log_sum(worths: list[float]) -> float:
    return float(torch.tensor(worths, dtype=torch.float64).logsumexp(0))


def arrays_of(scores: TagScores) -> ChainScores:
    start, moves, end = (part.detach().numpy() for part in scores)
    return start, moves, end


def viterbi(emissions: Tensor, mask: Tensor, scores: TagScores) -> Tensor:
    return torch.from_numpy(chain.viterbi(emissions.detach().numpy(), mask.numpy(), arrays_of(scores)))


def marginals(emissions: Tensor, mask: Tensor, scores: TagScores) -> Tensor:
    return torch.from_numpy(chain.marginals(emissions.detach().numpy(), mask.numpy(), arrays_of(scores)))


def forbidding(legal: Legal) -> TagScores:
    start, moves, end = map(torch.from_numpy, chain.forbidding(legal))
    return start, moves, end


CASES = [(tags, seed) for tags in (1, 2, 3, 4) for seed in range(4)]


@pytest.mark.parametrize(("tags", "seed"), CASES)
@torch.no_grad()
def test_all_that_is_computed_agrees_with_trying_every_path(tags: int, seed: int) -> None:
    scores = random_crf(tags, seed=seed).scores()
    emissions, gold, mask = batch(tags, seed=seed + 100)
    worth, partition = path_score(emissions, gold, mask, scores), log_partition(emissions, mask, scores)
    best, sure = viterbi(emissions, mask, scores), marginals(emissions, mask, scores)
    for row, words in enumerate(LENGTHS):
        if not words:
            continue
        paths = dict(every_path(emissions[row, :words], scores))
        assert float(worth[row]) == pytest.approx(paths[tuple(gold[row, :words].tolist())])
        assert float(partition[row]) == pytest.approx(log_sum(list(paths.values())))
        assert tuple(best[row, :words].tolist()) == max(paths, key=lambda path: paths[path])
        for place, tag in itertools.product(range(words), range(tags)):
            through = [value for path, value in paths.items() if path[place] == tag]
            wanted = math.exp(log_sum(through) - log_sum(list(paths.values())))
            assert float(sure[row, place, tag]) == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize(("tags", "seed"), CASES)
@torch.no_grad()
def test_an_unknown_tag_may_be_any(tags: int, seed: int) -> None:
    scores = random_crf(tags, seed=seed).scores()
    emissions, gold, mask = batch(tags, seed=seed + 100)
    gold[0, [0, 2, 3]] = -100
    gold[2] = -100
    found = log_likelihood(emissions, gold, mask, scores)
    for row in (0, 2, 3, 4):
        known = {place: int(tag) for place, tag in enumerate(gold[row]) if tag >= 0}
        paths = dict(every_path(emissions[row, : LENGTHS[row]], scores))
        fitting = [value for path, value in paths.items() if all(path[place] == tag for place, tag in known.items())]
        assert float(found[row]) == pytest.approx(log_sum(fitting) - log_sum(list(paths.values())), abs=1e-9)
    assert float(found[2]) == pytest.approx(0, abs=1e-9)  # nothing is known of it, so anything is right


@torch.no_grad()
def test_a_row_without_words_is_certain_and_has_no_tags() -> None:
    scores, (emissions, gold, mask) = random_crf(3, seed=1).scores(), batch(3, seed=1)
    assert float(log_partition(emissions, mask, scores)[1]) == 0
    assert float(log_likelihood(emissions, gold, mask, scores)[1]) == 0
    assert viterbi(emissions, mask, scores)[1].tolist() == [-1] * 5
    assert not marginals(emissions, mask, scores)[1].any()


def test_beyond_the_last_word_there_is_nothing() -> None:
    scores, (emissions, gold, mask) = random_crf(3, seed=1).scores(), batch(3, seed=1)
    ruined = emissions.masked_fill(~mask[..., None], float("nan")).requires_grad_()
    likelihood = log_likelihood(ruined, gold, mask, scores)
    assert torch.equal(likelihood, log_likelihood(emissions, gold, mask, scores))
    assert torch.equal(viterbi(ruined, mask, scores) == -1, ~mask)
    assert torch.equal(marginals(ruined, mask, scores), marginals(emissions, mask, scores))
    likelihood.sum().backward()
    assert ruined.grad is not None
    assert not ruined.grad[~mask].any()


def test_a_batch_is_its_rows_one_at_a_time() -> None:
    scores, (emissions, gold, mask) = random_crf(4, seed=2).scores(), batch(4, seed=2)
    gold[0, 1] = -100
    likelihood, best = log_likelihood(emissions, gold, mask, scores), viterbi(emissions, mask, scores)
    sure = marginals(emissions, mask, scores)
    for row, words in enumerate(LENGTHS):
        if words:
            alone = emissions[row : row + 1, :words], torch.ones(1, words, dtype=torch.bool)
            tags = gold[row : row + 1, :words]
            assert torch.allclose(log_likelihood(alone[0], tags, alone[1], scores), likelihood[row])
            assert viterbi(*alone, scores)[0].tolist() == best[row, :words].tolist()
            assert torch.allclose(marginals(*alone, scores)[0], sure[row, :words])


@pytest.mark.parametrize("unknown", [False, True])
def test_gradients_agree_with_finite_differences(unknown: bool) -> None:
    crf, (emissions, gold, mask) = random_crf(3, seed=5), batch(3, seed=5)
    with torch.no_grad():  # a path of gold tags that is legal, or its likelihood is beyond small differences
        gold = viterbi(emissions, mask, crf.scores())
        gold[0, 2:4] = -100 if unknown else gold[0, 2:4]
    emissions.requires_grad_()

    def likelihood(*_: Tensor) -> Tensor:
        return log_likelihood(emissions, gold, mask, crf.scores())

    assert torch.autograd.gradcheck(likelihood, (emissions, crf.start, crf.transitions, crf.end))


def test_forbidden_moves_are_not_learned() -> None:
    crf, (emissions, gold, mask) = random_crf(4, seed=3), batch(4, seed=3)
    log_likelihood(emissions, gold, mask, crf.scores()).sum().backward()
    for parameter, legal in (
        (crf.start, crf.legal_start),
        (crf.transitions, crf.legal_moves),
        (crf.end, crf.legal_end),
    ):
        assert parameter.grad is not None
        assert not parameter.grad[~legal].any()
        assert parameter.grad[legal].any()
    assert crf.scores()[1][~crf.legal_moves].unique().tolist() == [FORBIDDEN]


@pytest.mark.parametrize("seed", range(5))
def test_the_best_path_is_legal_whatever_the_words_ask_for(seed: int) -> None:
    emissions, _, mask = batch(3, seed=seed, lengths=(30, 17, 1))
    emissions[..., 2] += 500  # all ask for I
    emissions[:, ::3, 0] += 1000  # every third asks more for O
    start, moves, end = IOB2
    for row, path in enumerate(viterbi(emissions, mask, forbidding(IOB2))):
        tags = path[mask[row]].tolist()
        assert start[tags[0]]
        assert end[tags[-1]]
        assert all(moves[left][right] for left, right in itertools.pairwise(tags))


def test_ties_go_to_the_lower_tag() -> None:
    scores = forbidding(([True] * 3, [[True] * 3] * 3, [True] * 3))
    assert viterbi(torch.zeros(2, 6, 3), torch.ones(2, 6, dtype=torch.bool), scores).unique().tolist() == [0]


def test_the_likelihood_of_an_illegal_path_is_finite() -> None:
    crf, (emissions, gold, mask) = CRF(*IOB2), batch(3, seed=0)
    gold[mask] = 2
    gold[0, 1] = -100
    emissions.requires_grad_()
    log_likelihood(emissions, gold, mask, crf.scores()).sum().backward()
    assert emissions.grad is not None
    assert emissions.grad.isfinite().all()


def test_long_rows_are_as_exact_as_short_ones() -> None:
    crf = random_crf(5, seed=4)
    emissions, gold, mask = batch(5, seed=4, lengths=(3000,))
    emissions = (emissions * 10 + 1000).float().double()  # added up, fp32 would not tell 0.1 from 0
    exact, rounded = crf.scores(), CRF.scores(crf.float())
    truth = log_partition(emissions, mask, exact)
    assert torch.allclose(log_partition(emissions.float(), mask, rounded).double(), truth, rtol=1e-6)
    sure = marginals(emissions.float(), mask, rounded)
    assert torch.allclose(sure.sum(2), torch.ones(1, 3000), atol=1e-5)
    assert torch.allclose(sure.double(), marginals(emissions, mask, exact), atol=1e-3)
    assert torch.equal(viterbi(emissions.float(), mask, rounded), viterbi(emissions, mask, exact))
    assert log_likelihood(emissions.float(), gold, mask, rounded).isfinite().all()


@pytest.mark.parametrize("autocast", [False, True])
def test_bf16_words_are_added_up_in_fp32(autocast: bool) -> None:
    crf, (emissions, gold, mask) = random_crf(4, seed=6, dtype=torch.float32), batch(4, seed=6, lengths=(300, 200))
    half = emissions.bfloat16()
    gold[0, 7] = -100
    wanted = log_likelihood(half.float(), gold, mask, crf.scores())
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        found = log_likelihood(half, gold, mask, crf.scores())
    assert found.dtype == torch.float32
    assert torch.equal(found, wanted)


def test_a_crf_that_has_learned_nothing_is_forbidding() -> None:
    for nothing, learned in zip(forbidding(IOB2), CRF(*IOB2).scores(), strict=True):
        assert torch.equal(nothing, learned)
        assert not nothing.requires_grad
