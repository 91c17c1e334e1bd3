"""The quality gate: floors, and how they move."""

import json
import shutil
from pathlib import Path

import pytest

from eval import gate
from eval.gate import Recorded
from yaowen.extractor import DEFAULT_MODEL

FLOORS = {"dev, DATE": 0.9, "dev, calibration error": 0.02}
needs_model = pytest.mark.skipif(not (DEFAULT_MODEL / "manifest.json").exists(), reason="no model in the package")


def now(**changes: float) -> Recorded:
    figures = {"dev, DATE": 0.9, "dev, calibration error": 0.02} | {k.replace("_", ", "): v for k, v in changes.items()}
    return Recorded(figures, "w", {"dev": "d"})


def test_what_is_worse_is_told_and_what_is_better_is_not():
    assert gate.complaints(FLOORS, now().figures) == []
    assert gate.complaints(FLOORS, {"dev, DATE": 0.95, "dev, calibration error": 0.01}) == []
    (line,) = gate.complaints(FLOORS, {"dev, DATE": 0.89, "dev, calibration error": 0.02})
    assert line == "dev, DATE: 0.8900 is below the floor, 0.9000"
    (line,) = gate.complaints(FLOORS, {"dev, DATE": 0.9, "dev, calibration error": 0.03})
    assert line == "dev, calibration error: 0.0300 is above the floor, 0.0200"
    (line,) = gate.complaints(FLOORS, {"dev, DATE": 0.9})
    assert "not recorded any more" in line


def test_floors_rise_by_themselves_and_fall_only_when_told():
    baseline = {"weights": "w", "data": {}, "floors": FLOORS}
    better = Recorded({"dev, DATE": 0.92, "dev, calibration error": 0.01, "new, entities": 0.5}, "v", {"dev": "e"})
    raised = gate.moved(baseline, better, lower=False)
    assert raised == {"weights": "v", "data": {"dev": "e"}, "floors": dict(better.figures)}
    worse = Recorded(FLOORS | {"dev, DATE": 0.8}, "v", {})
    with pytest.raises(ValueError, match="--lower alone"):
        gate.moved(baseline, worse, lower=False)
    assert gate.moved(baseline, worse, lower=True)["floors"]["dev, DATE"] == 0.8
    assert gate.moved({}, worse, lower=False)["floors"]["dev, DATE"] == 0.8, "the first floors"


def test_other_data_are_told():
    baseline = {"weights": "w", "data": {"dev": "before"}, "floors": FLOORS}
    (line,) = gate.check(baseline, now())
    assert "dev: measured on other data" in line


@needs_model
def test_recorded_figures_are_those_of_the_shipped_weights_and_at_their_floors(tmp_path: Path):
    assert gate.check(json.loads(gate.BASELINE.read_text("utf-8")), gate.recorded(gate.RESULTS, DEFAULT_MODEL)) == []
    results = shutil.copytree(gate.RESULTS, tmp_path / "results")
    scores = json.loads((results / "scores.json").read_text("utf-8"))
    (results / "scores.json").write_text(json.dumps(scores | {"model": "other"}), "utf-8")
    with pytest.raises(ValueError, match="other weights"):
        gate.recorded(results, DEFAULT_MODEL)
    (results / "scores.json").unlink()
    with pytest.raises(ValueError, match=r"scores\.json is missing"):
        gate.recorded(results, DEFAULT_MODEL)


@needs_model
def test_scoring_again_sees_a_fall_and_other_data():
    baseline = json.loads(gate.BASELINE.read_text("utf-8"))
    name = "authored dev, entities"
    floors = {name: baseline["floors"][name] + 0.01, "dev, DATE": 2.0}
    (line,) = gate.score_again(baseline | {"floors": floors}, DEFAULT_MODEL)
    assert line.startswith(name), "only what is scored now is compared"
    (line,) = gate.score_again(baseline | {"data": {"authored dev": "other"}}, DEFAULT_MODEL)
    assert "is not what the floors were measured on" in line
