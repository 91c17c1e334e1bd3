"""HTML source to the text a browser shows, every character with the source range it came from."""

import re
from html import unescape
from html.entities import html5
from itertools import pairwise
from typing import Final

import numpy as np

from yaowen.text.markup import Kind, Token, attributes, elements, implied_end, tokens
from yaowen.text.normalise import NormalisedText, normalise_view

SPACES: Final = " \t\n\r\f"  # white space of HTML; a no-break or ideographic space is a character like others
ENTITY: Final = r"&(?:\#[0-9]{1,10};?|\#[xX][0-9a-fA-F]{1,8};?|[A-Za-z][A-Za-z0-9]{1,31};?)"
PIECE = re.compile(rf"[{SPACES}]+|{ENTITY}")
PREFORMATTED_PIECE = re.compile(rf"\r\n|\n|\r|{ENTITY}")
WIDE = re.compile(
    r"[\u2e80-\u303f\u3100-\u312f\u31a0-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60“”‘’…—·]|[\U00020000-\U0003ffff]"
)
CELL_LENGTH: Final = 40  # characters: a row with a longer cell is a page layout, not a table row
SIGNS = re.compile(
    r"<!doctype\s+html|<html[\s>]|<body[\s>]|<head>"
    r"|</(?:p|div|span|td|tr|table|li|ul|h[1-6]|a|title|article|section|strong|font)\s*>|<br\s*/?>",
    re.I,
)
SIGNS_IN: Final = 200_000  # characters looked at
HIDING = re.compile(r"hidden|none", re.I)  # one of these is in every tag that hides its element
DISPLAY_NONE = re.compile(r"(?<![\w-])display\s*:\s*none", re.I)
TITLE_PARTS = re.compile(r"[\s\-_|–—｜>»·]+")

Range = tuple[int, int]


def looks_like_html(text: str) -> bool:
    """Whether a text is HTML source: a tag that only a page has, or the end tag of an element that holds text.

    >>> looks_like_html("<p>县委召开会议</p>"), looks_like_html("会议强调，a<b，c>d")
    (True, False)
    """
    return SIGNS.search(text, 0, SIGNS_IN) is not None


def normalise_html(source: str) -> NormalisedText:
    """The canonical form of what a page shows; offsets are into the HTML source.

    >>> page = normalise_html("<p>張三&nbsp;主持</p>")
    >>> page.text, page.raw_span(2, 3)
    ('张三 主持', (5, 11))
    """
    return normalise_view(visible_text(source))


def visible_text(source: str) -> NormalisedText:
    """What a browser shows of a page, before the rules of normalisation; a line for each block, no empty lines.

    The page's title comes first where no heading repeats it. A line feed has the source range of the tag that gave it.
    """
    reader = _Reader(source)
    if not reader.read():
        # Something hidden or skipped is never closed: a mistake of the page, and its text would be lost.
        reader = _Reader(source, hide=False)
        reader.read()
    return reader.view()


class _Lines:
    """Visible text in the making: pieces with their source ranges, white space collapsed as browsers do."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.ranges: list[Range] = []
        self.line_from = 0  # index of the first piece of this line
        self.cells: list[int] = []  # indices of the pieces between cells of this line
        self.space: tuple[int, int, bool] | None = None  # waiting: white space, and whether a line feed is in it
        self.line_feed: Range | None = None
        self.cell: Range | None = None

    def put(self, text: str, start: int, end: int) -> None:
        """Add visible characters, and before them the white space or line feed that was waiting."""
        if self.line_feed and self.pieces:
            self._end_line()
            self._add("\n", *self.line_feed)
            self.line_from = len(self.pieces)
        elif self.cell and len(self.pieces) > self.line_from:
            self.cells.append(len(self.pieces))
            self._add(" ", *self.cell)
        elif self.space and len(self.pieces) > self.line_from:
            low, high, has_line_feed = self.space
            # CSS Text 3, 4.1.3: a line feed of the source between two wide characters is no space.
            if not (has_line_feed and WIDE.match(text[0]) and WIDE.match(self.pieces[-1][-1])):
                self._add(" ", low, high)
        self.space = self.line_feed = self.cell = None
        self._add(text, start, end)

    def _add(self, text: str, start: int, end: int) -> None:
        self.pieces.append(text)
        self.ranges.append((start, end))

    def _end_line(self) -> None:
        """Give each cell a line of its own if one of them is long."""
        bounds = [self.line_from, *self.cells, len(self.pieces)]
        if self.cells and any(sum(map(len, self.pieces[low:high])) > CELL_LENGTH for low, high in pairwise(bounds)):
            for index in self.cells:
                self.pieces[index] = "\n"
        self.cells = []

    def close(self) -> None:
        self._end_line()

    def text(self) -> str:
        return "".join(self.pieces)


class _Reader:
    """One pass over the tokens of a page."""

    def __init__(self, source: str, hide: bool = True) -> None:
        self.source = source
        self.hide = hide
        self.body = _Lines()
        self.title = _Lines()
        self.title_end = 0
        self.preformatted = 0  # depth
        self.skipping: tuple[str, int] | None = None  # element, and how many that it can be nested in are open inside it

    def read(self) -> bool:
        """Read the page; False where an element that is left out was still open at its end."""
        groups = elements()
        in_title = title_seen = False
        for token in tokens(self.source):
            if self.skipping:
                self._skip(token)
            elif token.kind is Kind.TEXT:
                if not in_title:
                    self._text(self.body, token.start, token.end)
                elif not title_seen and not self.body.pieces:
                    self._text(self.title, token.start, token.end)
                    self.title_end = token.end
                    title_seen = True
            else:
                self._tag(token, groups)
            in_title = token.kind is Kind.START and token.name == "title"
        self.body.close()
        self.title.close()
        return self.skipping is None or not self.hide

    def _skip(self, token: Token) -> None:
        name, depth = self.skipping or ("", 0)
        implied, starts = implied_end(name), token.kind is Kind.START
        if not depth and token.name in (implied.next if starts else {name} | implied.around):
            self.skipping = None
            if name in elements()["block"]:
                self.body.line_feed = self.body.line_feed or (token.start, token.end)
            if starts or token.name != name:
                self._tag(token, elements())
        elif token.name in implied.around:
            self.skipping = name, depth + (1 if starts else -1)

    def _tag(self, token: Token, groups: dict[str, frozenset[str]]) -> None:
        name = token.name
        if name in groups["block"]:
            self.body.line_feed = self.body.line_feed or (token.start, token.end)
        elif name in groups["cell"]:
            self.body.cell = self.body.cell or (token.start, token.end)
        if name in groups["preformatted"]:
            self.preformatted = max(0, self.preformatted + (1 if token.kind is Kind.START else -1))
        if token.kind is Kind.START and self._left_out(token, groups):
            self.skipping = (name, 0)

    def _left_out(self, token: Token, groups: dict[str, frozenset[str]]) -> bool:
        name = token.name
        if name in groups["raw"]:
            return name in groups["skipped"]
        if not self.hide or name in groups["void"] or name in ("html", "body", "head"):
            return False
        tag = self.source[token.start : token.end]
        if name in groups["skipped"]:
            return not tag.endswith("/>")
        if not HIDING.search(tag):
            return False
        written = attributes(tag)
        return "hidden" in written or DISPLAY_NONE.search(written.get("style", "")) is not None

    def _text(self, lines: _Lines, start: int, end: int) -> None:
        source, put = self.source, lines.put
        pattern = PREFORMATTED_PIECE if self.preformatted else PIECE
        while piece := pattern.search(source, start, end):
            if piece.start() > start:
                put(source[start : piece.start()], start, piece.start())
            low, start = piece.span()
            if source[low] != "&":
                self._white_space(lines, low, start)
                continue
            shown, start = _entity(piece[0], low)
            if shown and shown in ("\n\r" if self.preformatted else SPACES):
                self._white_space(lines, low, start)
            elif shown:
                put(shown, low, start)
        if start < end:
            put(source[start:end], start, end)

    def _white_space(self, lines: _Lines, start: int, end: int) -> None:
        if self.preformatted:
            lines.line_feed = lines.line_feed or (start, end)
        elif lines.space is None:
            lines.space = start, end, "\n" in self.source[start:end] or "\r" in self.source[start:end]

    def view(self) -> NormalisedText:
        pieces, ranges = self.body.pieces, self.body.ranges
        if _adds(self.title.text(), self.body.text()):
            between = (["\n"], [(self.title_end, self.title_end)]) if pieces else ([], [])
            pieces = [*self.title.pieces, *between[0], *pieces]
            ranges = [*self.title.ranges, *between[1], *ranges]
        starts, ends = _align(pieces, ranges)
        return NormalisedText.from_pieces(self.source, "".join(pieces), starts, ends)


def _adds(title: str, body: str) -> bool:
    """Whether a title says what the page does not: its longest part (the others name the site) is nowhere in the body."""
    longest = max(TITLE_PARTS.split(title), key=len)
    return bool(longest) and longest not in "".join(body.split())


def _entity(written: str, start: int) -> tuple[str, int]:
    """What a character reference shows, and the source offset behind it; a reference to nothing shows itself up to there."""
    if written[1] == "#":
        return unescape(written), start + len(written)
    name = written[1:]
    if name in html5:
        return html5[name], start + len(written)
    for length in range(min(len(name), 6), 1, -1):  # the longest name that needs no semicolon has 6 letters
        if name[:length] in html5:
            return html5[name[:length]], start + 1 + length
    return "&", start + 1


def _align(pieces: list[str], ranges: list[Range]) -> tuple[np.ndarray, np.ndarray]:
    """The source range of every character: one source character each, or all of the range where the lengths differ."""
    lengths = np.fromiter(map(len, pieces), np.int64, len(pieces))
    bounds = np.array(ranges, np.int64).reshape(-1, 2)
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    letters = np.repeat(bounds[:, 1] - bounds[:, 0] == lengths, lengths)
    low, high = np.repeat(bounds[:, 0], lengths), np.repeat(bounds[:, 1], lengths)
    starts = np.where(letters, low + within, low).astype(np.int32)
    return starts, np.where(letters, starts + 1, high).astype(np.int32)
