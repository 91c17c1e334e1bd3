"""Speed and memory on this machine, side by side in one run; recorded as JSON.

    python -m eval.speed [--model FOLDER] [--out eval/results/speed.json]

Documents: our own corpus (train, dev and test texts) cut anew into documents of very different lengths. `readers` is what
reads them with the same weights: the Hugging Face pipeline as it comes and with batches of several sizes, our tagger and
our whole chain with float and with 8-bit weights, alone and as two processes. Rates are in characters of raw text a second.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

import yaowen
from eval import race
from eval.record import machine, of_model
from yaowen.assemble import ArgumentModel, assemble
from yaowen.evaluation.spans import SpanScores, score
from yaowen.formats.annotated import read
from yaowen.ground.document import ground
from yaowen.tagger.folder import digest
from yaowen.tagger.tagger import Tagger
from yaowen.text.normalise import normalise

LONG_PAGE = 20_000  # characters
REPEATS = 3
CORPUS = [Path(f"data/authored/{part}.jsonl") for part in ("train", "dev", "test")]
LENGTHS = (5.2, 1.4)  # mean and deviation of the logarithm of a document's length: half are below 180 characters
BATCHES = (4, 8, 16, 32, 64)  # lines that the pipeline reads at one time

_FIRST_RESULT = r"""
import sys, time
start = time.perf_counter()
import yaowen
imported = time.perf_counter()
text = open(sys.argv[2], encoding="utf-8").read()
from pathlib import Path
document = yaowen.load(Path(sys.argv[1])).extract(text)
done = time.perf_counter()
import json
from eval.race import peak_memory
print(json.dumps({"import": imported - start, "first": done - start, "peak": peak_memory()}))
"""


def skewed(texts: Sequence[str], seed: int = 1) -> list[str]:
    """The lines of some texts, in their order, as documents whose lengths differ as those of pages do (log-normal)."""
    rng = np.random.default_rng(seed)
    documents: list[list[str]] = [[]]
    room = 0.0
    for line in (line for text in texts for line in text.split("\n") if line.strip()):
        if documents[-1] and sum(map(len, documents[-1])) + len(line) > room:
            documents.append([])
        if not documents[-1]:
            room = rng.lognormal(*LENGTHS)
        documents[-1].append(line)
    return ["\n".join(lines) for lines in documents]


def measure(folder: Path) -> dict[str, Any]:
    """All figures; rates are the best of a few repeats, times the median."""
    made_on = machine()
    texts = [document.text for path in CORPUS for document in read(path)]
    documents = skewed(texts)
    lengths = sorted(map(len, documents))
    readers = race_all(folder, documents)
    return {
        "machine": made_on,
        "model": digest(folder / "model.safetensors"),
        "documents": len(documents),
        "characters": sum(lengths),
        "characters of a document": {name: lengths[int(share * (len(lengths) - 1))] for name, share in
                                     (("least", 0), ("half below", 0.5), ("nine tenths below", 0.9), ("most", 1))},
        "readers": readers,
        "ratios": ratios(readers),
        "encoder": race.encoder_work(folder, documents, os.cpu_count() or 1),
        "share of stages": _stages(folder, documents),
        "long page": _fresh_process(folder, "".join(texts)[:LONG_PAGE]),
        "short page": _fresh_process(folder, texts[0]),
    }  # fmt: skip


def race_all(folder: Path, texts: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Every reader on all processors; and one process with one thread beside two of them."""
    threads = os.cpu_count() or 1
    asked: dict[str, tuple[Any, ...]] = {
        "pipeline": ("pipeline", texts, 1, folder, 1, threads),
        **{f"pipeline, batches of {b}": ("pipeline", texts, 1, folder, b, threads) for b in BATCHES},
        "tagger": ("tagger", texts, REPEATS, folder, "onnx", threads),
        "tagger, 8 bits": ("tagger", texts, REPEATS, folder, "onnx-int8", threads),
        "whole chain, one by one": ("chain", texts, REPEATS, folder, "onnx", threads, True),
        "whole chain": ("chain", texts, REPEATS, folder, "onnx", threads),
        "whole chain, 8 bits": ("chain", texts, REPEATS, folder, "onnx-int8", threads),
    }
    characters = sum(map(len, texts))
    runs: dict[str, dict[str, Any]] = {}
    for name, given in asked.items():
        with ProcessPoolExecutor(1, get_context("spawn")) as fresh:
            runs[name] = fresh.submit(race.run, *given).result()
    found = {
        name: {"characters per second": round(characters / r["seconds"]),
               "documents per second": round(len(texts) / r["seconds"], 1), "peak memory MiB": r["peak MiB"],
               "spans beside the tagger's, F1": _agreement(runs["tagger"]["spans"], r["spans"])}
        for name, r in runs.items()
    }  # fmt: skip
    for count in (1, 2):
        seconds = _processes(count, texts, folder)
        found[f"whole chain, processes of one thread: {count}"] = {"characters per second": round(characters / seconds)}
    return found


def ratios(readers: dict[str, dict[str, Any]]) -> dict[str, float]:
    """What the issue of speed asks for, each from two rates of the same run."""
    rate = {name: row["characters per second"] for name, row in readers.items()}
    best = max(rate[f"pipeline, batches of {b}"] for b in BATCHES)
    one, two = (rate[f"whole chain, processes of one thread: {count}"] for count in (1, 2))
    pairs = {
        "tagger over pipeline": (rate["tagger"], rate["pipeline"]),
        "tagger over the pipeline's best batches": (rate["tagger"], best),
        "tagger with 8 bits over float": (rate["tagger, 8 bits"], rate["tagger"]),
        "whole chain with 8 bits over float": (rate["whole chain, 8 bits"], rate["whole chain"]),
        "two processes over one": (two, one),
    }
    return {name: round(above / below, 2) for name, (above, below) in pairs.items()}


def _agreement(ours: Sequence[race.Spans], theirs: Sequence[race.Spans]) -> float:
    """Strict F1 of one reader's spans against the other's; 1: the same."""
    pairs = zip(ours, theirs, strict=True)
    scores = (score([tuple(s) for s in a], [tuple(s) for s in b]) for a, b in pairs)  # type: ignore[misc]
    return round(sum(scores, SpanScores()).micro().f1, 4)


def _processes(count: int, texts: Sequence[str], folder: Path) -> float:
    """Seconds until so many processes of one thread have read all texts, each its part."""
    context = get_context("spawn")
    with context.Manager() as manager, ProcessPoolExecutor(count, context) as pool:
        ready = manager.Barrier(count)
        parts = [list(texts[number::count]) for number in range(count)]
        return max(f.result() for f in [pool.submit(race.share, "chain", p, ready, folder, "onnx", 1) for p in parts])


def _stages(folder: Path, texts: Sequence[str]) -> dict[str, float]:
    """The share of each stage in the time of the whole chain."""
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
    return {name: round(seconds / sum(stages.values()), 3) for name, seconds in stages.items()}


def _best(job: Callable[[], object]) -> float:
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        job()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def _fresh_process(folder: Path, text: str) -> dict[str, float]:
    """Import time, time to the first result (import included) and peak memory of a process that reads one page."""
    with tempfile.TemporaryDirectory() as temporary:
        page = Path(temporary, "page.txt")
        page.write_text(text, "utf-8")
        command = [sys.executable, "-c", _FIRST_RESULT, str(folder), str(page)]
        runs = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(REPEATS)]
    return {
        "characters": len(text),
        "import seconds": round(statistics.median(r["import"] for r in runs), 3),
        "first result seconds": round(statistics.median(r["first"] for r in runs), 3),
        "peak memory MiB": round(statistics.median(r["peak"] for r in runs)),
    }


if __name__ == "__main__":
    of_model(measure, __doc__)
