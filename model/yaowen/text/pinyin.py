"""Pinyin annotations, 導(dǎo), that some pages carry after every traditional character: what is one, and what it hides."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from yaowen.text.tables import Kind, kinds, syllables

TONE_MARKS = {"\u0300", "\u0301", "\u0304", "\u030c"}  # combining grave, acute, macron, caron
LOST = "□"  # what stands for a character that is gone and cannot be told
ANNOTATED_PAGE = 3  # this many sure annotations make a page one on which toneless ones are believed, too

_LETTERS = r"(\s?[A-Za-z\u00c0-\u02af\u1e00-\u1eff\u0300-\u036f?'’ -]{1,30}[1-5]?\s?)"
_OPENING = r"(?:[(（]|[?？]|\ufffd[(（]?)"
_ANNOTATION = re.compile(rf"({_OPENING}){_LETTERS}([)）])?")
_SECOND = re.compile(rf"(?:[?？]|\ufffd[(（]?){_LETTERS}[)）]")


@dataclass(frozen=True, slots=True)
class Reading:
    """Letters that are pinyin; `sure` if every syllable has its tone."""

    letters: str
    sure: bool


@dataclass(frozen=True, slots=True)
class Annotation:
    """An annotation of the character at `character`; `after` is the reading of a character lost in it, if there was one.

    It stands after the character, or after another annotation of it.
    """

    character: int
    start: int
    end: int
    reading: Reading
    after: Reading | None = None


@lru_cache(maxsize=1)
def _syllable() -> re.Pattern[str]:
    longest_first = sorted(syllables() | {s.replace("ü", "v") for s in syllables()}, key=len, reverse=True)
    return re.compile(rf"({'|'.join(longest_first)})([1-5])?[\s'’-]*")


@lru_cache(maxsize=4096)
def read_letters(letters: str) -> Reading | None:
    """The reading that letters give, or None if they are no pinyin.

    >>> read_letters("lǐng").sure, read_letters("ling3").sure, read_letters("ling").sure, read_letters("km")
    (True, True, False, None)
    >>> read_letters("O2"), read_letters("a4").sure
    (None, False)
    """
    written = unicodedata.normalize("NFC", letters.strip().lower())
    spread = unicodedata.normalize("NFD", written)
    tones = sum(c in TONE_MARKS for c in spread)
    base = unicodedata.normalize("NFC", "".join(c for c in spread if c not in TONE_MARKS))
    damaged = base.count("?")
    if damaged:  # a letter that an encoding did not have: the vowel with the tone
        fits = (base.replace("?", vowel) for vowel in "aeiouü")
        base = next((b for b in fits if damaged == 1 and b in syllables()), "")
    count = at = 0
    while match := _syllable().match(base, at):
        count, at = count + 1, match.end()
        # A digit after a capital or a single letter is part of a name: (O2), (A4).
        tones += match.group(2) is not None and len(match.group(1)) > 1 and letters == letters.lower()
    if not count or at < len(base):
        return None
    if not tones and (letters != letters.lower() or count > 1):
        return None  # (WHO), (BA), (Shanghai): names and abbreviations
    return Reading(written, sure=tones >= count and not damaged)


def find_annotations(text: str, openings: Sequence[int]) -> list[Annotation]:
    """The annotations of a text in text order; `openings` are the places where one may begin.

    One that is not right after a character must be right after another annotation.
    """
    found: list[Annotation] = []
    for start in openings:
        if found and start < found[-1].end:
            continue
        character = start - 1 if _is_han(text, start - 1) else _annotated(found, start)
        if character is None:
            continue
        match = _ANNOTATION.match(text, start)
        reading = read_letters(match.group(2)) if match else None
        if match is None or reading is None:
            continue
        end, intact = match.end(), match.group(1) in "(（"
        if not match.group(3) and not (intact and reading.sure and _is_han(text, end)):
            continue
        if intact:
            found.append(Annotation(character, start, end, reading))
        elif reading.sure:
            second = _SECOND.match(text, end)
            after = read_letters(second.group(1)) if second else None
            if second and after and after.sure:
                found.append(Annotation(character, start, second.end(), reading, after))
            else:
                broken = end < len(text) and text[end] in "?？\ufffd" and _is_han(text, end + 1)
                found.append(Annotation(character, start, end + broken, reading))
    return found if len({a.character for a in found if a.reading.sure}) >= ANNOTATED_PAGE else _sure(found)


def _annotated(found: list[Annotation], start: int) -> int | None:
    """The character whose annotation ends at `start`; one that was lost in it stands between."""
    return found[-1].character if found and found[-1].end == start and found[-1].after is None else None


def _sure(found: list[Annotation]) -> list[Annotation]:
    """The sure annotations, and of those after another annotation the ones whose own before them is kept."""
    kept: list[Annotation] = []
    for annotation in found:
        follows = annotation.character == annotation.start - 1 or _annotated(kept, annotation.start) is not None
        if annotation.reading.sure and follows:
            kept.append(annotation)
    return kept


def _is_han(text: str, at: int) -> bool:
    return at < len(text) and bool(kinds()[ord(text[at])] & Kind.HAN)


def removals(text: str, openings: Sequence[int]) -> Iterator[tuple[int, int, str]]:
    """(start, end, replacement) for each annotation: nothing, or the character that was lost in it."""
    found = find_annotations(text, openings)
    evidence: dict[str, set[str]] = {}
    for annotation in found:
        if annotation.after is None:
            evidence.setdefault(annotation.reading.letters, set()).add(text[annotation.character])
    for annotation in found:
        lost = _lost_character(text[annotation.character], annotation, evidence) if annotation.after else ""
        yield annotation.start, annotation.end, lost


def _lost_character(before: str, annotation: Annotation, evidence: dict[str, set[str]]) -> str:
    """The character lost where a program that annotates GBK text byte by byte cut two characters apart.

    It took the second byte of `before` and the first of the lost one for a character, and annotated that: 管嚴 is
    B9DC 87C0, DC87 is 車, so that 管?chē)?yán) remains, each ? being an odd byte that swallowed a bracket. The lost
    character is one that the page annotates with the second reading elsewhere and whose bytes give such a middle.
    """
    assert annotation.after is not None
    fitting = []
    for candidate in sorted(evidence.get(annotation.after.letters, ())):
        try:
            middle = (before.encode("gbk")[1:] + candidate.encode("gbk")[:1]).decode("gbk")
        except UnicodeError:
            continue
        known = evidence.get(annotation.reading.letters)
        if len(middle) == 1 and (middle in known if known else True):
            fitting.append(candidate)
    return fitting[0] if len(fitting) == 1 else LOST
