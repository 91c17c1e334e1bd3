"""Which gold span a predicted span stands for: itself, one with other edges, one with another label, or none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from yaowen.evaluation.reading import Span

Item = TypeVar("Item")


class Kind(Enum):
    """How a pair of spans differs; the value is its name in reports."""

    RIGHT = "right"
    LABEL = "label"  # same edges, another label
    BOUNDARY = "boundary"  # same label, other edges
    BOTH = "boundary and label"
    MISSED = "missed"
    SPURIOUS = "spurious"


@dataclass(frozen=True, slots=True)
class Match:
    """A gold span, a predicted span, or both, and what is wrong with it."""

    kind: Kind
    gold: Span | None
    found: Span | None


def match(gold: Sequence[Span], found: Sequence[Span]) -> list[Match]:
    """Every span of both readings in exactly one match: the best pairs first, then what is left over.

    >>> [m.kind.name for m in match([Span(0, 2, "DATE"), Span(3, 5, "DATE")], [Span(0, 3, "DATE"), Span(8, 9, "DATE")])]
    ['BOUNDARY', 'MISSED', 'SPURIOUS']
    """
    matches: list[Match] = []
    left, right = list(dict.fromkeys(gold)), list(dict.fromkeys(found))
    for kind in (Kind.RIGHT, Kind.LABEL, Kind.BOUNDARY, Kind.BOTH):
        for a, b in list(pairs(left, right, kind)):
            matches.append(Match(kind, a, b))
            left.remove(a)
            right.remove(b)
    matches += [Match(Kind.MISSED, a, None) for a in left]
    matches += [Match(Kind.SPURIOUS, None, b) for b in right]
    return matches


def pairs(gold: Sequence[Span], found: Sequence[Span], kind: Kind) -> Iterator[tuple[Span, Span]]:
    """Pairs that differ in this way, each span in one pair at most; for overlaps as many pairs as can be, in text order."""
    if kind in (Kind.RIGHT, Kind.LABEL):
        places: dict[tuple[object, ...], list[Span]] = {}
        for span in found:
            places.setdefault(_edges(span, kind), []).append(span)
        for span in gold:
            if own := places.get(_edges(span, kind)):
                yield span, own.pop(0)
        return
    labels = sorted({s.label for s in gold}) if kind is Kind.BOUNDARY else [None]
    for label in labels:
        yield from _overlapping(
            [s for s in gold if label in (None, s.label)], [s for s in found if label in (None, s.label)]
        )


def _edges(span: Span, kind: Kind) -> tuple[object, ...]:
    return span.key if kind is Kind.RIGHT else (span.start, span.end)


def _overlapping(gold: Sequence[Span], found: Sequence[Span]) -> Iterator[tuple[Span, Span]]:
    """Pairs of overlapping spans: walking both in text order gives the greatest number where neither overlaps itself."""
    one, other = sorted(gold, key=lambda s: (s.end, s.start)), sorted(found, key=lambda s: (s.end, s.start))
    i = j = 0
    while i < len(one) and j < len(other):
        if one[i].start < other[j].end and other[j].start < one[i].end:
            yield one[i], other[j]
            i, j = i + 1, j + 1
        elif one[i].end <= other[j].end:
            i += 1
        else:
            j += 1
