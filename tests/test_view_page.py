"""The page shows the whole visible text with every span, links the cards to it, and is harmless whatever the text says."""

import json
import re
from dataclasses import replace
from html import escape

import pytest

from tests.fake_extractor import PAGE, page_document, span
from tests.rendered import Page
from yaowen.document import Document, Event, Span, Warning
from yaowen.view.html import render_html, render_pages
from yaowen.view.visible import Visible, plain, view_of

# Visible parts of a marked-up source.

SOURCE = "<html><p>县长&amp;书记<b>主持</b>召开</p><script>x=1<2</script><p>会议 &lt;好&gt;</p></html>"


def segments_of(source: str, texts: list[str]) -> list[list[int]]:
    starts = [source.index(text) for text in texts]
    return [[start, start + len(text)] for start, text in zip(starts, texts, strict=True)]


def test_markup_is_left_out_and_blocks_break_lines():
    visible = Visible.of(SOURCE, segments_of(SOURCE, ["县长&amp;书记", "主持", "召开", "会议 &lt;好&gt;"]))
    assert visible.text(0, len(SOURCE)) == "县长&书记主持召开\n会议 <好>"
    assert visible.text(SOURCE.index("主持"), SOURCE.index("召开") + 2) == "主持召开"


def test_a_plain_text_is_shown_as_it_is():
    assert Visible.of("a &amp; <b>", None).text(0, 11) == "a &amp; <b>"


def test_an_annotation_between_parts_is_shown():
    raw = "<p>張(zhāng)維</p>"
    assert Visible.of(raw, [[3, 4], [11, 12]]).text(0, len(raw)) == "張(zhāng)維"


@pytest.mark.parametrize("segments", [[[3, 99]], [[4, 5], [3, 4]], [[5, 4]]])
def test_segments_out_of_order_or_range(segments):
    with pytest.raises(ValueError, match="expected ranges in order"):
        Visible.of("<p>abcdef", segments)


# The page.


def test_the_page_shows_the_whole_text_and_marks_every_span():
    document = page_document()
    page = Page(render_html(plain(document)))
    assert [p.strip() for p in page.paragraphs] == [line for line in PAGE.splitlines() if line.strip()]
    assert page.marks == {f"{s.start}-{s.end}": s.text for s in document.spans}
    assert [p["class"] for p in page.all("span", "dim")] == ["dim"]


def test_every_card_links_to_marks_that_exist():
    document = page_document()
    page = Page(render_html(plain(document)))
    cards = page.all("li", "event")
    assert len(cards) == len(document.events)
    first = json.loads(cards[0]["data-links"])
    assert [role for _, role in first] == ["会议 meeting", "时间 date", "主持 host", "出席 attendee", "出席 attendee"]
    for card in cards + page.all("li", "person"):
        assert all(place in page.marks for place, _ in json.loads(card["data-links"]))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = [attributes["href"].removeprefix("#") for attributes in page.all("a")]
    assert targets
    assert set(targets) <= set(ids)


def test_the_legend_offers_the_labels_that_occur():
    page = Page(render_html(plain(page_document())))
    boxes = {attributes["value"] for attributes in page.all("input")}
    assert boxes == {"OFFICIAL", "POSITION", "LOCATION", "DATE", "QUANTITY", "MEASURE", "TRIGGER"}


def hostile_document() -> Document:
    bad = "<script>alert('1')</script><img src=x onerror=alert(2)>\"&'"
    raw = f"{bad}召开{bad}$title\n"
    trigger = Span(len(bad), len(bad) + 2, "召开", "TRIGGER:meeting", 0.9, bad)
    person = page_document().people[0]
    return page_document(
        raw=raw + PAGE, id=bad, spans=(trigger,), published="2020-01-01",
        events=(Event("e1", "meeting", trigger, 0.9, (replace(page_document().events[0].arguments[0], cues=(bad,)),)),),
        people=(replace(person, name=bad, offices=(replace(person.offices[0], title=bad),)),),
        warnings=(Warning(bad, bad, 0, 3),), trace=({"action": "x", "description": bad, "count": 1, "examples": []},),
    )  # fmt: skip


def test_a_hostile_text_is_harmless():
    document = hostile_document()
    page = Page(render_html(plain(document, explain=True)))
    clean = Page(render_html(plain(page_document(), explain=True)))
    assert {tag for tag, _ in page.elements} <= {tag for tag, _ in clean.elements}
    assert len(page.all("script")) == 1
    assert page.all("img") == []
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert "<script>alert('1')</script>" in page.paragraphs[0]
    assert "$title" in page.paragraphs[0]


def test_the_page_asks_for_nothing_from_outside():
    page = render_html(plain(page_document()))
    parsed = Page(page)
    assert not any(name in ("src", "srcset", "action") for _, attributes in parsed.elements for name in attributes)
    assert all(attributes["href"].startswith("#") for attributes in parsed.all("a"))
    assert parsed.all("link") == []
    assert not re.search(r"url\(|@import", page)
    (policy,) = [a["content"] for a in parsed.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert not any("style" in attributes for _, attributes in parsed.elements), "the policy would refuse it"


def test_a_marked_up_source_is_shown_without_its_markup():
    raw = SOURCE + PAGE
    trigger = span(raw, "召开", "TRIGGER:meeting")
    host = Span(
        raw.index("书记<b>"),
        raw.index("主持") + 2,
        raw[raw.index("书记<b>") : raw.index("主持") + 2],
        "OFFICIAL",
        1.0,
        "书记主持",
    )
    document = {
        "record": page_document(raw=raw, spans=(host, trigger), events=(), people=(), warnings=()).to_dict(),
        "raw": raw,
        "segments": segments_of(raw, ["县长&amp;书记", "主持", "召开", "会议 &lt;好&gt;"]),
    }
    page = Page(render_html(document))
    assert [p.strip() for p in page.paragraphs] == ["县长&书记主持召开", "会议 <好>"]
    assert page.marks[f"{host.start}-{host.end}"] == "书记主持"
    assert "x=1" not in page.paragraphs


def test_many_documents_make_one_page_and_none_is_kept():
    given: list[int] = []

    def documents():
        for number in range(3):
            given.append(number)
            yield plain(page_document(id=f"page {number}"))

    pieces = render_pages(documents())
    next(pieces)
    next(pieces)
    assert len(given) == 1
    page = Page("".join(render_pages(documents())))
    assert [attributes["id"] for attributes in page.all("section")] == ["d0", "d1", "d2"]
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_several_documents_have_a_list_of_links_and_one_has_none():
    bad = "<b>\"&'"
    html = "".join(render_pages(plain(page_document(id=name)) for name in ("甲", "", bad)))
    listed = re.search(r'<nav class="index".*?</nav>', html, re.DOTALL)[0]
    links = re.findall(r'<a href="#(\w+)">(.*?)</a>', listed)
    assert links == [("d0", "甲"), ("d1", "news/page.txt"), ("d2", escape(bad))]
    assert {place for place, _ in links} <= {a["id"] for a in Page(html).all("section")}
    assert 'class="index"' not in render_html(plain(page_document()))


def test_a_cue_that_is_a_line_break_is_written_as_its_escape():
    meeting, *rest = page_document().events
    cued = replace(meeting, arguments=(replace(meeting.arguments[0], cues=("before1=\n", "after1=\u3000")),))
    html = render_html(plain(page_document(events=(cued, *rest)), explain=True))
    assert "before1=\\n, after1=\\u3000</span>" in html


def test_no_documents_make_an_empty_page():
    assert "</html>" in "".join(render_pages([]))


def test_line_ends_of_any_kind_make_paragraphs():
    raw = "甲\r\n乙\r丙\n\n丁"
    record = page_document().to_dict() | {"spans": [], "events": [], "people": [], "warnings": []}
    page = Page(render_html({"record": record, "raw": raw}))
    assert [p.strip() for p in page.paragraphs] == ["甲", "乙", "丙", "丁"]
    assert view_of({"raw": raw}).text(0, len(raw)) == raw
