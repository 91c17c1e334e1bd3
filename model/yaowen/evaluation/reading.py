"""What a document says, by annotators or by a model: the one form that all scores take."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from yaowen.formats.annotated import AnnotatedDocument, meaning
from yaowen.schema import PEOPLE
from yaowen.text.normalise import normalise

Place = tuple[int, int]  # half-open code points
Pair = tuple[str, str]  # a person's name and an office


@dataclass(frozen=True, slots=True)
class Span:
    """A labelled span; `score`: how sure its reader was, None for annotators and readers that do not say."""

    start: int
    end: int
    label: str
    score: float | None = None
    date: tuple[str, str] | None = None
    adcode: str | None = None

    @property
    def key(self) -> tuple[int, int, str]:
        return self.start, self.end, self.label


@dataclass(frozen=True, slots=True)
class Argument:
    """A span in a role of an event."""

    role: str
    start: int
    end: int
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """An event: type, place of the trigger, arguments, and when and where it was if its reader says so."""

    type: str
    start: int
    end: int
    arguments: tuple[Argument, ...]
    date: tuple[str, str] | None = None
    adcode: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A text with what one reader found in it; `offices`: who holds which office, each pair once."""

    id: str
    published: str | None
    text: str
    spans: tuple[Span, ...]
    events: tuple[Event, ...]
    offices: frozenset[Pair]


def from_annotated(document: AnnotatedDocument) -> Reading:
    """The reading of annotators."""
    return Reading(
        document.id, document.published, document.text,
        tuple(Span(m.start, m.end, m.label, None, m.date, m.adcode) for m in document.spans),
        tuple(
            Event(e.type, e.start, e.end, tuple(Argument(a.role, a.start, a.end) for a in e.arguments), e.date, e.adcode)
            for e in document.events
        ),
        _annotated_offices(document),
    )  # fmt: skip


def from_record(record: Mapping[str, Any], text: str) -> Reading:
    """The reading that a document record (schema `yaowen/1`) holds of a text."""
    return Reading(
        record["id"], record["published"], text,
        tuple(Span(s["start"], s["end"], s["label"], s.get("score"), *meaning(s)) for s in record["spans"]),
        tuple(
            Event(
                e["type"], e["trigger"]["start"], e["trigger"]["end"],
                tuple(Argument(a["role"], a["start"], a["end"], a.get("score")) for a in e["arguments"]), *meaning(e),
            )
            for e in record["events"]
        ),
        _pairs((p["name"], o["title"]) for p in record["people"] for o in p["offices"]),
    )  # fmt: skip


def _annotated_offices(document: AnnotatedDocument) -> frozenset[Pair]:
    """The pairs that `holder` says; a surname alone stands for the one person of the document whose name it begins."""
    words = {m.start: document.text[m.start : m.end] for m in document.spans if m.label in PEOPLE}
    names = {_plain(word) for word in words.values()}

    def name(start: int) -> str:
        short = _plain(words[start])
        longer = [n for n in names if n != short and n.startswith(short)]
        return longer[0] if len(short) == 1 and len(longer) == 1 else short

    held = (m for m in document.spans if m.holder in words)
    return _pairs((name(m.holder), document.text[m.start : m.end]) for m in held if m.holder is not None)


def _pairs(given: Iterable[Pair]) -> frozenset[Pair]:
    """Names and titles as plain words; a title that is the tail of a longer one of the same person says nothing new."""
    titles: dict[str, set[str]] = defaultdict(set)
    for name, title in given:
        titles[_plain(name)].add(_plain(title))
    return frozenset(
        (name, title)
        for name, own in titles.items()
        for title in own
        if not any(other != title and other.endswith(title) for other in own)
    )


def _plain(words: str) -> str:
    return "".join(normalise(words).text.split())
