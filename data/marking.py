"""Annotated news written as marked plain text, so that every offset is made by program and none by hand.

    python -m data.marking data/authored/marked/*.txt --out data/authored/train-more.jsonl

A file holds documents, each a head line and the lines of its text; empty lines are passed over:

    ## w01 | 2021-07-21 | 某县转移群众
    [DATE 7月20日|1 2]，[ORG 县防指|2]在[LOC 县政府|1][1meeting 召开]会议，[POS 县长][OFF 甲某|1host]主持。
    [ORG 县防指|2]启动[MEA 防汛四级应急响应|=2]。

`[LABEL words]` marks a span (LABEL: OFF PER POS ORG LOC DATE QTY MEA), `[NUMBER+TYPE words]` the trigger of an event.
After `|` stand, with spaces between:

- `2` or `2host`: the span fills a role of event 2; the role may be cut to what tells it from the others (`2h`), and
  may be left out where `DEFAULT_ROLES` names the usual one;
- `=2`: a MEASURE is the anchor of the response event 2, in which at least one other span takes part;
- `>`, `<`, `-` of a POSITION: held by the person that follows, that went before, by nobody. Without a sign it is held
  by the person it touches (`县长甲某`, `县委书记、县长甲某`, `总指挥：甲某`, `甲院长`, `甲某（县长）`),
  unless it has a role in an event.

`##` begins a head line; `\\[`, `\\]`, `\\\\` and, in a mark, `\\|` stand for these characters themselves.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from yaowen.schema import EVENT_TYPES, PEOPLE, RESPONSE, ROLES, TRIGGER_TYPES, trigger_label

LABELS: Final = MappingProxyType({
    "OFF": "OFFICIAL", "PER": "PERSON", "POS": "POSITION", "ORG": "ORGANIZATION", "LOC": "LOCATION",
    "DATE": "DATE", "QTY": "QUANTITY", "MEA": "MEASURE",
})  # fmt: skip

# event type -> label -> the role that a span of this label has where none is written
_ALWAYS = {"DATE": "date", "QUANTITY": "quantity", "MEASURE": "measure", "POSITION": "position", "LOCATION": "location"}
_PERSON = {
    "meeting": "host", "talks": "participant", "inspection": "inspector", "directive": "issuer",
    "establishment": "founder", "appointment": "appointee", "dismissal": "person", "deployment": "member",
    "issuance": "issuer", "response": "actor",
}  # fmt: skip
_BODY = {
    "meeting": "organizer", "talks": "participant", "inspection": "inspector", "directive": "issuer",
    "establishment": "body", "appointment": "body", "dismissal": "body", "incident": "location",
    "deployment": "sender", "issuance": "issuer", "response": "actor",
}  # fmt: skip
_PLACE = {"directive": "recipient", "deployment": "destination", "appointment": "body", "issuance": "issuer"}


def _defaults(event_type: str) -> dict[str, str]:
    person = dict.fromkeys(PEOPLE, _PERSON.get(event_type, ""))
    place = {"LOCATION": _PLACE.get(event_type, "location")}
    return {**_ALWAYS, **person, "ORGANIZATION": _BODY[event_type], **place}


DEFAULT_ROLES: Final = MappingProxyType({event_type: _defaults(event_type) for event_type in EVENT_TYPES})

_ESCAPED = re.compile(r"\\(.)")
_PIECE = re.compile(r"\\(.)|\[([^\s\[\]|\\]+) ((?:[^\[\]|\\]|\\.)+)(?:\|([^\[\]|]*))?\]|([\[\]]|\\$)|([^\\\[\]]+)")
_SIGNS = ("<", ">", "-")
_NOTE = re.compile(r"(=?)(\d*)([a-z]*)")
_TRIGGER = re.compile(r"(\d+)([a-z]+)")
_TOUCHING = re.compile(r"[、：:　 原代]*")  # what may stand between a POSITION and a holder that follows
_BEHIND = re.compile(r"[（(　 ]?")  # and between a holder and the POSITIONs behind


@dataclass(slots=True)
class _Document:
    """A document while it is read."""

    id: str
    published: str | None
    title: str
    line: int
    text: str = ""
    spans: list[dict[str, Any]] = field(default_factory=list)
    notes: list[tuple[int, dict[str, Any], str]] = field(default_factory=list)  # line, span, what stood after the bar
    events: dict[str, dict[str, Any]] = field(default_factory=dict)  # by the number that the marks use


def parse(lines: Iterable[str], source: str) -> Iterator[dict[str, Any]]:
    """Records (form: README.md here) of marked lines. Raises `ValueError` that names source and line of a wrong mark."""
    document = None
    for number, line in enumerate(lines, 1):
        line = line.rstrip("\n")
        try:
            if line.startswith("##"):
                if document:
                    yield _finish(document)
                document = _head(line, number)
            elif line.strip():
                if document is None:
                    raise ValueError("text before the first head line; expected '## id | published | title'")
                _read_line(document, line, number)
        except _MarkError as error:
            raise ValueError(f"{source}, line {error.line}: {error}") from None
        except ValueError as error:
            raise ValueError(f"{source}, line {number}: {error}") from None
    if document:
        try:
            yield _finish(document)
        except _MarkError as error:
            raise ValueError(f"{source}, line {error.line}: {error}") from None


class _MarkError(ValueError):
    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def _head(line: str, number: int) -> _Document:
    parts = [part.strip() for part in line.removeprefix("##").split("|")]
    if len(parts) != 3 or not parts[0]:
        raise ValueError(f"the head line {line!r} has {len(parts)} parts; expected '## id | published | title'")
    return _Document(parts[0], parts[1] or None, parts[2], number)


def _read_line(document: _Document, line: str, number: int) -> None:
    if document.text:
        document.text += "\n"
    for escaped, label, words, notes, stray, plain in _PIECE.findall(line):
        if stray:
            raise ValueError(
                f"a {stray} that belongs to no mark; expected [LABEL words] or [LABEL words|notes]; "
                "\\[, \\] and \\\\ stand for these characters themselves"
            )
        if not label:
            document.text += escaped or plain
            continue
        trigger = _TRIGGER.fullmatch(label)
        start, words = len(document.text), _ESCAPED.sub(r"\1", words)
        document.text += words
        span = {"start": start, "end": start + len(words), "label": ""}
        if trigger:
            event_type = _choose(trigger[2], TRIGGER_TYPES, f"the type of {words!r}")
            span["label"] = trigger_label(event_type)
            _new_event(document, trigger[1], event_type, span)
        elif label in LABELS:
            span["label"] = LABELS[label]
        else:
            raise ValueError(
                f"the label {label!r} of {words!r}; expected one of {', '.join(LABELS)} or a trigger like 1meeting"
            )
        document.spans.append(span)
        if notes:
            document.notes.append((number, span, notes))


def _new_event(document: _Document, number: str, event_type: str, span: dict[str, Any]) -> None:
    if number in document.events:
        raise ValueError(f"a second trigger for event {number}; one trigger for one event")
    trigger = {"start": span["start"], "end": span["end"]}
    document.events[number] = {"type": event_type, "trigger": trigger, "arguments": []}


def _finish(document: _Document) -> dict[str, Any]:
    """The record, once every event is known."""
    for line, span, notes in document.notes:  # anchors first: a response may be named before its MEASURE
        for note in notes.split():
            if note.startswith("="):
                try:
                    if span["label"] != "MEASURE" or not note[1:].isdecimal():
                        raise ValueError(f"{note!r} of a {span['label']}; expected =NUMBER of a MEASURE")
                    _new_event(document, note[1:], RESPONSE, span)
                    _add(document.events[note[1:]], "measure", span)
                except ValueError as error:
                    raise _MarkError(line, str(error)) from None
    signs: dict[int, str] = {}
    with_role = set()
    for line, span, notes in document.notes:
        for note in notes.split():
            if note in _SIGNS and span["label"] == "POSITION":
                signs[span["start"]] = note
            elif not note.startswith("="):
                try:
                    _fill(document, span, note)
                except ValueError as error:
                    raise _MarkError(line, str(error)) from None
                with_role.add(span["start"])
    for index, span in enumerate(document.spans):
        if span["label"] == "POSITION":
            default = "-" if span["start"] in with_role else ""
            holder = _holder(document, index, signs.get(span["start"], default))
            if holder is not None:
                span["holder"] = holder
    for event in document.events.values():
        event["arguments"].sort(key=lambda a: (a["start"], a["role"]))
    events = sorted(document.events.values(), key=lambda e: e["trigger"]["start"])
    return {
        "id": document.id, "published": document.published, "title": document.title, "text": document.text,
        "spans": document.spans, "events": events,
    }  # fmt: skip


def _fill(document: _Document, span: dict[str, Any], note: str) -> None:
    match = _NOTE.fullmatch(note)
    if not match or not match[2]:
        raise ValueError(f"the note {note!r}; expected =NUMBER, NUMBER or NUMBER+role, or > < - of a POSITION")
    event = document.events.get(match[2])
    if event is None:
        raise ValueError(f"the note {note!r} names event {match[2]}, which has no trigger in {document.id}")
    kind = event["type"]
    fitting = ROLES[kind]
    role = _choose(match[3], fitting, f"the role of {note!r}") if match[3] else DEFAULT_ROLES[kind].get(span["label"], "")
    if span["label"] not in fitting.get(role, ()):
        words = document.text[span["start"] : span["end"]]
        raise ValueError(f"{words!r} is {span['label']} and cannot be {role or 'anything'} of a {kind} event")
    _add(event, role, span)


def _add(event: dict[str, Any], role: str, span: dict[str, Any]) -> None:
    argument = {"role": role, "start": span["start"], "end": span["end"]}
    if argument not in event["arguments"]:
        event["arguments"].append(argument)


def _holder(document: _Document, index: int, sign: str) -> int | None:
    """Where the person begins that holds the POSITION at `index`, or None."""
    spans, text = document.spans, document.text
    if sign == "-":
        return None
    if sign in ("", ">"):
        for before, after in zip(spans[index:], spans[index + 1 :], strict=False):
            between = text[before["end"] : after["start"]]
            if sign == "" and not _TOUCHING.fullmatch(between):
                break
            if after["label"] in PEOPLE:
                return int(after["start"])
            if sign == "" and after["label"] != "POSITION":
                break
    for after, before in zip(reversed(spans[1 : index + 1]), reversed(spans[:index]), strict=True):
        between = text[before["end"] : after["start"]]
        if before["label"] in PEOPLE and (sign == "<" or _BEHIND.fullmatch(between)):
            return int(before["start"])
        if sign == "" and (before["label"] != "POSITION" or between != "、"):
            break
    return None


def _choose(start: str, names: Iterable[str], what: str) -> str:
    """The one name that begins with `start`."""
    found = [name for name in names if name.startswith(start)]
    if start in found:
        return start
    if len(found) != 1:
        raise ValueError(f"{what}: {start!r} fits {', '.join(found) or 'nothing'}; expected one of {', '.join(names)}")
    return found[0]


def convert(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """The records of marked files, in the order given."""
    return [record for path in paths for record in parse(path.read_text("utf-8").splitlines(), str(path))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--out", type=Path, required=True, help="JSON lines to write")
    arguments = parser.parse_args()
    try:
        records = convert(arguments.files)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    arguments.out.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), "utf-8")
    print(f"{len(records)} documents, {sum(len(r['text']) for r in records)} characters to {arguments.out}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
