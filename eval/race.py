"""Readers of the same documents with the same weights, each in a process of its own; for eval/speed.py.

A reader takes texts and gives their spans, (start, end, label) in code points of the text.
"""

import json
import os
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eval.peer import lines_of

Spans = list[list[Any]]
Reader = Callable[[Sequence[str]], list[Spans]]


def pipeline(folder: Path, batch: int, threads: int) -> Reader:
    """Hugging Face's own way to read with the weights: the lines of the documents, without decoding of tag sequences."""
    os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
    import torch
    from transformers import pipeline as make

    torch.set_num_threads(threads)
    model = make("token-classification", model=str(folder), aggregation_strategy="simple", device="cpu")

    def read(texts: Sequence[str]) -> list[Spans]:
        lines = [(number, at, line) for number, text in enumerate(texts) for at, line in lines_of(text)]
        spans: list[Spans] = [[] for _ in texts]
        answers = model([line for _, _, line in lines], batch_size=batch)
        for (number, at, _), found in zip(lines, answers, strict=True):
            spans[number] += [[at + i["start"], at + i["end"], i["entity_group"]] for i in found]
        return spans

    return read


def tagger(folder: Path, backend: str, threads: int) -> Reader:
    """Our tagger: normalisation, encoder, decoding."""
    from yaowen.tagger.tagger import Tagger
    from yaowen.text.normalise import normalise

    ours = Tagger.load(folder, backend, threads)  # type: ignore[arg-type]

    def read(texts: Sequence[str]) -> list[Spans]:
        pages = [normalise(text) for text in texts]
        taggings = ours.tag([page.text for page in pages])
        return [
            [[*page.raw_span(s.start, s.end), s.label] for s in tagging.spans]
            for page, tagging in zip(pages, taggings, strict=True)
        ]

    return read


def chain(folder: Path, backend: str, threads: int, alone: bool = False) -> Reader:
    """The whole chain, to documents with events; `alone`: document by document."""
    import yaowen

    extractor = yaowen.load(folder, backend=backend, threads=threads)  # type: ignore[arg-type]

    def read(texts: Sequence[str]) -> list[Spans]:
        documents = (extractor.extract(text) for text in texts) if alone else extractor.extract_many(texts)
        return [[[s.start, s.end, s.label] for s in document.spans] for document in documents]

    return read


READERS: Final = {"pipeline": pipeline, "tagger": tagger, "chain": chain}


def run(name: str, texts: Sequence[str], repeats: int, *given: Any) -> dict[str, Any]:
    """What a reader finds, the best of its times in seconds, and the memory of its process; to be called in a new one."""
    read = READERS[name](*given)  # type: ignore[operator]
    read(texts[:2])
    seconds, spans = [], []
    for _ in range(repeats):
        start = time.perf_counter()
        spans = read(texts)
        seconds.append(time.perf_counter() - start)
    return {"spans": spans, "seconds": min(seconds), "peak MiB": peak_memory()}


def share(name: str, texts: Sequence[str], ready: Any, *given: Any) -> float:
    """Seconds that a reader takes beside others: all begin when all are ready."""
    read = READERS[name](*given)  # type: ignore[operator]
    read(texts[:2])
    ready.wait()
    start = time.perf_counter()
    read(texts)
    return time.perf_counter() - start


def peak_memory() -> int:
    """MiB of this process at most. Not ru_maxrss: a new process takes that of its parent over."""
    found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return round(int(found[1]) / 1024)


def encoder_work(folder: Path, texts: Sequence[str], threads: int) -> dict[str, float]:
    """What the encoder alone does for some documents: share of padding, and its arithmetic beside the processor's limit.

    The limit is a product of float32 matrices as the encoder's layers have them, by numpy.
    """
    from yaowen.tagger.folder import ModelFolder
    from yaowen.tagger.onnx_backend import OnnxBackend
    from yaowen.tagger.tagger import Tagger
    from yaowen.text.normalise import normalise

    checked = ModelFolder.load(folder)
    settings = json.loads((folder / "config.json").read_text("utf-8"))
    width, inner, depth = (settings[key] for key in ("hidden_size", "intermediate_size", "num_hidden_layers"))
    counted = _Counting(OnnxBackend(checked, threads), depth * (4 * width * width + 2 * width * inner), depth * width)
    pages = [normalise(text).text for text in texts]
    counted.reset()
    start = time.perf_counter()
    Tagger(checked, counted).tag(pages)
    whole = time.perf_counter() - start
    limit = _limit(counted.batch_tokens, width, inner)
    return {
        "padding share": round(1 - counted.read / counted.padded, 4),
        "encoder's share of the tagger's time": round(counted.seconds / whole, 3),
        "encoder, gigaflops": round(counted.operations / counted.seconds / 1e9, 1),
        "matrix product, gigaflops": round(limit / 1e9, 1),
        "share of the limit": round(counted.operations / counted.seconds / limit, 3),
    }


class _Counting:
    """A backend that counts what it is given; the arithmetic is that of the layers."""

    def __init__(self, backend: Any, weights: int, attention: int) -> None:
        self._backend, self._weights, self._attention = backend, weights, attention
        self.reset()

    def reset(self) -> None:
        self.seconds = self.operations = 0.0
        self.read = self.padded = 0

    @property
    def batch_tokens(self) -> int:
        return self._backend.batch_tokens

    def logits(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        start = time.perf_counter()
        result = self._backend.logits(ids, mask)
        self.seconds += time.perf_counter() - start
        self.read, self.padded = self.read + int(mask.sum()), self.padded + mask.size
        self.operations += 2 * mask.size * (self._weights + 2 * self._attention * mask.shape[1])
        return result


def _limit(tokens: int, width: int, inner: int) -> float:
    rng = np.random.default_rng(0)
    left, right = rng.random((tokens, width), np.float32), rng.random((width, inner), np.float32)
    best = float("inf")
    for _ in range(30):
        start = time.perf_counter()
        left @ right
        best = min(best, time.perf_counter() - start)
    return 2 * tokens * width * inner / best
