"""What is known of a span in relation to an event's anchor, as feature names: the evidence of the argument model.

A feature is a short readable string (`after=主持`, `sentence=-1`); the names are what `--explain` shows. Features are purely
structural or lexical: the layout of the text, the cue words, the labels of the spans round about.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from yaowen.assemble.cues import Cue, Cues
from yaowen.assemble.layout import Chain, Layout
from yaowen.schema import PEOPLE, TRIGGER_PREFIX, anchor_type

REACH_CHARACTERS = 24  # how far after or before a list its cue is looked for
TEMPLATE_CHARACTERS = 14
KEPT = 4096  # spans and anchors whose own features are kept for the pairs to come; pairs come in text order
MOST_RANKS = 3  # lists between, from which they are no longer told apart
_DIGITS = re.compile(r"[0-9〇零一二三四五六七八九十]+")
_INITIALS = {
    "OFFICIAL": "人", "PERSON": "民", "POSITION": "职", "ORGANIZATION": "构", "LOCATION": "地", "DATE": "时",
    "QUANTITY": "数", "MEASURE": "措",
}  # fmt: skip


class Features(NamedTuple):
    """Feature names of a pair: of the span alone, of the anchor alone, of the two together.

    The first two are the same objects for all pairs that share the span or the anchor.
    """

    span: tuple[str, ...]
    anchor: tuple[str, ...]
    pair: tuple[str, ...] = ()

    def names(self) -> list[str]:
        return [*self.span, *self.anchor, *self.pair]


class Evidence:
    """The features of all pairs of one text; what belongs to a span or an anchor alone is found once for those nearby."""

    __slots__ = ("_anchors", "_around_lists", "_cues", "_layout", "_places", "_sentences", "_triggers", "_unary")

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._cues = Cues(layout.text)
        self._triggers = [i for i, s in enumerate(layout.spans) if s.label.startswith(TRIGGER_PREFIX)]
        self._places: dict[str, list[int]] = defaultdict(list)  # of each label: the indices of its spans
        for index, span in enumerate(layout.spans):
            self._places[span.label].append(index)
        self._unary: dict[int, tuple[str, ...]] = {}
        self._anchors: dict[int, tuple[str, ...]] = {}
        self._around_lists: dict[int, tuple[Cue | None, Cue | None]] = {}
        self._sentences: dict[int, tuple[str, ...]] = {}

    def pair(self, anchor: int, span: int) -> Features:
        """The features of a span as a filler of the event at `anchor` (both indices into the layout's spans)."""
        if len(self._unary) + len(self._anchors) > KEPT:
            for kept in (self._unary, self._anchors, self._around_lists, self._sentences):
                kept.clear()
        if span not in self._unary:
            self._unary[span] = tuple(self._of_span(span))
        if anchor not in self._anchors:
            self._anchors[anchor] = tuple(self._of_anchor(anchor))
        both = () if anchor == span else tuple(self._of_pair(anchor, span))
        return Features(self._unary[span], self._anchors[anchor], both)

    # ---- one span ----------------------------------------------------------------------------------------------------

    def _of_span(self, index: int) -> Iterator[str]:
        layout, text = self._layout, self._layout.text
        span, chain, loose = layout.spans[index], layout.chains[index], layout.loose_chains[index]
        yield f"label={span.label}"
        yield f"form={_form(text[span.start : span.end], span.label)}"
        yield f"next={text[span.end : span.end + 2]}"
        yield f"next1={text[span.end : span.end + 1]}"
        yield f"before={text[max(span.start - 2, 0) : span.start]}"
        yield f"before1={text[max(span.start - 1, 0) : span.start]}"
        yield f"left={self._neighbour(index, -1)}"
        yield f"right={self._neighbour(index, +1)}"
        if chain.last > chain.first:
            place = "first" if index == chain.first else "last" if index == chain.last else "inner"
            yield f"list={place}"
            yield f"list size={min(chain.last - chain.first, 4)}"
        yield from self._around("list", chain)
        if loose != chain:
            yield from self._around("long list", loose)
        yield from self._of_sentence(layout.sentences[index])
        yield f"line={min(layout.lines[index], 2)}"

    def _of_sentence(self, index: int) -> tuple[str, ...]:
        if index not in self._sentences:
            kinds = sorted({cue.kind for cue in self._cues.within(*self._layout.sentence(index))})
            self._sentences[index] = tuple(f"sentence has {kind}" for kind in kinds)
        return self._sentences[index]

    def _around(self, name: str, chain: Chain) -> Iterator[str]:
        """The text and the cues right after and right before a list."""
        layout, text = self._layout, self._layout.text
        start, end = layout.spans[chain.first].start, layout.spans[chain.last].end
        low, high = layout.sentence(layout.sentences[chain.first])
        yield f"{name} then {text[end : min(end + 2, high)]}"
        yield f"{name} preceded by {text[max(start - 1, low) : start]}"
        after = self._cues.first(end, min(end + REACH_CHARACTERS, high))
        if after is None:
            yield f"{name} then no cue"
        else:
            distance = _bucket(after.start - end)
            yield f"{name} then {after.kind}"
            yield f"{name} then {after.kind} at {distance}"
            yield f"{name} then word {after.word}"
        before = self._cues.last(max(start - REACH_CHARACTERS, low), start)
        if before is not None:
            distance = _bucket(start - before.end)
            yield f"{name} after {before.kind}"
            yield f"{name} after {before.kind} at {distance}"
            yield f"{name} after word {before.word}"

    def _neighbour(self, index: int, step: int) -> str:
        """The label of the next span on one side and the text between, if they stand close."""
        other = index + step
        if not 0 <= other < len(self._layout.spans):
            return "none"
        gap = self._layout.gap(min(index, other), max(index, other))
        return f"{self._layout.spans[other].label} {gap}" if len(gap) <= 2 else "far"

    # ---- one anchor --------------------------------------------------------------------------------------------------

    def _of_anchor(self, index: int) -> Iterator[str]:
        layout, text = self._layout, self._layout.text
        span = layout.spans[index]
        if anchor_type(span.label) != "response":
            yield f"anchor={text[span.start : span.end]}"
        yield f"anchor next={text[span.end : span.end + 2]}"
        yield f"anchor next1={text[span.end : span.end + 1]}"
        yield f"anchor before={text[max(span.start - 2, 0) : span.start]}"
        low, high = layout.sentence(layout.sentences[index])
        before = self._cues.last(low, span.start)
        after = self._cues.first(span.end, high)
        yield f"anchor after {before.kind if before else 'nothing'}"
        yield f"anchor then {after.kind if after else 'nothing'}"
        previous = self._previous_trigger(index)
        yield f"last trigger={previous}"

    def _previous_trigger(self, index: int) -> str:
        """Type and nearness of the trigger before a span: whose scope it may stand in."""
        layout = self._layout
        place = bisect_left(self._triggers, index) - 1
        if place < 0:
            return "none"
        other = self._triggers[place]
        distance = layout.sentences[index] - layout.sentences[other]
        return f"{layout.spans[other].label} {min(distance, 2)}"

    # ---- a pair ------------------------------------------------------------------------------------------------------

    def _of_pair(self, anchor: int, index: int) -> Iterator[str]:
        layout = self._layout
        spans, at, span = layout.spans, layout.spans[anchor], layout.spans[index]
        before = index < anchor
        left, right = (index, anchor) if before else (anchor, index)
        side = "before" if before else "behind"
        sentences = layout.sentences[index] - layout.sentences[anchor]
        clauses = layout.clauses[index] - layout.clauses[anchor]
        lines = layout.lines[index] - layout.lines[anchor]
        same = self._count(span.label, left, right)
        rivals = self._count(at.label, left, right)
        between = bisect_left(self._triggers, right) - bisect_left(self._triggers, left + 1)
        people = sum(self._count(label, left, right) for label in PEOPLE)
        where = f"{side} sentence={max(-4, min(sentences, 4))}"
        yield where
        yield f"{where} label={span.label}"
        yield f"clause={max(-5, min(clauses, 5))} {side}"
        yield f"line={max(-3, min(lines, 3))}"
        yield f"gap={_bucket(spans[right].start - spans[left].end)} {side}"
        yield f"gap={_bucket(spans[right].start - spans[left].end)} {side} label={span.label}"
        yield f"{side} same label between={min(same, 4)}"
        yield f"{side} rivals between={min(rivals, 2)}"
        yield f"{where} rivals between={min(rivals, 2)} triggers between={min(between, 2)}"
        yield f"{side} triggers between={min(between, 3)}"
        yield f"{side} people between={min(people, 4)}"
        yield f"{where} rank={self._rank(left, right, before, span.label)} label={span.label}"
        yield f"{where} {self._others(anchor, index)}"
        yield from self._cue_pairs(anchor, index, where)
        if sentences == 0:
            yield from self._template(left, right, side)

    def _count(self, label: str, left: int, right: int) -> int:
        """How many spans of a label stand between two others."""
        places = self._places[label]
        return bisect_left(places, right) - bisect_left(places, left + 1)

    def _rank(self, left: int, right: int, before: bool, label: str) -> int:
        """How many lists of the label lie between; 0 for the nearest, `MOST_RANKS` for all from there on."""
        places, chains = self._places[label], self._layout.chains
        own = chains[left if before else right]
        rank, place = 0, bisect_left(places, left + 1)
        while place < len(places) and places[place] < right and rank < MOST_RANKS:
            chain = chains[places[place]]
            rank += chain != own
            place = bisect_left(places, chain.last + 1)
        return rank

    def _others(self, anchor: int, index: int) -> str:
        """Whether the anchor's sentence has spans of this label, and on which sides."""
        sentences, label = self._layout.sentences, self._layout.spans[index].label
        places, home = self._places[label], sentences[anchor]
        low = bisect_left(places, anchor) - 1
        high = bisect_left(places, anchor + 1)
        if low >= 0 and places[low] == index:
            low -= 1
        if high < len(places) and places[high] == index:
            high += 1
        sides = ["before"] if low >= 0 and sentences[places[low]] == home else []
        if high < len(places) and sentences[places[high]] == home:
            sides.append("behind")
        return f"others {'+'.join(sides) or 'none'} label={label}"

    def _list_cues(self, index: int) -> tuple[Cue | None, Cue | None]:
        """The first cue behind the list that begins at a span, and the last one before it, near and in its sentence."""
        if index not in self._around_lists:
            layout = self._layout
            chain = layout.chains[index]
            start, end = layout.spans[chain.first].start, layout.spans[chain.last].end
            low, high = layout.sentence(layout.sentences[index])
            after = self._cues.first(end, min(end + REACH_CHARACTERS, high))
            before = self._cues.last(max(start - REACH_CHARACTERS, low), start)
            self._around_lists[index] = after, before
        return self._around_lists[index]

    def _cue_pairs(self, anchor: int, index: int, where: str) -> Iterator[str]:
        layout = self._layout
        at, chain = layout.spans[anchor], layout.chains[index]
        text = layout.text[at.start : at.end]
        after, before = self._list_cues(index)
        is_anchor = after is not None and at.start <= after.start < at.end
        yield f"{where} list then {'anchor' if is_anchor else after.kind if after else 'nothing'}"
        yield f"{where} list after {before.kind if before else 'nothing'}"
        if anchor_type(at.label) != "response":
            yield f"{where} anchor={text} label={layout.spans[index].label}"
        following = bisect_left(self._triggers, chain.last)
        if following < len(self._triggers):
            other = self._triggers[following]
            near = layout.sentences[other] == layout.sentences[index]
            kind = "anchor" if other == anchor else layout.spans[other].label if near else "later"
            yield f"{where} next trigger {kind}"
        preceding = bisect_left(self._triggers, chain.first) - 1
        if preceding >= 0:
            other = self._triggers[preceding]
            near = layout.sentences[other] == layout.sentences[index]
            kind = "anchor" if other == anchor else layout.spans[other].label if near else "earlier"
            yield f"{where} last trigger {kind}"

    def _template(self, left: int, right: int, side: str) -> Iterator[str]:
        """The text between anchor and span with other spans abstracted, and its cues."""
        layout = self._layout
        start, end = layout.spans[left].end, layout.spans[right].start
        is_many = self._cues.count(start, end) > 4
        kinds = "many" if is_many else " ".join(dict.fromkeys(cue.kind for cue in self._cues.within(start, end)))
        yield f"{side} cues between={kinds}"
        nearest = self._cues.last(start, end) if side == "before" else self._cues.first(start, end)
        if nearest is not None:
            yield f"{side} cue nearest anchor={nearest.kind}"
        template, cursor, too_long = "", start, TEMPLATE_CHARACTERS + 1
        for span in layout.spans[left + 1 : min(right, left + 1 + too_long)]:  # each is a character of the template
            template += layout.text[cursor : min(span.start, cursor + too_long)] + _INITIALS.get(span.label, "事")
            if len(template) >= too_long:
                return
            cursor = span.end
        template += layout.text[cursor : min(end, cursor + too_long)]
        if len(template) < too_long:
            yield f"{side} template={template}"


def _form(text: str, label: str) -> str:
    """A coarse view of a span's text: dates by shape, names by length, bodies and places by ending.

    >>> _form("2月5日上午", "DATE"), _form("周", "OFFICIAL"), _form("市卫健委", "ORGANIZATION")
    ('#月#日上', 'short', '健委')
    """
    if label in PEOPLE:
        return "short" if len(text) == 1 else "name"
    if label in ("DATE", "QUANTITY"):
        return _DIGITS.sub("#", text)[:5]
    return text[-2:]


def _bucket(distance: int) -> str:
    """A number of characters as a coarse class.

    >>> [_bucket(d) for d in (0, 2, 5, 9, 15, 30, 99)]
    ['0', '1-2', '3-5', '6-10', '11-20', '21-40', '41+']
    """
    edges = (0, 2, 5, 10, 20, 40)
    names = ("0", "1-2", "3-5", "6-10", "11-20", "21-40", "41+")
    return names[bisect_left(edges, distance)]
