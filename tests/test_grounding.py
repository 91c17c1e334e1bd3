"""Spans grounded together: places by the document, offices by the place of their body, an event's place by its arguments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.marked import marked
from yaowen.assemble.holders import runs
from yaowen.assemble.layout import Layout
from yaowen.ground.dates import read_dates
from yaowen.ground.document import event_date, event_place, ground
from yaowen.ground.places import ground_places
from yaowen.schema import SPAN_LABELS
from yaowen.spans import TaggedSpan

MEETING = (
    "三亚召开防控工作会议\n[DATE 2月8日]，[POSITION 市委副书记]、[POSITION 市长][OFFICIAL 阿某]、原[POSITION 副市长][OFFICIAL 何某]"
    "到[LOCATION 吉阳区]、[LOCATION 天涯区]和[ORGANIZATION 市人民医院]，[POSITION 省卫健委二级巡视员][OFFICIAL 陈某]陪同。"
)


def read(source: str):
    text, spans = marked(source)
    meaning = ground(text, spans)
    named = {text[s.start : s.end]: s for s in spans}
    return named, meaning


def test_dates_are_read_against_those_before_and_the_publication():
    text, spans = marked("[DATE 2月8日上午][TRIGGER:meeting 召开]会议，[DATE 当晚]公布，[DATE 近日]强调")
    dates = ground(text, spans, published="2020-02-10").dates
    assert [dates[s].start for s in spans if s in dates] == ["2020-02-08T08:00", "2020-02-08T18:00", "2020-02-03"]
    assert all(value.reason for value in ground(text, spans).dates.values())


def test_a_deadline_is_not_the_day_that_is_spoken_of():
    deadline, day = read_dates(["7月12日前", "当天"], "2024-07-09")
    assert (deadline.end, day.start) == ("2024-07-12", None)


def test_the_date_of_an_event_is_the_finest_or_all_of_a_week():
    told = read_dates(["2022年3月", "2日", "上午", "下午", "4日", "30日", "3月1日以来", "某日"])
    month, day, morning, afternoon, later, far, since, nothing = told
    assert event_date([]) is event_date([nothing]) is None
    assert event_date([month, day, morning]) is morning
    assert event_date([nothing, day]) is day
    assert event_date([morning, afternoon]).to_dict()["end"] == "2022-03-02T17:59"
    both = event_date([afternoon, later])
    assert (both.start, both.end, both.precision.value) == ("2022-03-02", "2022-03-04", "day")
    assert event_date([day, far]) is None
    assert event_date([since, day]) is day


def test_an_open_end_lies_in_no_day():
    day, month, since, later, before = read_dates(
        ["2022年3月1日", "3月", "3月5日起", "3月6日起", "2022年3月9日前"], "2022-08-12"
    )
    assert event_date([day, since]) is event_date([month, since]) is event_date([since, before]) is None
    assert event_date([since, later]) in (since, later)
    assert event_date([day, month, before]) is day


def test_a_bare_body_belongs_to_the_documents_place():
    spans, meaning = read(MEETING)
    places = {word: meaning.places[span].adcode for word, span in spans.items() if span in meaning.places}
    assert places == {
        "市委副书记": "460200", "市长": "460200", "副市长": "460200", "吉阳区": "460203", "天涯区": "460204", "市人民医院": "460200",
        "省卫健委二级巡视员": "460000",
    }  # fmt: skip


def test_offices_are_taken_apart_and_completed():
    spans, meaning = read(MEETING)
    offices = {word: meaning.offices[span] for word, span in spans.items() if span in meaning.offices}
    assert offices["市委副书记"].completed_body == "三亚市委"
    assert offices["副市长"].completed_body == "三亚市"
    assert offices["省卫健委二级巡视员"].completed_body == "海南省卫健委"
    assert spans["2月8日"] not in meaning.places


def test_titles_held_together_share_a_body():
    text, spans = marked("[POSITION 市水利局党组书记]，[POSITION 局长][OFFICIAL 甲某]说")
    chief = spans[1]
    assert ground(text, spans).offices[chief].completed_body is None
    assert ground(text, spans, [(0, 1)]).offices[chief].completed_body == "市水利局"


def bodies(source: str) -> list[tuple[str, str | None]]:
    """The titles of a text and their bodies, where the document told them."""
    text, spans = marked(source)
    offices = ground(text, spans, [run.titles for run in runs(Layout(text, spans))]).offices
    return [(reading.title, reading.completed_body) for reading in offices.values()]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "[ORGANIZATION 国家盐务局]原[POSITION 党组书记]、[POSITION 局长][OFFICIAL 甲某]被查",
            [("党组书记", "国家盐务局党组"), ("局长", "国家盐务局")],
        ),
        ("[LOCATION 甲国]前[POSITION 总理][OFFICIAL 乙某]到访", [("总理", "甲国")]),
        ("[ORGANIZATION 国家盐务局]的[POSITION 副局长][OFFICIAL 甲某]说", [("副局长", None)]),
        (
            "[POSITION 山西省委常委]、[POSITION 组织部部长][OFFICIAL 甲某]，[POSITION 统战部部长][OFFICIAL 乙某]说",
            [("山西省委常委", "山西省委"), ("组织部部长", "山西省委组织部"), ("统战部部长", "山西省委统战部")],
        ),
        (
            "[POSITION 中原译文出版社社长][OFFICIAL 甲某]、[POSITION 副社长][OFFICIAL 乙某]和[OFFICIAL 丙某]、[POSITION 总编辑][OFFICIAL 丁某]",
            [("中原译文出版社社长", None), ("副社长", "中原译文出版社"), ("总编辑", "中原译文出版社")],
        ),
        (
            "[POSITION 县人大常委会副主任][OFFICIAL 甲某]，[POSITION 秘书长][OFFICIAL 乙某]",
            [("县人大常委会副主任", None), ("秘书长", "县人大常委会")],
        ),
        (
            "[POSITION 县水利局局长][OFFICIAL 甲某]说。[POSITION 副局长][OFFICIAL 乙某]说",
            [("县水利局局长", None), ("副局长", None)],
        ),
        (
            "[POSITION 甲乙公司董事][OFFICIAL 甲某]、[POSITION 丙丁区总裁]兼[POSITION 首席执行官][OFFICIAL 乙某]",
            [("甲乙公司董事", None), ("丙丁区总裁", None), ("首席执行官", None)],
        ),
        ("[POSITION 泰国副总理]兼[POSITION 商务部长][OFFICIAL 甲某]", [("泰国副总理", None), ("商务部长", None)]),
    ],
)  # fmt: skip
def test_a_body_told_elsewhere_is_that_of_the_title(source, expected):
    assert bodies(source) == expected


def test_furniture_does_not_say_where_a_page_is_from():
    text, spans = marked("郑州市召开会议\n三亚消息\n[POSITION 市长][OFFICIAL 甲某]说，[LOCATION 郑州市]和[LOCATION 三亚市]")
    mayor = spans[0]
    assert ground(text, spans).places[mayor].adcode == "410100"
    assert ground(text, spans, article=text.split("\n", 1)[1]).places[mayor].adcode == "460200"


def test_the_place_of_an_event_is_what_its_locations_share():
    city, one, other, far, abroad, nothing = ground_places(["三亚市", "吉阳区", "天涯区", "邯郸市", "日本", "甲乙丙"])
    assert event_place([one, city]) is one
    assert event_place([one, other]).adcode == "460200"
    assert event_place([one, far]) is None
    assert event_place([abroad]) is abroad
    assert event_place([nothing]) is None
    assert event_place([nothing, other]) is other
    towns = ground_places(["罗平县阿岗镇", "罗平县板桥镇"])
    assert [town.town for town in (*towns, event_place(towns))] == ["阿岗镇", "板桥镇", None]


@given(st.lists(st.tuples(st.text("县市长甲委、原副 三亚州", max_size=4), st.sampled_from(SPAN_LABELS)), max_size=12))
def test_any_spans_are_grounded(pieces):
    text, spans = "", []
    for word, label in pieces:
        if word:
            spans.append(TaggedSpan(len(text), len(text) + len(word), label))
        text += word + "，"
    meaning = ground(text, spans)
    assert {s.label for s in meaning.offices} <= {"POSITION"}
    assert set(meaning.offices) <= set(meaning.places)
