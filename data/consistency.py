"""The same words marked differently where what stands beside them is the same: one of the two is often a slip."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Final

from data.leakage import Placed

LEAST: Final = 2  # characters of a surface; one alone says too little
UNMARKED: Final = 4  # characters of a surface that is also looked for where it is not marked
BESIDE: Final = 4  # characters on either side that are the same there


def conflicts(placed: Iterable[Placed]) -> Iterator[str]:
    """A surface with two labels that has the same character before it, or after it, in both places."""
    seen: defaultdict[tuple[str, str, str], defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for item in placed:
        text = item.document.text
        for mark in item.document.spans:
            words = text[mark.start : mark.end]
            for before, after in ((text[mark.start - 1 : mark.start], ""), ("", text[mark.end : mark.end + 1])):
                if len(words) >= LEAST and (before + after).strip():
                    seen[words, before, after][mark.label].append(f"{item} at {mark.start}")
    told = set()
    for (words, before, after), labels in seen.items():
        if len(labels) > 1 and (words, *sorted(labels)) not in told:
            told.add((words, *sorted(labels)))
            where = f"after {before!r}" if before else f"before {after!r}"
            marks = "; ".join(f"{label} in {_some(places)}" for label, places in sorted(labels.items()))
            yield f"{words!r} {where} is marked in different ways: {marks}"


def unmarked(placed: Sequence[Placed]) -> Iterator[str]:
    """A longer surface that is marked, and elsewhere, between the same characters, not touched by any mark."""
    marked: dict[str, tuple[str, str]] = {}  # by words with what stands beside them: label, place
    for item in placed:
        text = item.document.text
        for mark in item.document.spans:
            low, high = mark.start - BESIDE, mark.end + BESIDE
            if mark.end - mark.start >= UNMARKED and low >= 0 and high <= len(text):
                marked.setdefault(text[low:high], (mark.label, f"{item} at {mark.start}"))
    lengths = sorted({len(context) for context in marked})
    bare: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)  # words, label and place of the mark: places
    for item in placed:
        text, spans = item.document.text, item.document.spans
        covered = {i for m in spans for i in range(max(m.start, 0), min(m.end, len(text)))}
        for start, length in product(range(len(text)), lengths):
            inside = range(start + BESIDE, start + length - BESIDE)
            if (found := marked.get(text[start : start + length])) and covered.isdisjoint(inside):
                bare[(text[inside.start : inside.stop], *found)].append(f"{item} at {inside.start}")
    for (words, label, place), places in bare.items():
        yield f"{words!r} is {label} in {place}, but no span between the same characters in {_some(places)}"


def _some(places: list[str]) -> str:
    return f"{places[0]} and {len(places) - 1} more" if len(places) > 1 else places[0]
