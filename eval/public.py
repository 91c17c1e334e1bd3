"""Gather what several fine-tuning runs of one encoder scored on the public sets, beside published figures.

    python -m eval.public RUN_FOLDER... [--into RECORD] [--out eval/results/public.json]

The runs differ by their seed alone: the same encoder and the same data. The figures are the runs' own (`public.scores` of
`metrics.json`; `python -m training.public_scores RUN_FOLDER` makes them anew), strict entity F1 in percent, by seqeval.
`--into` puts the sets of these runs, which were trained apart from the others, in the place of theirs in an earlier record.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.record import keep

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PUBLISHED = Path(__file__).parent / "published.toml"


def gather(runs: Sequence[Path]) -> dict[str, Any]:
    """For each set its split, every seed's F1, their mean and standard deviation, and the published figures.

    Raises `ValueError` for a run without scores, for two runs of one seed and for runs of different encoders or data.
    """
    metrics = [_metrics(run) for run in runs]
    for key in ("start", "data"):
        values = {json.dumps(m["public"][key], sort_keys=True) for m in metrics}
        if len(values) > 1:
            raise ValueError(
                f"{', '.join(map(str, runs))}: the runs differ in public.{key}; gather runs that differ in the seed"
            )
    seeds = [str(m["seed"]) for m in metrics]
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"{', '.join(map(str, runs))}: the seeds are {', '.join(seeds)}; each may stand there once")
    first = metrics[0]["public"]
    published = tomllib.loads(PUBLISHED.read_text("utf-8"))["sets"]
    sets = {}
    for name, figures in first["scores"].items():
        f1 = {seed: round(100 * m["public"]["scores"][name]["f1"], 2) for seed, m in zip(seeds, metrics, strict=True)}
        sets[name] = {
            "split": figures["split"], "texts": figures["texts"], "gold": figures["gold"],
            "mean": round(statistics.mean(f1.values()), 2),
            "deviation": round(statistics.stdev(f1.values()), 2) if len(f1) > 1 else None,
            "seeds": f1, "published": published.get(name, []),
        }  # fmt: skip
    cost = {key: {seed: m["public"][key] for seed, m in zip(seeds, metrics, strict=True)} for key in ("minutes", "steps")}
    return {"encoder": first["start"], "data": first["data"], **cost, "sets": sets}


def put(result: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    """The record with the sets of the result in it, each with what it was trained with and from, and for how long.

    Raises `ValueError` for a set that the record does not have, and for other data of one.
    """
    if other := [name for name in result["sets"] if record["data"].get(name) != result["data"].get(name)]:
        raise ValueError(f"{', '.join(other)}: not in the record, or gathered on other data")
    apart = {"sets": sorted(result["data"]), **{key: result[key] for key in ("encoder", "minutes", "steps")}}
    sets = {name: row | {"apart": apart} for name, row in result["sets"].items()}
    return {**record, "sets": {**record["sets"], **sets}}


def _metrics(run: Path) -> dict[str, Any]:
    path = run / "metrics.json"
    try:
        metrics = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{path} is missing: {run} is not a finished run of training.finetune") from None
    if not metrics.get("public", {}).get("scores"):
        raise ValueError(f"{path}: no public.scores; record them with `python -m training.public_scores {run}`")
    return metrics


def summary(result: dict[str, Any]) -> str:
    """The figures as plain text, a line a set."""
    rows = []
    for name, figures in result["sets"].items():
        seeds = ", ".join(f"{f1:.2f}" for f1 in figures["seeds"].values())
        rows.append(f"{name:18}{figures['split']:6}{figures['mean']:7.2f}   ({seeds})")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--into", type=Path, metavar="RECORD", help="an earlier record, whose other sets stay")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    try:
        result = gather(arguments.runs)
        if arguments.into:
            result = put(result, json.loads(arguments.into.read_text("utf-8")))
    except (OSError, ValueError) as error:
        parser.error(str(error))
    print(summary(result))
    if arguments.out:
        keep(result, arguments.out)


if __name__ == "__main__":
    main()
