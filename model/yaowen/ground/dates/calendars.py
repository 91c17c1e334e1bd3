"""The lunar calendar and the solar terms, by `borax`, which this file alone knows and loads when needed."""

from datetime import date, timedelta
from functools import lru_cache

FIRST_YEAR, LAST_YEAR = 1900, 2100  # of the library's tables
STEMS, BRANCHES = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥"
# as the library counts them, from January
_TERMS = (
    "小寒 大寒 立春 雨水 惊蛰 春分 清明 谷雨 立夏 小满 芒种 夏至 小暑 大暑 立秋 处暑 白露 秋分 寒露 霜降 立冬 小雪 大雪 冬至"
)
TERMS = tuple(_TERMS.split())


@lru_cache(maxsize=4096)
def lunar_date(year: int, month: int, day: int, leap: bool = False) -> date | None:
    """The day of a lunar date, or None if there is none; day 0 is the last day of the month before.

    >>> lunar_date(2022, 1, 1), lunar_date(2023, 2, 30, leap=True), lunar_date(2023, 1, 0)
    (datetime.date(2022, 2, 1), None, datetime.date(2023, 1, 21))
    """
    from borax.calendars.lunardate import InvalidLunarDateError, LunarDate

    try:
        first_or_day = LunarDate(year, month, day or 1, 1 if leap else 0).to_solar_date()
    except (InvalidLunarDateError, ValueError, IndexError):
        return None
    told: date = first_or_day if day else first_or_day - timedelta(days=1)
    return told


@lru_cache(maxsize=1024)
def lunar_month(year: int, month: int, leap: bool = False) -> tuple[date, date] | None:
    """The first and last day of a lunar month, or None if there is none.

    >>> lunar_month(2022, 12)
    (datetime.date(2022, 12, 23), datetime.date(2023, 1, 21))
    """
    first = lunar_date(year, month, 1, leap)
    last = lunar_date(year, month, 30, leap) or lunar_date(year, month, 29, leap)
    return (first, last) if first and last else None


@lru_cache(maxsize=1024)
def solar_term(year: int, name: str) -> date | None:
    """The day of a solar term in a year, or None outside of the tables.

    >>> solar_term(2022, "清明"), solar_term(2024, "冬至")
    (datetime.date(2022, 4, 5), datetime.date(2024, 12, 21))
    """
    from borax.calendars.lunardate import TermUtils

    try:
        day: date = TermUtils.nth_term_day(year, TERMS.index(name))
    except (ValueError, IndexError):
        return None
    return day


def cycle_year(name: str) -> int | None:
    """The place of a year in the cycle of sixty (甲子 0), or None for no such year.

    >>> cycle_year("甲子"), cycle_year("壬寅"), cycle_year("甲丑"), (2022 - 4) % 60
    (0, 38, None, 38)
    """
    stem, branch = STEMS.find(name[0]), BRANCHES.find(name[1])
    fitting = (n for n in range(60) if (n % 10, n % 12) == (stem, branch))
    return next(fitting, None)
