"""Long texts as overlapping windows cut at sentence ends, and windows as padded batches."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yaowen.tagger.boundaries import SENTENCE_END, gaps, strengths
from yaowen.tagger.vocabulary import CLS, PAD, SEP, Tokens


@dataclass(frozen=True, slots=True)
class Window:
    """Token positions of one text: the model reads [start, end), the answers of [core_start, core_end) are kept."""

    start: int
    core_start: int
    core_end: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.core_start < self.core_end <= self.end:
            raise ValueError(f"{self}: expected 0 <= start <= core_start < core_end <= end")

    @property
    def length(self) -> int:
        """Tokens the model reads, without `[CLS]` and `[SEP]`."""
        return self.end - self.start


def cut_windows(grades: NDArray[np.uint8], longest: int, context: int) -> list[Window]:
    """Windows of at most `longest` tokens whose cores are the text, each token in exactly one.

    `grades` (tokens,) says how good a place to cut is after each token. A text that fits is one window. Otherwise a
    core ends at the last sentence end that leaves room for `context` tokens on both sides, at a clause end if there is
    none, or where the room ends. Context begins and ends at sentence ends where the `context` tokens have one.
    """
    if not 0 <= 4 * context < longest:
        raise ValueError(f"{context} tokens of context: expected less than a quarter of the window, which is {longest}")
    count = len(grades)
    if count <= longest:
        return [Window(0, 0, count, count)] if count else []
    cuts = [np.flatnonzero(grades == grade) + 1 for grade in range(SENTENCE_END, 0, -1)]
    windows = []
    at = 0
    while at < count:
        start = _first(cuts[0], at - context, at) if at > context else 0
        if count - start <= longest:
            core_end = end = count
        else:
            core_end = _core_end(cuts, at, start + longest - context)
            end = _last(cuts[0], core_end + 1, core_end + context)
        windows.append(Window(start, at, core_end, end))
        at = core_end
    return windows


def _core_end(cuts: Sequence[NDArray[np.intp]], at: int, limit: int) -> int:
    # A core of less than a third of the room would cost more than the better cut is worth.
    least = at + (limit - at) // 3
    for grade in cuts:
        index = int(np.searchsorted(grade, limit, "right")) - 1
        if index >= 0 and grade[index] > least:
            return int(grade[index])
    return limit


def _first(cuts: NDArray[np.intp], low: int, high: int) -> int:
    """The first cut in [low, high), else `low`."""
    index = int(np.searchsorted(cuts, low))
    return int(cuts[index]) if index < len(cuts) and cuts[index] < high else low


def _last(cuts: NDArray[np.intp], low: int, high: int) -> int:
    """The last cut in [low, high], else `high`."""
    index = int(np.searchsorted(cuts, high, "right")) - 1
    return int(cuts[index]) if index >= 0 and cuts[index] >= low else high


@dataclass(frozen=True, slots=True)
class Placed:
    """A window of the text with number `text`; `closed` where no span can reach beyond its core."""

    text: int
    tokens: Tokens
    window: Window
    closed: bool
    gaps: NDArray[np.bool_]  # of the whole text, (tokens,): white space that no span reaches over stands after the token


def place(encoded: Iterable[Tokens], longest: int, context: int) -> Iterator[Placed]:
    """The windows of all texts in order; texts are taken one at a time."""
    for number, tokens in enumerate(encoded):
        grades = strengths(tokens.codes)
        parted = gaps(tokens.offsets, tokens.codes)
        for window in cut_windows(grades, longest, context):
            end = window.core_end
            yield Placed(number, tokens, window, end == len(grades) or grades[end - 1] == SENTENCE_END, parted)


def shards(windows: Iterable[Placed], size: int) -> Iterator[list[Placed]]:
    """Runs of windows with about `size` tokens of core, so that any number and length of texts fits in memory.

    A run ends where no span can be cut in two; only in text that has no sentence end for another `size` tokens it ends
    all the same.
    """
    run: list[Placed] = []
    tokens = 0
    for placed in windows:
        run.append(placed)
        tokens += placed.window.core_end - placed.window.core_start
        if tokens >= (size if placed.closed else 2 * size):
            yield run
            run, tokens = [], 0
    if run:
        yield run


def batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Which windows go through the model together: about equal lengths, at most `budget` tokens with padding.

    `lengths` are those the model reads, with `[CLS]` and `[SEP]`. A window longer than the budget is a batch of its own.

    >>> batches([10, 30, 9, 31], budget=64)
    [[3, 1], [0, 2]]
    """
    groups: list[list[int]] = []
    rows = 0
    for index in np.argsort(-np.asarray(lengths), kind="stable").tolist():
        if not groups or len(groups[-1]) == rows:
            # The first of a group is its longest, hence decides how many fit.
            rows = max(1, budget // lengths[index])
            groups.append([])
        groups[-1].append(index)
    return groups


def stack(rows: Sequence[NDArray[np.int64]], width: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Token ids and attention mask, both int64 (rows, width), with `[CLS]` before each row and `[SEP]` after it.

    The width is that of the longest row or `width` if that is more.

    >>> stack([np.array([7, 8]), np.array([9])])[0].tolist()
    [[2, 7, 8, 3], [2, 9, 3, 0]]
    """
    lengths = np.array([len(row) + 2 for row in rows])
    mask = (np.arange(max(width, int(lengths.max()))) < lengths[:, None]).astype(np.int64)
    ids = np.full(mask.shape, PAD, np.int64)
    for index, row in enumerate(rows):
        ids[index, 0], ids[index, 1 : len(row) + 1], ids[index, len(row) + 1] = CLS, row, SEP
    return ids, mask
