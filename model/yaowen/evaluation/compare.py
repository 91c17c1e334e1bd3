"""Two readers on the same gold: differences, whether they may be chance, and the documents where they part."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from yaowen.evaluation.bootstrap import Floats, Table, differences, interval, label_f1, micro_f1, p_value
from yaowen.evaluation.measures import MEASURES
from yaowen.evaluation.reading import Reading
from yaowen.evaluation.spans import SpanScores

DOCUMENTS: Final = 20  # told of, those that differ most


def compare(
    gold: Sequence[Reading], one: Sequence[Reading], other: Sequence[Reading], names: Sequence[str], drawn: Floats
) -> dict[str, Any]:
    """For each measure the F1 of both, their difference (one minus other) with its interval and paired p-value.

    Both are resampled together: document by document, the same ones for both.
    """
    measures = {}
    for name in names:
        count = MEASURES[name].count
        pair = [[count(g, f) for g, f in zip(gold, found, strict=True)] for found in (one, other)]
        measures[name] = _difference(Table.of(pair[0]), Table.of(pair[1]), drawn) | {
            "labels": _labels(pair[0], pair[1], drawn)
        }
    return {"measures": measures, "documents": _parting(gold, one, other)}


def _difference(one: Table, other: Table, drawn: Floats) -> dict[str, Any]:
    samples = differences(micro_f1(one, drawn), micro_f1(other, drawn))
    first, second = float(micro_f1(one)), float(micro_f1(other))
    return {
        "f1": round(first, 4), "against": round(second, 4), "difference": round(first - second, 4),
        "interval": interval(samples), "p": p_value(samples),
    }  # fmt: skip


def _labels(one: Sequence[SpanScores], other: Sequence[SpanScores], drawn: Floats) -> dict[str, Any]:
    """The same for each label that both tables have room for."""
    tables, none = (Table.of(one), Table.of(other)), np.full((len(drawn), 1), np.nan)
    result = {}
    for name in sorted(set(tables[0].labels) | set(tables[1].labels)):
        a, b = (label_f1(t.only([name]), drawn) if name in t.labels else none for t in tables)
        totals = [float(label_f1(t.only([name]))[0]) if name in t.labels else 0.0 for t in tables]
        samples = differences(a, b)[:, 0]
        result[name] = {
            "f1": round(totals[0], 4), "against": round(totals[1], 4), "difference": round(totals[0] - totals[1], 4),
            "interval": interval(samples), "p": p_value(samples),
        }  # fmt: skip
    return result


def _parting(gold: Sequence[Reading], one: Sequence[Reading], other: Sequence[Reading]) -> list[dict[str, Any]]:
    """The documents in which the readings differ, those with most spans and arguments of only one reader first."""
    rows: list[dict[str, Any]] = []
    for g, a, b in zip(gold, one, other, strict=True):
        marks = [_answers(reading) for reading in (g, a, b)]
        apart = marks[1] ^ marks[2]
        if apart:
            better = len((marks[1] - marks[2]) & marks[0]) + len((marks[2] - marks[1]) - marks[0])
            worse = len((marks[2] - marks[1]) & marks[0]) + len((marks[1] - marks[2]) - marks[0])
            rows.append({"id": g.id, "apart": len(apart), "better": better, "worse": worse})
    return sorted(rows, key=lambda row: -row["apart"])[:DOCUMENTS]


def _answers(reading: Reading) -> set[tuple[object, ...]]:
    fillers = {(e.type, e.start, e.end, a.role, a.start, a.end) for e in reading.events for a in e.arguments}
    return {s.key for s in reading.spans} | fillers
