"""The sweep of the limits of arguments: it counts what the evaluation counts."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from eval import evaluate, gate, limits
from yaowen.extractor import DEFAULT_MODEL

SCORES = Path(evaluate.__file__).parent / "results" / "scores.json"


def test_the_limits_that_ship_give_the_recorded_score_and_higher_ones_fewer_arguments(monkeypatch):
    monkeypatch.setattr(limits, "DEFAULT_SETS", {"authored dev": evaluate.DEFAULT_SETS["authored dev"]})
    result = limits.measure(DEFAULT_MODEL)
    recorded = json.loads(SCORES.read_text("utf-8"))["sets"]["authored dev"]["arguments end to end"]
    chosen = next(row for row in result["limits"] if {k: row[k] for k in ("threshold", "least")} == result["chosen"])
    assert chosen["f1"] == pytest.approx(recorded["f1"], abs=gate.NOISE)
    for threshold in limits.THRESHOLDS:
        recalls = [row["recall"] for row in result["limits"] if row["threshold"] == threshold]
        assert all(more >= less for more, less in pairwise(recalls))
        assert recalls[0] > recalls[-1]
