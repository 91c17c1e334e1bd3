"""Site furniture: what is marked, what never is, and how rarely lines of real articles are."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yaowen.text.boilerplate import Boilerplate, boilerplate_lines, is_furniture, line_ranges
from yaowen.text.normalise import normalise

SHARED = Path(__file__).parents[2] / "shared"
AUTHORED = Path(__file__).parents[1] / "data" / "authored"
MOST_FALSE = 0.001  # of the lines of real articles


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("发布时间：2024-07-09 18:20 来源：大观县融媒体中心 浏览次数：1386", "page statistics"),
        ("点击量：[ 402 ] 次", "page statistics"),
        ("您是第 300218 位访问者", "page statistics"),
        ("上一篇：县城新貌", "link to the next or previous page"),
        ("【下一篇】全县春耕备耕工作会召开", "link to the next or previous page"),
        ("责任编辑：卢舟　上一条：没有了", "link to the next or previous page"),
        ("上一页 下一页", "link to the next or previous page"),
        ("当前位置：首页 > 要闻 > 正文", "where the page stands in the site"),
        ("您现在的位置是：首页 / 要闻", "where the page stands in the site"),
        ("首页 >> 新闻中心 >> 县区动态", "where the page stands in the site"),
        ("大观县政府网 > 新闻 > 正文", "where the page stands in the site"),
        ("滇ICP备00000000号-1 滇公网安备 00000000000000号", "site licence"),
        ("版权所有：大观县人民政府", "copyright notice"),
        ("Copyright © 2020 All Rights Reserved", "copyright notice"),
        ("主办：大观县人民政府办公室 承办：大观县信息中心", "site management"),
        ("技术支持：某某公司", "site management"),
        ("友情链接", "links to other sites"),
        ("友情链接：省政府网 市政府网", "links to other sites"),
        ("设为首页 | 加入收藏", "links to other sites"),
        ("（责任编辑：卢舟）", "responsible editor"),
        ("编辑：卢舟　审核：米青　终审：乔木", "responsible editor"),
        ("【打印】【关闭】", "page tools"),
        ("【打印】  【关闭】 | 返回顶部", "page tools"),
        ("[字号：大 中 小]", "page tools"),
        ("大 中 小", "page tools"),
        ("分享到：", "page tools"),
        ("扫一扫在手机打开当前页", "page tools"),
        ("文章分类：", "page tools"),
        ("转载请注明：来自大观新闻网", "reprint notice"),
        ("来源：大观日报 编辑：卢舟", "reprint notice"),
        ("相关阅读", "related articles"),
        ("相关链接：县城新貌　县乡换届", "related articles"),
        ("首页 新闻中心 政务公开 办事服务 互动交流", "navigation bar"),
        ("国内 | 国际 | 财经 | 体育 | 娱乐", "navigation bar"),
        ("——————", "no text"),
        ("128", "no text"),
    ],
)
def test_furniture_is_marked_with_its_kind(line: str, reason: str) -> None:
    assert boilerplate_lines(line) == [Boilerplate(0, len(line), reason)]


@pytest.mark.parametrize(
    "line",
    [
        "县委召开常委会（扩大）会议 段承越主持",
        "段承越陆云岫调研防汛工作",
        "会议要求，加强网站管理，严禁未经审核转载信息，依法打击侵犯版权行为。",
        "同一信息被点击、浏览次数达到五千次以上的，依法追究责任。",
        "县政协主席戴素云 县人大常委会主任申敏哲 副县长鲁志峰 岑月华",
        "出席：申敏哲 戴素云 祁建锋 鲁志峰",
        "3 岑月华 县政协主席 天星镇安乐村 县水务局 4 戴素云 县人大副主任 玉碗镇",
        "指挥长：段承越 县委书记",
        "记者 苏晚晴 通讯员 普昌林 文/图",
        "新华社北京3月20日电（记者 苏晚晴）",
        "一、加强领导，压实责任",
        "下一步，全县将开展隐患排查。",
        "当前，位置偏远的村组已全部转移。",
        "发布会上，县应急管理局局长贺立秋介绍了情况。",
        "大中小学7月10日起停课。",
        "主办方介绍，活动吸引游客3万人次。",
        "责任编辑制度是新闻单位的基本制度。",
        "分享到场专家的经验，是会议的一项内容。",
        "首页广告收入同比增长12%。",
        "打印机、复印机等办公设备统一采购。",
        "中共大观县委 大观县人民政府 2024年7月9日",
        "他说：“网站地图不能代替实地查看。”",
        # Lines on which the patterns once tried more ways to share out the separators than can be counted.
        "打印" + "   关闭" * 10 + "   微博",
        "编辑:甲" + "     责编:甲" * 6 + " 。",
        "更多" + ">" * 50 + "。",
        "会议结束。点击次数：673",  # a line of the article that ran into the furniture
    ],
)
def test_lines_of_articles_are_not_marked(line: str) -> None:
    assert boilerplate_lines(line) == []


def test_short_lines_among_furniture_are_marked_but_not_the_headline() -> None:
    text = "当前位置：首页 > 要闻\n县委召开会议\n会议强调，抓好防汛。\n文章分类：\n大观要闻\n友情链接\n市网站群"
    marked = {text[line.start : line.end]: line.reason for line in boilerplate_lines(text)}
    assert marked["大观要闻"] == marked["市网站群"] == "among site furniture"
    assert "县委召开会议" not in marked
    assert "会议强调，抓好防汛。" not in marked


def test_a_headline_told_three_times_is_no_furniture() -> None:
    assert boilerplate_lines("大观构建防汛指挥体系\n" * 3 + "县委部署防汛工作。") == []


class Counted(list[Boilerplate]):
    """Lines that count how often one of them is looked at."""

    looks = 0

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        self.looks += 1
        return super().__getitem__(index)

    def __iter__(self) -> Iterator[Boilerplate]:
        for index in range(len(self)):
            yield self[index]


def test_a_range_is_found_among_many_lines_with_few_looks() -> None:
    lines = Counted(Boilerplate(10 * i, 10 * i + 8, "甲") for i in range(10_000))
    inside = [is_furniture(lines, 50_000 + low, 50_000 + high) for low, high in [(0, 8), (7, 8), (7, 9), (8, 9), (-1, 1)]]
    assert inside == [True, True, False, False, False]
    assert lines.looks < 200
    assert not is_furniture([], 0, 1)


@settings(deadline=None)
@given(st.text("首页|>：上一篇县长\n 。20ICP备"))
def test_marks_are_whole_lines_in_order(text: str) -> None:
    marked = [(line.start, line.end) for line in boilerplate_lines(text)]
    assert marked == sorted(set(marked))
    assert set(marked) <= set(line_ranges(text))
    assert all("\n" not in text[start:end] and text[start:end].strip() for start, end in line_ranges(text))


def articles(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)["text"]


def test_no_sentence_of_our_corpus_is_marked() -> None:
    """Our articles have furniture on purpose; a marked line with the end of a sentence in it would be an error.

    The one that is left is a copyright notice of two sentences.
    """
    sentences = [
        text[line.start : line.end]
        for split in ("train", "dev", "test")
        for text in articles(AUTHORED / f"{split}.jsonl")
        for line in boilerplate_lines(text)
        if "。" in text[line.start : line.end]
    ]
    assert [line for line in sentences if "未经许可不得转载" not in line] == []


@pytest.mark.skipif(not SHARED.exists(), reason="the corpora of real articles are not in the repository")
@pytest.mark.parametrize("split", ["train", "dev"])
def test_lines_of_real_articles_are_hardly_ever_marked(split: str) -> None:
    lines = marked = 0
    for text in articles(SHARED / "corpora" / "annotated" / f"{split}.jsonl"):
        lines += len(line_ranges(text))
        marked += len(boilerplate_lines(text))
    assert lines > 100
    assert marked <= MOST_FALSE * lines


@pytest.mark.skipif(not SHARED.exists(), reason="the sample pages are not in the repository")
@pytest.mark.parametrize(
    ("page", "expected"),
    [("sanya-2020.txt", {0, 1, 2, 4, -1}), ("handan-2022.txt", {1, -6, -5, -4, -3, -2, -1})],
)
def test_the_furniture_of_the_sample_pages_and_nothing_else(page: str, expected: set[int]) -> None:
    text = normalise((SHARED / "samples" / page).read_text(encoding="utf-8")).text
    ranges = line_ranges(text)
    starts = {line.start for line in boilerplate_lines(text)}
    assert {i for i, (start, _) in enumerate(ranges) if start in starts} == {i % len(ranges) for i in expected}


def test_the_titles_below_a_heading_of_other_articles_are_furniture():
    text = "县委召开会议。\n相关新闻\n大观县召开安全会议 03-15\n乔永山会见客人\n县委昨天召开会议。\n大观县新貌"
    marked = {text[line.start : line.end]: line.reason for line in boilerplate_lines(text)}
    assert marked == dict.fromkeys(["相关新闻", "大观县召开安全会议 03-15", "乔永山会见客人"], "related articles")


@pytest.mark.parametrize(
    ("first", "is_title"),
    [
        ("乔永山调研春耕 - 大观县人民政府网", True),
        ("乔永山调研春耕_大观新闻", True),
        ("乔永山调研春耕", False),
        ("乔永山调研春耕生产", False),
    ],
)
def test_a_headline_with_the_name_of_the_site_is_the_title_of_the_page(first, is_title):
    lines = boilerplate_lines(f"{first}\n乔永山调研春耕\n2月5日，县委书记乔永山到村里调研。")
    assert [line.reason for line in lines] == ["title of the page"] * is_title
