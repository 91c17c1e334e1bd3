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
LABEL_OF = {text: label for label, texts in LABELS.items() for text in texts}
OFFICES = {"贺兰川": ("县委书记",), "陆知夏": ("县委副书记", "县长"), "马明川": ("副县长",)}
PERSON_IDS = {name: f"p{number}" for number, name in enumerate(OFFICES, 1)}

# Type, trigger, and for each argument its role, its text and which of the text's places it is.
EVENTS = (
    ("meeting", "召开", (
        ("date", "2023年7月21日上午", 0), ("host", "贺兰川", 0), ("attendee", "陆知夏", 0), ("attendee", "马明川", 0),
    )),
    ("directive", "要求", (("date", "2023年7月21日上午", 0), ("measure", "24小时值班制度", 0), ("measure", "转移群众", 0))),
    ("response", "转移群众", (("measure", "转移群众", 0), ("quantity", "320人", 0), ("location", "永宁县", 0))),
    ("directive", "强调", (("issuer", "贺兰川", 1), ("measure", "巡堤查险", 0))),
    ("inspection", "调研", (("inspector", "贺兰川", 1), ("companion", "陆知夏", 1), ("location", "望洪镇", 0))),
)  # fmt: skip


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


def page_people(raw: str) -> tuple[Person, ...]:
    """Who is named, wherever the name stands, with the offices as they were read."""

    def office(title: str) -> Office:
        start = raw.index(title)
        return Office(title, start, start + len(title), read_office(title, place="宁夏回族自治区银川市永宁县"))

    return tuple(
        Person(
            PERSON_IDS[name],
            name,
            tuple((m.start(), m.end()) for m in re.finditer(name, raw)),
            tuple(office(title) for title in titles),
        )
        for name, titles in OFFICES.items()
    )


def page_events(raw: str) -> tuple[Event, ...]:
    """The events of PAGE, with a cue or two for every argument."""

    def argument(role: str, text: str, nth: int) -> Argument:
        found = span(raw, text, LABEL_OF[text], nth)
        return Argument(role, found, 0.91, PERSON_IDS.get(text), ("nearest before the trigger", "cue 主持"))

    return tuple(
        Event(f"e{number}", kind, span(raw, trigger, LABEL_OF[trigger]), 0.93, tuple(argument(*one) for one in arguments))
        for number, (kind, trigger, arguments) in enumerate(EVENTS, 1)
    )


def page_document(raw: str = PAGE, **fields) -> Document:
    """The document of PAGE: a meeting, two directives, an inspection, three measures."""
    line = "上一篇：没有了"
    start = raw.index(line)
    given = {
        "id": "page", "published": "2023-07-22", "published_from": "caller", "raw": raw,
        "source": Source("news/page.txt", "utf-8", hashlib.sha256(raw.encode()).hexdigest(), len(raw)),
        "spans": page_spans(raw), "people": page_people(raw), "events": page_events(raw),
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
