"""The whole chain with the model that ships: laws that hold for any model, and a few plain readings."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import yaowen
from tests.tiny_model import authored_texts
from yaowen.extractor import DEFAULT_MODEL
from yaowen.schema import ROLES
from yaowen.text.normalise import normalise

pytestmark = pytest.mark.skipif(not (DEFAULT_MODEL / "manifest.json").exists(), reason="no model in the package")

MEETING = "2月5日上午，市委书记乔永山主持召开市委常委会会议，市长柳新民出席会议。会议强调，要做好核酸检测和入户排查。"
PAGE = """<html><head><title>要闻</title><style>p{}</style></head><body><div class="nav"><a href="/">首页</a> | <a>政务</a></div>
<h1>喬永山主持召開市委常委會會議</h1><p>發布時間：2021-02-06 08:30</p>
<p>2月5日上午，市委書記<b>喬永山</b>主持召開市委常委&nbsp;會會議，市長柳新民出席會議。</p></body></html>"""


@pytest.fixture(scope="module")
def extractor():
    return yaowen.load()


def check_laws(document, raw):
    assert document.raw == raw
    record = document.to_dict(explain=True)
    for span in [
        *record["spans"],
        *(e["trigger"] for e in record["events"]),
        *(a for e in record["events"] for a in e["arguments"]),
    ]:
        assert raw[span["start"] : span["end"]] == span["text"] != ""
        assert 0 < span["score"] <= 1
    starts = [(s["start"], s["end"]) for s in record["spans"]]
    assert starts == sorted(starts)
    assert all(a[1] <= b[0] for a, b in pairwise(starts)), "spans overlap"
    known = {(s["start"], s["end"], s["label"]) for s in record["spans"]}
    people = {p["id"]: {tuple(m) for m in p["mentions"]} for p in record["people"]}
    for event in record["events"]:
        for argument in event["arguments"]:
            assert (argument["start"], argument["end"], argument["label"]) in known
            assert argument["label"] in ROLES[event["type"]][argument["role"]]
            if "person" in argument:
                assert (argument["start"], argument["end"]) in people[argument["person"]]


def test_a_plain_meeting(extractor):
    document = extractor.extract(MEETING, published="2021-02-06")
    check_laws(document, MEETING)
    meeting = next(e for e in document.events if e.type == "meeting")
    assert [a.span.text for a in meeting.fillers("host")] == ["乔永山"]
    offices = {p.name: [o.title for o in p.offices] for p in document.people}
    assert offices == {"乔永山": ["市委书记"], "柳新民": ["市长"]}
    assert (document.published, document.published_from) == ("2021-02-06", "caller")


def test_html_in_traditional_characters_points_into_the_source(extractor):
    document = extractor.extract(PAGE)
    check_laws(document, PAGE)
    names = {p.name for p in document.people}
    assert "乔永山" in names
    assert (document.published, document.published_from) == ("2021-02-06", "page")
    shown = "".join(PAGE[a:b] for a, b in document.visible)
    assert "<" not in shown
    assert "喬永山" in shown
    assert any(w.kind == "boilerplate" for w in document.warnings)


def test_line_furniture_is_marked_and_takes_no_part_in_events(extractor):
    raw = MEETING + "\n上一篇：市长柳新民主持召开市政府常务会议\n"
    document = extractor.extract(raw)
    check_laws(document, raw)
    furniture = [w for w in document.warnings if w.kind == "boilerplate"]
    assert [raw[w.start : w.end] for w in furniture] == ["上一篇：市长柳新民主持召开市政府常务会议"]
    assert all(e.trigger.end <= furniture[0].start for e in document.events)


def test_many_is_one_by_one(extractor):
    texts = list(authored_texts()[:6]) * 3
    together = [d.to_dict() for d in extractor.extract_many(iter(texts))]
    alone = [extractor.extract(text).to_dict() for text in texts]
    assert [strip_scores(d) for d in together] == [strip_scores(d) for d in alone]


def strip_scores(value):
    """A record without its scores: batches differ in the last digits of a float."""
    if isinstance(value, dict):
        return {k: strip_scores(v) for k, v in value.items() if k != "score"}
    return [strip_scores(v) for v in value] if isinstance(value, list) else value


def test_many_is_a_stream(extractor):
    def endless():
        while True:
            yield MEETING

    documents = extractor.extract_many(endless())
    assert len({next(documents).source.sha256 for _ in range(200)}) == 1


@pytest.mark.parametrize("text", ["", " \n\t", "。。。", "<html><body><script>var a=1</script></body></html>"])
def test_nothing_to_read_says_what_to_check(extractor, text):
    with pytest.raises(ValueError, match="the text is empty"):
        extractor.extract(text)


@pytest.mark.parametrize("published", ["2021-2-6", "06.02.2021", "2021-02-30", ""])
def test_a_published_that_is_no_date(extractor, published):
    with pytest.raises(ValueError, match="expected YYYY-MM-DD"):
        extractor.extract(MEETING, published=published)


def test_other_languages_are_doubted(extractor):
    document = extractor.extract("The committee held a meeting on Monday.")
    assert any(w.kind == "language" for w in document.warnings)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(
            [MEETING, "召開會議(huì)\u200b，", "李\u3000明市長", "<p>", "&nbsp;", "\r\n", "😀", "\ud83d", "5月１日"]
        ),
        min_size=1,
        max_size=12,
    )
)
def test_laws_hold_for_any_text(extractor, pieces):
    raw = "".join(pieces)
    if any(c.isalnum() for c in normalise(raw).text):
        check_laws(extractor.extract(raw, html=False), raw)
    else:
        with pytest.raises(ValueError, match="the text is empty"):
            extractor.extract(raw, html=False)


def test_explained_arguments_name_their_cues(extractor):
    document = extractor.extract(MEETING, explain=True)
    cues = [a.cues for e in document.events for a in e.arguments if a.role != "measure"]
    assert cues
    assert all(cues)
    assert document.to_dict(explain=True)["trace"] == list(document.trace)


def test_records_before_a_text_that_is_none_are_given(extractor):
    documents = extractor.extract_many([MEETING, " ", MEETING])
    assert next(documents).raw == MEETING
    with pytest.raises(ValueError, match="the text is empty"):
        next(documents)


@pytest.mark.parametrize("given", [None, b"\xe5\xb8\x82", 7])
def test_what_is_no_text_is_told(extractor, given):
    with pytest.raises(TypeError, match=rf"a text is expected, not {type(given).__name__}"):
        extractor.extract(given)
    documents = extractor.extract_many([MEETING, given])
    assert next(documents)
    with pytest.raises(TypeError, match="a text is expected"):
        next(documents)


def test_the_day_of_publication_may_be_a_date(extractor):
    days = [extractor.extract("昨日，市长柳新民主持会议。", given).to_dict() for given in ("2020-02-10", date(2020, 2, 10))]
    assert days[0] == days[1]
    assert days[0]["published"] == "2020-02-10"


def test_the_package_lists_what_it_offers():
    assert dir(yaowen) == ["Document", "Extractor", "Input", "load"]


def test_who_got_which_post(extractor):
    raw = "3月5日，大观县人大常委会任命：\n段应良为县教育局局长；\n武安平为县民政局局长；\n檀晓东为县审计局局长。"
    document = extractor.extract(raw)
    (event,) = (e for e in document.events if e.type == "appointment")
    got = {a.span.text: [p.text for p in a.positions] for a in event.fillers("appointee")}
    assert got == {"段应良": ["县教育局局长"], "武安平": ["县民政局局长"], "檀晓东": ["县审计局局长"]}
    known = {(a["start"], a["end"]) for a in event.to_dict()["arguments"] if a["role"] == "position"}
    assert {tuple(place) for a in event.to_dict()["arguments"] for place in a.get("positions", ())} == known
