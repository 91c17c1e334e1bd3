"""The document record that every interface gives (schema `yaowen/1`); all offsets are into the raw text."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from yaowen.schema import SCHEMA

if TYPE_CHECKING:
    from yaowen.ground.dates import DateValue
    from yaowen.ground.offices import OfficeReading
    from yaowen.ground.places import Place


@dataclass(frozen=True, slots=True)
class Span:
    """A labelled span: half-open code points into the raw text, `raw[start:end] == text`.

    `date` is what a DATE span means, `place` where the place, the body or the office of a span is.
    """

    start: int
    end: int
    text: str
    label: str
    score: float
    normalized: str
    date: "DateValue | None" = None
    place: "Place | None" = None

    def to_dict(self) -> dict[str, Any]:
        record = {
            "start": self.start, "end": self.end, "text": self.text, "label": self.label,
            "score": round(self.score, 4), "normalized": self.normalized,
        }  # fmt: skip
        meaning = {"date": self.date, "place": self.place}
        return record | {name: value.to_dict() for name, value in meaning.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Office:
    """An office somebody holds: the title as written, where it stands first, and what was read from it.

    `status` is the word before it that says that it is held no longer or not yet (原, 时任, 代); `adcode` the division of
    its body.
    """

    title: str
    start: int
    end: int
    reading: "OfficeReading"
    status: str | None = None
    adcode: str | None = None

    def to_dict(self) -> dict[str, Any]:
        read = self.reading
        return {
            "title": self.title, "body": read.body, "office": read.office, "start": self.start, "end": self.end,
            "completed_body": read.completed_body, "kind": read.kind, "level": read.level or None, "rank": read.rank,
            "status": self.status, "adcode": self.adcode,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """An entry of the document's roster: somebody, every mention, every office."""

    id: str
    name: str
    mentions: tuple[tuple[int, int], ...]
    offices: tuple[Office, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id, "name": self.name, "mentions": [list(m) for m in self.mentions],
            "offices": [office.to_dict() for office in self.offices],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Argument:
    """A span in a role of an event.

    `person` is an id of the roster; `positions` are the posts that somebody who is appointed or dismissed gets or loses,
    each an argument of the event too; `cues` say what spoke for the role, strongest first.
    """

    role: str
    span: Span
    score: float
    person: str | None = None
    cues: tuple[str, ...] = ()
    positions: tuple[Span, ...] = ()

    def to_dict(self, explain: bool = False) -> dict[str, Any]:
        record: dict[str, Any] = {"role": self.role} | self.span.to_dict() | {"score": round(self.score, 4)}
        if self.person:
            record["person"] = self.person
        if self.positions:
            record["positions"] = [[span.start, span.end] for span in self.positions]
        return record | {"cues": list(self.cues)} if explain else record


@dataclass(frozen=True, slots=True)
class Event:
    """What happened: an anchor (trigger or MEASURE), its arguments in text order, when and where by them."""

    id: str
    type: str
    trigger: Span
    score: float
    arguments: tuple[Argument, ...]
    date: "DateValue | None" = None
    place: "Place | None" = None

    def fillers(self, role: str) -> tuple[Argument, ...]:
        """The arguments in a role."""
        return tuple(a for a in self.arguments if a.role == role)

    def to_dict(self, explain: bool = False) -> dict[str, Any]:
        return {
            "id": self.id, "type": self.type, "trigger": self.trigger.to_dict(), "score": round(self.score, 4),
            "arguments": [a.to_dict(explain) for a in self.arguments],
            "date": self.date.to_dict() if self.date else None,
            "place": self.place.to_dict() if self.place else None,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Warning:
    """What was skipped or is doubtful, in words; the offsets say where, if it has a place."""

    kind: str
    message: str
    start: int | None = None
    end: int | None = None

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "message": self.message, "start": self.start, "end": self.end}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a document came from."""

    path: str | None
    encoding: str | None
    sha256: str
    length: int

    def to_dict(self) -> dict[str, Any]:
        return {"path": self.path, "encoding": self.encoding, "sha256": self.sha256, "length": self.length}


@dataclass(frozen=True, slots=True)
class Document:
    """Everything that was read from one text. `raw` is the text as decoded; it is not part of the record.

    Raises `ValueError` when built with a span that does not say what the raw text says at its offsets.
    """

    id: str
    source: Source
    published: str | None
    published_from: str | None  # "caller", "page" or None
    raw: str
    spans: tuple[Span, ...]
    people: tuple[Person, ...]
    events: tuple[Event, ...]
    warnings: tuple[Warning, ...] = ()
    trace: tuple[dict[str, Any], ...] = ()  # the normalisation steps, for `--explain`
    visible: tuple[tuple[int, int], ...] | None = None  # the raw ranges that a reader sees; None: all of it

    def __post_init__(self) -> None:
        for span in self.spans:
            if self.raw[span.start : span.end] != span.text:
                raise ValueError(f"span [{span.start}, {span.end}) says {span.text!r}, the text says otherwise")

    def to_dict(self, explain: bool = False) -> dict[str, Any]:
        """The record as plain data; `explain` adds the cues of every argument and the normalisation trace."""
        record = {
            "schema": SCHEMA, "id": self.id, "source": self.source.to_dict(),
            "published": self.published, "published_from": self.published_from,
            "spans": [s.to_dict() for s in self.spans], "people": [p.to_dict() for p in self.people],
            "events": [e.to_dict(explain) for e in self.events], "warnings": [w.to_dict() for w in self.warnings],
        }  # fmt: skip
        return record | {"trace": list(self.trace)} if explain else record
