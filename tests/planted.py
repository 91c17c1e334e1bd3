"""Readings of our dev documents, and the same with errors planted whose figures are known."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace

from tests.tiny_model import AUTHORED
from yaowen.document import Document, Source, Span
from yaowen.evaluation.reading import Event, Reading, from_annotated
from yaowen.evaluation.reading import Span as ReadSpan
from yaowen.formats import annotated
from yaowen.schema import EVENT_TYPES

DOCUMENTS = annotated.read(AUTHORED / "dev.jsonl")[:6]
GOLD = [from_annotated(d) for d in DOCUMENTS]
LABELS = ("DATE", "LOCATION", "MEASURE")  # enough for spans at random


def read_spans(*given: tuple[int, int, str]) -> tuple[ReadSpan, ...]:
    return tuple(ReadSpan(*one) for one in given)


def reading(text: str = "", spans: tuple[ReadSpan, ...] = (), events: tuple[Event, ...] = (), name: str = "a") -> Reading:
    return Reading(name, None, text, spans, events, frozenset())


def planted(gold: Reading) -> Reading:
    """The gold with one span missed, one spurious, one too short, one of another label; surer where it is right."""
    spans = list(gold.spans)
    short = next(i for i, s in enumerate(spans) if s.end - s.start > 3)
    other = next(i for i, s in enumerate(spans) if s.label == "LOCATION" and i != short)
    lost = next(i for i in range(len(spans)) if i not in (short, other))
    found = [replace(s, score=0.95) for s in spans]
    found[short] = replace(spans[short], end=spans[short].end - 1, score=0.85)
    found[other] = replace(spans[other], label="ORGANIZATION", score=0.85)
    free = next(i for i, c in enumerate(gold.text) if c != "\n" and not any(s.start <= i < s.end for s in spans))
    found.append(ReadSpan(free, free + 1, "QUANTITY", 0.85))
    del found[lost]
    # one event is taken for another type, one argument of another event is in another role
    first, second, *rest = gold.events
    wrong_type = next(t for t in EVENT_TYPES if t != first.type)
    changed = replace(second, arguments=(replace(second.arguments[0], role="companion"), *second.arguments[1:]))
    return replace(gold, spans=tuple(found), events=(replace(first, type=wrong_type), changed, *rest))


class WordFinder:
    """Finds 县长 as a POSITION, letter by letter in the raw text: blind to every form that changes them."""

    def extract_many(self, items: object) -> Iterator[Document]:
        for item in items:  # type: ignore[attr-defined]
            found = [Span(m.start(), m.end(), "县长", "POSITION", 0.9, "县长") for m in re.finditer("县长", item.text)]
            digest = hashlib.sha256(item.text.encode()).hexdigest()
            source = Source(None, None, digest, len(item.text))
            yield Document(item.id, source, item.published, "caller", item.text, tuple(found), (), ())
