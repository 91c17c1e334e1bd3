"""Column files, one token a line with its tag, a blank line between sentences: ResumeNER, MSRA, CoNLL and their kind.

Tags may be BIO (IOB1, IOB2), BMES, BIOES or BILOU, in the last column that holds tags but for slips; the token is the first
column that is no running number. Fields are parted by a tab where the line has one, else by blanks. A sentence is a
document; with `-DOCSTART-` lines a document is what stands between them, and each blank line is a line feed.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from yaowen.formats.annotated import AnnotatedDocument, Mark
from yaowen.formats.units import attempts, read_text, write_text

EXPECTED: Final = "a token and its tag (O, B-LABEL, I-LABEL, …) a line"
START: Final = "-DOCSTART-"
TAG: Final = re.compile(r"O|[BIMESLU]-\S+")
LINE_END: Final = re.compile(r"\r*\n|\r")
FIELD: Final = re.compile(rf"^ (?= (?:{TAG.pattern})$)|[^ ]+")  # a blank before blank and tag is a token
SLIPS: Final = 0.05  # of the fields of a column that may be something else than the rest
COMMENT: Final = re.compile(r"# \w+ = ")  # of CoNLL-U and its kind
BEGINS, ENDS = frozenset("BSU"), frozenset("ESLU")

Rows = list[tuple[int, list[str]]]  # line number and fields; no fields: a blank line


def read(path: Path) -> Iterator[AnnotatedDocument | ValueError]:
    """One document a sentence, or a document between `-DOCSTART-` lines; the id is made of the file name and a count."""
    lines = enumerate(LINE_END.split(read_text(path)), 1)
    rows = [(number, _fields(line)) for number, line in lines if not COMMENT.match(line)]
    words = [fields for _, fields in rows if fields and fields[0] != START]
    token, tag = _columns(words, path)
    blocks = enumerate(_blocks(rows))
    units = ((f"{path}, line {block[0][0]}", (name or f"{path.stem}-{i}", block, token, tag)) for i, (name, block) in blocks)
    return attempts(units, _document, EXPECTED)


def _fields(line: str) -> list[str]:
    """The fields of a line, none of one that is blank.

    >>> _fields("罗\\tB-NAME"), _fields("罗  O "), _fields("  O"), _fields("\\u3000 O")
    (['罗', 'B-NAME'], ['罗', 'O'], [' ', 'O'], ['\\u3000', 'O'])
    """
    if not line.strip():
        return []
    return line.split("\t") if "\t" in line else FIELD.findall(line)


def _columns(rows: Sequence[Sequence[str]], path: Path) -> tuple[int, int]:
    """Which column is the token and which the tag."""
    width = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0
    whole = [row for row in rows if len(row) == width]

    def share(column: int, fits: Callable[[str], object]) -> float:
        return sum(bool(fits(row[column])) for row in whole) / len(whole)

    token = 1 if width > 2 and share(0, str.isdecimal) >= 1 - SLIPS else 0
    shares = {column: share(column, TAG.fullmatch) for column in range(token + 1, width)}
    best = max(shares.values(), default=0)
    if best < 0.5:
        raise ValueError(f"{path}: no column of tags found; expected {EXPECTED}, parted by a tab or a blank")
    return token, max(column for column, found in shares.items() if found >= best - SLIPS)


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

    Tabs and line ends in an id become blanks. Raises `ValueError` for a text with tabs, carriage returns or lone
    surrogates, for spans that overlap, go over a line end or are not inside the text: columns cannot hold them.
    """
    names = ((re.sub(r"[\t\r\n]+", " ", document.id), document) for document in documents)
    lines = [line for name, document in names for line in (f"{START}\t{name}", "", *_rows(document), "")]
    write_text("\n".join(lines), path)


def _rows(document: AnnotatedDocument) -> Iterator[str]:
    if found := re.search(r"[\t\r\ud800-\udfff]", document.text):
        raise ValueError(
            f"document {document.id}: {found[0]!r} at {found.start()} cannot stand in a column; normalise the text first"
        )
    tags = ["O"] * len(document.text)
    for span in document.spans:
        if not 0 <= span.start < span.end <= len(tags) or "\n" in document.text[span.start : span.end]:
            raise ValueError(
                f"document {document.id}: the span {span.label} [{span.start}, {span.end}) is not inside one line of the "
                f"text, which has {len(tags)} characters; `python -m data.check` tells what is wrong with a file"
            )
        if not TAG.fullmatch(f"B-{span.label}"):
            raise ValueError(f"document {document.id}: the label {span.label!r} has white space, which no tag can have")
        if any(tag != "O" for tag in tags[span.start : span.end]):
            raise ValueError(f"document {document.id}: spans overlap at {span.start}; columns hold flat spans only")
        tags[span.start : span.end] = [f"B-{span.label}"] + [f"I-{span.label}"] * (span.end - span.start - 1)
    for character, tag in zip(document.text, tags, strict=True):
        yield "" if character == "\n" else f"{character}\t{tag}"
