"""Reader of our annotated news: JSON lines with spans, holders of offices and events (form: README.md here)."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A labelled span: half-open code points into the text; `holder` is the start of the person who holds a POSITION."""

    start: int
    end: int
    label: str
    holder: int | None = None


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

    Raises `ValueError` that names the file and line of what is not of the form; `data.check` judges the content.
    """
    return list(parse(path.read_text("utf-8").splitlines(), str(path)))


def parse(lines: Iterable[str], source: str) -> Iterator[AnnotatedDocument]:
    """The documents of JSON lines; `source` names them in messages. Empty lines are passed over."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield _document(json.loads(line))
        except json.JSONDecodeError as error:
            raise ValueError(f"{source}, line {number}: not JSON ({error}); expected one document a line") from None
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"{source}, line {number}: not an annotated document ({type(error).__name__}: {error}); expected "
                "id, text, spans (start, end, label) and events (type, trigger, arguments): see data/README.md"
            ) from None


def _document(record: dict[str, Any]) -> AnnotatedDocument:
    spans = sorted(Mark(int(s["start"]), int(s["end"]), s["label"], s.get("holder")) for s in record["spans"])
    events = tuple(
        Event(
            e["type"], int(e["trigger"]["start"]), int(e["trigger"]["end"]),
            tuple(Role(a["role"], int(a["start"]), int(a["end"])) for a in e["arguments"]),
        )
        for e in record.get("events", ())
    )  # fmt: skip
    return AnnotatedDocument(
        record["id"], record.get("published") or None, record.get("title", ""), record["text"], tuple(spans), events
    )
