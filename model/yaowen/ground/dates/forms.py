"""The forms that numbers take in dates, and the tokens they stand for."""

import re
from collections.abc import Callable
from typing import Any

from yaowen.ground.dates.calendars import cycle_year
from yaowen.ground.dates.numerals import NUMERAL, number, small_number, year_number
from yaowen.ground.dates.words import Token, short_words, words

_N = rf"(?:\d{{1,2}}|{NUMERAL}{{1,3}})"
MANY = rf"(?:\d{{1,4}}|{NUMERAL}{{1,3}})"
UNIT = "年|季度|月|星期|礼拜|周|天|日|小时|分钟"
_C = "[一二三四五六七八九十]{1,3}"
_LUNAR_YEAR = rf"(?:({NUMERAL}{{4}}|\d{{4}})年|([甲乙丙丁戊己庚辛壬癸][子丑寅卯辰巳午未申酉戌亥])年)"
_LUNAR_DAY = "初[一二三四五六七八九十]|[十廿卅二三]十?[一二三四五六七八九]?"
UNITS = {
    "年": "year", "季度": "quarter", "月": "month", "星期": "week", "礼拜": "week", "周": "week",
    "天": "day", "日": "day", "小时": "hour", "分钟": "minute",
}  # fmt: skip

# Tried in this order at each place; a group name is the kind of token that `BUILD` makes.
PATTERNS = [
    ("YMD", r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d|\2\d)(?:T(?=\d))?"
            r"|(\d{4})(\d\d)(\d\d)(?!\d)|(\d{4}) (\d\d) (\d\d)(?!\d)"),
    ("CLOCK2", r"(\d{1,2}):(\d\d)(?::(\d\d))?(?!\d)分?"),
    ("MD", r"(0[1-9])-([0-3]\d)(?![\d时点日月年-])|(1[0-2])-(0[1-9])(?![\d时点日月年-])"),
    ("YM", r"((?:19|20)\d\d)[-/.](0?[1-9]|1[0-2])(?![\d年月日./-])"),
    ("CENTURY", rf"({_N})世纪"),
    ("DECADES", r"([一二三四五六七八])([二三四五六七八九])十年代"),
    ("DECADE", rf"(1[5-9]|20)?(\d0|{NUMERAL}十|十)年代"),
    ("PLAN", r"(十[一二三四五六七八九])五(?:规划)?(?:期间|时期)?|([一二三四五六七八九十])五(?:规划)?(?:期间|时期)"),
    ("LUNAR", rf"(?:{_LUNAR_YEAR})?(?:农历|阴历|旧历)(?:{_LUNAR_YEAR})?(闰)?([正冬腊]|{_N})月({_LUNAR_DAY}|{_N})?日?"
              rf"|(闰)?([正冬腊])月({_LUNAR_DAY})?日?|(闰)?({_N})月((?:初[一二三四五六七八九十]|[廿卅][一二三四五六七八九]?))"),
    ("UNCLEAR", rf"({_C}月{_C})(?![一二三四五六七八九十日号至到、和—~-])"),
    ("LUNAR_NEW", r"大?年(初[一二三四五六七八])"),
    ("YEAR", rf"(\d{{4}}|{NUMERAL}{{4}}|[两二]千零?{NUMERAL}{{0,3}})年度?"),
    ("YEAR2", r"(\d\d|[〇零一二三四五六七八九]{2})年度?(?!以?[前后]|之[前后])"),
    ("HALF", r"(上|下|前|后)半年"),
    ("QUARTERS", r"前([二两三23])个?季度"),
    ("QUARTER", r"第?([一二三四1-4首])季度"),
    # 8月12日前后 is about a day of the month, 8月12日后半夜 in the night of one
    ("AGO", rf"(?<!月)({MANY})个?(半)?({UNIT})(?:以?(前(?!后)|后)|之(前|后))"),
    ("FIRST", rf"(前(?!一[天日年])|头(?!一天)|首|最后)({MANY})个?({UNIT})"),
    ("COUNT", rf"(近|过去|最近|今后|未来|这(?!一[年天日])|后|之前|之后)的?({MANY})个?({UNIT})"),
    ("MONTH", rf"({_N}|元)月份?"),
    ("HALF_MONTH", r"(上|下)半个?月"),
    ("THIRDS", r"(上中|中下)旬"),
    ("THIRD", r"(上|中|下)旬"),
    ("NTH_WEEK", rf"第({_N})个?(?:周|星期)(?![一二三四五六日天])"),
    ("NTH_MONTH", rf"第({_N})个月"),
    ("NTH_DAY", rf"第({_N})[天日]"),
    ("DAY", rf"({_N})(?:日|号)"),
    ("WEEKDAY", r"(?:周|星期|礼拜)([一二三四五六日天])"),
    ("CLOCKS", r"([一二两三四五六七八])([二两三四五六七八九])点钟?(?!\d)"),
    ("CLOCK", rf"({_N})(?:时|点钟?)(?!间|候|段)(?:(整)|(半)|([一三13])刻|零?({_N})分(?:({_N})(?:\.\d+)?秒)?"
              rf"|(\d\d(?!\d)|[零〇二三四五]?十[一二三四五六七八九]?|[零〇][一二三四五六七八九]))?"),
    ("SPACE", r"[ ,]"),
    ("JOINT", r"起?[至到]|[—–~―-]+|、|和|及|与|或"),
]  # fmt: skip


MOST_YEARS = 150  # that news counts back or on
BOUNDS = {"MONTH": (1, 12), "DAY": (1, 31), "CLOCK": (0, 24), "DECADE": (0, 90)}  # of a number, by what it numbers


class NoDate(Exception):
    """A text is no date; the argument is the key of the reason. Never leaves `dates`."""


def is_year(token: Token) -> bool:
    return bool(re.fullmatch(r"(?:19|20)\d\d", token.args[0]))


def number_as(text: str, like: Token) -> Token:
    """A bare number as what it shares with another date: 五、六十年代 are the fifties and the sixties.

    >>> number_as("五", Token("DECADE", (60,))), number_as("3", Token("DAY", (5,)))
    (Token(kind='DECADE', args=(50,)), Token(kind='DAY', args=(3,)))
    """
    if like.kind == "YEAR":
        return Token("YEAR", (_need(year_number(text)),))
    value = small_number(text)
    if like.kind == "DECADE" and value is not None:
        value = 10 * value if len(text) == 1 else value if value % 10 == 0 else None
    value = _need(value, *BOUNDS[like.kind])
    return Token(like.kind, (value, None, None, False) if like.kind == "CLOCK" else (value,))


def _need(value: int | None, low: int = 1, high: int = 9999) -> int:
    if value is None or not low <= value <= high:
        raise NoDate("no_such_day" if value is not None else "no_date")
    return value


def _numbered(kind: str, low: int, high: int) -> Callable[[str, tuple[Any, ...]], tuple[Token, ...]]:
    return lambda _, groups: (Token(kind, (_need(small_number(groups[0]), low, high),)),)


def _ymd(_: str, groups: tuple[Any, ...]) -> tuple[Token, ...]:
    year, month, day = [part for part in groups if part is not None and part not in "-/."]
    return (Token("YEAR", (_need(int(year)),)), *_md("", (month, day)))


def _md(_: str, groups: tuple[Any, ...]) -> tuple[Token, ...]:
    month, day = (_need(int(told), *BOUNDS[kind]) for told, kind in zip(groups, ("MONTH", "DAY"), strict=True))
    return Token("MONTH", (month,)), Token("DAY", (day,))


def _sixtieth(text: str | None) -> int | None:
    """A number of minutes or seconds, None where none is told."""
    return None if text is None else _need(small_number(text), 0, 59)


def _clock(text: str, groups: tuple[Any, ...]) -> tuple[Token, ...]:
    hour, whole, half, quarter, minute, second, bare = groups
    told = 0 if whole else _sixtieth(minute or bare)
    told = 30 if half else told if quarter is None else 15 * (small_number(quarter) or 0)
    return (Token("CLOCK", (_need(small_number(hour), *BOUNDS["CLOCK"]), told, _sixtieth(second), False)),)


def _following(first: int, second: int) -> tuple[int, int]:
    """两三点 is about two or three, 五六十年代 are the fifties and sixties; 十二点 is no such pair, nor is 三五点."""
    if second == first + 1:
        return first, second
    raise NoDate("no_date")


def _lunar(_: str, groups: tuple[Any, ...]) -> tuple[Token, ...]:
    year, cycle, year_after, cycle_after, *dates = groups
    leap, month, day = next((dates[i], dates[i + 1], dates[i + 2]) for i in (0, 3, 6) if dates[i + 1])
    year, cycle = year or year_after, cycle or cycle_after
    tokens: tuple[Token, ...] = (Token("YEAR", (_need(year_number(year)),)),) if year else ()
    if cycle:
        tokens = (Token("CYCLE", (_need(cycle_year(cycle), 0),)),)
    number_of_month = {"正": 1, "冬": 11, "腊": 12}.get(month) or _need(small_number(month), 1, 12)
    number_of_day = _need(small_number(day.removeprefix("初")), 1, 30) if day else 0
    return (*tokens, Token("LUNAR", (number_of_month, number_of_day, bool(leap))))


def _unclear(text: str, _: tuple[Any, ...]) -> tuple[Token, ...]:
    """八月十五, without 日, may be of either calendar; 三月三 is a festival."""
    if text in words():
        return words()[text]
    raise NoDate("ambiguous_calendar")


def _count(_: str, groups: tuple[Any, ...]) -> tuple[Token, ...]:
    direction, many, unit = groups
    ahead = direction in ("今后", "未来", "后", "之后")
    return (Token("COUNT", (_need(small_number(many), 1, 1000), UNITS[unit], ahead)),)


def _ago(_: str, groups: tuple[Any, ...]) -> tuple[Token, ...]:
    many, half, unit, *directions = groups
    if half:
        raise NoDate("no_date")
    if unit == "年" and (number(many) or 0) > MOST_YEARS:
        raise NoDate("length")  # 960年后 may be after the year 960
    return (Token("AGO", (_need(small_number(many), 1, 1000), UNITS[unit], "后" in directions)),)


def _first(_: str, groups: tuple[Any, ...]) -> tuple[Token, ...]:
    which, many, unit = groups
    return (Token("FIRST", (_need(small_number(many), 1, 400), UNITS[unit], which.startswith("最"))),)


BUILD: dict[str, Callable[[str, tuple[Any, ...]], tuple[Token, ...]]] = {
    "YMD": _ymd,
    "MD": lambda _, g: _md("", tuple(part for part in g if part)),
    "YM": lambda _, g: (Token("YEAR", (int(g[0]),)), Token("MONTH", (int(g[1]),))),
    "CLOCK2": lambda _, g: (Token("CLOCK", (_need(int(g[0]), *BOUNDS["CLOCK"]), _sixtieth(g[1]), _sixtieth(g[2]), True)),),
    "CENTURY": _numbered("CENTURY", 1, 99),
    "DECADE": lambda _, g: (
        *((Token("CENTURY", (int(g[0]) + 1,)),) if g[0] else ()),
        Token("DECADE", (_need(small_number(g[1]), *BOUNDS["DECADE"]),)),
    ),
    "DECADES": lambda _, g: (Token("DECADES", _following(_need(small_number(g[0])), _need(small_number(g[1])))),),
    "PLAN": lambda _, g: (Token("PLAN", (_need(small_number(g[0] or g[1]), 1, 19),)),),
    "LUNAR": _lunar,
    "UNCLEAR": _unclear,
    "LUNAR_NEW": lambda _, g: (Token("LUNAR", (1, _need(small_number(g[0].removeprefix("初")), 1, 29), False)),),
    "YEAR": lambda _, g: (Token("YEAR", (_need(year_number(g[0])),)),),
    "YEAR2": lambda _, g: (Token("YEAR2", (_need(number(g[0]), 0), g[0][0] in "0〇零")),),
    "HALF": lambda _, g: (Token("HALF", (1 if g[0] in "上前" else 2,)),),
    "QUARTERS": lambda _, g: (Token("FIRST", (small_number(g[0]), "quarter", False)),),
    "QUARTER": lambda _, g: (Token("QUARTER", (1 if g[0] == "首" else small_number(g[0]),)),),
    "AGO": _ago,
    "FIRST": _first,
    "COUNT": _count,
    "MONTH": lambda _, g: (Token("MONTH", (1 if g[0] == "元" else _need(small_number(g[0]), *BOUNDS["MONTH"]),)),),
    "HALF_MONTH": lambda _, g: (Token("HALF_MONTH", (1 if g[0] == "上" else 2,)),),
    "THIRDS": lambda _, g: (Token("THIRD", (1, 2) if g[0] == "上中" else (2, 3)),),
    "THIRD": lambda _, g: (Token("THIRD", ("上中下".index(g[0]) + 1,) * 2),),
    "NTH_WEEK": _numbered("NTH_WEEK", 1, 53),
    "NTH_MONTH": _numbered("MONTH", *BOUNDS["MONTH"]),
    "NTH_DAY": _numbered("NTH_DAY", 1, 366),
    "DAY": _numbered("DAY", *BOUNDS["DAY"]),
    "WEEKDAY": lambda _, g: (Token("WEEKDAY", (min(6, "一二三四五六日天".index(g[0])),)),),
    "CLOCKS": lambda _, g: (Token("CLOCKS", _following(_need(small_number(g[0])), _need(small_number(g[1])))),),
    "CLOCK": _clock,
    "SHORT_PART": lambda text, _: (short_words()["part"][text],),
    "SHORT_SEASON": lambda text, _: (short_words()["season"][text],),
    "TODAY": lambda *_: (Token("DEICTIC", ("day", 0)),),
    "EDGE": lambda _, g: (Token("EDGE", (g[0], None)),),
    "NUMBER": lambda text, _: (Token("NUMBER", (text,)),),
}
