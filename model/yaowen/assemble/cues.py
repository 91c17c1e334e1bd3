"""The cue words of `cues.toml`, found in a text."""

import re
from bisect import bisect_left
from functools import cache
from typing import NamedTuple

from yaowen.data_files import toml_table


class Cue(NamedTuple):
    """A cue word: where it stands and which block of `cues.toml` it belongs to."""

    start: int
    end: int
    kind: str
    word: str


@cache
def _lexicon() -> tuple[re.Pattern[str], dict[str, str]]:
    blocks = toml_table("yaowen.assemble", "cues.toml")
    kinds: dict[str, str] = {}
    for kind, words in blocks.items():
        for word in words:
            if kinds.setdefault(word, kind) != kind:
                raise ValueError(f"cues.toml: {word!r} stands in two blocks, {kinds[word]} and {kind}")
    longest_first = sorted(kinds, key=lambda word: (-len(word), word))
    return re.compile("|".join(map(re.escape, longest_first))), kinds


class Cues:
    """All cues of a text in order; none of them overlap."""

    __slots__ = ("_found", "_starts")

    def __init__(self, text: str) -> None:
        pattern, kinds = _lexicon()
        self._found = [Cue(m.start(), m.end(), kinds[m.group()], m.group()) for m in pattern.finditer(text)]
        self._starts = [cue.start for cue in self._found]

    def first(self, start: int, end: int) -> Cue | None:
        """The first cue that begins in the range."""
        index = bisect_left(self._starts, start)
        return self._found[index] if index < len(self._found) and self._starts[index] < end else None

    def last(self, start: int, end: int) -> Cue | None:
        """The last cue that begins in the range."""
        index = bisect_left(self._starts, end) - 1
        return self._found[index] if index >= 0 and self._starts[index] >= start else None

    def within(self, start: int, end: int) -> list[Cue]:
        """The cues that begin in the range."""
        return self._found[bisect_left(self._starts, start) : bisect_left(self._starts, end)]

    def count(self, start: int, end: int) -> int:
        """How many cues begin in the range."""
        return bisect_left(self._starts, end) - bisect_left(self._starts, start)
