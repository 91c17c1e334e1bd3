"""Intervals and paired tests by the bootstrap over documents (Efron & Tibshirani 1993; Berg-Kirkpatrick et al. 2012)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from yaowen.evaluation.spans import Counts, SpanScores

SAMPLES: Final = 1000
SEED: Final = 20200205
LEVEL: Final = 0.95
# The share of samples that must hold a label for it to have an interval. A label of one document among many is in 63 % of
# them, one of two in 86 %, of three in 95 %: the F1 of one or two documents does not tell how others would differ.
HELD: Final = 0.9

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Table:
    """Counts of every document: `labels`, and `counts` (documents, labels, 3) of tp, fp, fn."""

    labels: tuple[str, ...]
    counts: Floats

    @classmethod
    def of(cls, documents: Sequence[SpanScores]) -> "Table":
        labels = tuple(sorted({name for scores in documents for name in scores.labels}))
        counts = np.zeros((len(documents), len(labels), 3))
        for row, scores in zip(counts, documents, strict=True):
            for column, name in enumerate(labels):
                if one := scores.labels.get(name):
                    row[column] = one.tp, one.fp, one.fn
        return cls(labels, counts)

    def only(self, labels: Sequence[str]) -> "Table":
        """The columns of some labels."""
        kept = [column for column, name in enumerate(self.labels) if name in labels]
        return Table(tuple(self.labels[c] for c in kept), self.counts[:, kept])


def weights(documents: int, samples: int = SAMPLES, seed: int = SEED) -> Floats:
    """How often each document is drawn in each sample: (samples, documents). The same for the same number of documents."""
    if documents == 0:
        raise ValueError("no documents to score: expected at least one annotated document")
    return np.random.default_rng(seed).multinomial(documents, [1 / documents] * documents, samples).astype(np.float64)


def micro_f1(table: Table, drawn: Floats | None = None) -> Floats:
    """F1 of the summed counts: (samples,), NaN in those that hold nothing to count, or () of the documents as they are."""
    return _f1(_total(table, drawn).sum(axis=-2), _nothing(drawn))


def macro_f1(table: Table, drawn: Floats | None = None) -> Floats:
    """Mean F1 of the labels that stand in gold or prediction of a sample: (samples,), NaN where none does, or ()."""
    total = _total(table, drawn)
    present = (total.sum(axis=-1) > 0).sum(axis=-1)
    return np.asarray(np.where(present, _f1(total, 0.0).sum(axis=-1) / np.maximum(present, 1), _nothing(drawn)))


def label_f1(table: Table, drawn: Floats | None = None) -> Floats:
    """F1 of every label: (samples, labels), NaN where a sample does not hold the label, or (labels,)."""
    return _f1(_total(table, drawn), _nothing(drawn))


def _total(table: Table, drawn: Floats | None) -> Floats:
    return table.counts.sum(axis=0) if drawn is None else np.tensordot(drawn, table.counts, axes=1)


def _nothing(drawn: Floats | None) -> float:
    """F1 where neither gold nor prediction has anything: 0 in a report, in a sample no figure at all."""
    return 0.0 if drawn is None else np.nan


def _f1(counts: Floats, nothing: float) -> Floats:
    tp, fp, fn = np.moveaxis(counts, -1, 0)
    below = 2 * tp + fp + fn
    return np.asarray(np.divide(2 * tp, below, out=np.full_like(below, nothing), where=below > 0))


def interval(values: Floats) -> list[float] | None:
    """The ends between which `LEVEL` of the samples lie, NaN left out; None where less than `HELD` of them have a figure."""
    held = values[~np.isnan(values)]
    if len(held) < HELD * len(values):
        return None
    low, high = np.quantile(held, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return [round(float(low), 4), round(float(high), 4)]


def differences(one: Floats, other: Floats) -> Floats:
    """F1 of the one minus F1 of the other in every sample, NaN only where neither has a figure."""
    neither = np.isnan(one) & np.isnan(other)
    return np.asarray(np.where(neither, np.nan, np.nan_to_num(one) - np.nan_to_num(other)))


def p_value(differences: Floats) -> float:
    """How often resampled documents turn the sign of a difference, on both sides (two-sided, at most 1).

    A sample with no figure (NaN) speaks for neither side, as one without a difference.
    """
    differences, samples = np.nan_to_num(differences), len(differences)
    below, above = int((differences <= 0).sum()), int((differences >= 0).sum())
    return round(min(1.0, 2 * (min(below, above) + 1) / (samples + 1)), 4)


def summary(documents: Sequence[SpanScores], drawn: Floats) -> dict[str, Any]:
    """Micro, macro and per-label scores with their intervals, as plain data."""
    table = Table.of(documents)
    labels = label_f1(table, drawn)
    total = table.counts.sum(axis=0)
    return {
        "micro": Counts(*total.sum(axis=0).tolist()).to_dict() | {"interval": interval(micro_f1(table, drawn))},
        "macro": {"f1": round(float(macro_f1(table)), 4), "interval": interval(macro_f1(table, drawn))},
        "labels": {
            name: Counts(*total[column].tolist()).to_dict() | {"interval": interval(labels[:, column])}
            for column, name in enumerate(table.labels)
        },
    }
