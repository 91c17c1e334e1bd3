"""How fast documents are scored, without the model that reads them: recorded as JSON.

python -m eval.scoring_speed [--out eval/results/scoring_speed.json]
"""

import argparse
import os
import platform
import time
from pathlib import Path
from typing import Any

from eval.record import show
from yaowen.evaluation.measures import MEASURES
from yaowen.evaluation.reading import Reading, from_annotated
from yaowen.evaluation.report import build
from yaowen.formats import annotated

CORPUS = [Path(f"data/authored/{part}.jsonl") for part in ("train", "dev", "test")]
REPEATS = 3


def measure() -> dict[str, Any]:
    """Documents a second of the counts alone, and of a whole report with its bootstrap; best of a few repeats."""
    gold = [from_annotated(document) for path in CORPUS for document in annotated.read(path)]
    found = [Reading(g.id, g.published, g.text, g.spans[:-2], g.events[:-1], g.offices) for g in gold]
    counts = _best(lambda: [m.count(g, f) for g, f in zip(gold, found, strict=True) for m in MEASURES.values()])
    report = _best(lambda: build(gold, found))
    return {
        "documents": len(gold), "characters": sum(len(g.text) for g in gold), "cores": os.cpu_count(),
        "python": platform.python_version(),
        "documents per second": {"counts of all measures": round(len(gold) / counts),
                                 "report with intervals and errors": round(len(gold) / report)},
    }  # fmt: skip


def _best(job: Any) -> float:
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        job()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    show(measure(), chosen.out)


if __name__ == "__main__":
    main()
