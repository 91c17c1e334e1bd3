"""Raw text to the canonical form the models read, with the way back to every raw character."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from yaowen.text.edits import Offsets, Step, apply, replay, to_codes, to_text, view_step
from yaowen.text.rules import RULES, Page

__all__ = ["NormalisedText", "Step", "normalise", "normalise_view", "replay"]

EXAMPLES = 5  # shown for each rule by `explain`


@dataclass(frozen=True, slots=True, eq=False)
class NormalisedText:
    """A raw text, its normalised form, and the raw range [starts[i], ends[i]) that normalised character i came from.

    `starts`, `ends`: int32, shape (len(text),); ranges are in raw order and apart, or equal where one raw piece gave
    several characters. `trace` holds what each rule did: `replay(raw, trace) == text`.

    Raises `ValueError` when built with an alignment that breaks this.
    """

    raw: str
    text: str
    starts: Offsets
    ends: Offsets
    trace: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        starts, ends = self.starts, self.ends
        if not starts.shape == ends.shape == (len(self.text),) or starts.dtype != np.int32 or ends.dtype != np.int32:
            raise ValueError(f"alignment: expected two int32 arrays of {len(self.text)}, got {starts.shape}, {ends.shape}")
        if not len(starts):
            return
        if starts[0] < 0 or ends[-1] > len(self.raw) or (starts > ends).any():
            raise ValueError(f"alignment: a range is outside the raw text of {len(self.raw)} characters or reversed")
        shared = (starts[1:] == starts[:-1]) & (ends[1:] == ends[:-1])
        if not (shared | (ends[:-1] <= starts[1:])).all():
            raise ValueError("alignment: ranges must follow each other in raw order")
        starts.setflags(write=False)
        ends.setflags(write=False)

    @classmethod
    def identity(cls, raw: str) -> "NormalisedText":
        """A text that nothing was done to."""
        starts = np.arange(len(raw), dtype=np.int32)
        return cls(raw, raw, starts, starts + np.int32(1))

    @classmethod
    def from_pieces(
        cls, raw: str, text: str, starts: Sequence[int] | Offsets, ends: Sequence[int] | Offsets
    ) -> "NormalisedText":
        """An initial view of a raw source: `text[i]` is what raw[starts[i]:ends[i]) shows (an empty range: inserted).

        >>> view = NormalisedText.from_pieces("<p>a&amp;b</p>", "a&b", [3, 4, 9], [4, 9, 10])
        >>> view.raw_span(0, 2), replay(view.raw, view.trace)
        ((3, 9), 'a&b')
        """
        low, high = np.array(starts, dtype=np.int32), np.array(ends, dtype=np.int32)
        cls(raw, text, low, high)  # the step can be made of a sound alignment only
        return cls(raw, text, low, high, (view_step(raw, text, low, high),))

    def raw_span(self, start: int, end: int) -> tuple[int, int]:
        """The raw range of a span of the normalised text; annotations removed inside it are in it, trailing ones are not."""
        if not 0 <= start < end <= len(self.text):
            raise ValueError(f"span [{start}, {end}): expected 0 <= start < end <= {len(self.text)}")
        return int(self.starts[start]), int(self.ends[end - 1])

    def normalised_span(self, raw_start: int, raw_end: int) -> tuple[int, int]:
        """The span of the characters that come from a raw range, even in part; empty if all of it was removed."""
        if not 0 <= raw_start < raw_end <= len(self.raw):
            raise ValueError(f"raw span [{raw_start}, {raw_end}): expected 0 <= start < end <= {len(self.raw)}")
        start = np.searchsorted(self.ends, raw_start, side="right")
        return int(start), int(np.searchsorted(self.starts, raw_end, side="left"))

    def explain(self) -> list[dict[str, Any]]:
        """What each rule did: action, description, count, and the first examples with their raw offsets."""
        shown = []
        view = NormalisedText.identity(self.raw)
        for step in self.trace:
            shown.append(_explain_step(view, step))
            view = _compose(view, step)
        return shown


def _explain_step(view: NormalisedText, step: Step) -> dict[str, Any]:
    examples = []
    at = 0
    for start, end, size in list(zip(step.starts.tolist(), step.ends.tolist(), step.sizes.tolist(), strict=True))[:EXAMPLES]:
        raw_start, raw_end = view.raw_span(start, end) if end > start else (0, 0)
        replacement, at = step.replacement[at : at + size], at + size
        examples.append({"start": raw_start, "end": raw_end, "before": view.text[start:end], "after": replacement})
    return {
        "action": step.action.name.lower(),
        "description": step.action.value,
        "count": len(step.starts),
        "examples": examples,
    }


def _compose(view: NormalisedText, step: Step) -> NormalisedText:
    """A view after one more step."""
    codes, low, high = apply(to_codes(view.text), step)
    starts, ends = _through(view.starts, view.ends, low, high)
    return NormalisedText(view.raw, to_text(codes), starts, ends, (*view.trace, step))


def _through(starts: Offsets, ends: Offsets, low: Offsets, high: Offsets) -> tuple[Offsets, Offsets]:
    """The raw ranges of characters that stand for the ranges [low, high) of a view with raw ranges (starts, ends)."""
    if not len(starts) or not len(low):
        return low, high
    # An inserted character stands for nothing, before the character at its place.
    new_starts = np.where(low < len(starts), starts[np.minimum(low, len(starts) - 1)], ends[-1])
    new_ends = np.where(low < high, ends[np.maximum(high - 1, 0)], new_starts)
    return new_starts.astype(np.int32), new_ends.astype(np.int32)


def normalise_view(view: NormalisedText) -> NormalisedText:
    """Run the rules on `view.text` and compose their alignment with the way back to `view.raw`."""
    page = Page.of(to_codes(view.text))
    starts, ends, trace = view.starts, view.ends, list(view.trace)
    for rule in RULES:
        while page.present & rule.needs and (step := rule.step(page)):
            codes, low, high = apply(page.codes, step)
            if not step.keeps_length:
                starts, ends = _through(starts, ends, low, high)
            page = Page.of(codes)
            trace.append(step)
            if not rule.repeats:
                break
    if len(trace) == len(view.trace):
        return view
    return NormalisedText(view.raw, to_text(page.codes), starts, ends, tuple(trace))


def normalise(raw: str) -> NormalisedText:
    """The canonical form of a raw text, aligned with it.

    >>> page = normalise("張(zhāng)維亮")
    >>> page.text, page.raw_span(0, 1), page.raw_span(0, 2)
    ('张维亮', (0, 1), (0, 9))
    """
    return normalise_view(NormalisedText.identity(raw))
