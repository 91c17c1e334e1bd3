"""Batches of unlabelled text: which windows a step reads, and drawing them while the device works on the last."""

import dataclasses
import zlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import torch

VALIDATION_SHARE = 0.003  # the tail of every source is never trained on

Batch = TypeVar("Batch")


@dataclasses.dataclass(frozen=True, slots=True)
class Corpus:
    folder: Path
    cache: Path
    default_weight: float
    weights: dict[str, float]


class Sampler:
    """Random windows of the sources, each source as often as its weight times its length says."""

    def __init__(self, arrays: dict[str, np.ndarray], corpus: Corpus) -> None:
        self._arrays = list(arrays.values())
        sizes = np.array([len(a) * corpus.weights.get(name, corpus.default_weight) for name, a in arrays.items()])
        self._shares = sizes / sizes.sum()

    def digests(self) -> list[int]:
        """A checksum of each source."""
        return [zlib.crc32(array.tobytes()) for array in self._arrays]

    def batch(self, size: int, length: int, rng: np.random.Generator, held_out: bool = False) -> torch.Tensor:
        """Character ids, int64 (size, length)."""
        chosen = rng.choice(len(self._arrays), size, p=self._shares)
        batch = np.empty((size, length), np.int64)
        for source in np.unique(chosen):
            array, rows = self._arrays[source], np.flatnonzero(chosen == source)
            cut = int(len(array) * (1 - VALIDATION_SHARE))
            low, high = (cut, len(array) - length) if held_out else (0, cut - length)
            starts = rng.integers(low, max(high, low + 1), len(rows))
            batch[rows] = array[(starts[:, None] + np.arange(length)) % len(array)]  # a short source begins again
        return torch.from_numpy(batch)


class Ahead(Generic[Batch]):
    """Makes what the next step needs in a thread of its own, one step ahead.

    `make` takes the share of the budget that is used up, as it is a step before.
    """

    def __init__(self, make: Callable[[float], Batch]) -> None:
        self._make = make
        self._thread = ThreadPoolExecutor(1)
        self._waiting: Future[Batch] | None = None

    def next(self, progress: float) -> Batch:
        """What this step needs; raises what `make` raised."""
        made = (self._waiting or self._thread.submit(self._make, progress)).result()
        self._waiting = self._thread.submit(self._make, progress)
        return made

    def close(self) -> None:
        """Wait for what is being made, and leave it."""
        self._thread.shutdown(cancel_futures=True)
