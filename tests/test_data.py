"""Readers of annotated and labelled data, and what `data.check` complains of. All sentences are made up."""

import json
import lzma
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from data import check, labelled
from data.dataset import from_dataset, to_dataset
from data.standoff import attach
from tests.annotated_files import jsonl
from yaowen.formats import annotated
from yaowen.schema import SPAN_LABELS

ROOT = Path(__file__).parent.parent
AUTHORED = sorted((ROOT / "data" / "authored").glob("*.jsonl"))
NEWS = ROOT / "data" / "news"
UNLABELLED = ROOT.parent / "shared" / "corpora" / "unlabelled"
LABELLED = ROOT.parent / "shared" / "corpora" / "labelled"
TEXT = "2月3日，清河县县长罗一凡主持召开会议。会议要求测量体温。"


def span(words: str, label: str, **more: Any) -> dict[str, Any]:
    start = TEXT.index(words)
    return {"start": start, "end": start + len(words), "label": label, **more}


def record(**changes: Any) -> dict[str, Any]:
    name, trigger, date, measure = (
        span("罗一凡", "OFFICIAL"),
        span("召开", "TRIGGER:meeting"),
        span("2月3日", "DATE"),
        span("测量体温", "MEASURE"),
    )
    place = {k: name[k] for k in ("start", "end")}
    document = {
        "id": "t-1", "published": "2021-02-04", "title": "", "text": TEXT,
        "spans": [name, trigger, date, measure, span("清河县县长", "POSITION", holder=name["start"])],
        "events": [
            {"type": "meeting", "trigger": trigger, "arguments": [{"role": "host", **place}]},
            {"type": "response", "trigger": measure, "arguments": [{"role": "actor", **place}]},
        ],
    }  # fmt: skip
    return document | changes


def test_read_gives_spans_in_text_order_with_holders(tmp_path: Path) -> None:
    (document,) = annotated.read(jsonl(tmp_path / "a.jsonl", record()))
    words = [(document.text[m.start : m.end], m.label) for m in document.spans]
    assert words == [
        ("2月3日", "DATE"), ("清河县县长", "POSITION"), ("罗一凡", "OFFICIAL"), ("召开", "TRIGGER:meeting"), ("测量体温", "MEASURE"),
    ]  # fmt: skip
    assert document.spans[1].holder == document.spans[2].start
    assert [(e.type, [a.role for a in e.arguments]) for e in document.events] == [
        ("meeting", ["host"]),
        ("response", ["actor"]),
    ]


@pytest.mark.parametrize("line", ["{", '{"id": "x"}', '{"id": "x", "text": "一", "spans": [{"start": 0}]}', "[1]"])
def test_read_names_the_file_and_line_of_what_is_no_document(tmp_path: Path, line: str) -> None:
    path = jsonl(tmp_path / "a.jsonl", record())
    path.write_text(path.read_text("utf-8") + line + "\n", "utf-8")
    with pytest.raises(ValueError, match=r"a\.jsonl, line 2: .*expected"):
        annotated.read(path)


def test_a_sound_file_passes(tmp_path: Path) -> None:
    assert check.check([jsonl(tmp_path / "a.jsonl", record())]) == check.Report((), (), 1)


def complaints(tmp_path: Path, **changes: Any) -> str:
    return "\n".join(check.check([jsonl(tmp_path / "a.jsonl", record(**changes))]).problems)


@pytest.mark.parametrize(
    ("spans", "complaint"),
    [
        ([span("罗一凡", "OFFICIAL"), span("一凡主持", "PERSON")], "overlap"),
        ([span("罗一凡", "OFFICIAL"), span("罗一凡", "PERSON")], "overlap"),
        ([span(TEXT[6:21], "MEASURE"), span("县长", "POSITION"), span("召开", "TRIGGER:meeting")], "'召开' overlap"),
        ([{"start": 20, "end": 99, "label": "DATE"}], "not inside the text"),
        ([{"start": 5, "end": 5, "label": "DATE"}], "not inside the text"),
        ([span("罗一凡", "MAYOR")], "unknown label"),
        ([span("，清河县", "LOCATION")], "punctuation"),
        ([span("会议。会议", "LOCATION")], "crosses a sentence"),
        ([span("清河县县长", "POSITION", holder=0)], "holder"),
        ([span("2月3日", "DATE"), span("清河县", "LOCATION", holder=0)], "holder"),
    ],
)
def test_bad_spans_are_named(tmp_path: Path, spans: list[dict[str, Any]], complaint: str) -> None:
    assert complaint in complaints(tmp_path, spans=spans, events=[])


def test_white_space_at_an_edge_is_named(tmp_path: Path) -> None:
    found = complaints(tmp_path, text="昨天 开会", spans=[{"start": 0, "end": 3, "label": "DATE"}], events=[])
    assert "DATE [0, 3) '昨天 ' begins or ends with punctuation or a space" in found


@pytest.mark.parametrize("words", ["“只进不出”管控方案", "-3℃"])
def test_marks_that_belong_to_a_span_are_let_be(tmp_path: Path, words: str) -> None:
    text = f"实行{words}。"
    spans = [{"start": 2, "end": 2 + len(words), "label": "MEASURE"}]
    assert complaints(tmp_path, text=text, spans=spans, events=[]) == ""


def event(kind: str, anchor: str, label: str, *arguments: tuple[str, str]) -> dict[str, Any]:
    return {
        "type": kind, "trigger": span(anchor, label), "arguments": [{"role": r, **span(w, "")} for r, w in arguments],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        (event("party", "召开", ""), "unknown type"),
        (event("talks", "召开", ""), "expected a span that anchors talks"),
        (event("meeting", "主持", ""), "its trigger is no span"),
        (event("meeting", "召开", "", ("chair", "罗一凡")), "chair .* is no role of it"),
        (event("meeting", "召开", "", ("host", "一凡")), "host .* is no span of the document"),
        (event("meeting", "召开", "", ("host", "2月3日")), "is DATE; the role takes OFFICIAL"),
    ],
)
def test_bad_events_are_named(tmp_path: Path, bad: dict[str, Any], complaint: str) -> None:
    problems = check.check([jsonl(tmp_path / "a.jsonl", record(events=[bad]))]).problems
    assert len(problems) == 1
    assert re.search(complaint, problems[0])


def test_a_text_in_two_splits_is_leakage(tmp_path: Path) -> None:
    spaced = record(id="t-2", text=TEXT + "\n ", events=[])
    paths = [jsonl(tmp_path / "train.jsonl", record()), jsonl(tmp_path / "test.jsonl", spaced)]
    (problem,) = check.check(paths).problems
    assert "the same text stands in" in problem
    assert "train.jsonl (t-1)" in problem
    assert "test.jsonl (t-2)" in problem


def test_an_id_twice_is_named(tmp_path: Path) -> None:
    other = record(text="另外一句。", spans=[], events=[])
    assert "the id 't-1' stands in" in complaints_of(jsonl(tmp_path / "a.jsonl", record(), other))


LONG = "清河县气象台二十日发布暴雨预警，城关镇连夜转移低洼处住户，医疗队在三处安置点值守到天亮。"


def plain(name: str, text: str, *spans: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "text": text, "spans": list(spans), "events": []}


def test_texts_of_two_splits_that_share_a_long_stretch_are_leakage(tmp_path: Path) -> None:
    train = jsonl(tmp_path / "train.jsonl", plain("t", "本报讯 " + LONG), plain("u", "另有一事。" + LONG))
    more = jsonl(tmp_path / "train-more.jsonl", plain("m", "又讯：" + LONG))
    dev = jsonl(tmp_path / "dev.jsonl", plain("d", LONG.replace("二十日", "22日")), plain("e", "城关镇连夜转移低洼处住户。"))
    problems = check.check([tmp_path]).problems
    assert len(problems) == 3, "texts of one split may be alike, and a few words are no leakage"
    assert all("dev.jsonl (d)" in problem and "share" in problem for problem in problems)
    assert check.check([train, more]).problems == ()
    assert "train-more.jsonl (m)" in complaints_of(dev, more)


def complaints_of(*paths: Path) -> str:
    return "\n".join(check.check(paths).problems)


def test_a_broken_line_is_told_and_the_others_are_still_checked(tmp_path: Path) -> None:
    bad = record(id="t-2", text=TEXT + "完", spans=[span("罗一凡", "MAYOR")], events=[])
    path = jsonl(tmp_path / "a.jsonl", record(), bad)
    path.write_text("{\n" + path.read_text("utf-8") + '{"id": 3}\n', "utf-8")
    report = check.check([path])
    for words, problem in zip(("line 1: not JSON", "line 4: not of the form", "MAYOR"), report.problems, strict=True):
        assert words in problem
    assert report.documents == 2


def test_words_marked_differently_after_the_same_character_are_a_doubt(tmp_path: Path) -> None:
    def marked(name: str, text: str, label: str) -> dict[str, Any]:
        start = text.index("县医院")
        return plain(name, text, {"start": start, "end": start + 3, "label": label})

    texts = marked("a", "他去县医院看望。", "LOCATION"), marked("b", "她去县医院。", "LOCATION")
    path = jsonl(
        tmp_path / "a.jsonl", *texts, marked("c", "请去县医院问。", "ORGANIZATION"), marked("d", "由县医院办，", "PERSON")
    )
    report = check.check([path])
    assert report.problems == ()
    (doubt,) = report.doubts
    assert "'县医院' after '去' is marked in different ways: LOCATION in" in doubt
    assert "(a) at 2 and 1 more; ORGANIZATION in" in doubt


def test_words_marked_once_and_not_again_between_the_same_characters_are_a_doubt(tmp_path: Path) -> None:
    text = "各地昨天启动防汛应急响应并且连夜"
    mark = {"start": 6, "end": 12, "label": "MEASURE"}
    half = {"start": 8, "end": 10, "label": "MEASURE"}
    other = "各处也启动防汛应急响应了"
    path = jsonl(
        tmp_path / "a.jsonl",
        plain("a", text, mark),
        plain("b", "另，" + text),
        plain("c", "又" + text, half),
        plain("d", other),
    )
    (doubt,) = check.check([path]).doubts
    assert re.search(r"'防汛应急响应' is MEASURE in .* \(a\) at 6, but no span .* in .* \(b\) at 8$", doubt)


def test_a_response_in_which_nobody_takes_part_is_a_doubt(tmp_path: Path) -> None:
    spans = {"start": 0, "end": 2, "label": "ORGANIZATION"}, {"start": 2, "end": 4, "label": "MEASURE"}

    def response(*roles: tuple[str, int, int]) -> dict[str, Any]:
        arguments = [{"role": role, "start": start, "end": end} for role, start, end in roles]
        return {"type": "response", "trigger": {"start": 2, "end": 4}, "arguments": arguments}

    acted = plain("a", "县里停课。", *spans) | {"events": [response(("actor", 0, 2), ("measure", 2, 4))]}
    lone = plain("b", "镇里停课了。", *spans) | {"events": [response(("measure", 2, 4))]}
    report = check.check([jsonl(tmp_path / "a.jsonl", acted, lone)])
    assert report.problems == ()
    (doubt,) = report.doubts
    assert "(b): nothing takes part in the response '停课' at [2, 4)" in doubt


def test_other_formats_are_checked_with_the_labels_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "a.bio"
    path.write_text("罗 B-NAME\n凡 I-NAME\n。 I-NAME\n来 O\n", "utf-8")
    assert "unknown label" in complaints_of(path)
    (problem,) = check.check([path], labels="resume").problems
    assert "PERSON [0, 3) '罗凡。' begins or ends with punctuation" in problem


def test_the_command_complains_on_stdout_and_by_its_status(tmp_path: Path) -> None:
    good = jsonl(tmp_path / "good.jsonl", record())
    bad = jsonl(tmp_path / "bad.jsonl", record(id="t-2", text=TEXT + "完", spans=[span("罗一凡", "MAYOR")], events=[]))
    command = [sys.executable, "-m", "data.check"]
    environment = {"PYTHONPATH": str(ROOT / "model")}
    fine = subprocess.run([*command, str(good)], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (fine.returncode, fine.stdout) == (0, "")
    poor = subprocess.run([*command, str(good), str(bad)], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert poor.returncode == 1
    assert "unknown label" in poor.stdout
    assert "Traceback" not in poor.stderr


def test_the_authored_corpus_has_the_expected_counts() -> None:
    documents = {path.stem: annotated.read(path) for path in AUTHORED}
    assert {k: (len(d), sum(len(x.spans) for x in d)) for k, d in documents.items()} == {
        "train": (178, 8362), "train-more": (200, 6965), "dev": (24, 1106), "test": (23, 1054),
    }  # fmt: skip
    assert {m.label for d in documents["train"] for m in d.spans} == set(SPAN_LABELS)


def test_the_news_has_the_expected_counts_and_none_of_its_words() -> None:
    counts = {}
    for path in sorted(NEWS.glob("*.jsonl")):
        lines = path.read_text("utf-8").splitlines()
        assert all(line.isascii() for line in lines)
        counts[path.stem] = len(lines), sum(len(json.loads(line)["spans"]) for line in lines)
    assert counts == {"train": (2688, 83873), "test": (179, 5193)}


@pytest.mark.skipif(not UNLABELLED.exists(), reason="the texts of the news are not on this machine")
def test_the_news_with_its_texts_has_no_problems(tmp_path: Path) -> None:
    for path in NEWS.glob("*.jsonl"):
        jsonl(tmp_path / path.name, *attach(map(json.loads, path.read_text("utf-8").splitlines()), UNLABELLED))
    assert check.check([tmp_path]).problems == ()


def test_dates_and_divisions_come_back_from_a_dataset() -> None:
    date = {"start": "2021-02-03", "end": "2021-02-03"}
    spans = [span("2月3日", "DATE", date=date), span("清河县", "LOCATION", place={"adcode": "130534"})]
    documents = [annotated.from_record(record(**changes)) for changes in (
        {}, {"spans": spans}, {"events": [record()["events"][0] | {"date": date, "place": {"adcode": "130534"}}]},
    )]  # fmt: skip
    assert list(from_dataset(to_dataset(documents))) == documents


def labelled_set(folder: Path) -> None:
    lines = [
        {"id": "s-0", "split": "train", "text": "罗一凡来了", "spans": [{"start": 0, "end": 3, "label": "NAME", "x": 1}]},
        {"id": "s-1", "split": "test", "text": "他走了", "spans": []},
    ]
    with lzma.open(folder / "small.jsonl.xz", "wt", encoding="utf-8") as out:
        out.writelines(json.dumps(line) + "\n" for line in lines)


def test_labelled_texts_of_a_split(tmp_path: Path) -> None:
    labelled_set(tmp_path)
    (text,) = labelled.read(tmp_path, "small", "train")
    assert (text.id, text.text, text.spans) == ("s-0", "罗一凡来了", (annotated.Mark(0, 3, "NAME"),))
    with pytest.raises(ValueError, match="no text of the split 'dev'"):
        list(labelled.read(tmp_path, "small", "dev"))
    with pytest.raises(ValueError, match=r"no such labelled set; in this folder: small"):
        list(labelled.read(tmp_path, "large", "train"))


@pytest.mark.skipif(not LABELLED.exists(), reason="the public sets are not on this machine")
@pytest.mark.parametrize(("name", "count"), [("resume", 3821), ("cluener", 10748), ("weibo", 1350)])
def test_public_train_splits_have_their_published_sizes(name: str, count: int) -> None:
    texts = list(labelled.read(LABELLED, name, "train"))
    assert len(texts) == count
    assert all(0 <= m.start < m.end <= len(t.text) for t in texts for m in t.spans)
