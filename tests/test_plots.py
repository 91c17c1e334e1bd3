"""The plots of the model card from records made for the test."""

import json
from pathlib import Path

from eval import plots

KINDS = ("entities", "triggers", "all")


def row(documents: int, f1: float, difference: float | None = None) -> dict:
    seeds = {str(seed): dict.fromkeys(KINDS, f1 + seed / 1000) | {"steps": 7} for seed in (1, 2)}
    found = {"says": f"{documents} documents", "documents": documents, "seeds": seeds, "mean": dict.fromkeys(KINDS, f1)}
    return (
        found
        if difference is None
        else found | {"difference": {kind: {"mean": difference, "error": None} for kind in KINDS}}
    )


def records(folder: Path) -> Path:
    curve = {"ece": 0.1, "curve": [{"score": 0.5, "right": 0.4, "answers": 20}, {"score": 0.9, "right": 1.0, "answers": 2}]}
    variants = {"base": row(8, 0.9), "half": row(4, 0.8, -0.1), "bad": row(4, 0.1, -0.8), "good": row(8, 0.91, 0.01)}
    for name, record in (
        ("ablations", {"seeds": [1, 2], "variants": variants}), ("curve", {"seeds": [1, 2], "variants": variants}),
        ("calibration", {"before": curve, "after": curve}),
        ("speed", {"readers": {"pipeline": {"characters per second": 10}, "tagger": {"characters per second": 20}}}),
    ):  # fmt: skip
        (folder / f"{name}.json").write_text(json.dumps(record | {"minutes": {"public": 1, "domain": 2}}), "utf-8")
    lines = [
        {"run": "a", "characters": 1e6, "validation_loss": 4.0, "masked_accuracy": 0.3},
        {"run": "a", "characters": 2e6, "validation_loss": 3.0, "masked_accuracy": 0.4},
        {"run": "b", "characters": 1e6, "validation_loss": 14.0, "replaced_f1": 0.6},
    ]
    (folder / "pretrain.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n", "utf-8")
    return folder


def test_every_record_has_its_plot_and_no_record_none(tmp_path: Path) -> None:
    assert plots.draw(tmp_path, tmp_path / "none") == []
    made = plots.draw(records(tmp_path), tmp_path / "out")
    assert [path.name for path in made] == ["pretraining.png", "ablations.png", "curve.png", "reliability.png", "speed.png"]
    assert all(1_000 < path.stat().st_size < 120_000 for path in made)
    again = plots.draw(tmp_path, tmp_path / "again")
    assert [a.read_bytes() for a in again] == [m.read_bytes() for m in made], "same figures, same file"


def test_a_log_is_told_run_by_run(tmp_path: Path) -> None:
    runs = plots.pretraining(records(tmp_path) / "pretrain.jsonl")
    assert [(name, len(lines)) for name, lines in runs] == [("a", 2), ("b", 1)]


def test_a_run_of_one_record_has_no_curve(tmp_path: Path) -> None:
    log = tmp_path / "pretrain.jsonl"
    log.write_text(json.dumps({"run": "b", "characters": 1e6, "validation_loss": 4.0, "agreement": 0.9}) + "\n", "utf-8")
    assert plots.draw(tmp_path, tmp_path / "plots") == []
