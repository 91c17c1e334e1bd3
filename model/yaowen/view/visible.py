"""What a reader sees of a raw text: all of it, or, in a marked-up source, the parts that are not markup."""

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from yaowen.document import Document

# Markup between two visible parts that starts a new line; other markup (<b>, <span>) joins them.
_BLOCK = re.compile(
    r"</?(?:p|div|br|hr|li|ul|ol|dl|dt|dd|tr|td|th|table|h[1-6]|section|article|header|footer|aside|nav|main|form"
    r"|figure|figcaption|blockquote|pre|title|body|option|select|script|style)\b",
    re.IGNORECASE,
)
CLAUSE = 24  # characters of context at most on either side of a trigger
_PAUSE = "，,"  # ends a clause within a sentence
_CLAUSE_END = re.compile(r"[，。；！？;!?\n]|,(?!\d)")


class Part(NamedTuple):
    """A visible range of the raw text; `new_line` where markup before it breaks the line."""

    start: int
    end: int
    new_line: bool


@dataclass(frozen=True, slots=True)
class Visible:
    """The visible parts of a raw text, in order and apart; `markup` where the raw text is a marked-up source."""

    raw: str
    parts: tuple[Part, ...]
    markup: bool

    @classmethod
    def of(cls, raw: str, segments: Sequence[Sequence[int]] | None) -> "Visible":
        """The view of a raw text; `segments` are the ranges that show when it is HTML, None for plain text.

        >>> Visible.of("<p>甲<b>乙</b></p><p>丙", [(3, 4), (7, 8), (19, 20)]).parts
        (Part(start=3, end=4, new_line=False), Part(start=7, end=8, new_line=False), Part(start=19, end=20, new_line=True))
        """
        if segments is None:
            return cls(raw, (Part(0, len(raw), False),), False)
        parts: list[Part] = []
        last = 0
        for start, end in segments:
            if not last <= start <= end <= len(raw):
                raise ValueError(f"segment [{start}, {end}): expected ranges in order within 0..{len(raw)}")
            gap = raw[last:start]
            if parts and gap and "<" not in gap:  # an annotation that was left out of the text, not markup
                parts.append(Part(last, start, False))
            parts.append(Part(start, end, bool(parts) and _BLOCK.search(gap) is not None))
            last = end
        return cls(raw, tuple(parts), True)

    def shown(self, start: int, end: int) -> str:
        """The characters that a raw range inside one part shows, entities read."""
        text = self.raw[start:end]
        return html.unescape(text) if self.markup else text

    def pieces(self, start: int, end: int) -> Iterator[tuple[int, int, str]]:
        """What a raw range shows, part by part: (start, end, text); a line broken by markup gives a line feed first."""
        first = bisect_right(self.parts, start, key=lambda part: part.end)
        for part in islice(self.parts, first, None):
            if part.start >= end:
                break
            low, high = max(part.start, start), min(part.end, end)
            yield low, high, ("\n" if part.new_line and low == part.start else "") + self.shown(low, high)

    def text(self, start: int, end: int) -> str:
        """What a raw range shows, as one string."""
        return "".join(text for _, _, text in self.pieces(start, end))


def plain(document: "Document", explain: bool = False) -> dict[str, Any]:
    """A document as the plain data that the views take: `record`, `raw`, and `segments` of a marked-up source."""
    segments = None if document.visible is None else [list(segment) for segment in document.visible]
    return {"record": document.to_dict(explain), "raw": document.raw, "segments": segments}


def view_of(document: Mapping[str, Any]) -> Visible:
    """The visible parts of a document given as plain data."""
    return Visible.of(document["raw"], document.get("segments"))


def clause(visible: Visible, start: int, end: int) -> tuple[str, str, str]:
    """A trigger within its clause: before, itself, after; where the clause ends with it, the sentence's next one follows."""
    reach = CLAUSE * 8  # raw characters: markup and annotations between the visible ones
    before = _CLAUSE_END.split(visible.text(max(0, start - reach), start))[-1]
    after = visible.text(end, min(len(visible.raw), end + reach)).split("\n")[0]
    stops = (match.start() for match in _CLAUSE_END.finditer(after))
    stop = next((at for at in stops if at > 1 or after[at] not in _PAUSE), len(after))
    before, tail = one_line(before), one_line(after[:stop]).rstrip("，。；！？,;!?")
    if len(before) > CLAUSE:
        before = "…" + before[-CLAUSE:]
    if len(tail) > CLAUSE:
        tail = tail[:CLAUSE] + "…"
    return before, one_line(visible.text(start, end)), tail


def escaped(text: str) -> str:
    """A text with what does not print, such as a line break, as its escape.

    >>> print(escaped("before1=\\n"), escaped("\\x1b[2J 县\\u3000长"))
    before1=\\n \\x1b[2J 县\\u3000长
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def one_line(text: str) -> str:
    """A text that is safe in a terminal: white space in one, no control characters (escape sequences), none of no width."""
    shown = (c if c.isprintable() else "" if unicodedata.category(c) == "Cf" else " " for c in text)
    return " ".join("".join(shown).split())
