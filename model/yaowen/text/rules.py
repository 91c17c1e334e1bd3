"""The normalisation rules, one small function each, in the order they run.

A rule is given the text and gives the step it would take, or None. None of them looks at what an earlier one can still
change, and each leaves text that it would leave alone; so normalising twice is normalising once.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yaowen.text import tables
from yaowen.text.edits import Action, Codes, Step, remove_ranges, replace_characters, replace_ranges, to_text
from yaowen.text.pinyin import removals
from yaowen.text.tables import Kind
from yaowen.text.width import wanted_width

LINE_FEED, CARRIAGE_RETURN, SPACE = 10, 13, 32
CLOSING = tuple(map(ord, ")）"))  # the end of an annotation, after which another may stand


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """The text a rule works on: code points and what each is (`Kind` bits), shape (characters,); the kinds present."""

    codes: Codes
    kinds: NDArray[np.uint16]
    present: int

    @classmethod
    def of(cls, codes: Codes) -> "Page":
        kinds = tables.kinds()[codes]
        return cls(codes, kinds, int(np.bitwise_or.reduce(kinds, initial=0)))

    def where(self, kind: Kind) -> NDArray[np.intp]:
        """The positions of the characters of a kind."""
        return np.flatnonzero(self.kinds & np.uint16(kind))


def unify_line_ends(page: Page) -> Step | None:
    """Every line end becomes one line feed."""
    at = page.where(Kind.LINE_END)
    following = page.codes[np.minimum(at + 1, len(page.codes) - 1)]
    pairs = (page.codes[at] == CARRIAGE_RETURN) & (following == LINE_FEED)
    if not pairs.any():
        return replace_characters(Action.LINE_END, at, np.full(len(at), LINE_FEED, np.uint32))
    ends = at + 1 + pairs
    return Step(Action.LINE_END, at.astype(np.int32), ends.astype(np.int32), np.ones(len(at), np.int32), "\n" * len(at))


def remove_invisible(page: Page) -> Step | None:
    """Characters that show nothing go."""
    at = page.where(Kind.REMOVE)
    return remove_ranges(Action.REMOVE, at, at + 1)


def unify_spaces(page: Page) -> Step | None:
    """Every space on a line becomes a plain one; their number stays."""
    at = page.where(Kind.SPACE)
    return replace_characters(Action.SPACE, at, np.full(len(at), SPACE, np.uint32))


def fold_compatibility(page: Page) -> Step | None:
    """Full-width letters, radicals and compatibility ideographs become the plain character."""
    at = page.where(Kind.FOLD)
    return replace_characters(Action.FOLD, at, tables.fold_map()(page.codes[at]))


def remove_pinyin(page: Page) -> Step | None:
    """Annotations go; what damage hid in them comes back where it can be told."""
    at = page.where(Kind.OPENING)
    at = at[(at > 0) & (at < len(page.codes) - 1)]
    begins = Kind.LETTER | Kind.NUMERAL | Kind.OPENING  # a letter, or a space or bracket before it
    after = (page.kinds[at - 1] & np.uint16(Kind.HAN) > 0) | np.isin(page.codes[at - 1], CLOSING)
    at = at[after & (page.kinds[at + 1] & np.uint16(begins) > 0)]
    if not len(at):
        return None
    edits = list(removals(to_text(page.codes), at.tolist()))
    return replace_ranges(Action.PINYIN, edits) if edits else None


def simplify(page: Page) -> Step | None:
    """Traditional characters become simplified: of the words that match the longest first, then single characters."""
    at = page.where(Kind.TRADITIONAL)
    conversion = tables.conversion()
    new = conversion.characters(page.codes[at])
    anchors = np.isin(page.codes[at], _anchor_codes())
    if anchors.any():
        converted = page.codes.copy()
        converted[at] = new
        text = to_text(page.codes)
        taken = np.zeros(len(page.codes), bool)
        for start, word in _matches(text, at[anchors].tolist(), conversion.words):
            end = start + len(word.word)
            if not taken[start:end].any():
                taken[start:end] = True
                converted[start:end] = [ord(c) for c in word.to]
        at = np.flatnonzero(converted != page.codes)
        new = converted[at]
    changed = new != page.codes[at]
    return replace_characters(Action.SIMPLIFY, at[changed], new[changed]) if changed.any() else None


def _anchor_codes() -> NDArray[np.uint32]:
    return np.fromiter(map(ord, tables.conversion().words), np.uint32)


def _matches(text: str, anchors: list[int], words: tables.Words) -> list[tuple[int, tables.Word]]:
    """Every word at an anchor, as (start, word): the longest first, of equally long ones the leftmost."""
    found = [
        (at - word.offset, word)
        for at in anchors
        for word in words[text[at]]
        if at >= word.offset and text.startswith(word.word, at - word.offset)
    ]
    return sorted(found, key=lambda match: (-len(match[1].word), match[0]))


def correct_variants(page: Page) -> Step | None:
    """Variants and over-converted characters become what the word they stand in is written with."""
    words, text = tables.variants(), to_text(page.codes)
    positions, new = [], []
    for at in page.where(Kind.VARIANT).tolist():
        for word in words[text[at]]:
            if at >= word.offset and text.startswith(word.word, at - word.offset):
                if word.to != word.word:
                    positions.append(at)
                    new.append(ord(word.to[word.offset]))
                break
    return replace_characters(Action.VARIANT, np.array(positions), np.array(new, np.uint32)) if positions else None


def set_widths(page: Page) -> Step | None:
    """Punctuation beside Chinese becomes Chinese, in numbers and between Latin letters ASCII; the doubtful stays."""
    at = page.where(Kind.WIDTH)
    wanted = wanted_width(page.codes, page.kinds, at)
    changed = wanted != page.codes[at]
    return replace_characters(Action.PUNCTUATION, at[changed], wanted[changed]) if changed.any() else None


def unify_quotes(page: Page) -> Step | None:
    """Corner brackets become quotation marks."""
    at = page.where(Kind.QUOTE)
    return replace_characters(Action.QUOTE, at, tables.quote_map()(page.codes[at]))


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, the kind of character without which it has nothing to do, and whether its own work can make more for it."""

    step: Callable[[Page], Step | None]
    needs: Kind
    repeats: bool = False


RULES: tuple[Rule, ...] = (
    Rule(unify_line_ends, Kind.LINE_END),
    Rule(remove_invisible, Kind.REMOVE),
    Rule(unify_spaces, Kind.SPACE),
    Rule(fold_compatibility, Kind.FOLD),
    Rule(remove_pinyin, Kind.OPENING, repeats=True),
    Rule(simplify, Kind.TRADITIONAL, repeats=True),
    Rule(correct_variants, Kind.VARIANT, repeats=True),
    Rule(set_widths, Kind.WIDTH),
    Rule(unify_quotes, Kind.QUOTE),
)
