"""Where a date stands, and the frames that need nothing but that: 昨天, 次日, 近三年."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from yaowen.ground.dates.frames import ONE_DAY, Frame, Unreadable, container, months, with_source, years
from yaowen.ground.dates.value import Precision, Source
from yaowen.ground.dates.words import Token


@dataclass(frozen=True, slots=True)
class Told:
    """What the dates before have told: the last day, the start of the last month, the last year and whether it was said.

    `last`: the interval of the date just before, where it was read.
    """

    day: datetime | None = None
    month: datetime | None = None
    year: int | None = None
    is_year_said: bool = False
    last: Frame | None = None


def told_after(frame: Frame, told: Told, is_year_said: bool = False) -> Told:
    """What has been told after a date: one longer than a day leaves the last day as it was."""
    first = frame.first_day
    if frame.unit.rank < Precision.DAY.rank:
        is_month = (first.year, first.month) == (frame.end.year, frame.end.month)
        year = first.year if first.year == frame.end.year else None
        return Told(told.day, first.replace(day=1) if is_month else None, year, is_year_said, frame)
    is_day = frame.day is not None or first.date() == frame.end.date()
    return Told(first if is_day else None, first.replace(day=1), first.year, is_year_said, frame)


@dataclass(frozen=True, slots=True)
class Context:
    """Where a date stands: publication, the dates told before it, how near they are, and whether it lies ahead.

    `is_led_ahead`: whether the dates before it in its clause are said to lie ahead.
    """

    published: datetime | None = None
    has_hour: bool = False
    told: Told = Told()
    is_same_line: bool = False
    is_same_sentence: bool = False
    is_ahead: bool = False
    is_led_ahead: bool = False

    def anchor(self) -> datetime:
        if self.published is None:
            raise Unreadable("no_published")
        return self.published


def year_of_season(first_month: int, shift: int, context: Context) -> Frame:
    """今冬, 去年夏天; a winter begins in December of the year before where it is not over yet."""
    now = context.anchor()
    year = now.year + shift - (first_month == 12 and now.month <= 2)
    return with_source(years(year, year), Source.DEICTIC)


def _deictic(token: Token, context: Context) -> Frame:
    return with_source(container(context.anchor(), *token.args), Source.DEICTIC)


def _back(token: Token, context: Context) -> Frame:
    """当晚, 次日, 同年: from the date told last."""
    unit, shift = token.args
    told = context.told
    since = {"day": told.day, "week": told.day, "month": told.month}.get(unit)
    if unit == "year" and told.year is not None:
        since = datetime(told.year, 1, 1)
    if since is None:
        raise Unreadable("no_told")
    return with_source(container(since, unit, shift), Source.CHAINED)


def _notice(token: Token, context: Context) -> Frame:
    told = context.told.day
    if context.is_same_line and told is not None:
        return with_source(container(told, "day"), Source.CHAINED)
    return with_source(container(context.anchor(), "day"), Source.DEICTIC)


def _several(token: Token, context: Context) -> Frame:
    unit, first, last = token.args
    start, end = container(context.anchor(), unit, first), container(context.anchor(), unit, last)
    return replace(start, end=end.end, source=Source.DEICTIC)


def _recent(token: Token, context: Context) -> Frame:
    today = container(context.anchor(), "day").start
    return Frame(_moved(today, -token.args[0], "day"), today, Precision.DAY, vague=True, source=Source.RECENT)


def _moved(moment: datetime, many: int, unit: str) -> datetime:
    """A moment so many units later; the last of February for a 29th that is none."""
    try:
        if unit in ("year", "quarter", "month"):
            month = months(moment.year, moment.month + many * {"year": 12, "quarter": 3, "month": 1}[unit])
            return month.start.replace(
                day=min(moment.day, month.end.day), hour=moment.hour, minute=moment.minute, second=moment.second
            )
        step = {"week": timedelta(7), "day": ONE_DAY, "hour": timedelta(hours=1), "minute": timedelta(minutes=1)}[unit]
        return moment + many * step
    except OverflowError:
        raise Unreadable("beyond") from None


def _count(token: Token, context: Context) -> Frame:
    """So many units before or after publication, which belongs to those before: 未来7天 are the seven days after it."""
    many, unit, ahead = token.args
    now = context.anchor()
    if unit in ("hour", "minute"):
        if not context.has_hour:
            raise Unreadable("no_clock")
        ends = sorted((now, _moved(now, many if ahead else -many, unit)))
        return Frame(ends[0], ends[1], Precision.MINUTE, source=Source.COUNT)
    today = container(now, "day").start
    other = _moved(today, many if ahead else -many, unit)
    start, end = (today + ONE_DAY, other) if ahead else (other + ONE_DAY, today)
    return Frame(start, end, Precision.DAY, vague=unit != "day", source=Source.COUNT)


def _ago(token: Token, context: Context) -> Frame:
    """三年前: the year, month, week or day so many before; the hour, where that of publication is known."""
    many, unit, ahead = token.args
    now = context.anchor()
    if unit in ("hour", "minute"):
        if not context.has_hour:
            raise Unreadable("no_clock")
        moment = _moved(now, many if ahead else -many, unit)
        return Frame(moment, moment, Precision.MINUTE, vague=True, source=Source.COUNT)
    moved = container(_moved(now, many if ahead else -many, unit), unit)
    return replace(moved, vague=unit != "day", source=Source.COUNT)


def _first_days(token: Token, context: Context) -> Frame:
    many, unit, is_last = token.args
    if is_last:
        raise Unreadable("no_date")
    return replace(_count(Token("COUNT", (many, unit, False)), context), vague=True)


def _plan(token: Token, context: Context) -> Frame:
    """The five-year plans: the first in 1953, from the third (1966) on without a break."""
    first = 1966 + 5 * (token.args[0] - 3) if token.args[0] >= 3 else 1953 + 5 * (token.args[0] - 1)
    return replace(years(first, first + 4), source=Source.PLAN)


def _century(token: Token, context: Context) -> Frame:
    return years(100 * token.args[0] - 99, 100 * token.args[0], Precision.CENTURY)


def _unfixed(token: Token, context: Context) -> Frame:
    raise Unreadable("unfixed")


ANCHORS: dict[str, Callable[[Token, Context], Frame]] = {
    "YEAR": lambda token, _: years(token.args[0], token.args[0]),
    "DEICTIC": _deictic,
    "CHAINED": _back,
    "NOTICE": _notice,
    "SEVERAL": _several,
    "RECENT": _recent,
    "COUNT": _count,
    "AGO": _ago,
    "FIRST": _first_days,
    "PLAN": _plan,
    "CENTURY": _century,
    "UNFIXED": _unfixed,
}
