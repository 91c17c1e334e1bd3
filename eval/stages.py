"""What the fine-tunings that led to a model took, from the records they left; the model card tells it.

python -m eval.stages NAME=RUN_FOLDER ... [--out eval/results/finetune.json]
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eval.record import show

KINDS = ("public", "domain")  # the stages of one fine-tuning


def gather(runs: Mapping[str, Path]) -> dict[str, Any]:
    """Every stage of every run, in order. Raises `ValueError` for a folder without a record."""
    stages = []
    for name, folder in runs.items():
        path = folder / "metrics.json"
        if not path.exists():
            raise ValueError(f"{path} is missing: expected the output of a finished `python -m training.finetune`")
        metrics = json.loads(path.read_text("utf-8"))
        common = {"run": name, "seed": metrics["seed"], "encoder": metrics["encoder"]}
        stages += [common | {"kind": kind} | metrics[kind] for kind in KINDS if kind in metrics]
    return {"stages": stages}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", metavar="NAME=RUN_FOLDER")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    try:
        runs = {name: Path(folder) for name, _, folder in (entry.partition("=") for entry in arguments.runs)}
        show(gather(runs), arguments.out)
    except ValueError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
