"""Texts with spans as padded batches of characters and BIO tags."""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch

from yaowen.formats.annotated import Mark
from yaowen.tagger.boundaries import SENTENCE_END, gaps, strengths
from yaowen.tagger.vocabulary import Vocabulary
from yaowen.tagger.windows import stack

IGNORED = -100  # the tag of [CLS], the last [SEP] and padding


def tag_names(labels: Sequence[str]) -> list[str]:
    """The BIO tags of some labels, in the order of the classifier's outputs.

    >>> tag_names(["DATE"])
    ['O', 'B-DATE', 'I-DATE']
    """
    return ["O", *(f"{kind}-{label}" for label in labels for kind in "BI")]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A text as tokens, without [CLS] and [SEP] at its ends."""

    ids: np.ndarray  # int64 (n,)
    tags: np.ndarray  # int64 (n,)
    offsets: np.ndarray  # int32 (n,): the code point each token stands for
    grades: np.ndarray  # uint8 (n,): how good a place to cut is after the token (yaowen.tagger.boundaries)
    gaps: np.ndarray  # bool (n,): whether white space that no span reaches over stands after the token

    def ends(self) -> np.ndarray:
        """Bool (n,): whether no span goes on after the token; the last one always is an end."""
        last = np.arange(len(self.ids)) == len(self.ids) - 1
        return (self.grades == SENTENCE_END) | self.gaps | last

    def window(self, start: int, end: int) -> "Example":
        part = slice(start, end)
        return Example(self.ids[part], self.tags[part], self.offsets[part], self.grades[part], self.gaps[part])


def encode(vocabulary: Vocabulary, text: str, spans: Iterable[Mark], tags: dict[str, int]) -> Example:
    """Tokens of a text with the tags of its spans; raises `KeyError` for a label without a tag."""
    tokens = vocabulary.encode(text)
    numbers = np.zeros(len(tokens.ids), np.int64)
    for span in spans:
        first, last = np.searchsorted(tokens.offsets, (span.start, span.end))
        if first < last:
            numbers[first:last] = tags[f"I-{span.label}"]
            numbers[first] = tags[f"B-{span.label}"]
    return Example(tokens.ids, numbers, tokens.offsets, strengths(tokens.codes), gaps(tokens.offsets, tokens.codes))


def windows(example: Example, longest: int, rng: np.random.Generator | None = None) -> Iterator[Example]:
    """Cut at sentence ends into pieces of at most `longest` tokens; with `rng` the first piece has a random length."""
    start, room = 0, longest
    cuts = np.append(np.flatnonzero(example.grades == SENTENCE_END) + 1, len(example.ids))
    if rng is not None and len(example.ids) > longest:
        room = int(rng.integers(longest // 4, longest + 1))
    while start < len(example.ids):
        fitting = cuts[(cuts > start) & (cuts <= start + room)]
        end = int(fitting[-1]) if len(fitting) else min(start + room, len(example.ids))
        yield example.window(start, end)
        start, room = end, longest


def batches(examples: Sequence[Example], budget: int, rng: np.random.Generator | None = None) -> list[list[Example]]:
    """Groups of about equal length whose padded size is at most `budget` tokens, in random order where `rng` is given."""
    lengths = np.array([len(e.ids) for e in examples], np.float64)
    order = np.argsort(lengths * (rng.uniform(0.85, 1.0, len(lengths)) if rng else 1.0), kind="stable")
    groups: list[list[Example]] = []
    widest = 0
    for index in order:
        widest = max(widest, len(examples[index].ids) + 2)
        if not groups or widest * (len(groups[-1]) + 1) > budget:
            groups.append([])
            widest = len(examples[index].ids) + 2
        groups[-1].append(examples[index])
    if rng:
        rng.shuffle(groups)  # type: ignore[arg-type]
    return groups


def collate(examples: Sequence[Example]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Ids, attention mask and tags, each int64 (batch, longest + 2)."""
    ids, mask = stack([e.ids for e in examples])
    tags = np.full(ids.shape, IGNORED, np.int64)
    for row, example in enumerate(examples):
        tags[row, 1 : len(example.tags) + 1] = example.tags
    return torch.from_numpy(ids), torch.from_numpy(mask), torch.from_numpy(tags)
