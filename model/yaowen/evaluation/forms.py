"""The same text as other pages write it: traditional, with pinyin, full-width, without punctuation, as HTML.

Each form knows where every character of the text went, so that what is found in the form can be told of the text.
"""

import random
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from types import MappingProxyType
from typing import Final

from yaowen.evaluation.reading import Place

Piece = tuple[str, int, str]  # what is written before a character, how many characters of the text, what they become

# Syllables as pages that dodge word filters put behind characters; they need not fit to be left out.
PINYIN: Final = ("jiān", "lǐng", "dǎo", "kāi", "huì", "zhǎng", "qiáng", "jué", "xué", "guǎn")
PAGE_START: Final = '<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>要闻</title></head>\n<body><article>\n<p>'
PINYIN_EVERY: Final = 9  # Chinese characters, on the average


@dataclass(frozen=True, slots=True)
class Form:
    """A text in another form: `starts[i]`, `ends[i]` say where character i of the text stands in `raw` (equal: nowhere)."""

    raw: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, pieces: Iterable[Piece], after: str = "") -> "Form":
        raw: list[str] = []
        starts, ends, at = [], [], 0
        for before, size, written in pieces:
            raw += before, written
            start = at + len(before)
            at = start + len(written)
            starts += [start] * size
            ends += [at] * size
        return cls("".join([*raw, after]), tuple(starts), tuple(ends))

    def original(self, start: int, end: int) -> Place | None:
        """The range of the text that a range of the form shows; None where it shows nothing of it.

        >>> form = pinyin("县长罗一凡", seed=36)
        >>> form.raw, form.original(form.raw.index("罗"), len(form.raw))
        ('县长(jiān)罗一凡(xué)', (2, 5))
        """
        first = bisect_right(self.ends, start)
        last = bisect_left(self.starts, end)
        while first < last and self.starts[first] == self.ends[first]:
            first += 1
        while first < last and self.starts[last - 1] == self.ends[last - 1]:
            last -= 1
        return (first, last) if first < last else None


def traditional(text: str, seed: int = 0) -> Form:
    """In traditional characters (OpenCC s2t); a line whose length that would change is written character by character."""
    convert = _opencc()
    lines = []
    for line in text.split("\n"):
        whole = convert(line)
        lines.append(whole if len(whole) == len(line) else "".join(o if len(o := convert(c)) == 1 else c for c in line))
    return Form.of(("", 1, c) for c in "\n".join(lines))


@cache
def _opencc() -> Callable[[str], str]:
    from opencc import OpenCC

    return OpenCC("s2t").convert  # type: ignore[no-any-return]


def pinyin(text: str, seed: int = 0) -> Form:
    """With a syllable in brackets behind some of the Chinese characters."""
    dice = random.Random(seed)
    pieces: list[Piece] = []
    note = ""
    for character in text:
        pieces.append((note, 1, character))
        noted = "\u4e00" <= character <= "\u9fff" and dice.randrange(PINYIN_EVERY) == 0
        note = f"({dice.choice(PINYIN)})" if noted else ""
    return Form.of(pieces, note)


def full_width(text: str, seed: int = 0) -> Form:
    """With letters, digits and marks as wide as a Chinese character.

    >>> full_width("增320人").raw
    '增３２０人'
    """
    return Form.of(("", 1, chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c) for c in text)


def bare(text: str, seed: int = 0) -> Form:
    """Without punctuation; line ends stay, and so do marks inside numbers and names.

    >>> bare("会议强调，增3.5亿元。\\n散会").raw
    '会议强调增3.5亿元\\n散会'
    """
    return Form.of(("", 1, c if _kept(text, at) else "") for at, c in enumerate(text))


def _kept(text: str, at: int) -> bool:
    if not unicodedata.category(text[at]).startswith("P") or text[at] in "·%‰％":
        return True
    around = text[at - 1 : at] + text[at + 1 : at + 2]
    return len(around) == 2 and around.isascii() and around.isalnum()


def page(text: str, seed: int = 0) -> Form:
    """As an HTML page: a paragraph a line, some words in bold, marks as entities."""
    dice = random.Random(seed)
    pieces: list[Piece] = []
    before, bold = PAGE_START, False
    for character in text:
        if character == "\n":
            pieces.append((before + ("</b>" if bold else ""), 1, "</p>\n<p>"))
            before, bold = "", False
            continue
        if dice.randrange(24) == 0:
            before, bold = before + ("</b>" if bold else "<b>"), not bold
        pieces.append((before, 1, escape(character)))
        before = ""
    return Form.of(pieces, before + ("</b>" if bold else "") + "</p>\n</article></body></html>\n")


FORMS: Final[Mapping[str, Callable[[str, int], Form]]] = MappingProxyType({
    "traditional": traditional, "pinyin": pinyin, "full-width": full_width, "no punctuation": bare, "HTML": page,
})  # fmt: skip
