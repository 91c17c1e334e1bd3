"""Dates: a table of cases, each under several laws, and the same laws on generated text."""

import json
import re
import subprocess
import sys
from datetime import date, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.dates import SHARED, judge, ours, recognizers_questions
from tests.dates_synthetic import month_bounds, synthetic_rows
from yaowen.ground.dates import DateMention, DateValue, Precision, Source, date_mentions, read_date, read_dates
from yaowen.ground.dates.calendars import lunar_date, solar_term
from yaowen.ground.dates.lexer import LONGEST, read_tokens
from yaowen.ground.dates.words import part_words, parts, reasons, words
from yaowen.text.normalise import normalise

ROOT = Path(__file__).parent.parent
CASES: dict[str, Any] = json.loads((ROOT / "tests/cases/dates.json").read_text("utf-8"))
PRECISIONS, SOURCES = {p.value for p in Precision}, {s.value for s in Source}
RELATIONS = {"since", "after", "until", "before", "list"}


def read(row: dict[str, str], change: Any = str) -> DateValue:
    """The value of a row, of its text after a change."""
    return read_date(
        change(row["text"]), row.get("published"), row.get("before", ""), row.get("after", ""), row.get("told")
    )  # fmt: skip


def check(value: DateValue, expect: str) -> None:
    """That a value is what a row expects, in all that the row names."""
    if expect.startswith("null"):
        assert value.reason is not None, value
        assert value.reason == reasons().get(expect.removeprefix("null").strip(), value.reason)
        return
    assert value.reason is None, value.reason
    interval, precision, *named = expect.split()
    start, _, end = interval.partition("/")
    ends = [None if end == ".." else end for end in (start, end or start)]
    assert [value.start, value.end] == ends
    assert (value.precision and value.precision.value) == precision
    assert value.relation == next((word for word in named if word in RELATIONS), "")
    assert value.zone == ("local" if "local" in named else "Asia/Shanghai")
    assert value.vague == ("~" in named)
    source = next((word for word in named if word in SOURCES), None)
    assert source is None or (value.source and value.source.value) == source
    part = next((word for word in named if word in parts()), value.part)
    assert value.part == part
    assert set(named) <= RELATIONS | SOURCES | set(parts()) | {"local", "~"}, "a word of the row that says nothing"


def check_laws(value: DateValue) -> None:
    """What holds for every value: it is told or has a reason; its ends are of its precision, and in order."""
    assert (value.start is None and value.end is None) == (value.reason is not None)
    assert (value.precision is None) == (value.source is None) == (value.reason is not None)
    moments = [datetime.fromisoformat(end) for end in (value.start, value.end) if end is not None]
    assert moments == sorted(moments)
    if value.precision is not None:
        assert all(("T" in end) == value.precision.is_clock for end in (value.start, value.end) if end is not None)
    record = value.to_dict()
    assert json.loads(json.dumps(record)) == record
    assert set(record) >= {"start", "end"}


def name(row: Any) -> str:
    return row["text"] if isinstance(row, dict) else row


@cache
def traditional() -> Any:
    return pytest.importorskip("opencc").OpenCC("s2t").convert


def full_width(text: str) -> str:
    return re.sub("[0-9]", lambda digit: chr(ord(digit.group()) + 0xFEE0), text)


ROWS = CASES["wild"] + CASES["synthetic"]


@pytest.mark.parametrize("row", ROWS, ids=name)
def test_a_date_is_read(row):
    value = read(row)
    check(value, row["expect"])
    check_laws(value)


@pytest.mark.parametrize(
    "row", [pytest.param(row, marks=pytest.mark.xfail(strict=True)) for row in CASES["known_failures"]], ids=name
)
def test_known_failures(row):
    check(read(row), row["expect"])


@pytest.mark.parametrize("row", CASES["wild"], ids=name)
def test_writing_changes_no_date(row):
    value = read(row)
    assert read(row, lambda text: normalise(full_width(text)).text) == value
    assert read(row, lambda text: normalise(traditional()(text)).text) == value
    assert read(row, lambda text: f" “{text}”\n") == value


@pytest.mark.parametrize("text", CASES["negative"])
def test_what_is_no_date_is_null(text):
    # dongrixinyu/JioNLP#214: 4/5G was the fifth of April
    value = read_date(text, "2022-08-20")
    assert value.reason is not None, value
    check_laws(value)


@pytest.mark.parametrize("document", CASES["documents"], ids=lambda document: document["why"])
def test_documents(document):
    text, spans = "", []
    for piece in re.split(r"(\[\[.*?\]\])", document["text"]):
        if piece.startswith("[["):
            spans.append((len(text), len(text) + len(piece) - 4))
        text += piece.removeprefix("[[").removesuffix("]]")
    values = read_dates(date_mentions(text, spans), document.get("published"))
    assert len(values) == len(document["expect"])
    for value, expect in zip(values, document["expect"], strict=True):
        check_laws(value)
        if expect.startswith("null"):
            check(value, expect)
        else:
            interval, precision = expect.split()
            start, _, end = interval.partition("/")
            told = [value.start, value.end, value.precision and value.precision.value]
            assert told == [None if e == ".." else e for e in (start, end or start)] + [precision]


def test_the_table_is_as_large_as_it_should_be():
    assert len(ROWS) >= 800
    assert len(CASES["wild"]) >= 400
    assert len(CASES["negative"]) >= 100
    assert CASES["synthetic"] == synthetic_rows(), "made anew: python -m tests.dates_synthetic"
    texts = [
        (row["text"], row.get("published"), row.get("before"), row.get("after"), row.get("told")) for row in CASES["wild"]
    ]
    assert len(texts) == len(set(texts)), "a row twice"


@pytest.mark.parametrize(
    ("text", "partial"),
    [("8月12日", "XXXX-08-12"), ("8月", "XXXX-08"), ("12日", "XXXX-XX-12"), ("8月12日9时30分", "XXXX-08-12T09:30"),
     ("9时30分", "T09:30"), ("下午3时", "T15"), ("晚12点", None), ("当晚", None), ("昨天", None)],
)  # fmt: skip
def test_what_was_told_is_kept_where_it_is_not_enough(text, partial):
    value = read_date(text)
    assert (value.start, value.end, value.partial) == (None, None, partial)
    assert value.reason


@pytest.mark.parametrize(
    ("text", "expect"),
    [("昨天夜里四五点钟", "2022-08-12T04:00/2022-08-12T05:59 hour ~ night"),
     ("8月12日晚四五点钟", "2022-08-12T16:00/2022-08-12T17:59 hour ~ evening"),
     ("8月12日深夜六七点", "2022-08-13T06:00/2022-08-13T07:59 hour ~ late_night"),
     ("8月12日傍晚三四点", "2022-08-12T15:00/2022-08-12T16:59 hour ~ dusk"),
     ("8月12日凌晨一两点", "2022-08-12T01:00/2022-08-12T02:59 hour ~ before_dawn"),
     ("8月12日傍晚3点", "2022-08-12T15:00 hour dusk"), ("8月12日晚4点", "2022-08-12T16:00 hour evening")],
)  # fmt: skip
def test_two_hours_follow_each_other_in_every_part_of_the_day(text, expect):
    check(read_date(text, "2022-08-12"), expect)


@pytest.mark.parametrize(
    ("text", "expect"),
    [("8月12日后半夜", "2022-08-12T00:00/2022-08-12T04:59 part_of_day before_dawn"),
     ("8月12日前半夜", "2022-08-12T18:00/2022-08-12T23:59 part_of_day evening"), ("8月12日前后", "2022-08-12 day ~"),
     ("12日前后", "2022-08-12 day ~"), ("三天前", "2022-08-17 day"), ("12天后", "2022-09-01 day")],
)  # fmt: skip
def test_a_day_of_the_month_is_no_count_of_days(text, expect):
    check(read_date(text, "2022-08-20"), expect)


@pytest.mark.parametrize("word", list(part_words()))
def test_any_two_hours_in_any_part_of_the_day_are_two_hours(word):
    for first, second in pairwise("一二三四五六七八九"):
        value = read_date(f"昨天{word}{first}{second}点", "2022-08-20")
        start, end = (datetime.fromisoformat(moment) for moment in (value.start, value.end))
        assert end - start == timedelta(hours=1, minutes=59)


@pytest.mark.parametrize("text", ["8月0-5日", "0-5日", "〇至八日", "0—6月", "13至15月", "8月12日25至26时"])
def test_a_bare_number_has_the_bounds_of_what_it_numbers(text):
    assert read_date(text, "2022-08-12").reason == reasons()["no_such_day"]


@pytest.mark.parametrize(
    ("text", "expect"),
    [("20世纪五、六十年代", "1950-01-01/1969-12-31 decade list"), ("上世纪八、九十年代", "1980-01-01/1999-12-31 decade list"),
     ("八、九十年代", "1980-01-01/1999-12-31 decade list"), ("上世纪80、90年代", "1980-01-01/1999-12-31 decade list"),
     ("五六十年代", "1950-01-01/1969-12-31 decade"), ("上世纪七八十年代", "1970-01-01/1989-12-31 decade"),
     ("20世纪70至80年代", "1970-01-01/1989-12-31 decade")],
)  # fmt: skip
def test_decades_that_share_a_word(text, expect):
    check(read_date(text, "2022-08-12"), expect)


@pytest.mark.parametrize(
    ("text", "expect"),
    [("2022年8月12日22时至次日6时", "2022-08-12T22:00/2022-08-13T06:00 hour absolute"),
     ("8月11日至次日", "2022-08-11/2022-08-12 day"), ("2021年11月至次年3月", "2021-11-01/2022-03-31 month absolute"),
     ("8月30日至次月5日", "2022-08-30/2022-09-05 day"), ("8月11日24时至次日6时", "2022-08-12T00:00/2022-08-12T06:00 hour"),
     ("昨晚8时至次日凌晨2时", "2022-08-19T20:00/2022-08-20T02:00 hour"), ("前一日至当日", "2022-07-31/2022-08-01 day chained"),
     ("当日22时至次日6时", "2022-08-01T22:00/2022-08-02T06:00 hour chained")],
)  # fmt: skip
def test_the_next_day_of_a_range_is_that_after_its_own_start(text, expect):
    for told in ("2022-08-01", "2022-08-15", None) if "chained" not in expect else ("2022-08-01",):
        check(read_date(text, "2022-08-20", told=told), expect)


@pytest.mark.parametrize(
    ("text", "day"),
    [("截至8月11日24时", "2022-08-11"), ("8月11日0时至24时", "2022-08-11"), ("8月11日晚12时", "2022-08-11"),
     ("8月11日夜里一二点", "2022-08-11"), ("8月11日24时至8月12日24时", None), ("12月31日24时", "2021-12-31")],
)  # fmt: skip
def test_midnight_ends_the_day_that_is_spoken_of(text, day):
    _, same, following = read_dates([text, "当日", "次日"], "2022-08-20")
    assert same.start == day
    assert following.start == (day and (date.fromisoformat(day) + timedelta(1)).isoformat())


@pytest.mark.parametrize(
    ("text", "expect"),
    [("上午11时至1时", "2022-08-12T11:00/2022-08-12T13:00 hour"), ("上午9时至11时", "2022-08-12T09:00/2022-08-12T11:00 hour"),
     ("上午9时至18时", "2022-08-12T09:00/2022-08-12T18:00 hour"), ("上午9时30分至3时", "2022-08-12T09:30/2022-08-12T15:00 minute"),
     ("凌晨5时至12时", "2022-08-12T05:00/2022-08-12T12:00 hour"), ("下午3时至1时", "2022-08-12T15:00/2022-08-13T01:00 hour"),
     ("晚10时至2时", "2022-08-12T22:00/2022-08-13T02:00 hour"), ("晚8时至12时", "2022-08-12T20:00/2022-08-13T00:00 hour"),
     ("上午8时至0时", "2022-08-12T08:00/2022-08-13T00:00 hour"), ("11时至1时", "2022-08-12T11:00/2022-08-13T01:00 hour")],
)  # fmt: skip
def test_an_hour_after_one_in_a_part_of_the_day_is_the_next_such_hour(text, expect):
    check(read_date(f"8月12日{text}", "2022-08-12"), expect)
    assert read_date(f"国庆{text}", "2022-08-12").end == read_date(f"10月1日{text}", "2022-08-12").end


@pytest.mark.parametrize(
    ("text", "expect"),
    [("两千年前", "null length"), ("三千年前", "null length"), ("2000年前", "../2000-12-31 year before"),
     ("两千年以前", "../2000-12-31 year before"), ("两千零四年前", "../2004-12-31 year before")],
)  # fmt: skip
def test_a_year_and_as_many_years(text, expect):
    check(read_date(text, "2022-08-12"), expect)


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared data (YAOWEN_SHARED)")
def test_inputs_of_recognizers_inside_the_guidelines():
    questions, told = recognizers_questions()
    right = [question for question in questions if judge(question, ours(question)) == "right"]
    assert told["inputs"] == 413
    assert told["inputs_inside"] >= 330, "kinds outside are told in eval/recognizers.toml"
    assert len(right) / len(questions) >= 0.95


def test_publication_is_a_date_in_any_form():
    given_ = ("2022-08-20", date(2022, 8, 20), datetime(2022, 8, 20, 10, 30), "2022-08-20T10:30", "2022-08-20T10:30+08:00")
    expected = DateValue("2022-08-12", "2022-08-12", Precision.DAY, Source.FILLED)
    assert {read_date("8月12日", published) for published in given_} == {expected}
    assert read_date("今天", "2022-08-20T20:30+00:00").start == "2022-08-21", "it is tomorrow in China"
    assert read_date("8月12日", "").reason == read_date("8月12日", None).reason == reasons()["no_published"]
    with pytest.raises(ValueError, match="ISO 8601"):
        read_date("8月12日", "20 August")


def test_a_value_checks_itself():
    with pytest.raises(ValueError, match="reason"):
        DateValue()
    with pytest.raises(ValueError, match="before it starts"):
        DateValue("2022-08-12", "2022-08-11", Precision.DAY, Source.ABSOLUTE)
    with pytest.raises(ValueError, match="precision"):
        DateValue("2022-08-12", "2022-08-12", Precision.HOUR, Source.ABSOLUTE)


def test_covers():
    since = read_date("自2018年起")
    assert [since.covers(date(year, 6, 1)) for year in (2017, 2018, 2040)] == [False, True, True]
    assert not read_date("4/5G").covers(date(2022, 8, 12))
    assert read_date("2018年以前").covers(date(1900, 1, 1))


@pytest.mark.parametrize(
    ("year", "month", "day"),
    [(2019, 2, 5), (2020, 1, 25), (2021, 2, 12), (2022, 2, 1), (2023, 1, 22), (2024, 2, 10), (2026, 2, 17)],
)
def test_the_lunar_year_begins_on_the_day_of_the_almanac(year, month, day):
    assert lunar_date(year, 1, 1) == date(year, month, day)


def test_beyond_the_tables_of_the_lunar_calendar_nothing_is_told():
    assert lunar_date(1800, 1, 1) is None
    assert solar_term(2200, "清明") is None
    assert read_date("1850年春节").reason == reasons()["no_lunar"]
    assert read_date("2101年清明").reason == reasons()["no_lunar"]


PIECES = st.sampled_from(
    [*list(words())[::9], *"年月日时分秒点号至到、—-/.:（）()“”第前后上下半初底末中旬周星期农历闰正腊约左右以来",
     *"0123456789〇零一二三四五六七八九十廿卅两元", "2022", "9999", "0000", "31日", "12月", "24时", "59分", "60分", "世纪", "年代", "季度",
     "\n", " ", "　", "𠮷", "é", "\ud800", "\0"]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=9).map("".join) | st.text(max_size=LONGEST + 5)
PUBLISHED = st.none() | st.dates() | st.datetimes()


@settings(max_examples=400)
@given(TEXTS, PUBLISHED, TEXTS, TEXTS, st.none() | st.dates())
def test_any_string_gets_a_lawful_value(text, published, before, after, told):
    value = read_date(text, published, before, after, told)
    check_laws(value)
    assert read_date(text, published, before, after, told) == value


@given(st.lists(TEXTS | st.builds(DateMention, TEXTS, TEXTS, TEXTS), max_size=8), PUBLISHED)
def test_any_document_gets_one_value_each(mentions, published):
    values = read_dates(mentions, published)
    assert len(values) == len(mentions)
    for value in values:
        check_laws(value)


@given(st.dates(date(1000, 1, 1), date(9999, 12, 31)), st.integers(0, 23), st.integers(0, 59))
def test_every_day_and_minute_in_full_is_itself(day, hour, minute):
    text = f"{day.year}年{day.month}月{day.day}日"
    assert read_date(text).start == read_date(text).end == day.isoformat()
    moment = datetime.combine(day, datetime.min.time()) + timedelta(hours=hour, minutes=minute)
    assert read_date(f"{text}{hour}时{minute}分").start == moment.isoformat(timespec="minutes")


@given(st.dates(date(1950, 1, 1), date(2090, 12, 31)), st.integers(0, 290))
def test_a_day_without_its_year_is_found_again_from_a_page_after_it(day, later):
    published = day + timedelta(later)
    assert read_date(f"{day.month}月{day.day}日", published).start == day.isoformat()


@given(st.integers(2000, 2040), st.integers(1, 12), st.integers(1, 12), st.integers(0, 59), st.sampled_from("-—至到"))
def test_months_of_a_year_are_found_again_from_a_page_after_them(year, one, other, later, joint):
    first, last = sorted((one, other))
    _, end = month_bounds(year, last)
    value = read_date(f"{first}{joint}{last}月", end + timedelta(1 + later))
    assert (value.start, value.end) == (f"{year}-{first:02}-01", end.isoformat())


@given(st.dates(date(2000, 1, 1), date(2040, 12, 31)), st.integers(1, 10), st.integers(1, 10))
def test_two_days_ahead_are_both_ahead(published, gap, more):
    first, second = published + timedelta(gap), published + timedelta(gap + more)
    text = f"论坛将于{first.day}日和{second.day}日举行"
    between = text.index("和")
    spans = [(text.index("于") + 1, between), (between + 1, text.index("举"))]
    assert [value.start for value in read_dates(date_mentions(text, spans), published)] == [str(first), str(second)]


def test_calendars_are_loaded_when_needed_only():
    code = "import sys, yaowen; from yaowen.ground.dates import read_date; read_date('8月12日'); print('borax' in str(list(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT / "model")}, capture_output=True, text=True
    )
    assert result.stdout.strip() == "False", result.stderr
    assert read_tokens.cache_info().maxsize is not None, "bounded"
