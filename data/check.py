"""Check annotated files by program: form, spans, events, roles, and texts that stand in two files.

    python -m data.check FILE [FILE ...]

Says in words what breaks the guidelines (sections 1 and 4), one line each, and ends with status 1 if anything does.
Files given together are taken as splits of one corpus: no text may stand in two of them.
"""

import argparse
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from data import annotated
from data.annotated import AnnotatedDocument, Event, Mark
from yaowen.schema import EVENT_TYPES, PEOPLE, ROLES, SPAN_LABELS, anchor_type
from yaowen.tagger.boundaries import trim

SENTENCE_ENDS = "。！？；\n"
MINUS = re.compile(r"[-−－]\d")  # of a temperature: the one mark that may begin a span


def check_document(document: AnnotatedDocument) -> Iterator[str]:
    """What is wrong with a document, in words."""
    text = document.text
    inside = [s for s in document.spans if 0 <= s.start < s.end <= len(text)]
    for span in document.spans:
        if span not in inside:
            yield f"{_name(span)} is not inside the text, which has {len(text)} characters"
    for span in inside:
        yield from _check_span(span, text)
    for first, second in pairwise(inside):
        if second.start < first.end:
            yield f"{_name(first, text)} and {_name(second, text)} overlap; spans are flat"
    people = {s.start for s in inside if s.label in PEOPLE}
    for span in inside:
        if span.holder is not None and (span.label != "POSITION" or span.holder not in people):
            yield f"{_name(span, text)} has the holder {span.holder}; expected a POSITION and the start of a person"
    labels = {(s.start, s.end): s.label for s in inside}
    for event in document.events:
        yield from _check_event(event, labels)


def _check_span(span: Mark, text: str) -> Iterator[str]:
    name, words = _name(span, text), text[span.start : span.end]
    if span.label not in SPAN_LABELS:
        yield f"{name}: unknown label; known: {', '.join(SPAN_LABELS)}"
    if any(mark in words[:-1] for mark in SENTENCE_ENDS):
        yield f"{name} crosses a sentence or line end"
    bare = span.start + 1 if MINUS.match(words) else span.start
    if trim(text, bare, span.end) != (bare, span.end):
        yield f"{name} begins or ends with punctuation or a space"


def _check_event(event: Event, labels: dict[tuple[int, int], str]) -> Iterator[str]:
    name = f"{event.type} event at [{event.start}, {event.end})"
    if event.type not in EVENT_TYPES:
        yield f"{name}: unknown type; known: {', '.join(EVENT_TYPES)}"
        return
    anchor = labels.get((event.start, event.end))
    if anchor is None or anchor_type(anchor) != event.type:
        yield f"{name}: its trigger is {anchor or 'no span'}; expected a span that anchors {event.type}"
    for argument in event.arguments:
        where = f"{argument.role} [{argument.start}, {argument.end})"
        fillers = ROLES[event.type].get(argument.role)
        label = labels.get((argument.start, argument.end))
        if fillers is None:
            yield f"{name}: {where} is no role of it; roles: {', '.join(ROLES[event.type])}"
        elif label is None:
            yield f"{name}: {where} is no span of the document"
        elif label not in fillers:
            yield f"{name}: {where} is {label}; the role takes {', '.join(fillers)}"


def check_leakage(files: Iterable[tuple[str, Sequence[AnnotatedDocument]]]) -> Iterator[str]:
    """Texts (without white space) and ids that stand more than once, in one file or in two."""
    texts, ids = defaultdict(list), defaultdict(list)
    for file, documents in files:
        for document in documents:
            texts["".join(document.text.split())].append(f"{file} ({document.id})")
            ids[document.id].append(file)
    for places in texts.values():
        if len(places) > 1:
            yield f"the same text stands in {' and '.join(places)}"
    for name, places in ids.items():
        if len(places) > 1:
            yield f"the id {name!r} stands in {' and '.join(places)}"


def check(paths: Sequence[Path]) -> list[str]:
    """Everything that is wrong with some files, in words."""
    files, problems = [], []
    for path in paths:
        try:
            documents = annotated.read(path)
        except (ValueError, OSError) as error:
            problems.append(str(error))
            continue
        files.append((str(path), documents))
        problems += [f"{path} ({d.id}): {problem}" for d in documents for problem in check_document(d)]
    return problems + list(check_leakage(files))


def _name(span: Mark, text: str = "") -> str:
    words = f" {text[span.start : span.end]!r}" if text else ""
    return f"{span.label} [{span.start}, {span.end}){words}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    paths = parser.parse_args().files
    problems = check(paths)
    for problem in problems:
        print(problem)
    print(f"{len(paths)} files, {len(problems)} problems", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
