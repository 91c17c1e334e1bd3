"""Which spans are asked about for which event: pairs of an anchor and a span with their features."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from yaowen.assemble.features import Evidence, Features
from yaowen.assemble.layout import Layout
from yaowen.schema import RESPONSE, ROLES, anchor_type

# How many sentences before and after its anchor a filler may stand: few arguments of the training documents stand farther.
SENTENCES_BEFORE = 6
SENTENCES_AFTER = 20
MOST_SPANS = 200  # before an anchor, and as many behind it; the annotated documents have up to 86


class Candidate(NamedTuple):
    """A span that could fill some roles of the event at `anchor` (indices into the layout's spans)."""

    anchor: int
    span: int
    roles: tuple[str, ...]  # full names, `meeting.host`
    features: Features


def anchors(layout: Layout) -> dict[int, str]:
    """Event type by index of the span that anchors it: every trigger, and every MEASURE as a possible response."""
    kinds = {index: anchor_type(span.label) for index, span in enumerate(layout.spans)}
    return {index: kind for index, kind in kinds.items() if kind is not None}


def response_candidate(evidence: Evidence, index: int) -> Candidate:
    """Whether a MEASURE is acted on: the pair of the anchor with itself."""
    return Candidate(index, index, (f"{RESPONSE}.measure",), evidence.pair(index, index))


def candidates(layout: Layout, evidence: Evidence, anchor: int, kind: str) -> Iterator[Candidate]:
    """Every span within reach whose label fits a role of the event, the anchor itself left out."""
    home = layout.sentences[anchor]
    for index in _reach(layout, anchor, home):
        label = layout.spans[index].label
        roles = tuple(
            f"{kind}.{role}"
            for role, labels in ROLES[kind].items()
            if label in labels and not (kind == RESPONSE and role == "measure")
        )
        if roles:
            yield Candidate(anchor, index, roles, evidence.pair(anchor, index))


def _reach(layout: Layout, anchor: int, home: int) -> Iterator[int]:
    first = max(bisect_left(layout.sentences, home - SENTENCES_BEFORE), anchor - MOST_SPANS)
    end = min(bisect_right(layout.sentences, home + SENTENCES_AFTER), anchor + 1 + MOST_SPANS)
    yield from (index for index in range(first, end) if index != anchor)
