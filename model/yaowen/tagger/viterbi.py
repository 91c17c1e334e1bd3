"""The best legal BIO sequence of each sentence, and how sure the model is of it.

A tag I-X may only follow B-X or I-X, and a sequence may not begin with it. What else may follow what is free, or has a
score that was learned with the encoder (a linear-chain CRF: Lafferty et al. 2001). The best path (Viterbi 1967) and the
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
class Chain:
    """Scores (logarithms) of the first tag, (tags,), and of each step, (from, to), in the order O, every B, every I.

    What is not legal is minus infinity, whatever was given. Raises `ValueError` for other shapes and for no numbers.
    """

    start: Floats
    step: Floats

    def __post_init__(self) -> None:
        width = len(self.start)
        if self.start.shape != (width,) or self.step.shape != (width, width) or width % 2 == 0:
            raise ValueError(f"chain: expected shapes (tags,) and (tags, tags), got {self.start.shape}, {self.step.shape}")
        labels = (width - 1) // 2
        opened = np.zeros((width, width), bool)
        opened[:, : 1 + labels] = True
        inner = np.arange(labels) + 1 + labels
        opened[inner - labels, inner] = opened[inner, inner] = True
        start = np.where(np.arange(width) <= labels, self.start, -np.inf).astype(np.float32)
        step = np.where(opened, self.step, -np.inf).astype(np.float32)
        if not (np.isfinite(start[: 1 + labels]).all() and np.isfinite(step[opened]).all()):
            raise ValueError("chain: a legal first tag or step has no finite score")
        object.__setattr__(self, "start", start)
        object.__setattr__(self, "step", step)

    @classmethod
    def free(cls, labels: int) -> "Chain":
        """Every legal sequence as good as any other."""
        width = 1 + 2 * labels
        return cls(np.zeros(width, np.float32), np.zeros((width, width), np.float32))

    def tempered(self, temperature: float) -> "Chain":
        """The scores divided by a temperature, as the encoder's are."""
        return Chain(self.start / np.float32(temperature), self.step / np.float32(temperature))


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


def decode(log_probabilities: Floats, ends: NDArray[np.bool_], chain: Chain) -> Decoded:
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
    tags = _best_paths(emissions, packed.starts, chain)
    marginals = _marginals(np.exp(emissions), packed.starts, tags, chain)
    result = Decoded(np.empty(len(ends), np.intp), np.empty(len(ends), np.float32))
    result.tags[packed.order] = tags
    result.marginals[packed.order] = marginals
    return result


def _best_paths(emissions: Floats, starts: list[int], chain: Chain) -> NDArray[np.intp]:
    """Viterbi over packed sentences; `emissions` (tokens, tags), the result (tokens,), both packed."""
    best = np.empty(len(emissions), np.intp)  # the best tag of each place as if the sentence ended there
    back = np.zeros(emissions.shape, np.int16)  # the best tag before each tag of each place
    into = np.ascontiguousarray(chain.step.T)  # (to, from): the tags to choose from lie side by side
    scores = emissions[: starts[1]] + chain.start
    for step, low in enumerate(starts[:-1]):
        high = starts[step + 1]
        if step:
            paths = scores[: high - low, None, :] + into
            back[low:high] = paths.argmax(2)
            scores = np.take_along_axis(paths, back[low:high, :, None].astype(np.intp), 2)[:, :, 0] + emissions[low:high]
        best[low:high] = scores.argmax(1)
        scores = scores - scores.max(1, keepdims=True)  # as good to compare, and no sentence is too long
    tags = best
    for step in range(len(starts) - 2, 0, -1):
        low, high = starts[step], starts[step + 1]
        tags[starts[step - 1] :][: high - low] = back[np.arange(low, high), tags[low:high]]
    return tags


def _marginals(probabilities: Floats, starts: list[int], tags: NDArray[np.intp], chain: Chain) -> Floats:
    """Forward-backward over packed sentences; `probabilities` (tokens, tags), `tags` and the result (tokens,)."""
    np.maximum(probabilities, 1e-12, out=probabilities)  # no sentence may become impossible by underflow
    first, steps = np.exp(chain.start - chain.start.max()), np.exp(chain.step - chain.step.max())
    forward = probabilities.copy()
    for step in range(len(starts) - 1):
        low, high = starts[step], starts[step + 1]
        here = forward[low:high]
        here *= forward[starts[step - 1] :][: high - low] @ steps if step else first
        here /= here.sum(1, keepdims=True)
    result = np.empty(len(tags), np.float32)
    after = np.zeros((0, probabilities.shape[1]), np.float32)
    for step in range(len(starts) - 2, -1, -1):
        low, high = starts[step], starts[step + 1]
        backward = np.ones_like(forward[low:high])
        backward[: len(after)] = after @ steps.T
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
