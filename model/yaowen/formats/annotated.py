"""Reader of our annotated news: JSON lines with spans, holders of offices and events."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from yaowen.formats.units import attempts, identity, json_lines, read_text, sound, typed, write_text

EXPECTED: Final = "id, text, spans (start, end, label) and events (type, trigger, arguments)"


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A labelled span: half-open code points into the text; `holder` is the start of the person who holds a POSITION.

    `date`: ISO start and end that a DATE means; `adcode`: the division that a place means. Most documents say neither.
    """

    start: int
    end: int
    label: str
    holder: int | None = None
    date: tuple[str, str] | None = None
    adcode: str | None = None


@dataclass(frozen=True, slots=True)
class Role:
    """A span that fills a role of an event."""

    role: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Event:
    """An event: its type, its trigger (for a response: its MEASURE) and its arguments."""

    type: str
    start: int
    end: int
    arguments: tuple[Role, ...]
    date: tuple[str, str] | None = None
    adcode: str | None = None


@dataclass(frozen=True, slots=True)
class AnnotatedDocument:
    """A text with its spans in text order and its events; all offsets are into `text`."""

    id: str
    published: str | None
    title: str
    text: str
    spans: tuple[Mark, ...]
    events: tuple[Event, ...]


def read(path: Path) -> list[AnnotatedDocument]:
    """Every document of a JSON-lines file, in file order.

    Raises `ValueError` that names the file and line of what is not of the form; `form.problems` judges the content.
    """
    return list(parse(read_text(path).split("\n"), str(path)))


def parse(lines: Iterable[str], source: str) -> Iterator[AnnotatedDocument]:
    """The documents of JSON lines; `source` names them in messages. Empty lines are passed over."""
    return sound(attempt(lines, source))


def attempt(lines: Iterable[str], source: str) -> Iterator[AnnotatedDocument | ValueError]:
    """The documents of JSON lines; a broken line gives an error in its place."""
    return attempts(json_lines(lines, source), lambda line: from_record(json.loads(line)), EXPECTED)


def write(documents: Iterable[AnnotatedDocument], path: Path) -> None:
    """Write JSON lines that `read` reads back."""
    lines = (json.dumps(to_record(document), ensure_ascii=False) + "\n" for document in documents)
    write_text("".join(lines), path)


def to_record(document: AnnotatedDocument) -> dict[str, Any]:
    """The document as it stands in a JSON line."""
    return {
        "id": document.id, "published": document.published, "title": document.title, "text": document.text,
        "spans": [
            {"start": m.start, "end": m.end, "label": m.label}
            | ({} if m.holder is None else {"holder": m.holder})
            | _meant(m)
            for m in document.spans
        ],
        "events": [
            {
                "type": e.type, "trigger": {"start": e.start, "end": e.end},
                "arguments": [{"role": a.role, "start": a.start, "end": a.end} for a in e.arguments],
            }
            | _meant(e)
            for e in document.events
        ],
    }  # fmt: skip


def from_record(record: dict[str, Any]) -> AnnotatedDocument:
    """The document of a JSON line; raises `ValueError`, `KeyError`, `TypeError` and the like where it is not of the form."""
    marks = (Mark(s["start"], s["end"], s["label"], s.get("holder"), *meaning(s)) for s in record["spans"])
    spans = sorted(marks, key=lambda m: (m.start, m.end, m.label))
    events = tuple(
        Event(
            e["type"], e["trigger"]["start"], e["trigger"]["end"],
            tuple(Role(a["role"], a["start"], a["end"]) for a in e["arguments"]), *meaning(e),
        )
        for e in record.get("events", ())
    )  # fmt: skip
    name, published, title = identity(record["id"]), record.get("published") or None, record.get("title") or ""
    return typed(AnnotatedDocument(name, published, title, record["text"], tuple(spans), events))


def meaning(record: dict[str, Any]) -> tuple[tuple[str, str] | None, str | None]:
    """The date and the division that the record of a span or an event says it means, None where it says none.

    >>> meaning({"date": {"start": "2020-02-05", "end": "2020-02-05"}}), meaning({"place": {"adcode": "460200"}})
    ((('2020-02-05', '2020-02-05'), None), (None, '460200'))
    """
    date, place = record.get("date"), record.get("place")
    return (date["start"], date["end"]) if date else None, place.get("adcode") if place else None


def _meant(item: Mark | Event) -> dict[str, Any]:
    date = {"date": dict(zip(("start", "end"), item.date, strict=True))} if item.date else {}
    return date | ({"place": {"adcode": item.adcode}} if item.adcode else {})
