"""Strict span scores: a predicted span counts only where start, end and label are all those of a gold span."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Key = tuple[int, int, str]  # start, end, label


@dataclass(frozen=True, slots=True)
class Counts:
    """True positives, false positives, false negatives; counts add up over documents and labels.

    >>> (Counts(1, 1, 0) + Counts(2, 0, 1)).f1
    0.75
    """

    tp: float = 0
    fp: float = 0
    fn: float = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def precision(self) -> float:
        return self.tp / (self.tp + self.fp) if self.tp + self.fp else 0.0

    @property
    def recall(self) -> float:
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else 0.0

    @property
    def f1(self) -> float:
        return 2 * self.tp / (2 * self.tp + self.fp + self.fn) if self.tp + self.fp + self.fn else 0.0

    def to_dict(self) -> dict[str, float]:
        return {
            "precision": round(self.precision, 4), "recall": round(self.recall, 4), "f1": round(self.f1, 4),
            "gold": self.tp + self.fn, "predicted": self.tp + self.fp,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class SpanScores:
    """Counts for each label; adds up over documents."""

    labels: Mapping[str, Counts] = field(default_factory=dict)

    def __add__(self, other: "SpanScores") -> "SpanScores":
        names = {**self.labels, **other.labels}
        return SpanScores({n: self.labels.get(n, Counts()) + other.labels.get(n, Counts()) for n in names})

    def micro(self, labels: Iterable[str] | None = None) -> Counts:
        """The summed counts of these labels (default: all)."""
        names = self.labels if labels is None else labels
        return sum((self.labels.get(n, Counts()) for n in names), Counts())

    def macro_f1(self, labels: Iterable[str] | None = None) -> float:
        """The mean F1 over those of these labels that stand in gold or prediction."""
        scores = [self.labels[n].f1 for n in (self.labels if labels is None else labels) if n in self.labels]
        return sum(scores) / len(scores) if scores else 0.0

    def to_dict(self) -> dict[str, dict[str, float]]:
        return {name: self.labels[name].to_dict() for name in sorted(self.labels)}


def score(gold: Iterable[Key], predicted: Iterable[Key]) -> SpanScores:
    """The scores of one document.

    >>> score({(0, 2, "DATE"), (3, 5, "DATE")}, {(0, 2, "DATE"), (3, 6, "DATE")}).micro()
    Counts(tp=1, fp=1, fn=1)
    """
    gold_set, predicted_set = set(gold), set(predicted)
    hit, wrong, missed = (
        Counter(label for _, _, label in keys)
        for keys in (gold_set & predicted_set, predicted_set - gold_set, gold_set - predicted_set)
    )
    return SpanScores({n: Counts(hit[n], wrong[n], missed[n]) for n in sorted({*hit, *wrong, *missed})})
