"""Check annotated files like a strict colleague, in words.

    python -m data.check CORPUS [CORPUS ...] [--format FORMAT] [--labels NAME]

A CORPUS is a file in any format of `yaowen.formats`, or a folder of them. *Problems* break the guidelines (sections 1 and 4)
or let a test be learnt by heart: broken lines, spans outside the text or over one another, unknown labels, edges that are
punctuation, events with wrong parts, texts that stand in two places, texts of two splits that share long stretches. With
one, the exit status is 1. *Doubts* may be right: the same words marked differently in like contexts, a response in which
nobody takes part. Files given together are splits of one corpus; `train-more.jsonl` is more of `train`.
"""

import argparse
import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.consistency import conflicts, unmarked
from data.leakage import Placed, repeated, shared
from yaowen import formats
from yaowen.formats import form
from yaowen.formats.annotated import AnnotatedDocument, Event, Mark
from yaowen.schema import EVENT_TYPES, PEOPLE, RESPONSE, ROLES, anchor_type
from yaowen.tagger.boundaries import trim

SENTENCE_ENDS = "。！？；\n"
MINUS = re.compile(r"[-−－]\d")  # of a temperature: the one mark that may begin a span


@dataclass(frozen=True, slots=True)
class Report:
    """What is wrong, and what may be, each a line of words."""

    problems: tuple[str, ...]
    doubts: tuple[str, ...]
    documents: int


def check_document(document: AnnotatedDocument) -> Iterator[str]:
    """What is wrong with a document, in words."""
    text = document.text
    yield from form.problems(document)
    inside = [s for s in document.spans if 0 <= s.start < s.end <= len(text)]
    for span in inside:
        yield from _check_edges(span, text)
    people = {s.start for s in inside if s.label in PEOPLE}
    for span in inside:
        if span.holder is not None and (span.label != "POSITION" or span.holder not in people):
            yield f"{_name(span, text)} has the holder {span.holder}; expected a POSITION and the start of a person"
    labels = {(s.start, s.end): s.label for s in inside}
    for event in document.events:
        yield from _check_event(event, labels)


def _check_edges(span: Mark, text: str) -> Iterator[str]:
    name, words = _name(span, text), text[span.start : span.end]
    if any(mark in words[:-1] for mark in SENTENCE_ENDS):
        yield f"{name} crosses a sentence or line end"
    bare = span.start + 1 if MINUS.match(words) else span.start
    if trim(text, bare, span.end) != (bare, span.end):
        yield f"{name} begins or ends with punctuation or a space"


def _check_event(event: Event, labels: dict[tuple[int, int], str]) -> Iterator[str]:
    name = f"{event.type} event at [{event.start}, {event.end})"
    if event.type not in EVENT_TYPES:
        return  # told already
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


def check(paths: Sequence[Path], format: str = "", labels: str | Mapping[str, str] = "") -> Report:
    """Everything that is wrong with some files or folders; what cannot be read is told, and the rest is checked."""
    problems: list[str] = []
    placed: list[Placed] = []
    for path in (file for corpus in paths for file in formats.files(corpus)):
        try:
            for result in formats.attempt(path, format, labels):
                if isinstance(result, ValueError):
                    problems.append(str(result))
                else:
                    placed.append(Placed(path, result))
        except (ValueError, OSError) as error:
            problems.append(str(error))
    problems += [f"{item}: {problem}" for item in placed for problem in check_document(item.document)]
    problems += [*repeated(placed), *shared(placed)]
    return Report(tuple(problems), (*conflicts(placed), *unmarked(placed), *alone(placed)), len(placed))


def alone(placed: Sequence[Placed]) -> Iterator[str]:
    """Responses of which nothing is said but the measure: such a MEASURE is no event."""
    for item in placed:
        for event in item.document.events:
            if event.type == RESPONSE and all(argument.role == "measure" for argument in event.arguments):
                words = item.document.text[event.start : event.end]
                yield f"{item}: nothing takes part in the response {words!r} at [{event.start}, {event.end})"


def _name(span: Mark, text: str = "") -> str:
    words = f" {text[span.start : span.end]!r}" if text else ""
    return f"{span.label} [{span.start}, {span.end}){words}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", nargs="+", type=Path, metavar="CORPUS")
    parser.add_argument("--format", choices=sorted(formats.FORMATS), default="", help="default: found out")
    parser.add_argument("--labels", default="", help="a table of model/yaowen/formats/labels.toml")
    chosen = parser.parse_args()
    warnings.showwarning = lambda message, *_: print(f"note: {message}", file=sys.stderr)
    report = check(chosen.corpora, chosen.format, chosen.labels)
    for problem in report.problems:
        print(problem)
    for doubt in report.doubts:
        print(f"perhaps: {doubt}")
    print(f"{report.documents} documents, {len(report.problems)} problems, {len(report.doubts)} doubts", file=sys.stderr)
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
