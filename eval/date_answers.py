"""What counts as a right answer to a date, in one form for every system: intervals to the minute."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
PARTS = {  # the first and last hour in which a part of the day may begin, whatever a system's convention
    "morning": (3, 11), "afternoon": (11, 16), "evening": (16, 22), "noon": (10, 14),
}  # fmt: skip
Kind = Literal["days", "clock", "part", "none"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a system says: both ends belong to the interval; None where it is open."""

    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Gold:
    """One right answer. `is_open`: a bound, of which one end has to be told; `time_only`: the day is not told."""

    kind: Kind
    start: datetime | None = None
    end: datetime | None = None
    part: str = ""
    is_open: bool = False
    time_only: bool = False


def is_right(answer: Answer | None, golds: Iterable[Gold]) -> bool:
    """Whether an answer is one of the right ones; silence is right where nothing is to be told."""
    return any(_fits(answer, gold) for gold in golds)


def _fits(answer: Answer | None, gold: Gold) -> bool:
    if answer is None or gold.kind == "none":
        return answer is None and gold.kind == "none"
    start, end = answer.start, answer.end
    if gold.is_open:
        return _one_end(answer, gold)
    if start is None or end is None or gold.start is None or gold.end is None:
        return False
    if gold.kind == "part":
        low, high = PARTS[gold.part]
        same_day = gold.time_only or start.date() == gold.start.date()
        return same_day and low <= start.hour <= high and end - start < 13 * HOUR
    if gold.kind == "days":
        return start.date() == gold.start.date() and end.date() == gold.end.date() and (end - start) > 23 * HOUR
    if gold.time_only:
        length = (end - start) - (gold.end - gold.start)
        return start.time() == gold.start.time() and abs(length) % DAY < HOUR
    return start == gold.start and timedelta() <= end - gold.end < HOUR


def _one_end(answer: Answer, gold: Gold) -> bool:
    """Whether the date of a bound is an end of the answer: 2018年以前 may end with 2018 or the year before."""
    assert gold.start is not None
    assert gold.end is not None
    if gold.kind == "clock":
        return any(end is not None and abs(end - gold.start) < HOUR for end in (answer.start, answer.end))
    firsts = {gold.start.date(), gold.end.date() + DAY}
    lasts = {gold.end.date(), gold.start.date() - DAY, gold.start.date()}
    starts = answer.start is not None and answer.start.date() in firsts
    return starts or (answer.end is not None and answer.end.date() in lasts)


def days(first: date, last: date | None = None, is_open: bool = False) -> Gold:
    """A gold of whole days."""
    end = datetime.combine(last or first, time(23, 59))
    return Gold("days", datetime.combine(first, time()), end, is_open=is_open)


def written(text: str, is_open: bool = False) -> list[Gold]:
    """The golds of a written expectation: 2019-03-18|2019-03-25, T21:30/T03:00, 2019-03-22T10:00 open, null.

    >>> [gold.kind for gold in written("2019-03-18|2019-03-25T10:00|null|T12:00 noon")]
    ['days', 'clock', 'none', 'part']
    """
    return [_written(one, is_open) for one in text.split("|")]


def _written(text: str, is_open: bool) -> Gold:
    if text == "null":
        return Gold("none")
    interval, _, extra = text.partition(" ")
    is_open |= extra == "open"
    first, _, last = interval.partition("/")
    last = last or first
    if "T" not in interval and extra not in PARTS:
        return days(date.fromisoformat(first), date.fromisoformat(last), is_open)
    time_only = first.startswith("T")
    start, end = (datetime.fromisoformat("2000-01-01" + at if time_only else at) for at in (first, last))
    end += DAY * (end < start)
    return Gold("part" if extra in PARTS else "clock", start, end, extra if extra in PARTS else "", is_open, time_only)


def of_timex(timex: str, text: str, ref: datetime) -> list[Gold]:
    """The golds of a TIMEX value of Recognizers-Text: of what it leaves open (XXXX-XX-29) the nearest before and after.

    A range is given with its end excluded, included, or as the first day of the period that the text names: all are right.
    """
    is_open = bool(re.search("[以之]前|前$|[以之]后|起|开始|以来|^自|^截|或之|及[以之]", text)) and not timex.startswith("(")
    if timex.startswith("("):
        first, last, _ = timex[1:-1].split(",")
        return _ranges(first, last, ref)
    clock = timex.partition("T")[2]
    if not clock:
        return [Gold(g.kind, g.start, g.end, is_open=is_open) for g in _days_of(timex, ref)]
    part = {"MO": "morning", "AF": "afternoon", "EV": "evening"}.get(clock)
    at = None if part else time.fromisoformat(clock)
    golds = []
    for day in _days_of(timex.partition("T")[0], ref) or [Gold("days", ref, ref)]:
        assert day.start is not None
        moment = datetime.combine(day.start.date(), at or time())
        golds.append(Gold("part" if part else "clock", moment, moment, part or "", is_open, timex.startswith("T")))
    return golds


def _ranges(first: str, last: str, ref: datetime) -> list[Gold]:
    golds: list[Gold] = []
    if "T" in first:
        for begins, ends_ in zip(of_timex(first, "", ref), of_timex(last, "", ref), strict=False):
            assert begins.start is not None
            assert ends_.start is not None
            end = ends_.start + DAY * (ends_.start < begins.start)
            golds.append(Gold("clock", begins.start, end, time_only=begins.time_only))
        return golds
    if ref.date().isoformat() == last:  # the stretch up to today may begin a day later, with today in it
        golds.append(days(date.fromisoformat(first) + DAY, ref.date()))
    for start in [gold.start for gold in _days_of(first, ref)]:
        assert start is not None
        ends = sorted(g.start for g in _days_of(last, start) if g.start is not None and g.start >= start)
        for end in ends[:1]:
            closing = {end, end - DAY, _last_of(end, "month"), _last_of(end, "year") if end.month == 1 else end}
            golds += [days(start.date(), close.date()) for close in closing if close >= start]
    return golds


def _last_of(day: datetime, unit: str) -> datetime:
    if day.day != 1:
        return day
    month = 12 if unit == "year" else day.month
    return datetime(day.year + month // 12, month % 12 + 1, 1) - DAY


def _days_of(timex: str, ref: datetime) -> list[Gold]:
    if not timex:
        return []
    if week := re.fullmatch(r"(\d{4})-W(\d\d)(-WE)?", timex):
        monday = date.fromisocalendar(int(week[1]), int(week[2]), 1)
        return [days(monday + 5 * DAY, monday + 6 * DAY)] if week[3] else [days(monday, monday + 6 * DAY)]
    if weekday := re.fullmatch(r"XXXX-WXX-(\d)", timex):
        behind = ref.date() - DAY * ((ref.isoweekday() - int(weekday[1])) % 7)
        return [days(behind), days(behind + 7 * DAY)]
    if season := re.fullmatch(r"(\d{4})-(SP|SU|FA|WI)", timex):
        first = {"SP": 3, "SU": 6, "FA": 9, "WI": 12}[season[2]]
        return [days(date(int(season[1]), first, 1), _last_of(datetime(int(season[1]), first + 2, 1), "month").date())]
    if nth := re.fullmatch(r"XXXX-(\d\d)-W(\d\d)", timex):
        return _nth_weeks(int(nth[1]), int(nth[2]), ref)
    if decade := re.fullmatch(r"XX(\d\d)-01-01", timex):
        return [days(date(century + int(decade[1]), 1, 1)) for century in (1900, 2000)]
    parts = timex.split("-")
    if len(parts) == 1:
        return [days(date(int(timex), 1, 1), date(int(timex), 12, 31))]
    return _partial(parts, ref)


def _nth_weeks(month: int, which: int, ref: datetime) -> list[Gold]:
    golds = []
    for year in (ref.year - 1, ref.year):
        first = date(year, month, 1)
        monday = first - DAY * first.weekday()
        golds += [days(start + 7 * DAY * (which - 1), start + 7 * DAY * (which - 1) + 6 * DAY) for start in (first, monday)]
    return golds


def _partial(parts: Sequence[str], ref: datetime) -> list[Gold]:
    """The months or days that fit, the nearest before and after first and last of those of some years around."""
    years = range(ref.year - 4, ref.year + 2) if parts[0] == "XXXX" else [int(parts[0])]
    months = range(1, 13) if parts[1] == "XX" else [int(parts[1])]
    found = []
    for year in years:
        for month in months:
            try:
                first = date(year, month, int(parts[2]) if len(parts) > 2 else 1)
            except ValueError:
                continue
            found.append(days(first) if len(parts) > 2 else days(first, _last_of(datetime(year, month, 1), "month").date()))
    behind = [gold for gold in found if gold.start is not None and gold.start <= ref]
    return behind[-1:] + found[len(behind) : len(behind) + 1]
