"""From how likely a span is under the chain to how often such a span is right.

The chain's probabilities are too sure of themselves: every tag is learned until it is near 1. A logistic curve for each
label (Platt 1999), fitted on documents the tagger did not learn from, says which share of the spans with that probability
is right.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

CLIP: Final = 1e-6  # a probability is taken as at least this far from 0 and 1


@dataclass(frozen=True, slots=True)
class Confidence:
    """For each label the slope and the offset of the curve 1 / (1 + exp(-(offset + slope · log-odds of the probability))).

    A span whose score is below `least` costs more precision than it brings recall, and is not given.
    """

    curves: tuple[tuple[float, float], ...]
    least: float = 0.0

    def __post_init__(self) -> None:
        if not all(math.isfinite(slope) and math.isfinite(offset) and slope > 0 for slope, offset in self.curves):
            raise ValueError(
                "every slope must be above 0, so that a surer span stays the surer one, and every offset a number"
            )
        if not 0 <= self.least < 1:
            raise ValueError(f"the least score is {self.least}, expected 0 (all that are at all likely) to below 1")

    @classmethod
    def of(cls, record: Mapping[str, Any], labels: Sequence[str]) -> "Confidence":
        """Read `{"labels": {NAME: {"slope": …, "offset": …}}, "least": …}`; raises `ValueError` where a label is not there.

        >>> record = {"labels": {"DATE": {"slope": 1.0, "offset": 0.0}}}
        >>> Confidence.of(record, ["DATE"]).scores(np.array([0.25, 0.75]), np.array([0, 0])).tolist()
        [0.25, 0.75]
        """
        try:
            rows = [record["labels"][label] for label in labels]
            curves = tuple((float(row["slope"]), float(row["offset"])) for row in rows)
            return cls(curves, float(record.get("least", 0.0)))
        except (KeyError, TypeError) as error:
            raise ValueError(f"no slope and offset for every label ({type(error).__name__}: {error})") from None

    def scores(self, probabilities: NDArray[np.floating], labels: NDArray[np.intp]) -> NDArray[np.float64]:
        """The shares of spans of these labels with these probabilities that are right, (spans,)."""
        slopes, offsets = np.array(self.curves).T
        return 1 / (1 + np.exp(-offsets[labels] - slopes[labels] * log_odds(probabilities)))


def log_odds(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """log(p / (1 - p)) of probabilities that are kept `CLIP` away from 0 and 1.

    >>> log_odds(np.array([0.5])).tolist(), bool(log_odds(np.array([1.0]))[0] == log_odds(np.array([1 - CLIP]))[0])
    ([0.0], True)
    """
    kept = np.clip(probabilities.astype(np.float64), CLIP, 1 - CLIP)
    return np.log(kept / (1 - kept))
