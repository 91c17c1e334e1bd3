"""The two real pages under `shared/samples`: raw text as it stands on the web, gold on a cleaned form of it.

Gold and prediction are compared by place in the canonical text without white space, which both forms share.
"""

import json
import os
from bisect import bisect_right
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate
from pathlib import Path

from yaowen.formats.annotated import AnnotatedDocument, parse
from yaowen.text.normalise import NormalisedText, normalise

SHARED = Path(os.environ.get("YAOWEN_SHARED", Path(__file__).parents[1].parent / "shared"))


@dataclass(frozen=True, slots=True)
class Sample:
    """A raw page, its gold document, and both texts' ways to the common places."""

    name: str
    raw: str
    gold: AnnotatedDocument
    raw_places: "Places"
    gold_places: "Places"


class Places:
    """From offsets into a text to places in its canonical form without white space, or in that of a text like it."""

    def __init__(self, page: NormalisedText) -> None:
        self._page = page
        kept = [not c.isspace() for c in page.text]
        self.text = "".join(c for c, keep in zip(page.text, kept, strict=True) if keep)
        self._before = [0, *accumulate(kept)]
        self._moved = list(range(len(self.text) + 1))

    def __call__(self, start: int, end: int) -> tuple[int, int]:
        low, high = self._page.normalised_span(start, end)
        first, last = self._before[low], self._before[high] - 1
        return self._moved[first], self._moved[last] + 1

    def raw_range(self, first: int, last: int) -> tuple[int, int]:
        """The raw range of the places [first, last) of this text; half-open, as they are."""
        low, high = (bisect_right(self._before, place) - 1 for place in (first, last - 1))
        return self._page.raw_span(low, high + 1)

    def follow(self, other: "Places", where: str) -> None:
        """Give places in the form of `other` from now on; a character that it lacks gets a place of its own below zero.

        Raises `ValueError` where more than one in fifty characters differ.
        """
        self._moved = [-1 - i for i in range(len(self.text) + 1)]
        matcher = SequenceMatcher(None, self.text, other.text, autojunk=False)
        for ours, theirs, size in matcher.get_matching_blocks():
            self._moved[ours : ours + size] = range(theirs, theirs + size)
        lacking = sum(place < 0 for place in self._moved[:-1])
        if lacking * 50 > len(self.text):
            raise ValueError(f"{where}: {lacking} of {len(self.text)} characters of the gold text are not in the raw page")


def read(folder: Path = SHARED / "samples") -> list[Sample]:
    """The samples of a folder (`NAME.txt` beside `NAME.gold.json`)."""
    samples = []
    for path in sorted(folder.glob("*.gold.json")):
        name = path.name.removesuffix(".gold.json")
        raw = (folder / f"{name}.txt").read_bytes().decode("utf-8")
        gold = next(parse([json.dumps(json.loads(path.read_text("utf-8")))], str(path)))
        raw_places, gold_places = Places(normalise(raw)), Places(normalise(gold.text))
        gold_places.follow(raw_places, str(path))
        samples.append(Sample(name, raw, gold, raw_places, gold_places))
    return samples
