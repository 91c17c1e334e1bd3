"""Column files, one token a line with its tag, a blank line between sentences: ResumeNER, MSRA, CoNLL and their kind.

Tags may be BIO (IOB1, IOB2), BMES, BIOES or BILOU, in the last column whose every field is a tag; the token is the first
column that is no running number. Fields are parted by a tab where the line has one, else by white space. A sentence is a
document; with `-DOCSTART-` lines a document is what stands between them, and each blank line is a line feed.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from yaowen.formats.annotated import AnnotatedDocument, Mark
from yaowen.formats.units import attempts, read_text

EXPECTED: Final = "a token and its tag (O, B-LABEL, I-LABEL, …) a line"
START: Final = "-DOCSTART-"
TAG: Final = re.compile(r"O|[BIMESLU]-\S+")
COMMENT: Final = re.compile(r"# \w+ = ")  # of CoNLL-U and its kind
BEGINS, ENDS = frozenset("BSU"), frozenset("ESLU")

Rows = list[tuple[int, list[str]]]  # line number and fields; no fields: a blank line


def read(path: Path) -> Iterator[AnnotatedDocument | ValueError]:
    """One document a sentence, or a document between `-DOCSTART-` lines; the id is made of the file name and a count."""
    lines = enumerate(read_text(path).split("\n"), 1)
    rows = [(number, _fields(line.rstrip("\r"))) for number, line in lines if not COMMENT.match(line)]
    words = [fields for _, fields in rows if fields and fields[0] != START]
    token, tag = _columns(words, path)
    blocks = enumerate(_blocks(rows))
    units = ((f"{path}, line {block[0][0]}", (name or f"{path.stem}-{i}", block, token, tag)) for i, (name, block) in blocks)
    return attempts(units, _document, EXPECTED)


def _fields(line: str) -> list[str]:
    return line.split("\t") if "\t" in line else line.split()


def _columns(rows: Sequence[Sequence[str]], path: Path) -> tuple[int, int]:
    """Which column is the token and which the tag."""
    width = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0
    whole = [row for row in rows if len(row) == width]
    token = 1 if width > 2 and all(row[0].isdecimal() for row in whole) else 0
    tags = [c for c in range(token + 1, width) if all(TAG.fullmatch(row[c]) for row in whole)]
    if not tags:
        raise ValueError(f"{path}: no column of tags found; expected {EXPECTED}, parted by a tab or a blank")
    return token, tags[-1]


def _blocks(rows: Rows) -> Iterator[tuple[str, Rows]]:
    """The lines of every document with its name, "" where the file has none."""
    starts = [i for i, (_, fields) in enumerate(rows) if fields and fields[0] == START]
    if starts:
        for first, last in pairwise([*starts, len(rows)]):
            block = rows[first + 1 : last]
            low = 1 if block and not block[0][1] else 0  # one blank line on either side belongs to the mark
            high = len(block) - 1 if block and not block[-1][1] else len(block)
            if block[low:high]:
                fields = rows[first][1]
                yield (fields[1] if len(fields) == 2 else ""), block[low:high]
        return
    block = []
    for row in (*rows, (0, [])):
        if row[1]:
            block.append(row)
        elif block:
            yield "", block
            block = []


def _document(unit: tuple[str, Rows, int, int]) -> AnnotatedDocument:
    name, rows, token, tag = unit
    text, before, spans = "", "", []
    label, start, end = "", 0, 0  # of the span that is open; no label: none is

    def close() -> None:
        nonlocal label
        if label:
            spans.append(Mark(start, end, label))
        label = ""

    for number, fields in rows:
        if not fields:
            close()
            text, before = text + "\n", ""
            continue
        if len(fields) <= tag or not TAG.fullmatch(fields[tag]):
            raise ValueError(f"(line {number}) {' '.join(fields)!r} has no tag in column {tag + 1}; expected {EXPECTED}")
        word, (kind, _, wanted) = fields[token], fields[tag].partition("-")
        text += " " * _parted(before, word)
        if kind in BEGINS or label != wanted:  # an inside tag without a beginning begins: IOB1, and slips of public sets
            close()
            label, start = wanted, len(text)
        text, before = text + word, word
        end = len(text)
        if kind in ENDS:
            close()
    close()
    return AnnotatedDocument(name, None, "", text, tuple(spans), ())


def _parted(left: str, right: str) -> bool:
    """Whether a blank stands between two tokens: between words of ASCII letters and digits, not single characters."""
    whole = left.isascii() and right.isascii() and left[-1:].isalnum() and right[:1].isalnum()
    return whole and max(len(left), len(right)) > 1


def write(documents: Iterable[AnnotatedDocument], path: Path) -> None:
    """Write characters with BIO tags and a `-DOCSTART-` line for every document; `read` gives text and spans again.

    Raises `ValueError` for a text with tabs or carriage returns and for spans that overlap: columns cannot hold them.
    """
    lines = [line for document in documents for line in (f"{START}\t{document.id}", "", *_rows(document), "")]
    path.write_text("\n".join(lines), "utf-8", newline="\n")


def _rows(document: AnnotatedDocument) -> Iterator[str]:
    if found := re.search(r"[\t\r]", document.text):
        raise ValueError(
            f"document {document.id}: {found[0]!r} at {found.start()} cannot stand in a column; normalise the text first"
        )
    tags = ["O"] * len(document.text)
    for span in document.spans:
        if any(tag != "O" for tag in tags[span.start : span.end]):
            raise ValueError(f"document {document.id}: spans overlap at {span.start}; columns hold flat spans only")
        tags[span.start : span.end] = [f"B-{span.label}"] + [f"I-{span.label}"] * (span.end - span.start - 1)
    for character, tag in zip(document.text, tags, strict=True):
        yield "" if character == "\n" else f"{character}\t{tag}"
