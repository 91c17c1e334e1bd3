"""Places: names to codes, and what the document decides."""

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.places import code_of, in_document, judge, read_cases
from yaowen.ground.places import Gazetteer, Place, ground_places, place_hints
from yaowen.ground.places.evidence import OPENING, WINDOW, Evidence, Heard
from yaowen.ground.places.names import short_forms
from yaowen.ground.places.reading import read_mention
from yaowen.ground.places.table import divisions

ROOT = Path(__file__).parent.parent
COUNTIES = [d for d in divisions().names if d.level == "county" and d.last is None]


def grounded(mention: str, *others: str, hints: list[str] | None = None, year: int | None = None) -> Place:
    """The place of a mention that stands before others."""
    return ground_places([mention, *others], hints or [], year)[0]


@pytest.mark.parametrize(
    ("mention", "code"),
    [
        ("海南", "460000"),
        ("海南州", "632500"),
        ("海南省", "460000"),
        ("甘肃临夏州积石山县", "622927"),
        ("积石山", "622927"),
        ("三亚市吉阳区", "460203"),
        ("三亚市人民医院", "460200"),
        ("崖州中心渔港", "460205"),
        ("内蒙古自治区通辽市科左中旗", "150521"),
        ("恰卜恰镇", "632521"),
        ("共和县恰卜恰镇城北新区仁和路棚户四区", "632521"),
        ("海南海口市三江镇", "460108"),
        ("京", "110000"),
        ("申城", "310000"),
        ("人民大会堂", "110000"),
        ("济源市", "419001"),
        ("台北市", "710000"),
        ("云南省西双版纳州森林草原防灭火指挥部办公室", "532800"),
        ("香港特区政府赴土耳其救援队", "810000"),
        ("美国", "US"),
        ("俄军", "RU"),
        ("日本海上自卫队舰艇", "JP"),
        ("阿富汗首都喀布尔", "AF"),
        ("中国", "CN"),
        ("中华人民共和国", "CN"),
        ("中华人民共和国驻蒙古国特命全权大使", "MN"),
        ("中国香港特区救援队", "810000"),
    ],
)
def test_names_say_their_place_alone(mention, code):
    assert code_of(grounded(mention)) == code


@pytest.mark.parametrize(
    "mention",
    [
        "重庆路",
        "南京西路",
        "上海合作组织",
        "清华大学",
        "公安局",
        "中共中央",
        "京津冀",
        "长三角",
        "全国",
        "欧洲",
        "太湖",
        "长江",
        "东海",
        "和平",
        "某地",
        "国务院",
    ],
)
def test_what_bears_no_division_gets_none_and_a_reason(mention):
    place = grounded(mention)
    assert (place.adcode, place.iso) == (None, None)
    assert place.reason


def test_a_name_of_several_is_kept_open_until_the_document_decides():
    # DQinYuan/chinese_province_city_area_mapper#78: 朝阳区 told as one of them without asking
    alone = grounded("朝阳区")
    assert alone.adcode is None
    assert {c.adcode: c.score for c in alone.candidates} == {"110105": 0.5, "220104": 0.5}
    assert grounded("朝阳区", "长春市").adcode == "220104"
    assert grounded("朝阳区", hints=["北京召开会议"]).adcode == "110105"
    assert grounded("鼓楼区", "徐州市", "云龙区").adcode == "320302"
    assert len(grounded("鼓楼区").candidates) == 4


def test_a_province_and_its_city_of_one_name():
    # DQinYuan/chinese_province_city_area_mapper#89: 吉林
    alone = grounded("吉林")
    assert alone.adcode == "220000", "the city is in the province as well"
    assert {c.adcode for c in alone.candidates} == {"220000", "220200"}
    assert grounded("吉林市").adcode == "220200"
    assert grounded("喀什").adcode == "653100", "the prefecture, whichever is meant"


def test_every_county_behind_the_short_form_of_its_city_is_itself():
    table, wrong = divisions(), []
    for county in COUNTIES:
        city = table.by_code[table.lineage[county.code][1]]
        if city.level == "city" and (short := short_forms(city.name)[1]):
            wrong += [short + county.name] if grounded(short + county.name).adcode != county.code else []
    assert set(wrong) <= {"三沙南沙区"}, "a sea by its name, and 南沙区 is in Guangzhou as well"


@pytest.mark.parametrize(
    ("mention", "code"),
    [
        ("乌海军分区", "150300"),
        ("俄军", "RU"),
        ("美国防部", "US"),
        ("以军", "IL"),
        ("黄河以南部分地区", None),
        ("长江以北部分地区", None),
        ("土方工程有限公司", None),
        ("某某一方公司土方", None),
        ("合法政府", None),
    ],
)
def test_one_character_names_a_country_only_at_the_beginning(mention, code):
    assert code_of(grounded(mention)) == code


def test_a_road_is_not_the_city_that_it_is_named_after():
    # dongrixinyu/JioNLP#70
    assert grounded("重庆路").adcode is None
    assert grounded("青岛市重庆路").adcode == "370200"


def test_a_bare_level_word_is_the_division_that_the_document_is_about():
    mentions = ["市传染病医院", "省委", "邯山区", "复兴区", "丛台区"]
    assert [p.adcode for p in ground_places(mentions)][:2] == ["130400", "130000"]
    assert [p.how for p in ground_places(mentions)][:2] == ["level", "level"]
    assert grounded("市民族中学", "瑞丽市", "德宏州", "昆明").adcode == "533102"
    assert grounded("区委", "自治区党委", "宁夏", "利通区").adcode == "640302"
    assert grounded("县委").adcode is None
    assert grounded("市委", "西安市", "咸阳市").adcode is None, "two cities, and nothing decides"
    assert grounded("市场", "三亚市").adcode is None


def test_a_headline_counts_only_where_the_document_speaks_of_its_place():
    # The head of a page may be its navigation: 河南网站建设 over news of Sanya
    mentions = ["市委", "三亚市", "天涯区"]
    assert ground_places(mentions, ["某网-河南网站建设-上海网站建设"])[0].adcode == "460200"
    assert ground_places(["市委", "上海市", "三亚"], ["三亚召开会议"])[0].adcode == "460200"
    assert grounded("市委", "邯山区", hints=["张维亮樊成华出席"]).adcode == "130400", "成华 is half of a name"


def test_towns_and_villages_lie_where_the_document_is():
    assert grounded("桐城镇", "闻喜县").adcode == "140823", "not the city 桐城"
    assert grounded("乌兰花镇", "四子王旗").adcode == "150929", "not 乌兰县"
    place = grounded("偏寨村", "施洞镇", "台江县")
    assert (place.adcode, place.how) == ("522630", "context")
    assert grounded("城关镇").adcode is None
    assert grounded("高速公路睢阳出口", "商丘市睢阳区").adcode == "411403"


def test_a_branch_is_where_its_own_name_says():
    assert grounded("浙江省人民医院毕节医院").adcode == "520500"
    assert grounded("解放军总医院海南医院").adcode == "460000"


def test_renamed_divisions_are_found_by_their_old_names():
    place = grounded("铜山县")
    assert (place.adcode, place.name, place.former) == ("320312", "铜山区", "铜山县 (1980–2009)")
    assert grounded("襄樊市").adcode == "420600"
    assert grounded("江干区").adcode == "330104", "merged away: its last code"
    assert grounded("襄阳", year=1999).candidates != grounded("襄阳").candidates, "in 1999 there was a county of the name"


@pytest.mark.parametrize(
    ("mention", "others", "adcode", "iso"),
    [
        ("德州", (), "371400", None),
        ("德州", ("济南市", "临沂"), "371400", None),
        ("德州", ("美国",), None, "US"),
        ("德州", ("美国", "聊城市"), "371400", None),  # Shandong speaks for it, whoever visits
        ("德州", ("英国", "加州"), None, "US"),
        ("德州市", ("美国",), "371400", None),
        ("德州达拉斯", ("美国",), None, "US"),
        ("黑山", (), None, "ME"),
        ("黑山", ("塞尔维亚",), None, "ME"),
        ("黑山", ("锦州市", "北镇市"), "210726", None),
    ],
)
def test_a_name_at_home_and_abroad_is_where_the_document_is(mention, others, adcode, iso):
    place = grounded(mention, *others)
    assert (place.adcode, place.iso) == (adcode, iso)


def test_every_name_there_is_can_stand_beside_others():
    for name in Gazetteer.load()._names:
        grounded(name, "济南市", "美国")  # 德州 and others beside another place once ended in a KeyError


def test_provinces_abroad_are_in_the_country_the_text_speaks_of():
    assert grounded("奎松省", "菲律宾").iso == "PH"
    assert grounded("奎松省").iso is None


@pytest.mark.parametrize("prefix", ["full", "short"])
def test_every_county_with_its_province_is_itself(prefix):
    table, wrong = divisions(), []
    twice: dict[tuple[str, str], int] = defaultdict(int)
    for county in COUNTIES:
        twice[table.lineage[county.code][-1], county.name] += 1
    for county in COUNTIES:
        province = table.lineage[county.code][-1]
        if twice[province, county.name] == 1:
            name = table.by_code[province].name
            place = grounded((name if prefix == "full" else short_forms(name)[1] or name) + county.name)
            wrong += [county] if place.adcode != county.code else []
    assert len(COUNTIES) > 2840
    assert wrong == []


def test_every_county_with_all_above_it_is_itself():
    assert [c for c in COUNTIES if grounded(divisions().full_name(c.code)).adcode != c.code] == []


def test_every_ambiguous_name_of_a_county_gives_all_its_candidates():
    codes: dict[str, set[str]] = defaultdict(set)
    for county in COUNTIES:
        for name in (county.name, *short_forms(county.name)):
            if name:
                codes[name].add(county.code)
    ambiguous = {name: found for name, found in codes.items() if len(found) > 1}
    assert len(ambiguous) > 90
    missing = {name: found - {c.adcode for c in grounded(name).candidates} for name, found in ambiguous.items()}
    assert {name: found for name, found in missing.items() if found} == {}


def test_a_chain_says_no_more_than_its_names():
    for place in ground_places(["三亚市吉阳区", "海南省三亚市", "海南"]):
        assert place.adcode in divisions().lineage["460203"]
    assert grounded("海南海口市三江镇").town_code == "460108103"


def test_the_record_of_a_place():
    record = grounded("朝阳区医院", "长春市").to_dict()
    assert (record["adcode"], record["full_name"], record["how"]) == ("220104", "吉林省长春市朝阳区", "part")
    assert record["facility"] == "朝阳区医院"
    assert [c["adcode"] for c in record["candidates"]] == ["220104", "110105"]
    assert abs(sum(c["score"] for c in record["candidates"]) - 1) < 0.01
    with pytest.raises(ValueError, match="reason"):
        Place()


def test_hints_of_a_page():
    text = "邯郸市召开会议\n来源：河北日报 2022-03-03\n新华社石家庄3月3日电 记者获悉"
    assert place_hints(text, "标题") == ["标题", "邯郸市召开会议", "河北日报", "石家庄"]


SHARED_CASES = in_document(read_cases())


@pytest.mark.parametrize(("part", "floor"), [("develop", 0.97), ("held out", 0.97), ("held out, second", 0.97)])
def test_labelled_mentions_of_the_corpora(part, floor):
    judged = [judge(case, code_of(place)) for case, place in SHARED_CASES if case.part == part]
    assert len(judged) > 190
    assert judged.count("right") / len(judged) >= floor


NAMES = sorted(Gazetteer.load())
PIECES = st.sampled_from(
    [*NAMES[::37], "市委", "县", "镇", "路", "人民医院", "全国", "“", " ", "\n", "（", "𠮷", "", "X", "12"]
)


@given(
    st.lists(st.lists(PIECES, max_size=5).map("".join) | st.text(max_size=12), max_size=8),
    st.lists(st.text(max_size=30), max_size=2),
)
def test_any_strings_get_one_lawful_place_each(mentions, hints):
    places = ground_places(mentions, hints)
    assert len(places) == len(mentions)
    for place in places:
        assert 0 <= place.score <= 1
        assert (place.adcode is None and place.iso is None) == (place.reason is not None)
        if place.adcode and place.adcode in divisions().lineage and place.level != "country":
            assert place.full_name == divisions().full_name(place.adcode)
        assert sum(c.score for c in place.candidates) <= 1.000001
    assert ground_places(mentions, hints) == places, "twice the same"


def test_the_work_grows_with_the_mentions_not_their_square():
    heard = Heard([Evidence("460200", at, 1.0) for at in range(5000)])
    assert max(len(heard.around(index)) for index in range(0, 5000, 97)) <= 2 * WINDOW + 1 + OPENING
    assert {e.at for e in heard.around(2500)} >= {0, 2500 - WINDOW, 2500 + WINDOW}


def test_matches_lie_in_order_and_are_names():
    text = "".join(NAMES[::501])
    end = 0
    for match in Gazetteer.load().find(text):
        assert end <= match.start < match.end
        assert text[match.start : match.end] == match.text
        assert match.text in Gazetteer.load()
        end = match.end


def test_the_tables_are_read_when_needed_only():
    code = "import sys, yaowen.ground.places.place, yaowen; print('lzma' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT / "model")}, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    assert read_mention.cache_info().maxsize is not None, "bounded"
