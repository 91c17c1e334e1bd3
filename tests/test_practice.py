"""Words that two sets of annotators do not mark alike."""

import sys

import pytest

from data import practice
from data.practice import Difference, differences
from tests.annotated_files import jsonl
from yaowen.formats.annotated import AnnotatedDocument, Mark


def document(text: str, *marks: tuple[str, str]) -> AnnotatedDocument:
    spans = tuple(Mark(text.index(words), text.index(words) + len(words), label) for words, label in marks)
    return AnnotatedDocument("d", None, "", text, spans, ())


MARKING = [document("全力救治伤员。", ("救治", "MEASURE"))] * 8 + [document("会议召开。", ("召开", "TRIGGER:meeting"))] * 8
LEAVING = [document("全力救治伤员。")] * 8 + MARKING[8:]


def test_words_that_the_others_leave_are_told_and_no_others():
    assert differences(MARKING, LEAVING) == [Difference("救治", "MEASURE", (8, 8), (0, 8))]
    assert [d.beside for d in differences(LEAVING, MARKING)] == [(8, 8)]
    assert not differences(MARKING, LEAVING, "TRIGGER")
    assert not differences(MARKING, MARKING)


def test_words_inside_a_longer_mark_are_not_counted():
    longer = [document("开展医疗救治工作。", ("医疗救治", "MEASURE"))] * 8
    assert not differences(MARKING, longer), "they stand nowhere unmarked"
    assert not differences([document("救，治", ("，", "MEASURE"))] * 20, LEAVING), "what is left of a text is not joined"


def test_a_difference_that_chance_makes_is_not_told():
    assert not differences(MARKING[:2], LEAVING[:2])


def test_the_most_surprising_comes_first():
    more = [document("排查隐患。", ("排查", "MEASURE"))] * 40
    less = [document("排查隐患。")] * 40
    assert [d.words for d in differences(MARKING + more, LEAVING + less)] == ["排查", "救治"]


def test_the_command_tells_both_rates(tmp_path, monkeypatch, capsys):
    def record(number, spans):
        return {"id": str(number), "text": "全力救治伤员。", "spans": spans, "events": []}

    span = {"start": 2, "end": 4, "label": "MEASURE"}
    here = jsonl(tmp_path / "here.jsonl", *(record(n, [span]) for n in range(8)))
    beside = jsonl(tmp_path / "beside.jsonl", *(record(n, []) for n in range(9)))
    monkeypatch.setattr(sys, "argv", ["practice", str(here), "--beside", str(beside), "--label", "MEASURE"])
    practice.main()
    told = capsys.readouterr()
    assert told.out == "救治 MEASURE: 8 of 8 here, 0 of 9 beside\n"
    assert "1 words" in told.err
    monkeypatch.setattr(sys, "argv", ["practice", str(here), "--beside", str(tmp_path / "none.jsonl")])
    with pytest.raises(SystemExit):
        practice.main()
    assert "none.jsonl" in capsys.readouterr().err
