"""What a document says of where it is: its headline and source, and the places named around a mention."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from yaowen.ground.places.names import Form, Gazetteer
from yaowen.ground.places.reading import stands
from yaowen.ground.places.table import divisions

ANCHOR: Final = 0.85  # share of the likeliest sense from which a name says its place without the document
HEADLINE: Final = 3.0  # weight of the first place of a hint beside that of a mention close by
UNCONFIRMED: Final = 0.5  # weight of a hint's place of which no mention speaks: the head of a page may be its navigation
REACH: Final = 4.0  # mentions: at this distance a place counts half
WINDOW: Final = 64  # mentions before and behind that are heard, so that the work grows with the mentions, not their square
OPENING: Final = 16  # of a document's first mentions, heard everywhere as the headline is
SOURCES: Final = 16  # of a document's first source lines, heard everywhere too; a page of a list has one for each item
_EVIDENT: Final = (Form.OFFICIAL, Form.LEVELLED, Form.ALIAS, Form.SHORT)
_DATELINE: Final = re.compile(
    r"(?:新华社|新华网|中新社|中新网|人民网|本报)([\u4e00-\u9fff]{2,8}?)(?:\d{1,2}月)?\d{1,2}日[电讯]"
)
_SOURCE: Final = re.compile(r"(?:来源|稿源|主办|发布机构|编辑部)[:：] ?(\S{2,20})")


@dataclass(frozen=True, slots=True)
class Evidence:
    """A division the document speaks of, where in the order of mentions (None: in a headline or source), how much."""

    code: str
    at: int | None
    weight: float


def nearness(at: int | None, index: int) -> float:
    if at is None:
        return 1.0
    distance = index - at if at <= index else 1.5 * (at - index)
    return 1.0 / (1.0 + distance / REACH)


def kinship(code: str, other: str) -> float:
    """How much one division speaks for another: itself, those in it and above it, its neighbours."""
    line, other_line = divisions().lineage[code], divisions().lineage[other]
    if code == other:
        return 3.0
    if code in other_line:
        return 2.0
    if other in line:
        return 2.0 if len(other_line) > 1 else 1.0
    if len(line) > 2 and len(other_line) > 2 and line[1] == other_line[1]:
        return 1.0
    return 0.4 if line and other_line and line[-1] == other_line[-1] else 0.0


def support_for(code: str, evidence: Iterable[Evidence], index: int) -> float:
    return sum(e.weight * nearness(e.at, index) * kinship(code, e.code) for e in evidence if e.at != index)


def shares_of(weights: dict[str, float]) -> list[tuple[str, float]]:
    total = sum(weights.values())
    return sorted(((code, weight / total) for code, weight in weights.items()), key=lambda p: (-p[1], p[0])) if total else []


def hint_evidence(hints: Sequence[str], spoken_of: Iterable[str]) -> list[Evidence]:
    """The places of headlines, source lines and datelines; the first that the document speaks of counts most."""
    spoken = {code for other in spoken_of for code in divisions().lineage[other]}
    found = []
    for hint in hints:
        weight, end = HEADLINE, 0
        for match in Gazetteer.load().find(hint):
            # Amid other words a short form may be anything: 樊成华 is a person, not 成华区.
            apart = match.start == end or not "\u4e00" <= hint[match.start - 1] <= "\u9fff"
            share = match.senses[0].weight / (sum(sense.weight for sense in match.senses) or 1.0)
            if match.senses[0].form in _EVIDENT and share >= ANCHOR and stands(match, hint, apart):
                code, end = match.senses[0].target, match.end
                found.append(Evidence(code, None, weight if code in spoken else UNCONFIRMED))
                weight = 1.0 if code in spoken else weight
    return found


class Heard:
    """What was known of a document at some time, and of it what stands near a mention."""

    def __init__(self, evidence: Iterable[Evidence]) -> None:
        everywhere: list[Evidence] = []
        inside: list[Evidence] = []
        for item in evidence:
            (everywhere if item.at is None or item.at < OPENING else inside).append(item)
        self.everywhere = everywhere
        self.inside = sorted(inside, key=lambda item: item.at or 0)
        self.at = [item.at or 0 for item in self.inside]

    def around(self, index: int) -> list[Evidence]:
        low, high = bisect_left(self.at, index - WINDOW), bisect_right(self.at, index + WINDOW)
        return self.everywhere + self.inside[low:high]


def place_hints(text: str, title: str = "") -> list[str]:
    """The strings of a normalised text that say where it is from or about: headline, first line, source, dateline.

    `text` is best given without the furniture of its page, which may name other places.

    >>> place_hints("三亚召开会议\\n来源：三亚日报\\n新华社海口2月8日电 记者获悉")
    ['三亚召开会议', '三亚日报', '海口']
    >>> len(place_hints("\\n".join(f"来源：三亚日报{page}版" for page in range(100)))) == 1 + SOURCES
    True
    """
    first = next((line.strip() for line in text.split("\n", 20) if line.strip()), "")
    sources = islice(dict.fromkeys(m[1] for m in _SOURCE.finditer(text)), SOURCES)
    found = [title, first[:60], *sources, *(m[1] for m in _DATELINE.finditer(text[:400]))]
    return list(dict.fromkeys(hint for hint in found if hint))
