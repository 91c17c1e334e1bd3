"""Who is who and who holds what: one entry a person, no entry for two."""

import pytest

from tests.counted import Counted
from tests.marked import marked
from yaowen.assemble.holders import holders, runs, statuses
from yaowen.assemble.layout import Layout
from yaowen.assemble.roster import roster


def people(source: str) -> list[tuple[str, int, list[str]]]:
    """Name, number of mentions and titles of each entry; a status stands before its title with a colon."""
    layout = Layout(*marked(source))
    text = {i: layout.text[s.start : s.end] for i, s in enumerate(layout.spans)}

    def title(entry, office):
        return f"{entry.status[office]}:{text[office]}" if office in entry.status else text[office]

    return [
        (e.name, len(e.mentions), [title(e, office) for office in e.offices]) for e in roster(layout, tuple(runs(layout)))
    ]


CAREERS = [
    (
        "a career is that of the person told of",
        "[OFFICIAL 李固]，男，汉族，[DATE 1974年8月]生，现任[POSITION 市教育局党组书记]、[POSITION 局长]，拟任[POSITION 县委书记]。",
        [("李固", 1, ["现任:市教育局党组书记", "现任:局长"])],
    ),
    (
        "each line of a notice has its own person",
        "[OFFICIAL 李固]，男，现任[POSITION 县长]，拟任[POSITION 县委书记]。\n[OFFICIAL 覃玉]，女，现任[POSITION 副县长]。",
        [("李固", 1, ["现任:县长"]), ("覃玉", 1, ["现任:副县长"])],
    ),
    (
        "commas and semicolons go on with a career",
        "被告人[OFFICIAL 王峰]利用担任[POSITION 省纪委常委]、[POSITION 秘书长]，[POSITION 省监察厅厅长]；[POSITION 市委书记]等职务上的便利",
        [("王峰", 1, ["省纪委常委", "秘书长", "省监察厅厅长", "市委书记"])],
    ),
    (
        "he is the person of the line before",
        "[OFFICIAL 王峰]，男，汉族。\n他曾任[POSITION 县委书记]。",
        [("王峰", 1, ["曾任:县委书记"])],
    ),
    (
        "an appointment is no career",
        "[OFFICIAL 王峰][TRIGGER:appointment 任][POSITION 县委书记]。",
        [("王峰", 1, [])],
    ),
    (
        "a title that an appointment gives is none of the next person in the list",
        "[POSITION 县委书记][OFFICIAL 王峰]任[POSITION 组长]、[POSITION 海关副关长][OFFICIAL 李固]任[POSITION 副组长]",
        [("王峰", 1, ["县委书记"]), ("李固", 1, ["海关副关长"])],
    ),
    (
        "two titles with a comma, where the first opens the clause",
        "[DATE 11月]，[POSITION 部党委委员]，[POSITION 监察局党组书记]、[POSITION 局长][OFFICIAL 黄生]主持会议",
        [("黄生", 1, ["部党委委员", "监察局党组书记", "局长"])],
    ),
    (
        "but not where the first is somebody else's",
        "会见了[LOCATION 甲国][POSITION 总理]，[POSITION 外长][OFFICIAL 黄生]参加",
        [("黄生", 1, ["外长"])],
    ),
    ("made by 以…为", "以[OFFICIAL 贲军]、[OFFICIAL 缪梅]为[POSITION 副理事长]", [("贲军", 1, ["副理事长"]), ("缪梅", 1, ["副理事长"])]),
    ("a bracket behind the name", "[POSITION 县长][OFFICIAL 宁彤]（兼[POSITION 组长]）到场", [("宁彤", 1, ["县长", "组长"])]),
    (
        "a bracket before the name",
        "[POSITION 县委常委]、[POSITION 副县长]（[ORGANIZATION 省指挥部]选派）[OFFICIAL 马新]到场",
        [("马新", 1, ["县委常委", "副县长"])],
    ),
    (
        "cells of a table: a title is nearer to its own name",
        "[OFFICIAL 麻泽] [POSITION 州林业局局长]  [OFFICIAL 宇晖] [POSITION 支队长]",
        [("麻泽", 1, ["州林业局局长"]), ("宇晖", 1, ["支队长"])],
    ),
]  # fmt: skip

SAME_NAMES = [
    (
        "two heads of places",
        "[POSITION 共和县县长][OFFICIAL 张伟]到场。[POSITION 贵德县县长][OFFICIAL 张伟]也来了。[OFFICIAL 张伟]说",
        [("张伟", 1, ["共和县县长"]), ("张伟", 2, ["贵德县县长"])],
    ),
    (
        "the head of a place and that of a hospital",
        "[POSITION 共和县县长][OFFICIAL 张伟]到场。[POSITION 州医院院长][OFFICIAL 张伟]也来了。[POSITION 共和县县长][OFFICIAL 张伟]说",
        [("张伟", 2, ["共和县县长"]), ("张伟", 1, ["州医院院长"])],
    ),
    (
        "one list names a person once",
        "[POSITION 县财政局局长][OFFICIAL 张伟]、[POSITION 县水利局局长][OFFICIAL 张伟]参加",
        [("张伟", 1, ["县财政局局长"]), ("张伟", 1, ["县水利局局长"])],
    ),
    (
        "the reporter is not the official",
        "[POSITION 县长][OFFICIAL 张伟]说。（记者 [PERSON 张伟]）",
        [("张伟", 1, ["县长"]), ("张伟", 1, [])],
    ),
    (
        "offices that one person can hold are one person's",
        "[POSITION 县委副书记][OFFICIAL 张伟]说。[POSITION 县长][OFFICIAL 张伟]、[POSITION 指挥长][OFFICIAL 李明]走了。[POSITION 指挥部指挥长][OFFICIAL 张伟]说",
        [("张伟", 3, ["县委副书记", "县长", "指挥部指挥长"]), ("李明", 1, ["指挥长"])],
    ),
    (
        "a former office speaks of nobody else",
        "[POSITION 共和县县长][OFFICIAL 张伟]，曾任[POSITION 贵德县县长]。原[POSITION 贵德县县长][OFFICIAL 张伟]说",
        [("张伟", 2, ["共和县县长", "曾任:贵德县县长"])],
    ),
    (
        "the same office in short and in full",
        "[POSITION 青海省共和县县长][OFFICIAL 张伟]到场。[POSITION 共和县县长][OFFICIAL 张伟]说。[POSITION 县长][OFFICIAL 张伟]走了。",
        [("张伟", 3, ["青海省共和县县长"])],
    ),
]  # fmt: skip

SHORT_NAMES = [
    (
        "a surname joins the only one it fits",
        "[POSITION 海南医院副院长][OFFICIAL 周登峰]、[POSITION 县长][OFFICIAL 周明]到场。[OFFICIAL 周][POSITION 院长]说",
        [("周登峰", 2, ["海南医院副院长"]), ("周明", 1, ["县长"])],
    ),
    (
        "a compound surname too",
        "[POSITION 市医院院长][OFFICIAL 欧阳德]到场。[OFFICIAL 欧阳][POSITION 院长]说",
        [("欧阳德", 2, ["市医院院长"])],
    ),
    (
        "part of a name with a dot",
        "[POSITION 总统][OFFICIAL 约瑟夫·莱登]到访。[OFFICIAL 莱登]说",
        [("约瑟夫·莱登", 2, ["总统"])],
    ),
    (
        "a part that two names have joins neither",
        "[OFFICIAL 约瑟夫·莱登]和[OFFICIAL 亨特·莱登]到访。[OFFICIAL 莱登]说",
        [("约瑟夫·莱登", 1, []), ("亨特·莱登", 1, []), ("莱登", 1, [])],
    ),
]  # fmt: skip

DEPUTIES = [
    (
        "who was the deputy and is the head holds both offices",
        "[POSITION 副市长][OFFICIAL 张伟]到场。[POSITION 市长][OFFICIAL 张伟]说",
        [("张伟", 2, ["副市长", "市长"])],
    ),
    (
        "with the body named, too",
        "[POSITION 县委副书记][OFFICIAL 张伟]到场。[POSITION 书记][OFFICIAL 张伟]说",
        [("张伟", 2, ["县委副书记", "书记"])],
    ),
    (
        "a former office hides no present one",
        "时任[POSITION 副市长][OFFICIAL 张伟]到场。现任[POSITION 市长][OFFICIAL 张伟]说",
        [("张伟", 2, ["时任:副市长", "现任:市长"])],
    ),
    (
        "a deputy's title in short is the same",
        "[POSITION 县政府副县长][OFFICIAL 张伟]到场。[POSITION 副县长][OFFICIAL 张伟]说",
        [("张伟", 2, ["县政府副县长"])],
    ),
    (
        "a deputy is called by the title of the head",
        "[POSITION 副市长][OFFICIAL 王强]到场。[OFFICIAL 王][POSITION 市长]说",
        [("王强", 2, ["副市长"])],
    ),
    (
        "but not where the head has that surname",
        "[POSITION 三亚市副市长][OFFICIAL 王强]、[POSITION 三亚市市长][OFFICIAL 王刚]到场。[OFFICIAL 王][POSITION 市长]说",
        [("王强", 1, ["三亚市副市长"]), ("王刚", 2, ["三亚市市长"])],
    ),
    (
        "two deputies of one surname are told apart by nothing",
        "[POSITION 副市长][OFFICIAL 王强]、[POSITION 副市长][OFFICIAL 王刚]到场。[OFFICIAL 王][POSITION 市长]说",
        [("王强", 1, ["副市长"]), ("王刚", 1, ["副市长"]), ("王", 1, ["市长"])],
    ),
]  # fmt: skip

FORMER = [
    (
        "原 is said of all titles of one body",
        "[ORGANIZATION 省盐务局]原[POSITION 党组书记]、[POSITION 局长]、[POSITION 一级巡视员][OFFICIAL 张伟]被查",
        [("张伟", 1, ["原:党组书记", "原:局长", "一级巡视员"])],
    ),
    (
        "but not of one that names its body, nor of those behind it",
        "原[POSITION 副市长]、[POSITION 市政协委员]、[POSITION 秘书长][OFFICIAL 张伟]到场",
        [("张伟", 1, ["原:副市长", "市政协委员", "秘书长"])],
    ),
    (
        "a unit is no body of its own",
        "原[POSITION 县委常委]、[POSITION 组织部部长][OFFICIAL 张伟]到场",
        [("张伟", 1, ["原:县委常委", "原:组织部部长"])],
    ),
    (
        "代 is said of the one title",
        "代[POSITION 县长]、[POSITION 党组书记][OFFICIAL 张伟]到场",
        [("张伟", 1, ["代:县长", "党组书记"])],
    ),
    (
        "a former office is another than that of the same name elsewhere",
        "[ORGANIZATION 三亚市委]原[POSITION 副书记][OFFICIAL 张伟]到场。[POSITION 共和县某乡党委副书记][OFFICIAL 张伟]说",
        [("张伟", 2, ["原:副书记", "共和县某乡党委副书记"])],
    ),
    (
        "also where its body is not told",
        "原[POSITION 副书记][OFFICIAL 张伟]到场。[POSITION 某乡党委副书记][OFFICIAL 张伟]说",
        [("张伟", 2, ["原:副书记", "某乡党委副书记"])],
    ),
    (
        "and told again in short it is one",
        "[ORGANIZATION 三亚市委]原[POSITION 副书记][OFFICIAL 张伟]到场。[POSITION 副书记][OFFICIAL 张伟]说",
        [("张伟", 2, ["原:副书记"])],
    ),
]  # fmt: skip

CASES = [*CAREERS, *SAME_NAMES, *SHORT_NAMES, *DEPUTIES, *FORMER]


@pytest.mark.parametrize(("source", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_people(source, expected):
    assert people(source) == expected


def test_status_stands_before_its_title_only():
    layout = Layout(
        *marked("[ORGANIZATION 省公安厅]原[POSITION 厅长]、[POSITION 省委委员]、代[POSITION 省长][OFFICIAL 祁明]")
    )
    assert statuses(layout, tuple(runs(layout))) == {1: "原", 3: "代"}
    assert holders(layout, tuple(runs(layout))) == {4: [1, 2, 3]}


LONG = [
    "[POSITION 市长][OFFICIAL 张三]说。",
    "[POSITION 三亚市市长][OFFICIAL 张三]、",
    "[OFFICIAL 张三]说。",
    "[OFFICIAL 艾力·买提]说。[OFFICIAL 买提]说。",
    "[POSITION 副市长][OFFICIAL 王强]到场。[OFFICIAL 王][POSITION 市长]说。",
    "[POSITION 市长][OFFICIAL 张%d]说。[OFFICIAL 张][POSITION 市长]说。",
    "[POSITION 第%d县县长][OFFICIAL 张三]说。",
    "[POSITION 第%d县县长][OFFICIAL 张三]、",
    "[POSITION 市长]到场，",
    "曾任[POSITION 市长]。",
]


@pytest.mark.parametrize("unit", LONG)
def test_the_work_grows_with_the_text_not_its_square(unit):
    def work(times):
        text = "".join(unit.replace("%d", str(i + 1000)) for i in range(times))
        layout = Layout(*marked(text + "[OFFICIAL 周四]说。"))
        layout.spans, layout.chains = Counted(layout.spans), Counted(layout.chains)
        roster(layout, tuple(runs(layout)))
        return layout.spans.taken + layout.chains.taken

    assert work(200) <= 2.2 * work(100)
