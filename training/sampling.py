"""Which training documents an epoch reads: a share of them, and those with rare labels more often."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from yaowen.formats.annotated import AnnotatedDocument


def portion(documents: Sequence[AnnotatedDocument], share: float, seed: int) -> tuple[AnnotatedDocument, ...]:
    """A random share of the documents, at least one, in their order; of one seed, a smaller share is part of a larger one.

    Raises `ValueError` for a share that is not above 0 and at most 1.
    """
    if not 0 < share <= 1:
        raise ValueError(f"domain.share = {share}: expected a share above 0 and at most 1")
    order = np.random.default_rng(seed).permutation(len(documents))
    return tuple(documents[i] for i in sorted(order[: max(1, round(share * len(documents)))]))


def weights(documents: Sequence[AnnotatedDocument], balance: float) -> np.ndarray:
    """How often an epoch reads each document on the average, float64 (documents,), mean 1.

    A document's need is the mean, over its spans, of 1 / (spans of that label in all documents); it is read as often as
    its need to the power `balance` says. 0: all alike.
    """
    if not balance:
        return np.ones(len(documents))
    counts = Counter(mark.label for document in documents for mark in document.spans)
    needs = [float(np.mean([1 / counts[m.label] for m in d.spans])) if d.spans else 0.0 for d in documents]
    least = min((need for need in needs if need), default=1.0)  # of a document without spans too: it says what is none
    powers = np.array([(need or least) ** balance for need in needs])
    return powers / powers.mean()


def draw(documents: Sequence[AnnotatedDocument], often: np.ndarray, rng: np.random.Generator) -> list[AnnotatedDocument]:
    """The documents of one epoch: each as many times as its weight says, the fraction by chance."""
    if (often == 1).all():
        return list(documents)
    times = np.floor(often + rng.random(len(documents))).astype(int)
    return [document for document, count in zip(documents, times, strict=True) for _ in range(count)]
