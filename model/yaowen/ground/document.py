"""The spans of one document grounded together: what its places and offices mean where they stand."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yaowen.ground.offices import OfficeReading, read_office
from yaowen.ground.places import Place, ground_places, place_hints
from yaowen.ground.places.table import NATION, divisions
from yaowen.schema import BODIES
from yaowen.spans import TaggedSpan

STATUS_REACH = 4  # characters before a title in which a word such as 原 or 时任 may stand
TITLE_LINKS = frozenset(("", "、", "兼", " ", "、兼", "和"))  # between two titles of one person
PLACED = (*BODIES, "POSITION")
# Roles that say where an event was, the likelier first.
PLACE_ROLES = ("location", "destination")
_DEPUTY = re.compile("^(?:常务|第一)?副(?=.)")  # 副市长 is an office of the 市 as 市长 is


@dataclass(frozen=True, slots=True)
class Grounding:
    """What spans mean, by span; a span that is of another kind is not in it."""

    places: Mapping[TaggedSpan, Place]
    offices: Mapping[TaggedSpan, OfficeReading]


def ground(text: str, spans: Sequence[TaggedSpan], article: str | None = None, published: str | None = None) -> Grounding:
    """What the spans of a normalised text mean, given in text order.

    `article`: the text without site furniture (default: all of it), whose headline and dateline tell where it is from;
    `published`: the ISO date of publication.
    """
    placed = [span for span in spans if span.label in PLACED]
    words = [_DEPUTY.sub("", text[span.start : span.end]) for span in placed]
    year = int(published[:4]) if published else None
    places = dict(zip(placed, ground_places(words, place_hints(text if article is None else article), year), strict=True))
    offices: dict[TaggedSpan, OfficeReading] = {}
    before: TaggedSpan | None = None
    for span in spans:
        if span.label == "POSITION":
            joined = before is not None and text[before.end : span.start] in TITLE_LINKS
            offices[span] = read_office(
                text[span.start : span.end], place=places[span].full_name,
                before=text[max(0, span.start - STATUS_REACH) : span.start],
                previous=offices[before] if before is not None and joined else None,
            )  # fmt: skip
            before = span
    return Grounding(places, offices)


def event_place(places: Sequence[Place]) -> Place | None:
    """Where an event was, of the places told for it: the smallest division that has them all, or that lies in them all.

    None where nothing is told, and where the places have nothing in common but the country.

    >>> city, one, other = ground_places(["三亚市", "吉阳区", "天涯区"])
    >>> [event_place(told).name for told in ([city, one], [one, other], [one])], event_place([])
    (['吉阳区', '三亚市', '吉阳区'], None)
    """
    known = {place.adcode: place for place in places if place.adcode}
    if not known:
        return next((place for place in places if place.iso or place.candidates), None)
    table = divisions()
    lines = [table.lineage[code][::-1] for code in known]  # from the province down
    if all(code == NATION for code in known):
        return known[NATION]
    longest = max(lines, key=len)
    if all(line == longest[: len(line)] for line in lines):
        return known[longest[-1]]
    shared = [codes[0] for codes in zip(*lines, strict=False) if len(set(codes)) == 1]
    if not shared:
        return None
    code = shared[-1]
    score = min(place.score for place in known.values())
    return Place(code, table.by_code[code].name, table.full_name(code), table.by_code[code].level, score, "context")
