"""brat's standoff form: `NAME.txt` and beside it `NAME.ann` with one annotation a line.

    T1<tab>PERSON 0 3<tab>罗一凡

Only text-bound annotations (T) are read. A span in several pieces (`0 2;5 7`) cannot be one of ours: it is an error that
says so. Relations, events, attributes and notes are passed over with a note.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from yaowen.formats.annotated import AnnotatedDocument, Mark
from yaowen.formats.spans import mark, note
from yaowen.formats.units import attempts, read_text

EXPECTED: Final = "T<number>, tab, LABEL START END, tab, words"
SPAN: Final = re.compile(r"T\d+\t(\S+) (\d+ \d+(?:;\d+ \d+)*)\t(.*)")


def read(path: Path) -> Iterator[AnnotatedDocument | ValueError]:
    """The one document of `NAME.ann` or `NAME.txt`; its id is the name."""
    return attempts([(str(path.with_suffix(".ann")), path)], _document, EXPECTED)


def _document(path: Path) -> AnnotatedDocument:
    pair = path.with_suffix(".txt"), path.with_suffix(".ann")
    for one, other in (pair, pair[::-1]):
        if not one.exists():
            raise ValueError(f"{one.name} is missing beside {other.name}: brat keeps text and annotations in two files")
    text, lines = (read_text(part) for part in pair)
    spans: list[Mark] = []
    others = set()
    for number, line in enumerate(lines.split("\n"), 1):
        if line.startswith("T"):
            spans.append(_span(text, line.rstrip("\r"), number))
        elif line.strip():
            others.add(line[0])
    if others:
        note(f"{pair[1]}: annotations other than spans are passed over: {', '.join(sorted(others))}")
    return AnnotatedDocument(path.stem, None, "", text, tuple(sorted(spans)), ())


def _span(text: str, line: str, number: int) -> Mark:
    found = SPAN.fullmatch(line)
    if not found:
        raise ValueError(f"(line {number}) {line!r}; expected {EXPECTED}")
    label, places, words = found.groups()
    if ";" in places:
        raise ValueError(
            f"(line {number}) the span {label} {words!r} is in several pieces ({places}); spans are of one piece here: "
            "mark one of them, or the whole stretch"
        )
    start, end = map(int, places.split())
    try:
        return mark(text, start, end, label, words)
    except ValueError as error:
        raise ValueError(f"(line {number}) {error}") from None
