"""A document built by hand and an extractor that gives it, for the tests of the command line and the views."""

import hashlib
import re

from yaowen.document import Argument, Document, Event, Office, Person, Source, Span, Warning
from yaowen.ground.offices import read_office

# Invented persons and incidents; the place is real. `⟦` `⟧` mark boilerplate.
PAGE = """当前位置：首页 > 要闻
永宁县部署防汛工作

2023年7月21日上午，县委书记贺兰川主持召开防汛工作会议，县委副书记、县长陆知夏，副县长马明川出席会议。会议要求，各乡镇落实24小时值班制度，转移群众320人。
贺兰川强调，要加强巡堤查险。会前，他到望洪镇调研，陆知夏陪同。
上一篇：没有了
"""

LABELS = {
    "OFFICIAL": ("贺兰川", "陆知夏", "马明川"),
    "POSITION": ("县委书记", "县委副书记", "县长", "副县长"),
    "LOCATION": ("永宁县", "望洪镇"),
    "DATE": ("2023年7月21日上午",),
    "QUANTITY": ("320人",),
    "MEASURE": ("24小时值班制度", "转移群众", "巡堤查险"),
    "TRIGGER:meeting": ("召开",),
    "TRIGGER:directive": ("要求", "强调"),
    "TRIGGER:inspection": ("调研",),
}


def span(raw: str, text: str, label: str, nth: int = 0) -> Span:
    """The n-th place of a text in the raw text."""
    start = [match.start() for match in re.finditer(re.escape(text), raw)][nth]
    return Span(start, start + len(text), text, label, 0.97, text)


def page_spans(raw: str) -> tuple[Span, ...]:
    """Every label's texts wherever they stand, longest first, none over another."""
    found: list[Span] = []
    for label, texts in LABELS.items():
        for text in texts:
            for match in re.finditer(re.escape(text), raw):
                found.append(Span(match.start(), match.end(), text, label, 0.97, text))
    kept: list[Span] = []
    for one in sorted(found, key=lambda s: s.start - s.end):
        if all(one.end <= other.start or other.end <= one.start for other in kept):
            kept.append(one)
    return tuple(sorted(kept, key=lambda s: s.start))


def page_document(raw: str = PAGE, **fields) -> Document:
    """The document of PAGE: a meeting, two directives, an inspection, three measures."""

    def argument(role: str, text: str, label: str, nth: int = 0, person: str | None = None) -> Argument:
        return Argument(role, span(raw, text, label, nth), 0.91, person, ("nearest before the trigger", "cue 主持"))

    def event(number: int, kind: str, trigger: Span, *arguments: Argument) -> Event:
        return Event(f"e{number}", kind, trigger, 0.93, arguments)

    people = tuple(
        Person(
            f"p{number}",
            name,
            tuple((m.start(), m.end()) for m in re.finditer(name, raw)),
            tuple(
                Office(t, raw.index(t), raw.index(t) + len(t), read_office(t, place="宁夏回族自治区银川市永宁县"))
                for t in titles
            ),
        )
        for number, (name, titles) in enumerate(
            [("贺兰川", ("县委书记",)), ("陆知夏", ("县委副书记", "县长")), ("马明川", ("副县长",))], 1
        )
    )
    measures = ("24小时值班制度", "转移群众")
    events = (
        event(
            1,
            "meeting",
            span(raw, "召开", "TRIGGER:meeting"),
            argument("date", "2023年7月21日上午", "DATE"),
            argument("host", "贺兰川", "OFFICIAL", 0, "p1"),
            argument("attendee", "陆知夏", "OFFICIAL", 0, "p2"),
            argument("attendee", "马明川", "OFFICIAL", 0, "p3"),
        ),
        event(
            2,
            "directive",
            span(raw, "要求", "TRIGGER:directive"),
            argument("date", "2023年7月21日上午", "DATE"),
            *(argument("measure", text, "MEASURE") for text in measures),
        ),
        event(
            3,
            "response",
            span(raw, "转移群众", "MEASURE"),
            argument("measure", "转移群众", "MEASURE"),
            argument("quantity", "320人", "QUANTITY"),
            argument("location", "永宁县", "LOCATION"),
        ),
        event(
            4,
            "directive",
            span(raw, "强调", "TRIGGER:directive"),
            argument("issuer", "贺兰川", "OFFICIAL", 1, "p1"),
            argument("measure", "巡堤查险", "MEASURE"),
        ),
        event(
            5,
            "inspection",
            span(raw, "调研", "TRIGGER:inspection"),
            argument("inspector", "贺兰川", "OFFICIAL", 1, "p1"),
            argument("companion", "陆知夏", "OFFICIAL", 1, "p2"),
            argument("location", "望洪镇", "LOCATION"),
        ),
    )
    source = Source("news/page.txt", "utf-8", hashlib.sha256(raw.encode()).hexdigest(), len(raw))
    line = "上一篇：没有了"
    start = raw.index(line)
    given = {
        "id": "page", "source": source, "published": "2023-07-22", "published_from": "caller", "raw": raw,
        "spans": page_spans(raw), "people": people, "events": events,
        "warnings": (Warning("boilerplate", "left out: navigation", start, start + len(line)),),
        "trace": ({
            "action": "space", "description": "space of another kind written as a plain space", "count": 1,
            "examples": [{"start": 5, "end": 6, "before": "\u3000", "after": " "}],
        },),
    }  # fmt: skip
    return Document(**(given | fields))


class FakeExtractor:
    """Finds 召开 as a meeting and nothing else, keeps what it was called with, and refuses texts that say 坏."""

    def __init__(self) -> None:
        self.calls: list[dict] = []

    def extract(self, text, published=None, *, id="", html=None, path=None, encoding=None, explain=False) -> Document:
        self.calls.append({
            "text": text, "published": published, "id": id, "html": html, "path": path, "encoding": encoding, "explain": explain,
        })  # fmt: skip
        if "坏" in text:
            raise ValueError("the text says 坏: take it out")
        triggers = [Span(m.start(), m.end(), "召开", "TRIGGER:meeting", 0.9, "召开") for m in re.finditer("召开", text)]
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        return Document(
            id=id,
            source=Source(path, encoding, digest, len(text)),
            published=published,
            published_from="caller" if published else None,
            raw=text,
            spans=tuple(triggers),
            people=(),
            events=tuple(Event(f"e{n}", "meeting", trigger, 0.9, ()) for n, trigger in enumerate(triggers, 1)),
        )

    def extract_many(self, items, explain=False):
        for item in items:
            yield self.extract(
                item.text,
                item.published,
                id=item.id,
                html=item.html,
                path=item.path,
                encoding=item.encoding,
                explain=explain,
            )
