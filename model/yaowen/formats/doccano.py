"""doccano's JSON lines for sequence labelling.

    {"id": 1, "text": "…", "label": [[0, 3, "PERSON"]]}
    {"id": 1, "text": "…", "entities": [{"id", "start_offset", "end_offset", "label"}],
     "relations": [{"id", "from_id", "to_id", "type"}]}

Offsets are half-open code points; no surface is said, so they are only checked to be inside the text. Relations from the
trigger of an event to what fills a role, and from an office to its holder ("holder"), are our events and holders.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from yaowen.formats.annotated import AnnotatedDocument
from yaowen.formats.spans import mark, relations, with_relations
from yaowen.formats.units import attempts, identity, json_lines, read_text, typed, write_text

EXPECTED: Final = '{"text", "label": [[start, end, label], …]} or {"text", "entities": […], "relations": […]} a line'


def read(path: Path) -> Iterator[AnnotatedDocument | ValueError]:
    """One document a line; the id is "document" (as `write` says), "id", or made of the file name and the line."""
    units = ((where, (where, line)) for where, line in json_lines(read_text(path).split("\n"), str(path)))
    return attempts(units, _document, EXPECTED)


def _document(unit: tuple[str, str]) -> AnnotatedDocument:
    where, record = unit[0], json.loads(unit[1])
    text = record["text"] if "text" in record else record["data"]  # doccano 1.6 calls it so
    name = identity(record.get("document", record.get("id", where)))
    if "entities" in record:
        marks = {e["id"]: mark(text, e["start_offset"], e["end_offset"], e["label"]) for e in record["entities"]}
        found = [(marks[r["from_id"]], r["type"], marks[r["to_id"]]) for r in record.get("relations", ())]
        spans, events = with_relations(marks.values(), found, where)
    else:
        labels = record["label"] if "label" in record else record["labels"]
        spans, events = sorted(mark(text, start, end, label) for start, end, label in labels), []
    published, title = record.get("published") or None, record.get("title") or ""
    return typed(AnnotatedDocument(name, published, title, text, tuple(spans), tuple(events)))


def write(documents: Iterable[AnnotatedDocument], path: Path) -> None:
    """Write what doccano's import takes as "JSONL(relation)"; the document's id stands in "document"."""
    records = [json.dumps(_record(number, d), ensure_ascii=False) + "\n" for number, d in enumerate(documents, 1)]
    write_text("".join(records), path)


def _record(number: int, document: AnnotatedDocument) -> dict[str, Any]:
    ids = {(m.start, m.end, m.label): i for i, m in enumerate(document.spans)}
    return {
        "id": number, "document": document.id, "published": document.published, "title": document.title,
        "text": document.text,
        "entities": [
            {"id": i, "start_offset": start, "end_offset": end, "label": label} for (start, end, label), i in ids.items()
        ],
        "relations": [
            {"id": i, "from_id": ids[a.start, a.end, a.label], "to_id": ids[b.start, b.end, b.label], "type": kind}
            for i, (a, kind, b) in enumerate(relations(document))
        ],
    }  # fmt: skip
