"""What a record read from dates and places, in few words."""

import pytest

from yaowen.ground.dates import read_date, read_dates
from yaowen.ground.document import event_date
from yaowen.ground.places import ground_places
from yaowen.view.readings import added_date, added_place, date_reading, meaning, place_reading


@pytest.mark.parametrize(
    ("words", "reading"),
    [
        ("3月2日", "2022-03-02"),
        ("3月2日晚", "2022-03-02 evening"),
        ("当地时间3月2日上午", "2022-03-02 forenoon local time"),
        ("2月1日至7日", "2022-02-01..07"),
        ("1月30日至2月3日", "2022-01-30..02-03"),
        ("2021年12月30日至2022年1月2日", "2021-12-30..2022-01-02"),
        ("去年", "2021"),
        ("去年3月", "2021-03"),
        ("二季度", "2021-04..06"),
        ("十四五期间", "2021..2025"),
        ("2月8日8时至10时", "2022-02-08 08:00..10:00"),
        ("2月8日24时", "2022-02-09 00:00"),
        ("截至3月2日12时", "until 2022-03-02 12:00"),
        ("3月1日以来", "since 2022-03-01"),
        ("3月2日以后", "after 2022-03-02"),
        ("3月2日18时前", "before 2022-03-02 18:00"),
        ("近日", "约 2022-02-24..03-03"),
        ("某日", ""),
    ],
)
def test_a_date_is_told_as_a_short_interval(words, reading):
    assert date_reading(read_date(words, published="2022-03-03").to_dict()) == reading


def test_nights_and_several_parts_of_a_day():
    _, night, morning, afternoon = read_dates(["2022年3月2日", "夜间", "上午", "下午"])
    assert date_reading(night.to_dict()) == "2022-03-02 night"
    assert date_reading(event_date([morning, afternoon]).to_dict()) == "2022-03-02 08:00..17:59"


def test_a_reading_is_added_where_it_says_more_than_the_words():
    full, vague, festival = (read_date(words).to_dict() for words in ("2022年3月2日上午", "2022年初", "2022年春节"))
    assert added_date(full, ["2022年3月2日上午"]) == ""
    assert added_date(full, []) == added_date(full, ["2022年3月2日", "上午"]) == "2022-03-02 forenoon"
    assert added_date(vague, ["2022年初"]).startswith("约 2022-01")
    assert added_date(festival, ["2022年春节"])
    assert added_date(None, ["某日"]) == added_place(None, ["甲村"]) == ""
    city, district, abroad, shared, nothing = (
        place.to_dict() for place in ground_places(["海南省三亚市", "吉阳区", "日本", "鼓楼区", "甲乙丙"])
    )
    assert added_place(city, ["海南省三亚市"]) == added_place(abroad, ["日本"]) == added_place(nothing, ["甲乙丙"]) == ""
    assert added_place(district, ["吉阳区"]) == "海南省三亚市吉阳区"
    assert place_reading(shared).count("鼓楼区") == 3
    assert place_reading(shared).endswith(" / … ?")


def test_a_span_says_what_it_was_read_as_or_why_not():
    unread = read_date("2月8日").to_dict()
    assert meaning({"date": unread}) == [f"= ? {unread['reason']} (XXXX-02-08)"]
    assert meaning({"date": read_date("2月8日", published="2020-02-10").to_dict()}) == ["= 2020-02-08 · filled"]
    shared, abroad, town = ground_places(["朝阳区", "日本", "大关县木杆镇"])
    assert meaning({"place": shared.to_dict()}) == [
        f"= ? {shared.reason}", "可能 candidates: 北京市朝阳区 0.50, 吉林省长春市朝阳区 0.50",
    ]  # fmt: skip
    assert meaning({"place": abroad.to_dict()}) == ["= 日本 JP"]
    assert meaning({"place": town.to_dict()}) == ["= 云南省昭通市大关县木杆镇 530624"]
    assert meaning({"start": 0, "end": 1}) == []
