"""Offices: a title taken apart into the body and the office in it, with kind, level, grade, rank and status."""

import re
from collections.abc import Sequence
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
REACH: Final = 4  # titles before one that may tell its body
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
    title: str, place: str | None = None, before: str = "", previous: OfficeReading | None = None, of: str | None = None
) -> OfficeReading:
    """The reading of one title, such as the text of a POSITION span; it raises nothing, whatever the title.

    `place`: the division that the document speaks of (三亚市, 海南省三亚市), which completes a bare body; `before`: the text
    in front of the title, whose last word may be a status (原); `previous`: the reading of the title before it in the same
    run, whose body a title without one shares (市水利局党组书记、局长) and a unit is part of (市委常委、组织部部长); `of`:
    the body that stands in front of the status (市水利局 in 市水利局原副局长).

    >>> reading = read_office("市委副书记", place="海南省三亚市")
    >>> reading.body, reading.office, reading.kind, reading.level, reading.completed_body
    ('市委', '副书记', 'party', 'city', '三亚市委')
    >>> read_office("省卫健委二级巡视员").rank, read_office("省委常委").body, read_office("厅长", before="公安厅原").status
    ('二级巡视员', None, '原')
    >>> read_office("局长", previous=read_office("市水利局党组书记")).completed_body
    '市水利局'
    >>> read_office("组织部部长", previous=read_office("山西省委常委")).completed_body
    '山西省委组织部'
    >>> read_office("党组书记", of="市水利局").completed_body
    '市水利局党组'
    """
    reading = _read(title)
    if reading.office is None:
        return reading
    full = _completed(reading, place)
    told = _body_in(reading, of) if of else None
    if told is None and full is None and previous is not None:
        told = _shared_body(reading, previous)
    if told is not None:
        full = completed(told, place) or told
        kind = body_kind(full, reading.kind)
        level = "" if kind in FOREIGN else reading.level or body_level(full)
        reading = replace(reading, kind=kind, level=level)
    status = reading.status or read_status(before, "" if reading.body else level_of(reading.office or ""))
    return reading if full is status is None else replace(reading, status=status, completed_body=full)


def read_office_after(
    told: Sequence[OfficeReading], title: str, place: str | None = None, before: str = "", of: str | None = None
) -> OfficeReading:
    """The reading of a title behind others, the last the nearest: it shares the body of the nearest that it can.

    None is looked at behind one that says itself of which body it is.

    >>> told = [read_office("县公安局党委书记"), read_office("副县长", place="共和县")]
    >>> read_office_after(told, "局长").completed_body
    '县公安局'
    """
    for previous in reversed(told):
        reading = read_office(title, place, before, previous, of)
        if reading.completed_body or names_body(previous):
            return reading
    return read_office(title, place, before, of=of)


def read_offices(title: str, place: str | None = None, before: str = "") -> tuple[tuple[int, OfficeReading], ...]:
    """The readings of a text that may join several titles, each with the offset at which its own title begins.

    >>> [(start, r.body, r.office, r.completed_body) for start, r in read_offices("县水利局党组书记、局长")]
    [(0, '县水利局党组', '书记', None), (9, None, '局长', '县水利局')]
    """
    readings: list[tuple[int, OfficeReading]] = []
    cuts = [(0, 0), *_joints(title), (len(title), len(title))]
    for (_, start), (end, _) in pairwise(cuts):
        told = [reading for _, reading in readings[-REACH:]]
        readings.append((start, read_office_after(told, title[start:end], place, "" if readings else before)))
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
        committee = office.removesuffix("常委")
        return completed(committee, place) or committee or None
    # 市长: the seat is the place's own
    return completed(level_of(office), place)


def names_body(reading: OfficeReading) -> bool:
    """Whether a title says itself of which body it is, more than that it is one of its units (组织部部长, 党组书记).

    >>> [names_body(read_office(title)) for title in ("市水利局局长", "市委常委", "驻甲国大使", "市长", "党组成员")]
    [True, True, True, False, False]
    """
    office = reading.office or ""
    if reading.body is None:
        return _is_committees(reading) or "驻" in office
    return not any(unit.fullmatch(reading.body) for unit, _ in words().below)


def _is_committees(reading: OfficeReading) -> bool:
    """Whether an office takes in its committee (市委常委)."""
    office = reading.office or ""
    return office.endswith("常委") and office.removesuffix("常委").endswith(words().committees)


def _body_in(reading: OfficeReading, of: str) -> str | None:
    """The body of a title that stands apart from the body it is of; None where the title names it in full."""
    body = reading.body
    if body is None:
        return None if _is_committees(reading) else of
    if _is_placed(body):
        return None
    return of if of.endswith(body) else of + body


def _is_placed(body: str) -> bool:
    """Whether a body is named with its place, level or country."""
    return bool(body_level(body) or official_names(body)) or body_kind(body) in FOREIGN


def _shared_body(reading: OfficeReading, previous: OfficeReading) -> str | None:
    """The body of the title before where a title without one is its head or deputy, or that body's unit which it names."""
    above = previous.completed_body or previous.body
    if above is None:
        return None
    unit = above
    for word in words().party:
        unit = unit.removesuffix(word)
    if reading.body is not None:
        return _below(reading.body, above) or _below(reading.body, unit)
    seat = _bare_seat(reading)
    ends = [end for title, end in words().units if title.fullmatch(seat or reading.office or "")]
    for body in (unit, above):
        if any(end.search(body) for end in ends):
            return body
    # 社长甲、副社长乙
    is_deputy = "deputy" in (grades := {reading.grade, previous.grade}) and grades <= {"head", "deputy"}
    return above if is_deputy and seat == _bare_seat(previous) else None


def _bare_seat(reading: OfficeReading) -> str:
    """The known title that an office is, without its modifiers; "" where more is said (宣传部长)."""
    office = reading.office or ""
    found = tail(office)
    return office[found.base_start :] if found is not None and found.start == 0 and found.base_end == len(office) else ""


def _below(body: str, above: str) -> str | None:
    """The full name of a body that is only a unit, below the body above it; None where it is none of that."""
    for unit, end in words().below:
        named, at_end = unit.fullmatch(body), end.search(above)
        if named is None or at_end is None:
            continue
        field = named.groupdict().get("field")
        if field and (body_end(field) or _is_placed(field)):
            continue  # 外交部亚洲司 says itself of what it is
        given = next((start for start in at_end.regs[1:] if start[0] >= 0), (len(above), len(above)))
        return above[: given[0]] + body
    return None
