"""The table says who did what, when and where, fits the terminal, and cannot be steered by a text."""

import re
from dataclasses import replace

import pytest

from tests.fake_extractor import PAGE, page_document, span
from tests.rendered import width_of
from yaowen.document import Event, Warning
from yaowen.schema import ENTITY_LABELS, EVENT_TYPES, ROLES, TRIGGER_TYPES
from yaowen.view.names import column_roles, event_name, label_name, role_name
from yaowen.view.table import clause, render_table
from yaowen.view.visible import Visible, plain


def test_everything_of_the_schema_has_a_name_and_every_role_one_column():
    assert all(event_name(event_type) for event_type in EVENT_TYPES)
    assert all(label_name(label) for label in ENTITY_LABELS)
    assert all(label_name(f"TRIGGER:{event_type}") for event_type in TRIGGER_TYPES)
    roles = {role for roles in ROLES.values() for role in roles}
    assert all(role_name(role) for role in roles)
    columns = [role for column in ("when", "who", "where", "with") for role in column_roles(column)]
    assert sorted(columns) == sorted(roles)


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


@pytest.mark.parametrize("width", [120, 80])
def test_a_cue_that_is_a_line_break_breaks_no_line(width):
    meeting, *rest = page_document().events
    cued = replace(meeting, arguments=(replace(meeting.arguments[0], cues=("before1=\n", "after1=\x1b", "cue 主持")),))
    table = render_table(plain(page_document(events=(cued, *rest)), explain=True), width)
    assert "before1=\\n, after1=\\x1b, cue 主持" in table


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
        ("会议召开，明天。后天继续。", "会议召开，明天"),
        ("会议召开。明天继续，后天结束。", "会议召开"),
        ("会议召开了。明天继续。", "会议召开了"),
        ("会议召开！明天继续？后天结束。", "会议召开"),
        ("会议召开？明天继续。", "会议召开"),
        ("会议召开;明天继续。", "会议召开"),
        ("会议召开”。明天继续。", "会议召开”"),
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
