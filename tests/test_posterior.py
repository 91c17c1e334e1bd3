import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yaowen.tagger.posterior import LEAST, Chain, Scheme, Spans, likely, log_softmax, posteriors, surest


def legal(labels: int) -> np.ndarray:
    """Which tag may follow which: bool (1 + 2 labels, 1 + 2 labels), in the order O, B..., I..."""
    allowed = np.ones((1 + 2 * labels,) * 2, bool)
    allowed[:, 1 + labels :] = False
    for label in range(labels):
        allowed[[1 + label, 1 + labels + label], 1 + labels + label] = True
    return allowed


def spans_of(path: Sequence[int], labels: int) -> set[tuple[int, int, int]]:
    """First token, last token and label of each span of a legal tag sequence."""
    firsts = [i for i, tag in enumerate(path) if 1 <= tag <= labels]
    stops = [next((j for j in range(i + 1, len(path)) if path[j] <= labels), len(path)) for i in firsts]
    return {(i, stop - 1, path[i] - 1) for i, stop in zip(firsts, stops, strict=True)}


def by_enumeration(scores: np.ndarray, labels: int, chain: Chain) -> dict[tuple[int, int, int], float]:
    """How likely each span of a sentence is, from all legal tag sequences there are."""
    allowed = legal(labels)
    total, found = 0.0, {}
    for path in itertools.product(range(1 + 2 * labels), repeat=len(scores)):
        if path[0] <= labels and all(allowed[a, b] for a, b in itertools.pairwise(path)):
            steps = chain.start[path[0]] + sum(chain.step[a, b] for a, b in itertools.pairwise(path))
            weight = float(np.exp(steps + sum(scores[step, tag] for step, tag in enumerate(path))))
            total += weight
            for span in spans_of(path, labels):
                found[span] = found.get(span, 0.0) + weight
    return {span: weight / total for span, weight in found.items()}


def by_dense_recursion(scores: np.ndarray, labels: int, chain: Chain) -> dict[tuple[int, int, int], float]:
    """The same by the textbook recursions in float64: weight before a span, of it and behind it, over that of all."""
    transitions = np.where(legal(labels), chain.step.astype(np.float64), -np.inf)
    start = np.where(np.arange(1 + 2 * labels) <= labels, chain.start.astype(np.float64), -np.inf)
    forward, backward = [scores[0] + start], [np.zeros(1 + 2 * labels)]
    for row in scores[1:]:
        forward.append(np.logaddexp.reduce(forward[-1][:, None] + transitions, 0) + row)
    for row in scores[:0:-1]:
        backward.append(np.logaddexp.reduce(transitions + row + backward[-1], 1))
    backward.reverse()
    total = np.logaddexp.reduce(forward[-1])
    found = {}
    for first, label in itertools.product(range(len(scores)), range(labels)):
        tag, weight = 1 + label, forward[first][1 + label]
        for last in range(first, len(scores)):
            if last > first:
                weight += transitions[tag, 1 + labels + label] + scores[last, 1 + labels + label]
                tag = 1 + labels + label
            ends_here = backward[last][tag]
            if last + 1 < len(scores):
                ways = transitions[tag] + scores[last + 1] + backward[last + 1]
                ends_here = np.logaddexp.reduce(np.delete(ways, 1 + labels + label))
            found[first, last, label] = float(np.exp(weight + ends_here - total))
    return found


def rows(spans: Spans) -> dict[tuple[int, int, int], float]:
    keys = zip(spans.firsts.tolist(), spans.lasts.tolist(), spans.labels.tolist(), strict=True)
    return dict(zip(keys, spans.scores.tolist(), strict=True))


def check(scores: np.ndarray, ends: np.ndarray, labels: int, reference, chain: Chain) -> None:
    found = rows(posteriors(scores, ends, chain))
    expected, start = {}, 0
    for end in (np.flatnonzero(ends) + 1).tolist():
        sentence = reference(scores[start:end].astype(np.float64), labels, chain)
        expected |= {(start + a, start + b, label): p for (a, b, label), p in sentence.items()}
        start = end
    assert list(found) == sorted(found)
    for span in found.keys() | {span for span, p in expected.items() if p > LEAST + 1e-4}:
        assert found[span] == pytest.approx(expected[span], abs=2e-5)
        assert found[span] >= LEAST


def random_case(seed: int, tokens: int, labels: int, share_of_ends: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    scores = log_softmax(rng.normal(0, 3, (tokens, 1 + 2 * labels)).astype(np.float32))
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
def test_a_span_is_as_likely_as_all_the_sequences_that_have_it(tokens, labels, chain_of):
    for seed in range(20):
        check(*random_case(seed, tokens, labels, 0.2), labels, by_enumeration, chain_of(labels))


@CHAINS
@pytest.mark.parametrize(("tokens", "share_of_ends"), [(40, 0.0), (200, 0.03), (300, 0.5), (100, 1.0)])
def test_eighteen_labels_agree_with_the_dense_recursion(tokens, share_of_ends, chain_of):
    for seed in range(2):
        check(*random_case(seed, tokens, 18, share_of_ends), 18, by_dense_recursion, chain_of(18))


def test_sure_models_and_long_sentences_do_not_underflow():
    rng = np.random.default_rng(1)
    scores = log_softmax(rng.normal(0, 60, (5000, 37)).astype(np.float32))
    ends = np.zeros(5000, bool)
    ends[-1] = True
    found = posteriors(scores, ends, learned(18))
    assert len(found) > 1000
    assert np.isfinite(found.scores).all()
    assert found.scores.max() <= 1


@given(st.integers(0, 10_000), st.integers(1, 80), st.sampled_from([1, 3, 18]), st.floats(0, 1))
def test_what_is_taken_never_overlaps_and_stays_in_its_sentence(seed, tokens, labels, share_of_ends):
    scores, ends = random_case(seed, tokens, labels, share_of_ends)
    found = posteriors(scores, ends, learned(labels, seed))
    for spans in (likely(scores, ends, learned(labels, seed)), found.take(surest(found.firsts, found.lasts, found.scores))):
        covered = [t for a, b in zip(spans.firsts, spans.lasts, strict=True) for t in range(a, b + 1)]
        assert covered == sorted(set(covered))
        assert not any(ends[a:b].any() for a, b in zip(spans.firsts, spans.lasts, strict=True))


def test_a_sentence_is_read_as_if_it_were_alone():
    scores, ends = random_case(3, 300, 18, 0.1)
    together = rows(posteriors(scores, ends, learned(18)))
    alone = {}
    for low, high in itertools.pairwise([0, *(np.flatnonzero(ends) + 1).tolist()]):
        part = rows(posteriors(scores[low:high], ends[low:high], learned(18)))
        alone |= {(low + a, low + b, label): p for (a, b, label), p in part.items()}
    assert together == pytest.approx(alone, rel=1e-5)


def test_a_span_that_the_best_sequence_lacks_is_found():
    """Two ways to go on behind the first token share what one way to pass it over has for itself."""
    scores = np.log(np.array([[0.4, 0.6, 1e-9], [0.5, 0.5, 1e-9]], np.float32))
    step = np.array([[0.5, 0, 0], [0, 0, 0], [0, 0, 0]], np.float32)
    weight = {(a, b): float(np.exp(scores[0, a] + scores[1, b] + step[a, b])) for a in (0, 1) for b in (0, 1)}
    assert max(weight, key=weight.__getitem__) == (0, 0)
    found = rows(likely(scores, np.array([False, True]), Chain(np.zeros(3, np.float32), step)))
    assert found == {(0, 0, 0): pytest.approx((weight[1, 0] + weight[1, 1]) / sum(weight.values()), abs=1e-4)}


def test_the_surest_of_overlapping_spans_are_taken_and_less_sure_ones_change_nothing():
    firsts, lasts = np.array([0, 0, 2, 4, 4]), np.array([1, 3, 5, 4, 6])
    scores = np.array([0.3, 0.6, 0.8, 0.5, 0.4])
    assert surest(firsts, lasts, scores).tolist() == [0, 2]
    sure = scores >= 0.4
    assert surest(firsts[sure], lasts[sure], scores[sure]).tolist() == [1]  # the same span, counted anew
    assert surest(firsts[:0], lasts[:0], scores[:0]).tolist() == []


def test_equally_sure_spans_are_taken_from_the_left():
    assert surest(np.array([1, 0]), np.array([2, 1]), np.array([0.5, 0.5])).tolist() == [1]


def test_nothing_holds_no_span():
    nothing = np.zeros((0, 37), np.float32), np.zeros(0, bool), Chain.free(18)
    assert len(posteriors(*nothing)) == len(likely(*nothing)) == 0


def test_the_last_token_must_end_a_sentence():
    with pytest.raises(ValueError, match="last token"):
        posteriors(np.zeros((2, 3), np.float32), np.array([True, False]), Chain.free(1))


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


def test_a_chain_that_float32_cannot_hold_is_refused_and_a_shut_step_is_held():
    step = np.zeros((3, 3), np.float32)
    step[1] = -120
    with pytest.raises(ValueError, match="apart"):
        Chain(np.zeros(3, np.float32), step)
    step[1, 0] = 0
    scores, ends = random_case(2, 30, 1, 0.2)
    found = posteriors(scores, ends, Chain(np.zeros(3, np.float32), step))
    assert len(found)
    assert np.isfinite(found.scores).all()


def test_a_chain_can_change_what_is_likely():
    scores = log_softmax(np.array([[0.0, 3.0, 0.0], [0.0, 0.0, 3.0]], np.float32))
    ends = np.array([False, True])
    assert list(rows(likely(scores, ends, Chain.free(1)))) == [(0, 1, 0)]
    apart = Chain(np.zeros(3, np.float32), np.array([[0, 0, 0], [0, 0, -9], [0, 0, 0]], np.float32))
    assert list(rows(likely(scores, ends, apart))) == [(0, 0, 0)]
