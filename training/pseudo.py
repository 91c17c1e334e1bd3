"""Unlabelled news labelled by taggers that are at hand, for self-training (Yarowsky 1995; Xie et al. 2020).

    python -m training.pseudo --config training/configs/pseudo.toml [key=value ...]

Writes annotated documents (form: data/README.md, without events) that `data.train` of a fine-tuning takes. Documents that
share a stretch with one to be scored on are left out. Several models read as one, by their mean probabilities.
"""

import argparse
import dataclasses
import json
import lzma
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.leakage import shingles
from training import config
from yaowen.formats import annotated
from yaowen.formats.annotated import AnnotatedDocument, Mark
from yaowen.spans import TaggedSpan
from yaowen.tagger.folder import ModelFolder
from yaowen.tagger.onnx_backend import OnnxBackend
from yaowen.tagger.posterior import log_softmax
from yaowen.tagger.tagger import Backend, Tagger
from yaowen.text.normalise import normalise

SHINGLE = 16  # characters in a row that two documents share only if one copies the other: one is enough here


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """What is labelled, and by what."""

    output: Path
    models: tuple[Path, ...]
    folder: Path
    sources: dict[str, int]  # characters to take from each
    shortest: int
    longest: int
    doubt: float  # a document whose spans are on the average less sure than this is left out
    avoid: tuple[Path, ...]
    seed: int


def documents(path: Path, shortest: int, longest: int) -> Iterator[str]:
    """The texts of a source, those longer than `longest` cut at a line end."""
    opened = lzma.open if path.suffix == ".xz" else open
    with opened(path, "rt", encoding="utf-8") as stream:  # type: ignore[operator]
        lines: list[str] = []
        for line in (*stream, ""):
            text = line.strip()
            if lines and (not text or sum(map(len, lines)) + len(lines) + len(text) > longest):
                joined = "\n".join(lines)
                if shortest <= len(joined) <= longest:
                    yield joined
                lines = []
            if text:
                lines.append(text)


def sample(settings: Settings) -> list[str]:
    """Texts of the sources in random order, none that shares a stretch with what is to be scored on."""
    known = set().union(*(shingles(d.text, SHINGLE) for path in settings.avoid for d in annotated.read(path)))
    rng = np.random.default_rng(settings.seed)
    chosen = []
    for name, characters in settings.sources.items():
        found = [*settings.folder.glob(f"{name}.txt"), *settings.folder.glob(f"{name}.txt.xz")]
        if not found:
            raise ValueError(f"sources.{name}: no {name}.txt or {name}.txt.xz in {settings.folder}")
        texts = list(documents(found[0], settings.shortest, settings.longest))
        taken = 0
        for index in rng.permutation(len(texts)):
            if taken >= characters:
                break
            text = normalise(texts[index]).text
            if known.isdisjoint(shingles(text, SHINGLE)):
                chosen.append(text)
                taken += len(text)
    return chosen


class Committee:
    """Several encoders as one: its logits are the logarithms of their mean probabilities (a `Backend`)."""

    def __init__(self, backends: Sequence[Backend]) -> None:
        self._backends = backends

    @property
    def batch_tokens(self) -> int:
        return self._backends[0].batch_tokens

    def logits(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """(batch, length) and (batch, length) to (batch, length, tags)."""
        read = [np.exp(log_softmax(backend.logits(ids, mask))) for backend in self._backends]
        return np.log(np.maximum(np.mean(read, 0), np.finfo(np.float32).tiny))


def committee(models: Sequence[Path]) -> Tagger:
    """The tagger whose encoders are those of all the folders; all else is the first one's.

    What it gives goes by the first one's calibration, for the rare labels' sake. Raises `ValueError` for models of other
    tags or another vocabulary than the first one's.
    """
    folders = [ModelFolder.load(model) for model in models]
    first = folders[0]
    for folder in folders[1:]:
        if _form(folder) != _form(first):
            raise ValueError(f"models: {folder.path} has other tags or another vocabulary than {first.path}")
    return Tagger(first, Committee([OnnxBackend(folder, threads=0) for folder in folders]))


def _form(folder: ModelFolder) -> tuple[tuple[str, ...], list[int], bytes]:
    """What two models must share for one to read the other's logits."""
    return folder.scheme.labels, folder.scheme.columns.tolist(), folder.file("vocab.txt").read_bytes()


def label(texts: Sequence[str], models: Sequence[Path], doubt: float) -> Iterator[tuple[str, tuple[TaggedSpan, ...]]]:
    """The texts with the spans that the models read together."""
    for text, tagging in zip(texts, committee(models).tag(texts), strict=True):
        if tagging.spans and np.mean([s.score for s in tagging.spans]) >= doubt:
            yield text, tagging.spans


def run(settings: Settings) -> dict[str, Any]:
    """Label a sample of the sources and write it; returns how much there was and what was found."""
    texts = sample(settings)
    kept = [
        AnnotatedDocument(f"pseudo-{n}", None, "", text, tuple(Mark(s.start, s.end, s.label) for s in spans), ())
        for n, (text, spans) in enumerate(label(texts, settings.models, settings.doubt), 1)
    ]
    settings.output.parent.mkdir(parents=True, exist_ok=True)
    annotated.write(kept, settings.output)
    labels = Counter(mark.label for document in kept for mark in document.spans)
    characters = sum(len(document.text) for document in kept)
    return {"asked": len(texts), "kept": len(kept), "characters": characters, "labels": dict(labels)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("overrides", nargs="*", metavar="key=value")
    arguments = parser.parse_args()
    try:
        print(json.dumps(run(config.load(Settings, arguments.config, arguments.overrides))))
    except (OSError, ValueError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
