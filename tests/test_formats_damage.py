"""Files that a program or a person damaged: what is broken is told with its place, and everything else is read."""

import json
from pathlib import Path
from typing import Any

import pytest

from data import check
from tests.annotated_files import jsonl, surfaces, write
from yaowen import formats
from yaowen.document import Document, Source, Span
from yaowen.formats import columns
from yaowen.formats.annotated import AnnotatedDocument, Mark
from yaowen.formats.predicted import from_document
from yaowen.view.visible import Visible

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
@pytest.mark.parametrize("name", GOOD)
def test_a_text_that_is_none_is_told(tmp_path: Path, name: str, text: Any) -> None:
    empty: dict[str, Any] = {"yaowen": {"spans": []}, "cluener": {"label": {}}, "doccano": {"label": []}}
    (problem,) = told(tmp_path, name, json.dumps({"id": "a", "text": text} | empty[name]))
    assert "a.jsonl, line 1: AnnotatedDocument.text is" in problem


@pytest.mark.parametrize("name", GOOD)
def test_an_id_may_be_a_whole_number_and_nothing_else(tmp_path: Path, name: str) -> None:
    (document,) = formats.read(jsonl(tmp_path / "b.jsonl", GOOD[name] | {"id": 7}), name)
    assert document.id == "7"
    (problem,) = told(tmp_path, name, json.dumps(GOOD[name] | {"id": ["a"]}))
    assert "line 1: AnnotatedDocument.id is ['a']; expected str" in problem


@pytest.mark.parametrize(
    "change",
    [
        {"spans": [SPAN | {"end": value}]} for value in (float("inf"), 2.0, "2", True, None)
    ]
    + [{"spans": [SPAN | {"label": value}]} for value in (5, ["DATE"], None)]
    + [{"spans": [SPAN | {"holder": value}]} for value in (0.5, [0])]
    + [{"events": [EVENT | {"type": ["meeting"]}]}, {"events": [EVENT | {"trigger": {"start": 2, "end": 3.9}}]}]
    + [{"events": [EVENT | {"arguments": [SPAN | {"role": value}]}]} for value in (["date"], 5)]
    + [{"published": 2021}, {"title": ["x"]}, {"spans": [SPAN | {"date": {"start": 1, "end": 2}}]}],
    ids=str,
)  # fmt: skip
def test_a_value_of_another_type_is_told(tmp_path: Path, change: dict[str, Any]) -> None:
    (problem,) = told(tmp_path, "yaowen", json.dumps(OURS | change))
    assert "a.jsonl, line 1: " in problem
    assert "expected" in problem


@pytest.mark.parametrize("label", [[0.0, 2.0, "DATE"], [0, 2, ["DATE"]], [False, 2, "DATE"], [0, 1e999, "DATE"]])
def test_a_label_of_doccano_that_is_none_is_told(tmp_path: Path, label: list[Any]) -> None:
    (problem,) = told(tmp_path, "doccano", json.dumps(GOOD["doccano"] | {"label": [label]}))
    assert "a.jsonl, line 1: " in problem


@pytest.mark.parametrize(("first", "last"), [(0.0, 1.0), (False, 1), ("0", "1")])
def test_an_offset_of_cluener_that_is_none_is_told(tmp_path: Path, first: Any, last: Any) -> None:
    (problem,) = told(tmp_path, "cluener", json.dumps({"text": "今天", "label": {"DATE": {"今天": [[first, last]]}}}))
    assert "a.jsonl, line 1: " in problem


def test_a_span_that_ends_far_outside_the_text_takes_no_memory(tmp_path: Path) -> None:
    report = check.check([jsonl(tmp_path / "a.jsonl", OURS | {"spans": [SPAN | {"end": 10**15}], "events": []}, LONG)])
    assert len(report.problems) == 1
    assert "is not inside the text" in report.problems[0]


# --- Nesting and encodings


@pytest.mark.parametrize("name", GOOD)
def test_lines_nested_without_end_are_told(tmp_path: Path, name: str) -> None:
    (problem,) = told(tmp_path, name, DEEP)
    assert "a.jsonl, line 1: not of the form (RecursionError" in problem
    (document,) = [d for d in formats.attempt(tmp_path / "a.jsonl") if not isinstance(d, ValueError)]
    assert document.text == "今天开会"


def test_label_studio_nested_without_end_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a\.json: not JSON .*; expected a list of tasks"):
        formats.read(write(tmp_path / "a.json", DEEP))


def test_a_region_of_label_studio_may_hold_a_backslash_before_an_n(tmp_path: Path) -> None:
    text = "存于C:\\new，\n完"
    regions = [(2, 8, "C:\\new"), (9, 11, "\\n完"), (9, 11, "\n完")]  # a line feed may be escaped, a backslash is none
    values = [{"start": start, "end": end, "text": words, "labels": ["X"]} for start, end, words in regions]
    tasks = [{"data": {"text": text}, "annotations": [{"result": [{"id": "a", "value": value}]}]} for value in values]
    found = [surfaces(document) for document in formats.read(jsonl(tmp_path / "a.json", tasks))]
    assert found == [[("C:\\new", "X")], [("\n完", "X")], [("\n完", "X")]]


@pytest.mark.parametrize(("name", "value"), [("text", 5), ("id", [1]), ("title", 2)])
def test_a_value_of_label_studio_of_another_type_is_told(tmp_path: Path, name: str, value: Any) -> None:
    short = {"id": 1, "text": "今天", "label": [{"start": 0, "end": 2, "labels": ["DATE"]}]}
    results = list(formats.attempt(jsonl(tmp_path / "a.json", [short | {name: value}, short]), "label-studio"))
    assert "a.json, task 1: " in str(results[0])
    assert [isinstance(result, ValueError) for result in results] == [True, False]


CEC = '<?xml version="1.0" encoding="{}"?><Body><Content><Paragraph>清河县<Time>昨天</Time></Paragraph></Content></Body>'


@pytest.mark.parametrize("encoding", ["foo", "gb2312", "UTF-8"])
def test_what_encoding_a_cec_file_declares_does_not_matter(tmp_path: Path, encoding: str) -> None:
    (document,) = formats.read(write(tmp_path / "a.xml", CEC.format(encoding)))
    assert (document.text, surfaces(document)) == ("清河县昨天", [("昨天", "Time")])


def test_a_cec_file_in_an_old_encoding_is_told_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(CEC.format("gb2312").encode("gb18030"))
    with pytest.raises(ValueError, match=r"a\.xml: not UTF-8 .*iconv"):
        formats.read(tmp_path / "a.xml", "cec")


# --- Columns


def test_a_slip_in_one_tag_is_told_and_all_other_sentences_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.bio", "罗 B-NAME\n凡 I-NAME\n\n" * 200 + "市 0\n\n来 O\n")
    results = list(formats.attempt(path))
    assert [i for i, result in enumerate(results) if isinstance(result, ValueError)] == [200]
    assert "(line 601) '市 0' has no tag in column 2" in str(results[200])


def test_a_slip_takes_no_earlier_column_for_the_tags(tmp_path: Path) -> None:
    path = write(tmp_path / "a.conll", "罗 B-NP B-PER\n\n" * 40 + "市 B-NP 0\n\n")
    *good, bad = formats.attempt(path)
    assert isinstance(bad, ValueError)
    assert all(surfaces(document) == [("罗", "PER")] for document in good if not isinstance(document, ValueError))
    with pytest.raises(ValueError, match="no column of tags found"):
        formats.read(write(tmp_path / "b.bio", "罗 O\n" + "市 0\n" * 9), "columns")


def test_a_numbered_file_may_have_a_slip_in_its_numbers(tmp_path: Path) -> None:
    rows = "".join(f"{number} 罗 O\n" for number in (*range(1, 40), "39-40"))
    assert formats.read(write(tmp_path / "a.bio", rows))[0].text == "罗" * 40


@pytest.mark.parametrize("blank", ["\u3000", " ", "\xa0"])
@pytest.mark.parametrize("between", [" ", "\t"])
def test_a_blank_is_a_token_too(tmp_path: Path, blank: str, between: str) -> None:
    rows = [(c, "O") for c in f"罗{blank}凡"]
    path = write(tmp_path / "a.bio", "".join(f"{between.join(row)}\n" for row in rows))
    assert formats.read(path)[0].text == f"罗{blank}凡"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_any_line_end_ends_a_line(tmp_path: Path, end: str) -> None:
    (tmp_path / "a.bio").write_bytes(end.join(["罗 B-NAME", "凡 I-NAME", "", "来 O", ""]).encode())
    first, second = formats.read(tmp_path / "a.bio", "columns")
    assert (surfaces(first), second.text) == ([("罗凡", "NAME")], "来")


@pytest.mark.parametrize(("start", "end"), [(2, 2), (1, 99), (-1, 2), (2, 1), (0, 3)])
def test_a_span_outside_the_lines_of_a_text_is_told_and_not_written(tmp_path: Path, start: int, end: int) -> None:
    document = AnnotatedDocument("x", None, "", "一二\n三", (Mark(start, end, "DATE"),), ())
    with pytest.raises(ValueError, match=rf"document x: the span DATE \[{start}, {end}\) is not inside one line"):
        columns.write([document], tmp_path / "a.conll")
    assert not (tmp_path / "a.conll").exists()


def test_a_label_that_makes_no_tag_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the label 'MY DATE' has white space"):
        columns.write([AnnotatedDocument("x", None, "", "一二", (Mark(0, 1, "MY DATE"),), ())], tmp_path / "a.conll")


@pytest.mark.parametrize("name", ["a\tb", "a\nb", "a\r\nb", "a b"])
def test_any_id_comes_back_in_one_line(tmp_path: Path, name: str) -> None:
    columns.write([AnnotatedDocument(name, None, "", "一二", (), ())], tmp_path / "a.conll")
    (document,) = formats.read(tmp_path / "a.conll")
    assert (document.id, document.text) == ("a b", "一二")


# --- Predictions


def page_of(paragraphs: int) -> Document:
    """A page of paragraphs `今&amp;日&nbsp;开会`, with two spans in each."""
    line = "<p>今&amp;日&nbsp;开会</p>\n"
    raw = line * paragraphs
    spans = tuple(
        Span(at + low, at + low + len(words), words, "DATE", 0.9, words)
        for at in range(0, len(raw), len(line))
        for low, words in ((3, "今&amp;日"), (16, "开会"))
    )
    visible = tuple((at + 3, at + 18) for at in range(0, len(raw), len(line)))
    return Document("page", Source(None, None, "", len(raw)), None, None, raw, spans, (), (), visible=visible)


def test_spans_of_a_page_are_what_a_reader_sees() -> None:
    found = from_document(page_of(2))
    assert found.text == "今&日\xa0开会\n今&日\xa0开会"
    assert [words for words, _ in surfaces(found)] == ["今&日", "开会"] * 2


def test_a_long_page_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    page, read, shown = page_of(2000), 0, Visible.shown

    def counted(self: Visible, start: int, end: int) -> str:
        nonlocal read
        read += end - start
        return shown(self, start, end)

    monkeypatch.setattr(Visible, "shown", counted)
    assert len(from_document(page).spans) == 4000
    assert read < 10 * len(page.raw)
