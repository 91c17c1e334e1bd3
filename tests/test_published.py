"""The date of publication that a page states: forms, labels, and what is not taken for one."""

import datetime
import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yaowen.text import published
from yaowen.text.normalise import normalise
from yaowen.text.published import find_published

SHARED = Path(os.environ.get("YAOWEN_SHARED", Path(__file__).parent.parent.parent / "shared"))


@pytest.mark.parametrize(
    ("page", "date", "cue"),
    [
        ("要闻\n发布时间:2022-03-03 14:17\n正文", "2022-03-03", "发布时间"),
        ("發表時(shí)間：2022年3月3日", "2022-03-03", "发表时间"),
        ("发布日期：[ 2022/03/03 ]", "2022-03-03", "发布日期"),
        ("发布时间 2022.3.3", "2022-03-03", "发布时间"),
        ("信息发布时间：２０２２－０３－０３", "2022-03-03", "发布时间"),
        ("发布日期\n2022年03月03日", "2022-03-03", "发布日期"),
        ("成文日期：20220303", "2022-03-03", "成文日期"),
        ("印发日期：二〇二二年十二月二十三日", "2022-12-23", "印发日期"),
        ("来源：县融媒体中心 时间：2022-03-03 字号：大", "2022-03-03", "时间"),
        ("2022-03-03 09:12 来源：州政府网", "2022-03-03", "来源"),
        ("来源：州政府网　2022年3月3日", "2022-03-03", "来源"),
        ("全县动员会召开\n2022-03-03 09:12\n3月2日，会议召开。", "2022-03-03", "line"),
        ("新华社武汉2022年3月3日电 记者", "2022-03-03", "dateline"),
        ("新华社武汉3月3日电 记者\n责任编辑\n2022年3月3日，他说", "2022-03-03", "dateline"),
    ],
)
def test_forms(page: str, date: str, cue: str) -> None:
    text = normalise(page).text
    found = find_published(text)
    assert found is not None
    assert (found.date, found.cue) == (date, cue)
    shown = text[found.start : found.end]
    assert shown[-1] in "日" or shown[-1].isdigit()
    assert shown.strip() == shown


@pytest.mark.parametrize(
    ("why", "page"),
    [
        ("no year, and none elsewhere", "新华社武汉3月3日电"),
        ("a labelled date without a year is not completed", "发布时间：03-03 14:17\n2021年以来"),
        ("two years fit the dateline", "新华社武汉3月3日电\n2021年3月3日至2022年3月3日"),
        ("no such day", "发布时间：2022-02-30"),
        ("no year that a page can have", "发布时间：1022-02-03"),
        ("the time of a meeting", "会议时间：2022年3月3日上午"),
        ("an invitation", "时间：2022年3月3日上午9时\n地点：县委四楼"),
        ("a date in the news", "记者获悉，2022年3月3日，会议召开。"),
        ("a version number", "系统升级至2022.3.3.1版"),
        ("a long number after a label", "发布时间：202203031417001"),
        ("nothing", ""),
    ],
)
def test_what_is_no_statement_of_publication(why: str, page: str) -> None:
    assert find_published(normalise(page).text) is None, why


def test_the_surer_label_wins_over_an_earlier_one() -> None:
    text = normalise("更新时间：2022-03-05\n发布时间：2022-03-03").text
    found = find_published(text)
    assert found is not None
    assert found.date == "2022-03-03"


def test_the_dates_of_a_text_are_read_once_for_all_its_datelines(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    date_of = published._date

    def counted(match: re.Match[str]) -> datetime.date | None:
        read.append(match[0])
        return date_of(match)

    monkeypatch.setattr(published, "_date", counted)
    text = "3月3日电，" * 100 + "\n" + "2022年3月4日，" * 100
    assert find_published(text) is None
    assert len(read) < 1_000


@pytest.mark.parametrize(
    "rest", ["", "  ", " 09:12", "T09:12:00", " 星期四", " 周四 09:12", " 09:12 周四 ", " 周四  T 09:12"]
)
def test_what_may_stand_behind_the_date_on_a_line_of_its_own(rest: str) -> None:
    found = find_published(f"2022-03-03{rest}\n正文")
    assert found is not None
    assert found.cue == "line"


def test_dates_far_down_are_not_read() -> None:
    text = "全县深入开展排查。" * 600 + "\n发布时间：2022-03-03"
    assert find_published(text) is None


@given(st.dates(min_value=datetime.date(1949, 1, 1), max_value=datetime.date(2100, 12, 31)), st.data())
def test_every_day_is_read_in_every_form(day: datetime.date, data: st.DataObject) -> None:
    form = data.draw(
        st.sampled_from(["{0}-{1:02}-{2:02}", "{0}年{1}月{2}日", "{0}/{1}/{2}", "{0}.{1:02}.{2:02}", "{0}{1:02}{2:02}"])
    )
    written = form.format(day.year, day.month, day.day)
    text = f"某县要闻\n发布时间：{written} 10:05 阅读：35次"
    found = find_published(text)
    assert found is not None
    assert (found.date, text[found.start : found.end]) == (day.isoformat(), written)


@given(st.text(alphabet="发布时间日期来源：: \n2022年3月03-/.日电一二十〇", max_size=60))
def test_offsets_are_in_range_and_dates_are_dates(text: str) -> None:
    found = find_published(text)
    if found is not None:
        assert 0 <= found.start < found.end <= len(text)
        assert datetime.date.fromisoformat(found.date).year >= 1949


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared data (YAOWEN_SHARED)")
@pytest.mark.parametrize("name", ["handan-2022", "sanya-2020"])
def test_real_pages(name: str) -> None:
    raw = (SHARED / f"samples/{name}.txt").read_text(encoding="utf-8")
    gold = json.loads((SHARED / f"samples/{name}.gold.json").read_text(encoding="utf-8"))
    found = find_published(normalise(raw).text)
    assert found is not None
    assert found.date == gold["published"]
