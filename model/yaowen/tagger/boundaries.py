"""Sentence ends, clause ends and the punctuation at the edges of spans, read from `boundaries.toml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from yaowen.data_files import toml_table

CLAUSE_END: Final = 1
SENTENCE_END: Final = 2
LINE_FEED: Final = ord("\n")
FIRST_OTHER: Final = 0x80  # the first code point that is not ASCII


@dataclass(frozen=True, slots=True)
class _Boundaries:
    strengths: NDArray[np.uint8]  # (0x110000,): how good a place to cut is after this code point
    punctuation: frozenset[str]
    closers: dict[str, str]  # the closing mate of an opening mark
    openers: dict[str, str]


@cache
def _boundaries() -> _Boundaries:
    table = toml_table("yaowen.tagger", "boundaries.toml")
    strengths = np.zeros(0x110000, np.uint8)
    strengths[[ord(c) for c in table["clause_ends"]]] = CLAUSE_END
    strengths[[ord(c) for c in table["sentence_ends"] + "\n"]] = SENTENCE_END
    closers = dict(table["pairs"])
    openers = {closer: opener for opener, closer in table["pairs"]}
    return _Boundaries(strengths, frozenset(table["punctuation"]), closers, openers)


def strengths(codes: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """How good a place to cut is after each character: 0, `CLAUSE_END` or `SENTENCE_END`; shape (characters,)."""
    return _boundaries().strengths[codes]


def gaps(offsets: NDArray[np.int32], codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Where white space that no span reaches over stands after a token of a text, bool (tokens,).

    White space is no token, so the encoder does not see that names in a list stand apart by it. It may be inside of a
    span before a letter or digit (2022-03-03 14:17), and between characters that stand alone (总 指 挥, 刘　洋).
    """
    found = np.zeros(len(codes), bool)
    if len(codes) > 1:
        white = np.diff(offsets) > 1
        piece = np.concatenate(([0], np.cumsum(white | (codes[:-1] == LINE_FEED))))
        lengths = np.bincount(piece, codes != LINE_FEED)[piece]
        found[:-1] = white & (lengths[:-1] > 1) & (lengths[1:] > 1) & (codes[1:] >= FIRST_OTHER)
    return found


def trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The span without white space and punctuation at its edges; None if nothing is left.

    A quotation mark or bracket whose mate is inside the span stays.

    >>> trim("、“只进不出”方案，", 0, 10), trim("（市长", 0, 3), trim("——", 0, 2)
    ((1, 9), (1, 3), None)
    """
    data = _boundaries()

    while start < end and _loose(text[start], data.closers, text[start + 1 : end]):
        start += 1
    while start < end and _loose(text[end - 1], data.openers, text[start : end - 1]):
        end -= 1
    return (start, end) if start < end else None


def _loose(edge: str, mates: Mapping[str, str], rest: str) -> bool:
    """Whether the character at the edge of a span does not belong to it."""
    if edge.isspace():
        return True
    return edge in _boundaries().punctuation and (edge not in mates or mates[edge] not in rest)
