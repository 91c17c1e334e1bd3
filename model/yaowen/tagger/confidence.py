"""From how sure the chain is of a span to how often such a span is right.

The chain's marginals are too sure of themselves: every tag is learned until it is near 1. A logistic curve for each label
(Platt 1999), fitted on documents the tagger did not learn from, says which share of the spans with that marginal is right.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

CLIP: Final = 1e-6  # a marginal is taken as at least this far from 0 and 1


@dataclass(frozen=True, slots=True)
class Confidence:
    """For each label the slope and the offset of the curve 1 / (1 + exp(-(offset + slope · log-odds of the marginal))).

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
            raise ValueError(f"the least score is {self.least}, expected 0 (all spans) to below 1")

    @classmethod
    def of(cls, record: Mapping[str, Any], labels: Sequence[str]) -> "Confidence":
        """Read `{"labels": {NAME: {"slope": …, "offset": …}}, "least": …}`; raises `ValueError` where a label is not there.

        >>> record = {"labels": {"DATE": {"slope": 1.0, "offset": 0.0}}}
        >>> round(Confidence.of(record, ["DATE"]).score(0.9, 0), 6)
        0.9
        """
        try:
            rows = [record["labels"][label] for label in labels]
            curves = tuple((float(row["slope"]), float(row["offset"])) for row in rows)
            return cls(curves, float(record.get("least", 0.0)))
        except (KeyError, TypeError) as error:
            raise ValueError(f"no slope and offset for every label ({type(error).__name__}: {error})") from None

    def score(self, marginal: float, label: int) -> float:
        """The share of spans of this label with this marginal that are right."""
        slope, offset = self.curves[label]
        return 1 / (1 + math.exp(-offset - slope * log_odds(marginal)))


def log_odds(marginal: float) -> float:
    """log(p / (1 - p)) of a probability that is kept `CLIP` away from 0 and 1.

    >>> round(log_odds(0.5), 6), log_odds(1.0) == log_odds(1 - CLIP)
    (0.0, True)
    """
    kept = min(max(marginal, CLIP), 1 - CLIP)
    return math.log(kept / (1 - kept))
