"""Rows for tests/cases/dates.json from patterns and plain arithmetic; nothing here imports the reader.

python -m tests.dates_synthetic prints them.
"""

import calendar
import json
from collections.abc import Iterator
from datetime import date, timedelta

DAYS = [
    date(2019, 11, 8), date(2020, 2, 29), date(2021, 7, 31), date(2022, 1, 1), date(2022, 8, 12), date(2023, 12, 31),
    date(2024, 3, 10), date(2025, 10, 6),
]  # fmt: skip
WEEKDAYS = "一二三四五六日"
NUMERALS = "〇一二三四五六七八九"
PARTS = {"上午": (8, 12), "下午": (12, 18), "傍晚": (17, 20), "凌晨": (0, 5), "晚": (18, 24)}


def numeral(number: int) -> str:
    """A number below a hundred as it is said."""
    tens, ones = divmod(number, 10)
    if not tens:
        return NUMERALS[ones]
    return ("" if tens == 1 else NUMERALS[tens]) + "十" + (NUMERALS[ones] if ones else "")


def year_numeral(year: int) -> str:
    return "".join(NUMERALS[int(digit)] for digit in str(year))


def month_bounds(year: int, month: int) -> tuple[date, date]:
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


def absolute(day: date) -> Iterator[tuple[str, str]]:
    """Texts that say the day, month or year in full."""
    y, m, d = day.year, day.month, day.day
    first, last = month_bounds(y, m)
    yield f"{y}年{m}月{d}日", f"{day} day absolute"
    yield f"{y}年{m:02}月{d:02}日", f"{day} day absolute"
    yield f"{year_numeral(y)}年{numeral(m)}月{numeral(d)}日", f"{day} day absolute"
    yield f"{y}-{m:02}-{d:02}", f"{day} day absolute"
    yield f"{y}.{m}.{d}", f"{day} day absolute"
    yield f"{y}/{m:02}/{d:02}", f"{day} day absolute"
    yield f"{y}年{m}月", f"{first}/{last} month absolute"
    yield f"{y}年", f"{y}-01-01/{y}-12-31 year absolute"
    yield f"{y}年{m}月上旬", f"{first}/{first + timedelta(9)} ten_days absolute"
    yield f"{y}年{m}月下旬", f"{first + timedelta(20)}/{last} ten_days absolute"
    quarter = (m + 2) // 3
    yield (
        f"{y}年第{numeral(quarter)}季度",
        f"{date(y, 3 * quarter - 2, 1)}/{month_bounds(y, 3 * quarter)[1]} quarter absolute",
    )
    yield f"{y}年{m}月{d}日{(d * 7) % 24}时{(d * 11) % 60}分", f"{day}T{(d * 7) % 24:02}:{(d * 11) % 60:02} minute absolute"
    yield f"{y}年{m}月{d}日24时", f"{day + timedelta(1)}T00:00 hour absolute"
    yield f"自{y}年{m}月{d}日起", f"{day}/.. day since absolute"
    for word, (start, end) in PARTS.items():
        yield f"{y}年{m}月{d}日{word}", f"{day}T{start:02}:00/{day}T{end - 1:02}:59 part_of_day absolute"


def left_out(day: date, published: date) -> Iterator[tuple[str, str]]:
    """Texts of a page published a few days after the day, that leave out the year or more."""
    yield f"{day.month}月{day.day}日", f"{day} day filled"
    yield f"{numeral(day.month)}月{numeral(day.day)}日", f"{day} day filled"
    yield f"{day.day}日", f"{day} day filled"
    yield f"{day.month}月{day.day}日14时", f"{day}T14:00 hour filled"
    yield f"{day.month}月{day.day}日至{published.month}月{published.day}日", f"{day}/{published} day"


def counted(published: date) -> Iterator[tuple[str, str]]:
    """Texts that count from the day of publication."""
    for word, shift in (("大前天", -3), ("前天", -2), ("昨天", -1), ("今天", 0), ("明天", 1), ("后天", 2)):
        yield word, f"{published + timedelta(shift)} day deictic"
    monday = published - timedelta(published.weekday())
    for word, shift in (("上上周", -14), ("上周", -7), ("本周", 0), ("下周", 7)):
        start = monday + timedelta(shift)
        yield word, f"{start}/{start + timedelta(6)} week deictic"
        weekday = (published.day + shift) % 7
        yield word + WEEKDAYS[weekday], f"{start + timedelta(weekday)} day deictic"
    for word, shift in (("前年", -2), ("去年", -1), ("今年", 0), ("明年", 1)):
        yield word, f"{published.year + shift}-01-01/{published.year + shift}-12-31 year deictic"
    for word, shift in (("上月", -1), ("本月", 0), ("下月", 1)):
        year, month = divmod(published.year * 12 + published.month - 1 + shift, 12)
        first, last = month_bounds(year, month + 1)
        yield word, f"{first}/{last} month deictic"
    back = (published.weekday() - 2) % 7
    yield "周三", f"{published - timedelta(back)} day filled"
    yield "未来三天", f"{published + timedelta(1)}/{published + timedelta(3)} day count"
    yield "近十天", f"{published - timedelta(9)}/{published} day count"


def synthetic_rows() -> list[dict[str, str]]:
    """All rows, as the file of cases holds them."""
    rows = []
    for day in DAYS:
        rows += [{"text": text, "expect": expect} for text, expect in absolute(day)]
        published = day + timedelta(4)
        said = {"published": str(published)}
        rows += [{"text": text, **said, "expect": expect} for text, expect in left_out(day, published)]
        rows += [{"text": text, **said, "expect": expect} for text, expect in counted(published)]
        chained = [("次日", day + timedelta(1)), ("前一天", day - timedelta(1)), ("当日", day)]
        rows += [{"text": text, "told": str(day), "expect": f"{found} day chained"} for text, found in chained]
    return rows


if __name__ == "__main__":
    for row in synthetic_rows():
        print(json.dumps(row, ensure_ascii=False))
