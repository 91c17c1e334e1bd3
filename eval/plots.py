"""The plots of the model card, from recorded results.

    python -m eval.plots [--results eval/results] [--out eval/plots]

`pretraining.png`, `ablations.png`, `curve.png`, `reliability.png`, `speed.png`: each where its record is there.
"""

import argparse
import json
import textwrap
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

matplotlib.use("Agg")

HERE = Path(__file__).parent
RESULTS, PLOTS = HERE / "results", HERE / "plots"
INK, ACCENT, SOFT = "#26303c", "#c2564b", "#7f8b99"
WIDTH = 7.0  # inches
LEAST = 10  # spans of a point of the reliability curve
KINDS = {"entities": ACCENT, "triggers": INK}
LABEL = 40  # characters of a line of a variant's name
SHIFTS = (-0.19, 0.19)  # of the bars of the two kinds
AGREEMENTS = {"masked_accuracy": "masked accuracy", "replaced_f1": "F1 of replaced", "agreement": "same tags"}
OPTIONS: Any = {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": SOFT}


def draw(results: Path, out: Path) -> list[Path]:
    """Write what can be drawn; returns the files."""
    out.mkdir(parents=True, exist_ok=True)
    made = []
    log = results / "pretrain.jsonl"
    runs = [run for run in pretraining(log) if len(run[1]) > 1] if log.exists() else []  # of one record there is no curve
    if runs:
        made.append(_save(out / "pretraining.png", 1.6 * len(runs), lambda axes: _pretraining(axes, runs), len(runs)))
    for name, height, plot in (
        ("ablations", 3.8, _ablations), ("curve", 2.8, _curve), ("calibration", 3.2, _reliability), ("speed", 3.4, _speed),
    ):  # fmt: skip
        if (path := results / f"{name}.json").exists():
            record = json.loads(path.read_text("utf-8"))
            file = "reliability" if name == "calibration" else name
            made.append(_save(out / f"{file}.png", height, lambda axes, plot=plot, record=record: plot(axes[0], record)))  # type: ignore[misc]
    return made


def pretraining(log: Path) -> list[tuple[str, list[dict[str, Any]]]]:
    """The lines of a pretraining log, run by run, in their order; a log without names of runs is one run."""
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines() if line.strip()]
    return [(name, list(group)) for name, group in groupby(lines, lambda line: line.get("run", "masked characters"))]


def _pretraining(panels: list[Axes], runs: list[tuple[str, list[dict[str, Any]]]]) -> None:
    """A panel a run, for the losses of two objectives are no one scale."""
    for axes, (name, lines) in zip(panels, runs, strict=True):
        read = [line["characters"] / 1e6 for line in lines]
        axes.plot(read, [line["validation_loss"] for line in lines], color=ACCENT, marker=".", label="validation loss")
        for key, says in AGREEMENTS.items():
            if key in lines[-1]:
                other = axes.twinx()
                other.plot(read, [line[key] for line in lines], color=INK, marker=".", linestyle="--")
                other.set_ylabel(says, color=INK)
        axes.set_ylabel("validation loss", color=ACCENT)
        axes.set_title(name, loc="left", fontsize=9)
    panels[-1].set_xlabel("million characters read in the run")


def _ablations(axes: Axes, record: dict[str, Any]) -> None:
    """Bars of the difference to the base, in points of F1, with the standard error."""
    rows = [(row["says"], row["difference"]) for row in record["variants"].values() if "difference" in row]
    rows = [(says, difference) for says, difference in rows if all(difference[kind] for kind in KINDS)]
    for shift, (kind, colour) in zip(SHIFTS, KINDS.items(), strict=True):
        values = [100 * d[kind]["mean"] for _, d in rows]
        errors = [100 * (d[kind]["error"] or 0) for _, d in rows]
        axes.barh([i + shift for i in range(len(rows))], values, 0.36, xerr=errors, color=colour, ecolor=SOFT, label=kind)
    axes.set_yticks(range(len(rows)), [textwrap.fill(says, LABEL) for says, _ in rows])
    axes.invert_yaxis()
    axes.axvline(0, color=SOFT, linewidth=0.8)
    axes.set_xlabel(f"points of dev F1 beside the base ({len(record['seeds'])} seeds)")
    axes.legend(frameon=False)
    _clip(axes, [[100 * d[kind]["mean"] for kind in KINDS] for _, d in rows])


def _clip(axes: Axes, rows: list[list[float]]) -> None:
    """A variant that loses far more than the others is cut off at the edge, with its figures written there."""
    sizes = sorted(max(map(abs, row)) for row in rows)
    edge = max(1.0, 3 * sizes[len(sizes) // 2])
    if sizes[-1] > edge:
        axes.set_xlim(-edge, edge)
        for height, row in enumerate(rows):
            for value, shift in zip(row, SHIFTS, strict=True):
                if abs(value) > edge:
                    side = "left" if value < 0 else "right"
                    at = edge if value > 0 else -edge
                    axes.text(at, height + shift, f" {value:+.1f} ", va="center", ha=side, color="white", fontsize=7)


def _curve(axes: Axes, record: dict[str, Any]) -> None:
    rows = sorted(record["variants"].values(), key=lambda row: row["documents"])
    for kind, colour in KINDS.items():
        axes.plot([r["documents"] for r in rows], [r["mean"][kind] for r in rows], color=colour, marker="o", label=kind)
        for row in rows:
            axes.scatter([row["documents"]] * len(row["seeds"]), [s[kind] for s in row["seeds"].values()], 6, SOFT, zorder=3)
    axes.set_xscale("log", base=2)
    axes.set_xticks([r["documents"] for r in rows], [str(r["documents"]) for r in rows])
    axes.minorticks_off()
    axes.set_xlabel("training documents")
    axes.set_ylabel("dev F1")
    axes.legend(frameon=False)


def _reliability(axes: Axes, record: dict[str, Any]) -> None:
    axes.plot([0, 1], [0, 1], color=SOFT, linewidth=0.8)
    for key, colour, says in (("before", SOFT, "of the chain"), ("after", ACCENT, "calibrated, cross-validated")):
        curve = [point for point in record[key]["curve"] if point["answers"] >= LEAST]
        label = f"{says}: ECE {record[key]['ece']:.3f}"
        axes.plot(
            [b["score"] for b in curve], [b["right"] for b in curve], color=colour, marker="o", markersize=3, label=label
        )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("score of a span")
    axes.set_ylabel("share that is right")
    axes.legend(frameon=False, loc="upper left")


def _speed(axes: Axes, record: dict[str, Any]) -> None:
    """Bars of the rates, ours in one colour and the pipeline's in another."""
    rates = {name: row["characters per second"] / 1000 for name, row in record["readers"].items()}
    colours = [SOFT if name.startswith("pipeline") else ACCENT for name in rates]
    axes.barh(range(len(rates)), list(rates.values()), 0.7, color=colours)
    axes.set_yticks(range(len(rates)), list(rates))
    axes.invert_yaxis()
    axes.set_xlabel("thousand characters a second")


def _save(path: Path, height: float, plot: Callable[[Any], None], panels: int = 1) -> Path:
    with matplotlib.rc_context(OPTIONS):
        figure = Figure((WIDTH, height), layout="constrained")
        plot(list(figure.subplots(panels, 1, squeeze=False)[:, 0]))
        figure.savefig(path, dpi=110, metadata={"Software": None})  # the same figures make the same file
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--out", type=Path, default=PLOTS)
    arguments = parser.parse_args()
    for path in draw(arguments.results, arguments.out):
        print(f"{path}, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
