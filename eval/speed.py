"""Speed and memory of the whole chain on this machine, in one run; recorded as JSON.

    python -m eval.speed [--model FOLDER] [--out eval/results/speed.json]

Documents: our own corpus (train, dev and test texts), as they stand. Rates are in characters of raw text a second.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaowen
from eval.record import machine, show
from yaowen.assemble import ArgumentModel, assemble
from yaowen.extractor import DEFAULT_MODEL
from yaowen.formats.annotated import read
from yaowen.ground.document import ground
from yaowen.tagger.tagger import Tagger
from yaowen.text.normalise import normalise

LONG_PAGE = 20_000  # characters
REPEATS = 3
CORPUS = [Path(f"data/authored/{part}.jsonl") for part in ("train", "dev", "test")]

_FIRST_RESULT = r"""
import sys, time
start = time.perf_counter()
import yaowen
imported = time.perf_counter()
text = open(sys.argv[2], encoding="utf-8").read()
from pathlib import Path
document = yaowen.load(Path(sys.argv[1])).extract(text)
done = time.perf_counter()
import json, re
# Not ru_maxrss: a new process takes that of its parent over.
peak = re.search(r"VmHWM:\s*(\d+) kB", open("/proc/self/status").read())[1]
print(json.dumps({"import": imported - start, "first": done - start, "events": len(document.events), "peak_kib": int(peak)}))
"""


def measure(folder: Path) -> dict[str, Any]:
    """All figures; rates are the best of a few repeats, times the median."""
    texts = [document.text for path in CORPUS for document in read(path)]
    characters = sum(map(len, texts))
    extractor, tagger, model = yaowen.load(folder), Tagger.load(folder), ArgumentModel.load(folder)
    pages = [normalise(text).text for text in texts]
    spans = [tagging.spans for tagging in tagger.tag(pages)]
    whole = _best(lambda: list(extractor.extract_many(texts)))
    stages = {
        "normalise": _best(lambda: [normalise(text) for text in texts]),
        "tag": _best(lambda: tagger.tag(pages)),
        "assemble": _best(lambda: [assemble(p, s, model) for p, s in zip(pages, spans, strict=True)]),
        "ground": _best(lambda: [ground(p, s, published="2024-06-01") for p, s in zip(pages, spans, strict=True)]),
    }
    stages["rest"] = max(whole - sum(stages.values()), 0.0)
    return {
        "machine": machine(),
        "documents": len(texts),
        "characters": characters,
        "characters per second": round(characters / whole),
        "characters per second with 8-bit weights": _with_8_bits(folder, texts),
        "share of stages": {name: round(seconds / sum(stages.values()), 3) for name, seconds in stages.items()},
        "stage characters per second": {name: round(characters / s) for name, s in stages.items() if s > 0},
        "long page": _fresh_process(folder, "".join(texts)[:LONG_PAGE]),
        "short page": _fresh_process(folder, texts[0]),
    }


def _with_8_bits(folder: Path, texts: list[str]) -> int:
    from training.export import with_int8  # brings torch, which would weigh on what is measured before

    with tempfile.TemporaryDirectory() as temporary:
        extractor = yaowen.load(with_int8(folder, Path(temporary, "model")).path, backend="onnx-int8")
        return round(sum(map(len, texts)) / _best(lambda: list(extractor.extract_many(texts))))


def _best(job: Callable[[], object]) -> float:
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        job()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def _fresh_process(folder: Path, text: str) -> dict[str, float]:
    """Import time, time to the first result (import included) and peak memory of a process that reads one page."""
    page = Path(tempfile.gettempdir()) / f"yaowen-speed-{os.getpid()}.txt"
    page.write_text(text, "utf-8")
    try:
        command = [sys.executable, "-c", _FIRST_RESULT, str(folder), str(page)]
        runs = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(REPEATS)]
    finally:
        page.unlink()
    return {
        "characters": len(text),
        "import seconds": round(statistics.median(r["import"] for r in runs), 3),
        "first result seconds": round(statistics.median(r["first"] for r in runs), 3),
        "peak memory MiB": round(statistics.median(r["peak_kib"] for r in runs) / 1024),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    result = measure(arguments.model)
    show(result, arguments.out)


if __name__ == "__main__":
    main()
