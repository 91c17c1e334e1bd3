"""Whether scores are probabilities: of the answers that are 0.9 sure, nine of ten should be right."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np

from yaowen.evaluation.reading import Reading

BINS: Final = 10

Answer = tuple[float, bool]  # the score, and whether the answer is right


def span_answers(gold: Iterable[Reading], found: Iterable[Reading]) -> list[Answer]:
    """Every predicted span with a score; right where start, end and label are those of a gold span."""
    answers = []
    for wanted, given in zip(gold, found, strict=True):
        keys = {span.key for span in wanted.spans}
        answers += [(s.score, s.key in keys) for s in given.spans if s.score is not None]
    return answers


def argument_answers(gold: Iterable[Reading], found: Iterable[Reading]) -> list[Answer]:
    """Every predicted argument with a score; right where type, trigger, role and span are those of a gold argument."""
    answers = []
    for wanted, given in zip(gold, found, strict=True):
        keys = {(e.type, e.start, e.end, a.role, a.start, a.end) for e in wanted.events for a in e.arguments}
        answers += [
            (a.score, (e.type, e.start, e.end, a.role, a.start, a.end) in keys)
            for e in given.events
            for a in e.arguments
            if a.score is not None
        ]
    return answers


def calibration(answers: Sequence[Answer], bins: int = BINS) -> dict[str, Any] | None:
    """Expected calibration error (Guo et al. 2017), Brier score, and the reliability curve; None of no answers.

    Bins are of equal width; each has the number of answers, their mean score and the share that is right.

    >>> calibration([(0.95, True), (0.95, True), (0.95, False), (0.95, True)])["ece"]
    0.2
    """
    if not answers:
        return None
    scores = np.array([score for score, _ in answers])
    right = np.array([hit for _, hit in answers], dtype=np.float64)
    place = np.minimum((scores * bins).astype(int), bins - 1)
    curve = [
        {
            "low": round(b / bins, 4), "high": round((b + 1) / bins, 4), "answers": int(own.sum()),
            "score": round(float(scores[own].mean()), 4), "right": round(float(right[own].mean()), 4),
        }
        for b in range(bins)
        if (own := place == b).any()
    ]  # fmt: skip
    error = sum(abs(scores[own].mean() - right[own].mean()) * own.sum() for b in range(bins) if (own := place == b).any())
    return {
        "answers": len(answers), "ece": round(float(error) / len(answers), 4),
        "brier": round(float(((scores - right) ** 2).mean()), 4), "curve": curve,
    }  # fmt: skip
