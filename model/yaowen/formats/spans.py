"""Spans and relations as foreign formats give them, checked on the way in."""

import warnings
from collections.abc import Iterable, Iterator
from typing import Final

from yaowen.formats.annotated import AnnotatedDocument, Event, Mark, Role
from yaowen.schema import EVENT_TYPES, RESPONSE, ROLES, anchor_type

HOLDER: Final = "holder"  # the relation from a POSITION to the person who holds it
ROLE_NAMES: Final = frozenset(role for roles in ROLES.values() for role in roles)

Relation = tuple[Mark, str, Mark]


def mark(text: str, start: int, end: int, label: str, surface: str | None = None) -> Mark:
    """A span of a text, half-open code points; `surface` is what it reads where the format says so.

    Raises `ValueError` where it is not inside the text or does not read so.

    >>> mark("罗一凡来了", 0, 3, "NAME", "罗一凡") == Mark(0, 3, "NAME")
    True
    """
    where = f"the span {label} [{start}, {end})"
    if not 0 <= start < end <= len(text):
        raise ValueError(
            f"{where} is not inside the text, which has {len(text)} characters; expected half-open code points: "
            "export the text and its spans again, from one version"
        )
    if surface is not None and text[start:end] != surface:
        raise ValueError(
            f"{where} reads {text[start:end]!r}, the file says {surface!r}; expected half-open code points: "
            "was the text changed (spaces, line ends) after it was annotated?"
        )
    return Mark(start, end, label)


def note(message: str) -> None:
    """Say what a reader passes over."""
    warnings.warn(message, stacklevel=3)


def relations(document: AnnotatedDocument) -> Iterator[Relation]:
    """Events and holders as relations between spans: from the anchor to what fills a role, from an office to its holder.

    An argument that is no span of the document has none.
    """
    place = {(m.start, m.end): m for m in document.spans}
    people = {m.start: m for m in document.spans if m.label in ("OFFICIAL", "PERSON")}
    for event in document.events:
        for argument in event.arguments:
            ends = place.get((event.start, event.end)), place.get((argument.start, argument.end))
            if ends[0] and ends[1]:
                yield ends[0], argument.role, ends[1]
    for span in document.spans:
        if span.holder is not None and span.holder in people:
            yield span, HOLDER, people[span.holder]


def with_relations(spans: Iterable[Mark], found: Iterable[Relation], where: str) -> tuple[list[Mark], list[Event]]:
    """The spans with their holders, and the events that the relations of their triggers and MEASUREs make.

    A trigger without relations is an event without arguments; a MEASURE without any is no event. Other relations are
    passed over with a note.
    """
    holders: dict[Mark, int] = {}
    arguments: dict[Mark, list[Role]] = {}
    strange = set()
    for source, kind, target in found:
        if kind == HOLDER:
            holders[source] = target.start
        elif kind in ROLE_NAMES and anchor_type(source.label) in EVENT_TYPES:
            arguments.setdefault(source, []).append(Role(kind, target.start, target.end))
        else:
            strange.add(kind)
    if strange:
        note(f"{where}: relations that are no roles of events are passed over: {', '.join(sorted(strange))}")
    whole = sorted(Mark(m.start, m.end, m.label, holders.get(m)) for m in spans)
    events = []
    for span in whole:
        event_type = anchor_type(span.label)
        roles = arguments.get(Mark(span.start, span.end, span.label), [])
        if event_type in EVENT_TYPES and (roles or event_type != RESPONSE):
            events.append(
                Event(str(event_type), span.start, span.end, tuple(sorted(roles, key=lambda r: (r.start, r.role))))
            )
    return whole, events
