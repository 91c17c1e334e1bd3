"""The record of a document as rows of flat tables that join on `document` (and `person`, `event` within it)."""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any, Final

INTEGER, REAL, TEXT, DAY = "int64", "float32", "string", "date32"
_SPAN: Final = {"start": INTEGER, "end": INTEGER, "text": TEXT, "label": TEXT, "score": REAL, "normalized": TEXT}
_MEANT: Final = {
    "date_start": DAY, "date_end": DAY, "date_precision": TEXT, "adcode": TEXT, "place": TEXT, "prefecture": TEXT,
}  # fmt: skip

# table -> column -> type. Keys first; what a record does not tell is null.
COLUMNS: Final[Mapping[str, Mapping[str, str]]] = {
    "documents": {
        "document": INTEGER, "id": TEXT, "path": TEXT, "encoding": TEXT, "sha256": TEXT, "characters": INTEGER,
        "published": DAY, "published_from": TEXT, "warnings": INTEGER,
    },
    "spans": {"document": INTEGER, "span": INTEGER, **_SPAN, **_MEANT},
    "people": {"document": INTEGER, "person": TEXT, "name": TEXT, "mentions": INTEGER, "start": INTEGER, "end": INTEGER},
    "offices": {
        "document": INTEGER, "person": TEXT, "title": TEXT, "body": TEXT, "completed_body": TEXT, "office": TEXT,
        "kind": TEXT, "level": TEXT, "rank": TEXT, "status": TEXT, "adcode": TEXT, "start": INTEGER, "end": INTEGER,
    },
    "events": {
        "document": INTEGER, "event": TEXT, "type": TEXT, "trigger": TEXT, "normalized": TEXT,
        "start": INTEGER, "end": INTEGER, "score": REAL, **_MEANT,
    },
    "arguments": {
        "document": INTEGER, "event": TEXT, "role": TEXT, "person": TEXT, "positions": TEXT, **_SPAN, **_MEANT,
    },
}  # fmt: skip

Row = dict[str, Any]


def rows(key: int, record: Mapping[str, Any]) -> Iterator[tuple[str, Row]]:
    """The rows of a record (`Document.to_dict()`), each with the name of its table."""
    yield "documents", _document(key, record)
    for number, span in enumerate(record["spans"]):
        yield "spans", {"document": key, "span": number} | _span(span)
    for person in record["people"]:
        start, end = person["mentions"][0] if person["mentions"] else (None, None)
        about = {"document": key, "person": person["id"]}
        yield "people", about | {"name": person["name"], "mentions": len(person["mentions"]), "start": start, "end": end}
        for office in person["offices"]:
            yield "offices", about | {column: _text(office.get(column)) for column in _OFFICE} | {
                "start": office["start"], "end": office["end"],
            }  # fmt: skip
    for event in record["events"]:
        about = {"document": key, "event": event["id"]}
        yield "events", about | _event(event)
        words = {(argument["start"], argument["end"]): argument["normalized"] for argument in event["arguments"]}
        for argument in event["arguments"]:
            posts = "、".join(words[start, end] for start, end in argument.get("positions", ())) or None
            told = {"role": argument["role"], "person": argument.get("person"), "positions": posts}
            yield "arguments", about | told | _span(argument)


_OFFICE: Final = [name for name in COLUMNS["offices"] if name not in ("document", "person", "start", "end")]


def _document(key: int, record: Mapping[str, Any]) -> Row:
    source = record["source"]
    return {
        "document": key, "id": record["id"], "path": source["path"], "encoding": source["encoding"],
        "sha256": source["sha256"], "characters": source["length"], "published": _day(record["published"]),
        "published_from": record["published_from"], "warnings": len(record["warnings"]),
    }  # fmt: skip


def _span(span: Mapping[str, Any]) -> Row:
    return {column: span[column] for column in _SPAN} | _meant(span)


def _event(event: Mapping[str, Any]) -> Row:
    trigger = event["trigger"]
    about = {"type": event["type"], "trigger": trigger["text"], "normalized": trigger["normalized"]}
    where = {"start": trigger["start"], "end": trigger["end"], "score": event["score"]}
    return about | where | _meant(event)


def _meant(record: Mapping[str, Any]) -> Row:
    """When and where: what the date and the place of a span or an event were read as."""
    when, where = record.get("date") or {}, record.get("place") or {}
    return {
        "date_start": _day(when.get("start")), "date_end": _day(when.get("end")), "date_precision": when.get("precision"),
        "adcode": where.get("adcode"), "place": where.get("full_name"), "prefecture": prefecture(where.get("adcode")),
    }  # fmt: skip


def _day(value: str | None) -> Any:
    """The day of an ISO date or moment; a day that no calendar has is null, not the end of the whole job."""
    try:
        return date.fromisoformat(value[:10]) if value else None
    except ValueError:
        return None


@cache
def prefecture(code: str | None) -> str | None:
    """The prefecture that a division is or lies in: of a county under no prefecture itself, of a municipality its whole.

    >>> prefecture("460203"), prefecture("110105"), prefecture("429004"), prefecture("530000")
    ('海南省三亚市', '北京市', '湖北省仙桃市', None)
    """
    from yaowen.ground.places.table import divisions

    known = divisions()
    if code is None or code not in known.lineage:
        return None
    line = [known.by_code[one] for one in known.lineage[code]]
    if not line or (len(line) == 1 and not line[0].name.endswith("市")):
        return None  # the nation, or a province
    is_municipality = line[-1].name.endswith("市")
    found = line[-1] if is_municipality else next((one for one in line if one.level == "city"), line[0])
    return known.full_name(found.code)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
