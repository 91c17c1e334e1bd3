"""A document as tables for a terminal: who, in which office, did what, when and where."""

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from yaowen.view.names import column_roles, event_name, role_name
from yaowen.view.readings import added_date, added_place, completed_titles, posts, titles
from yaowen.view.visible import CLAUSE, Visible, escaped, one_line, view_of
from yaowen.view.visible import clause as clause_of

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

WIDE = 100  # columns of a terminal from which events are a table; below, a list of cards
WHEN = len("约 2022-02-24..")  # columns of a date, so that a day or the hours of one stay on a line
WARNINGS = 3  # of one kind shown; the record has them all
OFFICES = 3  # shown beside a name; the roster has them all


def render_table(document: Mapping[str, Any], width: int = 120, color: bool = False) -> str:
    """The tables of a document given as plain data (`visible.plain`), for a terminal of `width` columns.

    Where the record was made with `explain`, the cues of every argument and the normalisation steps follow.
    """
    from rich.console import Console

    out = io.StringIO()
    console = Console(
        file=out, width=width, force_terminal=color, no_color=not color, markup=False, highlight=False, emoji=False
    )
    record, visible = document["record"], view_of(document)
    for part in _sections(record, visible, console):
        console.print(part)
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n"))


def _sections(record: Mapping[str, Any], visible: Visible, console: "Console") -> "list[RenderableType]":
    from rich.padding import Padding

    sections: list[RenderableType] = [_heading(record)]
    people = {person["id"]: person for person in record["people"]}
    rows = [_row(event, people, visible) for event in _in_text_order(record["events"])]
    if rows:
        sections.append(_event_table(rows) if console.width >= WIDE else _event_cards(rows))
    if record["people"]:
        sections.append(_roster(record["people"]))
    if any("cues" in argument for event in record["events"] for argument in event["arguments"]):
        sections.append(_reasons(record["events"]))
    if record.get("trace"):
        sections.append(_trace(record["trace"]))
    if record["warnings"]:
        sections.append(_warnings(record["warnings"]))
    return [Padding(section, (0, 0, 1, 0)) for section in sections]


def _in_text_order(events: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(events, key=lambda event: (event["trigger"]["start"], event["trigger"]["end"]))


def _heading(record: Mapping[str, Any]) -> "Text":
    from rich.text import Text

    source = record["source"]
    heading = Text(one_line(source["path"] or record["id"] or "document"), style="bold")
    origin = {"caller": " (given)", "page": " (found in the page)", None: ""}[record["published_from"]]
    facts = (
        f"published {record['published'] or 'unknown'}{origin}",
        _count(source["length"], "character"),
        _count(len(record["events"]), "event"),
        _count(len(record["people"]), "person", "people"),
    )
    return heading.append("\n" + " · ".join(facts), style="not bold dim")


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _row(event: Mapping[str, Any], people: Mapping[str, Any], visible: Visible) -> "dict[str, Text]":
    """The cells of an event by column."""
    from rich.text import Text

    row = {"type": Text("\n".join(event_name(event["type"]).split(" ", 1)), style="bold cyan")}
    row["what"] = clause(visible, event["trigger"])
    trigger = (event["trigger"]["start"], event["trigger"]["end"])
    others = [a for a in event["arguments"] if (a["start"], a["end"]) != trigger]
    for column in ("when", "who", "where", "with"):
        row[column] = _cell(others, column, people)
    written = {role: [a["normalized"] for a in others if a["role"] in column_roles(role)] for role in ("when", "where")}
    _add(row["when"], added_date(event.get("date"), written["when"]))
    _add(row["where"], added_place(event.get("place"), written["where"]))
    return row


def _add(cell: "Text", reading: str) -> None:
    """A reading under the written words of a cell."""
    if reading:
        cell.append(("\n" if cell else "") + one_line(reading), style="dim")


def _cell(arguments: Sequence[Mapping[str, Any]], column: str, people: Mapping[str, Any]) -> "Text":
    """The fillers of a column's roles, a line for each role; the role is named where the column does not say it."""
    from rich.text import Text

    lines, of = [], posts(arguments)
    for role in column_roles(column):
        mine = (a for a in arguments if a["role"] == role)
        fillers = list(dict.fromkeys(_filler(a, people, of.get((a["start"], a["end"]), "")) for a in mine))
        if fillers:
            name = "" if role in ("date", "location") else role_name(role) + ": "
            # Somebody with offices gets a line, so that no line starts with the mark between two of them.
            apart = "\n" if any("（" in filler for filler in fillers) else "、"
            lines.append(Text.assemble((name, "dim"), apart.join(fillers)))
    return Text("\n").join(lines)


def _filler(argument: Mapping[str, Any], people: Mapping[str, Any], post: str) -> str:
    """An argument as a person reads it: somebody with the post that is told or the offices, else the span without noise."""
    person = people.get(argument.get("person", ""))
    if post:
        return one_line(f"{person['name'] if person else argument['normalized']}（→ {post}）")
    if person is None:
        return one_line(argument["normalized"])
    offices = [one_line(title) for title in titles(person)]
    more = "…" if len(offices) > OFFICES else ""
    return one_line(person["name"]) + (f"（{'、'.join(offices[:OFFICES])}{more}）" if offices else "")


def clause(visible: Visible, trigger: Mapping[str, Any]) -> "Text":
    """A trigger within its clause, the trigger in bold; where the clause ends with the trigger, the next one follows."""
    from rich.text import Text

    before, shown, after = clause_of(visible, trigger["start"], trigger["end"])
    return Text.assemble(before, (shown, "bold yellow"), after)


HEADINGS = {"when": "when 时间", "who": "who 谁", "what": "did what 做了什么", "where": "where 地点", "with": "with 内容"}


def _event_table(rows: "Sequence[Mapping[str, Text]]") -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, title="events 事件", title_justify="left", title_style="bold", pad_edge=False)
    table.add_column("#", justify="right", style="dim")
    table.add_column(HEADINGS["when"], max_width=WHEN, overflow="fold")
    table.add_column("type 类型", no_wrap=True)
    for name, ratio in (("who", 9), ("what", 8), ("where", 4), ("with", 6)):
        table.add_column(HEADINGS[name], ratio=ratio, overflow="fold")
    table.expand = True
    for number, row in enumerate(rows, 1):
        cells = (row["when"], row["type"], row["who"], row["what"], row["where"], row["with"])
        table.add_row(str(number), *cells, end_section=number < len(rows))
    return table


def _event_cards(rows: "Sequence[Mapping[str, Text]]") -> "RenderableType":
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    cards: list[RenderableType] = [Text("events 事件", style="bold")]
    for number, row in enumerate(rows, 1):
        card = Table.grid(padding=(0, 1, 0, 0))
        card.add_column(style="dim", no_wrap=True, justify="right", width=5)
        card.add_column(overflow="fold")
        kind = Text(" ", style="bold cyan").join(row["type"].split("\n"))
        card.add_row(str(number), Text.assemble(kind, "  ", row["what"]))
        for column in ("when", "who", "where", "with"):
            if row[column]:
                card.add_row(column, row[column])
        cards += [card, Text("")]
    return Group(*cards[:-1])


def _roster(people: Sequence[Mapping[str, Any]]) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, title="people 人物", title_justify="left", title_style="bold", pad_edge=False)
    table.add_column("name 姓名", no_wrap=True, style="bold")
    table.add_column("offices 职务", overflow="fold")
    table.add_column("mentions 提及", justify="right")
    for person in people:
        offices = Text("、".join(map(one_line, titles(person))))
        _add(offices, "、".join(completed_titles(person)))
        table.add_row(one_line(person["name"]), offices, str(len(person["mentions"])))
    return table


def _reasons(events: Sequence[Mapping[str, Any]]) -> "RenderableType":
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    parts: list[RenderableType] = [Text("why 依据: score and cues of every argument, strongest first", style="bold")]
    for number, event in enumerate(_in_text_order(events), 1):
        parts.append(Text(f"{number:>2} {event_name(event['type'])}: {one_line(event['trigger']['normalized'])}"))
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column(width=2)
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold", style="dim")
        for argument in event["arguments"]:
            cues = escaped(", ".join(argument.get("cues", ())))
            filler = one_line(argument["normalized"])
            grid.add_row("", role_name(argument["role"]), filler, f"{argument['score']:.2f}", cues)
        parts.append(grid)
    return Group(*parts)


def _trace(trace: Sequence[Mapping[str, Any]]) -> "Table":
    from rich import box
    from rich.table import Table

    title = "normalisation steps 规范化"
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    table.add_column("step")
    table.add_column("edits", justify="right")
    table.add_column("first ones: raw offsets, before → after", overflow="fold")
    for step in trace:
        first = [f"{e['start']}–{e['end']} {_short(e['before'])} → {_short(e['after'])}" for e in step["examples"][:3]]
        table.add_row(step["description"], f"{step['count']:,}", "\n".join(first))
    return table


def _short(text: str) -> str:
    return repr(text if len(text) <= CLAUSE else text[:CLAUSE] + "…")


def _warnings(warnings: Sequence[Mapping[str, Any]]) -> "Text":
    from rich.text import Text

    lines = []
    shown = Counter(warning["kind"] for warning in warnings)
    for kind, count in shown.items():
        for warning in [w for w in warnings if w["kind"] == kind][:WARNINGS]:
            place = "" if warning["start"] is None else f" [{warning['start']}, {warning['end']})"
            lines.append(Text.assemble(("! ", "bold yellow"), one_line(warning["message"]), (place, "dim")))
        if count > WARNINGS:
            lines.append(Text(f"! … and {count - WARNINGS:,} more of the kind {kind!r}", style="dim"))
    return Text("\n").join(lines)
