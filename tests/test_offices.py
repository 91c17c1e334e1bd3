"""Offices: splits, kinds, levels, completion by the place, status and order, on titles written for the purpose."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.offices import COUNTY_TITLES, county_names, county_suite, dev_splits
from yaowen.ground.bodies import body_kind, body_level
from yaowen.ground.offices import OfficeReading, read_office, read_office_after, read_offices
from yaowen.ground.places.names import short_forms
from yaowen.ground.places.table import NATION, divisions
from yaowen.ground.titles import words

CASES = json.loads((Path(__file__).parent / "cases/offices.json").read_text("utf-8"))


def split(reading: OfficeReading) -> str:
    return f"{reading.body or ''}|{reading.office}"


@pytest.mark.parametrize(("parts", "kind", "level", "grade"), CASES["split"], ids=[row[0] for row in CASES["split"]])
def test_a_title_is_split_and_told(parts, kind, level, grade):
    reading = read_office(parts.replace("|", ""))
    assert (split(reading), reading.kind or "", reading.level, reading.grade) == (parts, kind, level, grade)


@pytest.mark.parametrize(("title", "place", "expected"), CASES["completed"])
def test_the_place_completes_a_bare_body_of_its_own_level_only(title, place, expected):
    assert read_office(title, place).completed_body == expected


@pytest.mark.parametrize(("first", "title", "expected"), CASES["previous"])
def test_a_title_without_a_body_shares_that_of_the_unit_named_before(first, title, expected):
    assert read_office(title, previous=read_office(first)).completed_body == expected


@pytest.mark.parametrize(("of", "title", "expected", "kind", "level"), CASES["of"])
def test_a_body_in_front_of_the_status_is_that_of_the_title(of, title, expected, kind, level):
    reading = read_office(title, before=f"{of}原", of=of)
    assert (reading.completed_body, reading.kind, reading.level, reading.status) == (expected, kind, level, "原")


def test_a_title_shares_the_body_of_the_nearest_that_it_can_up_to_one_that_names_its_own():
    bureau, deputy = read_office("县水利局党组书记"), read_office("副县长", place="共和县")
    assert read_office_after([bureau, deputy], "局长").completed_body == "县水利局"
    assert read_office_after([bureau, read_office("一级调研员")], "局长").completed_body == "县水利局"
    assert read_office_after([bureau, read_office("县政协委员")], "局长").completed_body is None
    assert read_office_after([], "局长").completed_body is None


@pytest.mark.parametrize(("title", "before", "expected"), CASES["status"])
def test_status_is_the_word_before_the_title(title, before, expected):
    reading = read_office(title, before=before)
    assert reading.status == expected
    assert reading.office is not None
    assert not reading.office.startswith(expected or "?")


STATUS_NAMES = sorted(
    short
    for division in divisions().names
    if (short := short_forms(division.name)[1])
    and short.endswith(tuple(words().status))
    and not short.endswith(words().no_status)
)


@pytest.mark.parametrize("place", STATUS_NAMES)
def test_the_end_of_a_places_name_is_no_status(place):
    for level in ("市", "县", "区", "旗"):
        reading = read_office(f"{place}{level}长")
        assert (reading.body, reading.status) == (place, None)
        assert read_office(f"{level}长", before=place).status is None


def test_a_word_is_of_a_places_name_only_where_that_place_can_stand():
    assert len(STATUS_NAMES) > 10
    assert split(read_office("中方县长")) == "中方|县长"
    assert split(read_office("达尔罕茂明安联合旗长")) == "达尔罕茂明安联合|旗长"
    assert split(read_office("忻州市代县长")) == "忻州市代|县长"
    # 阳原 and 海原 are counties, but neither lies in 咸阳 or 上海; 镇原 is one, but no town
    for title, body, status in (
        ("咸阳原市长", "咸阳", "原"),
        ("上海原副市长", "上海", "原"),
        ("城关镇原镇长", "城关镇", "原"),
        ("固原原市长", "固原", "原"),
        ("五台县代县长", "五台县", "代"),
        ("代县长", None, "代"),
    ):
        reading = read_office(title)
        assert (reading.body, reading.status) == (body, status)


@pytest.mark.parametrize(("title", "expected"), CASES["joined"])
def test_joined_titles_are_read_one_by_one(title, expected):
    readings = read_offices(title)
    assert [split(reading) for _, reading in readings] == expected
    assert all(title[start:].startswith(reading.title) for start, reading in readings)
    assert (read_office(title).reason is not None) == (len(expected) > 1)


@pytest.mark.parametrize(("title", "body", "office"), CASES["spaced"])
def test_white_space_in_a_title_is_no_part_of_it(title, body, office):
    reading = read_office(title)
    assert (reading.body, reading.office) == (body, office)
    assert reading.office_span is not None
    assert reading.office_span[1] == len(title)


@pytest.mark.parametrize("title", CASES["unread"])
def test_what_is_no_title_is_null_with_a_reason(title):
    reading = read_office(title, place="海南省三亚市", before="原")
    assert (reading.body, reading.office) == (None, None)
    assert reading.reason


def test_every_division_tells_its_level_and_is_a_body_of_government():
    now = [division for division in divisions().names if division.last is None and division.code != NATION]
    assert len(now) > 3000
    assert [division.name for division in now if not body_level(division.name + "公安局")] == []
    assert {d.name: kind for d in now if (kind := body_kind(d.name)) != "government"} == {}
    assert {d.name: kind for d in now if (kind := body_kind(d.name + "委")) != "party"} == {}


def test_a_head_named_by_the_short_form_has_the_level_of_the_place():
    for division in divisions().names:
        short = short_forms(division.name)[1]
        level = division.name[-1]
        if level == "区" and division.level != "county":
            continue  # 内蒙古自治区 has no 区长
        if short and f"{level}长" in words().places and division.last is None:
            reading, full = read_office(f"{short}{level}长"), read_office(f"{division.name}{level}长")
            assert (reading.body, reading.kind, reading.level) == (short, "government", full.level)


@pytest.mark.parametrize(
    ("title", "kind", "level"),
    [
        ("黑山总统", "foreign", ""),
        ("美国州长", "foreign", ""),
        ("得克萨斯州州长", "government", ""),
        ("山东省金乡县长", "government", "county"),
        ("金乡镇长", "government", "township"),
        ("新县县长", "government", "county"),
        ("新县长", "government", "county"),
    ],
)
def test_a_level_word_is_of_the_place_only_in_the_title_of_its_head(title, kind, level):
    assert (read_office(title).kind, read_office(title).level) == (kind, level)


@pytest.mark.parametrize(
    "parts", [pytest.param(row[0], marks=pytest.mark.xfail(strict=True, reason=row[1])) for row in CASES["known_failures"]]
)
def test_known_failures(parts):
    assert split(read_office(parts.replace("|", ""))) == parts


@pytest.mark.parametrize("titles", CASES["order"])
def test_offices_sort_by_precedence(titles):
    keys = [read_office(title).precedence for title in titles]
    assert keys == sorted(set(keys))


def test_a_rank_is_told_as_one():
    assert read_office("省卫健委二级巡视员").rank == "二级巡视员"
    assert read_office("海南大学教授").rank == "教授"
    assert read_office("县卫健局局长").rank is None


def test_every_position_of_the_dev_documents_is_split_as_by_hand():
    right, wrong = dev_splits()
    assert right / (right + len(wrong)) >= 0.97, wrong


def test_county_names_and_titles_split_by_one_pattern():
    names = county_names()
    if not names:
        pytest.skip("no table of divisions")
    right, wrong = county_suite(names)
    assert right + len(wrong) == len(names) * len(COUNTY_TITLES)
    assert len(COUNTY_TITLES) == 30
    assert right / (right + len(wrong)) >= 0.99, wrong[:20]


PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            ["市", "县", "三亚", "委", "常委", "副", "、", "原", "代", "驻", "兼", " ", "书记", "科技", "党组", "自治区"]
        ),
        st.sampled_from(sorted(words().titles)),
        st.text(max_size=3),
    ),
    max_size=6,
).map("".join)


@given(PIECES, st.one_of(st.none(), PIECES), PIECES)
def test_any_text_is_read_with_parts_where_they_stand(title, place, before):
    read_office(title, place, previous=read_office(before), of=before or None)
    for start, reading in read_offices(title, place, before):
        assert title.startswith(reading.title, start)
        assert (reading.office is None) == (reading.reason is not None)
        for part, span in ((reading.body, reading.body_span), (reading.office, reading.office_span)):
            assert part is None or (span is not None and "".join(reading.title[slice(*span)].split()) == part)
        assert read_office(reading.title, place) == read_office(reading.title, place)
        assert len(reading.precedence) == 2


def test_a_reading_checks_its_parts():
    with pytest.raises(ValueError, match="come together"):
        OfficeReading("县长", office="县长")
    with pytest.raises(ValueError, match="is not"):
        OfficeReading("县长", office="市长", office_span=(0, 2))
