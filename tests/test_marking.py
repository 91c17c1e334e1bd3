import pytest

from data.check import check_document
from data.marking import parse
from yaowen.formats import annotated

SOURCE = """\
## w01 | 2021-07-21 | 某县转移群众
[DATE 7月20日|1 2]，[ORG 县防指|2]在[LOC 县政府|1][1meeting 召开]会议，[POS 县委副书记]、[POS 县长][OFF 甲某|1]主持，[OFF 乙][POS 局长]讲话。
\\[图\\] [ORG 县防指|3]启动[MEA 防汛四级应急响应|=2]，[MEA 停课]；[3app 任命][OFF 丙某|3]为[POS 副县长|3]，[OFF 丁某]（[POS 组长]、[POS 主任]）。
"""


def _only(source):
    (record,) = parse(source.splitlines(), "here.txt")
    return record


def test_marks_become_spans_events_and_holders():
    record = _only(SOURCE)
    text = record["text"]
    assert (record["id"], record["published"], record["title"]) == ("w01", "2021-07-21", "某县转移群众")
    assert text.splitlines()[1] == "[图] 县防指启动防汛四级应急响应，停课；任命丙某为副县长，丁某（组长、主任）。"
    words = [(text[s["start"] : s["end"]], s["label"]) for s in record["spans"]]
    assert words[:3] == [("7月20日", "DATE"), ("县防指", "ORGANIZATION"), ("县政府", "LOCATION")]
    holders = [text[s["start"] : s["end"]] + text[s["holder"]] for s in record["spans"] if "holder" in s]
    assert holders == ["县委副书记甲", "县长甲", "局长乙", "组长丁", "主任丁"]
    events = [(e["type"], [(a["role"], text[a["start"] : a["end"]]) for a in e["arguments"]]) for e in record["events"]]
    assert events == [
        ("meeting", [("date", "7月20日"), ("location", "县政府"), ("host", "甲某")]),
        ("response", [("date", "7月20日"), ("actor", "县防指"), ("measure", "防汛四级应急响应")]),
        ("appointment", [("body", "县防指"), ("appointee", "丙某"), ("position", "副县长")]),
    ]


def test_what_it_makes_passes_the_check():
    import json

    (document,) = annotated.parse([json.dumps(_only(SOURCE))], "here")
    assert list(check_document(document)) == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[OFF 甲某", r"a \[ that belongs to no mark"),
        ("甲某\\", r"a \\ that belongs to no mark; .* \\\\ stand for these"),
        ("[OFF 甲\\]", r"a \[ that belongs to no mark"),
        ("[POS 县长|<>]", "the note '<>'; expected"),
        ("[ABC 甲某]", "the label 'ABC'"),
        ("[DATE 今天|4]", "names event 4, which has no trigger"),
        ("[1in 发生]", "'in' fits inspection, incident"),
        ("[1meeting 召开][1meeting 举行]", "a second trigger for event 1"),
        ("[1talks 会见][QTY 三人|1]", "'三人' is QUANTITY and cannot be"),
        ("[1talks 会见][OFF 甲某|1host]", "the role of '1host': 'host' fits nothing"),
        ("[ORG 县防指|=1]", "expected =NUMBER of a MEASURE"),
        ("[MEA 停课|=]", "expected =NUMBER of a MEASURE"),
    ],
)
def test_errors_name_file_and_line(line, message):
    with pytest.raises(ValueError, match=message) as error:
        list(parse(["## w01 | | 题", "无标记的一行", line], "here.txt"))
    assert str(error.value).startswith("here.txt, line 3: ")


def test_escaped_characters_stand_for_themselves_in_marks_too():
    record = _only("## w01 | | 题\n[MEA 防汛\\[一\\]\\|\\\\]，\\[图\\]\\\\")
    (span,) = record["spans"]
    assert record["text"] == "防汛[一]|\\，[图]\\"
    assert record["text"][span["start"] : span["end"]] == "防汛[一]|\\"


def test_text_needs_a_head_line():
    with pytest.raises(ValueError, match="before the first head line"):
        list(parse(["县长"], "here.txt"))
