"""How likely each span of a sentence is, under a linear chain over its BIO tags, and which of the likely ones to take.

A tag I-X may only follow B-X or I-X, and a sequence may not begin with it. What else may follow what is free, or has a
score that was learned with the encoder (a linear-chain CRF: Lafferty et al. 2001). Forward-backward gives the exact
probability that a span stands just there, summed over all that may stand around it; the best single sequence (Viterbi) would
drop a span whose probability is spread over several readings of its neighbours. All sentences go through the recursions
side by side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

LIKELY: Final = 0.5  # spans above it cannot overlap: where one stands, no other does
LEAST: Final = 0.05  # less likely spans are not looked at
WIDEST: Final = 80.0  # nats; exp of more is 0 in float32


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
        if np.ptp(step.max(1)) > WIDEST:
            raise ValueError(f"chain: best steps of two tags more than {WIDEST:g} apart cannot be told in float32")
        object.__setattr__(self, "start", start)
        object.__setattr__(self, "step", step)

    @classmethod
    def free(cls, labels: int) -> "Chain":
        """Every legal sequence as good as any other."""
        width = 1 + 2 * labels
        return cls(np.zeros(width, np.float32), np.zeros((width, width), np.float32))


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """Spans of tokens in the order of their beginnings; all have the shape (spans,)."""

    firsts: NDArray[np.intp]
    lasts: NDArray[np.intp]  # the last token of the span itself
    labels: NDArray[np.intp]
    scores: NDArray[np.floating]  # how likely each is, or what calibration makes of that

    def __len__(self) -> int:
        return len(self.firsts)

    def take(self, chosen: NDArray[np.intp] | NDArray[np.bool_]) -> "Spans":
        return Spans(self.firsts[chosen], self.lasts[chosen], self.labels[chosen], self.scores[chosen])


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


def posteriors(log_probabilities: Floats, ends: NDArray[np.bool_], chain: Chain) -> Spans:
    """Every span that is at least `LEAST` likely to stand just there with its label; they may overlap.

    `log_probabilities` (tokens, 1 + 2 labels), columns in the order of `Scheme.columns`; `ends` (tokens,) is true on the
    last token of a sentence, at least on the last token of all. No span reaches over an end.
    """
    if len(ends) and not ends[-1]:
        raise ValueError("the last token must end a sentence")
    if not len(ends):
        none = np.zeros(0, np.intp)
        return Spans(none, none, none, np.zeros(0, np.float32))
    begins, goes_on = _forward_backward(log_probabilities, ends, chain)
    at, labels = np.nonzero(begins >= LEAST)
    firsts, reached, after_first = at, begins[at, labels], 0
    found: list[tuple[NDArray[Any], ...]] = []
    while len(at) or not found:
        more = reached * goes_on[after_first, at, labels]
        exact = np.clip(reached - more, 0, 1)
        here = exact >= LEAST
        found.append((firsts[here], at[here], labels[here], exact[here]))
        kept = more >= LEAST
        firsts, at, labels, reached, after_first = firsts[kept], at[kept] + 1, labels[kept], more[kept], 1
    spans = Spans(*(np.concatenate(column) for column in zip(*found, strict=True)))
    return spans.take(np.lexsort((spans.labels, spans.lasts, spans.firsts)))


def likely(log_probabilities: Floats, ends: NDArray[np.bool_], chain: Chain) -> Spans:
    """The spans that are more likely than not, in text order; arguments as of `posteriors`."""
    spans = posteriors(log_probabilities, ends, chain)
    return spans.take(spans.scores > LIKELY)


def surest(firsts: NDArray[np.intp], lasts: NDArray[np.intp], scores: NDArray[np.floating]) -> NDArray[np.intp]:
    """Which spans to take, in text order, so that none overlap: the one with the highest score, then the next.

    What is taken of some spans is not changed by others with lower scores.
    """
    taken, free = [], np.ones(int(lasts.max(initial=-1)) + 1, bool)
    for index in np.lexsort((firsts, -scores)).tolist():
        place = slice(firsts[index], lasts[index] + 1)
        if free[place].all():
            free[place] = False
            taken.append(index)
    return np.array(sorted(taken), np.intp)


def _forward_backward(log_probabilities: Floats, ends: NDArray[np.bool_], chain: Chain) -> tuple[Floats, Floats]:
    """How likely a span of each label begins at each token, (tokens, labels), and goes on behind it, (2, tokens, labels).

    The second given that it is there: first for a token that begins the span, then for one inside it. A chain given its
    scores is a chain again, so that these are all it takes to say how likely a span is.
    """
    packed, labels = _Packed.of(ends), (log_probabilities.shape[1] - 1) // 2
    begin, inner = slice(1, 1 + labels), slice(1 + labels, None)
    probabilities = np.exp(log_probabilities[packed.order])
    np.maximum(probabilities, 1e-12, out=probabilities)  # no sentence may become impossible by underflow
    first, steps = np.exp(chain.start - chain.start.max()), np.exp(chain.step - chain.step.max())
    into_inner = np.stack([steps[begin, inner].diagonal(), steps[inner, inner].diagonal()])
    starts = packed.starts
    forward = probabilities.copy()
    for step in range(len(starts) - 1):
        low, high = starts[step], starts[step + 1]
        here = forward[low:high]
        here *= forward[starts[step - 1] :][: high - low] @ steps if step else first
        here /= here.sum(1, keepdims=True)
    begins = np.empty((len(ends), labels), np.float32)
    goes_on = np.zeros((2, len(ends), labels), np.float32)
    behind = np.zeros((0, probabilities.shape[1]), np.float32)  # weight of all from the next token on, by its tag
    for step in range(len(starts) - 2, -1, -1):
        low, high, more = starts[step], starts[step + 1], len(behind)
        backward = np.ones_like(forward[low:high])
        backward[:more] = behind @ steps.T
        ways = backward[:more, 1:].reshape(more, 2, labels).swapaxes(0, 1)
        goes_on[:, low : low + more] = into_inner[:, None] * behind[:, inner] / ways
        backward /= backward.max(1, keepdims=True)
        joint = forward[low:high] * backward
        begins[low:high] = joint[:, begin] / joint.sum(1, keepdims=True)
        behind = probabilities[low:high] * backward
    result = np.empty_like(begins), np.empty_like(goes_on)
    result[0][packed.order], result[1][:, packed.order] = begins, goes_on
    return result
