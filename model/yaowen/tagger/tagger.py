"""Normalised texts in, labelled spans out."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from yaowen.spans import TaggedSpan
from yaowen.tagger.boundaries import SENTENCE_END, strengths, trim
from yaowen.tagger.folder import INT8, REMEDY, ModelError, ModelFolder
from yaowen.tagger.posterior import LIKELY, Spans, log_softmax, posteriors, surest
from yaowen.tagger.vocabulary import Tokens, Vocabulary
from yaowen.tagger.windows import Placed, batches, place, shards, stack

BackendName = Literal["onnx", "onnx-int8", "torch"]
Choice = Callable[[Spans], Spans]  # of the likely spans those that are given, with their scores

CONTEXT: Final = 64  # tokens read on both sides of what is kept, in a text longer than a window
SHARD_TOKENS: Final = 1 << 15  # tagged at one time: 5 MB of probabilities, and enough windows to sort by length
WIDTH_MULTIPLE: Final = 8  # few widths keep the runtime's buffers few


class Backend(Protocol):
    """What computes the encoder."""

    @property
    def batch_tokens(self) -> int:
        """How many tokens, with padding, it reads fastest at one time."""
        ...

    def logits(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """(batch, length) and (batch, length) to (batch, length, tags)."""
        ...


@dataclass(frozen=True, slots=True)
class Tagging:
    """The spans of one text in text order; how many characters it has, how many the vocabulary lacks; windows read."""

    spans: tuple[TaggedSpan, ...]
    characters: int
    unknown: int
    windows: int


class Tagger:
    """A model folder, loaded; may be shared by threads, and gives the same spans whatever else is tagged with a text."""

    __slots__ = ("_backend", "_longest", "_vocabulary", "folder")

    def __init__(self, folder: ModelFolder, backend: Backend) -> None:
        self.folder = folder
        self._backend = backend
        self._vocabulary = Vocabulary.load(folder.path)
        self._longest = folder.window
        if len(self._vocabulary) != folder.embeddings:
            raise ModelError(
                f"{folder.path}: vocab.txt has {len(self._vocabulary)} tokens, config.json {folder.embeddings}. {REMEDY}"
            )

    @classmethod
    def load(
        cls, folder: Path, backend: BackendName = "onnx", threads: int | None = None, device: str | None = None,
        least_score: float | None = None,
    ) -> "Tagger":  # fmt: skip
        """Check and load a model folder.

        `threads` of the CPU (default: all that the process may use); `device` is for torch; `least_score` of a span that is
        given, instead of the model's own. Raises `ModelError` for a folder that is incomplete, damaged or not a model,
        `ValueError` for an unknown backend and for a score that is none.
        """
        checked = ModelFolder.load(folder)
        if least_score is not None:
            if checked.confidence is None:
                raise ValueError(f"{folder}: its scores are not calibrated, so there is no least one; see eval.calibrate")
            checked = replace(checked, confidence=replace(checked.confidence, least=least_score))
        if backend in ("onnx", "onnx-int8"):
            from yaowen.tagger.onnx_backend import OnnxBackend

            graph = INT8 if backend == "onnx-int8" else "model.onnx"
            if graph not in checked.files:
                raise ModelError(
                    f"{checked.path}: the model has no 8-bit graph. In yaowen's repository"
                    " `python -m training.export FOLDER` adds it."
                )
            return cls(checked, OnnxBackend(checked, threads or _processors(), graph))
        if backend == "torch":
            from yaowen.tagger.torch_backend import TorchBackend

            return cls(checked, TorchBackend(checked, threads, device))
        raise ValueError(f"unknown backend {backend!r}; known: onnx, onnx-int8, torch")

    def tag(self, texts: Sequence[str]) -> list[Tagging]:
        """The spans of each text, which must be normalised; memory does not grow with the length of the texts."""
        return self._tag(texts, self._given)

    def candidates(self, texts: Sequence[str]) -> list[Tagging]:
        """All spans that the chain holds at all likely, scored by how likely, for calibration; they may overlap."""
        return self._tag(texts, lambda spans: spans)

    def _tag(self, texts: Sequence[str], choose: Choice) -> list[Tagging]:
        unknown, windows = [0] * len(texts), [0] * len(texts)
        found: list[list[TaggedSpan]] = [[] for _ in texts]

        def encoded() -> Iterator[Tokens]:
            for number, text in enumerate(texts):
                tokens = self._vocabulary.encode(text)
                unknown[number] = tokens.unknown
                yield tokens

        context = min(CONTEXT, self._longest // 8)
        for shard in shards(place(encoded(), self._longest, context), SHARD_TOKENS):
            for placed in shard:
                windows[placed.text] += 1
            for number, span in self._tag_shard(shard, texts, choose):
                found[number].append(span)
        return [
            Tagging(tuple(found[number]), len(text), unknown[number], windows[number]) for number, text in enumerate(texts)
        ]

    def _tag_shard(self, shard: Sequence[Placed], texts: Sequence[str], choose: Choice) -> Iterator[tuple[int, TaggedSpan]]:
        """Spans with the numbers of their texts; the cores of the shard's windows are one array of tokens here."""
        cores = [slice(placed.window.core_start, placed.window.core_end) for placed in shard]
        offsets = np.concatenate([placed.tokens.offsets[core] for placed, core in zip(shard, cores, strict=True)])
        codes = np.concatenate([placed.tokens.codes[core] for placed, core in zip(shard, cores, strict=True)])
        owner = np.repeat([placed.text for placed in shard], [core.stop - core.start for core in cores])
        ends = strengths(codes) == SENTENCE_END
        ends |= np.concatenate([placed.gaps[core] for placed, core in zip(shard, cores, strict=True)])
        ends[:-1] |= owner[1:] != owner[:-1]
        ends[-1] = True
        log_probabilities = log_softmax(self._logits(shard))
        spans = choose(posteriors(log_probabilities, ends, self.folder.chain))
        columns = (owner[spans.firsts], offsets[spans.firsts], offsets[spans.lasts] + 1, spans.labels, spans.scores)
        for number, start, end, label, score in zip(*(column.tolist() for column in columns), strict=True):
            if edges := trim(texts[number], start, end):
                yield number, TaggedSpan(*edges, self.folder.scheme.labels[label], score)

    def _given(self, spans: Spans) -> Spans:
        """None over another: the surest that are sure enough; without calibration those more likely than not."""
        confidence = self.folder.confidence
        if confidence is None:
            return spans.take(spans.scores > LIKELY)
        judged = replace(spans, scores=confidence.scores(spans.scores, spans.labels))
        given = judged.take(surest(judged.firsts, judged.lasts, judged.scores))
        return given.take(given.scores >= confidence.least)

    def _logits(self, shard: Sequence[Placed]) -> NDArray[np.float32]:
        """Logits of the cores of the windows, one after the other: (tokens, tags), columns as in the scheme."""
        columns = self.folder.scheme.columns
        starts = np.cumsum([0, *(placed.window.core_end - placed.window.core_start for placed in shard)])
        result = np.empty((starts[-1], len(columns)), np.float32)
        widths = [self._width(placed.window.length + 2) for placed in shard]
        for batch in batches(widths, self._backend.batch_tokens):
            chosen = [shard[index] for index in batch]
            rows = [placed.tokens.ids[placed.window.start : placed.window.end] for placed in chosen]
            logits = self._backend.logits(*stack(rows, widths[batch[0]]))
            for row, (index, placed) in enumerate(zip(batch, chosen, strict=True)):
                window = placed.window
                low, high = window.core_start - window.start + 1, window.core_end - window.start + 1
                result[starts[index] : starts[index + 1]] = logits[row, low:high][:, columns]
        return result

    def _width(self, length: int) -> int:
        return min(-(-length // WIDTH_MULTIPLE) * WIDTH_MULTIPLE, self.folder.positions)


def _processors() -> int:
    affinity = getattr(os, "sched_getaffinity", None)  # Linux only; counts what a container leaves
    return len(affinity(0)) if affinity else os.cpu_count() or 1
