"""The chain over the tags of a sentence: its likelihood, gradient and spans against those of every tag sequence."""

from itertools import pairwise, product

import numpy as np
import pytest
import torch

from training.chain import Chain, legal_steps
from training.examples import tag_names
from yaowen.tagger import posterior

NAMES = tag_names(["A", "B"])


def by_hand(chain: Chain, scores: torch.Tensor, tags: torch.Tensor, lengths: list[int]) -> torch.Tensor:
    """The same loss with every legal sequence written out."""
    first_legal, step_legal = legal_steps(NAMES)
    loss, at = torch.zeros(()), 0
    for length in lengths:
        weights = []
        for path in product(range(len(NAMES)), repeat=length):
            if first_legal[path[0]] and all(step_legal[a, b] for a, b in pairwise(path)):
                weights.append(score(chain, scores[at : at + length], list(path)))
        loss = (
            loss
            + torch.stack(weights).logsumexp(0)
            - score(chain, scores[at : at + length], tags[at : at + length].tolist())
        )
        at += length
    return loss / at


def score(chain: Chain, scores: torch.Tensor, path: list[int]) -> torch.Tensor:
    steps = [chain.step[a, b] for a, b in pairwise(path)]
    return sum(steps, chain.start[path[0]] + sum(scores[i, tag] for i, tag in enumerate(path)))


def test_likelihood_and_gradient_are_those_of_all_sequences():
    torch.manual_seed(3)
    chain = Chain(NAMES)
    with torch.no_grad():
        chain.start.normal_()
        chain.step.normal_()
    lengths = [3, 1, 5, 3]
    tags = torch.tensor([0, 1, 2, 3, 1, 2, 2, 0, 3, 3, 4, 1])
    ends = torch.from_numpy(np.isin(np.arange(12), np.cumsum(lengths) - 1))
    scores = (3 * torch.randn(12, len(NAMES))).requires_grad_()
    wanted = scores, chain.start, chain.step
    found = chain(scores, tags, ends)
    expected = by_hand(chain, scores, tags, lengths)
    assert torch.allclose(found, expected, atol=1e-5)
    for ours, theirs in zip(torch.autograd.grad(found, wanted), torch.autograd.grad(expected, wanted), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)


def test_far_apart_scores_do_not_overflow():
    chain = Chain(NAMES)
    scores = torch.tensor([[300.0, -300, 0, 0, 0]] * 400, requires_grad=True)
    loss = chain(scores, torch.zeros(400, dtype=torch.int64), torch.arange(400) == 399)
    loss.backward()
    assert abs(loss.item()) < 1e-4
    assert torch.isfinite(scores.grad).all()


def random_chain(seed: int = 0) -> tuple[Chain, torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(seed)
    chain = Chain(["O", "B-DATE", "I-DATE", "B-PERSON", "I-PERSON"])
    torch.nn.init.normal_(chain.start)
    torch.nn.init.normal_(chain.step)
    tags = torch.tensor([1, 2, 0, 3, 0, 3, 4, 4, 1, 3])
    ends = torch.zeros(len(tags), dtype=torch.bool)
    ends[[3, 4, 7, 9]] = True
    return chain, torch.randn(len(tags), 5), tags, ends


def paths(chain: Chain, scores: torch.Tensor) -> dict[tuple[int, ...], torch.Tensor]:
    """The score of every path of a sentence, legal or not."""
    start, step = chain.start + chain.start_shut, chain.step + chain.step_shut
    return {
        path: start[path[0]] + sum(scores[i, t] for i, t in enumerate(path)) + sum(step[a, b] for a, b in pairwise(path))
        for path in product(range(scores.shape[1]), repeat=len(scores))
    }


def test_the_finished_tagger_holds_spans_as_likely_as_this_chain_does() -> None:
    scheme = posterior.Scheme.of(["O", "B-DATE", "I-DATE", "B-PERSON", "I-PERSON"])
    for seed in range(5):
        chain, scores, _, ends = random_chain(seed)
        found = posterior.posteriors(scores.numpy()[:, scheme.columns], ends.numpy(), chain.finished(scheme))
        given = zip(found.firsts.tolist(), found.lasts.tolist(), found.labels.tolist(), strict=True)
        chances = dict(zip(given, found.scores.tolist(), strict=True))
        expected: dict[tuple[int, int, int], float] = {}
        begin = 0
        for end in (ends.nonzero().squeeze(1) + 1).tolist():
            every = paths(chain, scores[begin:end])
            for path, share in zip(every, torch.softmax(torch.stack(list(every.values())), 0).tolist(), strict=True):
                for first, tag in enumerate(path):
                    if tag % 2:  # B of a label, and what goes on with its I
                        last = next((i for i in range(first, len(path) - 1) if path[i + 1] != tag + 1), len(path) - 1)
                        span = begin + first, begin + last, tag // 2
                        expected[span] = expected.get(span, 0.0) + share
            begin = end
        assert chances.keys() == {span for span, share in expected.items() if share >= posterior.LEAST}
        assert all(chance == pytest.approx(expected[span], abs=1e-4) for span, chance in chances.items())


def test_a_sure_chain_does_not_underflow() -> None:
    chain, _, _, _ = random_chain()
    scores = torch.randn(2000, 5) * 200
    tags, ends = torch.zeros(2000, dtype=torch.long), torch.zeros(2000, dtype=torch.bool)
    ends[-1] = True
    loss = chain(scores.requires_grad_(), tags, ends)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(scores.grad).all()
