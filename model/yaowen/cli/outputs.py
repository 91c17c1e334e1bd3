"""From documents to what is printed or written: the formats, and files that are written whole or not at all."""

import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from yaowen.view.visible import one_line

if TYPE_CHECKING:
    from yaowen.document import Document

FORMATS = ("table", "jsonl", "json", "html")
ENDINGS = {"table": ".txt", "jsonl": ".jsonl", "json": ".json", "html": ".html"}
# Characters of a file name at most, and bytes of its UTF-8: with number, ending and the marks of an unfinished file it fits
# the 255 bytes of file systems.
NAME_LENGTH, NAME_BYTES = 60, 180

# How text leaves: a lone surrogate, which no UTF-8 can hold, as its escape \udXXX (in JSON the right one).
ENCODING, ERRORS = "utf-8", "backslashreplace"

_UNSAFE = re.compile(r"[^\w.-]+")
_RESERVED = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)")


@dataclass(frozen=True, slots=True)
class Style:
    """How documents are shown: the format, with the reasons or not, and what the terminal can do."""

    format: str = "table"
    explain: bool = False
    width: int = 120
    color: bool = False


def told(message: object) -> str:
    """A message as it goes to a terminal: what names and texts of others bring into it forges no line and no colour.

    >>> told("a\\x1b[31m\\nyaowen: all fine.txt: empty")
    'yaowen: a [31m yaowen: all fine.txt: empty'
    """
    return f"yaowen: {one_line(str(message))}"


def render_all(documents: Iterable["Document"], style: Style) -> Iterator[str]:
    """All documents as one output, piece by piece; no document is kept."""
    if style.format == "html":
        from yaowen.view.html import render_pages
        from yaowen.view.visible import plain

        yield from render_pages(plain(document, style.explain) for document in documents)
    elif style.format == "json":
        before = "[\n"
        for document in documents:
            yield before + _json(document, style)
            before = ",\n"
        yield "[]\n" if before == "[\n" else "\n]\n"
    else:
        yield from (render_one(document, style) for document in documents)


def render_one(document: "Document", style: Style) -> str:
    """One document as an output of its own."""
    if style.format == "html":
        return "".join(render_all([document], style))
    if style.format == "json":
        return _json(document, style) + "\n"
    if style.format == "jsonl":
        return json.dumps(document.to_dict(style.explain), ensure_ascii=False) + "\n"
    from yaowen.view.table import render_table
    from yaowen.view.visible import plain

    return render_table(plain(document, style.explain), style.width, style.color)


def _json(document: "Document", style: Style) -> str:
    return json.dumps(document.to_dict(style.explain), ensure_ascii=False, indent=2)


@dataclass(slots=True)
class Folder:
    """A directory that takes one file a document: safe names, none given twice, none that is a file being read."""

    path: Path
    style: Style
    inputs: Iterable[Path] = ()
    _taken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        here = self.path.resolve()
        self._taken = {path.name.casefold() for path in (p.resolve() for p in self.inputs) if path.parent == here}

    def write(self, document: "Document") -> Path:
        """Write a document; the file is there whole or, if writing fails, not at all."""
        target = self.path / self._name(document.id)
        part = self.path / f".{target.name}.{os.getpid()}.part"
        try:
            part.write_text(render_one(document, self.style), encoding=ENCODING, errors=ERRORS, newline="\n")
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)
        return target

    def _name(self, identity: str) -> str:
        stem, ending = safe_name(identity), ENDINGS[self.style.format]
        name, number = stem + ending, 1
        while name.casefold() in self._taken:  # some file systems take Page.html and page.html for the same
            number += 1
            name = f"{stem}-{number}{ending}"
        self._taken.add(name.casefold())
        return name


def safe_name(identity: str) -> str:
    """A file name, without ending, that is safe on every system.

    >>> safe_name("../2020/三亚 page"), safe_name("CON"), safe_name("")
    ('2020_三亚_page', '_CON', 'document')
    """
    name = _UNSAFE.sub("_", identity).strip("._")[:NAME_LENGTH]
    name = name.encode(ENCODING)[:NAME_BYTES].decode(ENCODING, "ignore").rstrip(".")
    return "_" + name if _RESERVED.match(name) else name or "document"
