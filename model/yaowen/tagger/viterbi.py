"""The best legal BIO sequence of each sentence, and how sure the model is of it.

A tag I-X may only follow B-X or I-X, and a sequence may not begin with it; everything else is allowed. Under that rule
the tag probabilities of the tokens define a linear chain whose best path (Viterbi, IEEE Trans. Inf. Theory 13, 1967) and
marginals (forward-backward) are exact; all sentences go through the recursions side by side.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Scheme:
    """The tags of a model: which of its outputs are O, B-X and I-X."""

    labels: tuple[str, ...]  # X, in the order of the outputs B-X
    columns: NDArray[np.intp]  # (1 + 2 labels,): the outputs in the order O, every B, every I

    @classmethod
    def of(cls, tags: Sequence[str]) -> "Scheme":
        """Read tag names in output order; raises `ValueError` unless they are O and a B and an I for each label.

        >>> Scheme.of(["O", "B-DATE", "I-DATE"]).labels
        ('DATE',)
        """
        labels = tuple(tag[2:] for tag in tags if tag.startswith("B-"))
        wanted = ["O", *(f"B-{label}" for label in labels), *(f"I-{label}" for label in labels)]
        if not labels or len(set(labels)) < len(labels) or sorted(wanted) != sorted(tags):
            raise ValueError(f"tags {list(tags)}: expected O and, for each label X, one B-X and one I-X")
        return cls(labels, np.array([tags.index(tag) for tag in wanted]))


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """What stands on the tokens; both have the shape (tokens,)."""

    tags: NDArray[np.intp]  # 0: O; 1 + i: B of label i; 1 + labels + i: I of label i
    marginals: Floats  # probability of that tag given the whole sentence


@dataclass(frozen=True, slots=True, eq=False)
class _Packed:
    """Sentences side by side, longest first: step t is row t of each that is so long, one after the other.

    Shapes: order (tokens,), the token at each packed place; starts (steps + 1,), where each step begins.
    """

    order: NDArray[np.intp]
    starts: list[int]

    @classmethod
    def of(cls, ends: NDArray[np.bool_]) -> "_Packed":
        lasts = np.flatnonzero(ends)
        firsts = np.concatenate(([0], lasts[:-1] + 1))
        lengths = lasts - firsts + 1
        rank = np.empty(len(lengths), np.intp)
        rank[np.argsort(-lengths, kind="stable")] = np.arange(len(lengths))
        step = np.arange(len(ends)) - np.repeat(firsts, lengths)
        order = np.lexsort((np.repeat(rank, lengths), step))
        return cls(order, [0, *np.cumsum(np.bincount(step)).tolist()])


def log_softmax(logits: Floats) -> Floats:
    """Logarithms of probabilities over the last axis."""
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def decode(log_probabilities: Floats, ends: NDArray[np.bool_]) -> Decoded:
    """The best legal tags of each sentence and their marginals.

    `log_probabilities` (tokens, 1 + 2 labels), columns in the order of `Scheme.columns`; `ends` (tokens,) is true on the
    last token of a sentence, at least on the last token of all. No span reaches over an end.
    """
    if not len(ends):
        return Decoded(np.zeros(0, np.intp), np.zeros(0, np.float32))
    if not ends[-1]:
        raise ValueError("the last token must end a sentence")
    packed = _Packed.of(ends)
    emissions = log_probabilities[packed.order]
    tags = _best_paths(emissions, packed.starts)
    marginals = _marginals(np.exp(emissions), packed.starts, tags)
    result = Decoded(np.empty(len(ends), np.intp), np.empty(len(ends), np.float32))
    result.tags[packed.order] = tags
    result.marginals[packed.order] = marginals
    return result


def _best_paths(emissions: Floats, starts: list[int]) -> NDArray[np.intp]:
    """Viterbi over packed sentences; `emissions` (tokens, tags), the result (tokens,), both packed."""
    count, width = emissions.shape
    labels = (width - 1) // 2
    best = np.empty(count, np.intp)  # the best tag of each place as if the sentence ended there
    stays = np.empty((count, labels), bool)  # whether I-X is best reached from I-X, not from B-X
    scores = emissions[: starts[1]].copy()
    scores[:, 1 + labels :] = -np.inf
    for step, low in enumerate(starts[:-1]):
        high = starts[step + 1]
        if step:
            before = scores[: high - low]
            begin, inside = before[:, 1 : 1 + labels], before[:, 1 + labels :]
            stays[low:high] = inside > begin
            scores = emissions[low:high].copy()
            scores[:, 1 + labels :] += np.maximum(inside, begin)
        best[low:high] = scores.argmax(1)
        # O and B may follow the best of all: keeping that at 0 saves adding it and never overflows.
        scores -= scores.max(1, keepdims=True)
    return _trace_back(best, stays, starts)


def _trace_back(best: NDArray[np.intp], stays: NDArray[np.bool_], starts: list[int]) -> NDArray[np.intp]:
    labels = stays.shape[1]
    tags = best.copy()
    for step in range(len(starts) - 2, 0, -1):
        low, high = starts[step], starts[step + 1]
        after = tags[low:high]
        (rows,) = np.nonzero(after > labels)  # I-X: what stands before is decided by X
        label = after[rows] - 1 - labels
        tags[starts[step - 1] + rows] = np.where(stays[low + rows, label], after[rows], label + 1)
    return tags


def _marginals(probabilities: Floats, starts: list[int], tags: NDArray[np.intp]) -> Floats:
    """Forward-backward over packed sentences; `probabilities` (tokens, tags), `tags` and the result (tokens,)."""
    labels = (probabilities.shape[1] - 1) // 2
    np.maximum(probabilities, 1e-12, out=probabilities)  # no sentence may become impossible by underflow
    forward = probabilities.copy()
    forward[: starts[1], 1 + labels :] = 0
    for step in range(len(starts) - 1):
        low, high = starts[step], starts[step + 1]
        here = forward[low:high]
        if step:
            before = forward[starts[step - 1] :][: high - low]  # sums to 1
            here[:, 1 + labels :] *= before[:, 1 : 1 + labels] + before[:, 1 + labels :]
        here /= here.sum(1, keepdims=True)
    result = np.empty(len(tags), np.float32)
    after = np.zeros((0, probabilities.shape[1]), np.float32)
    for step in range(len(starts) - 2, -1, -1):
        low, high = starts[step], starts[step + 1]
        backward = np.ones_like(forward[low:high])
        going_on = backward[: len(after)]
        going_on[:] = after[:, : 1 + labels].sum(1, keepdims=True)
        going_on[:, 1 : 1 + labels] += after[:, 1 + labels :]
        going_on[:, 1 + labels :] += after[:, 1 + labels :]
        backward /= backward.max(1, keepdims=True)
        joint = forward[low:high] * backward
        result[low:high] = joint[np.arange(high - low), tags[low:high]] / joint.sum(1)
        after = probabilities[low:high] * backward
    return np.clip(result, np.finfo(np.float32).tiny, 1.0)


def spans(decoded: Decoded, labels: int) -> Iterator[tuple[int, int, int, float]]:
    """First token, last token, label and score of each span, in text order.

    The score is the geometric mean of the marginals of the span's tags.
    """
    firsts = np.flatnonzero((decoded.tags > 0) & (decoded.tags <= labels))
    outside = np.append(np.flatnonzero(decoded.tags <= labels), len(decoded.tags))
    stops = outside[np.searchsorted(outside, firsts, "right")]
    summed = np.concatenate(([0.0], np.cumsum(np.log(decoded.marginals, dtype=np.float64))))
    scores = np.exp((summed[stops] - summed[firsts]) / (stops - firsts))
    yield from zip(
        firsts.tolist(), (stops - 1).tolist(), (decoded.tags[firsts] - 1).tolist(), scores.clip(0, 1).tolist(), strict=True
    )
