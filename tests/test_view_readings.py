"""What dates, places and offices were read as stands in the table, the timeline, the cards and the tips, if it was read."""

import re
from dataclasses import replace

import pytest

from tests.fake_extractor import PAGE, page_document
from tests.rendered import Page, width_of
from yaowen.document import Document
from yaowen.ground.dates import DateValue, read_date
from yaowen.ground.places import Place, ground_places
from yaowen.view.html import render_html
from yaowen.view.table import render_table
from yaowen.view.visible import plain


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


# The table.


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


# The page.


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
        "2023-07-01..03", "指示", "调研", "2023-07-01", "措施", "evening", "2023-07-02", "before",
    ]  # fmt: skip


def test_the_timeline_is_in_the_order_of_starts_where_hours_reach_into_another_day():
    dates = [
        {"start": start, "end": end, "precision": "hour", "source": "absolute"}
        for start, end in (
            ("2023-07-20T21:00", "2023-07-20T21:00"),
            ("2023-07-20T08:00", "2023-07-21T06:00"),
            ("2023-07-21T07:00", "2023-07-21T07:00"),
            ("2023-07-20T07:30", "2023-07-20T09:00"),
        )
    ]
    document = plain(page_document())
    for event, date in zip(document["record"]["events"], dates, strict=False):
        event["date"] = date
    told = texts_of(render_html(document))
    assert [re.split(r" [^\d .:]", text)[0] for text in told[:-1]] == [
        "2023-07-20", "07:30..09:00", "08:00..21 06:00", "21:00", "2023-07-21", "07:00",
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
