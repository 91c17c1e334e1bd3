"""The Chinese Emergency Corpus (Shanghai University): XML with events whose elements stand in the running text.

    <Body> <Title>…</Title> <ReportTime>…</ReportTime> <Content> <Paragraph> <Sentence>
      <Event eid="e1"> <Time>…</Time>，<Participant>…</Participant> <Denoter type="action">…</Denoter> </Event>

The indentation is no part of the text: white space goes, but for one blank between ASCII words. A paragraph is a line. An
event has the type of its Denoter, and its own elements as arguments, whose roles are their names; one without a Denoter
keeps its spans and is no event.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from yaowen.formats.annotated import AnnotatedDocument, Event, Mark, Role
from yaowen.formats.units import attempts, read_text

SPANS: Final = ("Denoter", "Time", "Location", "Participant", "Object", "Means")
LINE_END: Final = "\u2029"  # Unicode's paragraph separator, until white space is squeezed out
EXPECTED: Final = "a CEC file: <Body> with <Content> of <Paragraph>, <Sentence> and <Event>"


def read(path: Path) -> Iterator[AnnotatedDocument | ValueError]:
    """The one document of a file; its id is the file's name."""
    return attempts([(str(path), path)], _document, EXPECTED)


def _document(path: Path) -> AnnotatedDocument:
    try:
        body = ET.fromstring(read_text(path))  # a text: what encoding the file declares does not count
    except ET.ParseError as error:
        raise ValueError(f"not XML ({error}); expected {EXPECTED}") from None
    content = body.find("Content")
    if content is None:
        raise ValueError(f"<{body.tag}> has no <Content>; expected {EXPECTED}")
    found = _Found()
    for paragraph in content.iter("Paragraph"):
        found.add(paragraph)
        found.raw += LINE_END
    text, at = _squeeze(found.raw)
    spans = {span: Mark(at[span.start], at[span.end], span.label) for span in found.spans}
    events = [
        Event(kind, at[anchor.start], at[anchor.end], tuple(Role(s.label, spans[s].start, spans[s].end) for s in roles))
        for kind, anchor, roles in found.events
    ]
    title = _squeeze(body.findtext("Title") or "")[0]
    return AnnotatedDocument(path.stem, None, title, text, tuple(sorted(spans.values())), tuple(events))


class _Found:
    """The running text of a file with its white space, and what stands in it."""

    def __init__(self) -> None:
        self.raw = ""
        self.spans: list[Mark] = []
        self.events: list[tuple[str, Mark, list[Mark]]] = []  # type, Denoter, arguments

    def add(self, element: ET.Element) -> list[tuple[Mark, str]]:
        """Take in an element; gives the spans that belong to no event within it, each with its `type`."""
        self.raw += element.text or ""
        loose: list[tuple[Mark, str]] = []
        for child in element:
            start = len(self.raw)
            inner = self.add(child)
            if child.tag == "Event":
                self._close(inner)
            else:
                loose += inner
            words = self.raw[start:]
            if child.tag in SPANS and words.strip():
                low = start + len(words) - len(words.lstrip())
                span = Mark(low, low + len(words.strip()), child.tag)
                self.spans.append(span)
                loose.append((span, child.get("type", "")))
            self.raw += child.tail or ""
        return loose

    def _close(self, inner: list[tuple[Mark, str]]) -> None:
        for anchor, kind in inner:
            if anchor.label == "Denoter":
                self.events.append((kind or "event", anchor, [s for s, _ in inner if s.label != "Denoter"]))
                return


def _squeeze(raw: str) -> tuple[str, list[int]]:
    """The text without white space, and where each character of `raw` (and its end) stands in it.

    >>> _squeeze(" \\n 在 Windows  10 \\u3000上 \\u2029 它\\u2029")[0]
    '在Windows 10上\\n它'
    """
    text, at = "", []
    for found in re.finditer(r"\s+|\S", raw.rstrip()):
        at += [len(text)] * len(found[0])
        if not found[0].isspace():
            text += found[0]
        elif LINE_END in found[0]:
            text += "\n"
        elif text and (around := text[-1] + raw[found.end()]).isascii() and around.isalnum():
            text += " "
    return text, at + [len(text)] * (len(raw) - len(at) + 1)
