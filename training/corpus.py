"""The annotated documents that a tagger learns from and is chosen on, in any format that `yaowen.formats` reads."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from yaowen import formats
from yaowen.formats.annotated import AnnotatedDocument
from yaowen.formats.form import problems
from yaowen.schema import SPAN_LABELS

TOLD = 5  # of what is wrong with the documents


@dataclasses.dataclass(frozen=True, slots=True)
class Data:
    """Where the documents are; without `dev` files a share of the training documents is held out.

    `beside` are others to train on, whose annotators did not do alike: they get a head of their own (training/finetune.py).
    """

    train: tuple[Path, ...]
    dev: tuple[Path, ...]
    held_out: float
    format: str
    labels: dict[str, str]
    beside: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.held_out < 1:
            raise ValueError(f"data.held_out = {self.held_out}: expected a share between 0 and 1")


@dataclasses.dataclass(frozen=True, slots=True)
class Corpus:
    """Training documents, and named groups of documents to score on."""

    train: tuple[AnnotatedDocument, ...]
    dev: tuple[tuple[str, tuple[AnnotatedDocument, ...]], ...]
    beside: tuple[AnnotatedDocument, ...] = ()

    def unmarked(self) -> list[str]:
        """Labels that no training document marks: a tagger unlearns them."""
        return sorted(set(SPAN_LABELS) - {mark.label for document in self.train for mark in document.spans})


def load(data: Data, seed: int) -> Corpus:
    """Read and check the documents; raises `ValueError` that says what is wrong with them and what to do."""
    if not data.train:
        raise ValueError("data.train names no file: add data.train=FILE (JSON lines, a doccano or Label Studio export, …)")
    train, beside = _read(data.train, data), _read(data.beside, data)
    if data.dev:
        return Corpus(train, tuple((f"{path.parent.name}-{path.stem}", _read([path], data)) for path in data.dev), beside)
    if len(train) < 2:
        raise ValueError(f"{data.train[0]} holds {len(train)} documents; expected one more, to score on, or data.dev=FILE")
    order = np.random.default_rng(seed).permutation(len(train))
    count = min(max(1, round(data.held_out * len(train))), len(train) - 1)
    kept, held = sorted(order[count:]), sorted(order[:count])
    return Corpus(tuple(train[i] for i in kept), (("held-out", tuple(train[i] for i in held)),), beside)


def _read(paths: Sequence[Path], data: Data) -> tuple[AnnotatedDocument, ...]:
    documents: list[AnnotatedDocument] = []
    wrong: list[str] = []
    for path in paths:
        try:
            found = formats.read(path, data.format, data.labels)
        except OSError as error:
            raise ValueError(f"{path}: cannot be read ({error.strerror})") from None
        wrong += [f"{path} ({d.id}): {problem}" for d in found for problem in problems(d)]
        documents += found
    if wrong:
        more = f"\n… and {len(wrong) - TOLD} more" if len(wrong) > TOLD else ""
        raise ValueError(
            "the documents cannot be learnt from:\n" + "\n".join(wrong[:TOLD]) + more + "\n"
            'Rename labels with data.labels.NAME=OURS ("" leaves one out); python -m data.check FILE tells everything.'
        )
    return tuple(documents)
