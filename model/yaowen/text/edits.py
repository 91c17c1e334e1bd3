"""What a normalisation rule did to a text, as data that can be shown and replayed."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint32]  # a text as code points, shape (characters,)
Offsets = NDArray[np.int32]


class Action(Enum):
    """Why a piece of text was changed; the value is the sentence that `--explain` shows."""

    VIEW = "visible text taken out of its markup"
    LINE_END = "line end written as a line feed"
    REMOVE = "control, zero-width or private-use character removed"
    SPACE = "space of another kind written as a plain space"
    FOLD = "compatibility character written as its plain form"
    PINYIN = "pinyin annotation removed"
    SIMPLIFY = "traditional characters written as simplified ones"
    VARIANT = "character that the conversion tables leave wrong in this word put right"
    PUNCTUATION = "punctuation set to the width of its surroundings"
    QUOTE = "corner brackets written as quotation marks"


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """The edits of one rule, in text order and apart from each other, as offsets into the text the rule was given.

    Edit i replaces [starts[i], ends[i]) by the next sizes[i] characters of `replacement`. Shapes: (edits,).
    """

    action: Action
    starts: Offsets
    ends: Offsets
    sizes: Offsets
    replacement: str

    def __post_init__(self) -> None:
        if not len(self.starts) == len(self.ends) == len(self.sizes) or int(self.sizes.sum()) != len(self.replacement):
            raise ValueError(f"{self.action.name}: starts, ends, sizes and replacement do not fit each other")
        if (self.ends < self.starts).any() or (self.starts[1:] < self.ends[:-1]).any():
            raise ValueError(f"{self.action.name}: edits must be in text order and may not overlap")

    @property
    def keeps_length(self) -> bool:
        """Whether every edit puts as many characters as it takes."""
        return bool(np.array_equal(self.ends - self.starts, self.sizes))


def to_codes(text: str) -> Codes:
    """A text as an array of its code points (lone surrogates included).

    >>> to_codes("亮a").tolist()
    [20142, 97]
    """
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def to_text(codes: Codes) -> str:
    """The text of an array of code points."""
    return codes.astype("<u4", copy=False).tobytes().decode("utf-32-le", "surrogatepass")


def replace_characters(action: Action, positions: NDArray[np.integer], new: Codes) -> Step:
    """A step that puts one character for one character."""
    starts = positions.astype(np.int32)
    return Step(action, starts, starts + np.int32(1), np.ones(len(starts), np.int32), to_text(new))


def remove_ranges(action: Action, starts: NDArray[np.integer], ends: NDArray[np.integer]) -> Step:
    """A step that takes ranges out."""
    return Step(action, starts.astype(np.int32), ends.astype(np.int32), np.zeros(len(starts), np.int32), "")


def replace_ranges(action: Action, edits: Sequence[tuple[int, int, str]]) -> Step:
    """A step from (start, end, replacement) triples in text order."""
    starts, ends, sizes = (
        np.array([column(edit) for edit in edits], dtype=np.int32)
        for column in (lambda e: e[0], lambda e: e[1], lambda e: len(e[2]))
    )
    return Step(action, starts, ends, sizes, "".join(edit[2] for edit in edits))


def _members(starts: Offsets, sizes: Offsets) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """For ranges of given starts and sizes, one after the other: every position in them, and the range it belongs to."""
    owner = np.repeat(np.arange(len(sizes)), sizes)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return starts[owner] + within, owner


def apply(codes: Codes, step: Step) -> tuple[Codes, Offsets, Offsets]:
    """The text after a step and, for each of its characters, the range [low, high) of the text before that it stands for.

    A replacement as long as what it replaces is aligned character by character; in any other, each character stands for
    the whole range.
    """
    new = to_codes(step.replacement)
    lengths = step.ends - step.starts
    taken, _ = _members(step.starts, lengths)
    if step.keeps_length:
        out = codes.copy()
        out[taken] = new
        low = np.arange(len(out), dtype=np.int32)
        return out, low, low + np.int32(1)
    keep = np.ones(len(codes), dtype=bool)
    keep[taken] = False
    kept = np.flatnonzero(keep).astype(np.int32)
    if not len(new):
        return codes[kept], kept, kept + np.int32(1)
    growth = np.concatenate(([0], np.cumsum(step.sizes - lengths)))  # total change of length before edit i
    out = np.empty(len(codes) + growth[-1], dtype=np.uint32)
    low, high = np.empty(len(out), dtype=np.int32), np.empty(len(out), dtype=np.int32)
    # An insertion (empty range) at p stands before character p, hence "right".
    kept_at = kept + growth[np.searchsorted(step.starts, kept, side="right")]
    out[kept_at], low[kept_at], high[kept_at] = codes[kept], kept, kept + 1
    at, owner = _members((step.starts + growth[:-1]).astype(np.int32), step.sizes)
    even = (step.sizes == lengths)[owner]
    within = at - (step.starts + growth[:-1])[owner]
    out[at] = new
    low[at] = step.starts[owner] + np.where(even, within, 0)
    high[at] = np.where(even, low[at] + 1, step.ends[owner])
    return out, low, high


def replay(raw: str, trace: Sequence[Step]) -> str:
    """The text that the steps of a trace make of a raw text."""
    codes = to_codes(raw)
    for step in trace:
        codes, _, _ = apply(codes, step)
    return to_text(codes)


def view_step(raw: str, text: str, starts: Offsets, ends: Offsets) -> Step:
    """The step that makes an initial view of a raw source: whatever stands between its characters is taken out."""
    source, visible = to_codes(raw), to_codes(text)
    first = np.ones(len(visible), dtype=bool)  # characters of one entity share a range: one edit
    first[1:] = (starts[1:] != starts[:-1]) | (ends[1:] != ends[:-1]) | (starts[1:] == ends[1:])
    single = (ends - starts == 1) & first & np.append(first[1:], True)
    same = single.copy()
    same[single] = source[starts[single]] == visible[single]
    edits: list[tuple[int, int, str]] = []
    done = 0
    # Only the edges of runs of kept neighbours are looked at one by one.
    joined = same.copy()
    joined[1:] &= same[:-1] & (ends[:-1] == starts[1:])
    joined[:1] &= starts[:1] == 0
    for index in np.flatnonzero(~joined).tolist():
        if not first[index]:
            continue
        previous = int(ends[index - 1]) if index else 0
        done = max(done, previous)
        start, end = int(starts[index]), int(ends[index])
        if start > done:
            edits.append((done, start, ""))
        done = max(done, start)
        if not same[index]:
            stop = index + 1
            while stop < len(visible) and not first[stop]:
                stop += 1
            edits.append((start, end, text[index:stop]))
            done = end
    done = max(done, int(ends[-1])) if len(ends) else 0
    if done < len(raw):
        edits.append((done, len(raw), ""))
    return replace_ranges(Action.VIEW, edits)
