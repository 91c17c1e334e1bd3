import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.scheme import IOB2, Entities

from yaowen.tagger.viterbi import Chain, Scheme, decode, log_softmax, spans


def legal(labels: int) -> np.ndarray:
    """Which tag may follow which: bool (1 + 2 labels, 1 + 2 labels), in the order O, B..., I..."""
    allowed = np.ones((1 + 2 * labels,) * 2, bool)
    allowed[:, 1 + labels :] = False
    for label in range(labels):
        allowed[[1 + label, 1 + labels + label], 1 + labels + label] = True
    return allowed


def by_enumeration(scores: np.ndarray, labels: int, chain: Chain) -> tuple[list[int], list[float]]:
    """Best path and its marginals from all paths there are."""
    allowed = legal(labels)
    weights = {}
    for path in itertools.product(range(1 + 2 * labels), repeat=len(scores)):
        if path[0] <= labels and all(allowed[a, b] for a, b in itertools.pairwise(path)):
            steps = chain.start[path[0]] + sum(chain.step[a, b] for a, b in itertools.pairwise(path))
            weights[path] = float(np.exp(steps + sum(scores[step, tag] for step, tag in enumerate(path))))
    best = max(weights, key=weights.__getitem__)
    total = sum(weights.values())
    marginals = [sum(w for path, w in weights.items() if path[step] == tag) / total for step, tag in enumerate(best)]
    return list(best), marginals


def by_dense_recursion(scores: np.ndarray, labels: int, chain: Chain) -> tuple[list[int], list[float]]:
    """The textbook recursions in float64, with the whole matrix of transitions, for one sentence."""
    transitions = np.where(legal(labels), chain.step.astype(np.float64), -np.inf)
    start = np.where(np.arange(1 + 2 * labels) <= labels, chain.start.astype(np.float64), -np.inf)
    best, forward = [scores[0] + start], [scores[0] + start]
    back = []
    for row in scores[1:]:
        reached = best[-1][:, None] + transitions
        back.append(reached.argmax(0))
        best.append(reached.max(0) + row)
        forward.append(np.logaddexp.reduce(forward[-1][:, None] + transitions, 0) + row)
    path = [int(best[-1].argmax())]
    for pointers in reversed(back):
        path.append(int(pointers[path[-1]]))
    path.reverse()
    backward = [np.zeros(1 + 2 * labels)]
    for row in scores[:0:-1]:
        backward.append(np.logaddexp.reduce(transitions + row + backward[-1], 1))
    backward.reverse()
    total = np.logaddexp.reduce(forward[-1])
    return path, [float(np.exp(f[t] + b[t] - total)) for f, b, t in zip(forward, backward, path, strict=True)]


def check(scores: np.ndarray, ends: np.ndarray, labels: int, reference, chain: Chain) -> None:
    decoded = decode(scores, ends, chain)
    start = 0
    for end in (np.flatnonzero(ends) + 1).tolist():
        path, marginals = reference(scores[start:end].astype(np.float64), labels, chain)
        assert decoded.tags[start:end].tolist() == path
        np.testing.assert_allclose(decoded.marginals[start:end], marginals, atol=2e-5)
        start = end


def random_case(seed: int, tokens: int, labels: int, share_of_ends: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    scores = log_softmax(rng.normal(0, 2, (tokens, 1 + 2 * labels)).astype(np.float32))
    ends = rng.random(tokens) < share_of_ends
    ends[-1] = True
    return scores, ends


def learned(labels: int, seed: int = 0) -> Chain:
    """A chain with scores at random."""
    rng, width = np.random.default_rng(seed), 1 + 2 * labels
    return Chain(rng.normal(0, 1.5, width).astype(np.float32), rng.normal(0, 1.5, (width, width)).astype(np.float32))


CHAINS = pytest.mark.parametrize("chain_of", [Chain.free, learned])


@CHAINS
@pytest.mark.parametrize("labels", [1, 2])
@pytest.mark.parametrize("tokens", [1, 2, 3, 5])
def test_the_best_of_all_legal_paths_is_found(tokens, labels, chain_of):
    for seed in range(20):
        check(*random_case(seed, tokens, labels, 0.2), labels, by_enumeration, chain_of(labels))


@CHAINS
@pytest.mark.parametrize(("tokens", "share_of_ends"), [(40, 0.0), (600, 0.03), (600, 0.5), (100, 1.0)])
def test_eighteen_labels_agree_with_the_dense_recursion(tokens, share_of_ends, chain_of):
    for seed in range(3):
        check(*random_case(seed, tokens, 18, share_of_ends), 18, by_dense_recursion, chain_of(18))


def test_sure_models_and_long_sentences_do_not_underflow():
    rng = np.random.default_rng(1)
    scores = log_softmax(rng.normal(0, 60, (5000, 37)).astype(np.float32))
    ends = np.zeros(5000, bool)
    ends[-1] = True
    decoded = decode(scores, ends, learned(18))
    assert decoded.tags.tolist() == by_dense_recursion(scores.astype(np.float64), 18, learned(18))[0]
    assert np.isfinite(decoded.marginals).all()
    assert (decoded.marginals > 0).all()


@given(st.integers(0, 10_000), st.integers(1, 80), st.sampled_from([1, 3, 18]), st.floats(0, 1))
def test_no_broken_span_ever_comes_out(seed, tokens, labels, share_of_ends):
    scores, ends = random_case(seed, tokens, labels, share_of_ends)
    tags = decode(scores, ends, learned(labels, seed)).tags
    allowed = legal(labels)
    for position, tag in enumerate(tags):
        if position == 0 or ends[position - 1]:
            assert tag <= labels
        else:
            assert allowed[tags[position - 1], tag]


def test_a_sentence_is_decoded_as_if_it_were_alone():
    scores, ends = random_case(3, 300, 18, 0.1)
    decoded = decode(scores, ends, learned(18))
    cuts = (np.flatnonzero(ends) + 1).tolist()
    for low, high in itertools.pairwise([0, *cuts]):
        alone = decode(scores[low:high], ends[low:high], learned(18))
        assert alone.tags.tolist() == decoded.tags[low:high].tolist()
        np.testing.assert_allclose(alone.marginals, decoded.marginals[low:high], rtol=1e-5)


def test_spans_are_those_that_a_strict_outside_reader_sees():
    names = ["O", *(f"{kind}-L{i}" for kind in "BI" for i in range(18))]
    for seed in range(10):
        decoded = decode(*random_case(seed, 400, 18, 0.05), learned(18))
        read = Entities([[names[tag] for tag in decoded.tags]], IOB2).entities[0]
        expected = [(e.start, e.end - 1, int(e.tag[1:])) for e in read]
        assert [span[:3] for span in spans(decoded, 18)] == expected


def test_a_score_is_the_geometric_mean_over_the_span():
    probabilities = np.array([[0.1, 0.9, 0.0001], [0.19, 0.01, 0.8], [0.98, 0.01, 0.01]], np.float32)
    decoded = decode(np.log(probabilities), np.array([False, False, True]), Chain.free(1))
    ((first, last, label, score),) = spans(decoded, 1)
    assert (first, last, label) == (0, 1, 0)
    assert score == pytest.approx(float(np.prod(decoded.marginals[:2])) ** 0.5)
    assert 0.8 < score < 0.95


def test_nothing_decodes_to_nothing():
    assert list(spans(decode(np.zeros((0, 37), np.float32), np.zeros(0, bool), Chain.free(18)), 18)) == []


def test_the_last_token_must_end_a_sentence():
    with pytest.raises(ValueError, match="last token"):
        decode(np.zeros((2, 3), np.float32), np.array([True, False]), Chain.free(1))


def test_tags_may_stand_in_any_order_of_outputs():
    scheme = Scheme.of(["I-DATE", "B-PERSON", "O", "B-DATE", "I-PERSON"])
    assert scheme.labels == ("PERSON", "DATE")
    assert scheme.columns.tolist() == [2, 1, 3, 4, 0]


@pytest.mark.parametrize(
    "tags",
    [[], ["O"], ["O", "B-DATE"], ["B-DATE", "I-DATE"], ["O", "B-DATE", "I-PERSON"], ["O", "B-A", "B-A", "I-A", "I-A"]],
)
def test_what_is_no_bio_scheme_is_refused(tags):
    with pytest.raises(ValueError, match="expected O"):
        Scheme.of(tags)


def test_a_chain_keeps_the_law_whatever_it_was_given():
    chain = Chain(np.zeros(5, np.float32), np.full((5, 5), 9.0, np.float32))
    assert np.isinf(chain.start[3:]).all()
    assert (np.isfinite(chain.step) == legal(2)).all()


@pytest.mark.parametrize(
    ("start", "step"),
    [(np.zeros(4), np.zeros((4, 4))), (np.zeros(3), np.zeros((3, 5))), (np.array([0, np.nan, 0]), np.zeros((3, 3)))],
)
def test_what_is_no_chain_is_refused(start, step):
    with pytest.raises(ValueError, match="chain"):
        Chain(start.astype(np.float32), step.astype(np.float32))


def test_a_chain_can_change_what_is_best():
    scores = log_softmax(np.array([[0.0, 0.1, 0.0], [0.0, 0.0, 0.1]], np.float32))
    ends = np.array([False, True])
    assert decode(scores, ends, Chain.free(1)).tags.tolist() == [1, 2]
    apart = Chain(np.zeros(3, np.float32), np.array([[0, 0, 0], [0, 0, -3], [0, 0, 0]], np.float32))
    assert decode(scores, ends, apart).tags.tolist() != [1, 2]
