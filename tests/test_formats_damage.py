"""Files that a program or a person damaged: what is broken is told with its place, and everything else is read."""

import json
from pathlib import Path
from typing import Any

import pytest

from data import check
from tests.annotated_files import jsonl, surfaces, write
from yaowen import formats

DEEP = "[" * 100_000
SPAN: dict[str, Any] = {"start": 0, "end": 2, "label": "DATE"}
ANCHOR = {"start": 2, "end": 4}
EVENT: dict[str, Any] = {"type": "meeting", "trigger": ANCHOR, "arguments": [{"role": "date", "start": 0, "end": 2}]}
OURS: dict[str, Any] = {
    "id": "a",
    "text": "今天开会",
    "spans": [SPAN, {**ANCHOR, "label": "TRIGGER:meeting"}],
    "events": [EVENT],
}
LONG = {"id": "b", "text": "各地昨天启动防汛应急响应并且连夜", "spans": [{"start": 6, "end": 12, "label": "MEASURE"}]}
GOOD: dict[str, dict[str, Any]] = {
    "yaowen": OURS,
    "cluener": {"text": "今天开会", "label": {"DATE": {"今天": [[0, 1]]}}},
    "doccano": {"id": 1, "text": "今天开会", "label": [[0, 2, "DATE"]]},
}


def told(tmp_path: Path, name: str, *lines: str) -> list[str]:
    """What `data.check` says of lines before a good one; the good one is read in any case."""
    good = json.dumps(GOOD[name], ensure_ascii=False)
    report = check.check([write(tmp_path / "a.jsonl", "\n".join((*lines, good)))], name)
    assert report.documents == 1
    return list(report.problems)


# --- Values of another type


@pytest.mark.parametrize("text", [None, 5, ["今天"]])
@pytest.mark.parametrize("name", ["cluener"])
def test_a_text_that_is_none_is_told(tmp_path: Path, name: str, text: Any) -> None:
    empty: dict[str, Any] = {"yaowen": {"spans": []}, "cluener": {"label": {}}, "doccano": {"label": []}}
    (problem,) = told(tmp_path, name, json.dumps({"id": "a", "text": text} | empty[name]))
    assert "a.jsonl, line 1: AnnotatedDocument.text is" in problem


@pytest.mark.parametrize("name", ["cluener"])
def test_an_id_may_be_a_whole_number_and_nothing_else(tmp_path: Path, name: str) -> None:
    (document,) = formats.read(jsonl(tmp_path / "b.jsonl", GOOD[name] | {"id": 7}), name)
    assert document.id == "7"
    (problem,) = told(tmp_path, name, json.dumps(GOOD[name] | {"id": ["a"]}))
    assert "line 1: AnnotatedDocument.id is ['a']; expected str" in problem


@pytest.mark.parametrize(("first", "last"), [(0.0, 1.0), (False, 1), ("0", "1")])
def test_an_offset_of_cluener_that_is_none_is_told(tmp_path: Path, first: Any, last: Any) -> None:
    (problem,) = told(tmp_path, "cluener", json.dumps({"text": "今天", "label": {"DATE": {"今天": [[first, last]]}}}))
    assert "a.jsonl, line 1: " in problem


def test_a_span_that_ends_far_outside_the_text_takes_no_memory(tmp_path: Path) -> None:
    report = check.check([jsonl(tmp_path / "a.jsonl", OURS | {"spans": [SPAN | {"end": 10**15}], "events": []}, LONG)])
    assert len(report.problems) == 1
    assert "is not inside the text" in report.problems[0]


# --- Nesting and encodings


@pytest.mark.parametrize("name", ["cluener"])
def test_lines_nested_without_end_are_told(tmp_path: Path, name: str) -> None:
    (problem,) = told(tmp_path, name, DEEP)
    assert "a.jsonl, line 1: not of the form (RecursionError" in problem
    (document,) = [d for d in formats.attempt(tmp_path / "a.jsonl") if not isinstance(d, ValueError)]
    assert document.text == "今天开会"


CEC = '<?xml version="1.0" encoding="{}"?><Body><Content><Paragraph>清河县<Time>昨天</Time></Paragraph></Content></Body>'


@pytest.mark.parametrize("encoding", ["foo", "gb2312", "UTF-8"])
def test_what_encoding_a_cec_file_declares_does_not_matter(tmp_path: Path, encoding: str) -> None:
    (document,) = formats.read(write(tmp_path / "a.xml", CEC.format(encoding)))
    assert (document.text, surfaces(document)) == ("清河县昨天", [("昨天", "Time")])


def test_a_cec_file_in_an_old_encoding_is_told_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(CEC.format("gb2312").encode("gb18030"))
    with pytest.raises(ValueError, match=r"a\.xml: not UTF-8 .*iconv"):
        formats.read(tmp_path / "a.xml", "cec")
