"""The report of an evaluation as plain data: `report.json` is this, and everything else is rendered from it."""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from yaowen.evaluation.bootstrap import HELD, LEVEL, SAMPLES, Floats, Table, interval, micro_f1, summary, weights
from yaowen.evaluation.calibration import argument_answers, calibration, span_answers
from yaowen.evaluation.errors import argument_errors, confusion, span_errors
from yaowen.evaluation.measures import MEASURES, askable
from yaowen.evaluation.reading import Reading
from yaowen.evaluation.spans import SpanScores

SCHEMA: Final = "yaowen-report/1"
LENGTHS: Final = (0, 200, 400, 800, 1600)  # characters from which a class of documents begins
HEADLINES: Final = ("spans", "trigger classification", "arguments", "roster", "dates", "places")


def build(gold: Sequence[Reading], found: Sequence[Reading], samples: int = SAMPLES) -> dict[str, Any]:
    """All that gold and predictions tell; readings stand in the same order. Raises `ValueError` where there are none."""
    drawn = weights(len(gold), samples)
    counts = {name: [MEASURES[name].count(g, f) for g, f in zip(gold, found, strict=True)] for name in askable(gold)}
    measures = {
        name: {"title": MEASURES[name].title, "about": MEASURES[name].about} | summary(scores, drawn)
        for name, scores in counts.items()
    }
    errors = [
        error
        for g, f in zip(gold, found, strict=True)
        for error in (*span_errors(g, f), *(argument_errors(g, f) if "arguments" in counts else ()))
    ]
    wrong = Counter(error["document"] for error in errors)
    return {
        "schema": SCHEMA,
        "documents": len(gold),
        "characters": sum(len(g.text) for g in gold),
        "bootstrap": {"samples": samples, "level": LEVEL, "held": HELD},
        "headline": [name for name in HEADLINES if name in counts],
        "measures": measures,
        "confusion": confusion(gold, found),
        "calibration": {
            "spans": calibration(span_answers(gold, found)),
            "arguments": calibration(argument_answers(gold, found)) if "arguments" in counts else None,
        },
        "lengths": _lengths(gold, counts, samples),
        "each": [_document(number, g, counts, wrong[g.id]) for number, g in enumerate(gold)],
        "errors": sorted(errors, key=lambda e: (e["score"] is None, -(e["score"] or 0.0))),
    }


def _lengths(gold: Sequence[Reading], counts: dict[str, list[SpanScores]], samples: int) -> list[dict[str, Any]]:
    """F1 of spans and arguments in classes of document length."""
    classes = []
    for low, high in pairwise((*LENGTHS, math.inf)):
        chosen = [i for i, g in enumerate(gold) if low <= len(g.text) < high]
        if chosen:
            drawn = weights(len(chosen), samples)
            scores = {n: _f1([counts[n][i] for i in chosen], drawn) for n in ("spans", "arguments") if n in counts}
            classes.append({"from": low, "below": None if high == math.inf else high, "documents": len(chosen)} | scores)
    return classes


def _f1(scores: Sequence[SpanScores], drawn: Floats) -> dict[str, Any]:
    table = Table.of(scores)
    return {"f1": round(float(micro_f1(table)), 4), "interval": interval(micro_f1(table, drawn))}


def _document(number: int, gold: Reading, counts: dict[str, list[SpanScores]], errors: int) -> dict[str, Any]:
    scores = {n: round(counts[n][number].micro().f1, 4) for n in ("spans", "arguments") if n in counts}
    return {"id": gold.id, "characters": len(gold.text), "errors": errors} | scores
