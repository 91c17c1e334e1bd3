"""The spans of one document grounded together: what its dates, places and offices mean where they stand."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

from yaowen.ground.dates import DateValue, Precision, date_mentions, read_dates
from yaowen.ground.offices import REACH, OfficeReading, read_office_after
from yaowen.ground.places import Place, ground_places, place_hints
from yaowen.ground.places.table import NATION, divisions
from yaowen.ground.tables import any_of, table
from yaowen.ground.titles import body_before
from yaowen.ground.titles import words as title_words
from yaowen.schema import BODIES, PEOPLE
from yaowen.spans import TaggedSpan

PLACED = (*BODIES, "POSITION")
LONGEST_DAYS = 7  # of an event that several dates are told for; dates farther apart tell of more than one thing
PLACE_ROLES = ("location", "destination")  # roles that say where an event was


@dataclass(frozen=True, slots=True)
class Grounding:
    """What spans mean, by span; a span that is of another kind is not in it."""

    dates: Mapping[TaggedSpan, DateValue]
    places: Mapping[TaggedSpan, Place]
    offices: Mapping[TaggedSpan, OfficeReading]


def ground(
    text: str, spans: Sequence[TaggedSpan], title_runs: Iterable[Sequence[int]] = (), article: str | None = None,
    published: str | None = None,
) -> Grounding:  # fmt: skip
    """What the spans of a normalised text mean, given in text order.

    `title_runs`: the POSITION spans, by index, that one person holds together, whose later ones share the body of those
    before; `article`: the text without site furniture (default: all of it), whose headline and dateline tell where it is
    from; `published`: the ISO date of publication.
    """
    dated = [span for span in spans if span.label == "DATE"]
    mentions = date_mentions(text, [(span.start, span.end) for span in dated])
    dates = dict(zip(dated, read_dates(mentions, published), strict=True))
    placed = [span for span in spans if span.label in PLACED]
    words = [_deputy().sub("", text[span.start : span.end]) for span in placed]
    year = int(published[:4]) if published else None
    places = dict(zip(placed, ground_places(words, place_hints(text if article is None else article), year), strict=True))
    places = {s: replace(p, facility=None) if s.label == "POSITION" else p for s, p in places.items()}
    return Grounding(dates, places, _offices(text, spans, title_runs, places))


def _offices(
    text: str, spans: Sequence[TaggedSpan], title_runs: Iterable[Sequence[int]], places: Mapping[TaggedSpan, Place]
) -> dict[TaggedSpan, OfficeReading]:
    """The readings of the POSITION spans, each with the titles before it that may tell its body."""
    before = _titles_before(text, spans, title_runs)
    offices: dict[TaggedSpan, OfficeReading] = {}
    for index, span in enumerate(spans):
        if span.label == "POSITION":
            told = [offices[spans[title]] for title in before.get(index, ())]
            body = body_before(text, spans, index)
            place = places[body].full_name if body else None
            of = text[body.start : body.end] if body else None
            title = text[span.start : span.end]
            offices[span] = read_office_after(told, title, place or places[span].full_name, of=of)
    return offices


def _titles_before(
    text: str, spans: Sequence[TaggedSpan], title_runs: Iterable[Sequence[int]]
) -> dict[int, tuple[int, ...]]:
    """The titles before each one, by index, in its run and in those of the people before in the same list."""
    before: dict[int, tuple[int, ...]] = {}
    told: tuple[int, ...] = ()
    for run in sorted(map(tuple, title_runs)):
        if told and not _one_list(text, spans, told[-1], run[0]):
            told = ()
        for title in run:
            before[title] = told
            told = (*told, title)[-REACH:]
    return before


def _one_list(text: str, spans: Sequence[TaggedSpan], title: int, later: int) -> bool:
    """Whether only names stand between two titles (社长甲、副社长乙)."""
    links = title_words().list_links
    return later > title + 1 and all(
        text[spans[i - 1].end : spans[i].start] in links and (spans[i].label in PEOPLE or i == later)
        for i in range(title + 1, later + 1)
    )


@cache
def _deputy() -> re.Pattern[str]:
    """What makes a deputy of an office of the same body: 副市长 is an office of the 市 as 市长 is."""
    return re.compile(f"^(?:{any_of(table('offices.toml')['modifiers']['deputies'].split())})(?=.)")


def event_date(values: Sequence[DateValue]) -> DateValue | None:
    """When an event was, of the dates told for it: the finest where the others hold it, else the days of all of them.

    None where nothing could be read, and where the dates are more than a week apart.

    >>> day, morning, afternoon, far = read_dates(["2022年3月2日", "上午", "下午", "4月1日"])
    >>> [event_date(told).start for told in ([day, morning], [morning, afternoon])], event_date([day, far])
    (['2022-03-02T08:00', '2022-03-02T08:00'], None)
    """
    read = [value for value in values if value.reason is None]
    if len(read) < 2:
        return read[0] if read else None
    read.sort(key=lambda value: -value.precision.rank if value.precision else 0)
    if innermost := next((one for one in read if all(_holds(value, one) for value in read)), None):
        return innermost
    starts, ends = ([getattr(value, end) or "" for value in read] for end in ("start", "end"))
    if not all(starts + ends):
        return None  # one of them has an open end
    first, last = min(starts), max(ends)
    if (date.fromisoformat(last[:10]) - date.fromisoformat(first[:10])).days > LONGEST_DAYS:
        return None
    if any(value.precision and not value.precision.is_clock for value in read):
        return replace(read[0], start=first[:10], end=last[:10], precision=Precision.DAY, relation="list", part=None)
    return replace(read[0], start=first, end=last, relation="list", part=None)


def _holds(value: DateValue, other: DateValue) -> bool:
    """Whether an interval has another within it, as far as days and, if both have them, clocks tell.

    An open end lies only within another open end.
    """
    length = 16 if all(v.precision and v.precision.is_clock for v in (value, other)) else 10
    is_begun = value.start is None or (other.start is not None and value.start[:length] <= other.start[:length])
    return is_begun and (value.end is None or (other.end is not None and other.end[:length] <= value.end[:length]))


def event_place(places: Sequence[Place]) -> Place | None:
    """Where an event was, of the places told for it: the smallest division that has them all, or that lies in them all.

    None where nothing is told, and where the places have nothing in common but the country.

    >>> city, one, other = ground_places(["三亚市", "吉阳区", "天涯区"])
    >>> [event_place(told).name for told in ([city, one], [one, other], [one])], event_place([])
    (['吉阳区', '三亚市', '吉阳区'], None)
    """
    known: dict[str, Place] = {}
    for place in places:
        if place.adcode and (other := known.setdefault(place.adcode, place)) != place:
            known[place.adcode] = replace(other, town=None, town_code=None, facility=None)  # only the county is shared
    if not known:
        return next((place for place in places if place.iso or place.candidates), None)
    nation = divisions()
    lines = [nation.lineage[code][::-1] for code in known]  # from the province down
    if all(code == NATION for code in known):
        return known[NATION]
    longest = max(lines, key=len)
    if all(line == longest[: len(line)] for line in lines):
        return known[longest[-1]]
    shared = [codes[0] for codes in zip(*lines, strict=False) if len(set(codes)) == 1]
    if not shared:
        return None
    code = shared[-1]
    division = nation.by_code[code]
    score = min(place.score for place in known.values())
    return Place(code, division.name, nation.full_name(code), division.level, score, "context")
