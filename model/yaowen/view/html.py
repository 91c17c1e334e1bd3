"""Documents as one self-contained page: plain data in, HTML string out; templates, style and script lie beside this file."""

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from itertools import chain, groupby, pairwise
from string import Template
from typing import Any

from yaowen.schema import SPAN_LABELS, TRIGGER_PREFIX
from yaowen.view.names import column_roles, event_name, label_name, role_name
from yaowen.view.readings import (
    added_date,
    added_place,
    completed_titles,
    date_pieces,
    meaning,
    posts,
    titles,
)
from yaowen.view.visible import Visible, clause, escaped, view_of

BOILERPLATE = "boilerplate"  # the kind of warning whose range is shown dimmed

# The roles whose fillers say when and where an event was, by the role under which a reading stands that has no words.
_READ = {"date": column_roles("when"), "location": column_roles("where")}
_EMPTY_PARAGRAPH = re.compile(r"<p>\s*</p>\n?")


def render_html(document: Mapping[str, Any]) -> str:
    """The page of one document given as plain data (`visible.plain`)."""
    return "".join(render_pages([document]))


def render_pages(documents: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """One page of all documents, piece by piece: the head, each document, the end; no document is kept.

    The list of several documents is known when the last has been read: it stands at the end, and the page's script puts it
    at the top.
    """
    rest = iter(documents)
    first = next(rest, None)
    yield _head(_title(first["record"]) if first else "yaowen")
    titles = []
    for number, document in enumerate(chain([first] if first else [], rest)):
        titles.append(_title(document["record"]))
        yield _document(number, document)
    yield _index(titles)
    yield f"<script>{_file('page.js')}</script>\n</body>\n</html>\n"


@cache
def _file(name: str) -> str:
    return (files("yaowen.view") / name).read_text("utf-8")


def _head(title: str) -> str:
    """The head of the page; its policy lets nothing in but our own style and script, told by their digests."""
    allowed = {"style-src": _file("page.css"), "script-src": _file("page.js")}
    policy = "; ".join(f"{kind} 'sha256-{_digest(content)}'" for kind, content in allowed.items())
    policy = f"default-src 'none'; {policy}; base-uri 'none'; form-action 'none'"
    return Template(_file("page.html")).substitute(policy=policy, title=escape(title), style=_file("page.css"))


def _digest(content: str) -> str:
    return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def _title(record: Mapping[str, Any]) -> str:
    return record["id"] or record["source"]["path"] or "document"


def _index(titles: Sequence[str]) -> str:
    """The links to the documents of a page, nothing where there is but one."""
    if len(titles) < 2:
        return ""
    links = "".join(f'<li><a href="#d{number}">{escape(title)}</a></li>' for number, title in enumerate(titles))
    name = f'文档 <span lang="en">documents</span> <small>{len(titles):,}</small>'
    listed = f"<details open><summary>{name}</summary><ol>{links}</ol></details>"
    return f'<nav class="index" aria-label="documents">{listed}</nav>\n'


def _document(number: int, document: Mapping[str, Any]) -> str:
    record = document["record"]
    people = {person["id"]: person for person in record["people"]}
    events = sorted(record["events"], key=lambda event: (event["trigger"]["start"], event["trigger"]["end"]))
    return Template(_file("document.html")).substitute(
        number=number,
        title=escape(_title(record)),
        facts=_facts(record),
        legend=_legend(record["spans"]),
        text=_text(number, document),
        timeline=_timeline(number, events, view_of(document)),
        dated_count=sum(_is_dated(event) for event in events),
        events="".join(_event(number, n, event, people) for n, event in enumerate(events, 1)) or _NONE,
        events_count=len(events),
        people="".join(_person(number, person) for person in record["people"]) or _NONE,
        people_count=len(people),
        notes=_notes(record),
    )


_NONE = '<li class="none">没有 none</li>'


def _facts(record: Mapping[str, Any]) -> str:
    source = record["source"]
    origin = {"caller": " (given)", "page": " (found in the page)", None: ""}[record["published_from"]]
    facts = [f"published {record['published'] or 'unknown'}{origin}", f"{source['length']:,} characters"]
    facts += [value for value in (source["path"], source["encoding"]) if value]
    return "".join(f"<span>{escape(fact)}</span>" for fact in facts)


def _kind(label: str) -> str:
    """The class of a label: itself, TRIGGER for every trigger."""
    return "TRIGGER" if label.startswith(TRIGGER_PREFIX) else label


def _legend(spans: Sequence[Mapping[str, Any]]) -> str:
    counts = Counter(_kind(span["label"]) for span in spans)
    boxes = []
    for label in dict.fromkeys(map(_kind, SPAN_LABELS)):
        if counts[label]:
            box = f'<input type="checkbox" value="{label}" checked>'
            boxes.append(f'<label class="{label}">{box}{label_name(label)} <small>{counts[label]}</small></label>')
    return "".join(boxes)


def _text(number: int, document: Mapping[str, Any]) -> str:
    """The visible text in paragraphs, every span marked."""
    visible, record = view_of(document), document["record"]
    dimmed = [(w["start"], w["end"]) for w in record["warnings"] if w["kind"] == BOILERPLATE and w["start"] is not None]

    def plain(start: int, end: int) -> Iterator[str]:
        cuts = sorted({start, end} | {at for place in dimmed for at in place if start < at < end})
        for low, high in pairwise(cuts):
            for _, _, shown in visible.pieces(low, high):
                dim = any(a <= low < b for a, b in dimmed)
                lines = (f'<span class="dim">{escape(x)}</span>' if dim and x else escape(x) for x in _lines(shown))
                yield "</p>\n<p>".join(lines)

    out: list[str] = ["<p>"]
    at = 0
    for span in sorted(record["spans"], key=lambda span: span["start"]):
        out += plain(at, span["start"])
        shown = visible.text(span["start"], span["end"])
        if shown.startswith("\n"):  # markup before the span broke the line
            out.append("</p>\n<p>")
        dim = any(a <= span["start"] < b for a, b in dimmed)
        out.append(_mark(number, span, " ".join(shown.split()), dim))
        at = span["end"]
    out += plain(at, len(visible.raw))
    out.append("</p>")
    return _EMPTY_PARAGRAPH.sub("", "".join(out))


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _at(place: Mapping[str, Any]) -> str:
    return f"{place['start']}-{place['end']}"


def _mark(number: int, span: Mapping[str, Any], shown: str, dim: bool) -> str:
    name = f"{label_name(span['label'])} · {span['score']:.2f} · {span['start']}–{span['end']}"
    name = "\n".join((name, *meaning(span)))
    classes = _kind(span["label"]) + (" dim" if dim else "")
    place = f'id="d{number}-{_at(span)}" data-at="{_at(span)}"'
    return f'<mark class="{classes}" {place} title="{escape(name)}">{escape(shown)}</mark>'


def _anchor(number: int, place: Mapping[str, Any], shown: str) -> str:
    label = f' class="{_kind(place["label"])}"' if "label" in place else ""
    return f'<a{label} href="#d{number}-{_at(place)}" data-to="{_at(place)}">{escape(shown)}</a>'


def _linker(classes: str, links: Sequence[tuple[str, str]], content: str, more: str = "") -> str:
    data = escape(json.dumps(links, ensure_ascii=False), quote=True)
    return f'<li class="linker {classes}" tabindex="0" data-links="{data}"{more}>{content}</li>'


def _links(event: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The places of an event's spans, each with what it is: the trigger, then the arguments."""
    trigger = event["trigger"]
    return [(_at(trigger), event_name(event["type"])), *((_at(a), role_name(a["role"])) for a in _others(event))]


def _others(event: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The arguments that are not the trigger itself."""
    return [a for a in event["arguments"] if _at(a) != _at(event["trigger"])]


def _event(number: int, place: int, event: Mapping[str, Any], people: Mapping[str, Any]) -> str:
    """The card of an event: type and trigger, then the arguments by role in text order, with what they were read as."""
    trigger = event["trigger"]
    fillers: dict[str, list[str]] = {}
    of = posts(event["arguments"])
    for argument in _others(event):
        fillers.setdefault(argument["role"], []).append(
            _filler(number, argument, people, of.get((argument["start"], argument["end"]), ""))
        )
    words = {role: [a["normalized"] for a in _others(event) if a["role"] in roles] for role, roles in _READ.items()}
    added = {
        "date": added_date(event.get("date"), words["date"]),
        "location": added_place(event.get("place"), words["location"]),
    }
    for role, reading in added.items():
        if reading:
            under = next((name for name in _READ[role] if name in fillers), role)
            fillers.setdefault(under, []).append(f'<span class="reading">{escape(reading)}</span>')
    rows = (f"<dt>{role_name(role)}</dt><dd>{'<br>'.join(shown)}</dd>" for role, shown in fillers.items())
    head = f"<b>{event_name(event['type'])}</b>{_anchor(number, trigger, trigger['normalized'])}"
    content = f'<p class="kind">{head}</p><dl>{"".join(rows)}</dl>'
    return _linker("event", _links(event), content, f' id="{_card(number, place)}"')


def _card(number: int, place: int) -> str:
    """The name of the card of an event, by its place in text order."""
    return f"d{number}-event-{place}"


def _is_dated(event: Mapping[str, Any]) -> bool:
    return date_pieces(event.get("date"))[1] != ""


def _timeline(number: int, events: Sequence[Mapping[str, Any]], visible: Visible) -> str:
    """The events that have a date by its start, under their days; then how many have none.

    Of those that start alike, days of one date come last, so that its hours follow under the same heading.
    """
    dated = []
    for place, event in enumerate(events, 1):
        if _is_dated(event):
            how, day, time = date_pieces(event["date"])
            start = event["date"]["start"] or event["date"]["end"]
            dated.append((start, day == start[:10], day, place, " ".join(word for word in (how, time) if word)))
    days = []
    for day, group in groupby(sorted(dated), key=lambda entry: entry[2]):
        moments = "".join(_moment(number, place, events[place - 1], when, visible) for *_, place, when in group)
        days.append(f"<li><h3>{escape(day)}</h3><ol>{moments}</ol></li>")
    if undated := len(events) - len(dated):
        days.append(f'<li class="none">未注明日期 undated <small>{undated}</small></li>')
    return "".join(days) or _NONE


def _moment(number: int, place: int, event: Mapping[str, Any], when: str, visible: Visible) -> str:
    """An event on the timeline: the time of the day, its type, which leads to its card, and its trigger in its clause."""
    trigger = event["trigger"]
    before, shown, after = clause(visible, trigger["start"], trigger["end"])
    time = f'<span class="at">{escape(when)}</span> ' if when else ""
    card = f'<a class="to-card" href="#{_card(number, place)}">{event_name(event["type"])}</a>'
    gist = f"<p>{escape(before)}{_anchor(number, trigger, shown)}{escape(after)}</p>"
    return _linker("moment", _links(event), f"<p>{time}{card}</p>{gist}", f' data-card="{_card(number, place)}"')


def _filler(number: int, argument: Mapping[str, Any], people: Mapping[str, Any], post: str) -> str:
    person = people.get(argument.get("person", ""))
    shown = _anchor(number, argument, person["name"] if person else argument["normalized"])
    offices = (post and f"→ {post}") or ("、".join(titles(person)) if person else "")
    if offices:
        shown += f' <span class="offices">{escape(offices)}</span>'
    if argument.get("cues"):
        shown += f'<span class="cues">{argument["score"]:.2f} {escape(escaped(", ".join(argument["cues"])))}</span>'
    return shown


def _person(number: int, person: Mapping[str, Any]) -> str:
    places = [{"start": start, "end": end} for start, end in person["mentions"]]
    mentions = "".join(_anchor(number, place, str(n)) for n, place in enumerate(places, 1))
    content = (
        f'<p><b>{escape(person["name"])}</b> <span class="mentions">提及 {mentions}</span></p>'
        f"<p>{escape('、'.join(titles(person)))}</p>"
    )
    if completed := completed_titles(person):
        content += f'<p class="reading">{escape("、".join(completed))}</p>'
    return _linker("person", [(_at(place), "") for place in places], content)


def _notes(record: Mapping[str, Any]) -> str:
    """Warnings and, in an explained record, the normalisation steps."""
    warnings = [
        escape(w["message"]) + ("" if w["start"] is None else f" [{w['start']}, {w['end']})") for w in record["warnings"]
    ]
    steps = [f"{escape(step['description'])}: {step['count']:,}" for step in record.get("trace", ())]
    return _folded("提示 warnings", warnings) + _folded("规范化 normalisation", steps)


def _folded(title: str, items: Sequence[str]) -> str:
    if not items:
        return ""
    rows = "".join(f"<li>{item}</li>" for item in items)
    return f'<details class="notes"><summary>{title} ({len(items)})</summary><ul>{rows}</ul></details>'
