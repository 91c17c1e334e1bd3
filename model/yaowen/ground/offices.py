"""Offices: a title taken apart into the body and the office in it, with kind, level, grade, rank and status."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Final

from yaowen.ground.bodies import FOREIGN, body_kind, body_level, completed
from yaowen.ground.places.reading import official_names
from yaowen.ground.precedence import PERSONAL, precedence
from yaowen.ground.tables import table
from yaowen.ground.titles import Tail, body_end, ends_a_place, level_of, tail, words

NO_TEXT: Final = "no text"
NO_TITLE: Final = "no known title stands at the end"
SEVERAL: Final = "several titles joined: read_offices takes them apart"
_JOINTS = re.compile(r"\s*[、，,/兼]\s*")


@dataclass(frozen=True, slots=True)
class OfficeReading:
    """A title and its parts; offsets are half-open, into the title as given. A part is its text there without white space.

    `office` is None where the title could not be read, and `reason` says why. `rank` is the office again where it is no seat
    but a grade of the person (二级巡视员, 教授). `completed_body` is the body in full where only the document tells it.
    """

    title: str
    body: str | None = None
    office: str | None = None
    body_span: tuple[int, int] | None = None
    office_span: tuple[int, int] | None = None
    kind: str | None = None  # of the body: a name of a block of bodies.toml
    level: str = ""  # national, provincial, prefectural, city (of any rank), county, township, village; "": not told
    grade: str = ""  # head, deputy, member, rank, professional; "": not known
    rank: str | None = None
    status: str | None = None  # the word as written: 原, 时任, 代
    completed_body: str | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        for part, span in ((self.body, self.body_span), (self.office, self.office_span)):
            if (part is None) != (span is None):
                raise ValueError(f"{self.title!r}: a part and its offsets come together, not {part!r} with {span}")
            if span is not None and "".join(self.title[slice(*span)].split()) != part:
                raise ValueError(f"{self.title!r}: [{span[0]}, {span[1]}) is not {part!r}")

    @property
    def precedence(self) -> tuple[int, int]:
        """A key that sorts by the order of precedence: the level, then the seat; the lower, the higher in rank.

        >>> sorted(["副市长", "市委书记", "省委副书记", "市长", "市委常委"], key=lambda title: read_office(title).precedence)
        ['省委副书记', '市委书记', '市长', '市委常委', '副市长']
        """
        return precedence(self.body, self.office or "", self.kind, self.level, self.grade)


def read_office(
    title: str, place: str | None = None, before: str = "", previous: OfficeReading | None = None
) -> OfficeReading:
    """The reading of one title, such as the text of a POSITION span; it raises nothing, whatever the title.

    `place`: the division that the document speaks of (三亚市, 海南省三亚市), which completes a bare body; `before`: the text
    in front of the title, whose last word may be a status (原); `previous`: the reading of the title before it in the same
    run, whose body a title without one shares (市水利局党组书记、局长).

    >>> reading = read_office("市委副书记", place="海南省三亚市")
    >>> reading.body, reading.office, reading.kind, reading.level, reading.completed_body
    ('市委', '副书记', 'party', 'city', '三亚市委')
    >>> read_office("省卫健委二级巡视员").rank, read_office("省委常委").body, read_office("厅长", before="公安厅原").status
    ('二级巡视员', None, '原')
    >>> read_office("局长", previous=read_office("市水利局党组书记")).completed_body
    '市水利局'
    """
    reading = _read(title)
    if reading.office is None:
        return reading
    full = _completed(reading, place)
    if full is None and previous is not None and (full := _shared_body(reading, previous)) is not None:
        full = completed(full, place) or full
        kind = reading.kind if reading.grade in PERSONAL else body_kind(full, reading.kind)
        reading = replace(reading, kind=kind, level=reading.level or body_level(full))
    status = reading.status or read_status(before, "" if reading.body else level_of(reading.office or ""))
    return reading if full is status is None else replace(reading, status=status, completed_body=full)


def read_offices(title: str, place: str | None = None, before: str = "") -> tuple[tuple[int, OfficeReading], ...]:
    """The readings of a text that may join several titles, each with the offset at which its own title begins.

    >>> [(start, r.body, r.office, r.completed_body) for start, r in read_offices("县水利局党组书记、局长")]
    [(0, '县水利局党组', '书记', None), (9, None, '局长', '县水利局')]
    """
    readings: list[tuple[int, OfficeReading]] = []
    cuts = [(0, 0), *_joints(title), (len(title), len(title))]
    for (_, start), (end, _) in pairwise(cuts):
        previous = readings[-1][1] if readings else None
        readings.append((start, read_office(title[start:end], place, "" if readings else before, previous)))
    return tuple(readings)


def read_status(before: str, level: str = "") -> str | None:
    """The word of status that a text ends with, as it stands before a title, whose level word may belong to it.

    >>> read_status("省公安厅原"), read_status("时任"), read_status("目前"), read_status("太原")
    ('原', '时任', None, None)
    >>> read_status("忻州市代", "县"), read_status("五台县代", "县")
    (None, '代')
    """
    before = before.rstrip()
    if before.endswith(words().no_status):
        return None
    word = next((word for word in words().status if before.endswith(word)), None)
    return None if word is None or ends_a_place(before, word, level) else word


def _joints(title: str) -> list[tuple[int, int]]:
    """Where titles are joined: marks with a title that is known by its word before them (not 外交、移民部长)."""
    cuts, start = [], 0
    for mark in _JOINTS.finditer(title):
        before = tail(title[start : mark.start()])
        if before is not None and before.title.grade and tail(title[mark.end() :]) is not None:
            cuts.append(mark.span())
            start = mark.end()
    return cuts


@lru_cache(maxsize=8192)
def _read(title: str) -> OfficeReading:
    places = [i for i, character in enumerate(title) if not character.isspace()]
    text = "".join(title[i] for i in places)
    found = tail(text)
    if found is None:
        return OfficeReading(title, reason=NO_TITLE if text else NO_TEXT)
    if _joints(text):
        return OfficeReading(title, reason=SEVERAL)
    status, end, start = _cut(text, found)
    body, office, known = text[:end] or None, text[start:], found.title
    # 宣传部长 is the head of a 宣传部
    likely = body_kind(office[:-1], known.kind) if start < found.start else known.kind
    seat = _seat(body, text[found.base_start : found.base_end])
    kind = _kind(seat if official_names(seat) else body, text[found.base_start :], likely)
    return OfficeReading(
        title, body, office,
        (places[0], places[end - 1] + 1) if body else None, (places[start], places[-1] + 1),
        kind, _level(text, body, seat, found, kind), _grade(text, found),
        office if known.grade in PERSONAL else None, status,
    )  # fmt: skip


def _cut(text: str, found: Tail) -> tuple[str | None, int, int]:
    """A word of status among the modifiers (公安厅原厅长), where the body ends, where the office begins."""
    rest = text[: found.start]
    if text.endswith("常委") and found.start == len(text) - len("常委") and rest.endswith(words().committees):
        return None, 0, 0
    modifiers = text[found.start : found.base_start]
    status = next((word for word in words().status if modifiers.startswith(word)), None)
    if status is not None:
        return status, found.start, found.start + len(status)
    if found.title.takes == "post" and "驻" in rest:
        end = rest.index("驻")
        end -= rest[:end].endswith("常")
    else:
        end = body_end(rest) if found.title.takes == "field" else found.start
    return None, end, end


def _kind(body: str | None, base: str, likely: str | None) -> str | None:
    if body is None:
        return "party" if base == "常委" else likely or None
    kind = "foreign" if words().country_sign.fullmatch(body) else body_kind(body, likely)
    # an ambassador of ours is of an embassy, not of the state named before the title
    return likely if likely == "embassy" and kind != "foreign" else kind


def _seat(body: str | None, base: str) -> str:
    """The body of a place's head with the level word that the title bears for it: 三亚市 of 三亚市长, 县 of a bare 县长."""
    level = level_of(base)
    return body if body and body.endswith(level) else (body or "") + level


def _level(text: str, body: str | None, seat: str, found: Tail, kind: str | None) -> str:
    if kind in FOREIGN:
        return ""
    if body is None and text[found.base_start : found.base_end] in table("bodies.toml")["levels"]["national_titles"].split():
        return "national"
    return body_level(seat or text)


def _grade(text: str, found: Tail) -> str:
    if found.base_end < len(text):
        return "member"
    is_deputy = found.title.grade == "head" and "副" in text[found.start : found.base_start]
    return "deputy" if is_deputy else found.title.grade


def _completed(reading: OfficeReading, place: str | None) -> str | None:
    if reading.body is not None:
        return completed(reading.body, place)
    office = reading.office or ""
    if office.endswith("常委"):
        return completed(office.removesuffix("常委"), place)
    # 市长: the seat is the place's own
    return completed(level_of(office), place)


def _shared_body(reading: OfficeReading, previous: OfficeReading) -> str | None:
    """The body of the title before, where a title without a body is one of a unit of that name."""
    unit = previous.completed_body or previous.body
    if reading.body is not None or unit is None:
        return None
    for word in words().party:
        unit = unit.removesuffix(word)
    office = reading.office or ""
    return unit if any(office.endswith(title) and unit.endswith(end) for title, end in words().units) else None
