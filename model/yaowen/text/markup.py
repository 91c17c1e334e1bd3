"""Tags and text of an HTML source with their offsets, in linear time whatever the source is.

The standard library's parser takes 33 seconds for 20,000 unclosed tags (60 kB; Python 3.11.7) and differs between patch
releases, so the scan is done here; tests compare the two on well-formed pages.
"""

import re
from collections.abc import Iterator
from enum import Enum
from functools import lru_cache
from typing import Final, NamedTuple

from yaowen.text.tables import read_data

TAG_NAME = re.compile(r"[a-zA-Z][^\s/>\x00]*")
IN_TAG = re.compile(r"[^>\"']*")
ATTRIBUTE = re.compile(r"([^\s/>=][^\s/>=]*)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>]*))?")
VALUE_BEFORE = re.compile(r"=\s*\Z")
VALUE_WINDOW: Final = 16  # characters looked back for the = before a quote


class Kind(Enum):
    TEXT = "text"
    START = "start tag"
    END = "end tag"


class Token(NamedTuple):
    """A piece of the source, half-open code points; `name` is the element's, in lower case."""

    kind: Kind
    start: int
    end: int
    name: str = ""


@lru_cache(maxsize=1)
def elements() -> dict[str, frozenset[str]]:
    """The groups of `data/html.toml`."""
    return {group: frozenset(names) for group, names in read_data("html.toml").items() if isinstance(names, list)}


class ImpliedEnd(NamedTuple):
    """What ends an element besides its end tag: the start tags after it, and the end tag of an element around it."""

    next: frozenset[str]
    around: frozenset[str]


@lru_cache(maxsize=64)
def implied_end(name: str) -> ImpliedEnd:
    """The rule for an element; one whose end tag is required is ended by nothing else and can be in its own kind."""
    rule = read_data("html.toml")["implied_end"].get(name, {"next": (), "around": (name,)})
    return ImpliedEnd(frozenset(rule["next"]), frozenset(rule["around"]))


def attributes(tag: str) -> dict[str, str]:
    """The attributes of a start tag, names in lower case, values as written without their quotes; of two alike the first.

    >>> attributes("<div CLASS='a hidden' id = b hidden>")
    {'class': 'a hidden', 'id': 'b', 'hidden': ''}
    """
    name = TAG_NAME.match(tag, 1)
    found: dict[str, str] = {}
    for written in ATTRIBUTE.finditer(tag, name.end() if name else 1):
        value = written[2] or ""
        found.setdefault(written[1].lower(), value[1:-1] if value[:1] in ("'", '"') and value[:1] == value[-1:] else value)
    return found


class _Finder:
    """`str.find` that remembers its last answer for each needle, so that searching again and again stays linear."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.known: dict[str, tuple[int, int]] = {}  # needle -> (searched from, found at or -1)
        self.quotes_close = True  # until the quotes of a tag run to the end of the page: from there on they mean nothing

    def find(self, needle: str, start: int) -> int:
        since, at = self.known.get(needle, (start + 1, -1))
        if since <= start and (at == -1 or at >= start):
            return at
        at = self.source.find(needle, start)
        self.known[needle] = start, at
        return at


def tokens(source: str) -> Iterator[Token]:
    """Text, start tags and end tags in source order; comments, declarations and the content of scripts are left out.

    What browsers would swallow to the end of the page (an unclosed comment, tag, title or text area, a `<script/>` without
    an end tag) is given as text instead, as if the tag that opens it were not there.

    >>> [(t.kind.name, source[t.start : t.end]) for source in ["<p>a<b"] for t in tokens(source)]
    [('START', '<p>'), ('TEXT', 'a<b')]
    """
    finder = _Finder(source)
    text_from = position = 0
    while (tag := source.find("<", position)) >= 0:
        found = _construct(finder, tag)
        if found is None:
            position = tag + 1
            continue
        if tag > text_from:
            yield Token(Kind.TEXT, text_from, tag)
        text_from = position = found.end
        end: int | None = position
        if found.kind is Kind.START and found.name in elements()["raw"]:
            end = _raw_end(finder, found)
        if end is None:
            continue
        if found.kind is not Kind.TEXT:
            yield found
        if end > position and found.name not in elements()["skipped"]:
            yield Token(Kind.TEXT, position, end)
        text_from = position = end
    if text_from < len(source):
        yield Token(Kind.TEXT, text_from, len(source))


def _construct(finder: _Finder, start: int) -> Token | None:
    """The tag at a `<`, a comment as an empty TEXT that ends where it does, or None where `<` is only a character."""
    source = finder.source
    if finder.find(">", start) < 0:  # before a name is read: each could run to the end of the page
        return None
    following = source[start + 1 : start + 2]
    if name := TAG_NAME.match(source, start + 1):
        end = _tag_end(finder, name.end())
        return None if end < 0 else Token(Kind.START, start, end, name[0].lower())
    if following == "/" and (name := TAG_NAME.match(source, start + 2)):
        end = _tag_end(finder, name.end())
        return None if end < 0 else Token(Kind.END, start, end, name[0].lower())
    if following in ("!", "?", "/") and following:
        end = _comment_end(finder, start)
        return None if end < 0 else Token(Kind.TEXT, end, end)
    return None


def _tag_end(finder: _Finder, position: int) -> int:
    """The offset behind the `>` that is in no quoted attribute value; -1 where none is."""
    source = finder.source
    first = finder.find(">", position)
    if first < 0:
        return -1
    inside = source[position:first]
    if "'" not in inside and inside.count('"') % 2 == 0:
        return first + 1
    while finder.quotes_close:
        position = IN_TAG.match(source, position).end()  # type: ignore[union-attr]  # matches the empty string too
        if position == len(source):
            finder.quotes_close = False
        elif source[position] == ">":
            return position + 1
        else:
            quoted = VALUE_BEFORE.search(source[max(0, position - VALUE_WINDOW) : position])
            closing = finder.find(source[position], position + 1) if quoted else -1
            position = max(position, closing) + 1
    return first + 1


def _comment_end(finder: _Finder, start: int) -> int:
    source = finder.source
    if source.startswith("<!--", start):
        if source.startswith((">", "->"), start + 4):
            return source.index(">", start + 4) + 1
        ends = [at + len(mark) for mark in ("-->", "--!>") if (at := finder.find(mark, start + 4)) >= 0]
        if ends:
            return min(ends)
    end = finder.find(">", start)
    return end + 1 if end >= 0 else -1


@lru_cache(maxsize=16)
def _end_tag(name: str) -> re.Pattern[str]:
    return re.compile(rf"</{name}(?=[\s/>])", re.I)


def _raw_end(finder: _Finder, tag: Token) -> int | None:
    """Where the content of a raw-text element ends; None for one without an end tag that would take text with it."""
    key = "</" + tag.name
    found = None if finder.known.get(key) == (0, -1) else _end_tag(tag.name).search(finder.source, tag.end)
    if found:
        return found.start()
    finder.known[key] = (0, -1)
    empty = tag.name in ("title", "textarea") or finder.source.startswith("/>", tag.end - 2)
    return None if empty else len(finder.source)
