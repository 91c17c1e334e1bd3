"""Predictions as annotated documents: what people correct instead of annotating from nothing."""

import re
from bisect import bisect_left
from collections.abc import Callable
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from yaowen.formats.annotated import AnnotatedDocument, Event, Mark, Role

if TYPE_CHECKING:
    from yaowen.document import Document, Person

Move = Callable[[int, int], tuple[int, int]]
ENTITY: Final = re.compile(r"&[^&;\s]{0,64};?|[^&]{1,256}")  # or a stretch without any


def from_document(document: "Document") -> AnnotatedDocument:
    """A document's spans, holders and events; offsets are into what a reader sees: of HTML, the text without mark-up."""
    text, move = _visible(document)
    holders = {
        (office.start, office.end): move(*_holder(person, office.start))[0]
        for person in document.people
        for office in person.offices
    }
    spans = {
        (*place, s.label): Mark(*place, s.label, holders.get((s.start, s.end)) if s.label == "POSITION" else None)
        for s in document.spans
        if (place := move(s.start, s.end))[0] < place[1]
    }
    events = tuple(
        Event(e.type, *move(e.trigger.start, e.trigger.end), _roles(e.arguments, move)) for e in document.events
    )  # fmt: skip
    ordered = tuple(sorted(spans.values(), key=lambda m: (m.start, m.end)))
    return AnnotatedDocument(document.id, document.published, "", text, ordered, events)


def _roles(arguments: tuple, move: Move) -> tuple[Role, ...]:
    roles = dict.fromkeys(Role(a.role, *move(a.span.start, a.span.end)) for a in arguments)
    return tuple(sorted(roles, key=lambda r: (r.start, r.role)))


def _holder(person: "Person", office: int) -> tuple[int, int]:
    """The mention nearest to an office, of two as near the later."""
    return min(person.mentions, key=lambda mention: (abs(mention[0] - office), -mention[0]))


def _visible(document: "Document") -> tuple[str, Move]:
    if document.visible is None:
        return document.raw, lambda start, end: (start, end)
    from yaowen.view.visible import Part, Visible

    whole = Visible.of(document.raw, document.visible)
    parts = tuple(
        Part(found.start(), found.end(), part.new_line and found.start() == part.start)
        for part in whole.parts
        for found in ENTITY.finditer(document.raw, part.start, part.end)
    )
    visible = Visible(document.raw, parts, True)
    shown = [visible.text(part.start, part.end) for part in parts]
    text, starts, before = "".join(shown), [part.start for part in parts], [0, *accumulate(map(len, shown))]

    def seen(place: int) -> int:
        """How many characters show before a place in the raw text."""
        last = bisect_left(starts, place) - 1  # the part that it is in or behind
        return before[last] + len(visible.text(starts[last], place)) if last >= 0 else 0

    def move(start: int, end: int) -> tuple[int, int]:
        low, high = seen(start), seen(end)
        while low < high and text[low] == "\n":  # the line end that mark-up before the span made
            low += 1
        return low, high

    return text, move
