"""The views: what a terminal and a page show of a document."""

import json
import re
import unicodedata
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tests.fake_extractor import PAGE, page_document, span
from yaowen.document import Document, Event, Span, Warning
from yaowen.ground.dates import DateValue, read_date
from yaowen.ground.places import Place, ground_places
from yaowen.schema import ENTITY_LABELS, EVENT_TYPES, ROLES, TRIGGER_TYPES
from yaowen.view.html import render_html, render_pages
from yaowen.view.names import column_roles, event_name, label_name, role_name
from yaowen.view.table import clause, render_table
from yaowen.view.visible import Visible, plain, view_of


def width_of(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def test_everything_of_the_schema_has_a_name_and_every_role_one_column():
    assert all(event_name(event_type) for event_type in EVENT_TYPES)
    assert all(label_name(label) for label in ENTITY_LABELS)
    assert all(label_name(f"TRIGGER:{event_type}") for event_type in TRIGGER_TYPES)
    roles = {role for roles in ROLES.values() for role in roles}
    assert all(role_name(role) for role in roles)
    columns = [role for column in ("when", "who", "where", "with") for role in column_roles(column)]
    assert sorted(columns) == sorted(roles)


# The table.


def grounded_document(raw: str = PAGE, **fields) -> Document:
    """The document of PAGE with an event for every way to be dated and placed."""
    document = page_document(raw)
    day, evening, until = (read_date(w, published="2023-07-22") for w in ("7月21日上午", "7月20日晚", "截至7月21日12时"))
    recent, town = read_date("近日", published="2023-07-22"), ground_places(["宁夏永宁县望洪镇"])[0]
    meeting, order, measure, advice, visit = document.events
    offices = [replace(document.people[2].offices[0], status="原")]
    events = (
        replace(meeting, date=day), replace(order, date=until), replace(measure, date=recent, place=town), advice,
        replace(visit, date=evening, place=town),
    )  # fmt: skip
    spans = tuple(
        replace(s, date=day) if s.label == "DATE" else replace(s, place=town) if s.text == "望洪镇" else s
        for s in document.spans
    )
    people = (*document.people[:2], replace(document.people[2], offices=tuple(offices)))
    return replace(document, **({"spans": spans, "events": events, "people": people} | fields))


@pytest.mark.parametrize("width", [200, 99, 40])
def test_a_table_adds_what_dates_places_and_offices_were_read_as(width):
    table = render_table(plain(grounded_document()), width)
    assert all(width_of(line) <= width for line in table.splitlines())
    together = re.sub(r"\s", "", table)
    assert "马明川（原副县长）" in together
    if width < 100:
        assert "2023年7月21日上午2023-07-21forenoon" in together
        assert "when约2023-07-15..22" in together
        assert "until2023-07-2112:00" in together
        assert "望洪镇宁夏回族自治区银川市永宁县" in together
    if width > 40:
        assert "县委副书记、县长2永宁县委副书记、永宁县县长" in together
        assert "原副县长1原永宁县副县长" in together


@pytest.mark.parametrize("width", [100, 120])
def test_a_reading_of_hours_is_not_cut(width):
    hours = read_date("7月21日8时至17时30分", published="2023-07-22")
    events = tuple(replace(event, date=hours) for event in page_document().events)
    assert render_table(plain(page_document(events=events)), width).count(" 08:00..17:30") == len(events)


def test_what_was_not_read_is_not_in_a_table():
    document = page_document()
    unread, nowhere = DateValue(reason="no such day"), Place(reason="no name of a division")
    events = tuple(replace(event, date=unread, place=nowhere) for event in document.events)
    people = tuple(
        replace(p, offices=tuple(replace(o, reading=replace(o.reading, completed_body=None)) for o in p.offices))
        for p in document.people
    )
    bare = replace(document, people=people)
    assert render_table(plain(replace(bare, events=events))) == render_table(plain(bare))


@pytest.mark.parametrize("width", [200, 120, 100, 99, 60, 40])
def test_a_table_says_who_did_what_when_and_where_and_fits_the_terminal(width):
    table = render_table(plain(page_document()), width)
    assert all(width_of(line) <= width for line in table.splitlines())
    together = re.sub(r"\s", "", table)
    assert "news/page.txt" in together
    assert "published2023-07-22(given)" in together
    for name in ("主持host:", "出席attendee:", "陪同companion:", "会议", "meeting", "贺兰川（县委书记）"):
        assert name in together
    if width < 100:  # cards: no column cuts through a text
        assert "2023年7月21日上午" in together
        assert "陆知夏（县委副书记、县长）" in together


def test_the_roster_and_the_warnings_are_told():
    table = render_table(plain(page_document()))
    assert re.search(r"陆知夏\s+县委副书记、县长\s+2\n", table)
    assert "! left out: navigation [139, 146)" in table


def test_many_warnings_of_a_kind_are_summed_up():
    warnings = tuple(Warning("boilerplate", f"line {n}", n, n + 1) for n in range(9))
    table = render_table(plain(page_document(warnings=warnings)))
    assert "line 2" in table
    assert "line 3" not in table
    assert "6 more of the kind 'boilerplate'" in table


def test_events_stand_in_text_order():
    document = page_document()
    table = render_table(plain(replace(document, events=document.events[::-1])), 99)
    assert table.index("召开防汛") < table.index("会议要求") < table.index("要加强巡堤查险")


def test_explain_tells_cues_and_steps_only_when_asked():
    assert "cue 主持" not in render_table(plain(page_document()))
    table = render_table(plain(page_document(), explain=True))
    assert "cue 主持" in table
    assert "space of another kind written as a plain space" in table


def test_color_only_when_asked():
    assert "\x1b[" not in render_table(plain(page_document()), color=False)
    assert "\x1b[" in render_table(plain(page_document()), color=True)


def test_a_text_cannot_steer_the_terminal():
    raw = "市长\x1b[31m\x1b]0;title\x07召开[bold]会议[/bold] :smile:"
    trigger = span(raw, "召开", "TRIGGER:meeting")
    document = page_document(
        raw=raw + PAGE, id="\x1b[2J", events=(Event("e1", "meeting", trigger, 0.9, ()),), spans=(trigger,), warnings=()
    )
    table = render_table(plain(document), 200)
    assert "\x1b" not in table
    assert "\x07" not in table
    assert "召开[bold]会议[/bold] :smile:" in table


def test_a_document_without_events():
    table = render_table(
        plain(page_document(spans=(), events=(), people=(), warnings=(), published=None, published_from=None))
    )
    assert "published unknown" in table
    assert "0 events" in table


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("今天。县委书记主持召开会议，部署工作。", "县委书记主持召开会议"),
        ("会议召开，明天继续。", "会议召开，明天继续"),
        ("3,000人召开大会,结束", "3,000人召开大会"),
        ("会议\n召开\n以后", "召开"),
        ("会议召开。\n以后", "会议召开"),
        ("甲" * 100 + "召开" + "乙" * 100, "…" + "甲" * 24 + "召开" + "乙" * 24 + "…"),
        ("主持\u3000 \u200b召开  会议", "主持召开会议"),
    ],
)
def test_a_trigger_is_shown_in_its_clause(raw, shown):
    at = raw.index("召开")
    text = clause(Visible.of(raw, None), {"start": at, "end": at + 2})
    assert text.plain.replace(" ", "") == shown
    assert [text.plain[s.start : s.end] for s in text.spans if "bold" in str(s.style)] == ["召开"]


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


class Page(HTMLParser):
    """What a browser would find in a page: elements with attributes, the text of the article."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.paragraphs: list[str] = []
        self.marks: dict[str, str] = {}
        self._mark: str | None = None
        self._inside = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append((tag, attributes))
        if tag == "article":
            self._inside = True
        elif tag == "p" and self._inside:
            self.paragraphs.append("")
        elif tag == "mark":
            self._mark = attributes["data-at"]
            self.marks[self._mark] = ""

    def handle_endtag(self, tag):
        if tag == "article":
            self._inside = False
        if tag == "mark":
            self._mark = None

    def handle_data(self, data):
        if self._inside and self.paragraphs:
            self.paragraphs[-1] += data
        if self._mark:
            self.marks[self._mark] += data

    def all(self, tag: str, name: str = "") -> list[dict[str, str]]:
        return [attributes for found, attributes in self.elements if found == tag and name in attributes.get("class", "")]


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


def texts_of(html: str) -> list[str]:
    """The timeline of a page as text: days and moments in order."""
    timeline = html[html.index('class="timeline"') : html.index("</details>", html.index('class="timeline"'))]
    parts = re.findall(r"<h3>.*?</h3>|<li class=\"(?:linker moment|none)\".*?</li>", timeline)
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", part)).strip() for part in parts]


def test_the_timeline_tells_dated_events_by_day_and_counts_the_others():
    html = render_html(plain(grounded_document()))
    assert texts_of(html) == [
        "2023-07-15..22", "约 措施 response 转移群众 320人",
        "2023-07-20", "evening 调研 inspection 他到望洪镇 调研 ，陆知夏陪同",
        "2023-07-21", "forenoon 会议 meeting 县委书记贺兰川主持 召开 防汛工作会议",
        "until 12:00 指示 directive 会议 要求 ，各乡镇落实24小时值班制度",
        "未注明日期 undated 1",
    ]  # fmt: skip
    assert texts_of(render_html(plain(page_document()))) == ["未注明日期 undated 5"]
    assert texts_of(render_html(plain(page_document(events=())))) == ["没有 none"]


def test_days_of_one_start_stay_together_and_a_date_without_start_stands_at_its_end():
    dates = [
        read_date(words, published="2023-07-22")
        for words in ("7月1日晚", "7月1日至3日", "7月1日", "7月2日前", "7月1日至3日")
    ]
    events = tuple(replace(event, date=date) for event, date in zip(page_document().events, dates, strict=True))
    first_words = [text.split(" ")[0] for text in texts_of(render_html(plain(page_document(events=events))))]
    assert first_words == [
        "2023-07-01", "措施", "evening", "2023-07-01..03", "指示", "调研", "2023-07-02", "before",
    ]  # fmt: skip


def test_every_moment_leads_to_its_card_and_to_its_spans():
    page = Page(render_html(plain(grounded_document())))
    moments, cards = page.all("li", "moment"), {card["id"]: card for card in page.all("li", "event")}
    assert len(moments) == 4
    assert all(cards[moment["data-card"]]["data-links"] == moment["data-links"] for moment in moments)
    links = [a["href"] for a in page.all("a", "to-card")]
    assert links == ["#" + moment["data-card"] for moment in moments]
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    assert {a["href"].removeprefix("#") for a in page.all("a")} <= ids


def test_cards_and_spans_say_what_was_read():
    html = render_html(plain(grounded_document()))
    assert html.count('<span class="reading">宁夏回族自治区银川市永宁县</span>') == 2
    assert '<dd><span class="reading">约 2023-07-15..22</span></dd>' in html
    assert '<p class="reading">永宁县委副书记、永宁县县长</p>' in html
    tips = {mark["data-at"]: mark["title"].split("\n")[1:] for mark in Page(html).all("mark")}
    (at,) = [f"{s.start}-{s.end}" for s in page_document().spans if s.text == "望洪镇"]
    assert tips[at] == ["= 宁夏回族自治区银川市永宁县望洪镇 640121"]
    assert [tip for tip in tips.values() if tip and "2023" in tip[0]] == [["= 2023-07-21 forenoon · filled"]]
    assert 'class="reading"' not in render_html(plain(page_document(people=())))


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


def test_hostile_readings_are_harmless():
    bad = "<script>alert('1')</script><img src=x onerror=alert(2)>\"&'\x1b[31m"
    document = plain(grounded_document())
    place = {"adcode": bad, "full_name": bad, "town": bad, "candidates": [{"full_name": bad, "score": 0.5}] * 2}
    date = {"start": bad, "end": bad + bad, "precision": "part_of_day", "part": bad, "source": bad}
    for event in document["record"]["events"]:
        event |= {"date": date, "place": place}
    for found, value in zip(document["record"]["spans"], [{"reason": bad, "partial": bad}, date] * 99, strict=False):
        found |= {"date": value, "place": place if value is date else {"adcode": None, "reason": bad}}
    for person in document["record"]["people"]:
        person["offices"] = [{"title": bad, "office": bad, "completed_body": bad, "status": bad}]
    page = Page(render_html(document))
    assert {tag for tag, _ in page.elements} == {tag for tag, _ in Page(render_html(plain(grounded_document()))).elements}
    assert len(page.all("script")) == 1
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert "\x1b" not in render_table(document)


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


def test_no_documents_make_an_empty_page():
    assert "</html>" in "".join(render_pages([]))


def test_line_ends_of_any_kind_make_paragraphs():
    raw = "甲\r\n乙\r丙\n\n丁"
    record = page_document().to_dict() | {"spans": [], "events": [], "people": [], "warnings": []}
    page = Page(render_html({"record": record, "raw": raw}))
    assert [p.strip() for p in page.paragraphs] == ["甲", "乙", "丙", "丁"]
    assert view_of({"raw": raw}).text(0, len(raw)) == raw
