"""Label Studio's JSON export (and JSON-MIN) of a text labelling project.

    [{"id": 1, "data": {"text": "…"}, "annotations": [{"result": [
       {"id": "a", "type": "labels", "value": {"start": 0, "end": 3, "text": "罗一凡", "labels": ["PERSON"]}},
       {"type": "relation", "from_id": "t", "to_id": "a", "direction": "right", "labels": ["host"]}]}]}]

Offsets are code points since label-studio-frontend #308 (2021) and were UTF-16 units before; the two differ after an emoji
or another character beyond U+FFFF. Which it is in a task is told by the words that the regions repeat. The first annotation
that was not cancelled counts; a task without one is passed over with a note. Relations are as in `doccano`.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from yaowen.formats.annotated import AnnotatedDocument, Mark
from yaowen.formats.spans import Relation, mark, note, relations, with_relations
from yaowen.formats.units import attempts, identity, read_text, typed, write_text

EXPECTED: Final = 'a list of tasks {"data": {"text"}, "annotations": [{"result": [regions]}]}'


def read(path: Path) -> Iterator[AnnotatedDocument | ValueError]:
    """One document a task that was annotated; the id is the task's "document" (as `write` says) or "id"."""
    try:
        tasks = json.loads(read_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        return iter([ValueError(f"{path}: not JSON ({error}); expected {EXPECTED}")])
    if not isinstance(tasks, list):
        return iter([ValueError(f"{path}: found {type(tasks).__name__}; expected {EXPECTED}")])
    units = ((f"{path}, task {number}", (f"{path}, task {number}", task)) for number, task in enumerate(tasks, 1))
    found = attempts(units, _document, EXPECTED)
    return (document for document in found if document is not None)


def _document(unit: tuple[str, dict[str, Any]]) -> AnnotatedDocument | None:
    where, task = unit
    data = task.get("data", task)  # JSON-MIN has no "data"
    if "data" in task:
        results = next((a["result"] for a in task.get("annotations", ()) if not a.get("was_cancelled")), None)
        if results is None:
            note(f"{where}: has not been annotated and is passed over")
            return None
    else:
        regions = next((v for k, v in task.items() if k in ("label", "labels") and isinstance(v, list)), [])
        results = [{"id": number, "value": region} for number, region in enumerate(regions)]
    text = _text(data, results)
    marks = _marks(text, [r for r in results if "start" in r.get("value", {})])
    spans, events = with_relations(marks.values(), _relations(results, marks), where)
    name = identity(data.get("document", task.get("id", where)))
    published, title = data.get("published") or None, data.get("title") or ""
    return typed(AnnotatedDocument(name, published, title, text, tuple(spans), tuple(events)))


def _text(data: dict[str, Any], results: Sequence[dict[str, Any]]) -> str:
    """The text that was annotated: "text", or the only field that is long enough for every region."""
    if isinstance(data.get("text"), str):
        return str(data["text"])
    end = max((r["value"].get("end", 0) for r in results if "value" in r), default=0)
    fitting = [v for v in data.values() if isinstance(v, str) and len(v.encode("utf-16-le", "surrogatepass")) // 2 >= end]
    if len(fitting) != 1:
        raise ValueError(f'the task\'s data has no field "text" but {", ".join(data)}; rename the one that was annotated')
    return fitting[0]


def _marks(text: str, regions: Sequence[dict[str, Any]]) -> dict[Any, Mark]:
    """The span of every region, by the region's id."""
    units = [0]  # where each code point begins, in UTF-16 units
    for character in text:
        units.append(units[-1] + (2 if ord(character) > 0xFFFF else 1))
    back = {unit: point for point, unit in enumerate(units)}
    places = [(r["value"]["start"], r["value"]["end"]) for r in regions]
    words = [r["value"].get("text") for r in regions]
    said = [w.replace("\\n", "\n") if w is not None else None for w in words]  # old versions escape line feeds
    in_utf16 = [(back.get(start, -1), back.get(end, -1)) for start, end in places]

    def fits(places: Sequence[tuple[int, int]]) -> bool:
        return all(w is None or text[s:e] in (w, r) for (s, e), w, r in zip(places, said, words, strict=True))

    if not fits(places) and fits(in_utf16):
        places = in_utf16
    marks = {}
    for region, (start, end), word, surface in zip(regions, places, words, said, strict=True):
        value = region["value"]
        labels = value.get("labels") or value.get("hypertextlabels") or []
        if len(labels) != 1:
            raise ValueError(f"the region [{start}, {end}) has the labels {labels}; expected one")
        marks[region["id"]] = mark(text, start, end, labels[0], word if text[start:end] == word else surface)
    return marks


def _relations(results: Sequence[dict[str, Any]], marks: dict[Any, Mark]) -> Iterator[Relation]:
    for result in results:
        if result.get("type") == "relation":
            first, second = marks[result["from_id"]], marks[result["to_id"]]
            if result.get("direction") == "left":
                first, second = second, first
            for kind in result.get("labels", ()):
                yield first, kind, second


def write(documents: Iterable[AnnotatedDocument], path: Path, *, as_predictions: bool = False) -> None:
    """Write tasks for Label Studio's import, with code points; `as_predictions`: for annotators to correct."""
    tasks = [_task(number, document, as_predictions) for number, document in enumerate(documents, 1)]
    write_text(json.dumps(tasks, ensure_ascii=False, indent=1) + "\n", path)


def _task(number: int, document: AnnotatedDocument, as_predictions: bool) -> dict[str, Any]:
    ids = {(m.start, m.end, m.label): f"s{i}" for i, m in enumerate(document.spans)}
    names = {"from_name": "label", "to_name": "text"}
    results: list[dict[str, Any]] = [
        {
            "id": name, **names, "type": "labels",
            "value": {"start": start, "end": end, "text": document.text[start:end], "labels": [label]},
        }
        for (start, end, label), name in ids.items()
    ]  # fmt: skip
    for first, kind, second in relations(document):
        ends = (ids[m.start, m.end, m.label] for m in (first, second))
        results.append({"type": "relation", **dict(zip(("from_id", "to_id"), ends, strict=True)),
                        "direction": "right", "labels": [kind]})  # fmt: skip
    data = {"text": document.text, "document": document.id, "published": document.published, "title": document.title}
    return {"id": number, "data": data, "predictions" if as_predictions else "annotations": [{"result": results}]}
