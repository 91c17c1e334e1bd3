"""Training text made to vary: other people, places and things in the same sentences, and damaged punctuation.

Every change is an edit (start, end, replacement) whose ends lie on or outside the ends of spans, so that the spans go
with the text. Edits never touch a part of a text twice.
"""

import dataclasses
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from data.unlabelled import MASK, SEP, UNK
from training.examples import Example
from yaowen.formats.annotated import AnnotatedDocument, Mark
from yaowen.schema import PEOPLE

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DATA = Path(__file__).parent.parent / "data"
NAMES, DENIALS = DATA / "names.toml", DATA / "denials.toml"
PLACE = re.compile(r"[一-龥]{1,4}?(?:省|市|县|区|州|旗|镇|乡|街道|村)")
NAMED_BY_PLACE = ("LOCATION", "ORGANIZATION", "POSITION")
PAUSES = "，、：；！。 \u3000"
HEADLINE = 60  # characters of a line that may stand without punctuation

Edit = tuple[int, int, str]


@dataclasses.dataclass(frozen=True, slots=True)
class Augmentation:
    """Probabilities of each change."""

    people: float  # of a person of a document: another name, everywhere
    places: float  # of a division: another one of its level, at the start of every span that begins with it
    swap: dict[str, float]  # of a span of a label (no person): the words of another of that label
    run_together: float  # of a pause mark between two names: dropped
    headline: float  # of a short line: all its pause marks dropped or turned to spaces
    end_mark: float  # of a line: its last mark dropped
    join_lines: float  # of a line feed: dropped
    denied: float  # of an incident told by a verb of happening: denied, feared or supposed, so that it is none
    unknown: float  # of a character: [UNK] or [MASK]


class NameMaker:
    """Invented names in the manner of those they take the place of."""

    def __init__(self, path: Path = NAMES) -> None:
        table = tomllib.loads(path.read_text("utf-8"))
        self._surnames = list("".join(table["surnames"].split()))
        weights = 1 / (np.arange(len(self._surnames)) + 20.0)
        self._weights = weights / weights.sum()
        self._given = list("".join(table["given"].split()))
        self._compound, self._whole = table["compound_surnames"], table["whole"]
        self._first, self._next = table["foreign_first"], table["foreign_next"]

    def surname(self, rng: np.random.Generator) -> str:
        return self._surnames[rng.choice(len(self._surnames), p=self._weights)]

    def name(self, like: str, rng: np.random.Generator) -> str:
        """A name of the kind of `like`: Han, another people's, or foreign."""
        if "·" in like or len(like) > 4:
            if rng.random() < 0.3:
                return _pick(self._whole, rng)
            return "·".join(self._foreign(rng) for _ in like.split("·"))
        if len(like) == 1:
            return self.surname(rng)
        kind = rng.random()
        if kind < 0.06:
            return _pick(self._whole, rng)
        surname = _pick(self._compound, rng) if kind < 0.09 else self.surname(rng)
        return surname + "".join(_pick(self._given, rng) for _ in range(1 if rng.random() < 0.25 else 2))

    def _foreign(self, rng: np.random.Generator) -> str:
        return _pick(self._first, rng) + "".join(_pick(self._next, rng) for _ in range(rng.integers(1, 4)))


class Augmenter:
    """Draws changed versions of the training documents."""

    def __init__(self, settings: Augmentation, documents: Iterable[AnnotatedDocument]) -> None:
        self.settings = settings
        self._names = NameMaker()
        self._denials = tomllib.loads(DENIALS.read_text("utf-8"))
        self._bank: dict[str, list[str]] = defaultdict(list)
        places: dict[str, set[str]] = defaultdict(set)
        for document in documents:
            for span in document.spans:
                words = document.text[span.start : span.end]
                self._bank[span.label].append(words)
                if span.label == "LOCATION" and PLACE.fullmatch(words):
                    places[words[-1]].add(words)
        self._places = {level: sorted(names) for level, names in places.items()}

    def text(self, text: str, spans: Sequence[Mark], rng: np.random.Generator) -> tuple[str, list[Mark]]:
        """A changed version of a text with its spans."""
        edits = self._people(text, spans, rng) + self._things(text, spans, rng) + self._punctuation(text, spans, rng)
        denied = [s for s in spans if self._happens(text, s) and rng.random() < self.settings.denied]
        edits += [(s.start, s.end, _pick(self._denials["before"], rng) + text[s.start : s.end]) for s in denied]
        return apply(text, [s for s in spans if s not in denied], edits)

    def ids(self, example: Example, rng: np.random.Generator) -> Example:
        """Some characters hidden, so that the reader leans on the context."""
        hidden = (rng.random(len(example.ids)) < self.settings.unknown) & (example.ids != SEP)
        ids = np.where(hidden, np.where(rng.random(len(hidden)) < 0.5, UNK, MASK), example.ids)
        return dataclasses.replace(example, ids=ids)

    def _happens(self, text: str, span: Mark) -> bool:
        return span.label == "TRIGGER:incident" and text[span.start : span.end] in self._denials["verbs"]

    def _people(self, text: str, spans: Sequence[Mark], rng: np.random.Generator) -> list[Edit]:
        people = [(s, text[s.start : s.end]) for s in spans if s.label in PEOPLE]
        new: dict[str, str] = {}
        for name in sorted({name for _, name in people}, key=len, reverse=True):
            full = next((known for known in new if len(name) == 1 and known.startswith(name)), None)
            if full:
                new[name] = new[full][0]  # 周 of 周院长 goes with his full name
            elif rng.random() < self.settings.people:
                new[name] = self._names.name(name, rng)
        return [(s.start, s.end, new[name]) for s, name in people if name in new]

    def _things(self, text: str, spans: Sequence[Mark], rng: np.random.Generator) -> list[Edit]:
        edits: list[Edit] = []
        other: dict[str, str | None] = {}
        for span in spans:
            if span.label in PEOPLE:
                continue  # they have names of their own
            if rng.random() < self.settings.swap.get(span.label, 0.0):
                edits.append((span.start, span.end, _pick(self._bank[span.label], rng)))
            elif span.label in NAMED_BY_PLACE and (found := PLACE.match(text, span.start, span.end)):
                place = found.group()
                known = self._places.get(place[-1], [])
                if place not in other:
                    chosen = place in known and rng.random() < self.settings.places
                    other[place] = _pick(known, rng) if chosen else None
                if new := other[place]:
                    edits.append((span.start, span.start + len(place), new))
        return edits

    def _punctuation(self, text: str, spans: Sequence[Mark], rng: np.random.Generator) -> list[Edit]:
        chosen = self.settings
        inside = np.zeros(len(text) + 1, bool)
        for span in spans:
            inside[span.start : span.end] = True
        dropped: dict[int, str] = {}
        for first, second in pairwise(spans):
            both = first.label in PEOPLE and second.label in PEOPLE and second.start == first.end + 1
            if both and text[first.end] in PAUSES and rng.random() < chosen.run_together:
                dropped[first.end] = ""
        start = 0
        for line in text.splitlines(keepends=True):
            end = start + len(line.rstrip("\n"))
            if end - start <= HEADLINE and rng.random() < chosen.headline:
                instead = " " if rng.random() < 0.5 else ""
                dropped.update((i, instead) for i in range(start, end) if text[i] in PAUSES)
            elif end > start and text[end - 1] in PAUSES and rng.random() < chosen.end_mark:
                dropped[end - 1] = ""
            start += len(line)
            if start > end and rng.random() < chosen.join_lines:
                dropped[end] = ""
        return [(i, i + 1, dropped[i]) for i in sorted(dropped) if not inside[i]]


def apply(text: str, spans: Sequence[Mark], edits: Iterable[Edit]) -> tuple[str, list[Mark]]:
    """A text with some parts replaced, and its spans at their new places (holders are not kept).

    >>> apply("甲、乙到丙县", [Mark(0, 1, "OFFICIAL"), Mark(4, 6, "LOCATION")], [(1, 2, ""), (4, 6, "西山镇")])[0]
    '甲乙到西山镇'
    """
    parts, at = [], 0
    moved = np.zeros(len(text) + 1, np.int64)  # how far a code point that follows an edit goes
    for start, end, replacement in sorted(edits):
        if start < at:
            raise ValueError(f"edit [{start}, {end}) overlaps the one before it, which ends at {at}")
        parts += [text[at:start], replacement]
        moved[end:] += len(replacement) - (end - start)
        at = end
    parts.append(text[at:])
    return "".join(parts), [Mark(s.start + int(moved[s.start]), s.end + int(moved[s.end]), s.label) for s in spans]


def _pick(items: Sequence[str], rng: np.random.Generator) -> str:
    return items[int(rng.integers(len(items)))]
