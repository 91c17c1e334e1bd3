"""What keeps an annotated document from being scored or learnt from, in words."""

from collections import Counter
from collections.abc import Iterator

from yaowen.formats.annotated import AnnotatedDocument, Mark
from yaowen.schema import EVENT_TYPES, SPAN_LABELS


def problems(document: AnnotatedDocument) -> Iterator[str]:
    """Spans outside the text, over one another, or of unknown labels; events of unknown types or outside the text.

    >>> from yaowen.formats.annotated import AnnotatedDocument, Mark
    >>> list(problems(AnnotatedDocument("a", None, "", "三亚市", (Mark(0, 3, "PLACE"),), ())))[0][:48]
    "the span PLACE [0, 3) '三亚市' has an unknown label"
    """
    text, before = document.text, None
    if not any(c.isalnum() for c in text):
        yield "the text is empty: nothing can be found in it; take the document out"
    for span in document.spans:
        name = _name(span, text)
        if not 0 <= span.start < span.end <= len(text):
            yield f"{name} is not inside the text, which has {len(text)} characters: offsets are half-open code points"
            continue
        if span.label not in SPAN_LABELS:
            yield f"{name} has an unknown label: known are {', '.join(SPAN_LABELS)}"
        if before is not None and span.start < before.end:
            yield f"{_name(before, text)} and {name} overlap: spans are flat, keep the longer"
        if before is None or span.end > before.end:
            before = span
    for event in document.events:
        places = [(event.start, event.end), *((a.start, a.end) for a in event.arguments)]
        if event.type not in EVENT_TYPES:
            where = f"[{event.start}, {event.end})"
            yield f"the event {event.type!r} at {where} has an unknown type: known are {', '.join(EVENT_TYPES)}"
        for start, end in places:
            if not 0 <= start < end <= len(text):
                yield f"the event {event.type!r} has a part at [{start}, {end}), outside the text of {len(text)} characters"
    for place, count in Counter((event.start, event.end) for event in document.events).items():
        if count > 1:
            yield f"{count} events have the trigger [{place[0]}, {place[1]}): an event is its trigger, join them"


def _name(span: Mark, text: str) -> str:
    words = f" {text[span.start : span.end]!r}" if 0 <= span.start < span.end <= len(text) else ""
    return f"the span {span.label} [{span.start}, {span.end}){words}"
