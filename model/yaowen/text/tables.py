"""The tables behind the rules, built once from `data/*.toml`, `unicodedata` and the dictionaries of OpenCC."""

import importlib.resources
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntFlag
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yaowen.data_files import toml_table
from yaowen.text.edits import Codes

FULL_WIDTH = 0xFEE0  # from an ASCII character to its full-width form


class Kind(IntFlag):
    """What a character is to the rules; one character can be several things."""

    LINE_END = 1
    REMOVE = 2
    SPACE = 4
    FOLD = 8
    HAN = 16
    CHINESE = 32  # punctuation that is always Chinese
    WIDTH = 64  # punctuation of either width
    LETTER = 128  # Latin, marked or not
    DIGIT = 256
    NUMERAL = 512  # stands beside digits in numbers
    OPENING = 1024  # may open a pinyin annotation: a bracket, or what damage leaves of one
    TRADITIONAL = 2048
    VARIANT = 4096
    QUOTE = 8192


@dataclass(frozen=True, slots=True, eq=False)
class CharacterMap:
    """One character for another, over arrays of code points."""

    keys: Codes
    values: Codes

    @classmethod
    def of(cls, pairs: Mapping[str, str]) -> "CharacterMap":
        items = sorted((ord(old), ord(new)) for old, new in pairs.items())
        return cls(np.array([old for old, _ in items], np.uint32), np.array([new for _, new in items], np.uint32))

    def __call__(self, codes: Codes) -> Codes:
        """The characters for these; one that is no key stays as it is."""
        at = np.minimum(np.searchsorted(self.keys, codes), len(self.keys) - 1)
        return np.where(self.keys[at] == codes, self.values[at], codes).astype(np.uint32)


@dataclass(frozen=True, slots=True)
class Word:
    """A word found by one of its characters: at `offset` in `word` stands the anchor; the word becomes `to`."""

    offset: int
    word: str
    to: str


Words = Mapping[str, tuple[Word, ...]]  # anchor character -> its words, in the order they are tried


@dataclass(frozen=True, slots=True, eq=False)
class Conversion:
    """Traditional to simplified: single characters, and the words that are converted as wholes."""

    characters: CharacterMap
    words: Words


def read_data(name: str) -> dict[str, Any]:
    """A data file of this folder, parsed."""
    return toml_table("yaowen.text", "data", name)


def _code_points(ranges: Iterable[str]) -> Iterator[int]:
    for item in ranges:
        low, _, high = item.partition("-")
        yield from range(int(low, 16), int(high or low, 16) + 1)


@cache
def folding() -> dict[str, str]:
    """Compatibility characters and what they fold to, one character for one."""
    data = read_data("characters.toml")
    width = set(data["width"])
    by_code = data["radicals"] | data["private"]
    table = data["look_alikes"] | {chr(int(key, 16)): value for key, value in by_code.items()}
    for code in sorted(set(_code_points(data["fold"])) - set(_code_points(data["remove"]))):
        old, new = chr(code), unicodedata.normalize("NFKC", chr(code))
        # A full-width comma is no compatibility character in Chinese text: the width rule decides.
        if old != new and len(new) == 1 and not (code > 0xFF00 and new in width):
            table[old] = new
    return {old: table.get(new, new) for old, new in table.items()}


@cache
def fold_map() -> CharacterMap:
    """`folding` over arrays."""
    return CharacterMap.of(folding())


@cache
def quote_map() -> CharacterMap:
    """Corner brackets to quotation marks."""
    return CharacterMap.of(read_data("characters.toml")["quotes"])


def _read_dictionary(name: str) -> dict[str, str]:
    """A dictionary of OpenCC; of several conversions the first, as OpenCC itself takes it."""
    lines = importlib.resources.files("opencc").joinpath("dictionary", name).read_text(encoding="utf-8").splitlines()
    pairs = (line.strip().split("\t") for line in lines if line.strip())
    table = {old: new.split(" ")[0] for old, new in pairs}
    for old, new in table.items():
        if len(old) != len(new):
            raise ValueError(
                f"{name}: {old!r} -> {new!r} changes the length, which the alignment of the conversion cannot show; "
                "install a version of opencc-python-reimplemented that has no such entry (0.1.7 has none)"
            )
    return table


def _idle(word: str, to: str, words: Mapping[str, str], changed: set[str]) -> bool:
    """Whether a word neither changes, nor keeps anything from change, nor can stand in the way of another word."""
    if word != to or changed.intersection(word):
        return False
    tails = {word[i:] for i in range(1, len(word))}
    heads = {word[:i] for i in range(1, len(word))}
    return not any(
        other != word and (word in other or any(other.startswith(t) for t in tails) or any(other.endswith(h) for h in heads))
        for other in words
    )


@cache
def conversion() -> Conversion:
    """Traditional to simplified by the dictionaries of OpenCC (the configuration t2s).

    Raises `ValueError` for a dictionary whose entries change the length of the text.
    """
    characters = {old: new for old, new in _read_dictionary("TSCharacters.txt").items() if old != new}
    phrases = _read_dictionary("TSPhrases.txt")
    changed = set(characters)
    phrases = {word: to for word, to in phrases.items() if not _idle(word, to, phrases, changed)}
    frequency = Counter(character for word in phrases for character in set(word))
    words: dict[str, list[Word]] = {}
    for word, to in phrases.items():
        # Found by a character that simplified text does not have, if it has one: there a look-up must cost nothing.
        telling = [c for c, new in zip(word, to, strict=True) if c in changed or c != new] or list(word)
        anchor = max(telling, key=lambda c: frequency[c])
        words.setdefault(anchor, []).append(Word(word.index(anchor), word, to))
    return Conversion(CharacterMap.of(characters), {anchor: tuple(found) for anchor, found in words.items()})


@cache
def variants() -> Words:
    """Words put right after the conversion, by the character in them that is wrong; the longest first, kept ones before."""
    data = read_data("variants.toml")
    words: dict[str, list[tuple[int, int, Word]]] = {}

    def add(rank: int, anchor: str, word: str, to: str) -> None:
        if word.count(anchor) != 1:
            raise ValueError(f"variants.toml: {word!r} must have {anchor!r} in it exactly once")
        words.setdefault(anchor, []).append((-len(word), rank, Word(word.index(anchor), word, to)))

    for anchor, kept in data["kept"].items():
        for word in kept:
            add(0, anchor, word, word)
    for anchor, block in data["words"].items():
        for word in block["words"]:
            add(1, anchor, word, word.replace(anchor, block["to"]))
    for anchor, to in data["always"].items():
        add(2, anchor, anchor, to)
    return {anchor: tuple(w for _, _, w in sorted(found, key=lambda f: f[:2])) for anchor, found in words.items()}


@cache
def syllables() -> frozenset[str]:
    """The syllables of Mandarin in lower case, without tones."""
    return frozenset(
        ("" if initial == "none" else initial) + final
        for initial, finals in read_data("pinyin.toml").items()
        for final in finals.split()
    )


@cache
def kinds() -> NDArray[np.uint16]:
    """What every character is: `Kind` bits by code point, shape (0x110000,)."""
    data = read_data("characters.toml")
    width = [ord(c) for c in data["width"]]
    latin = [c for c in _code_points(["0041-005A", "0061-007A", "00C0-02AF", "1E00-1EFF"]) if chr(c).isalpha()]
    characters = conversion()
    members: dict[Kind, Iterable[int]] = {
        Kind.LINE_END: _code_points(data["line_end"]),
        Kind.REMOVE: _code_points(data["remove"]),
        Kind.SPACE: _code_points(data["space"]),
        Kind.FOLD: map(ord, folding()),
        Kind.HAN: _code_points(data["han"]),
        Kind.CHINESE: map(ord, data["chinese"]),
        Kind.WIDTH: width + [c + FULL_WIDTH for c in width],
        Kind.LETTER: latin,
        Kind.DIGIT: range(ord("0"), ord("9") + 1),
        Kind.NUMERAL: map(ord, data["numeral"]),
        Kind.OPENING: map(ord, "(（?？\ufffd"),
        Kind.TRADITIONAL: [*characters.characters.keys.tolist(), *map(ord, characters.words)],
        Kind.VARIANT: map(ord, variants()),
        Kind.QUOTE: map(ord, data["quotes"]),
    }
    table = np.zeros(sys.maxunicode + 1, np.uint16)
    for kind, codes in members.items():
        table[np.fromiter(codes, np.int64)] |= np.uint16(kind)
    # A character named for itself is out of the ranges around it.
    for code in _code_points([*data["space"], *data["private"]]):
        table[code] &= ~np.uint16(Kind.REMOVE)
    table.setflags(write=False)
    return table
