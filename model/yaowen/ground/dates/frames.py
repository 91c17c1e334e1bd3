"""Intervals of time while they are read: years, months, weeks and days."""

import calendar
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from yaowen.ground.dates.value import Precision, Source

ONE_DAY = timedelta(days=1)
LAST_MINUTE = timedelta(hours=23, minutes=59)


class Unreadable(Exception):
    """A date that cannot be read; its argument is the key of the reason. Never leaves `dates`."""


@dataclass(frozen=True, slots=True)
class Frame:
    """An interval while it is being narrowed: both ends belong to it; those of a day or coarser are midnights.

    `day`: the midnight that clock times and parts of the day were counted from, which 24时 and 夜 reach over.
    """

    start: datetime
    end: datetime
    unit: Precision
    part: str | None = None
    vague: bool = False
    source: Source = Source.ABSOLUTE
    day: datetime | None = None

    @property
    def first_day(self) -> datetime:
        return self.day or midnight(self.start.date())

    @property
    def last_minute(self) -> datetime:
        return self.end if self.unit.is_clock else self.end + LAST_MINUTE

    def is_within(self, outer: "Frame") -> bool:
        return outer.start <= self.start and self.end <= outer.end


def midnight(day: date) -> datetime:
    return datetime.combine(day, time())


@lru_cache(maxsize=4096)
def day_frame(day: date) -> Frame:
    return Frame(midnight(day), midnight(day), Precision.DAY)


@lru_cache(maxsize=1024)
def years(first: int, last: int, unit: Precision = Precision.YEAR) -> Frame:
    """The frame of years, or `Unreadable` where there are none such.

    >>> years(1990, 1999, Precision.DECADE).end
    datetime.datetime(1999, 12, 31, 0, 0)
    """
    if not 1 <= first <= last <= 9999:
        raise Unreadable("beyond")
    return Frame(datetime(first, 1, 1), datetime(last, 12, 31), unit)


@lru_cache(maxsize=4096)
def months(year: int, first: int, many: int = 1, unit: Precision = Precision.MONTH) -> Frame:
    """The frame of months; the first is counted on over the end of the year.

    >>> months(2022, 14).start, months(2022, 0, 3).end
    (datetime.datetime(2023, 2, 1, 0, 0), datetime.datetime(2022, 2, 28, 0, 0))
    """
    start_year, start_month = divmod(year * 12 + first - 1, 12)
    end_year, end_month = divmod(year * 12 + first - 2 + many, 12)
    if not 1 <= start_year <= end_year <= 9999:
        raise Unreadable("beyond")
    last = calendar.monthrange(end_year, end_month + 1)[1]
    return Frame(datetime(start_year, start_month + 1, 1), datetime(end_year, end_month + 1, last), unit)


def container(moment: datetime, unit: str, shift: int = 0) -> Frame:
    """The century, year, half year, quarter, month, week or day that a moment lies in, or one so many before or after it.

    >>> container(datetime(2022, 8, 12), "week", -1).start
    datetime.datetime(2022, 8, 1, 0, 0)
    """
    if unit == "century":
        first = (moment.year - 1) // 100 * 100 + 1 + 100 * shift
        return years(first, first + 99, Precision.CENTURY)
    if unit == "year":
        return years(moment.year + shift, moment.year + shift)
    if unit == "half_year":
        return months(moment.year, (moment.month - 1) // 6 * 6 + 1 + 6 * shift, 6, Precision.HALF_YEAR)
    if unit == "quarter":
        return months(moment.year, (moment.month - 1) // 3 * 3 + 1 + 3 * shift, 3, Precision.QUARTER)
    if unit == "month":
        return months(moment.year, moment.month + shift)
    try:
        day = midnight(moment.date()) + (ONE_DAY * shift if unit == "day" else ONE_DAY * (7 * shift - moment.weekday()))
        return day_frame(day.date()) if unit == "day" else Frame(day, day + 6 * ONE_DAY, Precision.WEEK)
    except OverflowError:
        raise Unreadable("beyond") from None


def with_source(frame: Frame, source: Source) -> Frame:
    return Frame(frame.start, frame.end, frame.unit, frame.part, frame.vague, source, frame.day)


def finer(a: Precision, b: Precision) -> Precision:
    return max(a, b, key=lambda unit: unit.rank)
