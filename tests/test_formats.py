"""Files of every format give the documents that they mean, and a bad one is told with its place; all are made up."""

from pathlib import Path
from typing import Any

import pytest

from tests.annotated_files import jsonl, surfaces, write
from yaowen import formats
from yaowen.formats import columns
from yaowen.formats.annotated import AnnotatedDocument, Event, Mark, Role

# --- CLUENER


def test_cluener_ends_are_inclusive_and_a_surface_may_stand_twice(tmp_path: Path) -> None:
    label = {"name": {"罗一凡": [[0, 2], [6, 8]]}, "position": {"县长": [[9, 10]]}}
    path = jsonl(tmp_path / "train.json", {"text": "罗一凡说，请罗一凡县长来", "label": label}, {"text": "无", "label": {}})
    assert formats.detect(path).name == "cluener"
    first, second = formats.read(path)
    assert surfaces(first) == [("罗一凡", "name"), ("罗一凡", "name"), ("县长", "position")]
    assert (second.id, second.spans) == ("train-1", ())


def test_a_surface_that_the_text_does_not_have_is_told_with_its_line(tmp_path: Path) -> None:
    good = {"text": "罗一凡", "label": {"name": {"罗一凡": [[0, 2]]}}}
    bad = {"text": "罗一凡", "label": {"name": {"罗一凡": [[0, 1]]}}}
    path = jsonl(tmp_path / "a.json", good, bad, good)
    with pytest.raises(ValueError, match=r"a\.json, line 2: .* reads '罗一', the file says '罗一凡'; expected half-open"):
        formats.read(path)
    assert [isinstance(r, ValueError) for r in formats.attempt(path)] == [False, True, False]


# --- Columns


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("B-NAME I-NAME I-NAME O B-LOC I-LOC", [("罗一凡", "NAME"), ("三河", "LOC")]),
        ("B-NAME M-NAME E-NAME O B-LOC E-LOC", [("罗一凡", "NAME"), ("三河", "LOC")]),
        ("B-NAME I-NAME L-NAME O U-LOC U-LOC", [("罗一凡", "NAME"), ("三", "LOC"), ("河", "LOC")]),
        ("S-NAME B-NAME E-NAME O S-LOC O", [("罗", "NAME"), ("一凡", "NAME"), ("三", "LOC")]),
        ("I-NAME I-NAME I-NAME O I-LOC I-LOC", [("罗一凡", "NAME"), ("三河", "LOC")]),
        ("O M-NAME E-NAME I-NAME I-LOC I-LOC", [("一凡", "NAME"), ("在", "NAME"), ("三河", "LOC")]),
    ],
)
def test_every_tag_scheme_gives_the_spans_it_means(tmp_path: Path, tags: str, spans: list[tuple[str, str]]) -> None:
    rows = "".join(f"{c} {t}\n" for c, t in zip("罗一凡在三河", tags.split(), strict=True))
    first, second = formats.read(write(tmp_path / "a.bmes", f"{rows}\n\n来 O\n"))
    assert (first.text, surfaces(first)) == ("罗一凡在三河", spans)
    assert (second.text, second.id) == ("来", "a-1")


def test_conll_takes_the_last_column_and_a_numbered_file_its_second(tmp_path: Path) -> None:
    wide = write(tmp_path / "a.conll", "罗 NR B-NP B-PER\n凡 NR I-NP I-PER\n来 VV B-VP O\n")
    numbered = write(tmp_path / "a.iob2", "# text = 罗凡来\n1\t罗\tB-PER\t-\t-\n2\t凡\tI-PER\t-\t-\n3\t来\tO\t-\t-\n")
    for path in (wide, numbered):
        (document,) = formats.read(path)
        assert (document.text, surfaces(document)) == ("罗凡来", [("罗凡", "PER")])


def test_words_of_letters_are_parted_and_single_characters_are_not(tmp_path: Path) -> None:
    path = write(tmp_path / "a.bio", "".join(f"{w} O\n" for w in ("用", "Big", "Data", "2", "0", "年")))
    assert formats.read(path)[0].text == "用Big Data 20年"


def test_a_row_without_a_tag_is_told_and_other_sentences_are_read(tmp_path: Path) -> None:
    rows = ["来 O\n"] * 12
    path = write(tmp_path / "a.bio", "罗 B-NAME\n\n凡\n\n" + "".join(rows))
    results = list(formats.attempt(path))
    assert [isinstance(r, ValueError) for r in results] == [False, True, False]
    assert "(line 3) '凡' has no tag in column 2; expected a token and its tag" in str(results[1])


def test_columns_refuse_what_they_cannot_hold(tmp_path: Path) -> None:
    for text in ("一\t二", "一\r二", "一\ud800二"):
        with pytest.raises(ValueError, match="normalise the text first"):
            columns.write([AnnotatedDocument("x", None, "", text, (), ())], tmp_path / "a.conll")
    nested = (Mark(0, 3, "DATE"), Mark(1, 2, "LOCATION"))
    with pytest.raises(ValueError, match="document x: spans overlap at 1"):
        columns.write([AnnotatedDocument("x", None, "", "一二三", nested, ())], tmp_path / "a.conll")


# --- CEC

CEC = """<?xml version="1.0" encoding="UTF-8"?>
<Body>
  <Title>清河 起火</Title>
  <ReportTime type="absTime">2031-2-3</ReportTime>
  <Content>
    <Paragraph>
      <Sentence>
        <Event eid="e1">
          <Time tid="t1" type="relTime">昨天</Time>，
          <Location lid="l1">清河 县</Location>一处
          <Denoter did="d1" type="emergency">起火</Denoter>，
        </Event>
        <Event eid="e2"><Participant sid="s2">两人</Participant>用 Big  Data
          <Denoter did="d2" type="action">逃生</Denoter>
        </Event>。
      </Sentence>
    </Paragraph>
    <Paragraph><Sentence><Event eid="e3"><Object>楼</Object>完好</Event>。</Sentence></Paragraph>
  </Content>
  <eRelation relType="Causal" cause_eid="e1" effect_eid="e2"/>
</Body>
"""


def test_cec_gives_text_without_indentation_and_events_with_their_own_elements(tmp_path: Path) -> None:
    (document,) = formats.read(write(tmp_path / "火.xml", CEC))
    assert (document.id, document.title) == ("火", "清河起火")
    assert document.text == "昨天，清河县一处起火，两人用Big Data逃生。\n楼完好。"
    assert surfaces(document) == [
        ("昨天", "Time"), ("清河县", "Location"), ("起火", "Denoter"),
        ("两人", "Participant"), ("逃生", "Denoter"), ("楼", "Object"),
    ]  # fmt: skip
    said = [
        (e.type, document.text[e.start : e.end], [(a.role, document.text[a.start : a.end]) for a in e.arguments])
        for e in document.events
    ]
    assert said == [
        ("emergency", "起火", [("Time", "昨天"), ("Location", "清河县")]),
        ("action", "逃生", [("Participant", "两人")]),
    ]


@pytest.mark.parametrize(("text", "complaint"), [("<Body>", "not XML"), ("<Body/>", "has no <Content>")])
def test_what_is_no_cec_file_is_told(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=rf"a\.xml: .*{complaint}.*expected"):
        formats.read(write(tmp_path / "a.xml", text), "cec")


# --- brat


def brat_files(folder: Path, annotations: str) -> Path:
    write(folder / "a.txt", "罗一凡到清河县。\n县长来了。")
    return write(folder / "a.ann", annotations)


def test_brat_reads_spans_and_notes_what_it_passes_over(tmp_path: Path) -> None:
    path = brat_files(tmp_path, "T2\tLOC 4 7\t清河县\nT1\tPER 0 3\t罗一凡\nR1\tat Arg1:T1 Arg2:T2\n#1\tNote T1\t?\n")
    for either in (path, path.with_suffix(".txt")):
        assert formats.detect(either).name == "brat"
        with pytest.warns(UserWarning, match=r"a\.ann: annotations other than spans are passed over: #, R"):
            (document,) = formats.read(either)
        assert surfaces(document) == [("罗一凡", "PER"), ("清河县", "LOC")]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("T1\tPER 0 1;2 3\t罗 凡", r"\(line 1\) the span PER '罗 凡' is in several pieces"),
        ("T1\tPER 0 3\t罗二凡", r"\(line 1\) the span PER \[0, 3\) reads '罗一凡', the file says '罗二凡'"),
        ("T1\tPER 0 99\t罗", r"\(line 1\) .* is not inside the text, which has 14 characters"),
        ("T1 PER 0 3", r"\(line 1\) .* expected T<number>, tab"),
    ],
)
def test_bad_brat_lines_are_told(tmp_path: Path, line: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        formats.read(brat_files(tmp_path, line + "\n"))


def test_brat_without_its_text_is_told(tmp_path: Path) -> None:
    path = brat_files(tmp_path, "")
    path.with_suffix(".txt").unlink()
    with pytest.raises(ValueError, match=r"a\.txt is missing beside a\.ann"):
        formats.read(path)


# --- doccano and Label Studio

TEXT = "县长罗一凡😀召开会议"


def test_doccano_with_labels_only(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "all.jsonl", {"id": 7, "text": TEXT, "label": [[2, 5, "人"], [0, 2, "职"]], "Comments": []})
    (document,) = formats.read(path, labels={"人": "OFFICIAL", "职": ""})
    assert (document.id, surfaces(document)) == ("7", [("罗一凡", "OFFICIAL")])


def test_doccano_relations_are_roles_and_holders_and_others_are_noted(tmp_path: Path) -> None:
    entities = [
        {"id": 4, "label": "POSITION", "start_offset": 0, "end_offset": 2},
        {"id": 5, "label": "OFFICIAL", "start_offset": 2, "end_offset": 5},
        {"id": 6, "label": "TRIGGER:meeting", "start_offset": 6, "end_offset": 8},
    ]
    found = [(6, 5, "host"), (4, 5, "holder"), (4, 6, "near")]
    record = {"id": 1, "text": TEXT, "entities": entities,
              "relations": [{"id": i, "from_id": a, "to_id": b, "type": t} for i, (a, b, t) in enumerate(found)]}  # fmt: skip
    with pytest.warns(UserWarning, match="no roles of events are passed over: near"):
        (document,) = formats.read(jsonl(tmp_path / "a.jsonl", record))
    assert document.events == (Event("meeting", 6, 8, (Role("host", 2, 5),)),)
    assert document.spans[0] == Mark(0, 2, "POSITION", holder=2)


def task(*regions: dict[str, Any], **more: Any) -> dict[str, Any]:
    results = [{"id": str(i), "type": "labels", "value": r} for i, r in enumerate(regions)]
    return {"id": 3, "data": {"text": TEXT}, "annotations": [{"was_cancelled": True}, {"result": results}]} | more


def region(start: int, end: int, text: str | None, label: str = "X") -> dict[str, Any]:
    return {"start": start, "end": end, "labels": [label]} | ({} if text is None else {"text": text})


@pytest.mark.parametrize("shift", [0, 1], ids=["code points", "UTF-16"])
def test_label_studio_offsets_after_an_emoji_are_told_by_the_words(tmp_path: Path, shift: int) -> None:
    record = task(region(2, 5, "罗一凡"), region(6 + shift, 8 + shift, "召开"))
    (document,) = formats.read(jsonl(tmp_path / "a.json", [record]))
    assert surfaces(document) == [("罗一凡", "X"), ("召开", "X")]


def test_label_studio_words_that_fit_neither_way_are_told(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.json", [task(), task(region(3, 5, "罗一凡"))])
    with pytest.raises(ValueError, match=r"a\.json, task 2: .* reads '一凡', the file says '罗一凡'"):
        formats.read(path)


def test_label_studio_tasks_that_nobody_annotated_are_passed_over(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.json", [task(annotations=[]), task(region(0, 2, None))])
    with pytest.warns(UserWarning, match="task 1: has not been annotated"):
        (document,) = formats.read(path)
    assert surfaces(document) == [("县长", "X")]


def test_label_studio_json_min_and_a_relation_drawn_backwards(tmp_path: Path) -> None:
    short = {"id": 1, "text": TEXT, "label": [region(0, 2, "县长")]}
    assert surfaces(formats.read(jsonl(tmp_path / "min.json", [short]))[0]) == [("县长", "X")]
    record = task(region(2, 5, "罗一凡", "OFFICIAL"), region(6, 8, "召开", "TRIGGER:meeting"))
    backwards = {"type": "relation", "from_id": "0", "to_id": "1", "direction": "left", "labels": ["host"]}
    record["annotations"][1]["result"].append(backwards)
    (document,) = formats.read(jsonl(tmp_path / "a.json", [record]))
    assert document.events == (Event("meeting", 6, 8, (Role("host", 2, 5),)),)
