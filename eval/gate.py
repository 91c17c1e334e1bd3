"""The quality gate: no recorded figure may fall below its floor without anybody saying so.

    python -m eval.gate                 # check; part of `make check`
    python -m eval.gate --raise         # figures that are better become the floors, new figures get one
    python -m eval.gate --lower         # the same, and what is worse becomes the floor too: say why in the commit

Floors are in eval/baseline.json, with the digests of the weights and data they were measured with. The recorded figures
must be those of the shipped weights. The authored dev documents, which are in the repository, are scored once more, so that
a change of code shows even where nobody recorded anything; `--recorded` leaves that out.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaowen
from eval.evaluate import HEADLINES, score_documents
from eval.record import keep
from yaowen.assemble import ArgumentModel
from yaowen.extractor import DEFAULT_MODEL
from yaowen.formats.annotated import read
from yaowen.tagger.folder import digest

HERE = Path(__file__).parent
BASELINE = HERE / "baseline.json"
RESULTS = HERE / "results"
WATCHED = ("OFFICIAL", "POSITION", "DATE", "MEASURE")
AUTHORED_DEV = "authored dev"
FILE = Path("data/authored/dev.jsonl")
OF_WEIGHTS = ("scores", "test", "calibration")  # records that say which weights they were made with
ERROR = "calibration error"  # figures of this kind are better when they are smaller
NOISE = 0.002  # sums of floats in another order may turn a span or two of the scored documents
PLACES = 4


@dataclass(frozen=True, slots=True)
class Recorded:
    """Figures by name, and the digests of what they were measured with."""

    figures: Mapping[str, float]
    weights: str
    data: Mapping[str, str]


def recorded(results: Path, model: Path) -> Recorded:
    """What is recorded now. Raises `ValueError` for a record that lacks or belongs to other weights than the model's."""
    weights = digest(model / "model.safetensors")
    records = {name: _read(results / f"{name}.json") for name in OF_WEIGHTS}
    for name, record in records.items():
        if record["model"] != weights:
            raise ValueError(f"{results / name}.json was made with other weights than {model}'s: run `make figures`")
    figures = headlines(records["scores"]) | headlines(records["test"])
    data: dict[str, str] = {}
    for record in records.values():
        data |= record.get("data", {})
    both = records["scores"]["sets"].get("all", {"labels": {}})["labels"]
    figures |= {f"dev, {label}": both[label]["f1"] for label in WATCHED if label in both}
    figures[f"dev, {ERROR}"] = records["calibration"]["after"]["ece"]
    figures |= {f"{name}, {ERROR}": value["ece"] for name, value in records["calibration"]["test"].items()}
    if (results / "public.json").exists():
        public = _read(results / "public.json")
        figures |= {f"public, {name}": round(row["mean"] / 100, PLACES) for name, row in public["sets"].items()}
        data |= {f"public, {name}": value for name, value in public["data"].items()}
    return Recorded(figures, weights, data)


def headlines(result: Mapping[str, Any]) -> dict[str, float]:
    """The F1 figures of the sets of documents of `eval.evaluate`; single sample pages are no gate."""
    sets = {name: row for name, row in result["sets"].items() if name != "all" and not name.startswith("sample ")}
    return {f"{name}, {kind}": row[kind]["f1"] for name, row in sets.items() for kind in HEADLINES}


def _read(path: Path) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return record
    except FileNotFoundError:
        raise ValueError(f"{path} is missing: record it with `make figures`") from None


def complaints(floors: Mapping[str, float], figures: Mapping[str, float], noise: float = 0.0) -> list[str]:
    """What is worse than its floor, or is no longer measured, in words."""
    wrong = []
    for name, floor in floors.items():
        figure = figures.get(name)
        if figure is None:
            wrong.append(f"{name}: the floor is {floor:.4f}, and it is not recorded any more")
        elif worse(name, figure, floor, noise):
            than = "above" if name.endswith(ERROR) else "below"
            wrong.append(f"{name}: {figure:.4f} is {than} the floor, {floor:.4f}")
    return wrong


def worse(name: str, figure: float, floor: float, noise: float = 0.0) -> bool:
    """Whether a figure is on the wrong side of its floor.

    >>> worse("dev, DATE", 0.9, 0.91), worse("dev, calibration error", 0.02, 0.03), worse("dev, DATE", 0.909, 0.91, 0.002)
    (True, False, False)
    """
    gap = figure - floor if name.endswith(ERROR) else floor - figure
    return gap > noise + 1e-9


def moved(baseline: Mapping[str, Any], now: Recorded, lower: bool) -> dict[str, Any]:
    """The new baseline. Raises `ValueError` where a figure is worse than its floor and `lower` is not allowed."""
    floors = baseline.get("floors", {})
    if not lower and (wrong := complaints(floors, now.figures)):
        raise ValueError("\n".join([*wrong, "floors are lowered by --lower alone: say why in the commit"]))
    return {"weights": now.weights, "data": dict(sorted(now.data.items())), "floors": dict(sorted(now.figures.items()))}


def check(baseline: Mapping[str, Any], now: Recorded) -> list[str]:
    """Complaints about recorded figures, and about data that are not those of the floors."""
    changed = [
        f"{name}: measured on other data than its floor was; look at the figures, then `python -m eval.gate --raise`"
        for name, value in baseline["data"].items()
        if name in now.data and now.data[name] != value
    ]  # fmt: skip
    return changed + complaints(baseline["floors"], now.figures)


def score_again(baseline: Mapping[str, Any], model: Path) -> list[str]:
    """Complaints after scoring the authored dev documents with the code and weights as they are."""
    if baseline["data"].get(AUTHORED_DEV) != digest(FILE):
        return [
            f"{FILE} is not what the floors were measured on; record the figures anew, then `python -m eval.gate --raise`"
        ]
    scores = score_documents(read(FILE), yaowen.load(model), ArgumentModel.load(model))
    figures = headlines({"sets": {AUTHORED_DEV: scores.to_dict()}})
    floors = {name: floor for name, floor in baseline["floors"].items() if name in figures}
    return [f"{line} (scored now)" for line in complaints(floors, figures, NOISE)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL)
    parser.add_argument("--recorded", action="store_true", help="check what is recorded, score nothing")
    moving = parser.add_mutually_exclusive_group()
    moving.add_argument("--raise", "--update", action="store_true", dest="up")
    moving.add_argument("--lower", action="store_true")
    arguments = parser.parse_args()
    try:
        now = recorded(RESULTS, arguments.model)
        if arguments.up or arguments.lower:
            floors = moved(json.loads(BASELINE.read_text("utf-8")) if BASELINE.exists() else {}, now, arguments.lower)
            keep(floors, BASELINE)
        baseline = _read(BASELINE)
        wrong = check(baseline, now) + ([] if arguments.recorded else score_again(baseline, arguments.model))
    except ValueError as error:
        sys.exit(f"quality gate: {error}")
    if wrong:
        sys.exit("quality gate:\n" + "\n".join(wrong))
    print(f"quality gate: {len(baseline['floors'])} figures at or above their floors")


if __name__ == "__main__":
    main()
