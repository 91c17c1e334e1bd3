"""How each kind of token narrows a frame: a year by a month, a day by a clock time."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

from yaowen.ground.dates.calendars import FIRST_YEAR, LAST_YEAR, lunar_date, lunar_month, solar_term
from yaowen.ground.dates.frames import ONE_DAY, Frame, Unreadable, day_frame, midnight, months, years
from yaowen.ground.dates.value import Precision, Source
from yaowen.ground.dates.words import Token, parts, table


def narrowed(frame: Frame, token: Token) -> Frame:
    """The part of a frame that a token names; `Unreadable` where it names none."""
    found = _NARROW[token.kind](frame, token)
    return Frame(
        found.start,
        found.end,
        found.unit,
        found.part or frame.part,
        found.vague or frame.vague,
        found.source if found.source.rank > frame.source.rank else frame.source,
        found.day,
    )


def _within(frame: Frame, unit: Precision) -> None:
    if frame.unit is not unit:
        raise Unreadable("no_date")


def _month(frame: Frame, token: Token) -> Frame:
    if frame.unit is not Precision.SEASON:  # 金秋十月
        _within(frame, Precision.YEAR)
    return months(frame.start.year, token.args[0])


def _day(frame: Frame, token: Token) -> Frame:
    _within(frame, Precision.MONTH)
    if token.args[0] > frame.end.day:
        raise Unreadable("no_such_day")
    return day_frame(date(frame.start.year, frame.start.month, token.args[0]))


def _half(frame: Frame, token: Token) -> Frame:
    _within(frame, Precision.YEAR)
    return months(frame.start.year, 1 if token.args[0] == 1 else 7, 6, Precision.HALF_YEAR)


def _quarter(frame: Frame, token: Token) -> Frame:
    _within(frame, Precision.YEAR)
    return months(frame.start.year, 3 * token.args[0] - 2, 3, Precision.QUARTER)


def _season(frame: Frame, token: Token) -> Frame:
    _within(frame, Precision.YEAR)
    return replace(months(frame.start.year, token.args[0], 3, Precision.SEASON), vague=True)


def _third(frame: Frame, token: Token) -> Frame:
    _within(frame, Precision.MONTH)
    first, last = token.args
    end = frame.end if last == 3 else frame.start + (10 * last - 1) * ONE_DAY
    return Frame(frame.start + 10 * (first - 1) * ONE_DAY, end, Precision.TEN_DAYS)


def _half_month(frame: Frame, token: Token) -> Frame:
    _within(frame, Precision.MONTH)
    middle = frame.start + 14 * ONE_DAY
    start, end = (frame.start, middle) if token.args[0] == 1 else (middle + ONE_DAY, frame.end)
    return Frame(start, end, Precision.HALF_MONTH)


def _edge(frame: Frame, token: Token) -> Frame:
    which, _ = token.args
    ends = table()["edges"].get(frame.unit.value, {})
    if which not in ends:
        raise Unreadable("no_date")
    first, last = ends[which]
    if frame.unit in (Precision.DECADE, Precision.CENTURY):
        tenth = (frame.end.year - frame.start.year + 1) // 10
        return replace(years(frame.start.year + first * tenth, frame.start.year + last * tenth + tenth - 1), vague=True)
    if frame.unit is Precision.YEAR:
        return replace(months(frame.start.year, first, last - first + 1), vague=True)
    end = min(frame.start + (last - 1) * ONE_DAY, frame.end)
    return Frame(frame.start + (first - 1) * ONE_DAY, end, Precision.TEN_DAYS, vague=True)


def _first(frame: Frame, token: Token) -> Frame:
    """The first or last so many units of a frame: 今年前5个月, 2021年的前2周."""
    many, unit, is_last = token.args
    if unit == "quarter":
        many, unit = 3 * many, "month"
    whole = frame.unit is Precision.YEAR
    if unit == "month" and whole and many <= 12:
        return months(frame.start.year, 13 - many if is_last else 1, many)
    if unit == "day" and frame.unit in (Precision.YEAR, Precision.MONTH):
        span = (many - 1) * ONE_DAY
        start, end = (frame.end - span, frame.end) if is_last else (frame.start, frame.start + span)
        found = Frame(start, end, Precision.DAY)
        if found.is_within(frame):
            return found
    raise Unreadable("no_date")


def _nth_week(frame: Frame, token: Token) -> Frame:
    """The nth week of a year (ISO 8601); of a month, that counted from its first Monday is only a convention."""
    if frame.unit is Precision.YEAR:
        try:
            start = datetime.fromisocalendar(frame.start.year, token.args[0], 1)
        except ValueError:
            raise Unreadable("no_such_day") from None
        return Frame(start, start + 6 * ONE_DAY, Precision.WEEK)
    _within(frame, Precision.MONTH)
    start = frame.start + ONE_DAY * (7 * (token.args[0] - 1) - frame.start.weekday() % 7)
    if not frame.start - 6 * ONE_DAY <= start <= frame.end:
        raise Unreadable("no_such_day")
    return Frame(start, start + 6 * ONE_DAY, Precision.WEEK, vague=True)


def _weekday(frame: Frame, token: Token) -> Frame:
    if frame.unit is Precision.DAY:  # 2月5日星期六: says the same again
        return frame
    _within(frame, Precision.WEEK)
    return day_frame((frame.start + token.args[0] * ONE_DAY).date())


def _weekend(frame: Frame, token: Token) -> Frame:
    _within(frame, Precision.WEEK)
    return Frame(frame.start + 5 * ONE_DAY, frame.end, Precision.DAY)


def _lunar_or_restated(frame: Frame) -> Frame | None:
    """The frame itself, where it is a day already, so that a lunar date or festival says the same again."""
    if frame.unit is Precision.DAY:
        return frame
    _within(frame, Precision.YEAR)
    if not FIRST_YEAR < frame.start.year < LAST_YEAR:
        raise Unreadable("no_lunar")
    return None


def _lunar(frame: Frame, token: Token) -> Frame:
    if restated := _lunar_or_restated(frame):
        return restated
    month, day, leap = token.args
    if not day:
        whole = lunar_month(frame.start.year, month, leap)
        if whole is None:
            raise Unreadable("no_such_day")
        return Frame(midnight(whole[0]), midnight(whole[1]), Precision.DAY, source=Source.FESTIVAL)
    found = lunar_date(frame.start.year, month, day, leap)
    if found is None:
        raise Unreadable("no_such_day")
    return replace(day_frame(found), source=Source.FESTIVAL)


def _festival(frame: Frame, token: Token) -> Frame:
    kind, args, *_ = token.args
    year = frame.start.year
    if kind in ("lunar", "term"):
        if restated := _lunar_or_restated(frame):
            return restated
        day = lunar_date(year, *args) if kind == "lunar" else solar_term(year, *args)
        if day is None:
            raise Unreadable("no_lunar")
    elif frame.unit is Precision.DAY:
        return frame
    else:
        _within(frame, Precision.YEAR)
        day = date(year, *args) if kind == "solar" else _nth_weekday(year, *args)
    return replace(day_frame(day), source=Source.FESTIVAL, vague=args == (12, 23) and kind == "lunar")


def _nth_weekday(year: int, month: int, weekday: int, which: int) -> date:
    first = date(year, month, 1)
    return first + ((weekday - 1 - first.weekday()) % 7 + 7 * (which - 1)) * ONE_DAY


def with_period(frame: Frame, festival: Token) -> Frame:
    """The holiday of a festival, of which the frame is the day."""
    before, after = festival.args[2] or (0, 0)
    return replace(frame, start=frame.start + before * ONE_DAY, end=frame.end + after * ONE_DAY, vague=True)


def _part(frame: Frame, token: Token) -> Frame:
    if frame.unit is Precision.PART_OF_DAY and frame.part == "whole_day":
        frame = day_frame(frame.start.date())
    _within(frame, Precision.DAY)
    if frame.start != frame.end:
        raise Unreadable("no_day")
    part = parts()[token.args[0]]
    end = frame.start + timedelta(minutes=part.end - 1)
    return Frame(frame.start + timedelta(minutes=part.start), end, Precision.PART_OF_DAY, part.name, day=frame.start)


def hour_of_day(hour: int, part_name: str | None) -> int:
    """The hour from midnight of an hour on the clock in a part of the day; above 24 it is of the next day.

    >>> hour_of_day(3, "afternoon"), hour_of_day(12, "noon"), hour_of_day(12, "evening"), hour_of_day(2, "late_night")
    (15, 12, 24, 26)
    """
    if part_name is None or hour > 12:
        return hour
    if part_name == "before_dawn":
        return hour % 12
    afternoon = parts()[part_name].afternoon
    if part_name in ("evening", "night", "late_night"):
        return 24 if hour == 12 else hour + 12 if hour >= afternoon else hour + 24
    return hour + 12 if afternoon <= hour < 12 else hour


def _clock(frame: Frame, token: Token) -> Frame:
    hour, minute, second, *_ = token.args
    if frame.unit is not Precision.PART_OF_DAY:
        _within(frame, Precision.DAY)
    day = midnight(frame.start.date())
    told = timedelta(hours=hour_of_day(hour, frame.part), minutes=minute or 0, seconds=second or 0)
    unit = Precision.HOUR if minute is None else Precision.MINUTE if second is None else Precision.SECOND
    return Frame(day + told, day + told, unit, frame.part, day=day)


def _clocks(frame: Frame, token: Token) -> Frame:
    """四五点: from the first hour to the last minute of the one after it, which 夜里 alone might put half a day apart."""
    first = _clock(frame, Token("CLOCK", (token.args[0], None, None)))
    return replace(first, end=first.end + timedelta(hours=1, minutes=59), vague=True)


def _decade(frame: Frame, token: Token) -> Frame:
    _within(frame, Precision.CENTURY)
    first = frame.start.year - 1 + token.args[0]
    return years(first, first + 9, Precision.DECADE)


def _decades(frame: Frame, token: Token) -> Frame:
    """五六十年代: from the first year of the one to the last of the other."""
    first, last = (_decade(frame, Token("DECADE", (10 * tens,))) for tens in token.args)
    return replace(first, end=last.end)


def _unfixed(frame: Frame, token: Token) -> Frame:
    raise Unreadable("unfixed")


def _same(frame: Frame, token: Token) -> Frame:
    return frame


_NARROW: dict[str, Callable[[Frame, Token], Frame]] = {
    "MONTH": _month,
    "DAY": _day,
    "HALF": _half,
    "QUARTER": _quarter,
    "SEASON": _season,
    "THIRD": _third,
    "HALF_MONTH": _half_month,
    "EDGE": _edge,
    "FIRST": _first,
    "NTH_WEEK": _nth_week,
    "WEEKDAY": _weekday,
    "WEEKEND": _weekend,
    "LUNAR": _lunar,
    "FESTIVAL": _festival,
    "PART": _part,
    "CLOCK": _clock,
    "CLOCKS": _clocks,
    "DECADE": _decade,
    "DECADES": _decades,
    "UNFIXED": _unfixed,
    "WHOLE": _same,
}
