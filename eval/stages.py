"""What the fine-tunings that led to a model took, from the records they left; the model card tells it.

python -m eval.stages NAME=RUN_FOLDER ... [--after RECORD] [--out eval/results/finetune.json]

`--after`: the record of the model that the first of them went on from; its stages come first.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eval.record import show

KINDS = ("public", "domain")  # the stages of one fine-tuning


def gather(runs: Mapping[str, Path], after: Path | None = None) -> dict[str, Any]:
    """Every stage of every run, in order, after those of an earlier record.

    Raises `ValueError` for a folder without a record, and for an earlier record that is none.
    """
    stages = _earlier(after) if after else []
    for name, folder in runs.items():
        path = folder / "metrics.json"
        if not path.exists():
            raise ValueError(f"{path} is missing: expected the output of a finished `python -m training.finetune`")
        metrics = json.loads(path.read_text("utf-8"))
        common = {"run": name, "seed": metrics["seed"], "encoder": metrics["encoder"]}
        stages += [common | {"kind": kind} | metrics[kind] for kind in KINDS if kind in metrics]
    return {"stages": stages}


def _earlier(record: Path) -> list[dict[str, Any]]:
    try:
        stages = json.loads(record.read_text("utf-8"))["stages"]
        if not isinstance(stages, list):
            raise TypeError
        return stages
    except (OSError, ValueError, KeyError, TypeError):
        raise ValueError(f"{record}: expected what `python -m eval.stages` wrote of an earlier model") from None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", metavar="NAME=RUN_FOLDER")
    parser.add_argument("--after", type=Path, metavar="RECORD", help="a finetune.json: its stages come first")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    try:
        runs = {name: Path(folder) for name, _, folder in (entry.partition("=") for entry in arguments.runs)}
        show(gather(runs, arguments.after), arguments.out)
    except ValueError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
